//===- PlanDiffTest.cpp - what differs between two plans ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values, times, offsets, orders and loops.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanDiff.h"

#include "gtest/gtest.h"

using namespace mempl;

namespace {

/// Four steps and three values; the last step is a loop over two more.
Instance makeInstance() {
  Instance instance;
  instance.program.values.resize(3);
  instance.program.values[1].name = "weights";
  instance.program.steps.resize(4);
  Program body;
  body.values.resize(1);
  body.steps.resize(2);
  instance.program.steps[3].body = std::make_shared<Program>(body);
  return instance;
}

TEST(PlanDiff, EqualPlansDoNotDiffer) {
  Plan plan;
  plan.residencies = {Residency::byCopy(1, 0, 0, 1, 2)};
  PlanDiff diff = diffPlans(makeInstance(), plan, plan);
  EXPECT_TRUE(diff.values.empty());
  EXPECT_EQ(diff.stepsMoved, 0);
}

TEST(PlanDiff, TellsMovedValuesFromOtherTimes) {
  Plan before, after;
  before.residencies = {Residency::byCopy(1, 0, 0, 1, 2),
                        Residency::byWrite(0, 64, 0, 2)};
  after.residencies = {Residency::byWrite(0, 128, 0, 2),
                       Residency::byWrite(2, 0, 1, 1)};
  PlanDiff diff = diffPlans(makeInstance(), before, after);
  ASSERT_EQ(diff.values.size(), 3U);
  EXPECT_TRUE(diff.values[0].isMovedOnly());
  EXPECT_FALSE(diff.values[1].isMovedOnly());
  EXPECT_EQ(diff.values[1].name, "weights");
  EXPECT_TRUE(diff.values[1].after.empty());
  EXPECT_TRUE(diff.values[2].before.empty());
  EXPECT_EQ(diff.numMovedOnly(), 1);
}

TEST(PlanDiff, TheOrderOfResidenciesOfAPlanIsNoDifference) {
  Plan before, after;
  before.residencies = {Residency::byWrite(0, 0, 0, 1),
                        Residency::byWrite(2, 64, 2, 2)};
  after.residencies = {before.residencies[1], before.residencies[0]};
  EXPECT_TRUE(diffPlans(makeInstance(), before, after).values.empty());
  // Nor is a copy out that names the step after which it is issued anyway.
  before.residencies[0].out = CopyOut{std::nullopt, 3};
  after.residencies[1].out = CopyOut{1, 3};
  EXPECT_TRUE(diffPlans(makeInstance(), before, after).values.empty());
}

TEST(PlanDiff, StepsAreThoseOfTheProgram) {
  Plan before, after;
  before.residencies = {Residency::byWrite(0, 0, 1, 1)};
  after.order = {1, 0, 2, 3};
  after.residencies = {Residency::byWrite(0, 0, 0, 0)};
  PlanDiff diff = diffPlans(makeInstance(), before, after);
  EXPECT_TRUE(diff.values.empty());
  EXPECT_EQ(diff.stepsMoved, 2);
}

TEST(PlanDiff, LooksIntoLoops) {
  Plan before, after;
  after.loops[3].plan.residencies = {Residency::byCopy(0, 32, 0, 2, 3)};
  PlanDiff diff = diffPlans(makeInstance(), before, after);
  ASSERT_EQ(diff.values.size(), 1U);
  EXPECT_EQ(diff.values[0].path, std::vector<int32_t>{3});
  EXPECT_EQ(describe(diff.values[0].after[0]),
            "steps 2 to 3 at 32, copied in from step 0");
}

TEST(PlanDiff, DescribesResidencies) {
  Residency written = Residency::byWrite(0, 0, 4, 4);
  EXPECT_EQ(describe(written), "step 4 at 0");
  written.out = CopyOut{std::nullopt, 7};
  EXPECT_EQ(describe(written), "step 4 at 0, copied out by step 7");
  Residency kept = Residency::kept(0, 8, 2);
  kept.offset2 = 24;
  EXPECT_EQ(describe(kept),
            "steps 0 to 2 at 8 and 24, kept from the run before");
}

} // namespace
