//===- Simulator.cpp - what a plan costs ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Simulator.h"

#include "TripSequence.h"

#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/Timeline.h"

#include <numeric>

using namespace mempl;

namespace {

/// Fills Outcome::copies, the busy times and, if it has its size, the traffic
/// of copies while the program is run.
class CopyRecorder : public Timeline::Recorder {
public:
  CopyRecorder(Outcome &outcome, size_t numResidencies) : outcome(outcome) {
    for (auto &channel : position)
      channel.assign(numResidencies, -1);
  }

  void issued(Timeline::Channel channel, int32_t id, double time) override {
    position[channel][id] = static_cast<int32_t>(outcome.copies.size());
    CopyTiming timing;
    timing.residency = id;
    timing.back = channel == Timeline::Out;
    timing.issued = time;
    timing.start = timing.end = std::numeric_limits<double>::infinity();
    outcome.copies.push_back(timing);
  }
  void started(Timeline::Channel channel, int32_t id, double time) override {
    of(channel, id).start = time;
  }
  void completed(Timeline::Channel channel, int32_t id, double time) override {
    CopyTiming &timing = of(channel, id);
    timing.end = time;
    (channel == Timeline::In ? outcome.busyIn : outcome.busyOut) +=
        time - timing.start;
  }
  void stalled(Timeline::Channel channel, int32_t id, double time) override {
    of(channel, id).stall += time;
  }
  void moved(Timeline::Channel channel, int32_t boundary,
             double bytes) override {
    if (outcome.traffic.empty())
      return;
    auto last = static_cast<int32_t>(outcome.traffic.size()) - 1;
    StepTraffic &step = outcome.traffic[std::min(boundary, last)];
    (channel == Timeline::In ? step.in : step.out) += bytes;
  }

private:
  CopyTiming &of(Timeline::Channel channel, int32_t id) {
    return outcome.copies[position[channel][id]];
  }

  Outcome &outcome;
  std::array<std::vector<int32_t>, 2> position;
};

void addToTimeline(Timeline &timeline, const Plan &plan) {
  const AccessIndex &index = timeline.index();
  InstanceRef instance = index.instance();
  for (size_t k = 0; k < plan.residencies.size(); ++k) {
    const Residency &r = plan.residencies[k];
    auto id = static_cast<int32_t>(k);
    auto bytes = static_cast<double>(r.bytes(instance.program));
    if (const CopyIn *in = r.copyIn())
      timeline.addCopy(Timeline::In, id, in->issue, in->ready, id, bytes);
    if (r.out)
      timeline.addCopy(Timeline::Out, id, r.copiedAfter() + 1, r.out->done, id,
                       bytes);
    for (int32_t u = index.firstUseFrom(r.value, r.first());
         u < index.endUse(r.value) && index.use(u).step <= r.last; ++u)
      timeline.serve(u);
  }
}

/// Bytes occupied in fast memory during each step, and their maximum.
void fillProfile(const AccessIndex &index, const Plan &plan, Outcome &outcome) {
  InstanceRef instance = index.instance();
  int32_t n = instance.numSteps();
  // Unsigned sums wrap instead of overflowing; only an invalid plan wraps.
  std::vector<uint64_t> change(n + 1, 0);
  for (const Residency &r : plan.residencies) {
    auto size = static_cast<uint64_t>(index.roundedBytes(r));
    change[r.start()] += size;
    change[std::min(r.end() + 1, n)] -= size;
  }
  outcome.profile.resize(n);
  uint64_t held = 0;
  for (int32_t i = 0; i < n; ++i) {
    held += change[i];
    int64_t reserved = instance.machine.roundUp(
        reservedBytes(instance.program.steps[i], plan.bodyPlan(i)));
    outcome.profile[i] =
        static_cast<int64_t>(held + static_cast<uint64_t>(reserved));
    outcome.peakBytes = std::max(outcome.peakBytes, outcome.profile[i]);
  }
}

/// Slow bytes of steps and copies.
double totalSlowBytes(const Timeline &timeline, const Plan &plan) {
  InstanceRef instance = timeline.index().instance();
  double sum = 0;
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    sum += timeline.slowBytes(i);
  for (const Residency &r : plan.residencies)
    sum += static_cast<double>(r.bytes(instance.program)) *
           (r.copiedIn() + r.copiedOut());
  return sum;
}

/// The plan of the body of the loop at `step`; the empty one if it has none.
const Plan &bodyPlanOrEmpty(const Plan &plan, int32_t step) {
  static const Plan empty;
  const BodyPlan *body = plan.bodyPlan(step);
  return body ? body->plan : empty;
}

void setLoops(Timeline &timeline, const Plan &plan) {
  InstanceRef instance = timeline.index().instance();
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    if (instance.program.steps[i].body)
      timeline.setLoop(i, loopCost(instance, i, bodyPlanOrEmpty(plan, i)));
}

/// Adds what the accesses of each step move, and all that its body does.
void addTraffic(const Timeline &timeline, const Plan &plan, Outcome &outcome) {
  const AccessIndex &index = timeline.index();
  for (int32_t i = 0; i < index.numSteps(); ++i) {
    StepTraffic &all = outcome.traffic[i];
    all.slow += timeline.ownSlowBytes(i);
    all.fast += index.stepBytes(i) - timeline.ownSlowBytes(i);
    all.memorySeconds = timeline.memorySecondsOf(i);
    const Step &step = index.program().steps[i];
    if (!step.body)
      continue;
    auto trips = static_cast<double>(step.trips);
    Outcome body =
        simulate(index.instance().bodyOf(i), bodyPlanOrEmpty(plan, i), true);
    for (const StepTraffic &inner : body.traffic) {
      all.slow += trips * inner.slow;
      all.fast += trips * inner.fast;
      all.in += trips * inner.in;
      all.out += trips * inner.out;
    }
  }
}

} // namespace

