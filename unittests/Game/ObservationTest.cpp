//===- ObservationTest.cpp - a game as numbers for a network --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Observation.h"

#include "GameTestUtils.h"
#include "HandMade.h"

#include <cmath>
#include <set>

using namespace mempl;
using namespace mempl::handmade;
using namespace mempl::gametest;

namespace {

/// `numbers` are rows of features, or, where features go along the other way,
/// `repeat` numbers of each.
void expectInRange(llvm::ArrayRef<float> numbers, FeatureGroup group,
                   size_t repeat = 1) {
  llvm::ArrayRef<Feature> features = featuresOf(group);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Feature &feature = features[i / repeat % features.size()];
    ASSERT_TRUE(std::isfinite(numbers[i])) << feature.name.str();
    ASSERT_GE(numbers[i], feature.low) << feature.name.str();
    ASSERT_LE(numbers[i], feature.high) << feature.name.str();
  }
}

void expectInRange(const Observation &seen) {
  expectInRange(seen.profile, FeatureGroup::Profile, Observation::kNumBins);
  expectInRange(seen.near, FeatureGroup::Near);
  expectInRange(seen.scalars, FeatureGroup::Scalars);
}

bool areEqual(const Observation &a, const Observation &b) {
  return a.profile == b.profile && a.nearNodes == b.nearNodes &&
         a.near == b.near && a.scalars == b.scalars;
}

float profile(const Observation &seen, Observation::Channel channel,
              int32_t bin) {
  return seen.profile[channel * Observation::kNumBins + bin];
}

TEST(Features, FollowFromTheTable) {
  static_assert(std::size(kProgramFeatures) == ProgramFeatures::kNumColumns);
  static_assert(std::size(kProfileFeatures) == Observation::kNumChannels);
  static_assert(std::size(kNearFeatures) == Observation::kNearScalars);
  static_assert(std::size(kScalarFeatures) == Observation::kNumScalars);
  EXPECT_EQ(kProgramFeatures[ProgramFeatures::NextWorth].name, "NextWorth");
  EXPECT_EQ(kScalarFeatures[Observation::MayCopy].name, "MayCopy");
  for (FeatureGroup group : kFeatureGroups) {
    std::set<llvm::StringRef> names;
    for (const Feature &feature : featuresOf(group)) {
      EXPECT_TRUE(names.insert(feature.name).second) << feature.name.str();
      EXPECT_LT(feature.low, feature.high);
      EXPECT_FALSE(feature.description.empty()) << feature.name.str();
    }
  }
  // What cannot be is as near as can be, and nothing where it is no number.
  EXPECT_EQ(kProgramFeatures[ProgramFeatures::SizeShare].clip(1.5), 1);
  EXPECT_EQ(kProgramFeatures[ProgramFeatures::Worth].clip(-INFINITY), -1);
  EXPECT_EQ(kProgramFeatures[ProgramFeatures::Worth].clip(NAN), 0);
}

TEST(Features, AreFiniteAndInRange) {
  RandomInstanceOptions options;
  options.maxSteps = 14;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "features test");
    auto program = Game::create(randomInstance(random, options));
    if (!program) {
      llvm::consumeError(program.takeError());
      continue;
    }
    ProgramFeatures features(**program);
    ASSERT_EQ(features.numRows(), (*program)->numNodes());
    expectInRange(features.values(), FeatureGroup::Program);
    GameState game(*program);
    Observer observer(*program);
    Observation seen;
    for (;;) {
      observer.observe(game, seen);
      expectInRange(seen);
      if (game.isOver())
        break;
      game.apply(anyAction(game, random, 1));
    }
  }
}

