//===- GameState.h - placement as a single-player game ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The idea that placing the tensors of a program is a single-player game,
// mallocGame, which a MuZero agent plays, is that of arXiv 2305.07440. The
// paper gives the idea only: the rules here are this project's reconstruction.
//
// A state is a plan under construction on a byte profile: at every step a
// number of free bytes, and no offsets. The player chooses a segment,
// neighbouring accesses of one value, and what to do with it (Action.h). What
// follows from that, where copies begin and end, the placer chooses. An action
// is legal if the bytes are there and the plan keeps all rules but those about
// offsets. Copies never are in the way: those that hold bytes which an access
// needs are issued later, or awaited sooner.
//
// Stop is always legal until the game is over. It times copies anew, now that
// it is known which there are, finds offsets, and gives up what it finds none
// for. What is constrained to be fast is placed before play.
//
// The reward of an action is the latency that it saves, by the exact simulator.
// Rewards add up to the difference between Game::slowLatency() and the latency
// of the final plan.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_GAMESTATE_H
#define MEMPL_GAME_GAMESTATE_H

#include "mempl/Game/Features.h"
#include "mempl/Game/Game.h"

#include <optional>

namespace mempl {

/// What of a state StateFeatures.def says about a node.
enum class NodeFeature : int32_t {
#define MEMPL_NODE_FEATURE(NAME, DOC) NAME,
#include "mempl/Game/StateFeatures.def"
};
/// What it says about the state.
enum class StateFeature : int32_t {
#define MEMPL_STATE_FEATURE(NAME, DOC) NAME,
#include "mempl/Game/StateFeatures.def"
};
inline constexpr int32_t kNumNodeFeatures = 0
#define MEMPL_NODE_FEATURE(NAME, DOC) +1
#include "mempl/Game/StateFeatures.def"
    ;
inline constexpr int32_t kNumStateFeatures = 0
#define MEMPL_STATE_FEATURE(NAME, DOC) +1
#include "mempl/Game/StateFeatures.def"
    ;
/// All features are finite and within [-kFeatureLimit, kFeatureLimit].
inline constexpr float kFeatureLimit = SegmentFeatures::kLimit;
/// Names of the features of states, one per line, with their kind: weights are
/// good for equal ones only.
std::string stateFeatureNames();

/// A state of the game. Deterministic. One thread at a time: questions may
/// bring latencies up to date.
class GameState {
public:
  /// The first state.
  explicit GameState(std::shared_ptr<const Game> game);
  /// A state that begins with a valid plan for the instance, whose order and
  /// plans of loops are those of the game; without what does not fit, if they
  /// are not. It is the first state for undo() and restart().
  GameState(std::shared_ptr<const Game> game, const Plan &start);

  const Game &game() const { return *shared; }
  std::shared_ptr<const Game> sharedGame() const { return shared; }

  //===--- Play -----------------------------------------------------------===//

  /// Whether Stop was played.
  bool isOver() const { return final != nullptr; }
  /// Whether the action can be played; exact. Costs about as much as playing
  /// it.
  bool isLegal(Action a);
  /// False only if isLegal() is. Costs much less: for Place and Extend it asks
  /// whether there are the bytes.
  bool mayBeLegal(Action a) const;
  /// The same of Place.
  bool mayFit(int32_t node) const { return mayBeLegal({Action::Place, node}); }
  /// Plays an action if it is legal. Returns the reward: seconds of latency
  /// saved, negative if the plan became slower. Otherwise nothing is changed.
  std::optional<double> tryApply(Action a);
  /// Plays a legal action. Stop costs milliseconds, all else microseconds.
  double apply(Action a);
  /// Takes back the last action; the state is what it was before. Needs
  /// numApplied() > 0.
  void undo();
  /// Takes back everything.
  void restart() {
    while (!frames.empty())
      undo();
  }
  /// The same state, independent of this one; copies all of it, history
  /// included. Time and memory grow with the program.
  std::unique_ptr<GameState> clone() const {
    return std::unique_ptr<GameState>(new GameState(*this));
  }

  //===--- Actions --------------------------------------------------------===//

