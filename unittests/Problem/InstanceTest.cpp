//===- InstanceTest.cpp - which problems are valid ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Instance.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include <gtest/gtest.h>

#include <limits>

using namespace mempl;
using namespace mempl::handmade;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A valid program of everything: each test breaks one thing of it.
Instance valid() {
  Instance body =
      program({input("in", 20), temporary("x", 20)},
              {step(1, {read(0, 20), write(1, 20)}), step(1, {update(1, 40)})});
  return program(
      {input("w", 60), temporary("t", 30), output("o", 30), inOut("c", 10)},
      {step(1, {read(0, 60), write(1, 30)}),
       step(0, {read(1, 30), write(2, 30), update(3, 20)}),
       loop(2, body, {read(0, 60), update(2, 60)})});
}

/// Rule and place of the only fault; what is wrong otherwise.
std::string onlyFault(const Instance &instance) {
  auto faults = checkInstance(instance);
  if (faults.empty())
    return "no fault";
  for (const InstanceFault &fault : faults)
    EXPECT_FALSE(fault.text.empty()) << fault.str();
  if (faults.size() > 1)
    return "many faults: " + faults[0].str() + ", " + faults[1].str();
  EXPECT_EQ(faults[0].str(), faults[0].where() + ": " +
                                 ruleName(faults[0].rule) + ": " +
                                 faults[0].text);
  return ruleName(faults[0].rule) + " " + faults[0].where();
}

/// The only fault after `change` has had its way with the valid program.
template <typename Change> std::string faultAfter(Change change) {
  Instance instance = valid();
  change(instance);
  return onlyFault(instance);
}

/// The same for the machine, which every body shares.
template <typename Change> std::string faultAfterMachine(Change change) {
  Machine m = machine();
  change(m);
  Instance instance = valid();
  instance.machine = m;
  return onlyFault(instance);
}

template <typename Change> std::string faultAfterBody(Change change) {
  Instance instance = valid();
  auto body = std::make_shared<Program>(*instance.program.steps[2].body);
  change(*body);
  instance.program.steps[2].body = body;
  return onlyFault(instance);
}

TEST(Instance, ValidProgramHasNoFaults) {
  EXPECT_EQ(onlyFault(valid()), "no fault");
}

TEST(Instance, EmptyProgramIsValid) {
  EXPECT_TRUE(checkInstance(program({}, {})).empty());
  EXPECT_TRUE(checkInstance(program({input("w", 1)}, {})).empty());
  Machine none = machine();
  none.capacity = 0;
  EXPECT_TRUE(checkInstance(program({}, {step(0)}, none)).empty());
}

TEST(Instance, ZerosAreValid) {
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.values[0].size = 0;
              x.program.steps[0].accesses[0].bytes = 0;
              x.program.steps[0].compute = 0;
            }),
            "no fault");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.copyLatency = 0; }),
            "no fault");
}

TEST(Instance, LargestSizesAreValid) {
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.values[0].size = INT64_MAX;
              x.program.steps[0].accesses[0].bytes = INT64_MAX;
              x.program.steps[2].trips = INT64_MAX;
            }),
            "no fault");
}

TEST(Instance, TimesThatNoDoubleHoldsAreFaults) {
  auto fault = [](int32_t step) {
    return "steps[" + std::to_string(step) +
           "]: I1: in slow memory alone the program takes more seconds up to "
           "here than a double can hold";
  };
  auto faultOf = [](auto change) {
    Instance instance = valid();
    change(instance);
    auto faults = checkInstance(instance);
    return faults.size() == 1 ? faults.front().str() : "";
  };
  EXPECT_EQ(faultOf([](Instance &x) {
              x.program.steps[0].compute = x.program.steps[1].compute = 1e308;
            }),
            fault(1));
  EXPECT_EQ(faultOf([](Instance &x) { x.machine.slowBandwidth = 1e-308; }),
            fault(0));
  EXPECT_EQ(faultOf([](Instance &x) {
              auto body = std::make_shared<Program>(*x.program.steps[2].body);
              body->steps[0].compute = 1e300;
              x.program.steps[2].body = body;
              x.program.steps[2].trips = INT64_MAX;
            }),
            fault(2));
}

