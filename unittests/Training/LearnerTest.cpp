//===- LearnerTest.cpp - tests of the learner -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both forms of the network agree; what is taught is learned; and training goes
// on as it would have.
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Learner.h"

#include "GameTestUtils.h"
#include "TestPositions.h"

#include <gmock/gmock.h>

using namespace mempl;
using namespace mempl::gametest;
using testing::HasSubstr;

namespace {

/// Samples whose policy is all for what has the largest benefit, and whose
/// value is a number that they show.
std::vector<GameSample> someSamples(const std::shared_ptr<const Game> &game,
                                    int count) {
  std::vector<GameSample> samples;
  for (int i = 0; i < count; ++i) {
    GameSample sample;
    sample.position = somePosition(game, static_cast<uint64_t>(i));
    auto benefitOf = [&](Action a) {
      return a.kind == Action::Stop
                 ? -INFINITY
                 : game->features().row(a.node)[SegmentFeatures::Benefit];
    };
    auto best =
        llvm::max_element(sample.position.actions, [&](Action a, Action b) {
          return benefitOf(a) < benefitOf(b);
        });
    sample.policy.assign(sample.position.actions.size(), 0);
    sample.policy[best - sample.position.actions.begin()] = 1;
    sample.value =
        sample.position.state[static_cast<int32_t>(StateFeature::Left)];
    samples.push_back(std::move(sample));
  }
  return samples;
}

class LearnerTest : public testing::Test {
protected:
  std::vector<LearnerRow> rows() const {
    std::vector<LearnerRow> list;
    for (const GameSample &sample : samples)
      list.push_back({&game->features(), &sample});
    return list;
  }

  std::shared_ptr<const Game> game = gameOf(realProgram("alexnet_b64"));
  std::vector<GameSample> samples = someSamples(game, 40);
};

} // namespace

TEST_F(LearnerTest, BothFormsOfTheNetworkAgree) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    GameNetwork network = randomNetwork(seed);
    Learner learner(network, {});
    const GamePosition &position = samples[seed].position;
    std::array<float, 32> here, there;
    float value = network.evaluate(
        game->features(), network.prepare(game->features()), position, here);
    EXPECT_NEAR(value, learner.evaluate(game->features(), position, there),
                1e-5 * (1 + std::abs(value)));
    for (int32_t i = 0; i < position.size(); ++i)
      EXPECT_NEAR(here[i], there[i], 1e-5 * (1 + std::abs(here[i])));
    for (int32_t id = 0; id < GameNetwork::Array::kCount; ++id) {
      auto which = static_cast<GameNetwork::Array::Id>(id);
      EXPECT_EQ(learner.network().array(which), network.array(which));
    }
  }
}

TEST_F(LearnerTest, LearnsWhatItIsTaught) {
  LearnerOptions options;
  options.learningRate = 3e-3;
  Learner learner(GameNetwork::random(1), options);
  LearnerLoss first = learner.step(rows()), last;
  for (int i = 0; i < 400; ++i)
    last = learner.step(rows());
  EXPECT_LT(last.policy, 0.3 * first.policy);
  EXPECT_LT(last.valueError, 0.2 * first.valueError);
  EXPECT_EQ(learner.numSteps(), 401);
  EXPECT_LT(learner.network().valueError(), first.valueError);
}

TEST_F(LearnerTest, GoesOnAsItWouldHave) {
  Learner one(GameNetwork::random(1), {});
  for (int i = 0; i < 3; ++i)
    one.step(rows());
  Learner two(one.network(), {});
  ASSERT_FALSE(static_cast<bool>(two.restoreState(one.serializeState(), "x")));
  for (int i = 0; i < 3; ++i) {
    one.step(rows());
    two.step(rows());
  }
  for (int32_t id = 0; id < GameNetwork::Array::kCount; ++id) {
    auto which = static_cast<GameNetwork::Array::Id>(id);
    EXPECT_EQ(one.network().array(which), two.network().array(which));
  }
  EXPECT_EQ(two.numSteps(), 6);
  for (const char *damaged : {"", "x\n", "3\nnothing"}) {
    llvm::Error error = two.restoreState(damaged, "file");
    ASSERT_TRUE(static_cast<bool>(error));
    EXPECT_THAT(llvm::toString(std::move(error)), HasSubstr("file"));
  }
}
