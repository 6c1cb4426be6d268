//===- StartingOrders.h - orders of steps to begin with ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders of the steps of a program that a search may begin with, made without
// any plan:
//
// - Depth first: each step comes right behind what it needs, or right before
//   what needs it, so that values are used soon after they are made.
// - As the program has it, but that steps which end the use of more bytes than
//   they begin to use come as soon as they can, or the others as late.
// - List scheduling by bytes: of the steps that could run next, the one after
//   which the least is in use.
// - List scheduling by traffic: steps that wait for slow memory between steps
//   that compute, so that copies for the first go on during the second.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_STARTINGORDERS_H
#define MEMPL_LIB_SOLVERS_STARTINGORDERS_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Solvers/SegmentPolicy.h"

namespace mempl {

/// Valid orders for the program of `index`, whose order is free, other than its
/// own; each once.
std::vector<std::vector<int32_t>> startingOrders(const AccessIndex &index);

/// A valid order by a learned policy: always the step comes next, of those that
/// could, whose features have the largest sum by `weights`, one per column of
/// StepFeatures; from the last step back if `isBackward`.
std::vector<int32_t> orderByPolicy(const AccessIndex &index,
                                   llvm::ArrayRef<double> weights,
                                   bool isBackward);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_STARTINGORDERS_H
