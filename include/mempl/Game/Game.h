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
// plans of its loops, the order in which accesses come up, and the scale of
// rewards. It is made once, and shared by any number of states in any number of
// threads. GameState.h has what moves change.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_GAME_H
#define MEMPL_GAME_GAME_H

#include "mempl/Problem/PlanEditor.h"
#include "mempl/Solvers/UseIntervalForest.h"

#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace mempl {

struct ProgramFeatures;

/// The order in which the accesses of a program come up. The accesses of one
/// value always come up by time; the rules are the same in every order.
enum class DecisionOrder : uint8_t {
  Program,     ///< Step by step, the accesses of a step by value.
  ValueDensity ///< Value by value, those first that gain most by being fast per
               ///< byte and second of their life.
};

/// What one action decides.
enum class MoveSize : uint8_t {
  Use,  ///< One access.
  Value ///< All accesses of a value, when its first question comes up. After
        ///< Drop all are slow; after anything else each later one is served
        ///< without a copy if that is legal, with one if that is legal and the
        ///< program does not get slower by it, and in slow memory otherwise.
};

/// "program" or "density".
std::optional<DecisionOrder> decisionOrderByName(llvm::StringRef name);
/// "use" or "value".
std::optional<MoveSize> moveSizeByName(llvm::StringRef name);

/// What comes up in a game, and when: what a player has to be trained for.
struct GameRules {
  DecisionOrder order = DecisionOrder::Program;
  MoveSize moves = MoveSize::Use;

  bool operator==(const GameRules &) const = default;
};

/// How a game is set up.
struct GameOptions : GameRules {
  /// Which of the free places a residency gets.
  Fit fit = Fit::Tightest;
  /// Whether a residency may move, as a whole, to another offset: where it
  /// cannot be extended at its own, or where it is in the way of another one.
  /// (Offsets are chosen before the program runs, so moving costs nothing.)
  /// Carried ones never move.
  bool repacks = true;
  /// Asks first which inputs the run before leaves in fast memory, where
  /// Machine::maxCarried allows any.
  bool asksCarried = true;
  /// Plans of loops by step, valid within their own capacity. Where there is
  /// any, loops that are not named run from slow memory; where there is none,
  /// loops are planned by the solver `greedy`.
  std::map<int32_t, BodyPlan> loops;
  /// Latency of the heuristic plan that rewards are compared with, seconds;
  /// negative: that of the solver `greedy`.
  double greedyLatency = -1;
};

/// One question that a game may ask: about an access, or whether an input is
/// carried over.
struct DecisionNode {
  int32_t value;
  int32_t use;  ///< AccessIndex::use(); -1: is the value carried over?
  int32_t step; ///< Of the use; 0 for a carried value.
};

/// An instance made ready for games. Its steps run in program order, also where
/// plans may run them in another one.
class Game {
public:
  /// Takes a valid instance. An error if a loop has no valid plan or if what is
  /// constrained to be fast cannot be placed.
  static llvm::Expected<std::shared_ptr<const Game>>
  create(Instance instance, GameOptions options = {});

  ~Game();
  Game(const Game &) = delete;
  Game &operator=(const Game &) = delete;

  const Instance &instance() const { return problem; }
  const AccessIndex &index() const { return accesses; }
  const UseIntervalForest &forest() const { return intervals; }
  const GameOptions &options() const { return config; }

  /// All questions that may come up, carried values first, then by step and
  /// value; whatever the order of play, nodes are numbered so.
  llvm::ArrayRef<DecisionNode> nodes() const { return questions; }
  int32_t numNodes() const { return static_cast<int32_t>(questions.size()); }

  /// What a game goes through, in the order of play: the nodes, and in between
  /// the accesses of their values that can only be slow.
  struct Item {
    int32_t value;
    int32_t use;  ///< -1: is the value carried over?
    int32_t node; ///< -1: not asked.
  };
  llvm::ArrayRef<Item> items() const { return turns; }
  /// The node that comes up after `node` in the order of play, unless it is
  /// skipped; -1 after the last one. With MoveSize::Value only the first node
  /// of a value counts.
  int32_t nodeAfter(int32_t node) const { return nextNode[node]; }

  /// The last use of the same value before `use` that writes, -1 if there is
  /// none.
  int32_t writeBefore(int32_t use) const { return lastWrite[use]; }

  /// The plans of loops that every game starts with.
  struct ChosenLoop {
    int32_t step;
    std::shared_ptr<const LoopPlan> plan; ///< Null: from slow memory.
  };
  llvm::ArrayRef<ChosenLoop> loops() const { return chosenLoops; }

  /// Latency in seconds when nothing is decided: everything in slow memory but
  /// for constraints and loops. Without those, slowLatency().
  double slowLatency() const { return slow; }
  /// Latency of the heuristic plan, seconds.
  double greedyLatency() const { return greedy; }
  /// Seconds that rewards are divided by: slowLatency() - greedyLatency(), at
  /// least a thousandth of slowLatency(); positive.
  double scale() const { return unit; }
  /// Seconds before each step, and after the last, when nothing is decided.
  llvm::ArrayRef<double> slowStart() const { return starts; }

  /// What a network sees of the program; made when it is first asked for, once,
  /// whoever asks.
  const ProgramFeatures &features() const;

private:
  Game(Instance instance, GameOptions options);
  llvm::Error prepare();
  llvm::Error chooseLoopPlans();
  void listNodes(PlanEditor &editor);
  void orderItems();

  Instance problem;
  GameOptions config;
  AccessIndex accesses;
  UseIntervalForest intervals;
  std::vector<DecisionNode> questions;
  std::vector<Item> turns;
  std::vector<int32_t> lastWrite, nextNode;
  std::vector<ChosenLoop> chosenLoops;
  std::vector<double> starts;
  double slow = 0, greedy = 0, unit = 1;
  mutable std::once_flag featuresOnce;
  mutable std::unique_ptr<const ProgramFeatures> featureRows;
};

} // namespace mempl

#endif // MEMPL_GAME_GAME_H
