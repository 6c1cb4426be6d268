//===- Game.h - what all games of one program share -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mallocGame has two classes, as games in OpenSpiel (Lanctot et al., 2019)
// have: Game is what play does not change: the instance and its index, the
// segments, the plans of its loops, the order of its steps, and the scale of
// rewards. It is made once, and shared by any number of states in any number of
// threads. GameState.h has what actions change.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_GAME_H
#define MEMPL_GAME_GAME_H

#include "mempl/Game/Action.h"
#include "mempl/Problem/PlanEditor.h"
#include "mempl/Solvers/SegmentPolicy.h"
#include "mempl/Solvers/UseIntervalForest.h"

#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <mutex>

namespace mempl {

/// How a game is set up.
struct GameOptions {
  /// The order in which steps run, for a program whose order is free; empty: as
  /// they stand.
  std::vector<int32_t> order = {};
  /// Plans of loops by step of the program, valid within their own capacity.
  /// Where there is any, loops that are not named run from slow memory; where
  /// there is none, loops are planned by the solver `greedy`.
  std::map<int32_t, BodyPlan> loops = {};
  /// Latency of the heuristic plan that rewards are compared with, seconds;
  /// negative: that of the solver `greedy`.
  double greedyLatency = -1;
};

/// An instance made ready for games.
class Game {
public:
  /// Takes a valid instance. An error if the order is not one of the program's,
  /// if a loop has no valid plan, or if what is constrained to be fast cannot
  /// be placed.
  static llvm::Expected<std::shared_ptr<const Game>>
  create(Instance instance, GameOptions options = {});

  Game(const Game &) = delete;
  Game &operator=(const Game &) = delete;

  /// As it was given.
  const Instance &instance() const { return problem; }
  const GameOptions &options() const { return config; }
  /// Of the program with its steps in the order of the game: what numbers of
  /// steps, uses and residencies speak of.
  const AccessIndex &index() const { return *accesses; }
  /// The segments.
  const UseIntervalForest &forest() const { return *intervals; }
  /// What a policy sees of program and segments; made when it is first asked
  /// for, once, whoever asks.
  const SegmentFeatures &features() const;

  //===--- Actions --------------------------------------------------------===//

  int32_t numNodes() const { return static_cast<int32_t>(parents.size()); }
  /// Actions have numbers from 0 on: Stop, then all nodes of one kind after
  /// those of another, in the order of the kinds.
  int32_t numActions() const { return 1 + Action::kNumKinds * numNodes(); }
  int32_t numberOf(Action a) const {
    return a.kind == Action::Stop ? 0 : 1 + (a.kind - 1) * numNodes() + a.node;
  }
  Action action(int32_t number) const {
    if (number == 0)
      return {};
    return {static_cast<Action::Kind>(1 + (number - 1) / numNodes()),
            (number - 1) % numNodes()};
  }
  /// The node that this one is a child of; -1 for a root.
  int32_t parentOf(int32_t node) const { return parents[node]; }
  /// The node of a single use; -1 if the use can only be slow.
  int32_t leafOf(int32_t use) const { return leaves[use]; }
  /// Whether the run before may leave the value in fast memory, and that gains.
  bool isCarriable(int32_t value) const { return carriable[value]; }
  /// The largest node that begins with the use `first` and has none after the
  /// use `last`; -1 if there is none.
  int32_t nodeWithin(int32_t first, int32_t last) const;

  //===--- Beginning and scale --------------------------------------------===//

  /// The plans of loops that every game starts with, by step of index().
  struct ChosenLoop {
    int32_t step;
    std::shared_ptr<const LoopPlan> plan; ///< Null: from slow memory.
  };
  llvm::ArrayRef<ChosenLoop> loops() const { return chosenLoops; }
  /// What is constrained to be fast, as it lies when play begins.
  llvm::ArrayRef<Residency> constrained() const { return pinned; }

  /// Latency in seconds when nothing is placed: everything in slow memory but
  /// for constraints and loops. Without those, that of the empty plan.
  double slowLatency() const { return slow; }
  /// Latency of the heuristic plan, seconds.
  double greedyLatency() const { return greedy; }
  /// Seconds that rewards are divided by: slowLatency() - greedyLatency(), at
  /// least a thousandth of slowLatency(); positive.
  double scale() const { return unit; }
  /// Seconds before each step, and after the last, when nothing is placed.
  llvm::ArrayRef<double> slowStart() const { return starts; }

private:
  Game(Instance instance, GameOptions options);
  llvm::Error prepare();
  llvm::Error chooseLoopPlans();
  void linkNodes();

  Instance problem;
  GameOptions config;
  std::unique_ptr<const Program> ordered; // Null: as the instance has it.
  std::unique_ptr<const AccessIndex> accesses;
  std::unique_ptr<const UseIntervalForest> intervals;
  std::vector<int32_t> parents, leaves;
  std::vector<bool> carriable; // By value.
  std::vector<ChosenLoop> chosenLoops;
  std::vector<Residency> pinned;
  std::vector<double> starts;
  double slow = 0, greedy = 0, unit = 1;
  mutable std::once_flag featuresOnce;
  mutable std::unique_ptr<const SegmentFeatures> segmentFeatures;
};

} // namespace mempl

#endif // MEMPL_GAME_GAME_H
