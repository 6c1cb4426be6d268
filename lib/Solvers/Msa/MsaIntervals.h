//===- MsaIntervals.h - when a prefetch may start ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns "how early may this copy start" into a short list of starts. It looks
// at time alone, never at memory. Times are those of MSA: a copy (s, d) starts
// after step s, which may be -1, and is done before step d.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSAINTERVALS_H
#define MEMPL_LIB_SOLVERS_MSA_MSAINTERVALS_H

#include "MsaCost.h"

#include <optional>

namespace mempl {

class MsaIntervals {
public:
  MsaIntervals(const MsaCost &cost, int32_t numSteps, int64_t capacity,
               const MsaOptions &options);

  /// Seconds of the steps strictly between `a` and `b`.
  double between(int32_t a, int32_t b) const {
    return b - 1 <= a ? 0 : prefix[b] - prefix[a + 1];
  }
  /// Whether a value may stay in fast memory from step `start` to step `end`.
  bool allowsStay(int32_t start, int32_t end) const;
  /// The step before which a copy out of `bytes` bytes, started after step
  /// `start`, should be done; at most `limit`.
  int32_t evictionEnd(int64_t bytes, int32_t start, int32_t limit,
                      int64_t retry) const;

  /// Begins the list for a copy of `bytes` bytes done before step `done`, that
  /// starts at or after `earliest`. `saving`: seconds that the step at `done`
  /// is shorter for it. `preferred`: tried first where it is possible.
  void begin(int64_t bytes, double saving, int32_t earliest, int32_t done,
             std::optional<int32_t> preferred = std::nullopt);
  /// The next start to try.
  std::optional<int32_t> next();
  /// The latest of the list; valid after begin() if next() gives any.
  int32_t latestStart() const { return latest; }
  bool isEmpty() const { return empty; }

private:
  double copySeconds(int64_t bytes) const;
  /// The largest t in [low, high] with between(t, done) >= seconds; low - 1 if
  /// there is none.
  int32_t lastWithAtLeast(double seconds, int32_t low, int32_t high,
                          int32_t done) const;

  const MsaCost &cost;
  const MsaOptions &options;
  std::vector<double> prefix; // prefix[i]: seconds of steps before step i.
  double holdLimit;

  bool empty = true;
  int32_t done = 0, earliest = 0, latest = 0;
  int32_t later = 0, earlier = 0; // Next on each side.
  bool takesLater = false;
  double leastJump = 0;
  int32_t given = 0;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSAINTERVALS_H
