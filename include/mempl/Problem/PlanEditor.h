//===- PlanEditor.h - a plan under construction --------------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What solvers, search and the game share: a plan that residencies are placed
// into and removed from, which knows its latency and whether it is legal at any
// time. An edit costs what it changes; everything can be undone. The latency
// is bit for bit the one that simulate() gives for plan().
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PLANEDITOR_H
#define MEMPL_PROBLEM_PLANEDITOR_H

#include "mempl/Problem/OccupancyMap.h"
#include "mempl/Problem/ReorderableProgram.h"
#include "mempl/Problem/Timeline.h"

#include "llvm/ADT/SmallVector.h"

namespace mempl {

/// A plan for a loop's body with all that the outer program needs to know.
struct LoopPlan : BodyPlan {
  LoopCost cost;
  /// Most copies in and out that it has in flight at one of its boundaries.
  int64_t inFlight[2] = {0, 0};
};

/// Measures `planned`, a valid plan for the body of the loop at `step`.
LoopPlan makeLoopPlan(InstanceRef outer, int32_t step, BodyPlan planned);

/// A plan under construction. Starts with the empty plan (loops run from slow
/// memory). Legality follows rules V1..V8 and V10 as verify() has them; V9 is a
/// precondition of place().
class PlanEditor {
public:
  /// Names a residency until it is removed.
  using Id = int32_t;
  static constexpr Id kNone = -1;

  /// `capacity`: bytes that may be used, at most those of the machine; -1 for
  /// all of them. The index must outlive the editor. With Addressing::Profile
  /// offsets mean nothing, and what isLegal() asks of space is that no step has
  /// more than `capacity` bytes in use; such a plan has to be packed to be
  /// valid.
  explicit PlanEditor(const AccessIndex &index, int64_t capacity = -1,
                      Addressing addressing = Addressing::Offsets);
  /// An editor of plans and of the order of steps. Places of steps are those at
  /// which they stand at the time. The program must outlive the editor, and
  /// nobody else may change its order.
  explicit PlanEditor(ReorderableProgram &program, int64_t capacity = -1,
                      Addressing addressing = Addressing::Offsets);

  const AccessIndex &index() const { return *accesses; }
  /// Null if steps cannot change places.
  const ReorderableProgram *order() const { return reorderable; }
  int64_t capacity() const { return limit; }

  //===--- Edits ----------------------------------------------------------===//

  /// Adds a residency to the plan's list, before `before` or at its end. `r`
  /// must keep rule V9.
  Id place(const Residency &r, Id before = kNone);
  void remove(Id id);
  /// Gives the loop at `step` a plan; null for the one that runs it from slow
  /// memory. The plan must be valid within its own capacity.
  void setLoopPlan(int32_t step, std::shared_ptr<const LoopPlan> plan);

  /// Moves steps, see ReorderableProgram::reorder(). Residencies go on to serve
  /// the accesses that they have served, and what lies between those; their
  /// copies are issued and awaited before the steps before which they were,
  /// where that is possible. Returns those that may have changed. They keep
  /// rule V9; other rules may be broken.
  llvm::SmallVector<Id, 16> reorder(int32_t first,
                                    llvm::ArrayRef<int32_t> places);

  /// Addressing::Profile: bytes of a step that a legal plan leaves free, so
  /// that it can be packed. No edit, and not undone.
  void setMargin(int32_t step, int64_t bytes) { space.setMargin(step, bytes); }

  //===--- Undo -----------------------------------------------------------===//

  /// A state that undo() can go back to.
  struct Mark {
    size_t edits = 0, timeline = 0;
  };
  /// From the first mark on, edits are recorded until commit().
  Mark mark();
  /// Takes back every edit since `m`; marks made after it become invalid.
  void undo(Mark m);
  /// Forgets how to undo; all marks become invalid.
  void commit();

  //===--- Questions ------------------------------------------------------===//

  /// Seconds; runs again what the last edits have changed.
  double latency() { return timeline.latency(); }
  /// Whether verify() would accept the plan.
  bool isLegal();
  /// Whether space (V1, V2), copy limits (V7) and carried values (V10 as to
  /// their number) are respected, without asking for valid contents (V3..V6,
  /// V8).
  bool fitsLimits() const;
  /// Whether the contents of one value are valid throughout (V3..V6, V8, V10).
  bool contentsAreValid(int32_t value);

