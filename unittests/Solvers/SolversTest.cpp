//===- SolversTest.cpp - what every solver promises -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Solver.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

using namespace mempl;

namespace {

std::string text(const Plan &plan) {
  std::string result;
  llvm::raw_string_ostream os(result);
  writePlan(os, plan);
  return result;
}

llvm::Expected<Solution> solve(llvm::StringRef solverName,
                               const Instance &instance,
                               SolverContext options = {}) {
  auto solver = createSolver(solverName);
  if (!solver)
    return solver.takeError();
  return (*solver)->solve(instance, options);
}

Instance realProgram(const char *name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name + ".v5e.instance.json.gz"));
}

class AllSolvers : public testing::TestWithParam<const char *> {};

TEST_P(AllSolvers, MakeValidPlansForRandomPrograms) {
  int solved = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "solvers test");
    Instance instance = randomInstance(random, RandomInstanceOptions());
    SolverContext options;
    options.budget = 200;
    auto result = solve(GetParam(), instance, options);
    if (!result) {
      // Only constraints to be fast can be impossible to meet.
      EXPECT_THAT(llvm::toString(result.takeError()),
                  testing::AnyOf(testing::HasSubstr("constrained to be there"),
                                 testing::HasSubstr("no valid plan found")));
      continue;
    }
    ++solved;
    auto violations = verify(instance, result->plan);
    EXPECT_TRUE(violations.empty()) << violations.front().str();
    EXPECT_EQ(result->latency, simulateLatency(instance, result->plan));
  }
  EXPECT_GT(solved, 75);
}

TEST_P(AllSolvers, AreDeterministic) {
  Instance instance = realProgram("dlrm_b2048");
  SolverContext options;
  options.budget = 500;
  auto first = solve(GetParam(), instance, options);
  ASSERT_TRUE(static_cast<bool>(first));
  options.threads = 2;
  auto second = solve(GetParam(), instance, options);
  ASSERT_TRUE(static_cast<bool>(second));
  EXPECT_EQ(text(first->plan), text(second->plan));
}

TEST_P(AllSolvers, StopWhenCancelledWithAValidPlan) {
  Instance instance = realProgram("gpt2_decode_b8");
  SolverContext options;
  options.budget = 0;
  int asked = 0;
  options.cancelled = [&] { return ++asked > 3; };
  auto result = solve(GetParam(), instance, options);
  ASSERT_TRUE(static_cast<bool>(result));
  EXPECT_TRUE(verify(instance, result->plan).empty());
}

TEST_P(AllSolvers, TakeTheEmptyProgram) {
  Instance instance;
  instance.name = "empty";
  instance.machine = {0, 1, 2, 1, 1, 0};
  auto result = solve(GetParam(), instance);
  ASSERT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(result->latency, 0);
  EXPECT_TRUE(result->plan.residencies.empty());
}

INSTANTIATE_TEST_SUITE_P(All, AllSolvers,
                         testing::Values("none", "greedy", "search",
                                         "portfolio", "msa", "msa{preset=test}",
                                         "msa{preset=production}", "msa{tune}",
                                         "search{start=msa}",
                                         "search{tries=3}"),
                         [](const auto &info) {
                           std::string name;
                           for (char c : llvm::StringRef(info.param))
                             if (llvm::isAlnum(c))
                               name += c;
                           return name;
                         });

TEST(Greedy, IsNeverSlowerThanNone) {
  for (const char *name : {"alexnet_b64", "resnet50_b8", "gpt2_decode_b8"}) {
    Instance instance = realProgram(name);
    EXPECT_LT(llvm::cantFail(solve("greedy", instance)).latency,
              slowLatency(instance));
  }
}

constexpr int64_t kMiB = 1 << 20;

