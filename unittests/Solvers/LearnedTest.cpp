//===- LearnedTest.cpp - policies, and plans that they make ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Openings.h"
#include "StartingOrders.h"

#include "RandomInstance.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mempl;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr int64_t kSegment = SegmentFeatures::kNumColumns;
constexpr int64_t kStep = StepFeatures::kNumColumns;

Instance realProgram(const char *name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name + ".v5e.instance.json.gz"));
}

/// A policy of one head that goes by one feature of segments.
Weights goingBy(SegmentFeatures::Column column) {
  Weights weights;
  std::vector<float> linear(kSegment);
  linear[column] = 1;
  weights.set("policy.linear", {{1, kSegment}, linear});
  weights.set("policy.await", {{1}, {1}});
  weights.set("policy.order", {{1, kStep}, std::vector<float>(kStep)});
  weights.set("policy.backward", {{1}, {-1}});
  return weights;
}

TEST(SegmentPolicy, ThatIsBuiltInIsRead) {
  SegmentPolicy policy = llvm::cantFail(SegmentPolicy::read(""));
  EXPECT_GE(policy.numHeads(), 1);
  auto missing = SegmentPolicy::create(Weights());
  ASSERT_FALSE(static_cast<bool>(missing));
  EXPECT_THAT(llvm::toString(missing.takeError()), HasSubstr("policy.linear"));
}

TEST(SegmentPolicy, WeighsFeaturesAndTheHiddenLayer) {
  Instance instance = realProgram("resnet50_b8");
  AccessIndex index(instance);
  UseIntervalForest forest(index, instance.machine.capacity);
  SegmentFeatures features(index, forest);
  ASSERT_EQ(features.numRows(), static_cast<int32_t>(forest.nodes().size()));
  Weights weights = goingBy(SegmentFeatures::Size);
  auto plain =
      llvm::cantFail(SegmentPolicy::create(weights)).priorities(features, 0);
  // One unit: the positive part of Idle + Segments + 0.5, weighted by 2.
  std::vector<float> hidden(kSegment + SegmentFeatures::kNumContext + 1);
  hidden[SegmentFeatures::Idle] = 1;
  hidden[kSegment + SegmentFeatures::Segments] = 1;
  hidden.back() = 0.5F;
  auto inputs = static_cast<int64_t>(hidden.size());
  weights.set("policy.hidden", {{1, inputs}, hidden});
  weights.set("policy.output", {{1, 1}, {2}});
  auto deep =
      llvm::cantFail(SegmentPolicy::create(weights)).priorities(features, 0);
  for (int32_t node = 0; node < features.numRows(); ++node) {
    llvm::ArrayRef<float> row = features.row(node);
    EXPECT_FLOAT_EQ(plain[node], row[SegmentFeatures::Size]);
    double unit = std::max(0.0F, row[SegmentFeatures::Idle] +
                                     features.context()[0] + 0.5F);
    EXPECT_NEAR(deep[node] - plain[node], 2 * unit, 1e-4);
  }
}

TEST(SegmentFeatures, AreFiniteAndLimited) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, "segment features test");
    Instance instance = randomInstance(random, {});
    AccessIndex index(instance);
    UseIntervalForest forest(index, instance.machine.capacity);
    SegmentFeatures features(index, forest);
    for (int32_t node = 0; node < features.numRows(); ++node)
      for (float x : features.row(node))
        EXPECT_LE(std::abs(x), SegmentFeatures::kLimit) << seed;
    for (float x : features.context())
      EXPECT_LE(std::abs(x), SegmentFeatures::kLimit) << seed;
  }
}

TEST(OrderByPolicy, KeepsDependencies) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, "order by policy test");
    Instance instance = randomInstance(random, {});
    instance.program.order = StepOrder::Free;
    AccessIndex index(instance);
    std::vector<double> weights(kStep);
    for (double &weight : weights)
      weight = 4 * random.uniform() - 2;
    for (bool isBackward : {false, true})
      EXPECT_TRUE(isValidOrder(instance.program,
                               orderByPolicy(index, weights, isBackward)))
          << seed;
  }
}

