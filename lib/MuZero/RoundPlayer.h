//===- RoundPlayer.h - the games of a round of training ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads that play a number of games with the same weights. Games are played
// in groups of a fixed size, since what a network says of a state depends, in
// its last digits, on what is asked beside it: so it does not matter which
// thread plays a group.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_ROUNDPLAYER_H
#define MEMPL_LIB_MUZERO_ROUNDPLAYER_H

#include "TrainingSet.h"

#include <atomic>
#include <thread>

namespace mempl {

class RoundPlayer {
public:
  struct Options {
    SelfPlayOptions selfPlay;
    int32_t workers = 1, games = 0;
    uint64_t seed = 0;
    uint64_t first = 0;  ///< Number of the first game, over all rounds.
    int64_t version = 0; ///< Of the weights.
  };
  /// Begins to play. The programs, and weights that nobody trains, must outlive
  /// it.
  RoundPlayer(const TrainingSet &set, const Network &weights,
              const Options &options);
  ~RoundPlayer() { stop(); }

  bool isPlaying() const { return playing > 0; }
  /// Ends what is under way, and all threads.
  void stop();
  /// After stop(): the games, in the order of their numbers; those that were
  /// not played to the end are empty.
  std::vector<Trajectory> takeGames() { return std::move(games); }
  int64_t numSimulations() const { return simulations; }

private:
  void work();
  void playGroup(uint64_t begin);

  const TrainingSet &set;
  const Network &weights;
  Options options;
  std::vector<int32_t> trainable;
  std::vector<Trajectory> games;
  std::atomic<bool> isStopped{false};
  std::atomic<int64_t> simulations{0};
  std::atomic<uint64_t> nextGroup{0};
  std::atomic<int32_t> playing;
  std::vector<std::thread> threads;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_ROUNDPLAYER_H
