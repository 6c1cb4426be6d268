//===- GameMoves.h - the rules of mallocGame --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which actions are legal, and what they do to the plan. An action is legal if
// its smallest form is: a copy issued at the boundary where it is awaited, a
// copy out awaited where it is issued. Then the best boundaries and the best
// offset are looked for; what is asked of space and limits only grows with
// the length of a copy, so that the longest possible one is found by bisection.
// The expected times of copies are estimates of UseIntervalPlacer from the load
// of the channels; rewards are exact whatever they are.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_GAME_GAMEMOVES_H
#define MEMPL_LIB_GAME_GAMEMOVES_H

#include "GameOffsets.h"

#include "mempl/Game/Action.h"

namespace mempl {

/// Plays single actions in a plan; whose turn it is, others know.
class GameMoves {
public:
  /// Both must outlive it.
  GameMoves(const Game &program, PartialPlan &plan)
      : program(program), plan(plan), editor(plan.edited()),
        offsets(program.options(), plan) {}

  /// What is legal for an item that is not served yet. The plan is as it was
  /// afterwards.
  ActionMask legalActions(const Game::Item &item);
  /// Plays a legal action.
  void play(const Game::Item &item, Action a);

private:
  using Situation = PartialPlan::Situation;

  /// What the contents need after an access.
  struct Upkeep {
    enum Kind : uint8_t {
      None,
      Slot, ///< Perhaps a copy out later.
      Close ///< A copy out now, awaited at `deadline`.
    } kind = None;
    int32_t deadline = 0;
  };

  const AccessIndex &index() const { return plan.index(); }

  ActionMask actionsFor(int32_t use) const;
  ActionMask carryActions(int32_t value);
  void playNoCopy(int32_t use);
  void begin(int32_t use, const Situation &s);
  void extend(int32_t use, const Situation &s);
  void playCopy(int32_t use);
  void playDrop(int32_t use);
  bool carry(int32_t value, Action a);

  int32_t bestIssue(int32_t use, int32_t earliest);
  llvm::SmallVector<int32_t, 4> issuesToTry(int32_t use, int32_t earliest);
  int64_t offsetFrom(int32_t issue, const Use &use) const;
  bool allowsCopyIn(int32_t issue, const Use &use) const;

  Upkeep upkeepAfter(int32_t use, bool isDirty, const Situation &s) const;
  void settle(Residency &r, const Upkeep &upkeep, int32_t lastWrite,
              int32_t expected);
  void closeBefore(const Situation &s, int32_t deadline);
  int32_t doneFor(const Residency &r, int32_t lastWrite, int32_t deadline,
                  int32_t expected) const;
  bool hasRoomForSlot(int32_t boundary) const;
  void makeRoomForSlot(int32_t boundary);
  int32_t expectedDone(int32_t value, int32_t lastWrite, int32_t deadline);

  const Game &program;
  PartialPlan &plan;
  PlanEditor &editor;
  GameOffsets offsets;
};

} // namespace mempl

#endif // MEMPL_LIB_GAME_GAMEMOVES_H
