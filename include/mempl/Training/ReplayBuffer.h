//===- ReplayBuffer.h - games to learn from ---------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// States of games that were played, in two places per program: a window of
// recent games, and the best distinct ones ever seen, wherever they came from
// (elites), which are imitated.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRAINING_REPLAYBUFFER_H
#define MEMPL_TRAINING_REPLAYBUFFER_H

#include "mempl/MuZero/GamePlayer.h"
#include "mempl/Support/Random.h"

#include <deque>

namespace mempl {

/// What is kept of a game.
struct LearnedGame {
  int32_t program = 0; ///< By the numbers that the user of the buffer gives.
  double latency = 0;  ///< Of the plan, seconds.
  std::vector<GameSample> samples;
};

struct ReplayBufferOptions {
  int64_t maxSamples = 50000; ///< Of recent games, together.
  int32_t elites = 4;         ///< Per program.
  /// Probability that a state is of the elites, once there are any.
  double eliteShare = 0.5;
};

class ReplayBuffer {
public:
  explicit ReplayBuffer(const ReplayBufferOptions &options)
      : options(options) {}

  /// Adds a game with samples to the recent ones (unless `onlyElite`), and to
  /// the elites of its program if it is good enough. Others are ignored.
  void add(LearnedGame game, bool onlyElite = false);

  bool empty() const { return recentGames.empty() && !hasElites(); }
  struct Row {
    int32_t program;
    const GameSample *sample;
  };
  /// Draws states, each from the elites of a program or from a recent game. The
  /// buffer must not be empty; rows are good until the next add().
  std::vector<Row> draw(Random &random, int32_t count) const;

  /// The elites of a program, the best first.
  llvm::ArrayRef<std::shared_ptr<const LearnedGame>>
  elites(int32_t program) const;
  int64_t numRecent() const { return static_cast<int64_t>(recentGames.size()); }

  /// All of it, as bytes.
  std::string serialize() const;
  /// What serialize() gave; an error names `name`. `numNodes`: of each program,
  /// what its samples are checked against.
  llvm::Error restore(llvm::StringRef bytes, llvm::StringRef name,
                      llvm::ArrayRef<int32_t> numNodes);

private:
  using GameRef = std::shared_ptr<const LearnedGame>;
  bool hasElites() const { return !withElites.empty(); }
  void addElite(GameRef game);

  ReplayBufferOptions options;
  std::deque<GameRef> recentGames;
  int64_t recentSamples = 0;
  std::vector<std::vector<GameRef>> archive; ///< Per program.
  std::vector<int32_t> withElites;           ///< Programs, ascending.
};

} // namespace mempl

#endif // MEMPL_TRAINING_REPLAYBUFFER_H