/// A decoder whose layers copy two caches in quarters, add to the copies, which
/// are outputs, compute on each for a third of the time that it takes to write
/// it back, and read weights. A GiB takes a second.
Instance decoder(int layers) {
  Machine m;
  m.capacity = 112 * kMiB;
  m.alignment = 4096;
  m.slowBandwidth = m.copyBandwidth = 1024.0 * kMiB;
  m.fastBandwidth = 22 * m.slowBandwidth;
  Instance instance = handmade::program({}, {}, m);
  Program &program = instance.program;
  auto value = [&](int64_t mib, ValueKind kind) {
    program.values.push_back({"v", mib * kMiB, kind});
    return instance.numValues() - 1;
  };
  auto add = [&](double compute, std::vector<Access> accesses) {
    program.steps.push_back(handmade::step(compute, std::move(accesses)));
  };
  auto readWeight = [&](int64_t mib) {
    add(0, {handmade::read(value(mib, ValueKind::Input), mib * kMiB)});
  };
  for (int layer = 0; layer < layers; ++layer) {
    int32_t parts[2][4], outputs[2];
    for (int k : {0, 1}) {
      int32_t cache = value(24, ValueKind::Input);
      outputs[k] = value(24, ValueKind::Output);
      for (int32_t &part : parts[k]) {
        part = value(6, ValueKind::Temporary);
        add(0,
            {handmade::read(cache, 6 * kMiB), handmade::write(part, 6 * kMiB)});
      }
    }
    readWeight(20);
    for (int k : {0, 1}) {
      readWeight(5);
      add(0, {handmade::write(outputs[k], 24 * kMiB)});
      for (int32_t part : parts[k])
        program.steps.back().accesses.push_back(handmade::read(part, 6 * kMiB));
      add(0, {handmade::update(outputs[k], 3 * kMiB)});
    }
    for (int32_t output : outputs)
      add(0.008, {handmade::read(output, 24 * kMiB)});
  }
  return instance;
}

/// Seconds that slow memory needs for what every plan of decoder() moves.
double leastTraffic(const Instance &instance) {
  double bytes = 0;
  for (const Value &value : instance.program.values)
    if (value.kind != ValueKind::Temporary)
      bytes += static_cast<double>(value.size);
  return bytes / instance.machine.slowBandwidth;
}

TEST(Greedy, StreamsThroughADecoder) {
  Instance instance = decoder(24);
  double least = leastTraffic(instance);
  EXPECT_GT(slowLatency(instance), 1.9 * least);
  EXPECT_LT(llvm::cantFail(solve("greedy", instance)).latency, 1.01 * least);
}

TEST(Msa, KeepsWhatIsUpdatedInALayerAndLeavesIt) {
  Instance instance = decoder(24);
  Solution solution = llvm::cantFail(solve("msa", instance));
  EXPECT_LT(solution.latency, 1.04 * leastTraffic(instance));
  int outputs = 0;
  for (const Residency &r : solution.plan.residencies)
    outputs += instance.program.values[r.value].kind == ValueKind::Output &&
               r.copiedOut();
  EXPECT_EQ(outputs, 48);
}

/// A loop around two steps that hand a value over and compute for longer than
/// that takes; the loop itself reads much that cannot be fast.
Instance loopThatWaits(int64_t capacity) {
  Program body;
  body.values = {{"t", 64, ValueKind::Temporary, SpaceConstraint::None}};
  for (AccessMode mode : {AccessMode::Write, AccessMode::Read}) {
    Step step;
    step.name = mode == AccessMode::Write ? "make" : "use";
    step.compute = 10;
    step.accesses = {{0, 64, mode, SpaceConstraint::None}};
    body.steps.push_back(std::move(step));
  }
  Instance instance;
  instance.name = "waits";
  instance.machine.capacity = capacity;
  instance.machine.slowBandwidth = instance.machine.copyBandwidth = 64;
  instance.machine.fastBandwidth = 6400;
  instance.program.values = {
      {"table", 1 << 20, ValueKind::Input, SpaceConstraint::None}};
  Step loop;
  loop.name = "loop";
  loop.trips = 4;
  loop.accesses = {{0, 100000, AccessMode::Read, SpaceConstraint::None}};
  loop.body = std::make_shared<Program>(std::move(body));
  instance.program.steps.push_back(std::move(loop));
  return instance;
}