TEST(Instance, NegativeNumbersAreFaults) {
  // 2^63 wraps to a negative size.
  EXPECT_EQ(
      faultAfter([](Instance &x) { x.program.values[1].size = INT64_MIN; }),
      "I1 values[1].size");
  EXPECT_EQ(faultAfter([](Instance &x) { x.program.values[1].size = -1; }),
            "I1 values[1].size");
  EXPECT_EQ(faultAfter(
                [](Instance &x) { x.program.steps[1].accesses[2].bytes = -1; }),
            "I1 steps[1].accesses[2].bytes");
  EXPECT_EQ(faultAfter([](Instance &x) { x.program.steps[0].compute = -1e-9; }),
            "I1 steps[0].compute");
  EXPECT_EQ(faultAfter([](Instance &x) { x.program.steps[0].reserved = -1; }),
            "I8 steps[0].reserved");
}

TEST(Instance, TimesMustBeFinite) {
  for (double bad : {kNan, kInfinity, -kInfinity, -1.0}) {
    EXPECT_EQ(
        faultAfter([&](Instance &x) { x.program.steps[1].compute = bad; }),
        "I1 steps[1].compute");
    EXPECT_EQ(faultAfterMachine([&](Machine &m) { m.copyLatency = bad; }),
              "I2 machine.copy.latency");
    EXPECT_EQ(faultAfterMachine([&](Machine &m) { m.stepOverhead = bad; }),
              "I2 machine.step.overhead");
  }
}

TEST(Instance, BandwidthsMustBePositiveAndFinite) {
  for (double bad : {0.0, -1.0, kNan, kInfinity}) {
    EXPECT_EQ(faultAfterMachine([&](Machine &m) { m.copyBandwidth = bad; }),
              "I2 machine.copy.bandwidth");
    EXPECT_EQ(faultAfterMachine([&](Machine &m) { m.fastBandwidth = bad; }),
              "I2 machine.fast.bandwidth");
    Instance instance = valid();
    Machine m = machine();
    m.slowBandwidth = bad;
    instance.machine = m;
    auto faults = checkInstance(instance);
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0].where(), "machine.slow.bandwidth");
    EXPECT_EQ(faults[0].rule, InstanceRule::I2);
  }
}

TEST(Instance, FastMemoryMustNotBeSlower) {
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.fastBandwidth = 9; }),
            "I2 machine.fast.bandwidth");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.fastBandwidth = 10; }),
            "no fault");
}

TEST(Instance, CapacityMustBeAMultipleOfTheAlignment) {
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.capacity = 105; }),
            "I3 machine.fast.capacity");
  Machine negative = machine();
  negative.capacity = -10;
  EXPECT_EQ(onlyFault(program({}, {}, negative)), "I3 machine.fast.capacity");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.alignment = 0; }),
            "I3 machine.fast.alignment");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.alignment = -10; }),
            "I3 machine.fast.alignment");
}

TEST(Instance, LimitsMustNotBeNegative) {
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.maxCopiesIn = -1; }),
            "I2 machine.copy.max_in");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.maxCopiesOut = -1; }),
            "I2 machine.copy.max_out");
  EXPECT_EQ(faultAfterMachine([](Machine &m) { m.maxCarried = -1; }),
            "I2 machine.fast.max_carried");
}

TEST(Instance, ReservedBytesMustFit) {
  EXPECT_EQ(faultAfter([](Instance &x) { x.program.steps[0].reserved = 100; }),
            "no fault");
  EXPECT_EQ(faultAfter([](Instance &x) { x.program.steps[0].reserved = 101; }),
            "I8 steps[0].reserved");
  EXPECT_EQ(
      faultAfter([](Instance &x) { x.program.steps[0].reserved = INT64_MAX; }),
      "I8 steps[0].reserved");
  EXPECT_EQ(faultAfterBody([](Program &x) { x.steps[1].reserved = 101; }),
            "I8 steps[2].body.steps[1].reserved");
}

