//===- GamePlayer.h - plays a program for its best plan ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the policies that play mallocGame spend what they are given, with a
// network or without one. From cheap to dear: the best play of the policy;
// samples of it, played together; a game by tree search, where one can end in
// time; and for the rest windows of the best game, played anew.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_GAMEPLAYER_H
#define MEMPL_MUZERO_GAMEPLAYER_H

#include "mempl/MuZero/SelfPlay.h"
#include "mempl/Solvers/Deadline.h"

namespace mempl {

/// A program ready to be played, and the plan to improve on.
struct PreparedGame {
  std::shared_ptr<const Game> program;
  Solution best; ///< Of the solver `greedy`.
};

/// Solves by `greedy`, and makes the game around the loops of its plan. Errors
/// are those of `greedy` and Game::create().
llvm::Expected<PreparedGame> prepareGame(const Instance &instance,
                                         const SolverContext &context,
                                         const GameRules &rules);

/// By which play without a network finds most.
inline constexpr GameRules kUntrainedRules = {DecisionOrder::Program,
                                              MoveSize::Value};

/// Plays games of one program and keeps the best plan. Deterministic for a seed
/// and a budget, of which a question takes Evaluator::unitsPerQuestion().
class GamePlayer {
public:
  /// `samples` answers for samples and windows, `search` for the hybrid tree
  /// search; they may be the same, and without `search` there is none.
  /// `best` has a valid plan and its latency; `improved` of the context is told
  /// of better ones, under the name `solverName`.
  GamePlayer(std::shared_ptr<const Game> program, Evaluator &samples,
             Evaluator *search, const SolverContext &context,
             const Deadline &deadline, llvm::StringRef solverName,
             Solution &best);

  /// Plays until the limits are used up, and says in `best` how much of the
  /// budget was.
  /// With `givesUp` it ends after the first game if that is not better than the
  /// plan given.
  void run(bool givesUp = false);
  /// Takes the plan of a game, if it is better. The game may be under way.
  void offer(GameState &game);

private:
  void playWhole(bool givesUp);
  double share() const;
  bool isOver() const;
  void play(const SelfPlayOptions &how, Evaluator &evaluator, int32_t games,
            double untilShare);
  void playWindows(const GameState &game);
  void tell();

  std::shared_ptr<const Game> program;
  Evaluator &samples;
  Evaluator *search;
  const SolverContext &context;
  const Deadline &deadline;
  llvm::StringRef solverName;
  Solution &best;
  std::vector<Action> bestActions; ///< Of the best whole game.
  double bestPlayed = 0;           ///< Its latency.
  int64_t used = 0;                ///< Units of the budget.
  uint64_t round = 0;
};

} // namespace mempl

#endif // MEMPL_MUZERO_GAMEPLAYER_H