/// A long program of which thousands of values are alive at once, in which each
/// may be held for as long as all others: what costs as much as there is in the
/// plan per value would not end.
TEST(Greedy, TakesManyValuesThatAreAliveTogether) {
  constexpr int32_t n = 8000;
  Random random(1, "long program");
  Instance instance;
  instance.name = "long";
  instance.machine = {int64_t(1) << 25, 64, 1e11, 1e10, 1e10, 0};
  std::vector<std::vector<int32_t>> again(n);
  for (int32_t i = 0; i < n; ++i) {
    Step step;
    step.compute = 1e-7;
    auto access = [&](int32_t value, AccessMode mode) {
      step.accesses.push_back(
          {value, instance.program.values[value].size, mode});
    };
    instance.program.values.push_back(
        {"v", 4096 * random.between(1, 4), ValueKind::Temporary});
    if (i > 0)
      access(i - 1, AccessMode::Read);
    for (int32_t value : again[i])
      if (value != i - 1)
        access(value, AccessMode::Read);
    access(i, AccessMode::Write);
    if (i + 1 < n)
      again[random.between(i + 1, n - 1)].push_back(i);
    instance.program.steps.push_back(std::move(step));
  }
  auto result = solve("greedy", instance);
  ASSERT_TRUE(static_cast<bool>(result)) << llvm::toString(result.takeError());
  EXPECT_TRUE(verify(instance, result->plan).empty());
  // Nearly all of it fits.
  EXPECT_LT(result->latency, 1.1 * idealLatency(instance));
}

TEST_P(AllSolvers, PlanBodiesForTrafficWhereTheLoopWaitsForMemory) {
  // The body alone is no faster with its value in fast memory, but the loop is:
  // it waits for slow memory.
  if (llvm::StringRef(GetParam()) == "none")
    GTEST_SKIP() << "has no plans";
  Instance instance = loopThatWaits(64);
  auto result = solve(GetParam(), instance);
  ASSERT_TRUE(static_cast<bool>(result)) << llvm::toString(result.takeError());
  EXPECT_DOUBLE_EQ(result->latency, 100000.0 / 64);
}

TEST(Search, ImprovesOnGreedyAndWithItsBudget) {
  Instance instance = realProgram("transformer_adam_b4");
  double greedy = llvm::cantFail(solve("greedy", instance)).latency;
  SolverContext options;
  options.budget = 1000;
  double little = llvm::cantFail(solve("search", instance, options)).latency;
  options.budget = 20000;
  double more = llvm::cantFail(solve("search", instance, options)).latency;
  EXPECT_LE(little, greedy);
  EXPECT_LT(more, greedy);
  EXPECT_LE(more, little);
}

TEST(Search, GoesOnFromAGivenPlan) {
  Instance instance = realProgram("transformer_adam_b4");
  SolverContext options;
  options.budget = 20000;
  Solution good = llvm::cantFail(solve("search", instance, options));
  options.budget = 1;
  options.start = std::make_shared<Plan>(good.plan);
  Solution more = llvm::cantFail(solve("search", instance, options));
  EXPECT_LE(more.latency, good.latency);
  EXPECT_TRUE(verify(instance, more.plan).empty());
  // One that is worse than greedy's is not used.
  options.start = std::make_shared<Plan>();
  EXPECT_LE(llvm::cantFail(solve("search", instance, options)).latency,
            llvm::cantFail(solve("greedy", instance)).latency);
}

// One that remembers what it was asked for, and does better than greedy.
TEST(Search, RunsItsStarterForAShareAndIsNoSlowerThanItsPlan) {
  static std::vector<SolverContext> asked;
  static Plan good;
  class Starter : public Solver {
  public:
    llvm::StringRef name() const override { return "starter"; }
    llvm::StringRef description() const override { return "of a test"; }
    llvm::Expected<Solution> solve(const Instance &instance,
                                   const SolverContext &context) override {
      asked.push_back(context);
      return Solution{good, simulateLatency(instance, good), 7, 0, ""};
    }
  };
  registerSolver<Starter>();
  Instance instance = realProgram("transformer_adam_b4");
  Solution greedy = llvm::cantFail(solve("greedy", instance));
  SolverContext context;
  Solution best = llvm::cantFail(solve("search", instance, context));
  good = best.plan;
  context.budget = 100;
  Solution result =
      llvm::cantFail(solve("search{start=starter}", instance, context));
  EXPECT_LE(result.latency, best.latency);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].budget, 30);
  // Seven of the starter, 15 for each trial, the rest from the better plan.
  EXPECT_EQ(result.evaluated, 100);
  // A plan that is no faster than greedy's is not tried.
  good = greedy.plan;
  result = llvm::cantFail(solve("search{start=starter}", instance, context));
  EXPECT_LE(result.latency, greedy.latency);
  EXPECT_EQ(result.evaluated, 100);
}

