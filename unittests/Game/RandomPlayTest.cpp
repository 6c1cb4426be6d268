//===- RandomPlayTest.cpp - what holds in every game ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random walks through games of random programs: whatever is played, plans are
// valid, rewards add up, and undo restores the state.
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"

#include "mempl/Problem/Simulator.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::gametest;

namespace {

struct Setup {
  const char *name;
  RandomInstanceOptions options;
  DecisionOrder order = DecisionOrder::Program;
  MoveSize moves = MoveSize::Use;
};

/// How a failure names it.
void PrintTo(const Setup &setup, std::ostream *os) { *os << setup.name; }

RandomInstanceOptions crowded() {
  RandomInstanceOptions options;
  options.minSteps = 6;
  options.maxSteps = 16;
  options.maxValues = 6;
  options.maxCapacityUnits = 20;
  options.maxSizeUnits = 4;
  return options;
}

RandomInstanceOptions with(double RandomInstanceOptions::*chance,
                           double value) {
  RandomInstanceOptions options = crowded();
  options.*chance = value;
  return options;
}

std::vector<Setup> setups() {
  RandomInstanceOptions plain = crowded();
  plain.maxLoopDepth = 0;
  plain.limitChance = plain.reservedChance = plain.slowOrderChance = 0;
  plain.fastOrderChance = plain.carriedChance = 0;
  RandomInstanceOptions tight = with(&RandomInstanceOptions::limitChance, 1);
  tight.maxCapacityUnits = 60;
  RandomInstanceOptions limited = tight;
  limited.loopChance = 0.4;
  return {{"plain", plain},
          {"defaults", {}},
          {"loops", with(&RandomInstanceOptions::loopChance, 0.5)},
          {"limits", tight},
          {"limitedLoops", limited},
          {"reserved", with(&RandomInstanceOptions::reservedChance, 0.6)},
          {"slowOrders", with(&RandomInstanceOptions::slowOrderChance, 0.25)},
          {"fastOrders", with(&RandomInstanceOptions::fastOrderChance, 0.1)},
          {"carried", with(&RandomInstanceOptions::carriedChance, 1)},
          {"limitsByDensity", limited, DecisionOrder::ValueDensity},
          {"ordersByDensity",
           with(&RandomInstanceOptions::fastOrderChance, 0.1),
           DecisionOrder::ValueDensity},
          {"limitsByValue", limited, DecisionOrder::Program, MoveSize::Value},
          {"carriedByDensityAndValue",
           with(&RandomInstanceOptions::carriedChance, 1),
           DecisionOrder::ValueDensity, MoveSize::Value}};
}

class RandomPlay : public testing::TestWithParam<Setup> {
protected:
  /// Calls `f` with games of `count` random programs, some of which may have
  /// constraints that nobody can keep.
  template <typename F> void forEachGame(uint64_t count, F f) {
    uint64_t made = 0;
    for (uint64_t seed = 0; seed < count; ++seed) {
      SCOPED_TRACE(seed);
      Random random(seed, GetParam().name);
      Instance instance = randomInstance(random, GetParam().options);
      GameOptions options;
      options.order = GetParam().order;
      options.moves = GetParam().moves;
      options.repacks = seed % 2 == 0;
      auto program = Game::create(instance, options);
      if (!program) {
        llvm::consumeError(program.takeError());
        continue;
      }
      ++made;
      GameState game(*program);
      f(game, random);
      if (testing::Test::HasFatalFailure())
        return;
    }
    EXPECT_GT(made, count / 3);
  }
};

INSTANTIATE_TEST_SUITE_P(All, RandomPlay, testing::ValuesIn(setups()),
                         [](const auto &info) { return info.param.name; });

TEST_P(RandomPlay, MakesValidPlansWhoseRewardsAddUp) {
  int64_t played[kNumActions] = {};
  forEachGame(300, [&](GameState &game, Random &random) {
    const Instance &instance = game.program().instance();
    for (int round = 0; round < 3; ++round) {
      game.restart();
      double sum = 0;
      while (!game.isOver()) {
        ASSERT_TRUE(game.isLegal(Action::Drop));
        ASSERT_NE(game.legalActions(), maskOf(Action::Drop));
        Action a = anyAction(game, random, round);
        ++played[static_cast<int>(a)];
        sum += game.apply(a);
        ASSERT_EQ(game.legalActions() == 0, game.isOver());
      }
      Plan plan = game.planSoFar();
      expectValid(instance, plan);
      double slow = game.program().slowLatency();
      ASSERT_NEAR(sum, slow - simulateLatency(instance, plan), 1e-9 * slow);
      ASSERT_EQ(game.latency(), simulateLatency(instance, plan));
    }
  });
  for (int64_t count : played)
    EXPECT_GT(count, 100);
}

TEST_P(RandomPlay, IsUndoneExactly) {
  forEachGame(120, [&](GameState &game, Random &random) {
    std::vector<std::string> states = {describe(game)};
    for (int k = 0; k < 120; ++k) {
      if (!game.isOver() && (states.size() == 1 || random.chance(0.6))) {
        game.apply(anyAction(game, random, 0));
        states.push_back(describe(game));
      } else if (states.size() > 1) {
        game.undo();
        states.pop_back();
        ASSERT_EQ(describe(game), states.back());
      }
    }
    game.restart();
    ASSERT_EQ(describe(game), states.front());
    ASSERT_EQ(describe(GameState(game.sharedProgram())), states.front());
  });
}

TEST_P(RandomPlay, HasAValidPlanAtAnyTime) {
  forEachGame(60, [&](GameState &game, Random &random) {
    while (!game.isOver()) {
      game.apply(anyAction(game, random, 0));
      std::string before = describe(game);
      expectValid(game.program().instance(), game.plan());
      ASSERT_EQ(describe(game), before);
    }
  });
}

TEST_P(RandomPlay, IsRepeatedByItsActions) {
  forEachGame(60, [&](GameState &game, Random &random) {
    EpisodeResult episode = playRandomly(game, random);
    std::string end = describe(game);
    game.restart();
    std::unique_ptr<GameState> other = game.clone();
    // A walk elsewhere in between leaves no trace.
    playGreedily(game);
    game.restart();
    playActions(game, episode.actions);
    ASSERT_EQ(describe(game), end);
    game.restart();
    playActions(*other, episode.actions);
    ASSERT_EQ(describe(*other), end);
    other->restart();
    ASSERT_EQ(describe(*other), describe(game));
  });
}

} // namespace
