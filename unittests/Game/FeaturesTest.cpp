//===- FeaturesTest.cpp - what players see of a state ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"
#include "HandMade.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mempl;
using namespace mempl::gametest;
using namespace mempl::handmade;

namespace {

float nodeFeature(GameState &state, int32_t node, NodeFeature feature) {
  float all[kNumNodeFeatures];
  state.nodeFeatures(node, all);
  return all[static_cast<int32_t>(feature)];
}

float stateFeature(GameState &state, StateFeature feature) {
  float all[kNumStateFeatures];
  state.stateFeatures(all);
  return all[static_cast<int32_t>(feature)];
}

TEST(Features, AreFiniteAndWithinLimits) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, "features");
    auto game = Game::create(randomInstance(random));
    if (!game) {
      llvm::consumeError(game.takeError());
      continue;
    }
    GameState state(*game);
    for (int k = 0; k < 10 && !state.isOver(); ++k) {
      float numbers[kNumNodeFeatures], all[kNumStateFeatures];
      for (int32_t node = 0; node < state.game().numNodes(); ++node) {
        state.nodeFeatures(node, numbers);
        for (float x : numbers)
          ASSERT_LE(std::abs(x), kFeatureLimit);
      }
      state.stateFeatures(all);
      for (float x : all)
        ASSERT_LE(std::abs(x), kFeatureLimit);
      for (FeatureGroup group : kFeatureGroups) {
        std::vector<float> seen(state.numObserved(group), 100);
        state.observe(group, seen);
        for (float x : seen)
          ASSERT_LE(std::abs(x), kFeatureLimit)
              << featureGroupName(group).str();
      }
      state.apply(anyAction(state, random));
    }
  }
}

// A weight is read twice beside a temporary that takes 60 of 100 bytes; copies
// take 6 s. Steps that only move 50 bytes take 5 s.
TEST(Features, SayWhatIsAroundANode) {
  auto game =
      gameOf(program({input("w", 50), temporary("t", 60)},
                     {step(8), step(0, {read(0, 50)}), step(8, {write(1, 60)}),
                      step(0, {read(1, 60)}), step(0, {read(0, 50)})}));
  GameState state(game);
  int32_t first = game->leafOf(0), second = game->leafOf(1),
          both = game->parentOf(first), other = game->parentOf(game->leafOf(2));
  EXPECT_EQ(game->nodeWithin(0, 1), both);
  EXPECT_EQ(game->nodeWithin(0, 0), first);
  EXPECT_NEAR(nodeFeature(state, both, NodeFeature::Gain), 0, 1e-6);
  EXPECT_EQ(nodeFeature(state, both, NodeFeature::Served), 0);
  EXPECT_FLOAT_EQ(nodeFeature(state, both, NodeFeature::Free), std::log1p(2.f));
  EXPECT_FLOAT_EQ(nodeFeature(state, first, NodeFeature::Lead),
                  std::log1p(1.f));
  EXPECT_EQ(nodeFeature(state, first, NodeFeature::InTime), 1);
  EXPECT_EQ(nodeFeature(state, other, NodeFeature::InTime), 1);
  EXPECT_EQ(stateFeature(state, StateFeature::Left), 1);
  EXPECT_EQ(stateFeature(state, StateFeature::Progress), 0);

  state.apply({Action::Place, first});
  EXPECT_EQ(nodeFeature(state, both, NodeFeature::Served), 0.5);
  EXPECT_EQ(nodeFeature(state, first, NodeFeature::ValueServed), 0.5);
  EXPECT_EQ(nodeFeature(state, both, NodeFeature::Parts), 1);
  EXPECT_EQ(nodeFeature(state, second, NodeFeature::JoinsBefore), 1);
  EXPECT_EQ(nodeFeature(state, first, NodeFeature::JoinsBefore), 0);
  EXPECT_FLOAT_EQ(nodeFeature(state, both, NodeFeature::Gain), std::log(0.5f));
  EXPECT_NEAR(stateFeature(state, StateFeature::Progress), 4.5 / game->scale(),
              1e-6);
  EXPECT_FLOAT_EQ(stateFeature(state, StateFeature::Residencies),
                  std::log1p(1.f));

  state.apply({Action::Place, other});
  EXPECT_FLOAT_EQ(nodeFeature(state, both, NodeFeature::FreeShare), 0.4f);
  EXPECT_FALSE(state.mayFit(both));
  EXPECT_EQ(stateFeature(state, StateFeature::MostUsed), 0.6f);
}

} // namespace
