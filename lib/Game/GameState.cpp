//===- GameState.cpp - placement as a single-player game -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of the game and how it is undone. The plan editor undoes the plan;
// what the game knows besides (bytes in use, wishes, copies out in flight, the
// hash) is kept up by entering and leaving single residencies, and undone by
// doing that backwards. The hash is the exclusive or of one hash per residency
// (Zobrist, 1970), so that it costs what changes. Time per action: what is near
// in time, as for the plan editor.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/GameState.h"

#include "mempl/Solvers/Greedy.h"

#include <algorithm>
#include <bit>
#include <cassert>

using namespace mempl;

llvm::StringRef mempl::actionName(Action a) {
  switch (a) {
  case Action::NoCopy:
    return "NoCopy";
  case Action::Copy:
    return "Copy";
  case Action::Drop:
    return "Drop";
  }
  return "";
}

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static uint64_t hashOfAnswer(int32_t value, Action a) {
  return mix(mix(static_cast<uint64_t>(value) + 0x9e3779b97f4a7c15u) +
             static_cast<uint64_t>(a));
}

GameState::GameState(std::shared_ptr<const Game> program)
    : shared(std::move(program)), editor(shared->index()),
      claimMap(index().numSteps(), editor.capacity(),
               index().machine().alignment),
      used(index().numSteps(), 0), claimed(index().numSteps(), 0) {
  for (const Game::ChosenLoop &loop : shared->loops())
    editor.setLoopPlan(loop.step, loop.plan);
  [[maybe_unused]] bool isPlaced = placeConstrained(editor, shared->forest());
  assert(isPlaced && "Game::create() has tried it");
  editor.commit();
  for (int32_t i = 0; i < index().numSteps(); ++i)
    claimMap.setReserved(i, editor.occupancy().reserved(i));
  if (index().machine().maxCopiesOut > 0) {
    flights.resize(index().numSteps() + 1);
    slots.assign(index().numSteps() + 1, 0);
    inFlight.assign(index().numSteps() + 1, 0);
  }
  if (shared->options().moves == MoveSize::Value)
    answers.resize(index().numValues());
  for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
       id = editor.nextInList(id))
    enter(id, 1);
  // Forced answers before the first question are never taken back.
  advance();
  editor.commit();
  changes.clear();
  seconds = editor.latency();
}

/// Answers what has one answer, up to the next question.
void GameState::advance() {
  llvm::ArrayRef<Game::Item> items = shared->items();
  for (auto n = static_cast<int32_t>(items.size()); position < n; ++position) {
    const Game::Item &item = items[position];
    if (item.use < 0) {
      mask = carryActions(item.value);
    } else if (editor.time().isServed(item.use)) {
      continue;
    } else {
      mask = item.node < 0 ? maskOf(Action::Drop) : actionsFor(item.use);
    }
    if (mask == maskOf(Action::Drop))
      play(position, Action::Drop);
    else if (!answersLikeBefore())
      return;
  }
  mask = 0;
}

/// If a question is about a value that was asked about, as a whole: answers it
/// in the same spirit.
bool GameState::answersLikeBefore() {
  const Game::Item &item = shared->items()[position];
  if (answers.empty() || item.use < 0 || !answers[item.value])
    return false;
  if (answers[item.value] == Action::Drop) {
    play(position, Action::Drop);
  } else if (isLegal(Action::NoCopy)) {
    play(position, Action::NoCopy);
  } else {
    assert(isLegal(Action::Copy));
    double before = editor.latency();
    PlanEditor::Mark here = editor.mark();
    size_t numChanges = changes.size();
    play(position, Action::Copy);
    if (editor.latency() > before) {
      takeBack(numChanges);
      editor.undo(here);
      play(position, Action::Drop);
    }
  }
  return true;
}

