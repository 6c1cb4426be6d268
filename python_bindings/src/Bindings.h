//===- Bindings.h - the parts of the module mempl._core ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per file of bindings; later ones use types of earlier ones.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PYTHON_BINDINGS_H
#define MEMPL_PYTHON_BINDINGS_H

#include <nanobind/nanobind.h>

namespace mempl::python {

/// Machine, Value, Access, Step, Program, Instance.
void bindInstance(nanobind::module_ &m);
/// Residency, BodyPlan, Plan.
void bindPlan(nanobind::module_ &m);
/// simulate, verify, lower_bound and what they return.
void bindEvaluation(nanobind::module_ &m);
/// solve, resolve_solver, solvers.
void bindSolvers(nanobind::module_ &m);
/// Feature, Game.
void bindGame(nanobind::module_ &m);
/// Programs in MLIR and HLO text, targets, place.
void bindPrograms(nanobind::module_ &m);
/// Packing, pack.
void bindPacking(nanobind::module_ &m);
/// report_data, report_page.
void bindReport(nanobind::module_ &m);

} // namespace mempl::python

#endif // MEMPL_PYTHON_BINDINGS_H
