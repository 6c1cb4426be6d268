//===- GameOffsets.h - where residencies of a game go -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Offsets. A residency gets a place that is free as long as its value may be
// wanted, and apart from where other values may stay. As nothing runs before
// play is over, a place can be made, too, by moving what is in the way, each
// residency as a whole and to a place that is free: one level deep, a few at a
// time, for the few places with the fewest bytes in the way. That is a
// heuristic; general packing is hard (Buchsbaum et al., SICOMP 2004).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_GAME_GAMEOFFSETS_H
#define MEMPL_LIB_GAME_GAMEOFFSETS_H

#include "mempl/Game/PartialPlan.h"

namespace mempl {

/// Looks at a plan, and moves residencies in it.
class GameOffsets {
public:
  /// Both must outlive it.
  GameOffsets(const GameOptions &options, PartialPlan &plan)
      : options(options), plan(plan), editor(plan.edited()),
        space(editor.occupancy()) {}

  /// Another offset at which a residency would be free up to `lastStep`; -1 if
  /// there is none.
  int64_t newPlace(const Residency &r, int32_t lastStep) const;
  /// An offset for a residency of `value` from `start` to `end` that serves
  /// `use` last: if possible one that is free up to later uses and not wanted
  /// by other values; -1 if there is no place at all.
  int64_t chooseOffset(int32_t value, int32_t start, int32_t end,
                       int32_t use) const;

  /// Whether there is a free place during `step`.
  bool hasRoom(int32_t step, int64_t size) const;
  /// The same, or whether one can be made.
  bool canHaveRoom(int32_t step, int64_t size) const;
  /// Makes a place from step `start` to `end` if that can be done.
  void makeRoom(int32_t start, int32_t end, int64_t size);
  /// Moves what is in the way of `use`, if anything is: where the residency
  /// `s.before` `stays`, or a new one begins with it.
  void makeRoomFor(const PartialPlan::Situation &s, const Use &use, bool stays);

private:
  struct Place {
    int32_t start, end; // Steps, both included.
    int64_t low, size;
  };
  /// Residencies and the offsets that they get.
  using Moves = llvm::SmallVector<std::pair<PlanEditor::Id, int64_t>, 8>;

  const AccessIndex &index() const { return plan.index(); }
  bool hasBytes(int32_t start, int32_t end, int64_t size) const;
  int64_t placeBeside(PlanEditor::Id id, const Place &target,
                      const Moves &moves) const;
  bool canClear(const Place &target, Moves &moves) const;
  bool canMakeRoom(int32_t start, int32_t end, int64_t size,
                   Moves &moves) const;
  bool canMakeRoomToStay(const PartialPlan::Situation &s, int32_t step,
                         Moves &moves) const;
  void move(const Moves &moves);

  const GameOptions &options;
  PartialPlan &plan;
  const PlanEditor &editor;
  const OccupancyMap &space;
};

} // namespace mempl

#endif // MEMPL_LIB_GAME_GAMEOFFSETS_H