  const Residency &residency(Id id) const { return nodes[id].r; }
  /// Residencies of one value, by time.
  llvm::ArrayRef<Id> residenciesOf(int32_t value) const {
    return byValue[value];
  }
  int32_t numResidencies() const { return count; }
  /// Residencies that the run before left (V10).
  int64_t numCarried() const { return carried; }
  /// The list, from the first to the last; kNone ends it.
  Id firstInList() const { return firstNode; }
  Id nextInList(Id id) const { return nodes[id].next; }
  /// Ids are below this.
  Id endId() const { return static_cast<Id>(nodes.size()); }

  /// Whether the residency is in the plan; for iterating over ids.
  bool isPlaced(Id id) const { return nodes[id].isPlaced; }

  const OccupancyMap &occupancy() const { return space; }
  /// No residencies share bytes, nor with what steps reserve.
  bool isDisjoint() const { return overlaps == 0; }
  Timeline &time() { return timeline; }
  const LoopPlan *loopPlan(int32_t step) const {
    return loops.empty() ? nullptr : loops[step].get();
  }
  /// Whether one more copy of the channel may be in flight from boundary
  /// `issue` to boundary `await`.
  bool allowsCopy(Timeline::Channel channel, int32_t issue,
                  int32_t await) const;

  /// The plan so far, in list order.
  Plan plan() const;

private:
  struct Node {
    Residency r;
    int64_t key = 0; // Orders the list.
    Id prev = kNone, next = kNone;
    bool isPlaced = false;
    bool isOutside = false;    // Breaks V2.
    bool hitsReserved = false; // Breaks V1 with a step's reservation.
  };
  /// How to take back that steps have moved.
  struct Reordering {
    int32_t first;
    llvm::SmallVector<int32_t, 16> placesBack;
    std::vector<std::pair<Id, Residency>> before;
  };
  struct Edit {
    enum Kind : uint8_t { Place, Remove, Loop, Reorder } kind;
    Id id; // Or the step of the loop.
    std::shared_ptr<const LoopPlan> loop;
    std::shared_ptr<const Reordering> reordering;
  };

  void insert(Id id);
  void erase(Id id);
  void link(Id id, Id before);
  void unlink(Id id);
  void relabel();
  void addFlights(Timeline::Channel channel, int32_t begin, int32_t end,
                  int32_t sign);
  void setLoopFlight(int32_t step, int32_t sign);
  void applyLoop(int32_t step, std::shared_ptr<const LoopPlan> plan);
  void moveSteps(int32_t first, llvm::ArrayRef<int32_t> places,
                 llvm::ArrayRef<std::pair<Id, Residency>> changed);
  llvm::SmallVector<Id, 32> idsAround(int32_t first, int32_t last) const;
  Residency afterMoving(const Residency &r, int32_t first,
                        llvm::ArrayRef<int32_t> places) const;
  void updateHits(int32_t firstStep, int32_t lastStep);
  void access(int32_t value);
  int64_t reservedAt(int32_t step) const;
  bool hitsReserved(const Residency &r) const;
  int64_t flightLimit(int channel) const;

  PlanEditor(const AccessIndex &index, ReorderableProgram *program,
             int64_t capacity, Addressing addressing);

  const AccessIndex *accesses;
  ReorderableProgram *reorderable;
  int64_t limit;
  Timeline timeline;
  OccupancyMap space;
  std::vector<Node> nodes;
  std::vector<Id> freeIds;
  std::vector<Id> removedIds; // Free after the next commit().
  Id firstNode = kNone, lastNode = kNone;
  int32_t count = 0;
  std::vector<llvm::SmallVector<Id, 2>> byValue;
  std::vector<std::shared_ptr<const LoopPlan>> loops;
  std::vector<bool> needsPlan; // Loops, by step.

  int64_t overlaps = 0; // Pairs that share bytes, and hits of reservations.
  int64_t outside = 0;  // Residencies that break V2.
  int64_t carried = 0;
  int64_t planless = 0;  // Loops that need a plan and have none.
  int64_t overLimit = 0; // Boundaries and loops with too many copies.
  std::array<std::vector<int32_t>, 2> flights;     // Per boundary.
  std::array<std::vector<int32_t>, 2> loopFlights; // Per step.
  std::vector<bool> isInvalid, isAccessed;
  std::vector<int32_t> accessed;
  int64_t invalid = 0;

  std::vector<Edit> edits;
  bool records = false;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_PLANEDITOR_H
