//===- MsaSolver.h - one program, many passes of MSA ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What passes over the same program share: the plans of its loops.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSASOLVER_H
#define MEMPL_LIB_SOLVERS_MSA_MSASOLVER_H

#include "mempl/Problem/PlanEditor.h"
#include "mempl/Solvers/Msa.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// Plans the loops of `editor`'s program by `options`, and gives them to it.
llvm::Error planMsaLoops(PlanEditor &editor, const MsaOptions &options,
                         const std::function<bool()> &cancelled);

/// One pass over a program whose loops have their plans.
llvm::Expected<Plan> planMsaPass(const PlanEditor &editor,
                                 const MsaOptions &options,
                                 MsaStatistics *statistics,
                                 const std::function<bool()> &cancelled);

/// Passes with other constants and another order, from those of `first` on, as
/// long as the budget lasts. Never slower than the pass of `first`.
llvm::Expected<Solution> tuneMsa(const Instance &instance,
                                 const MsaOptions &first,
                                 const SolverContext &context);

/// Adds `preset`, which sets all of `options`, and an option for each.
void declareMsaOptions(SolverOptionTable &table, MsaOptions &options);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSASOLVER_H
