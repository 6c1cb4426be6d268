//===- ReplayBufferTest.cpp - tests of the store of games
//-----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two-hot targets, the tree of priorities against brute force, what is kept and
// what is forgotten, and that a stored game can be played again.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/ReplayBuffer.h"
#include "mempl/MuZero/Categorical.h"
#include "mempl/MuZero/SelfPlay.h"

#include "GameTestUtils.h"
#include "RandomInstance.h"

#include <cmath>

using namespace mempl;
using namespace mempl::gametest;

namespace {

/// A game of `length` moves with that return, whose actions tell `mark`.
Trajectory made(int32_t program, float totalReturn, int length = 8,
                unsigned mark = 0) {
  Trajectory t;
  t.program = program;
  t.totalReturn = totalReturn;
  for (int i = 0; i < length; ++i) {
    t.actions.push_back(static_cast<Action>((mark >> i) & 1));
    t.rewards.push_back(totalReturn / static_cast<float>(length));
    t.policies.push_back({1, 0, 0});
    t.values.push_back(0);
  }
  return t;
}

std::shared_ptr<const Game> smallProgram(uint64_t seed) {
  RandomInstanceOptions options;
  options.minSteps = 6;
  options.fastOrderChance = 0;
  for (;; seed += 1000) {
    Random random(seed, "replay test");
    auto program = Game::create(randomInstance(random, options));
    if (program && (*program)->numNodes() >= 6 && !GameState(*program).isOver())
      return *program;
    if (!program)
      llvm::consumeError(program.takeError());
  }
}

} // namespace

TEST(Categorical, MeansAreTargets) {
  for (const CategoricalSupport &support : {kValueSupport, kRewardSupport}) {
    std::vector<float> distribution(support.atoms);
    for (int i = 0; i <= 1000; ++i) {
      float target = support.low + (support.high - support.low) *
                                       static_cast<float>(i) / 1000;
      EXPECT_TRUE(support.twoHot(target, distribution));
      EXPECT_NEAR(support.mean(distribution), target, 1e-5);
      int set = 0;
      for (float p : distribution) {
        EXPECT_GE(p, 0);
        set += p > 0;
      }
      EXPECT_LE(set, 2);
    }
    EXPECT_FALSE(support.twoHot(support.high + 1, distribution));
    EXPECT_NEAR(support.mean(distribution), support.high, 1e-5);
    EXPECT_FALSE(support.twoHot(-INFINITY, distribution));
    EXPECT_NEAR(support.mean(distribution), support.low, 1e-5);
    EXPECT_FALSE(support.twoHot(NAN, distribution));
    EXPECT_NEAR(support.mean(distribution), support.low, 1e-5);
  }
}

TEST(PriorityTree, FindsWhatBruteForceFinds) {
  Random random(1, "priorities");
  PriorityTree tree;
  std::vector<double> weights;
  for (int round = 0; round < 3000; ++round) {
    size_t index = random.below(200);
    double weight = random.chance(0.3) ? 0 : random.uniform();
    weights.resize(std::max(weights.size(), index + 1));
    weights[index] = weight;
    tree.set(index, weight);
    double total = 0;
    for (double w : weights)
      total += w;
    ASSERT_NEAR(tree.total(), total, 1e-9);
    if (total == 0)
      continue;
    size_t found = tree.find(random.uniform() * tree.total());
    ASSERT_LT(found, weights.size());
    ASSERT_GT(weights[found], 0);
    ASSERT_EQ(tree.weight(found), weights[found]);
  }
  // Each as often as it weighs.
  PriorityTree three;
  for (size_t i = 0; i < 3; ++i)
    three.set(i, static_cast<double>(i));
  std::array<int, 3> counts = {};
  for (int i = 0; i < 30000; ++i)
    ++counts[three.find(random.uniform() * three.total())];
  EXPECT_EQ(counts[0], 0);
  EXPECT_NEAR(counts[2] / 30000.0, 2.0 / 3, 0.02);
}

TEST(ReplayBuffer, ForgetsTheOldestButNotTheBest) {
  ReplayBufferOptions options;
  options.maxMoves = 40;
  options.elites = 2;
  ReplayBuffer replay(options);
  for (unsigned i = 0; i < 20; ++i)
    replay.add(made(0, i == 3 ? 9.0f : static_cast<float>(i) / 100, 8, i));
  EXPECT_EQ(replay.numRecent(), 5);
  EXPECT_EQ(replay.numMoves(), 40);
  ASSERT_EQ(replay.recent().size(), 5u);
  EXPECT_NEAR(replay.recent().front()->totalReturn, 0.15f, 1e-6);
  ASSERT_EQ(replay.elites(0).size(), 2u);
  EXPECT_EQ(replay.elites(0)[0]->totalReturn, 9);
  EXPECT_NEAR(replay.elites(0)[1]->totalReturn, 0.19f, 1e-6);
  EXPECT_TRUE(replay.elites(5).empty());
}

