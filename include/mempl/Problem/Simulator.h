//===- Simulator.h - what a plan costs --------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The latency of a plan: steps in the plan's order, two copy channels that
// serve first in, first out, and one slow memory whose bandwidth they share
// (docs/Problem.md, section Latency). The only simulator of the project: the
// plan editor runs the same code over the part of a program that an edit
// accesses.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_SIMULATOR_H
#define MEMPL_PROBLEM_SIMULATOR_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include <cstdint>
#include <vector>

namespace mempl {

/// When a copy had its channel, and what waiting for it cost. Seconds from the
/// start of the program. `start` is when it became the head of its channel and
/// its latency began; `end` is when its last byte had moved. Both are infinite
/// for a copy that the program ends without completing (never in a valid plan,
/// in which every copy is awaited).
struct CopyTiming {
  int32_t residency = 0; ///< Index into Plan::residencies.
  bool back = false;     ///< False: copy in. True: copy out.
  double issued = 0, start = 0, end = 0;
  double stall = 0; ///< Seconds of waiting charged to it.
};

/// Bytes that a step moves, those of all trips of a loop's body included.
struct StepTraffic {
  double slow = 0; ///< Accesses in slow memory.
  double fast = 0; ///< Accesses in fast memory.
  /// Copies to and from fast memory while the step is waited for or runs. What
  /// moves after the last step counts as that one's.
  double in = 0, out = 0;
  /// Seconds for which `slow` and `fast` alone keep the memories busy.
  double memorySeconds = 0;
};

/// The result of a simulation. Times in seconds, steps in the plan's order.
struct Outcome {
  double latency = 0;
  std::vector<double> times; ///< Of each step.
  std::vector<double> waits; ///< Before each step, and after the last (n + 1).
  std::vector<CopyTiming> copies; ///< In the order of issue.
  double stall = 0;               ///< Sum of `waits`.
  double slowBytes =
      0;              ///< Moved to or from slow memory, loops' trips included.
  double busyIn = 0;  ///< Seconds that the channel in has a copy at its head.
  double busyOut = 0; ///< The same for the channel out.
  int64_t peakBytes = 0; ///< Most bytes occupied in fast memory at any step.
  std::vector<int64_t> profile;     ///< Bytes occupied during each step.
  std::vector<StepTraffic> traffic; ///< Of each step, if it was asked for.
};

/// Simulates `plan`; one of a body with copies across trips as the trips go on
/// and on, as one of them: the copies that are issued in it, and what is in
/// fast memory of this trip and of its neighbours. `plan` must be valid (see
/// verify()); the latency of an invalid plan means nothing, but computing it is
/// safe as long as the plan breaks no V9 and no V11: every index in range,
/// fields consistent. Outcome::traffic is filled if `withTraffic`, which takes
/// another simulation of every body.
Outcome simulate(InstanceRef instance, const Plan &plan,
                 bool withTraffic = false);

/// Latency alone; same value, less work.
double simulateLatency(InstanceRef instance, const Plan &plan);

/// Latency of the empty plan: everything in slow memory.
double slowLatency(InstanceRef instance);

/// Every access in fast memory (those constrained to slow memory stay slow), no
/// copies, no capacity: no plan beats it.
double idealLatency(InstanceRef instance);

} // namespace mempl

#endif // MEMPL_PROBLEM_SIMULATOR_H
