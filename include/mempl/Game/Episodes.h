//===- Episodes.h - ways to play without a network --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Simple players of mallocGame: the yardsticks of learned ones, rollouts for a
// search, and oracles for tests. All of them play on from the state that they
// are given.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_EPISODES_H
#define MEMPL_GAME_EPISODES_H

#include "mempl/Game/GameState.h"
#include "mempl/Support/Random.h"

namespace mempl {

/// What one way of playing came to.
struct EpisodeResult {
  double latency = 0;          ///< Seconds, of the final plan.
  std::vector<Action> actions; ///< From the state that it started from.
};

/// The legal action with the largest reward; of equal ones NoCopy, then Drop.
/// Tries each of them; the state is unchanged.
Action greedyAction(GameState &game);

/// Plays to the end by greedyAction().
EpisodeResult playGreedily(GameState &game);

/// Plays to the end, every legal action with the same probability.
EpisodeResult playRandomly(GameState &game, Random &random);

/// Plays to the end: with probability `noise` a random action, else
/// greedyAction().
EpisodeResult playNoisily(GameState &game, Random &random, double noise);

/// The best of `count` episodes from this state (at least 1); the state is
/// unchanged. The first is greedy, the others are noisy with a noise drawn
/// anew for each, log-uniform in [1/256, 1). Episode k depends on `seed` and k
/// alone, so more episodes are never worse.
EpisodeResult bestOfSamples(GameState &game, int32_t count, uint64_t seed);

/// Plays given actions; all must be legal in turn. The state afterwards is the
/// last one. Returns the sum of the rewards, seconds.
double playActions(GameState &game, llvm::ArrayRef<Action> actions);

/// How the plan so far serves each of Game::nodes(): NoCopy if a
/// residency begins there by write or goes on, Copy if one begins by copy in,
/// Drop if the access is slow.
std::vector<Action> actionsOfPlan(const GameState &game);

/// How near a game comes to a plan made by other means.
struct PlayedPlan {
  EpisodeResult episode;
  double planLatency = 0; ///< Seconds.
  int32_t numAsked = 0;
  /// Questions where the action that the plan stands for was not legal.
  int32_t numMissed = 0;
  /// Latency lost, as a share of the plan's; negative if the game's times of
  /// copies are better.
  double loss() const { return episode.latency / planLatency - 1; }
};

/// Plays to the end what `plan` does: NoCopy where a residency begins by write
/// or goes on, Copy where one begins by copy in, Drop elsewhere. Where that is
/// not legal, the legal action with the largest reward. Where an action decides
/// about a value, it is fast if any residency of `plan` is. `plan` must be
/// valid for the instance; its loops are those of the game only if the game was
/// created with them.
PlayedPlan playPlan(GameState &game, const Plan &plan);

/// The best latency that any play from this state reaches, by trying all: for
/// games with up to about 14 questions. The state is unchanged. Of equal plays
/// the first, in the order of actions.
EpisodeResult exhaustiveBest(GameState &game);

} // namespace mempl

#endif // MEMPL_GAME_EPISODES_H
