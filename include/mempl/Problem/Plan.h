//===- Plan.h - the answer to a placement problem ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan says which values are in fast memory when, at which offset, and which
// copies are issued and awaited at which boundary. docs/Problem.md has the
// rules V1..V11 that make a plan valid; Verifier.h checks them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PLAN_H
#define MEMPL_PROBLEM_PLAN_H

#include "mempl/Problem/Instance.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mempl {

/// How a residency begins: the pure write of a step goes to fast memory.
struct ByWrite {
  int32_t step = 0;
  bool operator==(const ByWrite &) const = default;
};

/// How a residency begins: a copy from slow memory.
struct CopyIn {
  int32_t issue = 0; ///< Boundary at which it is issued.
  int32_t ready = 0; ///< Boundary at which it is awaited.
  bool operator==(const CopyIn &) const = default;
};

/// How a residency begins: the run before left it in fast memory.
struct Kept {
  bool operator==(const Kept &) const = default;
};

/// A copy to slow memory at the end of a residency.
struct CopyOut {
  /// Step at whose end it is issued; the last one that the residency serves
  /// unless given.
  std::optional<int32_t> back;
  int32_t done = 0; ///< Boundary at which it is awaited.
  bool operator==(const CopyOut &) const = default;
};

/// A time during which a value is in fast memory. Steps and boundaries are
/// numbered from 0, in the order of the plan. In the plan of a loop's body with
/// n steps, those from n on are of the next trip, those from 2 n on of the one
/// after it: a streamed input may be copied in a trip ahead, a streamed output
/// be copied out into the next trip, and a streamed inout do both.
struct Residency {
  int32_t value = 0;
  int32_t last = 0;   ///< Last step whose accesses it serves.
  int64_t offset = 0; ///< First byte; a multiple of the alignment.
  std::variant<ByWrite, CopyIn, Kept> begin;
  std::optional<CopyOut> out; ///< None: it is dropped after `last`.
  /// First byte in odd trips, of which the first is number 1, where that is
  /// another one: residencies of n steps or more would meet themselves.
  std::optional<int64_t> offset2 = std::nullopt;

  static Residency byWrite(int32_t value, int64_t offset, int32_t write,
                           int32_t last) {
    return {value, last, offset, ByWrite{write}, std::nullopt};
  }
  static Residency byCopy(int32_t value, int64_t offset, int32_t issue,
                          int32_t ready, int32_t last) {
    return {value, last, offset, CopyIn{issue, ready}, std::nullopt};
  }
  static Residency kept(int32_t value, int64_t offset, int32_t last) {
    return {value, last, offset, Kept{}, std::nullopt};
  }

  /// How it begins; null where it begins in another way.
  const ByWrite *written() const { return std::get_if<ByWrite>(&begin); }
  const CopyIn *copyIn() const { return std::get_if<CopyIn>(&begin); }
  CopyIn *copyIn() { return std::get_if<CopyIn>(&begin); }
  bool isKept() const { return std::holds_alternative<Kept>(begin); }
  bool copiedIn() const { return copyIn(); }
  bool copiedOut() const { return out.has_value(); }

  /// First step during which it occupies memory.
  int32_t start() const {
    if (const CopyIn *in = copyIn())
      return in->issue;
    return written() ? written()->step : 0;
  }
  /// Last step during which it occupies memory.
  int32_t end() const { return out ? std::max(last, out->done - 1) : last; }
  /// First step whose accesses it serves.
  int32_t first() const {
    if (const CopyIn *in = copyIn())
      return in->ready;
    return written() ? written()->step : 0;
  }
  /// The copy out, which there must be, is issued at the end of this step.
  int32_t copiedAfter() const { return out->back.value_or(last); }
  /// Whether the copy in is under way during `step`, or waits for its turn.
  bool isCopyingIn(int32_t step) const {
    const CopyIn *in = copyIn();
    return in && in->issue <= step && step < in->ready;
  }
  /// The same of the copy out.
  bool isCopyingOut(int32_t step) const {
    return out && copiedAfter() < step && step < out->done;
  }
  bool serves(int32_t step) const { return first() <= step && step <= last; }
  /// The same in this trip or in the next, of a body with `numSteps` steps.
  bool serves(int32_t step, int32_t numSteps) const {
    return serves(step) || serves(step + numSteps);
  }
  /// Whether it is copied in a trip before the one that it serves.
  bool isAhead(int32_t numSteps) const {
    const CopyIn *in = copyIn();
    return in && in->ready >= numSteps;
  }
  /// The number that it has for a step or boundary of the trip that it serves.
  int32_t inOwnTrip(int32_t place, int32_t numSteps) const {
    return isAhead(numSteps) ? place + numSteps : place;
  }
  /// Bytes of fast memory that it holds, and that a copy of it moves.
  int64_t bytes(const Program &program) const {
    return program.values[value].size;
  }

  bool operator==(const Residency &) const = default;
};

struct BodyPlan;

/// A plan for an instance, or for the body of a loop. The empty plan leaves
/// everything in slow memory.
struct Plan {
  std::string instance; ///< Name of the instance that it is for.
  /// The order matters: copies issued at the same point are served in it.
  std::vector<Residency> residencies;
  /// By step of the program, whatever the order: the plan of the loop's body.
  std::map<int32_t, BodyPlan> loops;
  /// The steps as they run, for a program whose order is free; empty: in
  /// program order. Residencies count places in it.
  std::vector<int32_t> order = {};

  /// The plan of the body of the loop at `step`; null where it has none.
  const BodyPlan *bodyPlan(int32_t step) const;

  /// Whether a copy goes from one trip into the next, if this is a plan of a
  /// body with `numSteps` steps.
  bool crossesTrips(int32_t numSteps) const;

  /// Copies in and out, those of loops counted once each.
  int64_t numCopies() const;
  int64_t numCopiesIn() const;
  int64_t numCopiesOut() const;

  bool operator==(const Plan &) const;
};

/// The plan of a loop's body.
struct BodyPlan {
  /// Bytes of fast memory that the plan may use, from offset 0; the loop step
  /// reserves them.
  int64_t capacity = 0;
  Plan plan;

  bool operator==(const BodyPlan &) const = default;
};

/// Bytes that the body of a loop needs when it has no plan: the largest
/// reservation of its steps, at any depth.
int64_t leastCapacity(const Program &body);

} // namespace mempl

#endif // MEMPL_PROBLEM_PLAN_H
