//===- Effort.h - what a search has used of its limits ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_EFFORT_H
#define MEMPL_LIB_SOLVERS_EFFORT_H

#include "mempl/Solvers/Deadline.h"

#include <algorithm>

namespace mempl {

/// What the steps of a search have used, together, of the limits of its
/// context. Both have to outlive it.
struct Effort {
  const SolverContext &context;
  const Deadline &deadline;
  int64_t moves = 0; ///< Units of the budget.

  /// The share of the limits that is used up: of time or of the budget,
  /// whichever is more.
  double used() const { return std::max(shareOf(moves), deadline.share()); }
  /// The share of the budget that so many moves are; 0 without a budget.
  double shareOf(int64_t number) const {
    return context.budget > 0 ? static_cast<double>(number) /
                                    static_cast<double>(context.budget)
                              : 0;
  }
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_EFFORT_H
