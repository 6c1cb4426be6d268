//===- Explain.h - why a value is where a plan puts it ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decision of a plan about each value, as a sentence for people.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_EXPLAIN_H
#define MEMPL_PROBLEM_EXPLAIN_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>
#include <vector>

namespace mempl {

/// What keeps a value in slow memory.
enum class SlowCause : uint8_t {
  None,        ///< Nothing: it is in fast memory.
  Part,        ///< It is in fast memory, but not for all of its accesses.
  Own,         ///< What Value::reason, or `slowReasons` of explain(), says.
  Constrained, ///< A constraint of the user.
  StepsConstrained, ///< All of its accesses are constrained to slow memory.
  Unused,           ///< No step uses it.
  TooLarge,         ///< It is larger than fast memory.
  CopiedOnce, ///< A copy of it moves as many bytes as all of its accesses.
  Hidden,     ///< Its steps compute for longer than they move bytes.
  NoRoom,     ///< Other values leave less than it needs at all of its steps.
  NoGain      ///< None of these: no plan that was tried gains by it.
};

/// What a plan does with one value, and why as far as that can be told.
struct Decision {
  int32_t value = 0;   ///< Index into Program::values.
  bool fast = false;   ///< In fast memory for some time.
  std::string text;    ///< A sentence without the name of the value.
  int64_t traffic = 0; ///< Bytes that its accesses move, loops' trips not
                       ///< counted; INT64_MAX where that overflows.
  int64_t served = 0;  ///< Of those, in fast memory.
  SlowCause cause = SlowCause::None;
  /// The cause without the figures of this value, to go on after "each": what
  /// values have in common. Empty for SlowCause::None.
  std::string reason;
};

/// One decision per value of the outermost program, in order. `plan` must be
/// valid, and may use `capacity` bytes of fast memory (negative: those of the
/// machine). `slowReasons` is empty (Value::reason holds), or has for every
/// value why it can only be in slow memory ("is returned by a call"), or an
/// empty text if it is free.
std::vector<Decision> explain(InstanceRef instance, const Plan &plan,
                              llvm::ArrayRef<std::string> slowReasons = {},
                              int64_t capacity = -1);

/// Traffic that stays in slow memory for one reason.
struct SlowTraffic {
  std::string reason; ///< Decision::reason.
  int64_t values = 0;
  int64_t bytes = 0; ///< Loops' trips included; INT64_MAX on overflow.
  int64_t size = 0;  ///< Of the values; INT64_MAX on overflow.
};

/// Sums what decisions leave in slow memory, by reason.
class SlowTrafficSummary {
public:
  /// Adds the decisions about a program that runs `trips` times.
  void add(InstanceRef instance, llvm::ArrayRef<Decision> decisions,
           int64_t trips);

  /// The reasons of values that anything uses, the most bytes first; those of
  /// equal bytes by size, and then in the order in which they came.
  std::vector<SlowTraffic> sorted() const;

  int64_t traffic() const { return total; } ///< Of all values, bytes.
  int64_t slowBytes() const { return slow; }
  bool anyFast() const { return fast; } ///< A value is in fast memory.

  /// "98304 bytes of 3 values because each is read once, ..; 64 bytes of ..",
  /// at most `most` reasons. Where no traffic is known (a call), it tells the
  /// size of the values.
  std::string str(size_t most = 4) const;

private:
  std::vector<SlowTraffic> groups;
  int64_t total = 0, slow = 0;
  bool fast = false;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_EXPLAIN_H