TEST(Instance, AccessesNameAValue) {
  for (int32_t bad : {-1, 4, INT32_MAX, INT32_MIN})
    EXPECT_EQ(faultAfter([&](Instance &x) {
                x.program.steps[0].accesses[0].value = bad;
              }),
              "I4 steps[0].accesses[0].value");
}

TEST(Instance, NothingIsReadBeforeItIsWritten) {
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.steps[0].accesses.push_back(read(2, 30));
            }),
            "I5 steps[0].accesses[2]");
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.steps[0].accesses.push_back(update(2, 30));
            }),
            "I5 steps[0].accesses[2]");
  EXPECT_EQ(faultAfterBody(
                [](Program &x) { x.steps[0].accesses.push_back(read(1, 20)); }),
            "I5 steps[2].body.steps[0].accesses[2]");
}

/// A step reads before it writes, in whatever order its accesses are listed.
TEST(Instance, WriteOfTheSameStepComesTooLateForARead) {
  Instance instance =
      program({temporary("t", 10)}, {step(1, {write(0, 10), read(0, 10)})});
  EXPECT_EQ(onlyFault(instance), "I5 steps[0].accesses[1]");
}

TEST(Instance, OutputsMustBeWritten) {
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.values.push_back(output("p", 1));
            }),
            "I6 values[4]");
  EXPECT_EQ(faultAfter(
                [](Instance &x) { x.program.values.push_back(inOut("p", 1)); }),
            "no fault");
  EXPECT_EQ(
      faultAfterBody([](Program &x) { x.values.push_back(output("p", 1)); }),
      "I6 steps[2].body.values[2]");
}

TEST(Instance, OrdersMustNotContradict) {
  auto order = [](SpaceConstraint value, SpaceConstraint access) {
    return faultAfter([&](Instance &x) {
      x.program.values[0].space = value;
      x.program.steps[0].accesses[0].space = access;
    });
  };
  EXPECT_EQ(order(SpaceConstraint::Fast, SpaceConstraint::Slow),
            "I7 steps[0].accesses[0].space");
  EXPECT_EQ(order(SpaceConstraint::Slow, SpaceConstraint::Fast),
            "I7 steps[0].accesses[0].space");
  EXPECT_EQ(order(SpaceConstraint::Slow, SpaceConstraint::Slow), "no fault");
  EXPECT_EQ(order(SpaceConstraint::None, SpaceConstraint::Slow), "no fault");
  EXPECT_EQ(order(SpaceConstraint::Fast, SpaceConstraint::None), "no fault");
}

TEST(Instance, BodiesDoNotWriteTheirInputs) {
  for (AccessMode mode : {AccessMode::Write, AccessMode::Update})
    EXPECT_EQ(
        faultAfterBody([&](Program &x) { x.steps[0].accesses[0].mode = mode; }),
        "I10 steps[2].body.steps[0].accesses[0]");
  // The outermost program may.
  EXPECT_EQ(faultAfter([](Instance &x) {
              x.program.steps[0].accesses[0].mode = AccessMode::Update;
            }),
            "no fault");
}

TEST(Instance, LoopsRunAtLeastOnce) {
  for (int64_t bad : {int64_t(0), int64_t(-1), INT64_MIN})
    EXPECT_EQ(faultAfter([&](Instance &x) { x.program.steps[2].trips = bad; }),
              "I9 steps[2].trips");
}

