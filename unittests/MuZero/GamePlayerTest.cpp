//===- GamePlayerTest.cpp - tests of the player ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans are valid and their latency is that of the simulator; search finds what
// dynamic programming finds; samples are what was played; and all of it
// repeats.
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"
#include "TestPositions.h"

#include "mempl/MuZero/GamePlayer.h"
#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solve.h"

#include <gmock/gmock.h>

#include <map>

using namespace mempl;
using namespace mempl::gametest;

namespace {

Weights weightsOf(const GameNetwork &network) {
  Weights weights;
  network.addTo(weights);
  return weights;
}

std::shared_ptr<const GamePolicy> policyOf(std::shared_ptr<const Game> game,
                                           const Weights &weights = {}) {
  return llvm::cantFail(GamePolicy::create(std::move(game), weights, 0));
}

GamePlayerOptions quick(int32_t simulations) {
  GamePlayerOptions options;
  options.search.simulations = simulations;
  options.candidates = 8;
  options.samples = 10;
  return options;
}

/// The game is what its actions and its plan say, and its samples are of it.
void expectGood(const std::shared_ptr<const Game> &game,
                const PlayedGame &played) {
  expectValid(game->instance(), played.plan);
  EXPECT_EQ(simulateLatency(game->instance(), played.plan), played.latency);
  GameState state(game);
  for (Action a : played.actions) {
    ASSERT_TRUE(state.isLegal(a));
    state.apply(a);
  }
  ASSERT_TRUE(state.isOver());
  EXPECT_EQ(state.latency(), played.latency);
  for (const GameSample &sample : played.samples) {
    auto count = static_cast<size_t>(sample.position.size());
    EXPECT_LE(count, 32u);
    ASSERT_EQ(sample.policy.size(), count);
    ASSERT_EQ(sample.position.priors.size(), count);
    ASSERT_EQ(sample.position.around.size(), count * kNumNodeFeatures);
    float sum = 0;
    for (float p : sample.policy) {
      EXPECT_GE(p, 0);
      sum += p;
    }
    EXPECT_NEAR(sum, 1, 1e-4);
  }
}

/// The best latency that play comes to which takes nothing out.
double bestFrom(GameState &state, std::map<uint64_t, double> &known) {
  if (state.isOver())
    return state.latency();
  auto [at, isNew] = known.try_emplace(state.hash(), INFINITY);
  if (!isNew)
    return at->second;
  double best = INFINITY;
  for (Action a : state.legalActions())
    if (a.kind != Action::TakeOut) {
      state.apply(a);
      best = std::min(best, bestFrom(state, known));
      state.undo();
    }
  return known[state.hash()] = best;
}

} // namespace

TEST(GamePlayer, PlaysRandomPrograms) {
  Random random(1, "programs to play");
  RandomInstanceOptions options;
  options.maxLoopDepth = 1;
  int played = 0;
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    auto game = Game::create(randomInstance(random, options));
    if (!game) {
      // What is constrained to be fast does not fit.
      llvm::consumeError(game.takeError());
      continue;
    }
    ++played;
    for (const Weights &weights : {Weights(), weightsOf(randomNetwork(i))}) {
      GamePlayer player(policyOf(*game, weights), quick(6));
      expectGood(*game, player.playByPolicy());
      expectGood(*game, player.playBySearch(/*noise=*/1, i));
    }
  }
  EXPECT_GT(played, 40);
}

// But for plans with segments that gain nothing by themselves, which are no
// candidates.
TEST(MuZeroSolver, FindsWhatDynamicProgrammingFinds) {
  registerMuZeroSolvers();
  int games = 0, missed = 0, harder = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "tiny programs");
    Instance instance = randomInstance(random, tiny());
    auto game = Game::create(instance);
    if (!game) {
      llvm::consumeError(game.takeError());
      continue;
    }
    GameState state(*game);
    std::map<uint64_t, double> known;
    double best = bestFrom(state, known) * (1 + 1e-9);
    SolverContext context;
    context.budget = 20000;
    missed +=
        llvm::cantFail(solveVerified(instance, "muzero", context)).latency >
        best;
    ++games;
    harder +=
        GamePlayer(policyOf(*game), quick(1)).playByPolicy().latency > best;
  }
  EXPECT_GT(games, 30);
  EXPECT_LE(20 * missed, games);
  // It is not that there is nothing to find.
  EXPECT_GT(harder, 0);
}

