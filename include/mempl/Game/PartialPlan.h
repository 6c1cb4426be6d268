//===- PartialPlan.h - the plan that a game makes ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan under construction, with what mallocGame keeps track of besides: bytes
// in use, places where residencies may be extended, copies out that are in
// flight or may become necessary, and a hash. It knows how to change and how to
// go back, and not what the rules allow: that is GameMoves.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_PARTIALPLAN_H
#define MEMPL_GAME_PARTIALPLAN_H

#include "mempl/Game/Game.h"

namespace mempl {

/// Copies are independent. Deterministic.
class PartialPlan {
public:
  /// With what every game of the program begins with: plans of loops, and what
  /// is constrained to be fast.
  explicit PartialPlan(const Game &program);

  /// Placing and removing goes through this class.
  PlanEditor &edited() { return editor; }
  const PlanEditor &edited() const { return editor; }
  const AccessIndex &index() const { return editor.index(); }
  /// Up to date after latency().
  const Timeline &time() const { return editor.time(); }
  double latency() { return editor.latency(); }

  //===--- Changes --------------------------------------------------------===//

  /// As PlanEditor::place() and remove().
  PlanEditor::Id place(const Residency &r,
                       PlanEditor::Id before = PlanEditor::kNone);
  void remove(PlanEditor::Id id);
  /// Counts residencies of a value that the editor was given by others.
  void enterAll(int32_t value);
  /// Keeps a place in flight free at `boundary` (`sign` 1), or gives it back.
  void countSlot(int32_t boundary, int32_t sign);

  struct Mark {
    PlanEditor::Mark edits;
    size_t changes = 0;
  };
  Mark mark() { return {editor.mark(), changes.size()}; }
  /// Takes back every change since `m`; marks made after it become invalid.
  void undo(Mark m);
  /// Forgets how to undo; all marks become invalid.
  void commit();

  //===--- Memory ---------------------------------------------------------===//

  /// Bytes occupied by residencies during each step.
  llvm::ArrayRef<int64_t> usedBytes() const { return used; }
  /// Bytes occupied, and those besides at which residencies could be extended
  /// to the next access of their value (such places may overlap).
  llvm::ArrayRef<int64_t> claimedBytes() const { return claimed; }
  /// The residencies and their possible extensions, as rectangles.
  const OccupancyMap &claims() const { return claimMap; }
  /// Whether bytes are free from step `start` to `end`, both included.
  bool isFree(int64_t offset, int64_t size, int32_t start, int32_t end) const;

  //===--- Values ---------------------------------------------------------===//

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
  /// The next use of the same value if it could be served by what serves `use`;
  /// -1 if not.
  int32_t nextWanted(int32_t use) const;

  //===--- Copies out ----------------------------------------------------===//

  /// Whether the machine limits how many are in flight.
  bool limitsFlights() const { return !flights.empty(); }
  /// Residencies whose copies are in flight at a boundary.
  llvm::ArrayRef<PlanEditor::Id> flightsAt(int32_t boundary) const {
    return flights[boundary];
  }
  /// Places kept free at a boundary, and those and the flights together.
  int32_t slotsAt(int32_t boundary) const { return slots[boundary]; }
  int32_t inFlightAt(int32_t boundary) const { return inFlight[boundary]; }

  /// A number for the residencies; equal plans have equal ones.
  uint64_t hash() const { return contentHash; }

private:
  struct Change {
    enum Kind : uint8_t { Placed, Removed, TookSlot, GaveSlot } kind;
    int32_t id; ///< Residency, or boundary of the slot.
  };

  void enter(PlanEditor::Id id, int32_t sign);
  int32_t claimEnd(const Residency &r) const;

  const Game *program;
  mutable PlanEditor editor; // Its timeline is only handed out to be changed.
  OccupancyMap claimMap;
  std::vector<int64_t> used, claimed; // Per step.
  // Per boundary, where copies out are limited.
  std::vector<llvm::SmallVector<PlanEditor::Id, 2>> flights;
  std::vector<int32_t> slots, inFlight;
  std::vector<Change> changes;
  uint64_t contentHash = 0;
};

} // namespace mempl

#endif // MEMPL_GAME_PARTIALPLAN_H
