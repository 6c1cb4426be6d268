//===- TripSequence.cpp - trips of a loop, one behind the other -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TripSequence.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mempl;

TripSequence::TripSequence(InstanceRef body, const Plan &bodyPlan,
                           int32_t numTrips)
    : perTrip(body.numSteps()), numTrips(numTrips), machine(body.machine) {
  const Program &one = body.program;
  for (int32_t trip = 0; trip < numTrips; ++trip) {
    llvm::append_range(program.values, one.values);
    for (int32_t i = 0; i < perTrip; ++i) {
      Step &step = program.steps.emplace_back(one.steps[i]);
      for (Access &access : step.accesses)
        access.value += trip * one.numValues();
      if (const BodyPlan *inner = bodyPlan.bodyPlan(i))
        plan.loops.emplace(trip * perTrip + i, *inner);
    }
  }
  auto add = [&](size_t k, int32_t trip, Residency r) {
    r.value += trip * one.numValues();
    plan.residencies.push_back(r);
    origin.push_back(static_cast<int32_t>(k));
  };
  // The list is the order of copies that are issued at one boundary. What the
  // first trip needs comes before all others, but goes out in its turn.
  for (auto [k, r] : llvm::enumerate(bodyPlan.residencies))
    if (r.isAhead(perTrip)) {
      Residency first = inTrip(r, 0);
      first.out = std::nullopt;
      add(k, 0, first);
    }
  for (auto [k, r] : llvm::enumerate(bodyPlan.residencies))
    for (int32_t trip = 0; trip < numTrips; ++trip) {
      Residency here = inTrip(r, trip);
      if (trip == 0 && r.isAhead(perTrip)) {
        if (!here.out)
          continue;
        here.begin = ByWrite{here.copiedAfter()};
      }
      add(k, trip, here);
    }
}

/// The residency as it serves `trip`, but for its value.
Residency TripSequence::inTrip(const Residency &r, int32_t trip) const {
  Residency moved = r;
  int32_t shift = (trip - (r.isAhead(perTrip) ? 1 : 0)) * perTrip;
  int32_t end = numTrips * perTrip;
  moved.last += shift;
  if (CopyIn *in = moved.copyIn())
    moved.begin = CopyIn{std::max(0, in->issue + shift), in->ready + shift};
  else if (const ByWrite *write = moved.written())
    moved.begin = ByWrite{write->step + shift};
  else
    // What every trip finds there needs no copy and occupies nothing more.
    moved.begin = ByWrite{shift};
  if (moved.out) {
    moved.out->done = std::min(end, moved.out->done + shift);
    if (moved.out->back)
      *moved.out->back += shift;
  }
  return moved;
}

void TripSequence::simulate(bool withTraffic) {
  outcome = mempl::simulate({machine, program}, plan, withTraffic);
}

/// Seconds of waiting for copies out at the boundary after `trip`, before which
/// nothing else is waited for there.
double TripSequence::waitForOut(int32_t trip) const {
  double seconds = 0;
  for (const CopyTiming &copy : outcome.copies)
    if (copy.back &&
        plan.residencies[copy.residency].out->done == (trip + 1) * perTrip)
      seconds += copy.stall;
  return seconds;
}

double TripSequence::latencyOf(int32_t trip) const {
  double seconds = waitForOut(trip) - (trip > 0 ? waitForOut(trip - 1) : 0);
  for (int32_t i = trip * perTrip; i < (trip + 1) * perTrip; ++i)
    seconds += outcome.waits[i] + outcome.times[i];
  return seconds;
}

Outcome TripSequence::outcomeOf(int32_t trip) const {
  int32_t first = trip * perTrip, end = first + perTrip;
  auto part = [&](const auto &all) {
    return std::decay_t<decltype(all)>(all.begin() + first, all.begin() + end);
  };
  Outcome result;
  result.times = part(outcome.times);
  result.waits = part(outcome.waits);
  if (trip > 0 && perTrip > 0)
    result.waits.front() -= waitForOut(trip - 1);
  result.waits.push_back(waitForOut(trip));
  result.profile = part(outcome.profile);
  if (!outcome.traffic.empty())
    result.traffic = part(outcome.traffic);
  double begin = 0;
  for (int32_t i = 0; i < first; ++i)
    begin += outcome.waits[i] + outcome.times[i];
  begin += trip > 0 ? waitForOut(trip - 1) : 0;
  for (CopyTiming copy : outcome.copies) {
    const Residency &r = plan.residencies[copy.residency];
    int32_t issue = copy.back ? r.copiedAfter() + 1 : r.copyIn()->issue;
    // Copies out that the last step lets begin are issued behind it.
    if (copy.back ? issue <= first || issue > end
                  : issue < first || issue >= end)
      continue;
    copy.residency = origin[copy.residency];
    for (double *time : {&copy.issued, &copy.start, &copy.end})
      *time -= begin;
    (copy.back ? result.busyOut : result.busyIn) += copy.end - copy.start;
    result.copies.push_back(copy);
  }
  result.stall = std::accumulate(result.waits.begin(), result.waits.end(), 0.0);
  result.latency = latencyOf(trip);
  result.slowBytes = slowBytesPerTrip();
  for (int64_t bytes : result.profile)
    result.peakBytes = std::max(result.peakBytes, bytes);
  return result;
}
