//===- GameMoves.cpp - the rules of mallocGame ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Copies out first, on which it depends what is legal; then the actions, and
// values that are carried over.
//
//===----------------------------------------------------------------------===//

#include "GameMoves.h"

#include "mempl/Solvers/UseIntervalPlacer.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

// What is decided later loads the channels too, so copies are given more time
// than they need alone: factors found on real programs.
static constexpr double kUsualLead = 1.5;
static constexpr double kLeads[] = {1, 1.5, 3, 6};
static constexpr double kLeadBack = 2;

//===----------------------------------------------------------------------===//
// What is legal
//===----------------------------------------------------------------------===//

/// Whether a place in flight at `boundary` is free, or can be made so by
/// awaiting copies out sooner that were issued before.
bool GameMoves::hasRoomForSlot(int32_t boundary) const {
  int64_t most = index().machine().maxCopiesOut;
  if (most == 0 || plan.inFlightAt(boundary) < most)
    return true;
  int64_t fixed = plan.slotsAt(boundary);
  for (PlanEditor::Id id : plan.flightsAt(boundary))
    fixed += editor.residency(id).copiedAfter() + 1 == boundary;
  return fixed < most;
}

/// What has to be done about the contents after a use that is served in fast
/// memory and leaves them dirty, or not.
GameMoves::Upkeep GameMoves::upkeepAfter(int32_t u, bool isDirty,
                                         const Situation &s) const {
  if (!isDirty)
    return {};
  int32_t v = index().use(u).value, next = u + 1;
  if (next == index().endUse(v)) {
    if (!index().program().values[v].isOutput())
      return {};
    return {Upkeep::Close, s.end};
  }
  if (index().use(next).startsByWrite)
    return {};
  // Before a copy in that is placed already, slow contents must be valid.
  if (s.after != PlanEditor::kNone &&
      editor.residency(s.after).serves(index().use(next).step))
    return {Upkeep::Close, s.end};
  return {Upkeep::Slot, 0};
}

ActionMask GameMoves::actionsFor(int32_t u) const {
  const Use &use = index().use(u);
  ActionMask legal = maskOf(Action::Drop);
  if (use.mustBeSlow)
    return legal;
  Situation s = plan.situationAt(u);
  if (use.step >= s.end)
    return legal;
  auto roomAfter = [&](bool isDirty) {
    return !use.writes || upkeepAfter(u, isDirty, s).kind == Upkeep::None ||
           hasRoomForSlot(use.step + 1);
  };
  if (!roomAfter(true))
    return legal;
  int64_t size = index().roundedSize(use.value);
  bool fits = offsets.canHaveRoom(use.step, size);
  if (use.startsByWrite) {
    bool isLate = s.before == PlanEditor::kNone ||
                  editor.residency(s.before).end() < use.step;
    if (fits && isLate)
      legal |= maskOf(Action::NoCopy);
    return legal;
  }
  if (s.isHeld && (plan.canStay(s, u) ||
                   offsets.newPlace(editor.residency(s.before), use.step) >= 0))
    legal |= maskOf(Action::NoCopy);
  if (fits && editor.allowsCopy(Timeline::In, use.step, use.step))
    legal |= maskOf(Action::Copy);
  return legal;
}

//===----------------------------------------------------------------------===//
// Copies out
//===----------------------------------------------------------------------===//

void GameMoves::makeRoomForSlot(int32_t boundary) {
  int64_t most = index().machine().maxCopiesOut;
  while (most > 0 && plan.inFlightAt(boundary) >= most) {
    // The one that was issued first is the one that is complete first.
    PlanEditor::Id first = PlanEditor::kNone;
    int32_t firstIssue = boundary;
    for (PlanEditor::Id id : plan.flightsAt(boundary)) {
      int32_t issue = editor.residency(id).copiedAfter() + 1;
      if (issue < firstIssue) {
        first = id;
        firstIssue = issue;
      }
    }
    if (first == PlanEditor::kNone)
      return;
    Residency r = editor.residency(first);
    PlanEditor::Id next = editor.nextInList(first);
    plan.remove(first);
    r.out->done = boundary - 1;
    plan.place(r, next);
  }
}