  /// Adds the TakeOut actions that may be legal: one per residency, by value
  /// and time.
  void listTakeOuts(llvm::SmallVectorImpl<Action> &actions) const;
  /// Adds the Extend actions that may be legal.
  void listExtends(llvm::SmallVectorImpl<Action> &actions) const;
  /// Adds the Carry actions that may be legal.
  void listCarries(llvm::SmallVectorImpl<Action> &actions) const;
  /// All legal actions, by number. Costs as many as there are segments.
  std::vector<Action> legalActions();

  //===--- Questions about the state --------------------------------------===//

  /// How many actions lead from the first state here.
  int32_t numApplied() const { return static_cast<int32_t>(frames.size()); }
  /// Seconds; what is not placed is in slow memory. When the game is over, that
  /// of the final plan.
  double latency() const { return seconds; }
  /// Sum of the rewards, that for the start included, seconds.
  double totalReward() const { return shared->slowLatency() - seconds; }
  /// A number for the state: equal states have equal ones, and others different
  /// ones but for chance. Two states are equal if their plans have the same
  /// residencies, whatever their offsets, and the same latency, and both games
  /// are over or none is.
  uint64_t hash() const;
  /// The valid plan, for Game::instance(), of a game that is over.
  const Plan &finalPlan() const { return *final; }
  /// The same of any game: the plan that Stop would give.
  Plan planIfStopped();
  /// The plan so far, for Game::instance(), without offsets that mean
  /// something.
  Plan profile() const;

  /// The plan so far, for its occupancy, residencies and times.
  const PlanEditor &edited() const { return editor; }

  //===--- Features -------------------------------------------------------===//

  /// What StateFeatures.def says of a node; `out` has kNumNodeFeatures. Costs
  /// about a microsecond.
  void nodeFeatures(int32_t node, llvm::MutableArrayRef<float> out);
  /// What it says of the state; `out` has kNumStateFeatures. Costs about as
  /// many nanoseconds as there are accesses.
  void stateFeatures(llvm::MutableArrayRef<float> out);
  /// All numbers of a group, for those who want to see all of the state: a row
  /// per node, or one row. `out` has numObserved() entries.
  void observe(FeatureGroup group, llvm::MutableArrayRef<float> out);
  size_t numObserved(FeatureGroup group) const;

private:
  GameState(const GameState &);

  struct Frame {
    PlanEditor::Mark mark;
    int32_t value; // Whose residencies come and go; -1 for Stop.
    double seconds;
    uint64_t contents;
  };

  const AccessIndex &index() const { return shared->index(); }
  void load(llvm::ArrayRef<Residency> residencies);
  uint64_t hashOfValue(int32_t value) const;
  uint64_t hashOfAll() const;
  Frame begin(Action a);
  void revert(const Frame &frame);
  void countServed(int32_t value, int64_t sign);
  void stop();
  Plan inOrderOfProgram(Plan plan) const;
  bool change(Action a);
  bool changeValue(Action a, int32_t value, UseInterval uses);
  bool place(int32_t value, UseInterval uses);
  void makeRoom(int32_t value, UseInterval uses);
  void issueNextCopyAfter(int32_t value, int32_t step);
  void replace(PlanEditor::Id id, const Residency &r);
  PlanEditor::Id shortestCopyAt(int32_t step) const;
  void takeOut(PlanEditor::Id id);
  bool carry(int32_t value, int32_t lastUse);
  bool carryUntil(int32_t value, int32_t lastUse);
  PlanEditor::Id residencyOf(int32_t node) const;
  int32_t nodeOf(const Residency &r) const;
  bool isCarried(int32_t value) const;
  bool isJustAfterResidency(int32_t use) const;
  int64_t leastFree(int32_t value, int32_t from, int32_t to) const;
  bool hasBytesFor(int32_t value, UseInterval uses) const;

  std::shared_ptr<const Game> shared;
  PlanEditor editor;
  /// By step: bytes that are reserved or serve accesses. Those of copies come
  /// on top, and can go.
  RangeMaximum served;
  std::vector<Frame> frames;
  std::shared_ptr<const Plan> final; // Null until the game is over.
  double seconds = 0;
  uint64_t contents = 0; // Exclusive or of the residencies' hashes.
};

} // namespace mempl

#endif // MEMPL_GAME_GAMESTATE_H
