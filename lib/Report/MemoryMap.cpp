//===- MemoryMap.cpp - fast memory over time, as rectangles ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A residency of a loop's body is there once per trip. What reaches into the
// next trips is drawn where it ends, too: residencies of trips before the two
// that are shown, as far as they are still there.
//
//===----------------------------------------------------------------------===//

#include "MemoryMap.h"

#include "mempl/Problem/TimeModel.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::report;

namespace {

/// Trips before the one shown first that a residency may have begun in: places
/// below 3 n, of n steps.
constexpr int32_t kTripsBefore = 2;

class Builder {
public:
  Builder(InstanceRef instance, const Plan &plan, const Outcome &outcome,
          bool isBody)
      : instance(instance), plan(plan), outcome(outcome),
        steps(instance.numSteps()) {
    map.trips = isBody ? 2 : 1;
  }

  MemoryMap build() {
    addPoints();
    for (int32_t trip = 0; trip < map.trips; ++trip)
      addReserved(trip);
    int32_t first = map.trips > 1 ? -kTripsBefore : 0;
    for (size_t k = 0; k < plan.residencies.size(); ++k)
      for (int32_t trip = first; trip < map.trips; ++trip)
        addResidency(static_cast<int32_t>(k), trip);
    addCopies();
    return std::move(map);
  }

private:
  /// The point where waiting at a boundary begins, or where it is over, as a
  /// number that may be outside of the trips shown.
  int32_t point(int32_t trip, int32_t boundary, bool isOver) const {
    return (2 * steps + 2) * trip + 2 * boundary + isOver;
  }
  /// `place` counts on from trip to trip.
  int32_t before(int32_t trip, int32_t place, bool isOver) const {
    return point(trip + place / steps, place % steps, isOver);
  }
  int32_t after(int32_t trip, int32_t place) const {
    return point(trip + place / steps, place % steps + 1, false);
  }

  void addPoints() {
    double now = 0;
    for (int32_t trip = 0; trip < map.trips; ++trip) {
      for (int32_t i = 0; i <= steps; ++i) {
        map.points.push_back(now);
        map.points.push_back(now += outcome.waits[i]);
        if (i < steps)
          now += outcome.times[i];
      }
    }
  }

  void add(int32_t of, Phase phase, int32_t begin, int32_t end, int64_t offset,
           int64_t size) {
    begin = std::max(begin, 0);
    end = std::min(end, static_cast<int32_t>(map.points.size()) - 1);
    // Nor is anything seen between the two points of a boundary without waits.
    bool isSeen = begin < end &&
                  (begin / 2 < end / 2 || map.points[begin] < map.points[end]);
    if (isSeen && size > 0)
      map.pieces.push_back({of, phase, begin, end, offset, size});
  }

  void addReserved(int32_t trip) {
    for (int32_t place = 0; place < steps; ++place) {
      int32_t step = stepAt(plan, place);
      int64_t bytes =
          reservedBytes(instance.program.steps[step], plan.bodyPlan(step));
      add(place, Phase::Reserved, before(trip, place, true), after(trip, place),
          0, bytes);
    }
  }

  /// A residency whose places are counted from the beginning of `trip`.
  void addResidency(int32_t index, int32_t trip) {
    const Residency &r = plan.residencies[index];
    int64_t size = r.bytes(instance.program);
    bool isOdd = (trip + r.isAhead(steps)) % 2 != 0;
    int64_t offset = isOdd && r.offset2 ? *r.offset2 : r.offset;
    int32_t used = before(trip, r.first(), true), last = after(trip, r.last);
    if (const CopyIn *in = r.copyIn())
      add(index, Phase::CopyIn, before(trip, in->issue, false), used, offset,
          size);
    if (r.isKept())
      used = point(trip, 0, false);
    add(index, Phase::Use, used, last, offset, size);
    if (r.end() > r.last)
      add(index, Phase::CopyOut, last, after(trip, r.end()), offset, size);
  }

  void addCopies() {
    double end = map.seconds(), perTrip = end / map.trips;
    int32_t first = map.trips > 1 ? -kTripsBefore : 0;
    for (const CopyTiming &copy : outcome.copies)
      for (int32_t trip = first; trip < map.trips; ++trip) {
        double from = std::max(copy.start + perTrip * trip, 0.0);
        double to = std::min(copy.end + perTrip * trip, end);
        if (from < to)
          map.copies.push_back({copy.residency, copy.back, from, to});
      }
  }

  InstanceRef instance;
  const Plan &plan;
  const Outcome &outcome;
  int32_t steps;
  MemoryMap map;
};

} // namespace

MemoryMap mempl::report::memoryMap(InstanceRef instance, const Plan &plan,
                                   const Outcome &outcome, int64_t capacity,
                                   bool isBody) {
  MemoryMap map = Builder(instance, plan, outcome, isBody).build();
  map.capacity = capacity;
  return map;
}
