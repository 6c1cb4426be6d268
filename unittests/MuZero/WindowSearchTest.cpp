//===- WindowSearchTest.cpp - tests of windows played anew ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Window search, and the policies without a network that are made of games.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/WindowSearch.h"

#include "GameTestUtils.h"
#include "RandomInstance.h"

#include "mempl/MuZero/SolverLoader.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"

using namespace mempl;
using namespace mempl::gametest;

namespace {

/// The best of so many steps, and what was seen on the way.
double improve(const GameState &start, llvm::ArrayRef<Action> actions,
               int steps, uint64_t seed, std::string *seen = nullptr) {
  PlainEvaluator evaluator(/*playsOut=*/false, /*greedyLogit=*/1);
  WindowSearchOptions options;
  options.chains = 3;
  options.longest = 8;
  options.noise = 1;
  WindowSearch windows(evaluator, start, actions, options, seed);
  double best = start.latency();
  for (int i = 0; i < steps; ++i)
    windows.step(static_cast<double>(i) / steps, [&](GameState &game) {
      EXPECT_TRUE(game.isOver());
      Plan plan = game.planSoFar();
      expectValid(game.program().instance(), plan);
      EXPECT_EQ(game.latency(),
                simulateLatency(game.program().instance(), plan));
      best = std::min(best, game.latency());
      if (seen)
        *seen += describe(game);
    });
  EXPECT_EQ(windows.numQuestions(), 3 * steps);
  EXPECT_GT(windows.numTrials(), 0);
  return best;
}

TEST(WindowSearch, FindsTheBestOfSmallGames) {
  for (GameState &game : someGames(20, 3, 10, "windows of small games")) {
    double best = exhaustiveBest(game).latency;
    EpisodeResult start = playGreedily(game);
    EXPECT_NEAR(improve(game, start.actions, 2000, 1), best, 1e-9 * best);
  }
}

TEST(WindowSearch, IsFixedByItsSeed) {
  for (GameState &game : someGames(5, 10, 60, "windows and seeds")) {
    EpisodeResult start = playGreedily(game);
    std::string first, second, other;
    improve(game, start.actions, 100, 1, &first);
    improve(game, start.actions, 100, 1, &second);
    improve(game, start.actions, 100, 2, &other);
    EXPECT_EQ(first, second);
    EXPECT_NE(first, other);
  }
}

TEST(WindowSearch, LeavesTheGameGivenAlone) {
  std::deque<GameState> games = someGames(1, 20, 60, "windows and copies");
  GameState &game = games[0];
  EpisodeResult start = playGreedily(game);
  std::string before = describe(game);
  improve(game, start.actions, 50, 1);
  EXPECT_EQ(describe(game), before);
}

/// The policies of games, without a network.
class UntrainedPolicies : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override { registerMuZeroSolvers(); }
  static Solution solve(const Instance &instance, const SolverContext &options,
                        llvm::StringRef policy = GetParam()) {
    return llvm::cantFail(
        llvm::cantFail(createSolver(policy))->solve(instance, options));
  }
};

TEST_P(UntrainedPolicies, AreValidAnytimeAndDeterministic) {
  int wins = 0;
  for (const GameState &game : someGames(25, 10, 60, "untrained policies")) {
    const Instance &instance = game.program().instance();
    SolverContext options;
    options.budget = 2000;
    double greedy = solve(instance, options, "greedy").latency;
    std::vector<double> improvements;
    options.improved = [&](const SolverProgress &p) {
      EXPECT_EQ(p.solverName, GetParam());
      improvements.push_back(p.latency);
    };
    Solution result = solve(instance, options);
    expectValid(instance, result.plan);
    EXPECT_EQ(result.latency, simulateLatency(instance, result.plan));
    EXPECT_LE(result.latency, greedy);
    wins += result.latency < greedy;
    // A game that was begun is ended.
    EXPECT_LE(result.evaluated, options.budget + game.numDecisions() + 1);
    EXPECT_TRUE(llvm::is_sorted(improvements, std::greater<double>()));
    EXPECT_EQ(result.latency < greedy, !improvements.empty());
    options.improved = nullptr;
    EXPECT_TRUE(solve(instance, options).plan == result.plan);

    options.budget = 0;
    options.timeLimitMs = 1;
    expectValid(instance, solve(instance, options).plan);
    options.timeLimitMs = 0;
    int asked = 0;
    options.cancelled = [&] { return ++asked > 5; };
    expectValid(instance, solve(instance, options).plan);
  }
  EXPECT_GT(wins, 0);
}

TEST_P(UntrainedPolicies, EndWhereThereIsNothingToDecide) {
  Instance instance;
  instance.name = "nothing";
  instance.program.steps.emplace_back().compute = 1;
  SolverContext options;
  EXPECT_EQ(solve(instance, options).latency, 1);
}

INSTANTIATE_TEST_SUITE_P(, UntrainedPolicies,
                         testing::Values("tree-search", "window-search"),
                         [](const auto &info) {
                           return info.param[0] == 't' ? "Tree" : "Window";
                         });

} // namespace
