//===- StepMoves.h - moves in the order of steps ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small changes of the order of steps that keep all dependencies: one step to
// another place; a step earlier, and with it what it depends on; a step later,
// and with it what depends on it; steps that access one value next to each
// other.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_STEPMOVES_H
#define MEMPL_LIB_SOLVERS_STEPMOVES_H

#include "mempl/Problem/ReorderableProgram.h"
#include "mempl/Support/Random.h"

namespace mempl {

/// What ReorderableProgram::reorder() takes: the step at first + k goes to
/// first + `places[k]`. Without places it is no move.
struct StepMove {
  int32_t first = 0;
  llvm::SmallVector<int32_t, 64> places;
};

/// The step at `from` goes to `to`, which must be a place for it.
StepMove moveOfStep(int32_t from, int32_t to);

/// The step at `from` goes towards `to`, an earlier place, together with those
/// between that it depends on, in their order; no move if it depends on all.
StepMove moveEarlier(const ReorderableProgram &program, int32_t from,
                     int32_t to);
/// The same with a later place and those that depend on it.
StepMove moveLater(const ReorderableProgram &program, int32_t from, int32_t to);

/// One of these at random, mostly over few steps.
StepMove randomStepMove(const ReorderableProgram &program, Random &random);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_STEPMOVES_H
