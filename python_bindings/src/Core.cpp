//===- Core.cpp - the module mempl._core ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything but training, which needs LibTorch and is mempl._train.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Support/Version.h"

NB_MODULE(_core, m) {
  using namespace mempl::python;

  m.doc() = "The compiled part of mempl; see the package.";
  m.attr("CORE_VERSION") = nb::str(mempl::version().data());
  mempl::registerMuZeroSolvers();
  registerSupport();
  bindInstance(m);
  bindPlan(m);
  bindEvaluation(m);
  bindSolvers(m);
  bindGame(m);
  bindPrograms(m);
  bindPacking(m);
  bindReport(m);
}