/// When a copy out issued after the step `lastWrite` is expected to be
/// complete; at most `deadline`.
int32_t GameMoves::expectedDone(int32_t value, int32_t lastWrite,
                                int32_t deadline) {
  auto bytes = static_cast<double>(index().program().values[value].size);
  return UseIntervalPlacer(editor).earliestDone(lastWrite + 1, bytes, deadline,
                                                kLeadBack);
}

/// The boundary at which a copy out of `r` is awaited: `expected`, or sooner
/// where space, limits or the deadline need it. `r` is not placed, and a place
/// in flight is free at boundary `lastWrite` + 1.
int32_t GameMoves::doneFor(const Residency &r, int32_t lastWrite,
                           int32_t deadline, int32_t expected) const {
  // Awaiting it before the last step that it serves frees no memory.
  int32_t latest =
      std::clamp(expected, std::min(r.last + 1, deadline), deadline);
  int64_t most = index().machine().maxCopiesOut;
  if (most > 0) {
    int32_t done = lastWrite + 1;
    while (done < latest && plan.inFlightAt(done + 1) < most &&
           editor.allowsCopy(Timeline::Out, done, done + 1))
      ++done;
    latest = done;
  }
  int64_t size = index().roundedBytes(r);
  // It holds its place up to step latest - 1.
  if (latest <= r.last + 1 ||
      plan.isFree(r.offset, size, r.last + 1, latest - 1))
    return latest;
  int32_t low = r.last + 1, high = latest; // Free, and not free.
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    (plan.isFree(r.offset, size, r.last + 1, middle - 1) ? low : high) = middle;
  }
  return low;
}

/// Sees to what the contents of `r`, which is not placed yet, need later.
void GameMoves::settle(Residency &r, const Upkeep &upkeep, int32_t lastWrite,
                       int32_t expected) {
  r.out.reset();
  if (upkeep.kind == Upkeep::None)
    return;
  makeRoomForSlot(lastWrite + 1);
  if (upkeep.kind == Upkeep::Slot) {
    plan.countSlot(lastWrite + 1, 1);
    return;
  }
  r.out = {lastWrite, doneFor(r, lastWrite, upkeep.deadline, expected)};
}

/// Closes the dirty residency `s.before` by a copy out awaited at `deadline`
/// or before.
void GameMoves::closeBefore(const Situation &s, int32_t deadline) {
  deadline = std::min(deadline, s.end);
  Residency r = editor.residency(s.before);
  editor.latency(); // The load of the channels is asked for below.
  int32_t expected = expectedDone(r.value, s.lastWrite, deadline);
  PlanEditor::Id next = editor.nextInList(s.before);
  plan.remove(s.before);
  plan.countSlot(s.lastWrite + 1, -1);
  r.out = {s.lastWrite, doneFor(r, s.lastWrite, deadline, expected)};
  plan.place(r, next);
}

//===----------------------------------------------------------------------===//
// Actions
//===----------------------------------------------------------------------===//

ActionMask GameMoves::legalActions(const Game::Item &item) {
  if (item.use < 0)
    return carryActions(item.value);
  return item.node < 0 ? maskOf(Action::Drop) : actionsFor(item.use);
}

void GameMoves::play(const Game::Item &item, Action a) {
  if (item.use < 0) {
    if (a != Action::Drop)
      carry(item.value, a);
  } else if (a == Action::NoCopy) {
    playNoCopy(item.use);
  } else if (a == Action::Copy) {
    playCopy(item.use);
  } else {
    playDrop(item.use);
  }
}

void GameMoves::playNoCopy(int32_t u) {
  const Use &use = index().use(u);
  offsets.makeRoomFor(plan.situationAt(u), use, /*stays=*/!use.startsByWrite);
  if (use.startsByWrite)
    begin(u, plan.situationAt(u));
  else
    extend(u, plan.situationAt(u));
}

