//===- StepOrdersTest.cpp - search over the order of steps ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StartingOrders.h"
#include "StepMoves.h"

#include "BruteForce.h"
#include "HandMade.h"
#include "RandomInstance.h"

#include "mempl/Problem/PlanDiff.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/ADT/STLExtras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

using namespace mempl;
using namespace mempl::handmade;

namespace {

/// A random program whose order is free, and those of its bodies.
Instance randomFree(Random &random, const RandomInstanceOptions &options = {}) {
  Instance instance = randomInstance(random, options);
  Program &program = instance.program;
  program.order = StepOrder::Free;
  for (int32_t i = 1; i < program.numSteps(); ++i)
    if (random.chance(0.15))
      program.steps[i].after = {static_cast<int32_t>(random.below(i))};
  for (Step &step : program.steps)
    if (step.body) {
      Program body = *step.body;
      body.order = StepOrder::Free;
      step.body = std::make_shared<Program>(std::move(body));
    }
  return instance;
}

Instance realProgram(const char *name) {
  Instance instance =
      llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                  name + ".v5e.instance.json.gz"));
  instance.program.order = StepOrder::Free;
  return instance;
}

llvm::Expected<Solution> search(const Instance &instance, int64_t budget,
                                llvm::StringRef spec = "search") {
  SolverContext context;
  context.budget = budget;
  return llvm::cantFail(createSolver(spec))->solve(instance, context);
}

/// The latency of the best plan in the best order.
double optimumOf(const Instance &instance) {
  std::vector<int32_t> order(instance.numSteps());
  std::iota(order.begin(), order.end(), 0);
  double best = std::numeric_limits<double>::infinity();
  do {
    if (!isValidOrder(instance.program, order))
      continue;
    Instance ordered{instance.name, instance.machine,
                     inOrder(instance.program, order)};
    best = std::min(best, bruteForceOptimum(ordered));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(StepMoves, KeepAllDependencies) {
  int moves = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "step moves test");
    Instance instance = randomFree(random);
    ReorderableProgram program(instance, {});
    for (int k = 0; k < 20 && program.index().numUses() > 0; ++k) {
      StepMove move = randomStepMove(program, random);
      if (move.places.empty())
        continue;
      ++moves;
      program.reorder(move.first, move.places);
      ASSERT_TRUE(isValidOrder(instance.program, program.order()));
    }
  }
  EXPECT_GT(moves, 1000);
}

/// 0 -> 1 -> 3, and 2 on its own.
Instance chainAndOther() {
  Instance instance =
      program({temporary("a", 10), temporary("b", 10), input("w", 10)},
              {step(1, {write(0, 10)}), step(1, {read(0, 10), write(1, 10)}),
               step(1, {read(2, 10)}), step(1, {read(1, 10)})});
  instance.program.order = StepOrder::Free;
  return instance;
}

TEST(StepMoves, TakeAlongWhatAStepNeedsOrWhoNeedsIt) {
  Instance instance = chainAndOther();
  ReorderableProgram program(instance, {2, 0, 1, 3});
  StepMove earlier = moveEarlier(program, /*from=*/3, /*to=*/0);
  program.reorder(earlier.first, earlier.places);
  EXPECT_THAT(program.order(), testing::ElementsAre(0, 1, 3, 2));
  StepMove later = moveLater(program, /*from=*/1, /*to=*/3);
  program.reorder(later.first, later.places);
  EXPECT_THAT(program.order(), testing::ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(moveEarlier(program, 2, 2).places, testing::IsEmpty());
  EXPECT_EQ(program.firstPlaceFor(1), 0);
  EXPECT_EQ(program.lastPlaceFor(1), 3);
  EXPECT_EQ(program.firstPlaceFor(2), 1);
  EXPECT_EQ(program.lastPlaceFor(0), 1);
}

TEST(StartingOrders, AreValidAndNotTheProgramsOwn) {
  size_t found = 0;
  auto check = [&](const Instance &instance) {
    std::vector<std::vector<int32_t>> orders =
        startingOrders(AccessIndex(instance));
    found += orders.size();
    for (const std::vector<int32_t> &order : orders) {
      EXPECT_TRUE(isValidOrder(instance.program, order));
      EXPECT_FALSE(llvm::is_sorted(order));
      EXPECT_EQ(llvm::count(orders, order), 1);
    }
  };
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, "starting orders test");
    check(randomFree(random));
  }
  check(realProgram("gpt2_decode_b8"));
  EXPECT_GT(found, 300u);
}

/// Two readers of a large input that are far apart.
TEST(Search, BringsReadersOfAValueTogether) {
  Instance instance = program({input("a", 90), input("b", 90)},
                              {step(1, {read(0, 90)}), step(1, {read(1, 90)}),
                               step(1, {read(0, 90)}), step(1, {read(1, 90)})});
  Solution fixed = llvm::cantFail(search(instance, 2000));
  instance.program.order = StepOrder::Free;
  Solution free = llvm::cantFail(search(instance, 2000));
  EXPECT_LT(free.latency, 0.9 * fixed.latency);
  EXPECT_THAT(verify(instance, free.plan), testing::IsEmpty());
  Solution kept = llvm::cantFail(search(instance, 2000, "search{order=keep}"));
  EXPECT_EQ(kept.plan, fixed.plan);
  EXPECT_THAT(kept.plan.order, testing::IsEmpty());
}

