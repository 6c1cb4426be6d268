//===- GameNetworkTest.cpp - tests of the player's network ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What has learned nothing says the prior; weights come back as they were; and
// every array counts.
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"
#include "TestPositions.h"

#include "mempl/MuZero/GameNetwork.h"

#include <gmock/gmock.h>

using namespace mempl;
using namespace mempl::gametest;
using testing::HasSubstr;

namespace {

struct Answer {
  std::array<float, 32> logits = {};
  float value = 0;

  bool operator==(const Answer &) const = default;
};

class GameNetworkTest : public testing::Test {
protected:
  Answer ask(const GameNetwork &network) const {
    Answer answer;
    answer.value = network.evaluate(features, network.prepare(features),
                                    position, answer.logits);
    return answer;
  }

  std::shared_ptr<const Game> game = gameOf(realProgram("alexnet_b64"));
  const SegmentFeatures &features = game->features();
  GamePosition position = somePosition(game, 5);
};

} // namespace

TEST_F(GameNetworkTest, SaysThePriorBeforeItHasLearned) {
  for (const GameNetwork &network : {GameNetwork(), GameNetwork::random(1)}) {
    Answer answer = ask(network);
    for (int32_t i = 0; i < position.size(); ++i)
      EXPECT_EQ(answer.logits[i], position.priors[i]);
    EXPECT_EQ(answer.value, 0);
  }
  EXPECT_FALSE(GameNetwork().isTrained());
}

TEST_F(GameNetworkTest, ComesBackFromWeights) {
  GameNetwork network = randomNetwork(3);
  Weights weights;
  network.addTo(weights);
  GameNetwork again = llvm::cantFail(GameNetwork::create(
      llvm::cantFail(Weights::parse(weights.contents(), "x"))));
  EXPECT_TRUE(again.isTrained());
  EXPECT_EQ(ask(network), ask(again));
  EXPECT_FALSE(llvm::cantFail(GameNetwork::create(Weights())).isTrained());
}

TEST_F(GameNetworkTest, RefusesOtherShapes) {
  Weights weights;
  randomNetwork(3).addTo(weights);
  weights.set("game.policy", {{2, 2}, {1, 2, 3, 4}});
  auto network = GameNetwork::create(weights);
  ASSERT_FALSE(network);
  EXPECT_THAT(llvm::toString(network.takeError()), HasSubstr("game.policy"));
}

// What is in front of a layer that nobody asks cannot matter, and all else
// does: a weight that is read from the wrong place shows.
TEST_F(GameNetworkTest, EveryArrayCounts) {
  using Array = GameNetwork::Array;
  Answer before = ask(randomNetwork(3));
  for (int32_t id = 0; id < Array::kCount; ++id) {
    GameNetwork network = randomNetwork(3);
    auto which = static_cast<Array::Id>(id);
    std::vector<float> numbers = network.array(which).vec();
    for (float &x : numbers)
      x += 0.5f;
    network.setArray(which, numbers);
    // How far values are off is no part of them.
    EXPECT_EQ(ask(network) == before, which == Array::ValueError)
        << GameNetwork::arrays()[id].name;
  }
}

TEST_F(GameNetworkTest, OrderOfActionsDoesNotMatter) {
  GameNetwork network = randomNetwork(4);
  Answer before = ask(network);
  std::swap(position.actions[0], position.actions[1]);
  std::swap(position.priors[0], position.priors[1]);
  for (int32_t k = 0; k < kNumNodeFeatures; ++k)
    std::swap(position.around[k], position.around[kNumNodeFeatures + k]);
  Answer after = ask(network);
  EXPECT_EQ(before.logits[0], after.logits[1]);
  EXPECT_EQ(before.logits[1], after.logits[0]);
  EXPECT_NEAR(before.value, after.value, 1e-4);
}
