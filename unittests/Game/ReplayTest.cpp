//===- ReplayTest.cpp - plans of solvers, played --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"

#include "mempl/Game/PlanReplay.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::gametest;

namespace {

Solution solve(llvm::StringRef solverName, const Instance &instance,
               int64_t budget) {
  SolverContext context;
  context.budget = budget;
  return llvm::cantFail(
      llvm::cantFail(createSolver(solverName))->solve(instance, context));
}

constexpr ReplayOrder kOrders[] = {ReplayOrder::Time, ReplayOrder::List,
                                   ReplayOrder::Density};

TEST(Replay, LosesLittleOfThePlansOfSearch) {
  for (const char *name : {"alexnet_b64", "bert_base_train_b4", "dlrm_b2048",
                           "gpt2_decode_b8", "lstm_b64", "resnet50_train_b16",
                           "transformer_adam_b4", "wavenet_b4"}) {
    SCOPED_TRACE(name);
    Instance instance = realProgram(name);
    // Little memory is hard.
    instance.machine.capacity = int64_t(32) << 20;
    Solution search = solve("search", instance, 5000);
    GameOptions options = optionsOf(search.plan);
    options.greedyLatency = search.latency;
    GameState state(gameOf(instance, options));
    for (ReplayOrder order : kOrders) {
      Replay replay = replayPlan(state, search.plan, order);
      EXPECT_EQ(replay.numMissed, 0);
      EXPECT_EQ(replay.latency, state.latency());
      EXPECT_EQ(replay.actions.size(), static_cast<size_t>(state.numApplied()));
      EXPECT_LE(replay.latency,
                search.latency * (order == ReplayOrder::Time ? 1.01 : 1.02));
      expectValid(instance, state.finalPlan());
      state.restart();
      for (Action a : replay.actions)
        state.apply(a);
      EXPECT_EQ(state.latency(), replay.latency);
      state.restart();
    }
  }
}

TEST(Replay, MissesNothingOfRandomPlans) {
  RandomInstanceOptions options;
  options.maxSteps = 12;
  options.limitChance = 0;
  options.loopChance = 0;
  options.fastOrderChance = 0;
  options.carriedChance = 0;
  int64_t placed = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "random plans");
    Instance instance = randomInstance(random, options);
    Plan plan = randomValidPlan(instance, random);
    GameState state(gameOf(instance, optionsOf(plan)));
    for (ReplayOrder order : kOrders) {
      Replay replay = replayPlan(state, plan, order);
      EXPECT_EQ(replay.numMissed, 0);
      placed += static_cast<int64_t>(replay.actions.size()) - 1;
      expectValid(instance, state.finalPlan());
      state.restart();
    }
  }
  EXPECT_GT(placed, 500);
}

} // namespace
