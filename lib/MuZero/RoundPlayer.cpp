//===- RoundPlayer.cpp - the games of a round of training -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoundPlayer.h"

#include "mempl/MuZero/Network.h"

using namespace mempl;

RoundPlayer::RoundPlayer(const TrainingSet &set, const Network &weights,
                         const Options &options)
    : set(set), weights(weights), options(options), trainable(set.trainable()),
      games(options.games), playing(options.workers) {
  for (int32_t i = 0; i < options.workers; ++i)
    threads.emplace_back([this] { work(); });
}

void RoundPlayer::stop() {
  isStopped = true;
  for (std::thread &thread : threads)
    thread.join();
  threads.clear();
}

/// Plays one group after the other.
void RoundPlayer::work() {
  useOneTorchThread();
  auto slots = static_cast<uint64_t>(options.selfPlay.slots);
  for (;;) {
    uint64_t begin = slots * nextGroup++;
    if (isStopped || begin >= games.size())
      break;
    playGroup(begin);
  }
  --playing;
}

void RoundPlayer::playGroup(uint64_t begin) {
  auto slots = static_cast<uint64_t>(options.selfPlay.slots);
  auto evaluator = makeEvaluator(weights);
  SelfPlay selfPlay(*evaluator, options.selfPlay, options.seed + options.first);
  selfPlay.setWeightsVersion(options.version);
  auto next = [&](uint64_t k, uint64_t &number,
                  int32_t &program) -> std::shared_ptr<const Game> {
    number = begin + k;
    if (k >= slots || number >= games.size())
      return nullptr;
    program = trainable[(options.first + number) % trainable.size()];
    return set.entries()[program].program;
  };
  auto finished = [&](GameState &, uint64_t number, Trajectory t) {
    games[number] = std::move(t);
  };
  while (!isStopped && selfPlay.step(next, finished)) {
  }
  simulations += selfPlay.numSimulations();
}