TEST(Search, CountsCpuTimeIfItIsAskedTo) {
  Instance instance = realProgram("alexnet_b64");
  SolverContext options;
  options.budget = 0;
  options.timeLimitMs = 50;
  options.countsCpuTime = true;
  std::clock_t begin = std::clock();
  Solution result = llvm::cantFail(solve("search", instance, options));
  double spent = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_GE(spent, 0.05);
  EXPECT_GE(result.seconds, 0.05);
  EXPECT_LE(result.seconds, spent);
}

TEST(Search, EndsWithItsTimeLimit) {
  Instance instance = realProgram("alexnet_b64");
  for (int64_t limit = 1; limit < 20; ++limit) {
    SolverContext options;
    options.budget = 0;
    options.timeLimitMs = limit;
    // However slow the machine: it comes back, with a plan.
    EXPECT_LE(llvm::cantFail(solve("search", instance, options)).latency,
              slowLatency(instance));
  }
}

TEST(Search, ReportsImprovementsInFallingOrder) {
  Instance instance = realProgram("transformer_adam_b4");
  SolverContext options;
  options.budget = 5000;
  std::vector<double> curve;
  options.improved = [&](const SolverProgress &p) {
    curve.push_back(p.latency);
  };
  double latency = llvm::cantFail(solve("search", instance, options)).latency;
  ASSERT_FALSE(curve.empty());
  EXPECT_TRUE(std::is_sorted(curve.rbegin(), curve.rend()));
  EXPECT_EQ(curve.back(), latency);
}

TEST(Portfolio, IsTheBestOfItsSolversAndNamesTheWinner) {
  Instance instance = realProgram("transformer_adam_b4");
  SolverContext context;
  context.budget = 20000;
  auto best = llvm::cantFail(solve("portfolio", instance, context));
  EXPECT_EQ(best.winner, "search");
  best = llvm::cantFail(solve("portfolio{none,greedy}", instance, context));
  EXPECT_EQ(best.winner, "greedy");
  best = llvm::cantFail(
      solve("portfolio{none,msa{preset=full}}", instance, context));
  EXPECT_EQ(best.winner, "msa{preset=full}");
}

TEST(Registry, NamesWhatItHasWhenAskedForMore) {
  auto solver = createSolver("magic");
  ASSERT_FALSE(static_cast<bool>(solver));
  std::string error = llvm::toString(solver.takeError());
  EXPECT_THAT(error, testing::StartsWith("unknown solver 'magic', expected "));
  for (const std::string &name : solverNames())
    EXPECT_THAT(error, testing::HasSubstr(name));
}

TEST(Registry, TakesSolversFromOutside) {
  class Custom : public Solver {
  public:
    llvm::StringRef name() const override { return "custom"; }
    llvm::StringRef description() const override { return "of a test"; }
    llvm::Expected<Solution> solve(const Instance &,
                                   const SolverContext &) override {
      return Solution();
    }
  };
  registerSolver<Custom>();
  EXPECT_TRUE(llvm::is_contained(solverNames(), "custom"));
  EXPECT_EQ(llvm::cantFail(createSolver("custom"))->name(), "custom");
}

// Three solvers that need no time, so that each leaves all of its share to
// those behind it.
TEST(Registry, SolversOfAPortfolioShareTheTime) {
  static std::vector<int64_t> limits;
  class Recorder : public Solver {
  public:
    llvm::StringRef name() const override { return "recorder"; }
    llvm::StringRef description() const override { return "of a test"; }
    llvm::Expected<Solution> solve(const Instance &instance,
                                   const SolverContext &context) override {
      limits.push_back(context.timeLimitMs);
      return llvm::cantFail(createSolver("none"))->solve(instance, context);
    }
  };
  registerSolver<Recorder>();
  SolverContext context;
  context.timeLimitMs = 3000000;
  Instance instance = realProgram("alexnet_b64");
  const char *three = "portfolio{recorder,recorder,recorder}";
  llvm::cantFail(solve(three, instance, context));
  ASSERT_EQ(limits.size(), 3u);
  for (int64_t k : {0, 1, 2}) {
    EXPECT_LE(limits[k], 3000000 / (3 - k));
    // Far longer than any machine needs for this.
    EXPECT_GT(limits[k], (3000000 - 300000) / (3 - k));
  }
  limits.clear();
  context.timeLimitMs = 0;
  llvm::cantFail(solve(three, instance, context));
  EXPECT_EQ(limits, (std::vector<int64_t>{0, 0, 0}));
}

} // namespace
