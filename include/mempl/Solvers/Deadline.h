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

namespace mempl {

/// Wall-clock since it was made.
class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  }

private:
  std::chrono::steady_clock::time_point start =
      std::chrono::steady_clock::now();
};

/// Whether the caller has asked to stop or the time is over.
class Deadline {
public:
  explicit Deadline(const SolverOptions &options) : options(options) {}
  bool hasPassed() const {
    return (options.cancelled && options.cancelled()) ||
           (options.timeLimitMs > 0 &&
            watch.seconds() * 1000 >= static_cast<double>(options.timeLimitMs));
  }
  /// Share of the time limit that is over, in [0, 1]; 0 without one.
  double share() const {
    return options.timeLimitMs > 0
               ? std::min(1.0, watch.seconds() * 1000 /
                                   static_cast<double>(options.timeLimitMs))
               : 0;
  }
  double seconds() const { return watch.seconds(); }

private:
  const SolverOptions &options;
  Stopwatch watch;
};

} // namespace mempl

#endif // MEMPL_SOLVERS_DEADLINE_H
