//===- SelfPlay.h - games played by search ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays many games at once on one thread, and hands out their trajectories.
// Every game and move has noise of its own, keyed by the seed and the number of
// the game, so that a game is the same whatever is played beside it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_SELFPLAY_H
#define MEMPL_MUZERO_SELFPLAY_H

#include "mempl/MuZero/BatchedSearch.h"
#include "mempl/MuZero/ReplayBuffer.h"

#include <functional>

namespace mempl {

struct SelfPlayOptions {
  SearchMode mode = SearchMode::Hybrid;
  /// Of a full search. 0 simulations: moves are drawn from the network's policy
  /// (by the noise), which costs one question per move.
  SearchSettings search;
  /// On this share of the moves the search is full; on the others it has
  /// `quickSimulations`, and their policies are not learned (Wu, 2019).
  double fullShare = 1;
  int32_t quickSimulations = 4;
  /// Factor on the noise; 0: the best play. Games are long: with all of the
  /// noise, a thousand moves each as bold as one leave little of a plan.
  float noise = 0.3f;
  int32_t slots = 16; ///< Games at once.
};

class SelfPlay {
public:
  /// The evaluator must outlive this, and be used by nobody else.
  SelfPlay(Evaluator &evaluator, const SelfPlayOptions &options, uint64_t seed);

  /// Asked once for each game that begins here, in order: k = 0, 1, 2, ...
  /// Says which program it is about, and by what number its trajectory shall
  /// name that (`program`); null: there is no such game. `number`, at first k,
  /// is the game's own: its noise depends on the seed and on that.
  using NextGame = std::function<std::shared_ptr<const Game>(
      uint64_t k, uint64_t &number, int32_t &program)>;
  /// That many games of one program.
  static NextGame gamesOf(std::shared_ptr<const Game> program, int32_t count);
  /// Told of every game that is over, in its last state.
  using Finished = std::function<void(GameState &game, uint64_t number,
                                      Trajectory trajectory)>;

  /// Asks the network once, for all games under way; begins others in free
  /// slots. False if nothing is left to play.
  bool step(const NextGame &next, const Finished &finished);
  /// The network has other weights from now on: that is the version of games
  /// that begin.
  void setWeightsVersion(int64_t v) { version = v; }
  int64_t numSimulations() const { return simulations; }
  int64_t numMoves() const { return moves; }

private:
  struct Slot {
    std::unique_ptr<GameState> game;
    Trajectory trajectory;
    uint64_t number = 0;
    bool isFull = true;
  };
  void beginMove(int32_t slot);
  void endMove(int32_t slot);

  SelfPlayOptions options;
  BatchedSearch search;
  uint64_t seed, numBegun = 0;
  int64_t version = 0, simulations = 0, moves = 0;
  bool isExhausted = false;
  std::vector<Slot> slots;
  llvm::SmallVector<int32_t, 64> done;
};

} // namespace mempl

#endif // MEMPL_MUZERO_SELFPLAY_H
