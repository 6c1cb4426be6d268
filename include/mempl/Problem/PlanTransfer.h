//===- PlanTransfer.h - a plan for a changed program ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For those who plan again after a small change of the program: what of the
// plan of the earlier program is still meant, and allowed, in the new one.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PLANTRANSFER_H
#define MEMPL_PROBLEM_PLANTRANSFER_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/Verifier.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mempl {

/// A plan for the new program, and how much of the earlier one is in it.
/// Values and residencies of loops' bodies are counted, too.
struct TransferredPlan {
  Plan plan;
  /// Whether the plan is valid. It is, unless something has to be in fast
  /// memory that the earlier plan does not have there; the plan is empty then.
  bool isValid = true;
  int64_t matched = 0; ///< Values of both programs.
  int64_t fresh = 0;   ///< Values of the new program alone.
  int64_t gone = 0;    ///< Values of the earlier program alone.
  int64_t kept = 0;    ///< Residencies in `plan`.
  int64_t dropped = 0; ///< Residencies that are not.

  /// "12 values matched, 1 new, 0 gone; 9 of 10 placements kept".
  std::string str() const;
};

/// Why `plan` is of no use even for the values and steps of `before`: the first
/// violation of V9 or V11. Others are no hindrance: they come of a machine that
/// the plan was not made for.
std::optional<Violation> whyNotFor(const Instance &before, const Plan &plan);

/// Matches steps of the same name that access as many values in the same way,
/// in order, and values by the steps that access them and by name. Keeps the
/// order of steps and what is valid of the residencies; what begins or ends at
/// a step that is gone does so at the next one that is there. There
/// must be no whyNotFor(before, plan).
TransferredPlan transferPlan(const Instance &before, const Plan &plan,
                             const Instance &after);

} // namespace mempl

#endif // MEMPL_PROBLEM_PLANTRANSFER_H
