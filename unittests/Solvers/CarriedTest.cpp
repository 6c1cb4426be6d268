//===- CarriedTest.cpp - values that a run leaves for the next one --------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Solver.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/UseIntervalForest.h"
#include "mempl/Solvers/UseIntervalPlacer.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;

namespace {

Machine carrying(int64_t most) {
  Machine m = machine();
  m.maxCarried = most;
  return m;
}

Solution solve(llvm::StringRef solverName, const Instance &instance,
               int64_t budget = 2000) {
  auto solver = llvm::cantFail(createSolver(solverName));
  SolverContext options;
  options.budget = budget;
  auto result = llvm::cantFail(solver->solve(instance, options));
  EXPECT_TRUE(verify(instance, result.plan).empty());
  EXPECT_EQ(result.latency, simulateLatency(instance, result.plan));
  return result;
}

int64_t numCarried(const Plan &plan) {
  return llvm::count_if(plan.residencies,
                        [](const Residency &r) { return r.isKept(); });
}

class Carriers : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(All, Carriers,
                         testing::Values("greedy", "search", "portfolio"));

// The first step reads 50 bytes: 5 s from slow memory, 0.5 from fast memory.
TEST_P(Carriers, KeepWhatTheFirstStepReads) {
  for (int64_t most : {0, 1}) {
    Instance instance = program(
        {input("w", 50)}, {step(0.5, {read(0, 50)}), step(8)}, carrying(most));
    Solution result = solve(GetParam(), instance);
    EXPECT_EQ(numCarried(result.plan), most);
    EXPECT_DOUBLE_EQ(result.latency, most ? 8.5 : 13);
  }
}

// Another value needs the memory in between, so that the weight is fetched
// again, during the last long step.
TEST_P(Carriers, FetchAgainWhatDoesNotStay) {
  Instance instance =
      program({input("w", 60), temporary("t", 60)},
              {step(0.6, {read(0, 60)}), step(0.6, {write(1, 60)}),
               step(0.6, {read(1, 60)}), step(20), step(20)},
              carrying(1));
  Solution result = solve(GetParam(), instance);
  EXPECT_EQ(numCarried(result.plan), 1);
  EXPECT_NEAR(result.latency, 41.8, 1e-9);
  EXPECT_EQ(result.plan.residencies.size(), 3u);
}

TEST_P(Carriers, KeepTheLimit) {
  std::vector<Value> values;
  std::vector<Step> steps;
  for (int32_t v = 0; v < 5; ++v) {
    values.push_back(input("w", 20));
    steps.push_back(step(0, {read(v, 20)}));
  }
  double before = std::numeric_limits<double>::infinity();
  for (int64_t most = 0; most <= 5; ++most) {
    Solution result = solve(GetParam(), program(values, steps, carrying(most)));
    EXPECT_EQ(numCarried(result.plan), most);
    EXPECT_LT(result.latency, before);
    before = result.latency;
  }
}

TEST_P(Carriers, LeaveAloneWhatIsWrittenOrOrderedSlow) {
  Instance instance = program(
      {inOut("w", 20), {"s", 20, ValueKind::Input, SpaceConstraint::Slow}},
      {step(0, {update(0, 40), read(1, 20)}), step(8)}, carrying(2));
  EXPECT_EQ(numCarried(solve(GetParam(), instance).plan), 0);
}

// Nothing is there before the first trip of a loop.
TEST_P(Carriers, DoNotCarryFromTripToTrip) {
  Instance body = program({input("w", 50)}, {step(0.5, {read(0, 50)}), step(8)},
                          carrying(1));
  Instance instance = program({}, {loop(3, body)}, carrying(1));
  for (const auto &[at, body] : solve(GetParam(), instance).plan.loops)
    EXPECT_EQ(numCarried(body.plan), 0);
}

TEST_P(Carriers, MakeValidPlansOfRandomPrograms) {
  int64_t stays = 0, again = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "carried test");
    RandomInstanceOptions options;
    options.carriedChance = 1;
    options.fastOrderChance = 0;
    options.minSteps = 6;
    options.maxSteps = 16;
    options.slowOrderChance = 0;
    Instance instance = randomInstance(random, options);
    for (Step &step : instance.program.steps)
      for (Access &access : step.accesses)
        if (instance.program.values[access.value].kind == ValueKind::Input)
          access.mode = AccessMode::Read;
    ASSERT_TRUE(checkInstance(instance).empty());
    Solution result = solve(GetParam(), instance, 400);
    for (const Residency &r : result.plan.residencies) {
      stays += r.isKept() && r.last == instance.numSteps() - 1;
      again += r.isKept() && r.last < instance.numSteps() - 1;
    }
  }
  EXPECT_GT(stays, 10);
  EXPECT_GT(again, 3);
}

TEST(Greedy, IsFasterForWhatItMayCarry) {
  for (const char *name : {"vgg16_b8", "resnet50_b8", "dlrm_b2048"}) {
    Instance instance =
        llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                    name + ".v5e.instance.json.gz"));
    double without = solve("greedy", instance).latency;
    instance.machine.maxCarried = 4;
    EXPECT_LT(solve("greedy", instance).latency, without) << name;
  }
}

TEST(UseIntervalPlacer, CarryChangesNothingWhereItDoesNotFit) {
  Instance instance = program(
      {input("w", 60), input("x", 60)},
      {step(0, {read(0, 60)}), step(1), step(0, {read(1, 60)})}, carrying(2));
  AccessIndex index(instance);
  PlanEditor editor(index);
  UseIntervalPlacer placer(editor);
  EXPECT_TRUE(placer.carry(0, index.endUse(0), {}));
  EXPECT_FALSE(placer.carry(1, index.firstUse(1), {}));
  EXPECT_FALSE(placer.carry(1, index.endUse(1), {}));
  EXPECT_EQ(editor.numResidencies(), 1);
  EXPECT_EQ(editor.numCarried(), 1);
  EXPECT_TRUE(editor.isLegal());
}

} // namespace
