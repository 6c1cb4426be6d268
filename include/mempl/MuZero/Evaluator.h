//===- Evaluator.h - what a search asks a network ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface between tree search and networks: questions are collected, then
// answered all at once. An evaluator keeps a latent state for each row, which
// is how later questions refer to earlier states. One per thread.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_EVALUATOR_H
#define MEMPL_MUZERO_EVALUATOR_H

#include "mempl/Game/GameState.h"
#include "mempl/MuZero/GumbelTree.h"

#include <functional>

namespace mempl {

/// A search in mallocGame, and what is said of its states: returns are in units
/// of Game::scale(), actions are those of Action.
using GameTree = GumbelTree<kNumActions>;
using Prediction = GameTree::Prediction;
extern template class GumbelTree<kNumActions>;

class Evaluator {
public:
  virtual ~Evaluator();

  struct Answer {
    Prediction state;
    /// Of the action, for addAction(); in units of Game::scale().
    float reward = 0;
  };

  /// Latents may be kept in rows 0 to `rows` - 1 from now on; those kept so far
  /// are lost.
  virtual void reserveRows(int32_t rows) = 0;
  /// Asks about a real state, which is not over; its latent goes to `row`. The
  /// game is looked at during the call only, and is unchanged after it.
  virtual void addState(GameState &game, int32_t row) = 0;
  /// Asks what `action` leads to from the latent in `parent`; the new one goes
  /// to `row`. `nextNode`: which question of the program comes up then, among
  /// Game::nodes(); -1 if there is none left.
  virtual void addAction(const Game &program, int32_t parent, Action action,
                         int32_t nextNode, int32_t row) = 0;
  /// Answers all that was asked since the last call, in that order.
  virtual void run(std::vector<Answer> &answers) = 0;
  /// Units of a solver's budget that a question counts for, with the decision
  /// that follows it: it takes about as long as so many moves of `search`.
  virtual int64_t unitsPerQuestion() const { return 1; }
};

/// Stands in for a network, for exact search only. The policy is uniform, or
/// leans to greedyAction(); the return that is expected is 0, or that of greedy
/// play to the end.
class PlainEvaluator : public Evaluator {
public:
  /// With `playsOut` values are those of greedy play, else 0. The greedy action
  /// gets the logit `greedyLogit`, the others 0. `reached`, if not empty, is
  /// told of every game played to its end, in its last state, and of how many
  /// decisions that took.
  explicit PlainEvaluator(
      bool playsOut, float greedyLogit = 0,
      std::function<void(GameState &, int32_t)> reached = {})
      : playsOut(playsOut), greedyLogit(greedyLogit),
        reached(std::move(reached)) {}

  void reserveRows(int32_t) override {}
  void addState(GameState &game, int32_t row) override;
  void addAction(const Game &program, int32_t parent, Action action,
                 int32_t nextNode, int32_t row) override;
  void run(std::vector<Answer> &answers) override;

private:
  bool playsOut;
  float greedyLogit;
  std::function<void(GameState &, int32_t)> reached;
  std::vector<Answer> pending;
};

} // namespace mempl

#endif // MEMPL_MUZERO_EVALUATOR_H
