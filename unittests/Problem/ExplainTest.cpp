//===- ExplainTest.cpp - why a value is where a plan puts it --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Explain.h"

#include "gtest/gtest.h"

using namespace mempl;

namespace {

/// A machine with 64 bytes of fast memory, and one value of each cause.
class ExplainTest : public ::testing::Test {
protected:
  ExplainTest() {
    instance.machine.capacity = 64;
    instance.machine.fastBandwidth = 10;
    instance.machine.slowBandwidth = instance.machine.copyBandwidth = 1;
  }

  int32_t add(int64_t size, ValueKind kind,
              SpaceConstraint space = SpaceConstraint::None) {
    instance.program.values.push_back({"v", size, kind, space});
    return instance.numValues() - 1;
  }

  int32_t step(double compute, std::vector<Access> accesses) {
    Step step;
    step.compute = compute;
    step.accesses = std::move(accesses);
    instance.program.steps.push_back(std::move(step));
    return instance.numSteps() - 1;
  }

  SlowCause causeOf(int32_t value, const Plan &plan = {},
                    llvm::ArrayRef<std::string> reasons = {}) {
    return explain(instance, plan, reasons)[value].cause;
  }

  Instance instance;
};

} // namespace

TEST_F(ExplainTest, TellsCausesOfTheValueItself) {
  int32_t large = add(65, ValueKind::Input);
  int32_t constrained = add(8, ValueKind::Input, SpaceConstraint::Slow);
  int32_t unused = add(8, ValueKind::Input);
  int32_t slowSteps = add(8, ValueKind::Input);
  int32_t once = add(8, ValueKind::Input);
  int32_t out = add(8, ValueKind::Output);
  int32_t part = add(32, ValueKind::Input);
  int32_t twice = add(8, ValueKind::Input);
  step(0, {{large, 65}, {constrained, 8}, {once, 8}, {part, 4}, {twice, 8}});
  step(0, {{slowSteps, 8, AccessMode::Read, SpaceConstraint::Slow},
           {out, 8, AccessMode::Write},
           {twice, 8}});
  EXPECT_EQ(causeOf(large), SlowCause::TooLarge);
  EXPECT_EQ(causeOf(constrained), SlowCause::Constrained);
  EXPECT_EQ(causeOf(unused), SlowCause::Unused);
  EXPECT_EQ(causeOf(slowSteps), SlowCause::StepsConstrained);
  EXPECT_EQ(causeOf(once), SlowCause::CopiedOnce);
  EXPECT_EQ(causeOf(out), SlowCause::CopiedOnce);
  EXPECT_EQ(causeOf(part), SlowCause::CopiedOnce);
  EXPECT_EQ(causeOf(twice), SlowCause::NoGain);
  std::vector<Decision> all = explain(instance, Plan());
  EXPECT_NE(all[once].reason, all[out].reason);
  EXPECT_EQ(all[large].text,
            "slow: it is larger than fast memory: it needs 65 bytes of 64");
}

TEST_F(ExplainTest, TakesTheReasonThatIsGiven) {
  int32_t large = add(65, ValueKind::Input);
  step(0, {{large, 65}});
  std::vector<Decision> all = explain(instance, Plan(), {{"is a secret"}});
  EXPECT_EQ(all[large].cause, SlowCause::Own);
  EXPECT_EQ(all[large].reason, "is a secret");
  instance.program.values[large].space = SpaceConstraint::Slow;
  instance.program.values[large].reason = "is passed to a call";
  EXPECT_EQ(explain(instance, Plan())[large].reason, "is passed to a call");
}

TEST_F(ExplainTest, TellsWhatComputingHides) {
  int32_t value = add(8, ValueKind::Input);
  step(100, {{value, 8}});
  step(100, {{value, 8}});
  EXPECT_EQ(causeOf(value), SlowCause::Hidden);
  instance.program.steps[1].compute = 0;
  EXPECT_EQ(causeOf(value), SlowCause::NoGain);
}

