//===- TimeModel.h - what a step and a copy take ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of docs/Problem.md, section Latency, each in one function: the
// simulator, the solvers, the game and the explanations all ask here. Only
// those that check the simulator (the tests' brute force and reference model)
// and the C library that lowered programs call have their own.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_TIMEMODEL_H
#define MEMPL_PROBLEM_TIMEMODEL_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include <algorithm>

namespace mempl {

/// What the body of a loop means for the loop step.
struct LoopCost {
  double latency = 0;   ///< Of all trips, seconds.
  double slowBytes = 0; ///< Of all trips, those of copies included.
  int64_t copies = 0;   ///< Any at all make the outer copies stand still.
};

/// Seconds for which so many bytes keep the two memories busy, one after the
/// other.
inline double memorySeconds(const Machine &m, double slowBytes,
                            double fastBytes) {
  return slowBytes / m.slowBandwidth + fastBytes / m.fastBandwidth;
}

/// Seconds that a byte of an access saves in fast memory, where nothing hides
/// them.
inline double savedSecondsPerByte(const Machine &m) {
  return 1 / m.slowBandwidth - 1 / m.fastBandwidth;
}

/// Seconds for which the memories are busy with `step`, whose own accesses move
/// so many bytes.
inline double memorySeconds(const Machine &m, const Step &step,
                            double slowBytes, double fastBytes,
                            const LoopCost &body = {}) {
  double busy = memorySeconds(m, slowBytes, fastBytes);
  if (step.body)
    busy = std::max(busy, (slowBytes + body.slowBytes) / m.slowBandwidth);
  return busy;
}

/// Seconds of `step` without the overhead of every step: it computes and moves
/// its bytes at the same time.
inline double busySeconds(const Machine &m, const Step &step, double slowBytes,
                          double fastBytes, const LoopCost &body = {}) {
  double compute = step.compute + body.latency;
  return std::max(compute, memorySeconds(m, step, slowBytes, fastBytes, body));
}

/// Seconds of `step`: the t_i of docs/Problem.md.
inline double stepSeconds(const Machine &m, const Step &step, double slowBytes,
                          double fastBytes, const LoopCost &body = {}) {
  return m.stepOverhead + busySeconds(m, step, slowBytes, fastBytes, body);
}

/// Bytes per second of slow memory that a step leaves to copies. `seconds` is
/// what it takes, above 0; `slowBytes` are those of its body included.
inline double spareBandwidth(const Machine &m, double slowBytes,
                             double seconds) {
  return std::max(0.0, m.slowBandwidth - slowBytes / seconds);
}

/// Bytes per second at which a channel moves its copy, where slow memory has
/// `spare` left for copies. `areBoth`: bytes flow in the other channel too.
inline double copyRate(const Machine &m, double spare, bool areBoth) {
  return std::min(m.copyBandwidth, areBoth ? spare / 2 : spare);
}

/// Seconds of a copy that has its channel and the memories to itself.
inline double copySeconds(const Machine &m, double bytes) {
  return m.copyLatency + bytes / m.copyBandwidth;
}

/// Bytes of fast memory from 0 on that `step` keeps for itself, not rounded to
/// the alignment. `bodyPlan` is the plan of its body; null if it has none.
inline int64_t reservedBytes(const Step &step, const BodyPlan *bodyPlan) {
  if (!step.body)
    return step.reserved;
  return std::max(step.reserved,
                  bodyPlan ? bodyPlan->capacity : leastCapacity(*step.body));
}

} // namespace mempl

#endif // MEMPL_PROBLEM_TIMEMODEL_H
