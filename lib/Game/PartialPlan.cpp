//===- PartialPlan.cpp - the plan that a game makes -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plan editor undoes the plan; what is known besides is kept up by entering
// and leaving single residencies, and undone by doing that backwards. The hash
// is the exclusive or of one hash per residency (Zobrist, 1970), so that it
// costs what changes.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/PartialPlan.h"

#include "mempl/Solvers/Greedy.h"

#include "Mix.h"

#include <cassert>

using namespace mempl;

PartialPlan::PartialPlan(const Game &program)
    : program(&program), editor(program.index()),
      claimMap(index().numSteps(), editor.capacity(),
               index().machine().alignment),
      used(index().numSteps(), 0), claimed(index().numSteps(), 0) {
  for (const Game::ChosenLoop &loop : program.loops())
    editor.setLoopPlan(loop.step, loop.plan);
  [[maybe_unused]] bool isPlaced = placeConstrained(editor, program.forest());
  assert(isPlaced && "Game::create() has tried it");
  editor.commit();
  for (int32_t i = 0; i < index().numSteps(); ++i)
    claimMap.setReserved(i, editor.occupancy().reserved(i));
  if (index().machine().maxCopiesOut > 0) {
    flights.resize(index().numSteps() + 1);
    slots.assign(index().numSteps() + 1, 0);
    inFlight.assign(index().numSteps() + 1, 0);
  }
  for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
       id = editor.nextInList(id))
    enter(id, 1);
}

//===----------------------------------------------------------------------===//
// Changes
//===----------------------------------------------------------------------===//

PlanEditor::Id PartialPlan::place(const Residency &r, PlanEditor::Id before) {
  PlanEditor::Id id = editor.place(r, before);
  enter(id, 1);
  changes.push_back({Change::Placed, id});
  return id;
}

void PartialPlan::remove(PlanEditor::Id id) {
  enter(id, -1);
  editor.remove(id);
  changes.push_back({Change::Removed, id});
}

void PartialPlan::enterAll(int32_t value) {
  for (PlanEditor::Id id : editor.residenciesOf(value)) {
    enter(id, 1);
    changes.push_back({Change::Placed, id});
  }
}

void PartialPlan::countSlot(int32_t boundary, int32_t sign) {
  if (flights.empty())
    return;
  slots[boundary] += sign;
  inFlight[boundary] += sign;
  changes.push_back({sign > 0 ? Change::TookSlot : Change::GaveSlot, boundary});
}

void PartialPlan::undo(Mark m) {
  while (changes.size() > m.changes) {
    Change change = changes.back();
    changes.pop_back();
    switch (change.kind) {
    case Change::Placed:
      enter(change.id, -1);
      break;
    case Change::Removed:
      enter(change.id, 1);
      break;
    case Change::TookSlot:
      --slots[change.id];
      --inFlight[change.id];
      break;
    case Change::GaveSlot:
      ++slots[change.id];
      ++inFlight[change.id];
      break;
    }
  }
  editor.undo(m.edits);
}

void PartialPlan::commit() {
  editor.commit();
  changes.clear();
}

static uint64_t hashOf(const Residency &r) {
  auto pair = [](int32_t a, int32_t b) {
    return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 |
           static_cast<uint32_t>(b);
  };
  uint64_t h = mix(pair(r.value, r.last) + kMixStart);
  h = mix(h ^ static_cast<uint64_t>(r.offset));
  const ByWrite *write = r.written();
  CopyIn in = r.copyIn() ? *r.copyIn() : CopyIn{-1, -1};
  CopyOut out = r.out.value_or(CopyOut{std::nullopt, -1});
  h = mix(h ^ pair(write ? write->step : -1, in.issue));
  h = mix(h ^ pair(in.ready, out.done));
  return mix(h ^ pair(out.back.value_or(-1), r.isKept()));
}

/// Counts a residency of the editor (`sign` 1), or takes that back (-1).
void PartialPlan::enter(PlanEditor::Id id, int32_t sign) {
  const Residency &r = editor.residency(id);
  contentHash ^= hashOf(r);
  int64_t size = index().roundedBytes(r);
  if (size > 0) {
    int32_t end = claimEnd(r);
    if (sign > 0)
      claimMap.add(id, r.start(), end, r.offset, r.offset + size);
    else
      claimMap.remove(id, r.start(), end, r.offset);
    int64_t bytes = sign * size;
    for (int32_t i = r.start(); i <= r.end(); ++i)
      used[i] += bytes;
    for (int32_t i = r.start(); i <= end; ++i)
      claimed[i] += bytes;
  }
  if (flights.empty() || !r.copiedOut())
    return;
  for (int32_t i = r.copiedAfter() + 1; i <= r.out->done; ++i) {
    inFlight[i] += sign;
    if (sign > 0)
      flights[i].push_back(id);
    else
      flights[i].erase(llvm::find(flights[i], id));
  }
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

bool PartialPlan::isFree(int64_t offset, int64_t size, int32_t start,
                         int32_t end) const {
  if (start > end || size == 0)
    return true;
  const OccupancyMap &space = editor.occupancy();
  return offset >= space.maxReserved(start, end) &&
         space.countOverlaps(start, end, offset, offset + size) == 0;
}

PartialPlan::Situation PartialPlan::situationAt(int32_t u) const {
  const Use &use = index().use(u);
  Situation s;
  llvm::ArrayRef<PlanEditor::Id> ids = editor.residenciesOf(use.value);
  size_t k = ids.size();
  while (k > 0 && editor.residency(ids[k - 1]).first() > use.step)
    s.after = ids[--k];
  s.end = s.after == PlanEditor::kNone ? index().numSteps()
                                       : editor.residency(s.after).start();
  if (k == 0)
    return s;
  s.before = ids[k - 1];
  const Residency &r = editor.residency(s.before);
  s.isHeld =
      u > index().firstUse(use.value) && r.last >= index().use(u - 1).step;
  if (!s.isHeld)
    return s;
  int32_t w = program->writeBefore(u);
  if (w >= 0 && index().use(w).step >= r.first()) {
    s.lastWrite = index().use(w).step;
    s.isDirty = !r.copiedOut();
  }
  return s;
}

bool PartialPlan::canStay(const Situation &s, int32_t u) const {
  if (!s.isHeld)
    return false;
  const Residency &r = editor.residency(s.before);
  int32_t step = index().use(u).step;
  return step < s.end &&
         isFree(r.offset, index().roundedBytes(r), r.end() + 1, step);
}

int32_t PartialPlan::nextWanted(int32_t use) const {
  int32_t next = use + 1;
  if (next == index().endUse(index().use(use).value))
    return -1;
  const Use &u = index().use(next);
  return u.startsByWrite || u.mustBeSlow ? -1 : next;
}

/// Last step of a residency if it were extended to the next use.
int32_t PartialPlan::claimEnd(const Residency &r) const {
  int32_t next = index().firstUseFrom(r.value, r.last + 1);
  if (next == index().endUse(r.value) || next == index().firstUse(r.value))
    return r.end();
  next = nextWanted(next - 1);
  return next < 0 ? r.end() : std::max(r.end(), index().use(next).step);
}