TEST(OrderByPolicy, IsTheProgramsOwnIfPlacesCount) {
  Instance instance = realProgram("gpt2_decode_b8");
  instance.program.order = StepOrder::Free;
  AccessIndex index(instance);
  std::vector<double> weights(kStep);
  weights[StepFeatures::Place] = -1;
  for (bool isBackward : {false, true})
    EXPECT_TRUE(llvm::is_sorted(orderByPolicy(index, weights, isBackward)));
}

llvm::Expected<Solution> solve(llvm::StringRef spec, const Instance &instance,
                               int64_t budget = 400) {
  SolverContext context;
  context.budget = budget;
  return llvm::cantFail(createSolver(spec))->solve(instance, context);
}

TEST(Learned, MakesValidPlans) {
  int made = 0, reordered = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "learned test");
    Instance instance = randomInstance(random, {});
    if (seed % 2 == 0)
      instance.program.order = StepOrder::Free;
    auto greedy = solve("greedy", instance),
         learned = solve("learned", instance);
    ASSERT_EQ(static_cast<bool>(greedy), static_cast<bool>(learned));
    if (!learned) {
      llvm::consumeError(greedy.takeError());
      llvm::consumeError(learned.takeError());
      continue;
    }
    ++made;
    reordered += !learned->plan.order.empty();
    EXPECT_THAT(verify(instance, learned->plan), IsEmpty());
    EXPECT_EQ(learned->latency, simulateLatency(instance, learned->plan));
    // The orders of greedy are tried as well.
    EXPECT_LE(learned->latency, greedy->latency);
  }
  EXPECT_GT(made, 200);
  EXPECT_GT(reordered, 20);
}

TEST(Learned, PlansDependOnTheWeights) {
  Instance instance = realProgram("gpt2_decode_b8");
  instance.machine.capacity = int64_t(16) << 20;
  std::string path = testing::TempDir() + "/bySize.mempl";
  llvm::cantFail(goingBy(SegmentFeatures::Size).write(path));
  Solution builtIn = llvm::cantFail(solve("search", instance, 3000));
  std::string spec = "search{weights='" + path + "'}";
  Solution other = llvm::cantFail(solve(spec, instance, 3000));
  EXPECT_FALSE(builtIn.plan == other.plan);
  EXPECT_TRUE(llvm::cantFail(solve(spec, instance, 3000)).plan == other.plan);
  // Nothing is read for a search that is not learned.
  auto unread = solve("search{learned=false weights=/nowhere}", instance, 100);
  EXPECT_TRUE(static_cast<bool>(unread));
  for (const char *learns :
       {"search{weights=/nowhere}", "learned{weights=/nowhere}"}) {
    auto failed = solve(learns, instance, 100);
    ASSERT_FALSE(static_cast<bool>(failed));
    EXPECT_THAT(llvm::toString(failed.takeError()), HasSubstr("/nowhere"));
  }
}

TEST(Openings, ArePlansInManyOrders) {
  Instance instance = realProgram("transformer_adam_b4");
  instance.program.order = StepOrder::Free;
  AccessIndex index(instance);
  SolverContext context;
  context.budget = 4000;
  Deadline deadline(context);
  SegmentPolicy policy = llvm::cantFail(SegmentPolicy::read(""));
  OpeningSources sources;
  sources.policy = &policy;
  sources.isFree = true;
  sources.densityOrder = 2;
  Effort effort{context, deadline};
  DecodedPlan start;
  start.latency = simulateLatency(instance, start.plan);
  std::vector<DecodedPlan> plans =
      makeOpenings(index, {}, sources, start, /*share=*/0.5, effort);
  EXPECT_GT(effort.moves, 1000);
  EXPECT_LE(effort.moves, 2000);
  // All of greedy's orders and all starting orders have had their turn.
  EXPECT_GT(plans.size(), 15u);
  EXPECT_EQ(plans.back().latency, start.latency);
  EXPECT_LT(plans.front().latency, plans.back().latency);
  for (const DecodedPlan &made : plans) {
    EXPECT_TRUE(isValidOrder(instance.program, made.plan.order));
    EXPECT_EQ(made.latency, simulateLatency(instance, made.plan));
  }
}

} // namespace
