//===- LoopPlanning.h - plans for the bodies of loops --------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a loop is planned before the program around it, once for each of
// a few amounts of fast memory; the outer solver then chooses among them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_LOOPPLANNING_H
#define MEMPL_SOLVERS_LOOPPLANNING_H

#include "mempl/Problem/PlanEditor.h"

#include "llvm/Support/Error.h"

#include <functional>

namespace mempl {

/// The plans that one loop may get, the fastest first; a null one, which runs
/// the body from slow memory, comes last where it is allowed.
struct LoopChoices {
  int32_t step;
  std::vector<std::shared_ptr<const LoopPlan>> plans;
};

/// Solves a body whose machine has the given capacity.
using BodySolver = std::function<llvm::Expected<Plan>(const Instance &body)>;

/// What it may cost to have copies of one plan go across trips.
struct PipeliningLimits {
  /// Units of the budget of a solver; 0: copies stay within their trips.
  int64_t budget = 0;
  uint64_t seed = 0;
  /// Asked often; true ends the search for such a plan. May be empty.
  std::function<bool()> cancelled;
};

/// What `greedy`, which has no budget, lets it cost.
inline constexpr int64_t kGreedyPipelining = 2000;

/// Plans all loops of a program. An error if a loop has no valid plan at all.
llvm::Expected<std::vector<LoopChoices>>
planLoops(const AccessIndex &index, const BodySolver &solve,
          const PipeliningLimits &pipelining = {});

/// One plan per loop, in the order of the choices; null ones run slow.
using ChosenLoops = std::vector<std::shared_ptr<const LoopPlan>>;

/// Gives every loop the choice with which the program is fastest so far.
ChosenLoops chooseLoops(PlanEditor &editor, llvm::ArrayRef<LoopChoices> loops);

} // namespace mempl

#endif // MEMPL_SOLVERS_LOOPPLANNING_H