TEST(Search, MakesValidPlansInOrdersOfItsOwn) {
  int reordered = 0, bodies = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "orders test");
    Instance instance = randomFree(random);
    auto result = search(instance, 300);
    if (!result) {
      llvm::consumeError(result.takeError());
      continue;
    }
    EXPECT_THAT(verify(instance, result->plan), testing::IsEmpty());
    EXPECT_EQ(result->latency, simulateLatency(instance, result->plan));
    reordered += !result->plan.order.empty();
    for (const auto &[step, body] : result->plan.loops)
      bodies += !body.plan.order.empty();
  }
  EXPECT_GT(reordered, 50);
  EXPECT_GT(bodies, 5);
}

/// A few steps that read some of a few inputs, and sometimes what another one
/// has written.
Instance randomReaders(Random &random) {
  std::vector<Value> values = {input("a", 10 * random.between(2, 5)),
                               input("b", 10 * random.between(2, 5)),
                               temporary("c", 10 * random.between(1, 4))};
  std::vector<Step> steps;
  auto numSteps = static_cast<int32_t>(random.between(4, 5));
  auto writer = static_cast<int32_t>(random.below(numSteps));
  for (int32_t i = 0; i < numSteps; ++i) {
    auto value = static_cast<int32_t>(random.below(2));
    steps.push_back(step(static_cast<double>(random.between(0, 3)),
                         {read(value, values[value].size)}));
    if (i == writer)
      steps.back().accesses.push_back(write(2, values[2].size));
    else if (i > writer && random.chance(0.4))
      steps.back().accesses.push_back(read(2, values[2].size));
  }
  Instance instance = program(values, steps);
  instance.machine.capacity = 50;
  instance.program.order = StepOrder::Free;
  return instance;
}

TEST(Search, FindsMostlyTheBestOrderAndNeverABetterOne) {
  int optimal = 0, gained = 0;
  constexpr int all = 30;
  for (uint64_t seed = 0; seed < all; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "best orders test");
    Instance instance = randomReaders(random);
    double optimum = optimumOf(instance);
    Solution found = llvm::cantFail(search(instance, 2000));
    EXPECT_GE(found.latency, optimum * (1 - 1e-12));
    optimal += found.latency <= optimum * (1 + 1e-9);
    gained += optimum < bruteForceOptimum(instance) * (1 - 1e-9);
  }
  EXPECT_GT(optimal, all * 9 / 10);
  EXPECT_GT(gained, all / 4);
}

TEST(Search, IsDeterministicWithOrders) {
  Instance instance = realProgram("gpt2_decode_b8");
  Solution a = llvm::cantFail(search(instance, 2000));
  EXPECT_EQ(a.plan, llvm::cantFail(search(instance, 2000)).plan);
  EXPECT_FALSE(a.plan.order.empty());
  EXPECT_LE(a.evaluated, 2000);
  EXPECT_THAT(verify(instance, a.plan), testing::IsEmpty());
  EXPECT_LT(
      a.latency,
      llvm::cantFail(search(instance, 2000, "search{order=keep}")).latency);
}

/// A plan in another order to begin with is of no use to a search that keeps
/// the order.
TEST(Search, GoesOnFromAPlanInAnotherOrder) {
  Instance instance = realProgram("gpt2_decode_b8");
  Solution first = llvm::cantFail(search(instance, 2000));
  SolverContext context;
  context.budget = 100;
  context.start = std::make_shared<Plan>(first.plan);
  auto free = createSolver("search"), keep = createSolver("search{order=keep}");
  EXPECT_LE(llvm::cantFail((*free)->solve(instance, context)).latency,
            first.latency);
  Solution kept = llvm::cantFail((*keep)->solve(instance, context));
  EXPECT_THAT(kept.plan.order, testing::IsEmpty());
  EXPECT_THAT(verify(instance, kept.plan), testing::IsEmpty());
}

/// It looks at no other orders to begin with.
TEST(Search, StaysNearerToThePlanThatItPolishes) {
  Instance instance = realProgram("gpt2_decode_b8");
  Solution first = llvm::cantFail(search(instance, 2000, "greedy"));
  SolverContext context;
  context.budget = 2000;
  context.start = std::make_shared<Plan>(first.plan);
  auto stepsMovedBy = [&](llvm::StringRef spec) {
    auto solver = createSolver(spec);
    Solution more = llvm::cantFail((*solver)->solve(instance, context));
    EXPECT_LT(more.latency, first.latency);
    EXPECT_THAT(verify(instance, more.plan), testing::IsEmpty());
    return diffPlans(instance, first.plan, more.plan).stepsMoved;
  };
  EXPECT_LT(stepsMovedBy("search{polish=true}"), stepsMovedBy("search"));
}

} // namespace
