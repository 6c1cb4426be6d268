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
#include "mempl/Problem/StepOrder.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::gametest;

namespace {

struct Setup {
  const char *name;
  RandomInstanceOptions options;
  bool movesSteps = false;
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
  RandomInstanceOptions carried =
      with(&RandomInstanceOptions::carriedChance, 1);
  // Few accesses each: so that some are never written.
  carried.maxValues = 12;
  carried.maxAccesses = 2;
  carried.maxSteps = 10;
  return {{"plain", plain},
          {"defaults", {}},
          {"loops", with(&RandomInstanceOptions::loopChance, 0.5)},
          {"limits", tight},
          {"limitedLoops", limited},
          {"reserved", with(&RandomInstanceOptions::reservedChance, 0.6)},
          {"slowOrders", with(&RandomInstanceOptions::slowOrderChance, 0.25)},
          {"fastOrders", with(&RandomInstanceOptions::fastOrderChance, 0.1)},
          {"carried", carried},
          {"zeroSizes", with(&RandomInstanceOptions::zeroSizeChance, 0.5)},
          {"otherOrders", crowded(), /*movesSteps=*/true}};
}

/// A random order that keeps the dependencies.
std::vector<int32_t> anyOrder(const Program &program, Random &random) {
  StepDependencies dependencies(program);
  int32_t n = dependencies.numSteps();
  std::vector<int32_t> open(n), ready, order;
  for (int32_t i = 0; i < n; ++i) {
    open[i] = static_cast<int32_t>(dependencies.before(i).size());
    if (open[i] == 0)
      ready.push_back(i);
  }
  while (!ready.empty()) {
    size_t k = random.below(ready.size());
    int32_t i = ready[k];
    ready.erase(ready.begin() + static_cast<ptrdiff_t>(k));
    order.push_back(i);
    for (int32_t next : dependencies.after(i))
      if (--open[next] == 0)
        ready.push_back(next);
  }
  return order;
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
      if (GetParam().movesSteps) {
        instance.program.order = StepOrder::Free;
        options.order = anyOrder(instance.program, random);
      }
      auto game = Game::create(instance, options);
      if (!game) {
        llvm::consumeError(game.takeError());
        continue;
      }
      ++made;
      GameState state(*game);
      f(state, random);
      if (testing::Test::HasFatalFailure())
        return;
    }
    EXPECT_GT(made, count / 3);
  }
};

INSTANTIATE_TEST_SUITE_P(All, RandomPlay, testing::ValuesIn(setups()),
                         [](const auto &info) { return info.param.name; });

TEST_P(RandomPlay, MakesValidPlansWhoseRewardsAddUp) {
  int64_t played[1 + Action::kNumKinds] = {};
  forEachGame(150, [&](GameState &state, Random &random) {
    const Instance &instance = state.game().instance();
    for (int round = 0; round < 3; ++round) {
      state.restart();
      double sum = 0;
      for (int k = 0; !state.isOver(); ++k) {
        Action a = k < 30 ? anyAction(state, random) : Action();
        ++played[a.kind];
        ASSERT_TRUE(state.isLegal(a));
        sum += state.apply(a);
        ASSERT_EQ(state.numApplied(), k + 1);
      }
      double slow = state.game().slowLatency();
      double latency = simulateLatency(instance, state.finalPlan());
      expectValid(instance, state.finalPlan());
      ASSERT_NEAR(sum, slow - latency, 1e-9 * slow);
      ASSERT_NEAR(state.latency(), latency, 1e-12 * slow);
      ASSERT_NEAR(state.totalReward(), sum, 1e-9 * slow);
    }
  });
  for (Action::Kind kind :
       {Action::Stop, Action::Place, Action::Extend, Action::TakeOut})
    EXPECT_GT(played[kind], 50) << kind;
  if (GetParam().options.carriedChance == 1)
    EXPECT_GT(played[Action::Carry], 50);
}

// Also where the game has to say what is legal before it knows the offsets.
TEST_P(RandomPlay, KeepsAllRulesButThoseAboutOffsets) {
  forEachGame(100, [&](GameState &state, Random &random) {
    const Instance &instance = state.game().instance();
    for (int k = 0; k < 20; ++k) {
      Action a = anyAction(state, random);
      if (a.kind == Action::Stop)
        break;
      state.apply(a);
      Plan plan = state.profile();
      for (const Violation &violation : verify(instance, plan))
        EXPECT_EQ(violation.rule, Rule::V1) << violation.str();
      ASSERT_NEAR(state.latency(), simulateLatency(instance, plan),
                  1e-12 * state.game().slowLatency());
    }
  });
}