TEST(GamePlayer, GamesRepeatAndNoiseChangesThem) {
  auto game = gameOf(realProgram("alexnet_b64"));
  for (const Weights &weights : {Weights(), weightsOf(randomNetwork(2))}) {
    auto policy = policyOf(game, weights);
    GamePlayer one(policy, quick(4)), two(policy, quick(4));
    PlayedGame first = one.playBySearch(/*noise=*/1, 7);
    EXPECT_EQ(first.actions, two.playBySearch(1, 7).actions);
    // Whatever was played before.
    EXPECT_EQ(first.actions, one.playBySearch(1, 7).actions);
    EXPECT_NE(first.actions, one.playBySearch(1, 8).actions);
    EXPECT_EQ(one.playBySearch(0, 1).actions, one.playBySearch(0, 2).actions);
    expectGood(game, first);
  }
}

TEST(GamePlayer, SamplesAreEvenlySpreadAndSayWhatFollows) {
  auto game = gameOf(realProgram("bert_base_train_b4"));
  GamePlayer player(policyOf(game), quick(4));
  PlayedGame played = player.playBySearch(0, 0);
  ASSERT_GT(played.actions.size(), 20u);
  EXPECT_GT(played.samples.size(), 4u);
  EXPECT_LE(played.samples.size(), 10u);
  // The first one is of the first state: all that is gained follows.
  EXPECT_NEAR(played.samples.front().value,
              (game->slowLatency() - played.latency) / game->scale(), 1e-5);
  EXPECT_EQ(played.samples.front()
                .position.state[static_cast<int32_t>(StateFeature::Played)],
            0);
}

TEST(GamePlayer, ImitatesPlans) {
  Instance instance = realProgram("vgg16_b8");
  SolverContext context;
  context.budget = 2000;
  Solution search = llvm::cantFail(solveVerified(instance, "search", context));
  auto game = gameOf(instance, optionsOf(search.plan));
  GameState state(game);
  Replay replay = replayPlan(state, search.plan, ReplayOrder::Density);
  GamePlayer player(policyOf(game), quick(4));
  PlayedGame played = player.imitate(replay);
  expectGood(game, played);
  EXPECT_LT(played.latency, replay.latency * 1.01);
  EXPECT_FALSE(played.samples.empty());
  // Nothing is to be learned but what leads there.
  for (const GameSample &sample : played.samples)
    for (auto [a, p] : llvm::zip(sample.position.actions, sample.policy))
      EXPECT_TRUE(p == 0 || llvm::is_contained(replay.actions, a));
}

TEST(GamePlayer, EndsEarlyWithAValidPlan) {
  auto game = gameOf(realProgram("alexnet_b64"));
  int asked = 0;
  GamePlayer player(policyOf(game), quick(4), [&] { return ++asked > 3; });
  PlayedGame played = player.playBySearch(0, 0);
  expectGood(game, played);
  EXPECT_LT(played.actions.size(), 10u);
}

TEST(MuZeroSolver, IsAnytimeAndDeterministic) {
  registerMuZeroSolvers();
  Instance instance = realProgram("alexnet_b64");
  double last = INFINITY;
  for (int64_t budget : {1, 500, 20000}) {
    SolverContext context;
    context.budget = budget;
    std::vector<double> improved;
    context.improved = [&](const SolverProgress &p) {
      improved.push_back(p.latency);
    };
    Solution one = llvm::cantFail(solveVerified(instance, "muzero", context));
    Solution two = llvm::cantFail(solveVerified(instance, "muzero", context));
    EXPECT_EQ(one.plan, two.plan);
    EXPECT_LE(one.latency, last);
    last = one.latency;
    EXPECT_TRUE(std::is_sorted(improved.begin(),
                               improved.begin() + improved.size() / 2,
                               std::greater<>()));
  }
}

TEST(MuZeroSolver, GoesOnFromAPlan) {
  registerMuZeroSolvers();
  Instance instance = realProgram("alexnet_b64");
  SolverContext context;
  context.budget = 3000;
  Solution search = llvm::cantFail(solveVerified(instance, "search", context));
  context.budget = 1;
  context.start = std::make_shared<Plan>(search.plan);
  EXPECT_LE(llvm::cantFail(solveVerified(instance, "muzero", context)).latency,
            search.latency);
}
