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
// rules V1..V10 that make a plan valid; Verifier.h checks them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PLAN_H
#define MEMPL_PROBLEM_PLAN_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mempl {

/// A time during which a value is in fast memory. Steps and boundaries are
/// numbered from 0; -1 means "not given". It begins in exactly one of three
/// ways: by write (`write`), by copy in (`issue` and `ready`), or `carried`.
struct Residency {
  int32_t value = 0;
  int64_t offset = 0;   ///< First byte; a multiple of the alignment.
  int32_t last = 0;     ///< Last step whose accesses it serves.
  int32_t write = -1;   ///< Step whose write begins it.
  int32_t issue = -1;   ///< Boundary at which its copy in is issued.
  int32_t ready = -1;   ///< Boundary at which its copy in is awaited.
  int32_t done = -1;    ///< Boundary at which its copy out is awaited.
  int32_t back = -1;    ///< Step after which that is issued; -1 means `last`.
  bool carried = false; ///< The run before left it in fast memory.

  static Residency byWrite(int32_t value, int64_t offset, int32_t write,
                           int32_t last) {
    Residency r;
    r.value = value, r.offset = offset, r.write = write, r.last = last;
    return r;
  }
  static Residency byCopy(int32_t value, int64_t offset, int32_t issue,
                          int32_t ready, int32_t last) {
    Residency r;
    r.value = value, r.offset = offset, r.last = last;
    r.issue = issue, r.ready = ready;
    return r;
  }

  bool copiedIn() const { return issue >= 0; }
  bool copiedOut() const { return done >= 0; }
  /// First step during which it occupies memory.
  int32_t start() const { return carried ? 0 : write >= 0 ? write : issue; }
  /// Last step during which it occupies memory.
  int32_t end() const { return done < 0 ? last : std::max(last, done - 1); }
  /// First step whose accesses it serves.
  int32_t first() const { return carried ? 0 : write >= 0 ? write : ready; }
  /// The copy out is issued at the end of this step.
  int32_t copiedAfter() const { return back < 0 ? last : back; }
  bool serves(int32_t step) const { return first() <= step && step <= last; }

  bool operator==(const Residency &) const = default;
};

struct BodyPlan;

/// A plan for an instance, or for the body of a loop. The empty plan leaves
/// everything in slow memory.
struct Plan {
  std::string instance; ///< Name of the instance that it is for.
  /// The order matters: copies issued at the same point are served in it.
  std::vector<Residency> residencies;
  std::map<int32_t, BodyPlan> loops; ///< By step: the plan of the loop's body.

  /// The plan of the body of the loop at `step`; null where it has none.
  const BodyPlan *bodyPlan(int32_t step) const;

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

struct Program;

/// Bytes that the body of a loop needs when it has no plan: the largest
/// reservation of its steps, at any depth.
int64_t leastCapacity(const Program &body);

} // namespace mempl

#endif // MEMPL_PROBLEM_PLAN_H