TEST(ReplayBuffer, ElitesAreDistinct) {
  ReplayBuffer replay({});
  for (int i = 0; i < 5; ++i)
    replay.add(made(2, 1, 8, 7), /*onlyElite=*/true);
  EXPECT_EQ(replay.elites(2).size(), 1u);
  EXPECT_EQ(replay.numRecent(), 0);
  Random random(1, "draw");
  EXPECT_TRUE(replay.draw(random, 4, 1).isElite);
}

TEST(ReplayBuffer, DrawsByPriority) {
  ReplayBufferOptions options;
  options.eliteShare = 0;
  options.alpha = 1;
  ReplayBuffer replay(options);
  replay.add(made(0, 0, 8, 1));
  replay.add(made(0, 0, 8, 2));
  Random random(1, "draw");
  // One position of one game is all that matters.
  bool isFound[2] = {};
  while (!isFound[0] || !isFound[1]) {
    ReplayBuffer::Choice choice = replay.draw(random, 8, 1);
    std::vector<float> errors;
    bool isSecond = choice.game->actions[1] == Action::Copy;
    isFound[isSecond] |= choice.positions.size() == 8;
    for (int32_t p : choice.positions)
      errors.push_back(isSecond && p == 5 ? 100 : 0);
    replay.setPriorities(choice, errors);
  }
  for (int i = 0; i < 20; ++i) {
    ReplayBuffer::Choice choice = replay.draw(random, 4, 1);
    ASSERT_EQ(choice.positions.size(), choice.weights.size());
    EXPECT_EQ(choice.positions.front(), 5);
    EXPECT_EQ(choice.game->actions[1], Action::Copy);
  }
}

TEST(ReplayBuffer, GamesCanBePlayedAgain) {
  auto program = smallProgram(1);
  GameState game(program);
  Random random(3, "play");
  EpisodeResult episode = playRandomly(game, random);
  uint64_t end = game.hash();
  game.restart();
  Trajectory t = trajectoryOf(game, episode.actions, 4);
  EXPECT_EQ(game.hash(), end);
  EXPECT_EQ(t.program, 4);
  EXPECT_EQ(t.latency, episode.latency);
  float sum = 0;
  for (float r : t.rewards)
    sum += r;
  EXPECT_NEAR(sum, t.totalReturn, 1e-4);
  game.restart();
  for (int32_t i = 0; i < t.length(); ++i) {
    float all = 0;
    for (Action a : kActions) {
      float p = t.policies[i][static_cast<size_t>(a)];
      all += p;
      EXPECT_EQ(p > 0, game.isLegal(a));
    }
    EXPECT_NEAR(all, 1, 1e-6);
    EXPECT_GT(t.policies[i][static_cast<size_t>(t.actions[i])], 0.9f);
    game.apply(t.actions[i]);
  }
}

TEST(SelfPlay, AGameIsTheSameWhateverIsPlayedBesideIt) {
  std::vector<std::shared_ptr<const Game>> programs = {
      smallProgram(1), smallProgram(2), smallProgram(3)};
  auto play = [&](int32_t slots) {
    PlainEvaluator evaluator(true);
    SelfPlayOptions options;
    options.mode = SearchMode::Exact;
    options.search.simulations = 6;
    options.fullShare = 0.5;
    options.slots = slots;
    SelfPlay selfPlay(evaluator, options, 11);
    std::map<double, std::vector<Action>> games;
    uint64_t begun = 0;
    auto next = [&](uint64_t k, uint64_t &number,
                    int32_t &program) -> std::shared_ptr<const Game> {
      EXPECT_EQ(k, begun++);
      EXPECT_EQ(k, number);
      program = static_cast<int32_t>(k % 3);
      return k < 12 ? programs[program] : nullptr;
    };
    int finished = 0;
    while (selfPlay.step(next, [&](GameState &game, uint64_t, Trajectory t) {
      ++finished;
      EXPECT_TRUE(game.isOver());
      EXPECT_EQ(t.latency, game.latency());
      EXPECT_EQ(t.values.size(), t.actions.size());
      games[t.latency + 100 * t.program] = t.actions;
      expectValid(game.program().instance(), game.planSoFar());
    })) {
    }
    EXPECT_EQ(finished, 12);
    EXPECT_GT(selfPlay.numSimulations(), selfPlay.numMoves());
    return games;
  };
  EXPECT_EQ(play(1), play(5));
}
