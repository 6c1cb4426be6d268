//===- Openings.h - plans to begin a search with ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes over a program make plans in a thousandth of the time that annealing
// takes. There are several sources of them, and none is the best everywhere:
//
// - the orders of `greedy`, as far as it has not tried them;
// - where the order of steps is free, other orders (StartingOrders.h);
// - a learned policy: its heads, and then an evolution strategy. A small change
//   of a policy's weights makes a plan that differs everywhere. So the weights
//   are searched for the program at hand, from those that were learned on
//   others, with one parent and one child, and steps that grow with success and
//   shrink without.
//
// They take turns, by the time that they have used, and the one that has made
// the best plan gets twice as much.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_OPENINGS_H
#define MEMPL_LIB_SOLVERS_OPENINGS_H

#include "Effort.h"

#include "mempl/Solvers/PolicyDecoder.h"

namespace mempl {

/// Where plans come from.
struct OpeningSources {
  const SegmentPolicy *policy = nullptr; ///< None, if null.
  bool isFree = false;                   ///< Whether steps may be moved.
  /// The first of the orders of `greedy` that is not tried yet; none if all
  /// are.
  std::optional<size_t> densityOrder;
};

/// Plans that passes make until `share` of the limits is used, and `start`, a
/// plan on the profile; the fastest first. On the profile, offsets mean
/// nothing.
std::vector<DecodedPlan> makeOpenings(const AccessIndex &index,
                                      llvm::ArrayRef<LoopChoices> loops,
                                      const OpeningSources &sources,
                                      DecodedPlan start, double share,
                                      Effort &effort);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_OPENINGS_H