double GameState::apply(Action a) {
  assert(isLegal(a) && "not a legal action");
  frames.push_back({editor.mark(), changes.size(), position, mask, seconds});
  const Game::Item &item = shared->items()[position];
  if (!answers.empty() && item.use >= 0) {
    answers[item.value] = a;
    contentHash ^= hashOfAnswer(item.value, a);
    changes.push_back({Change::Answered, item.value});
  }
  play(position, a);
  ++position;
  advance();
  double before = seconds;
  seconds = editor.latency();
  return before - seconds;
}

/// Takes back what the game knows besides the plan, up to `numChanges`.
void GameState::takeBack(size_t numChanges) {
  while (changes.size() > numChanges) {
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
    case Change::Answered:
      contentHash ^= hashOfAnswer(change.id, *answers[change.id]);
      answers[change.id].reset();
      break;
    }
  }
}

void GameState::undo() {
  assert(!frames.empty() && "nothing to take back");
  const Frame &frame = frames.back();
  takeBack(frame.changes);
  editor.undo(frame.mark);
  position = frame.position;
  mask = frame.mask;
  seconds = frame.seconds;
  frames.pop_back();
}

Plan GameState::plan() {
  size_t here = frames.size();
  while (!isOver())
    apply(Action::Drop);
  Plan result = editor.plan();
  while (frames.size() > here)
    undo();
  return result;
}

//===----------------------------------------------------------------------===//
// Bookkeeping
//===----------------------------------------------------------------------===//

PlanEditor::Id GameState::place(const Residency &r, PlanEditor::Id before) {
  PlanEditor::Id id = editor.place(r, before);
  enter(id, 1);
  changes.push_back({Change::Placed, id});
  return id;
}

void GameState::remove(PlanEditor::Id id) {
  enter(id, -1);
  editor.remove(id);
  changes.push_back({Change::Removed, id});
}

void GameState::countSlot(int32_t boundary, int32_t sign) {
  if (flights.empty())
    return;
  slots[boundary] += sign;
  inFlight[boundary] += sign;
  changes.push_back({sign > 0 ? Change::TookSlot : Change::GaveSlot, boundary});
}

static uint64_t hashOf(const Residency &r) {
  auto pair = [](int32_t a, int32_t b) {
    return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 |
           static_cast<uint32_t>(b);
  };
  uint64_t h = mix(pair(r.value, r.last) + 0x9e3779b97f4a7c15u);
  h = mix(h ^ static_cast<uint64_t>(r.offset));
  h = mix(h ^ pair(r.write, r.issue));
  h = mix(h ^ pair(r.ready, r.done));
  return mix(h ^ pair(r.back, r.carried));
}

/// Counts a residency of the editor (`sign` 1), or takes that back (-1).
void GameState::enter(PlanEditor::Id id, int32_t sign) {
  const Residency &r = editor.residency(id);
  contentHash ^= hashOf(r);
  int64_t size = index().roundedSize(r.value);
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
  for (int32_t i = r.copiedAfter() + 1; i <= r.done; ++i) {
    inFlight[i] += sign;
    if (sign > 0)
      flights[i].push_back(id);
    else
      flights[i].erase(llvm::find(flights[i], id));
  }
}

/// The next use of the same value if it could be served by what serves `use`;
/// -1 if not.
int32_t GameState::nextWanted(int32_t use) const {
  int32_t next = use + 1;
  if (next == index().endUse(index().use(use).value))
    return -1;
  const Use &u = index().use(next);
  return u.startsByWrite || u.mustBeSlow ? -1 : next;
}

/// Last step of a residency if it were extended to the next use.
int32_t GameState::claimEnd(const Residency &r) const {
  int32_t next = index().firstUseFrom(r.value, r.last + 1);
  if (next == index().endUse(r.value) || next == index().firstUse(r.value))
    return r.end();
  next = nextWanted(next - 1);
  return next < 0 ? r.end() : std::max(r.end(), index().use(next).step);
}

uint64_t GameState::hash() const {
  return mix(contentHash ^
             mix(static_cast<uint64_t>(position) + 0x9e3779b97f4a7c15u) ^
             mix(std::bit_cast<uint64_t>(seconds)));
}
