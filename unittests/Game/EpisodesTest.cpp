//===- EpisodesTest.cpp - simple players of mallocGame --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BruteForce.h"
#include "GameTestUtils.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/Support/FileSystem.h"

using namespace mempl;
using namespace mempl::gametest;

namespace {

RandomInstanceOptions tiny() {
  RandomInstanceOptions options;
  options.minSteps = 3;
  options.maxSteps = 5;
  options.maxValues = 3;
  options.maxAccesses = 2;
  options.maxCapacityUnits = 6;
  options.maxSizeUnits = 3;
  options.maxLoopDepth = 0;
  options.fastOrderChance = 0;
  options.carriedChance = 0;
  return options;
}

Instance realProgram(llvm::StringRef name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name.str() + ".v5e.instance.json.gz"));
}

Solution solve(llvm::StringRef solverName, const Instance &instance,
               int64_t budget) {
  SolverContext options;
  options.budget = budget;
  return llvm::cantFail(
      llvm::cantFail(createSolver(solverName))->solve(instance, options));
}

/// The best latency of all plays, each from the first state, without undo.
double bestByPlaying(const std::shared_ptr<const Game> &program) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<std::vector<Action>> open = {{}};
  while (!open.empty()) {
    std::vector<Action> path = std::move(open.back());
    open.pop_back();
    GameState game(program);
    playActions(game, path);
    if (game.isOver())
      best = std::min(best, game.latency());
    for (Action a : kActions)
      if (!game.isOver() && game.isLegal(a)) {
        open.push_back(path);
        open.back().push_back(a);
      }
  }
  return best;
}

TEST(ExhaustiveBest, IsTheBestOfAllPlays) {
  int games = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "exhaustive best");
    RandomInstanceOptions options = tiny();
    options.maxSteps = 6;
    options.maxAccesses = 3;
    options.carriedChance = 0.3;
    auto program =
        llvm::cantFail(Game::create(randomInstance(random, options)));
    if (program->numNodes() > 9)
      continue;
    GameState game(program);
    std::string before = describe(game);
    EpisodeResult best = exhaustiveBest(game);
    ASSERT_EQ(describe(game), before);
    ASSERT_EQ(best.latency, bestByPlaying(program));
    playActions(game, best.actions);
    ASSERT_TRUE(game.isOver());
    ASSERT_EQ(game.latency(), best.latency);
    games += program->numNodes() > 3;
  }
  EXPECT_GT(games, 50);
}

// What the rules can say, against all plans there are.
TEST(ExhaustiveBest, IsMostlyTheBestOfAllPlans) {
  int games = 0, equal = 0;
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "best of all plans");
    Instance instance = randomInstance(random, tiny());
    GameState game = gameOf(instance);
    double best = exhaustiveBest(game).latency;
    double optimum = bruteForceOptimum(instance);
    ASSERT_GE(best, optimum * (1 - 1e-9));
    if (optimum < slowLatency(instance) * (1 - 1e-9)) {
      ++games;
      equal += best <= optimum * (1 + 1e-9);
    }
  }
  RecordProperty("games", games);
  RecordProperty("equal", equal);
  EXPECT_GT(games, 30);
  EXPECT_GT(equal, games * 3 / 4);
}

TEST(Greedy, TakesTheLargestReward) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed, "greedy action");
    GameState game = gameOf(randomInstance(random, tiny()));
    while (!game.isOver()) {
      std::string before = describe(game);
      Action greedy = greedyAction(game);
      ASSERT_EQ(describe(game), before);
      double reward = game.apply(greedy);
      game.undo();
      for (Action a : kActions)
        if (game.isLegal(a)) {
          EXPECT_LE(game.apply(a), reward);
          game.undo();
        }
      game.apply(greedy);
    }
  }
}

TEST(Samples, AreNeverWorseForMore) {
  GameState game = gameOf(realProgram("transformer_adam_b4"));
  std::string before = describe(game);
  double last = std::numeric_limits<double>::infinity();
  for (int32_t count : {1, 4, 16, 64}) {
    EpisodeResult best = bestOfSamples(game, count, 3);
    EXPECT_LE(best.latency, last);
    last = best.latency;
    EXPECT_EQ(bestOfSamples(game, count, 3).actions, best.actions);
  }
  EXPECT_LT(last, bestOfSamples(game, 1, 3).latency);
  EXPECT_EQ(describe(game), before);
}

TEST(Samples, DependOnTheSeed) {
  GameState game = gameOf(realProgram("alexnet_b64"));
  Random first(1, "play"), second(2, "play"), again(1, "play");
  std::vector<Action> a = playRandomly(game, first).actions;
  game.restart();
  std::vector<Action> b = playRandomly(game, second).actions;
  game.restart();
  EXPECT_NE(a, b);
  EXPECT_EQ(a, playRandomly(game, again).actions);
}

// What solvers find, said in the words of the game.
TEST(Replay, MakesValidPlansOfRealPrograms) {
  for (const char *name :
       {"alexnet_b64", "bert_base_train_b4", "dlrm_b2048", "gpt2_decode_b8",
        "lstm_b64", "resnet50_train_b16", "transformer_adam_b4"}) {
    SCOPED_TRACE(name);
    Instance instance = realProgram(name);
    Solution greedy = solve("greedy", instance, 1);
    Solution search = solve("search", instance, 2000);
    for (DecisionOrder order :
         {DecisionOrder::Program, DecisionOrder::ValueDensity}) {
      GameOptions options;
      options.order = order;
      options.greedyLatency = greedy.latency;
      GameState game = gameOf(instance, options);
      for (const Solution *result : {&greedy, &search}) {
        game.restart();
        PlayedPlan replay = playPlan(game, result->plan);
        ASSERT_TRUE(game.isOver());
        expectValid(instance, game.planSoFar());
        EXPECT_EQ(replay.planLatency, result->latency);
        EXPECT_EQ(replay.episode.latency, game.latency());
        EXPECT_EQ(replay.numAsked, game.numApplied());
        EXPECT_LE(replay.numMissed, replay.numAsked / 10);
        EXPECT_LT(replay.episode.latency, game.program().slowLatency());
      }
    }
  }
}

TEST(Replay, OfTheGamesOwnPlanLosesNothing) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "own plan");
    RandomInstanceOptions options = tiny();
    options.maxSteps = 10;
    GameState game = gameOf(randomInstance(random, options));
    std::vector<Action> played(game.numDecisions(), Action::Drop);
    while (!game.isOver()) {
      int32_t node = game.decisionNode();
      do
        played[node] = static_cast<Action>(random.below(kNumActions));
      while (!game.isLegal(played[node]));
      game.apply(played[node]);
    }
    EXPECT_EQ(actionsOfPlan(game), played);
    Plan plan = game.planSoFar();
    double latency = game.latency();
    game.restart();
    PlayedPlan replay = playPlan(game, plan);
    EXPECT_EQ(replay.episode.latency, latency);
    EXPECT_EQ(replay.numMissed, 0);
  }
}

TEST(RandomPlay, IsValidOnRealPrograms) {
  for (const char *name : {"resnet50_train_b16", "gpt2_decode_b8"}) {
    Instance instance = realProgram(name);
    GameState game = gameOf(instance);
    for (uint64_t seed = 0; seed < 5; ++seed) {
      Random random(seed, "real programs");
      game.restart();
      std::string before = describe(game);
      playNoisily(game, random, 0.5);
      expectValid(instance, game.planSoFar());
      EXPECT_EQ(game.latency(), simulateLatency(instance, game.planSoFar()));
      game.restart();
      EXPECT_EQ(describe(game), before);
    }
  }
}

} // namespace
