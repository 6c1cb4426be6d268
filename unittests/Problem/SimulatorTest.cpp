//===- SimulatorTest.cpp - latencies worked out by hand -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Simulator.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/STLExtras.h"

#include "gmock/gmock.h"

#include <numeric>

using namespace mempl;
using namespace mempl::handmade;

namespace {

constexpr double kExact = 1e-12;

/// The outcome of a plan that has to be valid.
Outcome run(const Instance &instance, Plan plan) {
  plan.instance = instance.name;
  EXPECT_TRUE(checkInstance(instance).empty());
  for (const Violation &violation : verify(instance, plan))
    ADD_FAILURE() << violation.str();
  Outcome outcome = simulate(instance, plan);
  EXPECT_EQ(outcome.latency, simulateLatency(instance, plan));
  return outcome;
}

Outcome run(const Instance &instance, std::vector<Residency> residencies) {
  return run(instance, plan(std::move(residencies)));
}

const CopyTiming &copyOf(const Outcome &outcome, int32_t residency,
                         bool back = false) {
  auto it = llvm::find_if(outcome.copies, [&](const CopyTiming &copy) {
    return copy.residency == residency && copy.back == back;
  });
  EXPECT_NE(it, outcome.copies.end());
  return *it;
}

void expectCopy(const CopyTiming &copy, double issued, double start, double end,
                double stall) {
  EXPECT_NEAR(copy.issued, issued, kExact);
  EXPECT_NEAR(copy.start, start, kExact);
  EXPECT_NEAR(copy.end, end, kExact);
  EXPECT_NEAR(copy.stall, stall, kExact);
}

/// One weight that is read in the second step.
Instance weight(double before, const Machine &m = machine()) {
  return program({input("w", 50)}, {step(before), step(2, {read(0, 50)})}, m);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

TEST(Simulator, EmptyPlanRunsFromSlowMemory) {
  Outcome outcome = run(weight(8), Plan());
  EXPECT_NEAR(outcome.latency, 8 + 5, kExact); // 50 bytes at 10 per second.
  EXPECT_NEAR(slowLatency(weight(8)), 8 + 5, kExact);
  EXPECT_EQ(outcome.times, (std::vector<double>{8, 5}));
  EXPECT_EQ(outcome.waits, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(outcome.stall, 0);
  EXPECT_EQ(outcome.slowBytes, 50);
  EXPECT_TRUE(outcome.copies.empty());
}

TEST(Simulator, IdealIsComputeOrFastMemory) {
  EXPECT_NEAR(idealLatency(weight(8)), 8 + 2, kExact);
  Instance bound = program({input("w", 50), input("x", 30)},
                           {step(0.25, {read(0, 50), read(1, 30)})});
  EXPECT_NEAR(idealLatency(bound), 0.8, kExact);
  bound.program.values[1].space = SpaceConstraint::Slow;
  EXPECT_NEAR(idealLatency(bound), 0.5 + 3, kExact);
  bound.program.values[1].space = SpaceConstraint::None;
  bound.program.steps[0].accesses[0].space = SpaceConstraint::Slow;
  EXPECT_NEAR(idealLatency(bound), 5 + 0.3, kExact);
}

TEST(Simulator, EmptyProgramTakesNoTime) {
  Instance instance = program({}, {});
  Outcome outcome = run(instance, Plan());
  EXPECT_EQ(outcome.latency, 0);
  EXPECT_EQ(outcome.waits, std::vector<double>{0});
  EXPECT_TRUE(outcome.times.empty());
  EXPECT_TRUE(outcome.profile.empty());
  EXPECT_EQ(idealLatency(instance), 0);
}

TEST(Simulator, MemoriesAddUpWithinAStep) {
  // 20 bytes from slow memory, 50 from fast: 2 s + 0.5 s.
  Instance mixed =
      program({temporary("t", 50), input("x", 20)},
              {step(1, {write(0, 50)}), step(1, {read(0, 50), read(1, 20)})});
  Outcome outcome = run(mixed, {Residency::byWrite(0, 0, 0, 1)});
  EXPECT_NEAR(outcome.times[1], 2.5, kExact);
  EXPECT_EQ(outcome.slowBytes, 20);
}

TEST(Simulator, EveryAccessOfAValueIsServed) {
  Instance twice = program({inOut("x", 20)},
                           {step(0, {read(0, 20), read(0, 60), write(0, 20)})});
  EXPECT_NEAR(run(twice, Plan()).latency, 10, kExact);
  Outcome outcome =
      run(twice, {copiedOut(Residency::byCopy(0, 0, 0, 0, 0), 1)});
  EXPECT_NEAR(outcome.latency, 3 + 1 + 3, kExact);
}

TEST(Simulator, OverheadIsAddedToEveryStep) {
  Machine m = machine();
  m.stepOverhead = 0.5;
  Outcome outcome = run(weight(8, m), Plan());
  EXPECT_EQ(outcome.times, (std::vector<double>{8.5, 5.5}));
  EXPECT_NEAR(idealLatency(weight(8, m)), 8.5 + 2.5, kExact);
}

//===----------------------------------------------------------------------===//
// Copies in
//===----------------------------------------------------------------------===//

TEST(Simulator, CopyHidesBehindAStep) {
  Outcome outcome = run(weight(8), {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 8 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 1 + 5, 0);
  EXPECT_NEAR(outcome.busyIn, 6, kExact);
  EXPECT_EQ(outcome.busyOut, 0);
  EXPECT_EQ(outcome.slowBytes, 50);
}

TEST(Simulator, CopyThatIsIssuedLateIsWaitedFor) {
  Outcome outcome = run(weight(8), {Residency::byCopy(0, 0, 1, 1, 1)});
  EXPECT_NEAR(outcome.latency, 8 + 6 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 8, 8, 14, 6);
  EXPECT_EQ(outcome.waits, (std::vector<double>{0, 6, 0}));
  EXPECT_NEAR(outcome.stall, 6, kExact);
}

TEST(Simulator, OnlyTheRestOfACopyIsWaitedFor) {
  Outcome outcome = run(weight(3), {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 3 + 3 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 6, 3);
}

/// The copy gets what the step leaves: 10 - 20 / 4 = 5 bytes/s after 1 s of
/// latency; 15 bytes by 4 s, 35 left at 10 bytes/s.
TEST(Simulator, StepsAndCopiesShareSlowMemory) {
  Instance shared = program({input("w", 50), input("x", 20)},
                            {step(4, {read(1, 20)}), step(2, {read(0, 50)})});
  Outcome outcome = run(shared, {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 4 + 3.5 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 7.5, 3.5);
  EXPECT_EQ(outcome.slowBytes, 70);
}

TEST(Simulator, OverheadCountsAsTimeInWhichCopiesFlow) {
  // 1 s of overhead: 20 bytes in 5 s leave 6 bytes/s, 24 bytes by 5 s.
  Machine m = machine();
  m.stepOverhead = 1;
  Instance shared =
      program({input("w", 50), input("x", 20)},
              {step(4, {read(1, 20)}), step(2, {read(0, 50)})}, m);
  Outcome outcome = run(shared, {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 5 + 2.6 + 3, kExact);
}

TEST(Simulator, StepThatTakesAllOfSlowMemoryStopsBytesButNotLatency) {
  Instance busy = program({input("w", 50), input("x", 40)},
                          {step(0, {read(1, 40)}), step(2, {read(0, 50)})});
  Outcome outcome = run(busy, {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 4 + 5 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 9, 5);
}

/// 0.4 s and 0.4 s of steps, 0.2 s of waiting, and then the 50 bytes.
TEST(Simulator, LatencyRunsOutOverSeveralSteps) {
  Instance instance =
      program({input("w", 50)}, {step(0.4), step(0.4), step(2, {read(0, 50)})});
  Outcome outcome = run(instance, {Residency::byCopy(0, 0, 0, 2, 2)});
  EXPECT_NEAR(outcome.latency, 0.8 + 5.2 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 6, 5.2);
}

TEST(Simulator, ChannelHasItsOwnBandwidth) {
  Machine m = machine();
  m.copyBandwidth = 4; // 1 + 50 / 4 = 13.5 s.
  Outcome outcome = run(weight(8, m), {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 8 + 5.5 + 2, kExact);
  m.copyBandwidth = 40; // Slow memory has no more than 10 to give.
  outcome = run(weight(8, m), {Residency::byCopy(0, 0, 1, 1, 1)});
  EXPECT_NEAR(outcome.latency, 8 + 6 + 2, kExact);
}

TEST(Simulator, CopiesOfOneChannelAreServedInTurn) {
  Machine m = machine();
  m.copyLatency = 0;
  Instance two = program({input("a", 20), input("b", 20)},
                         {step(0, {read(0, 20), read(1, 20)})}, m);
  Outcome outcome = run(two, {Residency::byCopy(0, 0, 0, 0, 0),
                              Residency::byCopy(1, 20, 0, 0, 0)});
  EXPECT_NEAR(outcome.latency, 4 + 0.4, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 2, 0);
  expectCopy(copyOf(outcome, 1), 0, 2, 4, 4); // It ends the wait.
}

TEST(Simulator, CopiesIssuedTogetherKeepTheOrderOfTheList) {
  // a is needed at once, b later: a first costs 3 s, b first 3 s more.
  Instance order = program({input("a", 20), input("b", 20)},
                           {step(5, {read(0, 20)}), step(1, {read(1, 20)})});
  Residency a = Residency::byCopy(0, 0, 0, 0, 0);
  Residency b = Residency::byCopy(1, 20, 0, 1, 1);
  Outcome first = run(order, {a, b}), last = run(order, {b, a});
  EXPECT_NEAR(first.latency, 3 + 5 + 1, kExact);
  expectCopy(copyOf(first, 0), 0, 0, 3, 3);
  expectCopy(copyOf(first, 1), 0, 3, 6, 0);
  EXPECT_NEAR(last.latency, 6 + 5 + 1, kExact);
  expectCopy(copyOf(last, 0), 0, 0, 3, 0); // b, which nobody waits for.
  expectCopy(copyOf(last, 1), 0, 3, 6, 6);
}

TEST(Simulator, EarlierIssuedIsServedFirstWhateverTheList) {
  Instance order = program({input("a", 20), input("b", 20)},
                           {step(1), step(0, {read(0, 20), read(1, 20)})});
  Outcome outcome = run(order, {Residency::byCopy(0, 0, 1, 1, 1),
                                Residency::byCopy(1, 20, 0, 1, 1)});
  expectCopy(copyOf(outcome, 1), 0, 0, 3, 0);
  expectCopy(copyOf(outcome, 0), 1, 3, 6, 5);
  EXPECT_NEAR(outcome.latency, 1 + 5 + 0.4, kExact);
}

TEST(Simulator, CopyOfNothingStillHasItsLatency) {
  Instance nothing = program({input("z", 0)}, {step(2, {read(0, 10)})});
  Outcome outcome = run(nothing, {Residency::byCopy(0, 0, 0, 0, 0)});
  EXPECT_NEAR(outcome.latency, 1 + 2, kExact);
  EXPECT_EQ(outcome.peakBytes, 0);
}

//===----------------------------------------------------------------------===//
// Copies out
//===----------------------------------------------------------------------===//

Instance bothWays() {
  return program({output("a", 20), input("w", 20)},
                 {step(1, {write(0, 20)}), step(5), step(1, {read(1, 20)})});
}

/// Out from 1 s, in from 1 s: after the latency half the bandwidth each.
TEST(Simulator, ChannelsShareSlowMemoryEqually) {
  Outcome outcome =
      run(bothWays(), {copiedOut(Residency::byWrite(0, 0, 0, 0), 3),
                       Residency::byCopy(1, 20, 1, 2, 2)});
  EXPECT_NEAR(outcome.latency, 1 + 5 + 1, kExact);
  expectCopy(copyOf(outcome, 0, true), 1, 1, 6, 0);
  expectCopy(copyOf(outcome, 1), 1, 1, 6, 0);
  EXPECT_NEAR(outcome.busyIn, 5, kExact);
  EXPECT_NEAR(outcome.busyOut, 5, kExact);
  EXPECT_EQ(outcome.slowBytes, 40);
  EXPECT_EQ(outcome.profile, (std::vector<int64_t>{20, 40, 40}));
  EXPECT_EQ(outcome.peakBytes, 40);
}

/// Out moves from 2 s; in, issued at 3 s, takes no bandwidth before 4 s. Out
/// has all of slow memory for 2 s and is done just then.
TEST(Simulator, ChannelInItsLatencyTakesNoBandwidth) {
  Instance instance = program(
      {output("a", 20), input("w", 20)},
      {step(1, {write(0, 20)}), step(2), step(9), step(1, {read(1, 20)})});
  Outcome outcome = run(instance, {copiedOut(Residency::byWrite(0, 0, 0, 0), 4),
                                   Residency::byCopy(1, 20, 2, 3, 3)});
  EXPECT_NEAR(outcome.latency, 1 + 2 + 9 + 1, kExact);
  expectCopy(copyOf(outcome, 0, true), 1, 1, 4, 0);
  expectCopy(copyOf(outcome, 1), 3, 3, 6, 0);
}

TEST(Simulator, SlowChannelsDoNotDisturbEachOther) {
  Machine m = machine();
  m.copyBandwidth = 5; // Both together take just all of slow memory.
  Instance instance = bothWays();
  instance.machine = m;
  Outcome outcome = run(instance, {copiedOut(Residency::byWrite(0, 0, 0, 0), 3),
                                   Residency::byCopy(1, 20, 1, 2, 2)});
  EXPECT_NEAR(outcome.latency, 1 + 5 + 1, kExact);
}

/// Awaiting the copy out at once takes 1 + 2 s; the copy in is issued after it,
/// and the memory of `a` is free for `w`.
TEST(Simulator, CopiesOutAreAwaitedBeforeCopiesInAreIssued) {
  for (int64_t offset : {20, 0}) {
    Outcome outcome =
        run(bothWays(), {copiedOut(Residency::byWrite(0, 0, 0, 0), 1),
                         Residency::byCopy(1, offset, 1, 2, 2)});
    EXPECT_NEAR(outcome.latency, 1 + 3 + 5 + 1, kExact);
    expectCopy(copyOf(outcome, 0, true), 1, 1, 4, 3);
    expectCopy(copyOf(outcome, 1), 4, 4, 7, 0);
    EXPECT_EQ(outcome.profile, (std::vector<int64_t>{20, 20, 20}));
  }
}

TEST(Simulator, BothWaitsOfABoundaryAreCharged) {
  Outcome outcome =
      run(bothWays(), {copiedOut(Residency::byWrite(0, 0, 0, 0), 1),
                       Residency::byCopy(1, 0, 1, 1, 2)});
  EXPECT_NEAR(outcome.waits[1], 3 + 3, kExact);
  EXPECT_NEAR(copyOf(outcome, 0, true).stall, 3, kExact);
  EXPECT_NEAR(copyOf(outcome, 1).stall, 3, kExact);
  EXPECT_NEAR(outcome.latency, 1 + 6 + 5 + 1, kExact);
}

/// Copied out from the end of step 0 while it is still read in fast memory.
TEST(Simulator, EarlyCopyOutHidesBehindLaterSteps) {
  Instance early = program({output("a", 20)}, {step(1, {write(0, 20)}), step(5),
                                               step(1, {read(0, 20)})});
  Residency r = Residency::byWrite(0, 0, 0, 2);
  Outcome outcome = run(early, {copiedOut(r, 3, 0)});
  EXPECT_NEAR(outcome.latency, 1 + 5 + 1, kExact);
  expectCopy(copyOf(outcome, 0, true), 1, 1, 4, 0);
  outcome = run(early, {copiedOut(r, 3)});
  EXPECT_NEAR(outcome.latency, 1 + 5 + 1 + 3, kExact);
  expectCopy(copyOf(outcome, 0, true), 7, 7, 10, 3);
  EXPECT_EQ(outcome.waits, (std::vector<double>{0, 0, 0, 3}));
}

TEST(Simulator, CopiesInAndBackOfOneResidency) {
  Instance clean = program({inOut("x", 20)}, {step(1, {update(0, 40)})});
  Outcome outcome =
      run(clean, {copiedOut(Residency::byCopy(0, 0, 0, 0, 0), 1)});
  EXPECT_NEAR(outcome.latency, 3 + 1 + 3, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 3, 3);
  expectCopy(copyOf(outcome, 0, true), 4, 4, 7, 3);
  EXPECT_EQ(outcome.slowBytes, 40);
}

TEST(Simulator, StepOfNoTimeMovesNoCopies) {
  Instance instant =
      program({input("w", 50)}, {step(0), step(0), step(2, {read(0, 50)})});
  Outcome outcome = run(instant, {Residency::byCopy(0, 0, 0, 2, 2)});
  EXPECT_NEAR(outcome.latency, 6 + 2, kExact);
}

TEST(Simulator, CarriedValuesCostNothing) {
  Machine m = machine();
  m.maxCarried = 1;
  Instance carry =
      program({input("w", 50)}, {step(2, {read(0, 50)}), step(8)}, m);
  Outcome kept = run(carry, {carried(0, 0, 1)});
  EXPECT_NEAR(kept.latency, 10, kExact);
  EXPECT_EQ(kept.slowBytes, 0);
  Outcome fetched =
      run(carry, {carried(0, 0, 0), Residency::byCopy(0, 0, 1, 1, 1)});
  EXPECT_NEAR(fetched.latency, 10 + 6, kExact);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Three trips of two steps that hand over 20 bytes, and 40 bytes of `w`.
Instance threeTrips() {
  Instance body = program({temporary("x", 20)},
                          {step(1, {write(0, 20)}), step(1, {read(0, 20)})});
  return program({input("w", 20)}, {loop(3, body, {read(0, 40)})});
}

TEST(Simulator, LoopAndItsBodyShareSlowMemory) {
  // (40 + 3 * 40) / 10, more than three times the 4 s of the body.
  Outcome outcome = run(threeTrips(), Plan());
  EXPECT_NEAR(outcome.latency, 16, kExact);
  EXPECT_EQ(outcome.slowBytes, 160);
}

TEST(Simulator, LoopRunsWithThePlanOfItsBody) {
  Plan p = plan({});
  p.loops[0] = bodyPlan(20, {Residency::byWrite(0, 0, 0, 1)});
  Outcome outcome = run(threeTrips(), p);
  EXPECT_NEAR(outcome.latency, 3 * 2, kExact); // 40 / 10 is less.
  EXPECT_EQ(outcome.slowBytes, 40);
  EXPECT_EQ(outcome.profile, std::vector<int64_t>{20});
}

TEST(Simulator, IdealOfALoopIsTheIdealOfItsTrips) {
  EXPECT_NEAR(idealLatency(threeTrips()), 3 * 2, kExact);
}

TEST(Simulator, LoopsInLoopsMultiply) {
  Instance inner = program({}, {step(1), step(0.5)});
  Instance outer = program({}, {loop(3, inner), step(2)});
  Instance instance = program({}, {step(1), loop(2, outer)});
  instance.program.steps[1].compute = 0.25;
  Outcome outcome = run(instance, Plan());
  EXPECT_NEAR(outcome.latency, 1 + 0.25 + 2 * (3 * 1.5 + 2), kExact);
}

/// A body that reads 10 bytes, and a weight that is read after the loop.
Instance loopThenWeight() {
  Instance body = program({input("y", 10)}, {step(1, {read(0, 10)})});
  return program({input("w", 50)}, {loop(2, body), step(2, {read(0, 50)})});
}

TEST(Simulator, OuterCopiesFlowDuringALoopWithoutCopies) {
  // The body takes all of slow memory for 2 s: only the latency passes.
  Outcome outcome = run(loopThenWeight(), {Residency::byCopy(0, 0, 0, 1, 1)});
  EXPECT_NEAR(outcome.latency, 2 + 5 + 2, kExact);
}

TEST(Simulator, OuterCopiesStandStillWhileABodyCopies) {
  Plan p = plan({Residency::byCopy(0, 20, 0, 1, 1)});
  p.loops[0] = bodyPlan(10, {Residency::byCopy(0, 0, 0, 0, 0)});
  // Each trip waits 2 s and runs 1 s; then the whole copy of 6 s.
  Outcome outcome = run(loopThenWeight(), p);
  EXPECT_NEAR(outcome.latency, 2 * 3 + 6 + 2, kExact);
  expectCopy(copyOf(outcome, 0), 0, 0, 12, 6);
  EXPECT_EQ(outcome.slowBytes, 2 * 10 + 50);
  EXPECT_EQ(p.numCopies(), 2);
  EXPECT_EQ(outcome.profile, (std::vector<int64_t>{60, 50}));
}

TEST(Simulator, OuterCopiesStandStillWhileABodyCopiesOut) {
  Instance body = program({output("y", 10)}, {step(1, {write(0, 10)})});
  Instance instance =
      program({input("w", 50)}, {loop(2, body), step(2, {read(0, 50)})});
  Plan p = plan({Residency::byCopy(0, 20, 0, 1, 1)});
  p.loops[0] = bodyPlan(10, {copiedOut(Residency::byWrite(0, 0, 0, 0), 1)});
  // Each trip runs 1 s and waits 2 s; then the whole copy of 6 s.
  EXPECT_NEAR(run(instance, p).latency, 2 * 3 + 6 + 2, kExact);
}

TEST(Simulator, ProfileCountsReservationsAndRoundsUp) {
  Instance reserving = program(
      {temporary("t", 25)}, {step(1, {write(0, 25)}), step(1, {read(0, 25)})});
  reserving.program.steps[1].reserved = 5;
  Outcome outcome = run(reserving, {Residency::byWrite(0, 10, 0, 1)});
  EXPECT_EQ(outcome.profile, (std::vector<int64_t>{30, 40}));
  EXPECT_EQ(outcome.peakBytes, 40);
  Instance body = program({}, {step(1), step(1)});
  body.program.steps[1].reserved = 35;
  EXPECT_EQ(run(program({}, {loop(2, body)}), Plan()).profile,
            std::vector<int64_t>{40});
}

//===----------------------------------------------------------------------===//
// Traffic
//===----------------------------------------------------------------------===//

StepTraffic trafficOf(const Instance &instance, const Plan &plan,
                      int32_t step) {
  Outcome outcome = simulate(instance, plan, /*withTraffic=*/true);
  EXPECT_EQ(outcome.latency, run(instance, plan).latency);
  EXPECT_EQ(outcome.traffic.size(), instance.program.steps.size());
  return outcome.traffic[step];
}

void expectTraffic(const StepTraffic &actual, double slow, double fast,
                   double in, double out) {
  EXPECT_NEAR(actual.slow, slow, kExact);
  EXPECT_NEAR(actual.fast, fast, kExact);
  EXPECT_NEAR(actual.in, in, kExact);
  EXPECT_NEAR(actual.out, out, kExact);
}

TEST(Simulator, TrafficIsCountedWhereItIsAskedFor) {
  EXPECT_TRUE(run(weight(8), Plan()).traffic.empty());
  StepTraffic read = trafficOf(weight(8), Plan(), 1);
  expectTraffic(read, 50, 0, 0, 0);
  EXPECT_NEAR(read.memorySeconds, 5, kExact);
}

TEST(Simulator, BytesOfCopiesAreThoseOfTheStepsThatTheyMoveIn) {
  // A latency of 1 s, 2 s of step 0, and the rest while step 1 is waited for.
  Plan p = plan({Residency::byCopy(0, 0, 0, 1, 1)});
  expectTraffic(trafficOf(weight(3), p, 0), 0, 0, 20, 0);
  StepTraffic read = trafficOf(weight(3), p, 1);
  expectTraffic(read, 0, 50, 30, 0);
  EXPECT_NEAR(read.memorySeconds, 0.5, kExact);
  // What goes out after the last step is that one's.
  Instance made = program({output("y", 30)}, {step(1, {write(0, 30)})});
  p = plan({copiedOut(Residency::byWrite(0, 0, 0, 0), 1)});
  expectTraffic(trafficOf(made, p, 0), 0, 30, 0, 30);
}

TEST(Simulator, TrafficOfALoopIsThatOfAllTrips) {
  Instance inner = program({input("x", 20)}, {step(1, {read(0, 20)})});
  Instance body = program({}, {loop(2, inner), step(1)});
  Instance instance = program({input("w", 50)}, {loop(3, body, {read(0, 40)})});
  StepTraffic slow = trafficOf(instance, Plan(), 0);
  expectTraffic(slow, 40 + 6 * 20, 0, 0, 0);
  EXPECT_NEAR(slow.memorySeconds, 16, kExact);
  Plan p = plan({});
  p.loops[0] = bodyPlan(20, {});
  p.loops[0].plan.loops[0] = bodyPlan(20, {Residency::byCopy(0, 0, 0, 0, 0)});
  expectTraffic(trafficOf(instance, p, 0), 40, 6 * 20, 6 * 20, 0);
}

//===----------------------------------------------------------------------===//
// What holds for every plan
//===----------------------------------------------------------------------===//

void expectConsistentCopies(const Outcome &outcome, const Plan &plan) {
  int64_t expected = 0;
  for (const Residency &r : plan.residencies)
    expected += r.copiedIn() + r.copiedOut();
  ASSERT_EQ(static_cast<int64_t>(outcome.copies.size()), expected);
  double slack = 1e-9 * outcome.latency, stalls = 0, busy[2] = {0, 0};
  for (bool back : {false, true}) {
    std::vector<CopyTiming> channel;
    for (const CopyTiming &copy : outcome.copies)
      if (copy.back == back)
        channel.push_back(copy);
    llvm::stable_sort(channel, [](const CopyTiming &a, const CopyTiming &b) {
      return std::pair(a.start, a.end) < std::pair(b.start, b.end);
    });
    double free = 0;
    for (const CopyTiming &copy : channel) {
      EXPECT_LE(copy.issued, copy.start + slack);
      EXPECT_LE(free, copy.start + slack); // One at a time.
      EXPECT_LE(copy.start, copy.end);
      EXPECT_LE(copy.end, outcome.latency + slack);
      free = copy.end;
      busy[back] += copy.end - copy.start;
      stalls += copy.stall;
    }
  }
  EXPECT_NEAR(stalls, outcome.stall, slack);
  EXPECT_NEAR(outcome.busyIn, busy[0], slack);
  EXPECT_NEAR(outcome.busyOut, busy[1], slack);
}

/// All bytes are some step's, and no step moves more of them than slow memory
/// has in its time.
void expectConsistentTraffic(const Instance &instance, const Plan &plan) {
  Outcome outcome = simulate(instance, plan, /*withTraffic=*/true);
  double slack = 1e-9 * (1 + outcome.slowBytes), sum = 0;
  size_t n = instance.program.steps.size();
  for (size_t i = 0; i != n; ++i) {
    const StepTraffic &step = outcome.traffic[i];
    double bytes = step.slow + step.in + step.out;
    double seconds = outcome.times[i] + outcome.waits[i];
    if (i + 1 == n)
      seconds += outcome.waits[n];
    EXPECT_LE(bytes, instance.machine.slowBandwidth * seconds + slack);
    EXPECT_LE(step.memorySeconds, outcome.times[i] * (1 + 1e-9));
    sum += bytes;
  }
  EXPECT_NEAR(sum, outcome.slowBytes, slack);
}

/// The profile, counted step by step.
std::vector<int64_t> countProfile(const Instance &instance, const Plan &plan) {
  std::vector<int64_t> profile;
  for (int32_t i = 0; i != instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    int64_t bytes = step.reserved;
    if (step.body)
      bytes = std::max(bytes, plan.loops.count(i) ? plan.loops.at(i).capacity
                                                  : leastCapacity(*step.body));
    bytes = instance.machine.roundUp(bytes);
    for (const Residency &r : plan.residencies)
      if (r.start() <= i && i <= r.end())
        bytes += instance.machine.roundUp(r.bytes(instance.program));
    profile.push_back(bytes);
  }
  return profile;
}

TEST(Simulator, OutcomesOfRandomPlansAreConsistent) {
  int64_t copies = 0;
  for (uint64_t seed = 0; seed != 1000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "simulator test");
    RandomInstanceOptions options;
    options.fastOrderChance = 0;
    Instance instance = randomInstance(random, options);
    Plan plan = randomValidPlan(instance, random);
    Outcome outcome = run(instance, plan);
    double slack = 1e-9 * outcome.latency;
    EXPECT_GE(outcome.latency, idealLatency(instance) - slack);
    double busy =
        std::accumulate(outcome.times.begin(), outcome.times.end(), 0.0);
    EXPECT_NEAR(outcome.latency, busy + outcome.stall, slack);
    expectConsistentCopies(outcome, plan);
    expectConsistentTraffic(instance, plan);
    EXPECT_EQ(outcome.profile, countProfile(instance, plan));
    int64_t peak = 0;
    for (int64_t bytes : outcome.profile)
      peak = std::max(peak, bytes);
    EXPECT_EQ(outcome.peakBytes, peak);
    EXPECT_LE(peak, instance.machine.capacity);
    copies += plan.numCopies();
    if (HasFailure())
      return;
  }
  EXPECT_GE(copies, 1000);
}

TEST(Simulator, StepsRunInTheOrderOfThePlan) {
  Instance instance = program(
      {input("w", 50), temporary("t", 10)},
      {step(2, {read(0, 50), write(1, 10)}), step(8), step(1, {read(1, 10)})});
  instance.program.order = StepOrder::Free;
  Plan ordered =
      plan({Residency::byCopy(0, 0, 0, 1, 1), Residency::byWrite(1, 50, 1, 2)});
  ordered.order = {1, 0, 2};
  Outcome outcome = run(instance, ordered);
  EXPECT_NEAR(outcome.latency, 8 + 2 + 1, kExact);
  EXPECT_THAT(outcome.times, testing::ElementsAre(8, 2, 1));
  EXPECT_EQ(outcome.profile, (std::vector<int64_t>{50, 60, 10}));
}

/// A loop around one or two steps that read 40 bytes of another slice each
/// trip.
Instance streaming(int64_t trips, std::vector<Value> values,
                   std::vector<Step> steps) {
  Instance instance = program(
      {}, {loop(trips, program(std::move(values), std::move(steps)), {})});
  auto body = std::make_shared<Program>(*instance.program.steps[0].body);
  for (Value &value : body->values)
    value.streamed = value.kind != ValueKind::Temporary;
  instance.program.steps[0].body = body;
  return instance;
}

Plan bodyPlan(int64_t capacity, std::vector<Residency> residencies) {
  Plan result = plan({});
  result.loops[0] = {capacity, {"", std::move(residencies), {}}};
  return result;
}

TEST(SimulatorTrips, TheNextSliceComesInDuringThisTrip) {
  // First 5 s of copy and a step of 2, then 3 of waiting and 2.
  Residency ahead = Residency::byCopy(0, 0, 0, 1, 1);
  ahead.offset2 = 40;
  for (auto [trips, seconds] :
       {std::pair(1, 7), {2, 12}, {3, 17}, {4, 22}, {10, 52}}) {
    Instance instance =
        streaming(trips, {input("x", 40)}, {step(2, {read(0, 40)})});
    EXPECT_NEAR(run(instance, bodyPlan(80, {ahead})).latency, seconds, kExact);
    EXPECT_NEAR(run(instance, plan({})).latency, 4 * trips, kExact);
  }
}

TEST(SimulatorTrips, WhatIsUsedNoMoreMakesRoomForTheNextSlice) {
  // The copy of 1 + 4 s is hidden behind 6 s, at the same bytes in every trip.
  Instance instance =
      streaming(3, {input("x", 40), temporary("t", 40)},
                {step(2, {read(0, 40), write(1, 40)}), step(6, {read(1, 40)})});
  Plan ahead = bodyPlan(
      80, {Residency::byCopy(0, 0, 1, 2, 2), Residency::byWrite(1, 40, 0, 1)});
  ahead.loops[0].plan.residencies[1].begin = ByWrite{0};
  EXPECT_NEAR(run(instance, ahead).latency, 5 + 3 * 8, kExact);
  // One trip as they go on and on.
  const Plan &inner = ahead.loops[0].plan;
  Outcome trip = simulate(InstanceRef(instance).bodyOf(0), inner);
  EXPECT_NEAR(trip.latency, 8, kExact);
  EXPECT_THAT(trip.times, testing::ElementsAre(2, 6));
  EXPECT_THAT(trip.waits, testing::ElementsAre(0, 0, 0));
  EXPECT_EQ(trip.profile, (std::vector<int64_t>{80, 80}));
  ASSERT_EQ(trip.copies.size(), 1u);
  EXPECT_EQ(trip.copies[0].residency, 0);
  EXPECT_NEAR(trip.copies[0].issued, 2, kExact);
  EXPECT_NEAR(trip.copies[0].end, 7, kExact);
  EXPECT_EQ(trip.slowBytes, 40);
}

TEST(SimulatorTrips, ResultsGoOutDuringTheNextTrip) {
  Residency out = Residency::byWrite(0, 0, 0, 0);
  out.out = {std::nullopt, 2};
  out.offset2 = 20;
  Instance instance =
      streaming(3, {output("y", 20)}, {step(5, {write(0, 20)})});
  // What is under way after the last trip is awaited there.
  EXPECT_NEAR(run(instance, bodyPlan(40, {out})).latency, 3 * 5 + 3, kExact);
  out.out->done = 1;
  EXPECT_NEAR(run(instance, bodyPlan(40, {out})).latency, 3 * (5 + 3), kExact);
}

TEST(SimulatorTrips, AnInOutGoesInAheadAndOutBehind) {
  // 1 + 2 s in behind step 0, and out behind step 1, of 5 s each.
  Instance instance =
      streaming(3, {inOut("c", 20)}, {step(5, {update(0, 40)}), step(5)});
  Residency both = Residency::byCopy(0, 0, 1, 2, 2);
  both.out = {std::nullopt, 4};
  both.offset2 = 20;
  EXPECT_NEAR(run(instance, bodyPlan(40, {both})).latency, 3 + 3 * 10, kExact);
  // What goes out in the trip that has read it needs one place.
  both.out->done = 3;
  both.offset2 = std::nullopt;
  EXPECT_NEAR(run(instance, bodyPlan(20, {both})).latency, 3 + 3 * 13, kExact);
  // Into the trip after that, under the first step: it goes out alone.
  both.out->done = 5;
  both.offset2 = 20;
  EXPECT_NEAR(run(instance, bodyPlan(40, {both})).latency, 3 + 3 * 10, kExact);
  Outcome trip = simulate(InstanceRef(instance).bodyOf(0),
                          bodyPlan(40, {both}).loops[0].plan);
  EXPECT_THAT(trip.times, testing::ElementsAre(5, 5));
  EXPECT_EQ(trip.copies.size(), 2u);
  EXPECT_EQ(trip.profile, (std::vector<int64_t>{40, 40}));
  EXPECT_EQ(trip.slowBytes, 40);
}

/// A loop means the same as its trips written out: those between the third and
/// the last cost what the third costs.
TEST(SimulatorTrips, LongLoopsRepeatTheThirdTrip) {
  Residency ahead = Residency::byCopy(0, 0, 0, 1, 1);
  ahead.offset2 = 40;
  auto latencyOf = [&](int64_t trips) {
    return run(streaming(trips, {input("x", 40)}, {step(2, {read(0, 40)})}),
               bodyPlan(80, {ahead}))
        .latency;
  };
  double third = latencyOf(5) - latencyOf(4);
  EXPECT_NEAR(latencyOf(1000), latencyOf(4) + 996 * third, 1e-9);
}

} // namespace