TEST_F(ExplainTest, TellsWhereThereIsNoRoom) {
  int32_t first = add(40, ValueKind::Input);
  int32_t second = add(40, ValueKind::Input);
  for (int i = 0; i < 3; ++i)
    step(0, {{first, 40}, {second, 40}});
  Plan plan;
  plan.residencies = {Residency::byCopy(first, 0, 0, 0, 2)};
  EXPECT_EQ(causeOf(first, plan), SlowCause::None);
  EXPECT_EQ(causeOf(second, plan), SlowCause::NoRoom);
  EXPECT_EQ(explain(instance, plan)[second].text,
            "slow: it finds no room beside the values that are there: it needs "
            "40 bytes, and its steps leave at most 24");
  // In fast memory for its last use alone.
  plan.residencies = {Residency::byCopy(first, 0, 1, 2, 2)};
  EXPECT_EQ(causeOf(first, plan), SlowCause::Part);
}

TEST_F(ExplainTest, NamesStepsOfTheProgramInTheOrderOfThePlan) {
  int32_t value = add(8, ValueKind::Input), other = add(8, ValueKind::Input);
  step(0, {{value, 8}, {other, 8}});
  step(0, {});
  step(0, {{value, 8}, {other, 8}});
  instance.program.order = StepOrder::Free;
  Plan plan;
  plan.residencies = {Residency::byCopy(value, 0, 0, 1, 2),
                      Residency::byCopy(other, 8, 0, 1, 1)};
  plan.order = {1, 0, 2};
  std::vector<Decision> decisions = explain(instance, plan);
  EXPECT_EQ(decisions[value].text,
            "fast: 16 of 16 bytes of traffic served from fast memory; at 0, "
            "copied in before step 0 (), started 1 steps ahead, until step 2 "
            "()");
  EXPECT_EQ(decisions[other].served, 8);
}

TEST_F(ExplainTest, AddsUpByReasonTheMostBytesFirst) {
  int32_t a = add(8, ValueKind::Input), b = add(16, ValueKind::Input);
  int32_t large = add(65, ValueKind::Input), unused = add(8, ValueKind::Input);
  (void)unused;
  step(0, {{a, 8}, {b, 16}, {large, 10}});
  SlowTrafficSummary summary;
  summary.add(instance, explain(instance, Plan()), 1);
  EXPECT_FALSE(summary.anyFast());
  EXPECT_EQ(summary.traffic(), 34);
  EXPECT_EQ(summary.slowBytes(), 34);
  EXPECT_EQ(summary.str(),
            "24 bytes of 2 values because each is read once: copying it in "
            "moves as many bytes as reading it; 10 bytes of 1 value because it "
            "is larger than fast memory");
  EXPECT_EQ(summary.str(/*most=*/1),
            "24 bytes of 2 values because each is read once: copying it in "
            "moves as many bytes as reading it; and 1 more reason");
  // Trips count, and do not overflow.
  summary.add(instance, explain(instance, Plan()), INT64_MAX);
  EXPECT_EQ(summary.slowBytes(), INT64_MAX);
}

TEST_F(ExplainTest, TellsOfTheNextTripOfALoop) {
  int32_t slice = add(8, ValueKind::Input);
  instance.program.values[slice].streamed = true;
  step(2, {{slice, 8}});
  // Behind the computation, a copy costs nothing.
  EXPECT_NE(causeOf(slice), SlowCause::CopiedOnce);
  Plan plan;
  plan.residencies = {Residency::byCopy(slice, 0, 0, 1, 1)};
  plan.residencies[0].offset2 = 8;
  instance.program.steps[0].name = "use";
  InstanceRef body(instance.machine, instance.program);
  EXPECT_EQ(explain(body, plan)[slice].text,
            "fast: 8 of 8 bytes of traffic served from fast memory; at 0 and 8 "
            "by turns, copied in before step 0 (use) of the next trip, started "
            "1 steps ahead, until step 0 (use) of the next trip");
}
