//===- ProfilePackingTest.cpp - offsets for plans that have none ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomInstance.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/ProfilePacking.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

/// The same plan without offsets.
Plan withoutOffsets(Plan plan) {
  for (Residency &r : plan.residencies)
    r.offset = 0;
  return plan;
}

TEST(ProfilePacking, FindsOffsetsForPlansThatHadSome) {
  Random random(5, "packing");
  int64_t plans = 0, packed = 0, kept = 0;
  RandomInstanceOptions options;
  options.maxSteps = 16;
  options.maxValues = 14;
  options.carriedChance = 0.9;
  for (int round = 0; round < 600; ++round) {
    Instance instance = randomInstance(random, options);
    AccessIndex index(instance);
    Plan plan = randomValidPlan(instance, random);
    if (!verify(instance, plan).empty())
      continue; // A constraint that cannot be met.
    ProfilePacking result = packProfile(index, withoutOffsets(plan),
                                        instance.machine.capacity, 100, {});
    ++plans;
    EXPECT_EQ(result.plan.residencies.size() + result.dropped,
              plan.residencies.size());
    if (result.dropped > 0)
      continue;
    ++packed;
    for (const Residency &r : plan.residencies)
      kept += r.isKept();
    EXPECT_TRUE(verify(instance, result.plan).empty());
    EXPECT_EQ(simulateLatency(instance, result.plan),
              simulateLatency(instance, plan));
  }
  EXPECT_GT(plans, 300);
  EXPECT_GE(packed, plans * 99 / 100);
  EXPECT_GT(kept, 5);
}

TEST(ProfilePacking, WhatDoesNotFitIsDropped) {
  Instance instance;
  instance.machine.capacity = 10;
  instance.program.steps.resize(2);
  for (auto [name, size] : {std::pair("a", 6), {"b", 5}, {"c", 4}}) {
    auto v = static_cast<int32_t>(instance.program.values.size());
    instance.program.values.push_back({name, size, ValueKind::Input});
    for (Step &step : instance.program.steps)
      step.accesses.push_back({v, size});
  }
  ASSERT_TRUE(checkInstance(instance).empty());
  AccessIndex index(instance);
  Plan plan;
  for (int32_t v = 0; v < 3; ++v)
    plan.residencies.push_back(Residency::byCopy(v, 0, 0, 0, 1));
  ProfilePacking result = packProfile(index, plan, 10, 10, {});
  // a and c are 10 bytes together; b has to go.
  EXPECT_EQ(result.dropped, 1);
  EXPECT_TRUE(verify(instance, result.plan).empty());
  ASSERT_EQ(result.plan.residencies.size(), 2u);
  EXPECT_EQ(result.plan.residencies[0].value, 0);
  EXPECT_EQ(result.plan.residencies[1].value, 2);
}

/// Cuts steps x bytes into rectangles, each a residency of a value of its own:
/// a plan that leaves no byte free.
void cut(Instance &instance, Plan &plan, Random &random, int32_t start,
         int32_t end, int64_t low, int64_t high, int depth) {
  if (depth > 0 && end > start && random.chance(0.5)) {
    auto middle = static_cast<int32_t>(random.between(start, end - 1));
    cut(instance, plan, random, start, middle, low, high, depth - 1);
    cut(instance, plan, random, middle + 1, end, low, high, depth - 1);
    return;
  }
  if (depth > 0 && high - low > 1) {
    int64_t middle = random.between(low + 1, high - 1);
    cut(instance, plan, random, start, end, low, middle, depth - 1);
    cut(instance, plan, random, start, end, middle, high, depth - 1);
    return;
  }
  int32_t v = instance.numValues();
  instance.program.values.push_back(
      {"v" + std::to_string(v), high - low, ValueKind::Temporary});
  for (int32_t i : {start, end})
    if (i == start || end > start)
      instance.program.steps[i].accesses.push_back(
          {v, high - low, i == start ? AccessMode::Write : AccessMode::Read});
  plan.residencies.push_back(Residency::byWrite(v, low, start, end));
}

TEST(ProfilePacking, LongPlansThatLeaveNoByteFreeAreMended) {
  constexpr int32_t steps = 12, capacity = 60;
  for (int32_t layers : {400, 1600}) {
    Instance instance;
    instance.machine.capacity = capacity;
    instance.program.steps.resize(layers * steps);
    Random random(3, "layers");
    Plan plan;
    for (int32_t k = 0; k < layers; ++k)
      cut(instance, plan, random, k * steps, (k + 1) * steps - 1, 0, capacity,
          4);
    ASSERT_TRUE(checkInstance(instance).empty());
    for (const Violation &violation : verify(instance, plan))
      FAIL() << violation.str();
    auto items = static_cast<int64_t>(plan.residencies.size());
    ASSERT_GT(items, layers * 10);
    AccessIndex index(instance);
    ProfilePacking result =
        packProfile(index, withoutOffsets(plan), capacity, 120, {});
    EXPECT_TRUE(verify(instance, result.plan).empty());
    // Few rounds of the whole, which alone leave out much more; mending costs
    // what is left out, and so the same per item in a longer program.
    EXPECT_LT(result.rounds, 40);
    EXPECT_LT(result.placed, 60 * items);
    EXPECT_EQ(result.dropped, 0);
  }
}

TEST(ProfilePacking, OfNothingIsNothing) {
  Instance instance;
  AccessIndex index(instance);
  ProfilePacking result = packProfile(index, Plan(), 0, 10, {});
  EXPECT_EQ(result.dropped, 0);
  EXPECT_TRUE(result.plan.residencies.empty());
}

} // namespace