/// A residency that begins with a write.
void GameMoves::begin(int32_t u, const Situation &s) {
  const Use &use = index().use(u);
  Upkeep upkeep = upkeepAfter(u, true, s);
  int32_t end = use.step, expected = 0;
  if (upkeep.kind == Upkeep::Close) {
    editor.latency();
    expected = expectedDone(use.value, use.step, upkeep.deadline);
    end = expected - 1;
  }
  Residency r = Residency::byWrite(use.value, 0, use.step, use.step);
  r.offset = offsets.chooseOffset(use.value, use.step, end, u);
  if (r.offset < 0)
    r.offset = offsets.chooseOffset(use.value, use.step, use.step, u);
  settle(r, upkeep, use.step, expected);
  plan.place(r);
}

/// The residency `s.before` serves one use more.
void GameMoves::extend(int32_t u, const Situation &s) {
  const Use &use = index().use(u);
  Residency r = editor.residency(s.before);
  int32_t lastWrite = use.writes ? use.step : s.lastWrite;
  Upkeep upkeep = upkeepAfter(u, lastWrite >= 0, s);
  int32_t expected = 0;
  if (upkeep.kind == Upkeep::Close) {
    editor.latency();
    expected = expectedDone(use.value, lastWrite, upkeep.deadline);
  }
  if (!plan.canStay(s, u))
    r.offset = offsets.newPlace(r, use.step);
  // Others are placed again for that, so the place in the list is found after.
  if (use.writes && upkeep.kind != Upkeep::None)
    makeRoomForSlot(lastWrite + 1);
  PlanEditor::Id next = editor.nextInList(s.before);
  plan.remove(s.before);
  if (s.isDirty)
    plan.countSlot(s.lastWrite + 1, -1);
  r.last = use.step;
  settle(r, upkeep, lastWrite, expected);
  plan.place(r, next);
}

/// Where a copy in for `use` that is issued at `issue` would go; -1: nowhere.
int64_t GameMoves::offsetFrom(int32_t issue, const Use &use) const {
  int64_t size = index().roundedSize(use.value);
  return size == 0 ? 0
                   : editor.occupancy().findOffset(issue, use.step, size,
                                                   program.options().fit);
}

bool GameMoves::allowsCopyIn(int32_t issue, const Use &use) const {
  return editor.allowsCopy(Timeline::In, issue, use.step) &&
         offsetFrom(issue, use) >= 0;
}

/// A few boundaries at which a copy in for `u` may be issued, from late to
/// early: as early as it should be by its length times several factors, and as
/// space and the limit allow.
llvm::SmallVector<int32_t, 4> GameMoves::issuesToTry(int32_t u,
                                                     int32_t earliest) {
  const Use &use = index().use(u);
  auto bytes = static_cast<double>(index().program().values[use.value].size);
  llvm::SmallVector<int32_t, 4> issues;
  int32_t longest = -1; // What space and the limit allow, if that is less.
  for (double lead : kLeads) {
    int32_t issue =
        UseIntervalPlacer(editor).latestIssue(use.step, bytes, earliest, lead);
    if (longest >= 0) {
      issue = std::max(issue, longest);
    } else if (!allowsCopyIn(issue, use)) {
      int32_t low = issue, high = use.step; // Impossible, and possible.
      while (high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        (allowsCopyIn(middle, use) ? high : low) = middle;
      }
      issue = longest = high;
    }
    if (issues.empty() || issues.back() != issue)
      issues.push_back(issue);
    if (issue == longest || issue == earliest)
      break;
  }
  return issues;
}

