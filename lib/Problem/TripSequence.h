//===- TripSequence.h - trips of a loop, one behind the other ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where copies go from one trip into the next, trips cannot be simulated one by
// one. Some of them are written out as a program, in which every trip has
// values, steps and residencies of its own, and which is simulated like any
// other.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_TRIPSEQUENCE_H
#define MEMPL_LIB_PROBLEM_TRIPSEQUENCE_H

#include "mempl/Problem/Simulator.h"

namespace mempl {

/// The first trips of a loop.
class TripSequence {
public:
  /// `plan` must be valid for the body. Copies into fast memory that the trip
  /// before would issue are issued before the first trip, in the order of the
  /// plan; the last trip issues none ahead, and awaits all.
  TripSequence(InstanceRef body, const Plan &plan, int32_t numTrips);

  /// `withTraffic`: the outcome of a trip has its traffic.
  void simulate(bool withTraffic = false);
  /// Seconds of one trip. The waits for copies out at a boundary between trips
  /// are of the trip before it, those for copies in of the one after it.
  double latencyOf(int32_t trip) const;
  /// Bytes that a trip moves to or from slow memory, those of copies included.
  double slowBytesPerTrip() const { return outcome.slowBytes / numTrips; }
  /// One trip, as simulate() gives it for a program that runs once: with times
  /// from the start of the trip on, and the copies that are issued in it.
  Outcome outcomeOf(int32_t trip) const;

private:
  Residency inTrip(const Residency &r, int32_t trip) const;
  double waitForOut(int32_t trip) const;

  int32_t perTrip, numTrips;
  const Machine &machine;
  Program program;
  Plan plan;
  std::vector<int32_t> origin; ///< Residencies of the loop's plan, by ours.
  Outcome outcome;
};

} // namespace mempl

#endif // MEMPL_LIB_PROBLEM_TRIPSEQUENCE_H