TEST(Features, SayWhatAUseIs) {
  GameState game = gameOf(program(
      {input("w", 50), temporary("t", 20), output("o", 10)},
      {step(8), step(2, {read(0, 50), write(1, 20)}),
       step(0, {read(1, 20), update(0, 50)}), step(1, {write(2, 10)})}));
  ProgramFeatures features(game.program());
  ASSERT_EQ(features.numRows(), 5);
  auto at = [&](int32_t node, ProgramFeatures::Column column) {
    return features.row(node)[column];
  };
  EXPECT_FLOAT_EQ(at(0, ProgramFeatures::SizeShare), 0.5);
  EXPECT_EQ(at(0, ProgramFeatures::IsInput), 1);
  EXPECT_EQ(at(0, ProgramFeatures::IsRead), 1);
  EXPECT_EQ(at(0, ProgramFeatures::IsWrite), 0);
  EXPECT_FLOAT_EQ(at(0, ProgramFeatures::NextSteps), std::log1p(1.0F));
  EXPECT_EQ(at(0, ProgramFeatures::PrevSteps), 0);
  EXPECT_FLOAT_EQ(at(0, ProgramFeatures::BytesShare), 50.0F / 70);
  EXPECT_EQ(at(2, ProgramFeatures::IsWrite), 1); // w, updated.
  EXPECT_EQ(at(2, ProgramFeatures::IsRead), 1);
  EXPECT_EQ(at(2, ProgramFeatures::IsDead), 1);
  EXPECT_EQ(at(1, ProgramFeatures::IsDead), 0);
  EXPECT_EQ(at(4, ProgramFeatures::IsOutput), 1);
  EXPECT_EQ(at(4, ProgramFeatures::IsDead), 0);
}

TEST(Observe, ShowsWhatWasPlayed) {
  GameState game = gameOf(program(
      {temporary("t", 60), input("w", 20)},
      {step(0, {write(0, 60)}), step(9), step(0, {read(0, 60), read(1, 20)})}));
  Observer observer(game.sharedProgram());
  Observation before, after;
  observer.observe(game, before);
  EXPECT_EQ(before.nearNodes[0], 0);
  EXPECT_EQ(before.near[Observation::Current], 1);
  EXPECT_EQ(before.scalars[Observation::MayNoCopy], 1);
  EXPECT_EQ(before.scalars[Observation::MayCopy], 0);
  EXPECT_EQ(before.scalars[Observation::Return], 0);
  // Now is step 0: bins before it are outside the program.
  int32_t now = Observation::kNumBehind;
  EXPECT_EQ(profile(before, Observation::Side, now - 1), 0);
  EXPECT_EQ(profile(before, Observation::Side, now), 1);
  EXPECT_EQ(profile(before, Observation::Side, now + 2), 1);
  EXPECT_EQ(profile(before, Observation::Side, now + 3), 0);
  EXPECT_EQ(profile(before, Observation::LargestGap, now), 1);

  game.apply(Action::NoCopy);
  observer.observe(game, after);
  // Now is step 2.
  EXPECT_FLOAT_EQ(profile(after, Observation::Used, now - 2), 0.6F);
  EXPECT_FLOAT_EQ(profile(after, Observation::LargestGap, now - 2), 0.4F);
  EXPECT_EQ(profile(after, Observation::Used, now), 0);
  EXPECT_FLOAT_EQ(profile(after, Observation::Claimed, now), 0.6F);
  EXPECT_EQ(profile(after, Observation::Side, now - 2), -1);
  EXPECT_EQ(after.near[Observation::Held], 1);
  EXPECT_EQ(after.near[Observation::Dirty], 1);
  EXPECT_EQ(after.near[Observation::CanStay], 1);
  EXPECT_GT(after.scalars[Observation::Return], 0);
  EXPECT_FLOAT_EQ(after.scalars[Observation::NowHeldFor], std::log1p(2.0F));

  game.undo();
  observer.observe(game, after);
  EXPECT_TRUE(areEqual(before, after));
}

TEST(Observe, DependsOnTheStateAlone) {
  Instance instance = llvm::cantFail(readInstance(
      MEMPL_TEST_DATA "/xla_tpu/gpt2_decode_b8.v5e.instance.json.gz"));
  GameState game = gameOf(instance);
  Observer observer(game.sharedProgram());
  Random random(1, "observation test");
  Observation seen, again;
  while (!game.isOver()) {
    observer.observe(game, seen);
    expectInRange(seen);
    std::set<int32_t> values;
    for (int32_t node : seen.nearNodes)
      if (node >= 0)
        EXPECT_TRUE(values.insert(game.program().nodes()[node].value).second);
    EXPECT_EQ(seen.nearNodes[0], game.decisionNode());
    Action a = anyAction(game, random, 1);
    game.apply(a);
    game.undo();
    observer.observe(*game.clone(), again);
    ASSERT_TRUE(areEqual(seen, again));
    for (int k = 0; k < 8 && !game.isOver(); ++k)
      game.apply(anyAction(game, random, 1));
  }
  observer.observe(game, seen);
  EXPECT_EQ(seen.nearNodes[0], -1);
  EXPECT_EQ(seen.scalars[Observation::Bias], 0);
  EXPECT_EQ(seen.scalars[Observation::Done], 1);
}

} // namespace
