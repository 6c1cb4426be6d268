//===- MsaRandomTest.cpp - MSA on random programs -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the program and the constants: a valid plan, and the same one again.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Msa.h"

#include "RandomInstance.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solver.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

struct Setting {
  const char *name;
  MsaOptions options;
};

std::vector<Setting> settings() {
  std::vector<Setting> result = {{"test", MsaOptions::test()},
                                 {"production", MsaOptions::production()},
                                 {"full", MsaOptions::full()}};
  auto add = [&](const char *name, MsaOptions options, const char *text) {
    llvm::cantFail(applyMsaOptions(text, options));
    result.push_back({name, options});
  };
  add("eager", MsaOptions::full(),
      "min_overlap_to_async_copy_ratio=0,"
      "max_overlap_to_mem_size_async_copy_ratio=1000,max_retries=4,"
      "repacker=exact,max_repacks=3,inefficient_use_to_copy_ratio=0");
  add("strict", MsaOptions::full(),
      "enforce_prefetch_fifo_order=true,max_outstanding_prefetches=2,"
      "max_outstanding_evictions=3,inefficient_use_to_copy_ratio=0.95,"
      "sort_order=spatial,max_cross_program_prefetches=3");
  add("short", MsaOptions::test(),
      "min_overlap_count=0,max_overlap_count=3,max_retries=3,max_repacks=5");
  return result;
}

class MsaSettings : public testing::TestWithParam<Setting> {};
INSTANTIATE_TEST_SUITE_P(All, MsaSettings, testing::ValuesIn(settings()),
                         [](const auto &info) { return info.param.name; });

TEST_P(MsaSettings, MakeValidPlansAndTheSameAgain) {
  RandomInstanceOptions big;
  big.minSteps = 10;
  big.maxSteps = 40;
  big.maxValues = 25;
  big.loopChance = 0.05;
  int solved = 0;
  int64_t prefetches = 0, evictions = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "msa test");
    Instance instance =
        randomInstance(random, seed % 2 ? big : RandomInstanceOptions());
    MsaStatistics stats;
    auto plan = planMsa(instance, GetParam().options, &stats);
    if (!plan) {
      llvm::consumeError(plan.takeError());
      continue;
    }
    ++solved;
    prefetches += stats.prefetches;
    evictions += stats.evictions;
    auto violations = verify(instance, *plan);
    ASSERT_TRUE(violations.empty()) << violations.front().str();
    EXPECT_EQ(*plan, llvm::cantFail(planMsa(instance, GetParam().options)));
  }
  EXPECT_GT(solved, 200);
  EXPECT_GT(prefetches, 100);
  EXPECT_GT(evictions, 20);
}

/// Layers of equal steps with their own weights, and some noise around them.
Instance layers(Random &random) {
  Instance instance;
  instance.name = "layers";
  Machine m;
  m.capacity = 10 * random.between(4, 40);
  m.alignment = 10;
  m.slowBandwidth = 10;
  m.fastBandwidth = 100;
  m.copyBandwidth = 10;
  m.maxCarried = random.between(0, 1);
  instance.machine = m;
  auto add = [&](ValueKind kind, int64_t size) {
    instance.program.values.push_back({"v", size, kind});
    return instance.numValues() - 1;
  };
  auto period = static_cast<int>(random.between(4, 9));
  std::vector<int64_t> weight, result, back;
  std::vector<double> compute;
  for (int k = 0; k < period; ++k) {
    weight.push_back(random.chance(0.6) ? 10 * random.between(1, 6) : 0);
    result.push_back(10 * random.between(1, 6));
    back.push_back(random.between(1, period));
    compute.push_back(static_cast<double>(random.between(0, 12)));
  }
  std::vector<int32_t> made;
  int32_t shared = add(ValueKind::Input, 20), x = add(ValueKind::Input, 30);
  for (int r = 0; r < 6; ++r)
    for (int k = 0; k < period; ++k) {
      Step step;
      step.compute = compute[k];
      if (weight[k] > 0)
        step.accesses.push_back(
            {add(ValueKind::Input, weight[k]), weight[k], AccessMode::Read});
      if (k == 1)
        step.accesses.push_back({shared, 20, AccessMode::Read});
      auto i = static_cast<int64_t>(made.size()) - back[k];
      int32_t operand = i < 0 ? x : made[i];
      step.accesses.push_back(
          {operand, instance.program.values[operand].size, AccessMode::Read});
      made.push_back(add(ValueKind::Temporary, result[k]));
      step.accesses.push_back({made.back(), result[k], AccessMode::Write});
      instance.program.steps.push_back(std::move(step));
    }
  return instance;
}

TEST_P(MsaSettings, MakeValidPlansForLayers) {
  int64_t optimized = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "msa layers");
    Instance instance = layers(random);
    ASSERT_TRUE(checkInstance(instance).empty());
    MsaStatistics stats;
    Plan plan = llvm::cantFail(planMsa(instance, GetParam().options, &stats));
    optimized += stats.loopsOptimized;
    auto violations = verify(instance, plan);
    ASSERT_TRUE(violations.empty()) << violations.front().str();
  }
  EXPECT_EQ(optimized > 150, GetParam().options.loopOptimizer);
}

TEST(MsaTuned, IsNeverWorseThanFullAndGetsBetterWithItsBudget) {
  int better = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "msa tuned test");
    Instance instance = layers(random);
    SolverContext options;
    options.seed = seed;
    options.budget = 1500;
    auto full = llvm::cantFail(createSolver("msa"));
    auto tuned = llvm::cantFail(createSolver("msa{tune}"));
    double before = llvm::cantFail(full->solve(instance, options)).latency;
    Solution result = llvm::cantFail(tuned->solve(instance, options));
    EXPECT_TRUE(verify(instance, result.plan).empty());
    EXPECT_EQ(result.latency, simulateLatency(instance, result.plan));
    // Passes of 10 units and one more for every 20 values, as many as fit.
    int64_t units = 10 + instance.numValues() / 20;
    EXPECT_EQ(result.evaluated, 1500 / units * units);
    EXPECT_LE(result.latency, before);
    better += result.latency < before;
    EXPECT_EQ(result.plan,
              llvm::cantFail(tuned->solve(instance, options)).plan);
    options.budget = 1;
    EXPECT_EQ(llvm::cantFail(tuned->solve(instance, options)).latency, before);
  }
  EXPECT_GT(better, 15);
}

} // namespace
