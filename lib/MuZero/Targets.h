//===- Targets.h - what a network shall learn -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A batch of positions, each unrolled over the next few actions, with what was
// seen there and what shall be predicted. It is rebuilt by playing its games
// again: what was seen, what was legal, and which questions came up. After the
// end of a game, states are absorbing: value and reward are 0, and there is no
// policy to learn.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_TARGETS_H
#define MEMPL_LIB_MUZERO_TARGETS_H

#include "StateBatch.h"

#include "mempl/MuZero/Learner.h"

namespace mempl {

/// Everything of a batch of B positions, for each of K + 1 steps.
struct Targets {
  explicit Targets(int32_t steps) : steps(steps) {}

  int32_t steps;                             ///< K + 1.
  int64_t rows = 0;                          ///< B.
  std::vector<ReplayBuffer::Choice> choices; ///< Whose positions they are.
  std::vector<float> weights;                ///< [B]
  std::vector<float> policies;               ///< [B, K + 1, actions]
  std::vector<float> mayPlay;   ///< The same: 0, or very negative if illegal.
  std::vector<float> hasPolicy; ///< [B, K + 1]: 1 or 0.
  std::vector<float> values, returns;      ///< [B, K + 1]
  std::vector<float> rewards;              ///< [B, K + 1]; the first is unused.
  std::vector<int64_t> actions, questions; ///< [B, K]: taken, and asked next.
  /// What is seen of each position.
  StateBatch roots;
  /// For consistency: what is seen later, of which row and after how many
  /// steps.
  StateBatch later;
  std::vector<int64_t> laterRows, laterSteps;
  /// All questions that elites could decide about, and what their plans say.
  std::vector<int64_t> placedQuestions, placed;
};

/// Makes targets of games that are drawn. Questions are rows of a table.
class TargetBuilder {
public:
  TargetBuilder(const LearnerOptions &options, QuestionTable &table)
      : options(options), table(table) {}

  /// The number by which trajectories name a program: 0, 1, ... in the order of
  /// calls.
  int32_t addProgram(std::shared_ptr<const Game> program);
  /// Draws until the batch is full. The buffer must not be empty.
  Targets collect(const ReplayBuffer &replay, Random &random);

private:
  /// Of one game: what is legal before each action, and what was asked.
  struct Played {
    std::vector<ActionMask> legal;
    std::vector<int32_t> asked; ///< -1 after the end.
  };

  void addGame(ReplayBuffer::Choice choice, Random &random, Targets &targets);
  Played playAgain(const ReplayBuffer::Choice &choice, Random &random,
                   Targets &targets);
  void addPlan(const GameState &game, Targets &targets) const;
  void addPosition(const Trajectory &t, bool isElite, int32_t position,
                   const Played &played, llvm::ArrayRef<double> sums,
                   Targets &targets) const;
  double valueAt(const Trajectory &t, bool isElite, int32_t at,
                 llvm::ArrayRef<double> sums) const;

  const LearnerOptions &options;
  QuestionTable &table;
  std::vector<std::shared_ptr<const Game>> programs;
  std::vector<std::unique_ptr<GameState>> games; ///< In their first state.
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_TARGETS_H
