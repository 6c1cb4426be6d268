//===- SolverModule.cpp - the solver muzero as a loadable module ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loading LibTorch takes longer than most programs take to solve, so tools have
// it in a module of its own, which SolverLoader.cpp opens when it is needed.
//
//===----------------------------------------------------------------------===//

#include "MuZeroSolverBase.h"

#include "mempl/Support/Version.h"

#define MEMPL_EXPORT __attribute__((visibility("default")))

extern "C" MEMPL_EXPORT const char *memplMuZeroVersion() {
  return mempl::version().data();
}

extern "C" MEMPL_EXPORT mempl::Solver *
memplMuZeroCreateSolver(const mempl::MuZeroOptions &options) {
  return mempl::createMuZeroSolver(options).release();
}
