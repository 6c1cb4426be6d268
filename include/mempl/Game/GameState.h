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

#include "mempl/Game/Game.h"

namespace mempl {

enum class Action : uint8_t { NoCopy = 0, Copy = 1, Drop = 2 };
inline constexpr int kNumActions = 3;
inline constexpr Action kActions[] = {Action::NoCopy, Action::Copy,
                                      Action::Drop};

/// A set of actions: bit `1 << action`.
using ActionMask = uint8_t;
constexpr ActionMask maskOf(Action a) {
  return static_cast<ActionMask>(1 << static_cast<int>(a));
}
constexpr bool contains(ActionMask mask, Action a) {
  return (mask & maskOf(a)) != 0;
}

/// "NoCopy", "Copy" or "Drop".
llvm::StringRef actionName(Action a);

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
  Plan planSoFar() const { return editor.plan(); }
  /// A valid plan at any time: what is undecided is dropped.
  Plan plan();

  //===--- What observers look at -----------------------------------------===//

  /// The plan so far, for its occupancy, residencies and times.
  const PlanEditor &plannedSoFar() const { return editor; }
  /// Up to date in every state.
  const Timeline &time() const { return editor.time(); }
  /// Bytes occupied by residencies during each step.
  llvm::ArrayRef<int64_t> usedBytes() const { return used; }
  /// Bytes occupied, and those besides at which residencies could be extended
  /// to the next access of their value (such places may overlap).
  llvm::ArrayRef<int64_t> claimedBytes() const { return claimed; }
  /// The residencies and their possible extensions, as rectangles.
  const OccupancyMap &claims() const { return claimMap; }
  /// Where a value stands before its use `use`, which is not served.
  struct Situation {
    PlanEditor::Id before = PlanEditor::kNone; ///< Residency before the use.
    PlanEditor::Id after = PlanEditor::kNone;  ///< Residency after it.
    /// First step that residencies of this value cannot occupy any more.
    int32_t end = 0;
    bool isHeld = false;  ///< `before` serves the last access before this one.
    bool isDirty = false; ///< Held, and only the fast contents are valid.
    int32_t lastWrite = -1; ///< Held: step of the last write served; or -1.
  };
  Situation situationAt(int32_t use) const;
  /// Whether the residency `s.before` can be extended to `use` at its offset.
  bool canStay(const Situation &s, int32_t use) const;

private:
  GameState(const GameState &) = default;

  /// What the contents need after an access.
  struct Upkeep {
    enum Kind : uint8_t {
      None,
      Slot, ///< Perhaps a copy out later.
      Close ///< A copy out now, awaited at `deadline`.
    } kind = None;
    int32_t deadline = 0;
  };
  struct Change {
    enum Kind : uint8_t { Placed, Removed, TookSlot, GaveSlot, Answered } kind;
    int32_t id; ///< Residency, boundary of the slot, or value.
  };
  struct Frame {
    PlanEditor::Mark mark;
    size_t changes;
    int32_t position;
    ActionMask mask;
    double seconds;
  };

  // GameState.cpp: the state and its bookkeeping.
  void advance();
  bool answersLikeBefore();
  void takeBack(size_t numChanges);
  PlanEditor::Id place(const Residency &r,
                       PlanEditor::Id before = PlanEditor::kNone);
  void remove(PlanEditor::Id id);
  void enter(PlanEditor::Id id, int32_t sign);
  void countSlot(int32_t boundary, int32_t sign);
  int32_t claimEnd(const Residency &r) const;
  int32_t nextWanted(int32_t use) const;

  // GameMoves.cpp: the rules.
  ActionMask actionsFor(int32_t use) const;
  ActionMask carryActions(int32_t value);
  void play(int32_t item, Action a);
  void playNoCopy(int32_t use);
  void playCopy(int32_t use);
  int32_t bestIssue(int32_t use, int32_t earliest);
  void playDrop(int32_t use);
  bool carry(int32_t value, Action a);
  Upkeep upkeepAfter(int32_t use, bool isDirty, const Situation &s) const;
  void settle(Residency &r, const Upkeep &upkeep, int32_t lastWrite,
              int32_t expected);
  void closeBefore(const Situation &s, int32_t deadline);
  int32_t doneFor(const Residency &r, int32_t lastWrite, int32_t deadline,
                  int32_t expected) const;
  bool hasRoomForSlot(int32_t boundary) const;
  void makeRoomForSlot(int32_t boundary);
  int32_t expectedDone(int32_t value, int32_t lastWrite, int32_t deadline);

  // GameRoom.cpp: offsets.
  struct Place {
    int32_t start, end; // Steps, both included.
    int64_t low, size;
  };
  /// Residencies and the offsets that they get.
  using Moves = llvm::SmallVector<std::pair<PlanEditor::Id, int64_t>, 8>;
  bool isFree(int64_t offset, int64_t size, int32_t start, int32_t end) const;
  int64_t newPlace(const Residency &r, int32_t lastStep) const;
  int64_t chooseOffset(int32_t value, int32_t start, int32_t end,
                       int32_t use) const;
  bool hasRoom(int32_t step, int64_t size) const;
  bool hasBytes(int32_t start, int32_t end, int64_t size) const;
  int64_t placeBeside(PlanEditor::Id id, const Place &target,
                      const Moves &moves) const;
  bool canClear(const Place &target, Moves &moves) const;
  bool canMakeRoom(int32_t start, int32_t end, int64_t size,
                   Moves &moves) const;
  void move(const Moves &moves);
  bool canMakeRoomToStay(const Situation &s, int32_t step, Moves &moves) const;
  void makeRoom(const Situation &s, const Use &use, bool stays);

  std::shared_ptr<const Game> shared;
  mutable PlanEditor editor;
  OccupancyMap claimMap;
  std::vector<int64_t> used, claimed; // Per step.
  // Per boundary, where copies out are limited: the residencies whose copies
  // are in flight, places kept free, and the number of both.
  std::vector<llvm::SmallVector<PlanEditor::Id, 2>> flights;
  std::vector<int32_t> slots, inFlight;
  // Per value, where actions decide about values: what was answered.
  std::vector<std::optional<Action>> answers;
  std::vector<Change> changes;
  std::vector<Frame> frames;
  int32_t position = 0;
  ActionMask mask = 0;
  double seconds = 0;
  uint64_t contentHash = 0; // Of the residencies and the answers.
};

} // namespace mempl

#endif // MEMPL_GAME_GAMESTATE_H
