//===- Verifier.h - is a plan valid? ----------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one check of plans: rules V1..V11 of docs/Problem.md, written to be read
// beside that page. It shares no code with the plan editor, so that each checks
// the other.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_VERIFIER_H
#define MEMPL_PROBLEM_VERIFIER_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include <string>
#include <vector>

namespace mempl {

/// The rules of docs/Problem.md, section Validity.
enum class Rule : uint8_t { V1 = 1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11 };

/// "V1" .. "V11".
std::string ruleName(Rule rule);

/// One broken rule.
struct Violation {
  Rule rule;
  /// Steps of the loops that lead to the plan that it is about; empty for the
  /// outermost one. The last of them may be a loop without a plan.
  std::vector<int32_t> path = {};
  /// Index into the residencies of that plan: the one that breaks the rule. -1
  /// where none does: reserved bytes, or a value that is not in fast memory.
  int32_t residency = -1;
  int32_t value = -1; ///< -1 where the rule is about no value.
  /// Step or boundary, in the plan's order but for V11 and for loops without
  /// a plan; -1 where there is none.
  int32_t step = -1;
  /// A sentence that names the value (with its name), the step and, for a
  /// loop, the loop.
  std::string text = {};

  /// "V3: value 7 (conv1), step 12: read from slow memory, ...".
  std::string str() const;
};

/// All violations, empty if `plan` is valid for `instance`. A residency that
/// breaks V9 is reported for V9 only, and so is a plan for an instance of
/// another name; a plan that breaks V11 is reported for V11 only. The instance
/// must be valid.
std::vector<Violation> verify(InstanceRef instance, const Plan &plan);

/// Whether the loop with this body may be left without a plan: nothing in it is
/// constrained to be fast.
bool mayRunWithoutPlan(InstanceRef body);

} // namespace mempl

#endif // MEMPL_PROBLEM_VERIFIER_H