TEST(Instance, FaultsSayWhereTheyAre) {
  Instance inner = program({input("x", 20)}, {step(1, {update(0, 20)})});
  Instance instance = program({output("o", 1)}, {step(1), loop(2, inner)});
  auto faults = checkInstance(instance);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].rule, InstanceRule::I10);
  EXPECT_EQ(faults[0].path, std::vector<int32_t>{1});
  EXPECT_EQ(faults[0].value, 0);
  EXPECT_EQ(faults[0].step, 0);
  EXPECT_EQ(faults[0].access, 0);
  EXPECT_EQ(faults[0].field, "");
  EXPECT_EQ(faults[0].inside(), "accesses[0]");
  EXPECT_EQ(faults[0].strInside(), "accesses[0]: I10: " + faults[0].text);
  EXPECT_EQ(faults[1].rule, InstanceRule::I6);
  EXPECT_EQ(faults[1].path, std::vector<int32_t>());
  EXPECT_EQ(faults[1].value, 0);
  EXPECT_EQ(faults[1].step, -1);
  EXPECT_EQ(faults[1].inside(), "");
  EXPECT_EQ(faults[1].strInside(), "I6: an output that no step writes: o");
  EXPECT_EQ(faults[1].str(), "values[0]: " + faults[1].strInside());
}

TEST(Instance, AllFaultsAreFound) {
  // The three of the model's own test: a size, a time, a read of nothing.
  Instance instance =
      program({input("a", -1), temporary("b", 5)}, {step(kNan, {read(1, 5)})});
  EXPECT_EQ(checkInstance(instance).size(), 3u);
}

TEST(Instance, RandomInstancesAreValid) {
  int64_t loops = 0, steps = 0;
  for (uint64_t seed = 0; seed != 500; ++seed) {
    Random random(seed, "instance test");
    Instance instance = randomInstance(random);
    EXPECT_TRUE(checkInstance(instance).empty()) << seed;
    Random same(seed, "instance test");
    EXPECT_EQ(instance, randomInstance(same));
    for (const Step &s : instance.program.steps)
      loops += s.body != nullptr, ++steps;
  }
  EXPECT_GE(steps, 1000);
  EXPECT_GE(loops, 100);
}

TEST(Machine, RoundsSizesUp) {
  Machine m = machine();
  EXPECT_EQ(m.roundUp(0), 0);
  EXPECT_EQ(m.roundUp(1), 10);
  EXPECT_EQ(m.roundUp(10), 10);
  EXPECT_EQ(m.roundUp(11), 20);
  m.alignment = 1;
  EXPECT_EQ(m.roundUp(INT64_MAX), INT64_MAX);
}

TEST(Machine, RoundingSaturatesAboveEveryCapacity) {
  Machine m = machine();
  for (int64_t alignment : {int64_t(10), int64_t(4096), INT64_MAX / 2}) {
    m.alignment = alignment;
    int64_t largest = INT64_MAX - INT64_MAX % alignment;
    m.capacity = largest;
    EXPECT_GT(m.roundUp(INT64_MAX), m.capacity);
    EXPECT_EQ(m.roundUp(largest), largest);
    EXPECT_EQ(m.roundUp(largest - 1), largest);
  }
  m.alignment = int64_t(1) << 62;
  EXPECT_EQ(m.roundUp(3), int64_t(1) << 62);
}

TEST(Machine, IsThatOfEveryBody) {
  Instance inner = program({}, {step(1)});
  Instance outer = program({}, {loop(2, inner)});
  Instance instance = program({}, {loop(2, outer), step(1)});
  const Instance before = instance;
  Machine m = machine();
  m.capacity = 200;
  instance.machine = m;
  EXPECT_EQ(instance.machine, m);
  InstanceRef body = InstanceRef(instance).bodyOf(0);
  EXPECT_EQ(body.machine, m);
  EXPECT_EQ(body.bodyOf(0).machine, m);
  // Bodies may be shared with other instances, which keep their machines.
  EXPECT_EQ(before.program.steps[0].body, instance.program.steps[0].body);
  EXPECT_EQ(InstanceRef(before).bodyOf(0).machine, machine());
  EXPECT_NE(instance, before);
  instance.machine = machine();
  EXPECT_EQ(instance, before);
}

TEST(Instance, BodiesAreComparedByContents) {
  EXPECT_EQ(valid(), valid());
  Instance other = valid();
  auto body = std::make_shared<Program>(*other.program.steps[2].body);
  body->steps[0].compute = 7;
  other.program.steps[2].body = body;
  EXPECT_NE(other, valid());
  other.program.steps[2].body = nullptr;
  EXPECT_NE(other, valid());
}

} // namespace
