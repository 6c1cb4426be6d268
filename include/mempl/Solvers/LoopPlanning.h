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

/// Plans all loops of a program. An error if a loop has no valid plan at all.
llvm::Expected<std::vector<LoopChoices>> planLoops(const AccessIndex &index,
                                                   const BodySolver &solve);

/// One plan per loop, in the order of the choices; null ones run slow.
using ChosenLoops = std::vector<std::shared_ptr<const LoopPlan>>;

/// Gives every loop the choice with which the program is fastest so far.
ChosenLoops chooseLoops(PlanEditor &editor, llvm::ArrayRef<LoopChoices> loops);

} // namespace mempl

#endif // MEMPL_SOLVERS_LOOPPLANNING_H