/// A whole program, or one trip: its seconds and its bytes of slow memory.
static LoopCost costOfOne(InstanceRef program, const Plan &plan) {
  AccessIndex index(program);
  Timeline timeline(index);
  setLoops(timeline, plan);
  addToTimeline(timeline, plan);
  return {timeline.latency(), totalSlowBytes(timeline, plan), plan.numCopies()};
}

/// Trips that are simulated: 0, 1, 2 and the last.
static constexpr int32_t kSimulatedTrips = 4;

static LoopCost costAcrossTrips(InstanceRef body, int64_t trips,
                                const Plan &plan) {
  auto simulated =
      static_cast<int32_t>(std::min<int64_t>(trips, kSimulatedTrips));
  TripSequence sequence(body, plan, simulated);
  sequence.simulate();
  LoopCost cost;
  for (int32_t trip = 0; trip < simulated; ++trip) {
    int64_t repeats = trip == 2 ? std::max<int64_t>(1, trips - 3) : 1;
    cost.latency += static_cast<double>(repeats) * sequence.latencyOf(trip);
  }
  cost.slowBytes = static_cast<double>(trips) * sequence.slowBytesPerTrip();
  cost.copies = plan.numCopies();
  return cost;
}

LoopCost mempl::loopCost(InstanceRef outer, int32_t step,
                         const Plan &unordered) {
  InstanceRef body = outer.bodyOf(step);
  int64_t trips = outer.program.steps[step].trips;
  OrderedProblem problem(body, unordered);
  const Plan &plan = problem.plan();
  if (plan.crossesTrips(body.numSteps()))
    return costAcrossTrips(problem.instance(), trips, plan);
  LoopCost cost = costOfOne(problem.instance(), plan);
  cost.latency *= static_cast<double>(trips);
  cost.slowBytes *= static_cast<double>(trips);
  return cost;
}

Outcome mempl::simulate(InstanceRef whole, const Plan &unordered,
                        bool withTraffic) {
  OrderedProblem problem(whole, unordered);
  InstanceRef instance = problem.instance();
  const Plan &plan = problem.plan();
  if (plan.crossesTrips(instance.numSteps())) {
    // As trips go on and on.
    TripSequence sequence(instance, plan, kSimulatedTrips);
    sequence.simulate(withTraffic);
    return sequence.outcomeOf(2);
  }
  AccessIndex index(instance);
  Timeline timeline(index);
  setLoops(timeline, plan);
  addToTimeline(timeline, plan);
  Outcome outcome;
  if (withTraffic)
    outcome.traffic.resize(instance.program.steps.size());
  CopyRecorder recorder(outcome, plan.residencies.size());
  timeline.runAll(&recorder);
  int32_t n = instance.numSteps();
  for (int32_t i = 0; i <= n; ++i) {
    if (i < n)
      outcome.times.push_back(timeline.stepTime(i));
    outcome.waits.push_back(timeline.waitBefore(i));
  }
  outcome.latency = timeline.latency();
  outcome.stall =
      std::accumulate(outcome.waits.begin(), outcome.waits.end(), 0.0);
  outcome.slowBytes = totalSlowBytes(timeline, plan);
  if (withTraffic)
    addTraffic(timeline, plan, outcome);
  fillProfile(index, plan, outcome);
  return outcome;
}

double mempl::simulateLatency(InstanceRef instance, const Plan &plan) {
  OrderedProblem problem(instance, plan);
  return costOfOne(problem.instance(), problem.plan()).latency;
}

double mempl::slowLatency(InstanceRef instance) {
  return simulateLatency(instance, Plan());
}

double mempl::idealLatency(InstanceRef instance) {
  const Machine &m = instance.machine;
  double total = 0;
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    double slow = 0, fast = 0;
    for (const Access &a : step.accesses) {
      bool isSlow =
          a.space == SpaceConstraint::Slow ||
          instance.program.values[a.value].space == SpaceConstraint::Slow;
      (isSlow ? slow : fast) += static_cast<double>(a.bytes);
    }
    LoopCost body;
    if (step.body)
      body.latency =
          static_cast<double>(step.trips) * idealLatency(instance.bodyOf(i));
    total += stepSeconds(m, step, slow, fast, body);
  }
  return total;
}