/// The boundary at which a copy in for `u` is issued, at least `earliest`. The
/// load of a channel says only roughly how long a copy takes, and what it does
/// to others, so a few are tried; of equal ones the latest counts.
int32_t GameMoves::bestIssue(int32_t u, int32_t earliest) {
  const Use &use = index().use(u);
  auto bytes = static_cast<double>(index().program().values[use.value].size);
  // Room is made for the usual one, if that is possible.
  int32_t usual = UseIntervalPlacer(editor).latestIssue(use.step, bytes,
                                                        earliest, kUsualLead);
  if (offsetFrom(usual, use) < 0)
    offsets.makeRoom(usual, use.step, index().roundedSize(use.value));
  editor.latency();
  auto issues = issuesToTry(u, earliest);
  if (issues.size() == 1)
    return issues.front();

  // Earlier and earlier, as long as that helps.
  int32_t best = -1;
  double bestLatency = 0;
  for (int32_t issue : issues) {
    PlanEditor::Mark mark = editor.mark();
    editor.place(Residency::byCopy(use.value, offsetFrom(issue, use), issue,
                                   use.step, use.step),
                 editor.time().firstDueAfter(Timeline::In, issue, use.step));
    double latency = editor.latency();
    editor.undo(mark);
    if (best >= 0 && latency >= bestLatency)
      break;
    best = issue;
    bestLatency = latency;
  }
  return best;
}

void GameMoves::playCopy(int32_t u) {
  const Use &use = index().use(u);
  Situation s = plan.situationAt(u);
  offsets.makeRoomFor(s, use, /*stays=*/false);
  s = plan.situationAt(u);
  if (s.isDirty)
    closeBefore(s, use.step);
  editor.latency(); // The load of the channels is asked for below.
  s = plan.situationAt(u);
  int32_t earliest =
      s.before == PlanEditor::kNone ? 0 : editor.residency(s.before).end() + 1;
  int32_t w = program.writeBefore(u);
  if (w >= 0 && !editor.time().isServed(w))
    earliest = std::max(earliest, index().use(w).step + 1);

  int32_t issue = bestIssue(u, earliest);
  s = plan.situationAt(u); // Residencies may have moved.
  Upkeep upkeep = upkeepAfter(u, use.writes, s);
  int32_t end = use.step, expected = 0;
  if (upkeep.kind == Upkeep::Close) {
    expected = expectedDone(use.value, use.step, upkeep.deadline);
    end = expected - 1;
  }
  Residency r = Residency::byCopy(use.value, 0, issue, use.step, use.step);
  r.offset = offsets.chooseOffset(use.value, issue, end, u);
  if (r.offset < 0)
    r.offset = offsets.chooseOffset(use.value, issue, use.step, u);
  settle(r, upkeep, use.step, expected);
  // Of copies issued together, the one that is due first goes first.
  plan.place(r, editor.time().firstDueAfter(Timeline::In, issue, use.step));
}

void GameMoves::playDrop(int32_t u) {
  const Use &use = index().use(u);
  if (!use.reads)
    return;
  Situation s = plan.situationAt(u);
  if (s.isDirty)
    closeBefore(s, use.step);
}

//===----------------------------------------------------------------------===//
// Carried values
//===----------------------------------------------------------------------===//

/// Carries `value` over: for the whole program, or up to its first use.
bool GameMoves::carry(int32_t value, Action a) {
  int32_t lastUse =
      a == Action::NoCopy ? index().endUse(value) : index().firstUse(value);
  PlacementStyle style;
  style.fit = program.options().fit;
  if (!UseIntervalPlacer(editor).carry(value, lastUse, style))
    return false;
  plan.enterAll(value);
  return true;
}

ActionMask GameMoves::carryActions(int32_t value) {
  ActionMask legal = maskOf(Action::Drop);
  // One that has a residency already is in fast memory by constraint.
  if (editor.numCarried() >= index().machine().maxCarried ||
      !editor.residenciesOf(value).empty())
    return legal;
  for (Action a : {Action::NoCopy, Action::Copy}) {
    PartialPlan::Mark mark = plan.mark();
    if (carry(value, a))
      legal |= maskOf(a);
    plan.undo(mark);
  }
  return legal;
}
