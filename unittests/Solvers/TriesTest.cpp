//===- TriesTest.cpp - searches with several seeds ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tries.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

using namespace mempl;

namespace {

Instance realProgram(const char *name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name + ".v5e.instance.json.gz"));
}

std::string text(const Plan &plan) {
  std::string result;
  llvm::raw_string_ostream os(result);
  writePlan(os, plan);
  return result;
}

Solution solve(llvm::StringRef spec, const Instance &instance,
               const SolverContext &context) {
  return llvm::cantFail(
      llvm::cantFail(createSolver(spec))->solve(instance, context));
}

/// A solution whose latency is all that tells it from others.
Solution solutionOf(double latency, int64_t evaluated) {
  Solution solution;
  solution.latency = latency;
  solution.evaluated = evaluated;
  return solution;
}

TEST(Tries, AreAsManyAsAskedForOrAsThreadsWhereOnlyTimeIsLimited) {
  SolverContext context;
  context.threads = 4;
  EXPECT_EQ(numTries(0, context), 1);
  EXPECT_EQ(numTries(3, context), 3);
  context.timeLimitMs = 1000;
  EXPECT_EQ(numTries(0, context), 1);
  context.budget = 0;
  EXPECT_EQ(numTries(0, context), 4);
  EXPECT_EQ(numTries(2, context), 2);
}

TEST(Tries, ShareTheBudgetAndHaveSeedsOfTheirOwn) {
  for (int threads : {1, 2, 8}) {
    SolverContext context;
    context.budget = 1001;
    context.seed = 7;
    context.threads = threads;
    std::mutex mutex;
    std::multiset<int64_t> budgets;
    std::set<uint64_t> seeds;
    auto result =
        bestOfTries(4, context, Deadline(context),
                    [&](const SolverContext &own) -> llvm::Expected<Solution> {
                      std::lock_guard<std::mutex> lock(mutex);
                      budgets.insert(own.budget);
                      seeds.insert(own.seed);
                      EXPECT_EQ(own.threads, 1);
                      EXPECT_EQ(own.timeLimitMs, 0);
                      return solutionOf(own.seed == 7 ? 2 : 3, own.budget);
                    });
    ASSERT_TRUE(static_cast<bool>(result));
    EXPECT_EQ(result->latency, 2);
    EXPECT_EQ(result->evaluated, 1001);
    EXPECT_THAT(budgets, testing::ElementsAre(250, 250, 250, 251));
    EXPECT_EQ(seeds.size(), 4u);
    EXPECT_TRUE(seeds.count(7));
  }
}

TEST(Tries, ShareTheTimeOfAsManyRoundsAsThreadsNeed) {
  SolverContext context;
  context.budget = 0;
  context.timeLimitMs = 600000;
  struct Case {
    int64_t tries;
    int threads;
    int64_t rounds;
  };
  for (auto [tries, threads, rounds] :
       {Case{4, 1, 4}, Case{4, 2, 2}, Case{3, 2, 2}, Case{2, 8, 1}}) {
    context.threads = threads;
    std::atomic<int64_t> least = INT64_MAX;
    auto result =
        bestOfTries(tries, context, Deadline(context),
                    [&](const SolverContext &own) -> llvm::Expected<Solution> {
                      least = own.timeLimitMs;
                      return solutionOf(1, 0);
                    });
    ASSERT_TRUE(static_cast<bool>(result));
    // Some of it has passed already.
    EXPECT_LE(least, 600000 / rounds);
    EXPECT_GT(least, 500000 / rounds);
  }
}

TEST(Tries, ReturnTheFirstOfEqualPlansAndFailWhereAllFail) {
  SolverContext context; // With one thread, so in the order of the tries.
  auto latencyOf = [&](std::vector<double> latencies) {
    size_t calls = 0;
    return bestOfTries(static_cast<int64_t>(latencies.size()), context,
                       Deadline(context),
                       [&](const SolverContext &) -> llvm::Expected<Solution> {
                         size_t k = calls++;
                         if (latencies[k] < 0)
                           return llvm::createStringError("no plan");
                         Solution found = solutionOf(latencies[k], 1);
                         found.winner = std::to_string(k);
                         return found;
                       });
  };
  auto equal = latencyOf({3, 2, 2});
  ASSERT_TRUE(static_cast<bool>(equal));
  EXPECT_EQ(equal->winner, "1");
  auto some = latencyOf({-1, 5, -1});
  ASSERT_TRUE(static_cast<bool>(some));
  EXPECT_EQ(some->winner, "1");
  auto none = latencyOf({-1, -1});
  ASSERT_FALSE(static_cast<bool>(none));
  EXPECT_THAT(llvm::toString(none.takeError()), testing::HasSubstr("no plan"));
}

TEST(Tries, GiveTheSameBytesForAnyNumberOfThreads) {
  // One with loops, whose bodies are searched too.
  for (const char *name : {"gpt2_decode_b8", "lstm_b64"}) {
    Instance instance = realProgram(name);
    instance.machine.capacity /= 4;
    SolverContext context;
    context.budget = 3000;
    std::string first;
    for (int threads : {1, 2, 3, 8}) {
      context.threads = threads;
      Solution solution = solve("search{tries=3}", instance, context);
      EXPECT_TRUE(verify(instance, solution.plan).empty());
      if (threads == 1)
        first = text(solution.plan);
      EXPECT_EQ(text(solution.plan), first);
    }
  }
}

TEST(Tries, AreObservedInTheCallingThreadOnly) {
  Instance instance = realProgram("gpt2_decode_b8");
  instance.machine.capacity /= 4;
  SolverContext context;
  context.budget = 8000;
  context.threads = 2;
  std::thread::id caller = std::this_thread::get_id();
  double last = std::numeric_limits<double>::infinity();
  int64_t calls = 0, evaluated = 0;
  context.improved = [&](const SolverProgress &progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_LT(progress.latency, last);
    EXPECT_GE(progress.evaluated, evaluated);
    EXPECT_EQ(progress.budget, 8000);
    last = progress.latency;
    evaluated = progress.evaluated;
    ++calls;
  };
  context.progress = [&](const SolverProgress &) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
  };
  Solution solution = solve("search{tries=4}", instance, context);
  EXPECT_GT(calls, 0);
  EXPECT_EQ(last, solution.latency);
  EXPECT_GE(solution.evaluated, 8000);
}

TEST(Tries, AllEndWhenCancelled) {
  Instance instance = realProgram("gpt2_decode_b8");
  SolverContext context;
  context.budget = 0;
  context.threads = 2;
  std::atomic<int> asked = 0;
  context.cancelled = [&] { return ++asked > 100; };
  Solution solution = solve("search{tries=3}", instance, context);
  EXPECT_TRUE(verify(instance, solution.plan).empty());
}

} // namespace
