//===- ReplayBufferTest.cpp - tests of the games to learn from ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/ReplayBuffer.h"

#include <gmock/gmock.h>

using namespace mempl;
using testing::HasSubstr;

namespace {

LearnedGame makeGame(int32_t program, double latency, int samples = 2) {
  LearnedGame game;
  game.program = program;
  game.latency = latency;
  for (int i = 0; i < samples; ++i) {
    GameSample sample;
    sample.position.actions = {{Action::Place, i}, {}};
    sample.position.priors = {1, static_cast<float>(i)};
    sample.position.around.assign(2 * kNumNodeFeatures, 0.5f);
    sample.policy = {0.25f, 0.75f};
    sample.value = static_cast<float>(latency);
    game.samples.push_back(std::move(sample));
  }
  return game;
}

std::vector<double> elitesOf(const ReplayBuffer &buffer, int32_t program) {
  std::vector<double> latencies;
  for (const auto &game : buffer.elites(program))
    latencies.push_back(game->latency);
  return latencies;
}

} // namespace

TEST(ReplayBuffer, KeepsTheBestDistinctGames) {
  ReplayBufferOptions options;
  options.elites = 3;
  ReplayBuffer buffer(options);
  for (double latency : {5., 3., 9., 3., 4., 7.})
    buffer.add(makeGame(1, latency), /*onlyElite=*/true);
  EXPECT_THAT(elitesOf(buffer, 1), testing::ElementsAre(3, 4, 5));
  EXPECT_TRUE(buffer.elites(0).empty());
  EXPECT_TRUE(buffer.elites(7).empty());
  EXPECT_EQ(buffer.numRecent(), 0);
}

TEST(ReplayBuffer, ForgetsTheOldest) {
  ReplayBufferOptions options;
  options.maxSamples = 5;
  ReplayBuffer buffer(options);
  EXPECT_TRUE(buffer.empty());
  for (int i = 0; i < 6; ++i)
    buffer.add(makeGame(0, i));
  EXPECT_EQ(buffer.numRecent(), 2);
  // A game without samples is none.
  buffer.add(makeGame(0, 0.5, 0));
  EXPECT_EQ(buffer.numRecent(), 2);
  EXPECT_EQ(elitesOf(buffer, 0).front(), 0);
}

TEST(ReplayBuffer, DrawsElitesAsOftenAsItShould) {
  for (double share : {0.0, 0.3, 1.0}) {
    ReplayBufferOptions options;
    options.maxSamples = 2;
    options.elites = 1;
    options.eliteShare = share;
    ReplayBuffer buffer(options);
    buffer.add(makeGame(0, 1));
    buffer.add(makeGame(0, 2)); // The only recent one.
    Random random(1, "draw");
    int elites = 0;
    for (const ReplayBuffer::Row &row : buffer.draw(random, 4000))
      elites += row.sample->value == 1;
    EXPECT_NEAR(elites / 4000.0, share, 0.03);
  }
}

TEST(ReplayBuffer, ComesBackFromBytes) {
  ReplayBuffer buffer({}), again({});
  for (int i = 0; i < 9; ++i)
    buffer.add(makeGame(2 - i % 3, 10 + i, 1 + i), /*onlyElite=*/i % 2);
  std::string bytes = buffer.serialize();
  std::vector<int32_t> numNodes = {20, 20, 20};
  ASSERT_FALSE(static_cast<bool>(again.restore(bytes, "x", numNodes)));
  EXPECT_EQ(again.serialize(), bytes);
  // What is drawn is the same.
  Random one(1, "draw"), two(1, "draw");
  auto rows = buffer.draw(one, 200), others = again.draw(two, 200);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].program, others[i].program);
    EXPECT_EQ(rows[i].sample->value, others[i].sample->value);
    EXPECT_EQ(rows[i].sample->position.priors,
              others[i].sample->position.priors);
  }
}

TEST(ReplayBuffer, RefusesDamagedBytes) {
  ReplayBuffer buffer({});
  buffer.add(makeGame(0, 1, 3));
  std::string bytes = buffer.serialize();
  for (size_t length = 1; length < bytes.size(); length += 3) {
    ReplayBuffer again({});
    llvm::Error error =
        again.restore(llvm::StringRef(bytes).take_front(length), "file", {20});
    ASSERT_TRUE(static_cast<bool>(error)) << length;
    EXPECT_THAT(llvm::toString(std::move(error)), HasSubstr("file"));
  }
  // Nodes that the program does not have.
  ReplayBuffer again({});
  EXPECT_THAT(llvm::toString(again.restore(bytes, "file", {1})),
              HasSubstr("file"));
}