TEST_P(RandomPlay, IsUndoneExactly) {
  forEachGame(60, [&](GameState &state, Random &random) {
    std::vector<std::string> states = {describe(state)};
    for (int k = 0; k < 60; ++k) {
      if (!state.isOver() && (states.size() == 1 || random.chance(0.6))) {
        state.apply(anyAction(state, random));
        states.push_back(describe(state));
      } else if (states.size() > 1) {
        state.undo();
        states.pop_back();
        ASSERT_EQ(describe(state), states.back());
      }
    }
    state.restart();
    ASSERT_EQ(describe(state), states.front());
    GameState fresh(state.sharedGame());
    ASSERT_EQ(describe(fresh), states.front());
  });
}

TEST_P(RandomPlay, SaysWhatIsLegal) {
  forEachGame(40, [&](GameState &state, Random &random) {
    for (int k = 0; k < 8 && !state.isOver(); ++k) {
      std::string before = describe(state);
      std::vector<Action> legal = state.legalActions();
      for (int32_t i = 0; i < state.game().numActions(); ++i) {
        Action a = state.game().action(i);
        ASSERT_EQ(state.game().numberOf(a), i);
        bool isListed = llvm::is_contained(legal, a);
        ASSERT_EQ(state.isLegal(a), isListed);
        ASSERT_TRUE(state.mayBeLegal(a) || !isListed);
        ASSERT_EQ(state.tryApply(a).has_value(), isListed);
        if (isListed)
          state.undo();
      }
      ASSERT_EQ(describe(state), before);
      state.apply(anyAction(state, random));
    }
  });
}

TEST_P(RandomPlay, IsRepeatedByItsActions) {
  forEachGame(40, [&](GameState &state, Random &random) {
    std::vector<Action> actions;
    for (int k = 0; !state.isOver(); ++k) {
      actions.push_back(k < 20 ? anyAction(state, random) : Action());
      state.apply(actions.back());
    }
    std::string end = describe(state);
    state.restart();
    std::unique_ptr<GameState> other = state.clone();
    // A walk elsewhere in between leaves no trace.
    for (int k = 0; k < 10 && !state.isOver(); ++k)
      state.apply(anyAction(state, random));
    state.restart();
    for (GameState *each : {&state, other.get()}) {
      for (Action a : actions)
        each->apply(a);
      ASSERT_EQ(describe(*each), end);
    }
    other->restart();
    state.restart();
    ASSERT_EQ(describe(*other), describe(state));
  });
}

// A state may begin with any valid plan of the same loops and order.
TEST_P(RandomPlay, BeginsWithAPlan) {
  forEachGame(60, [&](GameState &state, Random &random) {
    for (int k = 0; k < 20 && !state.isOver(); ++k)
      state.apply(anyAction(state, random));
    if (!state.isOver())
      state.apply({});
    GameState begun(state.sharedGame(), state.finalPlan());
    EXPECT_EQ(begun.numApplied(), 0);
    EXPECT_EQ(begun.latency(), state.latency());
    begun.apply({});
    EXPECT_LE(begun.latency(), state.latency());
    expectValid(state.game().instance(), begun.finalPlan());
  });
}

TEST(RandomPlay, IsValidOnRealPrograms) {
  for (const char *name : {"resnet50_train_b16", "gpt2_decode_b8"}) {
    Instance instance = realProgram(name);
    GameState state(gameOf(instance));
    uint64_t first = state.hash();
    int32_t nodes = state.game().numNodes();
    for (uint64_t seed = 0; seed < 4; ++seed) {
      Random random(seed, "real programs");
      for (int k = 0; k < 2 * nodes; ++k) {
        auto node = static_cast<int32_t>(random.below(nodes));
        state.tryApply(
            {random.chance(0.8) ? Action::Place : Action::Extend, node});
      }
      state.apply({});
      expectValid(instance, state.finalPlan());
      EXPECT_EQ(state.latency(), simulateLatency(instance, state.finalPlan()));
      state.restart();
      EXPECT_EQ(state.hash(), first);
    }
  }
}

} // namespace
