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
// The player goes through the accesses of the values that may be in fast
// memory, and chooses for each
//  - NoCopy: served in fast memory without a copy. A pure write begins a
//    residency; a read or an update extends the one that holds the value.
//  - Copy: a read or an update is served by a new copy in, issued as late as
//    the channel allows without a stall, or, if space or the limit on copies
//    ends sooner, as early as they allow. If only the fast contents are valid,
//    the old residency is closed first.
//  - Drop: served in slow memory. If it reads and only the fast contents are
//    valid, the residency is closed by a copy out, issued after its last
//    write and awaited when it is expected to be complete, or sooner where
//    space, the limit on copies or this access need it; copies out that are in
//    flight are awaited sooner where a limit would be broken.
// An output that is dirty after its last access is closed with that access. A
// residency gets an offset that is free as long as the value may be wanted, and
// apart from where other values may stay; with GameOptions::repacks it moves,
// as a whole, where it would be in the way.
//
// What is constrained to be fast is placed before play, as are plans of loops.
// A question about a carried input comes before the first step: NoCopy keeps it
// for the whole program, Copy up to its first access, to be copied in again
// for the next run, Drop does not carry it.
//
// The plan so far keeps the rules on capacity, constraints and limits, and
// those on contents as far as accesses are decided. For each residency that
// might have to be copied out later, one place in flight is kept free after
// its last write, so that Drop is always legal and no play has a dead end.
// Questions with one legal answer, which is Drop, are answered without asking.
// With GameOptions::moves an action may decide about all accesses of a value at
// once.
//
// The reward of an action is the latency that it saves, by the exact simulator,
// with everything undecided in slow memory. Rewards add up to the difference
// between Game::slowLatency() and the latency of the final plan.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_GAMESTATE_H
#define MEMPL_GAME_GAMESTATE_H

#include "mempl/Game/Action.h"
#include "mempl/Game/PartialPlan.h"

namespace mempl {

/// A state of the game: a plan under construction and the question that is
/// open. A copy is a state of its own, with its own history. Deterministic.
class GameState {
public:
  /// The first state. Answers what has one answer.
  explicit GameState(std::shared_ptr<const Game> program);

  const Game &program() const { return *shared; }
  std::shared_ptr<const Game> sharedProgram() const { return shared; }
  const AccessIndex &index() const { return shared->index(); }

  //===--- Play -----------------------------------------------------------===//

  /// Whether nothing is left to decide.
  bool isOver() const { return mask == 0; }
  /// What may be answered now; contains Drop and at least one more unless the
  /// game is over, then 0.
  ActionMask legalActions() const { return mask; }
  bool isLegal(Action a) const { return contains(mask, a); }
  /// Plays a legal action, and every forced one after it. Returns the reward:
  /// seconds of latency saved, negative if the plan became slower.
  double apply(Action a);
  /// Takes back the last apply(); every bit of the state is restored. Needs
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

  //===--- Questions about the state --------------------------------------===//

  /// What is asked now; the game must not be over.
  const DecisionNode &decision() const {
    return shared->nodes()[decisionNode()];
  }
  /// Its number among Game::nodes(); -1 if the game is over.
  int32_t decisionNode() const {
    return isOver() ? -1 : shared->items()[position].node;
  }
  /// Most questions that a game of this program can ask.
  int32_t numDecisions() const { return shared->numNodes(); }
  /// How many actions lead from the first state here.
  int32_t numApplied() const { return static_cast<int32_t>(frames.size()); }
  /// Place in Game::items() of the open question; their number if the
  /// game is over.
  int32_t itemPosition() const { return position; }
  /// Seconds; what is undecided is in slow memory.
  double latency() const { return seconds; }
  /// Sum of the rewards so far, seconds.
  double totalReward() const { return shared->slowLatency() - seconds; }
  /// A number for the state: equal states have equal ones, and others different
  /// ones but for chance. Two states are equal if the same question is open and
  /// their plans have the same residencies and the same latency.
  uint64_t hash() const;
  /// The plan so far. Valid when the game is over.
  Plan planSoFar() const { return partial.edited().plan(); }
  /// A valid plan at any time: what is undecided is dropped.
  Plan plan();

  //===--- What observers look at -----------------------------------------===//

  /// The plan so far, for its occupancy, residencies and times.
  const PlanEditor &plannedSoFar() const { return partial.edited(); }
  /// Bytes in use, and where values stand.
  const PartialPlan &partialPlan() const { return partial; }
  /// Up to date in every state.
  const Timeline &time() const { return partial.time(); }

private:
  GameState(const GameState &) = default;

  struct Frame {
    PartialPlan::Mark mark;
    int32_t position;
    ActionMask mask;
    double seconds;
  };

  const Game::Item &item() const { return shared->items()[position]; }
  void advance();
  void playItem(Action a);
  bool answersLikeBefore();
  bool asksForValue() const;
  void answer(std::optional<Action> a);

  std::shared_ptr<const Game> shared;
  PartialPlan partial;
  // Per value, where actions decide about values: what was answered.
  std::vector<std::optional<Action>> answers;
  std::vector<Frame> frames;
  int32_t position = 0;
  ActionMask mask = 0;
  double seconds = 0;
  uint64_t answerHash = 0;
};

} // namespace mempl

#endif // MEMPL_GAME_GAMESTATE_H
