//===- Deadline.h - when a solver has to stop -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The clock of solvers.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_DEADLINE_H
#define MEMPL_SOLVERS_DEADLINE_H

#include "mempl/Solvers/Solver.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace mempl {

/// Seconds since it was made: wall-clock, or CPU time of the process.
class Stopwatch {
public:
  explicit Stopwatch(bool ofCpu = false) : ofCpu(ofCpu), start(now()) {}
  double seconds() const { return now() - start; }

private:
  double now() const {
    if (ofCpu)
      return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    return std::chrono::duration<double>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  bool ofCpu;
  double start;
};

/// Whether the caller has asked to stop or the time is over.
class Deadline {
public:
  explicit Deadline(const SolverContext &context)
      : context(context), watch(context.countsCpuTime) {}
  bool hasPassed() const {
    return (context.cancelled && context.cancelled()) ||
           (context.timeLimitMs > 0 &&
            watch.seconds() * 1000 >= static_cast<double>(context.timeLimitMs));
  }
  /// Share of the time limit that is over, in [0, 1]; 0 without one.
  double share() const {
    return context.timeLimitMs > 0
               ? std::min(1.0, watch.seconds() * 1000 /
                                   static_cast<double>(context.timeLimitMs))
               : 0;
  }
  double seconds() const { return watch.seconds(); }

private:
  const SolverContext &context;
  Stopwatch watch;
};

/// When the lower bound has to end that stands beside plans which were found
/// under a limit on time: with what they have left of it, at least a tenth of
/// it, and at least half a second. Never without a limit.
class BoundDeadline {
public:
  /// `solvers` that were given the limit of `context` each have taken `used`
  /// seconds together.
  BoundDeadline(const SolverContext &context, int64_t solvers, double used)
      : isLimited(context.timeLimitMs > 0), watch(context.countsCpuTime) {
    double given = static_cast<double>(context.timeLimitMs) / 1000 *
                   static_cast<double>(solvers);
    limit = std::max({0.5, 0.1 * given, given - used});
  }
  bool hasPassed() const { return isLimited && watch.seconds() >= limit; }

private:
  bool isLimited;
  double limit; ///< Seconds.
  Stopwatch watch;
};

} // namespace mempl

#endif // MEMPL_SOLVERS_DEADLINE_H
