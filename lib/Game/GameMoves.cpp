//===- GameMoves.cpp - the rules of mallocGame ----------------------------===//
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

#include "mempl/Game/GameState.h"

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

GameState::Situation GameState::situationAt(int32_t u) const {
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
  int32_t w = shared->writeBefore(u);
  if (w >= 0 && index().use(w).step >= r.first()) {
    s.lastWrite = index().use(w).step;
    s.isDirty = !r.copiedOut();
  }
  return s;
}

/// Whether a place in flight at `boundary` is free, or can be made so by
/// awaiting copies out sooner that were issued before.
bool GameState::hasRoomForSlot(int32_t boundary) const {
  int64_t most = index().machine().maxCopiesOut;
  if (most == 0 || inFlight[boundary] < most)
    return true;
  int64_t fixed = slots[boundary];
  for (PlanEditor::Id id : flights[boundary])
    fixed += editor.residency(id).copiedAfter() + 1 == boundary;
  return fixed < most;
}

/// What has to be done about the contents after a use that is served in fast
/// memory and leaves them dirty, or not.
GameState::Upkeep GameState::upkeepAfter(int32_t u, bool isDirty,
                                         const Situation &s) const {
  if (!isDirty)
    return {};
  int32_t v = index().use(u).value, next = u + 1;
  if (next == index().endUse(v)) {
    if (!index().instance().values[v].isOutput())
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

ActionMask GameState::actionsFor(int32_t u) const {
  const Use &use = index().use(u);
  ActionMask legal = maskOf(Action::Drop);
  if (use.mustBeSlow)
    return legal;
  Situation s = situationAt(u);
  if (use.step >= s.end)
    return legal;
  auto roomAfter = [&](bool isDirty) {
    return !use.writes || upkeepAfter(u, isDirty, s).kind == Upkeep::None ||
           hasRoomForSlot(use.step + 1);
  };
  if (!roomAfter(true))
    return legal;
  int64_t size = index().roundedSize(use.value);
  Moves moves;
  bool fits =
      hasRoom(use.step, size) || canMakeRoom(use.step, use.step, size, moves);
  if (use.startsByWrite) {
    bool isLate = s.before == PlanEditor::kNone ||
                  editor.residency(s.before).end() < use.step;
    if (fits && isLate)
      legal |= maskOf(Action::NoCopy);
    return legal;
  }
  if (s.isHeld &&
      (canStay(s, u) || newPlace(editor.residency(s.before), use.step) >= 0))
    legal |= maskOf(Action::NoCopy);
  if (fits && editor.allowsCopy(Timeline::In, use.step, use.step))
    legal |= maskOf(Action::Copy);
  return legal;
}

//===----------------------------------------------------------------------===//
// Copies out
//===----------------------------------------------------------------------===//

void GameState::makeRoomForSlot(int32_t boundary) {
  int64_t most = index().machine().maxCopiesOut;
  while (most > 0 && inFlight[boundary] >= most) {
    // The one that was issued first is the one that is complete first.
    PlanEditor::Id first = PlanEditor::kNone;
    int32_t firstIssue = boundary;
    for (PlanEditor::Id id : flights[boundary]) {
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
    remove(first);
    r.done = boundary - 1;
    place(r, next);
  }
}

/// When a copy out issued after the step `lastWrite` is expected to be
/// complete; at most `deadline`.
int32_t GameState::expectedDone(int32_t value, int32_t lastWrite,
                                int32_t deadline) {
  auto bytes = static_cast<double>(index().instance().values[value].size);
  return UseIntervalPlacer(editor).earliestDone(lastWrite + 1, bytes, deadline,
                                                kLeadBack);
}

/// The boundary at which a copy out of `r` is awaited: `expected`, or sooner
/// where space, limits or the deadline need it. `r` is not placed, and a place
/// in flight is free at boundary `lastWrite` + 1.
int32_t GameState::doneFor(const Residency &r, int32_t lastWrite,
                           int32_t deadline, int32_t expected) const {
  // Awaiting it before the last step that it serves frees no memory.
  int32_t latest =
      std::clamp(expected, std::min(r.last + 1, deadline), deadline);
  int64_t most = index().machine().maxCopiesOut;
  if (most > 0) {
    int32_t done = lastWrite + 1;
    while (done < latest && inFlight[done + 1] < most &&
           editor.allowsCopy(Timeline::Out, done, done + 1))
      ++done;
    latest = done;
  }
  int64_t size = index().roundedSize(r.value);
  // It holds its place up to step latest - 1.
  if (latest <= r.last + 1 || isFree(r.offset, size, r.last + 1, latest - 1))
    return latest;
  int32_t low = r.last + 1, high = latest; // Free, and not free.
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    (isFree(r.offset, size, r.last + 1, middle - 1) ? low : high) = middle;
  }
  return low;
}

/// Sees to what the contents of `r`, which is not placed yet, need later.
void GameState::settle(Residency &r, const Upkeep &upkeep, int32_t lastWrite,
                       int32_t expected) {
  r.back = r.done = -1;
  if (upkeep.kind == Upkeep::None)
    return;
  makeRoomForSlot(lastWrite + 1);
  if (upkeep.kind == Upkeep::Slot) {
    countSlot(lastWrite + 1, 1);
    return;
  }
  r.back = lastWrite;
  r.done = doneFor(r, lastWrite, upkeep.deadline, expected);
}

/// Closes the dirty residency `s.before` by a copy out awaited at `deadline`
/// or before.
void GameState::closeBefore(const Situation &s, int32_t deadline) {
  deadline = std::min(deadline, s.end);
  Residency r = editor.residency(s.before);
  editor.latency(); // The load of the channels is asked for below.
  int32_t expected = expectedDone(r.value, s.lastWrite, deadline);
  PlanEditor::Id next = editor.nextInList(s.before);
  remove(s.before);
  countSlot(s.lastWrite + 1, -1);
  r.back = s.lastWrite;
  r.done = doneFor(r, s.lastWrite, deadline, expected);
  place(r, next);
}

//===----------------------------------------------------------------------===//
// Actions
//===----------------------------------------------------------------------===//

void GameState::play(int32_t at, Action a) {
  const Game::Item &item = shared->items()[at];
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

void GameState::playNoCopy(int32_t u) {
  const Use &use = index().use(u);
  Situation s = situationAt(u);
  makeRoom(s, use, /*stays=*/!use.startsByWrite);
  s = situationAt(u);
  if (use.startsByWrite) {
    Upkeep upkeep = upkeepAfter(u, true, s);
    int32_t end = use.step, expected = 0;
    if (upkeep.kind == Upkeep::Close) {
      editor.latency();
      expected = expectedDone(use.value, use.step, upkeep.deadline);
      end = expected - 1;
    }
    Residency r = Residency::byWrite(use.value, 0, use.step, use.step);
    r.offset = chooseOffset(use.value, use.step, end, u);
    if (r.offset < 0)
      r.offset = chooseOffset(use.value, use.step, use.step, u);
    settle(r, upkeep, use.step, expected);
    place(r);
    return;
  }

  Residency r = editor.residency(s.before);
  int32_t lastWrite = use.writes ? use.step : s.lastWrite;
  Upkeep upkeep = upkeepAfter(u, lastWrite >= 0, s);
  int32_t expected = 0;
  if (upkeep.kind == Upkeep::Close) {
    editor.latency();
    expected = expectedDone(use.value, lastWrite, upkeep.deadline);
  }
  if (!canStay(s, u))
    r.offset = newPlace(r, use.step);
  // Others are placed again for that, so the place in the list is found after.
  if (use.writes && upkeep.kind != Upkeep::None)
    makeRoomForSlot(lastWrite + 1);
  PlanEditor::Id next = editor.nextInList(s.before);
  remove(s.before);
  if (s.isDirty)
    countSlot(s.lastWrite + 1, -1);
  r.last = use.step;
  settle(r, upkeep, lastWrite, expected);
  place(r, next);
}

/// The boundary at which a copy in for `u` is issued, at least `earliest`. The
/// load of a channel says only roughly how long a copy takes, and what it does
/// to others, so a few boundaries are tried; of equal ones the latest counts.
int32_t GameState::bestIssue(int32_t u, int32_t earliest) {
  const Use &use = index().use(u);
  int64_t size = index().roundedSize(use.value);
  auto bytes = static_cast<double>(index().instance().values[use.value].size);
  auto offsetFrom = [&](int32_t issue) {
    return size == 0 ? 0
                     : editor.occupancy().findOffset(issue, use.step, size,
                                                     shared->options().fit);
  };
  auto isPossible = [&](int32_t issue) {
    return editor.allowsCopy(Timeline::In, issue, use.step) &&
           offsetFrom(issue) >= 0;
  };
  // Room is made for the usual one, if that is possible.
  int32_t usual = UseIntervalPlacer(editor).latestIssue(use.step, bytes,
                                                        earliest, kUsualLead);
  Moves moves;
  if (offsetFrom(usual) < 0 && canMakeRoom(usual, use.step, size, moves))
    move(moves);
  editor.latency();

  llvm::SmallVector<int32_t, 4> boundaries;
  int32_t longest = -1; // What space and the limit allow, if that is less.
  for (double lead : kLeads) {
    int32_t issue =
        UseIntervalPlacer(editor).latestIssue(use.step, bytes, earliest, lead);
    if (longest >= 0) {
      issue = std::max(issue, longest);
    } else if (!isPossible(issue)) {
      int32_t low = issue, high = use.step; // Impossible, and possible.
      while (high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        (isPossible(middle) ? high : low) = middle;
      }
      issue = longest = high;
    }
    if (boundaries.empty() || boundaries.back() != issue)
      boundaries.push_back(issue);
    if (issue == longest || issue == earliest)
      break;
  }
  if (boundaries.size() == 1)
    return boundaries.front();

  // Earlier and earlier, as long as that helps.
  int32_t best = -1;
  double bestLatency = 0;
  for (int32_t issue : boundaries) {
    PlanEditor::Mark mark = editor.mark();
    editor.place(Residency::byCopy(use.value, offsetFrom(issue), issue,
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

void GameState::playCopy(int32_t u) {
  const Use &use = index().use(u);
  Situation s = situationAt(u);
  makeRoom(s, use, /*stays=*/false);
  s = situationAt(u);
  if (s.isDirty)
    closeBefore(s, use.step);
  editor.latency(); // The load of the channels is asked for below.
  s = situationAt(u);
  int32_t earliest =
      s.before == PlanEditor::kNone ? 0 : editor.residency(s.before).end() + 1;
  int32_t w = shared->writeBefore(u);
  if (w >= 0 && !editor.time().isServed(w))
    earliest = std::max(earliest, index().use(w).step + 1);

  int32_t issue = bestIssue(u, earliest);
  s = situationAt(u); // Residencies may have moved.
  Upkeep upkeep = upkeepAfter(u, use.writes, s);
  int32_t end = use.step, expected = 0;
  if (upkeep.kind == Upkeep::Close) {
    expected = expectedDone(use.value, use.step, upkeep.deadline);
    end = expected - 1;
  }
  Residency r = Residency::byCopy(use.value, 0, issue, use.step, use.step);
  r.offset = chooseOffset(use.value, issue, end, u);
  if (r.offset < 0)
    r.offset = chooseOffset(use.value, issue, use.step, u);
  settle(r, upkeep, use.step, expected);
  // Of copies issued together, the one that is due first goes first.
  place(r, editor.time().firstDueAfter(Timeline::In, issue, use.step));
}

void GameState::playDrop(int32_t u) {
  const Use &use = index().use(u);
  if (!use.reads)
    return;
  Situation s = situationAt(u);
  if (s.isDirty)
    closeBefore(s, use.step);
}

//===----------------------------------------------------------------------===//
// Carried values
//===----------------------------------------------------------------------===//

/// Carries `value` over: for the whole program, or up to its first use.
bool GameState::carry(int32_t value, Action a) {
  int32_t lastUse =
      a == Action::NoCopy ? index().endUse(value) : index().firstUse(value);
  PlacementStyle style;
  style.fit = shared->options().fit;
  if (!UseIntervalPlacer(editor).carry(value, lastUse, style))
    return false;
  for (PlanEditor::Id id : editor.residenciesOf(value)) {
    enter(id, 1);
    changes.push_back({Change::Placed, id});
  }
  return true;
}

ActionMask GameState::carryActions(int32_t value) {
  ActionMask legal = maskOf(Action::Drop);
  // One that has a residency already is in fast memory by constraint.
  if (editor.numCarried() >= index().machine().maxCarried ||
      !editor.residenciesOf(value).empty())
    return legal;
  for (Action a : {Action::NoCopy, Action::Copy}) {
    size_t before = changes.size();
    PlanEditor::Mark mark = editor.mark();
    if (carry(value, a))
      legal |= maskOf(a);
    while (changes.size() > before) {
      enter(changes.back().id, -1);
      changes.pop_back();
    }
    editor.undo(mark);
  }
  return legal;
}
