//===- PlanTransferTest.cpp - a plan for a changed program ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is kept where little has changed, and that what is kept is valid however
// much has.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanTransfer.h"

#include "RandomInstance.h"

#include "gtest/gtest.h"

using namespace mempl;

namespace {

Access readOf(int32_t value) { return {value, 8, AccessMode::Read}; }
Access writeOf(int32_t value) { return {value, 8, AccessMode::Write}; }

Step makeStep(const char *name, std::vector<Access> accesses) {
  Step step;
  step.name = name;
  step.accesses = std::move(accesses);
  return step;
}

/// A chain whose values have numbers for names, as extraction makes them:
/// w -> v1 -> v2.
Instance chain() {
  Instance i;
  i.name = "chain";
  i.machine.capacity = 64;
  i.program.values = {{"arg0", 8, ValueKind::Input},
                      {"v1", 8, ValueKind::Temporary},
                      {"v2", 8, ValueKind::Output}};
  i.program.steps = {makeStep("load", {readOf(0), writeOf(1)}),
                     makeStep("use", {readOf(1), writeOf(2)})};
  return i;
}

/// The same with a step in between, which renames what is behind it.
Instance longerChain() {
  Instance i = chain();
  i.name = "longer";
  i.program.values = {{"arg0", 8, ValueKind::Input},
                      {"v1", 8, ValueKind::Temporary},
                      {"v2", 8, ValueKind::Temporary},
                      {"v3", 8, ValueKind::Output}};
  i.program.steps = {makeStep("load", {readOf(0), writeOf(1)}),
                     makeStep("new", {readOf(1), writeOf(2)}),
                     makeStep("use", {readOf(2), writeOf(3)})};
  return i;
}

TEST(PlanTransfer, FollowsStepsAndNotNumbersInNames) {
  Plan plan;
  plan.instance = "chain";
  plan.residencies = {Residency::byCopy(0, 0, 0, 0, 0),
                      Residency::byWrite(2, 16, 1, 1)};
  plan.residencies[1].out = CopyOut{std::nullopt, 2};
  TransferredPlan moved = transferPlan(chain(), plan, longerChain());
  EXPECT_TRUE(moved.isValid);
  ASSERT_EQ(moved.plan.residencies.size(), 2U);
  // "v2" of the first program is "v3" of the second.
  EXPECT_EQ(moved.plan.residencies[1].value, 3);
  EXPECT_EQ(moved.plan.residencies[1].last, 2);
  EXPECT_EQ(moved.plan.residencies[1].out->done, 3);
  EXPECT_EQ(moved.plan.instance, "longer");
  EXPECT_EQ(moved.str(),
            "3 values matched, 1 new, 0 gone; 2 of 2 placements kept");
}

TEST(PlanTransfer, WhatBeginsAtAStepThatIsGoneBeginsAtTheNext) {
  Plan plan;
  plan.instance = "longer";
  plan.residencies = {Residency::byCopy(0, 0, 0, 0, 0),
                      Residency::byWrite(2, 16, 1, 2),
                      Residency::byWrite(3, 32, 2, 2)};
  plan.residencies[2].out = CopyOut{std::nullopt, 3};
  TransferredPlan moved = transferPlan(longerChain(), plan, chain());
  // The value that the step wrote is gone, and so is its place.
  ASSERT_EQ(moved.plan.residencies.size(), 2U);
  EXPECT_EQ(moved.plan.residencies[1].value, 2);
  EXPECT_EQ(moved.plan.residencies[1].written()->step, 1);
  EXPECT_EQ(moved.gone, 1);
  EXPECT_EQ(moved.fresh, 0);
  EXPECT_EQ(moved.kept, 2);
  EXPECT_EQ(moved.dropped, 1);
}

TEST(PlanTransfer, DropsWhatNoLongerFits) {
  Plan plan;
  plan.instance = "chain";
  plan.residencies = {Residency::byCopy(0, 0, 0, 0, 0),
                      Residency::byWrite(1, 56, 0, 1)};
  Instance larger = chain();
  larger.program.values[1].size = 16;
  TransferredPlan moved = transferPlan(chain(), plan, larger);
  ASSERT_EQ(moved.plan.residencies.size(), 1U);
  EXPECT_EQ(moved.plan.residencies[0].value, 0);
  EXPECT_TRUE(verify(larger, moved.plan).empty());
}

TEST(PlanTransfer, KeepsAnOrderThatIsAllowed) {
  Instance before = chain();
  before.program.order = StepOrder::Free;
  before.program.values.push_back({"x", 8, ValueKind::Input});
  before.program.steps.push_back(makeStep("last", {readOf(3)}));
  Plan plan;
  plan.instance = "chain";
  plan.order = {2, 0, 1};
  plan.residencies = {Residency::byCopy(3, 0, 0, 0, 0)};
  ASSERT_TRUE(verify(before, plan).empty());
  EXPECT_EQ(transferPlan(before, plan, before).plan, plan);
  // What reads a result cannot run first.
  Instance after = before;
  after.program.steps[2].after = {1};
  TransferredPlan moved = transferPlan(before, plan, after);
  EXPECT_TRUE(moved.plan.order.empty());
  ASSERT_EQ(moved.plan.residencies.size(), 1U);
  EXPECT_EQ(moved.plan.residencies[0].last, 2);
  EXPECT_TRUE(verify(after, moved.plan).empty());
}

TEST(PlanTransfer, SaysSoWhereSomethingHasToBeFast) {
  Instance after = chain();
  after.program.values[1].space = SpaceConstraint::Fast;
  TransferredPlan moved = transferPlan(chain(), Plan{"chain", {}, {}}, after);
  EXPECT_FALSE(moved.isValid);
}

/// Takes a step away, puts one in, or changes sizes.
void change(Program &program, Random &random) {
  for (Value &value : program.values)
    if (random.below(6) == 0)
      value.size *= 2;
  if (program.steps.empty())
    return;
  size_t at = random.below(program.steps.size());
  if (random.below(2) == 0) {
    Step step = makeStep("fresh", {readOf(0)});
    program.steps.insert(program.steps.begin() + at, std::move(step));
  } else {
    program.steps.erase(program.steps.begin() + at);
  }
}

TEST(PlanTransfer, RandomPlansOfTheSameProgramStayAsTheyAre) {
  Random random(1, "transfer");
  RandomInstanceOptions options;
  options.fastOrderChance = 0;
  for (int i = 0; i < 300; ++i) {
    Instance instance = randomInstance(random, options);
    Plan plan = randomValidPlan(instance, random);
    TransferredPlan moved = transferPlan(instance, plan, instance);
    EXPECT_EQ(moved.plan, plan) << i;
    EXPECT_EQ(moved.fresh + moved.gone + moved.dropped, 0) << i;
  }
}

TEST(PlanTransfer, RandomPlansOfChangedProgramsAreValid) {
  Random random(2, "transfer");
  RandomInstanceOptions options;
  options.fastOrderChance = 0;
  int changed = 0, kept = 0, all = 0;
  for (int i = 0; i < 600; ++i) {
    Instance before = randomInstance(random, options);
    Plan plan = randomValidPlan(before, random);
    Instance after = before;
    for (int k = 0; k < 2; ++k)
      change(after.program, random);
    if (!checkInstance(after).empty())
      continue;
    ++changed;
    TransferredPlan moved = transferPlan(before, plan, after);
    ASSERT_TRUE(moved.isValid) << i;
    ASSERT_TRUE(verify(after, moved.plan).empty()) << i;
    EXPECT_EQ(moved.kept + moved.dropped,
              transferPlan(before, plan, before).kept);
    kept += moved.kept;
    all += moved.kept + moved.dropped;
  }
  EXPECT_GT(changed, 150);
  EXPECT_GT(kept * 2, all);
}

} // namespace
