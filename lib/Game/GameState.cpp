//===- GameState.cpp - placement as a single-player game ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plan editor plays and undoes. An action changes the residencies of one
// value, and so costs what is near to it in time. The hash is the exclusive or
// of one hash per residency (Zobrist, 1970).
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/GameState.h"

#include "Finish.h"
#include "Mix.h"

#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

/// How copies are timed in play. Few of them can be well, before it is known
/// which others there are: Stop has more styles.
static constexpr PlacementStyle kPlayStyle = {Fit::Lowest, /*lead=*/1,
                                              /*awaitEarly=*/false};

//===----------------------------------------------------------------------===//
// The first state
//===----------------------------------------------------------------------===//

GameState::GameState(std::shared_ptr<const Game> game)
    : GameState(std::move(game), Plan()) {}

GameState::GameState(const GameState &) = default;

GameState::GameState(std::shared_ptr<const Game> game, const Plan &start)
    : shared(std::move(game)), editor(index(), -1, Addressing::Profile),
      served(index().numSteps()) {
  for (const Game::ChosenLoop &loop : shared->loops())
    editor.setLoopPlan(loop.step, loop.plan);
  load(start.residencies);
  // A start with other plans of loops may leave no bytes for constraints.
  if (start.residencies.empty() || !editor.isLegal())
    load(shared->constrained());
  assert(editor.isLegal() && "Game::create() has tried it");
  editor.commit();
  seconds = editor.latency();
  contents = hashOfAll();
  for (int32_t i = 0; i < index().numSteps(); ++i)
    if (int64_t reserved = editor.occupancy().reserved(i))
      served.add(i, i, reserved);
  for (int32_t v = 0; v < index().numValues(); ++v)
    countServed(v, 1);
}

/// Replaces all residencies by those that fit.
void GameState::load(llvm::ArrayRef<Residency> residencies) {
  while (editor.firstInList() != PlanEditor::kNone)
    editor.remove(editor.firstInList());
  for (Residency r : residencies) {
    r.offset = 0;
    PlanEditor::Id id = editor.place(r);
    if (!editor.fitsLimits())
      editor.remove(id);
  }
}

//===----------------------------------------------------------------------===//
// Hashes
//===----------------------------------------------------------------------===//

static uint64_t hashOf(const Residency &r) {
  auto pair = [](int32_t a, int32_t b) {
    return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 |
           static_cast<uint32_t>(b);
  };
  uint64_t h = mix(pair(r.value, r.last) + kMixStart);
  const ByWrite *write = r.written();
  CopyIn in = r.copyIn() ? *r.copyIn() : CopyIn{-1, -1};
  CopyOut out = r.out.value_or(CopyOut{std::nullopt, -1});
  h = mix(h ^ pair(write ? write->step : -1, in.issue));
  h = mix(h ^ pair(in.ready, out.done));
  return mix(h ^ pair(out.back.value_or(-1), r.isKept()));
}

uint64_t GameState::hashOfValue(int32_t value) const {
  uint64_t hash = 0;
  for (PlanEditor::Id id : editor.residenciesOf(value))
    hash ^= hashOf(editor.residency(id));
  return hash;
}

uint64_t GameState::hashOfAll() const {
  uint64_t hash = 0;
  for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
       id = editor.nextInList(id))
    hash ^= hashOf(editor.residency(id));
  return hash;
}

uint64_t GameState::hash() const {
  return mix(contents + kMixStart * (1 + isOver())) ^
         mix(llvm::bit_cast<uint64_t>(seconds));
}

//===----------------------------------------------------------------------===//
// Play
//===----------------------------------------------------------------------===//

bool GameState::isLegal(Action a) {
  if (!mayBeLegal(a))
    return false;
  if (a.kind == Action::Stop)
    return true;
  Frame frame = begin(a);
  bool result = change(a);
  revert(frame);
  return result;
}

std::optional<double> GameState::tryApply(Action a) {
  if (!mayBeLegal(a))
    return std::nullopt;
  Frame frame = begin(a);
  if (a.kind == Action::Stop) {
    stop();
  } else if (change(a)) {
    seconds = editor.latency();
  } else {
    revert(frame);
    return std::nullopt;
  }
  frames.push_back(frame);
  return frame.seconds - seconds;
}

double GameState::apply(Action a) {
  std::optional<double> reward = tryApply(a);
  assert(reward && "an illegal action was played");
  return *reward;
}

void GameState::undo() {
  assert(!frames.empty() && "nothing to take back");
  Frame frame = frames.back();
  frames.pop_back();
  revert(frame);
}

GameState::Frame GameState::begin(Action a) {
  int32_t value =
      a.kind == Action::Stop ? -1 : shared->forest().node(a.node).value;
  return {editor.mark(), value, seconds, contents};
}

void GameState::revert(const Frame &frame) {
  if (frame.value >= 0)
    countServed(frame.value, -1);
  editor.undo(frame.mark);
  if (frame.value >= 0)
    countServed(frame.value, 1);
  seconds = frame.seconds;
  contents = frame.contents;
  final = nullptr;
  if (frames.empty())
    editor.commit();
}

/// Counts the bytes of a value where they serve it, or takes that back.
void GameState::countServed(int32_t value, int64_t sign) {
  for (PlanEditor::Id id : editor.residenciesOf(value)) {
    const Residency &r = editor.residency(id);
    served.add(r.first(), r.last, sign * index().roundedBytes(r));
  }
}

void GameState::stop() {
  timeCopiesAnew(editor);
  FinishedPlan finished = pack(*shared, editor);
  seconds = finished.latency;
  contents = hashOfAll();
  final = std::make_shared<Plan>(inOrderOfProgram(std::move(finished.plan)));
}

Plan GameState::inOrderOfProgram(Plan plan) const {
  plan.instance = shared->instance().name;
  const std::vector<int32_t> &order = shared->options().order;
  return order.empty() ? plan : withOrder(std::move(plan), order);
}

Plan GameState::planIfStopped() {
  if (isOver())
    return finalPlan();
  apply({});
  Plan plan = finalPlan();
  undo();
  return plan;
}

Plan GameState::profile() const { return inOrderOfProgram(editor.plan()); }

/// Does what the action says. False, to be reverted, if that is not legal.
bool GameState::change(Action a) {
  const UseIntervalNode &node = shared->forest().node(a.node);
  contents ^= hashOfValue(node.value);
  countServed(node.value, -1);
  bool isLegal = changeValue(a, node.value, node.interval);
  contents ^= hashOfValue(node.value);
  countServed(node.value, 1);
  return isLegal && editor.isLegal();
}

bool GameState::changeValue(Action a, int32_t value, UseInterval uses) {
  switch (a.kind) {
  case Action::Stop:
    break;
  case Action::Extend:
    return place(value, {uses.first - 1, uses.last});
  case Action::Place:
    return place(value, uses);
  case Action::TakeOut:
    takeOut(residencyOf(a.node));
    return true;
  case Action::Carry:
    return carry(value, uses.last);
  }
  llvm_unreachable("stopping is no change");
}

/// Serves the uses, and all that the residencies serve which serve any of them,
/// by one residency.
bool GameState::place(int32_t value, UseInterval uses) {
  int32_t from = index().use(uses.first).step, to = index().use(uses.last).step;
  for (PlanEditor::Id id :
       llvm::SmallVector<PlanEditor::Id, 4>(editor.residenciesOf(value))) {
    const Residency &r = editor.residency(id);
    if (r.last < from || r.first() > to)
      continue;
    if (r.isKept())
      return false;
    uses.first = std::min(uses.first, index().firstUseFrom(value, r.first()));
    uses.last =
        std::max(uses.last, index().firstUseFrom(value, r.last + 1) - 1);
    editor.remove(id);
  }
  issueNextCopyAfter(value, index().use(uses.last).step);
  makeRoom(value, uses);
  return UseIntervalPlacer(editor).place(uses, kPlayStyle) != PlanEditor::kNone;
}

/// Has copies that are in the way of what the uses need begin later or end
/// sooner.
void GameState::makeRoom(int32_t value, UseInterval uses) {
  int32_t from = index().use(uses.first).step, to = index().use(uses.last).step;
  int64_t limit = editor.capacity() - index().roundedSize(value);
  while (editor.occupancy().mostUsed(from, to) > limit) {
    int32_t step = editor.occupancy().fullestStep(from, to);
    PlanEditor::Id id = shortestCopyAt(step);
    if (id == PlanEditor::kNone)
      return;
    Residency r = editor.residency(id);
    contents ^= hashOf(r);
    if (step < r.first())
      r.copyIn()->issue = step + 1;
    else
      r.out->done = step;
    contents ^= hashOf(r);
    replace(id, r);
  }
}

/// Has the next copy of a value be issued after a step, if it is awaited after
/// it.
void GameState::issueNextCopyAfter(int32_t value, int32_t step) {
  for (PlanEditor::Id id : editor.residenciesOf(value)) {
    Residency r = editor.residency(id);
    if (r.first() <= step || !r.copiedIn() || r.start() > step)
      continue;
    r.copyIn()->issue = step + 1;
    replace(id, r);
    return;
  }
}

/// Gives a residency other times of its copies.
void GameState::replace(PlanEditor::Id id, const Residency &r) {
  editor.remove(id);
  PlanEditor::Id next = PlanEditor::kNone;
  if (const CopyIn *in = r.copyIn())
    next = editor.time().firstDueAfter(Timeline::In, in->issue, in->ready);
  editor.place(r, next);
}

/// Of the residencies that are in fast memory during a step for a copy only,
/// the one that loses the least time if it is not; or kNone.
PlanEditor::Id GameState::shortestCopyAt(int32_t step) const {
  llvm::ArrayRef<double> start = shared->slowStart();
  auto lost = [&](const Residency &r) {
    return step < r.first() ? start[step + 1] - start[r.start()]
                            : start[r.end() + 1] - start[step];
  };
  PlanEditor::Id chosen = PlanEditor::kNone;
  // Of equals the one with the first value: ids depend on the way here.
  auto isBetter = [&](const Residency &a, const Residency &b) {
    return lost(a) != lost(b) ? lost(a) < lost(b) : a.value < b.value;
  };
  editor.occupancy().forEachOverlap(step, step, 0, editor.capacity(),
                                    [&](int32_t id) {
                                      const Residency &r = editor.residency(id);
                                      if (r.serves(step) || r.isKept())
                                        return;
                                      if (chosen == PlanEditor::kNone ||
                                          isBetter(r, editor.residency(chosen)))
                                        chosen = id;
                                    });
  return chosen;
}

/// The residency that a TakeOut of the node is about, or kNone.
PlanEditor::Id GameState::residencyOf(int32_t node) const {
  const UseIntervalNode &segment = shared->forest().node(node);
  for (PlanEditor::Id id : editor.residenciesOf(segment.value))
    if (nodeOf(editor.residency(id)) == node)
      return id;
  return PlanEditor::kNone;
}

/// The largest segment that begins with a residency and is within it; -1 if it
/// serves nothing.
int32_t GameState::nodeOf(const Residency &r) const {
  int32_t first = index().firstUseFrom(r.value, r.first()),
          last = index().firstUseFrom(r.value, r.last + 1) - 1;
  return first > last ? -1 : shared->nodeWithin(first, last);
}

void GameState::takeOut(PlanEditor::Id id) {
  Residency r = editor.residency(id);
  // What the run before left and what is left for the next one need each other.
  if (!isCarried(r.value) ||
      !(r.isKept() || r.last == index().numSteps() - 1)) {
    editor.remove(id);
    return;
  }
  for (PlanEditor::Id each :
       llvm::SmallVector<PlanEditor::Id, 4>(editor.residenciesOf(r.value)))
    editor.remove(each);
}

bool GameState::carry(int32_t value, int32_t lastUse) {
  // With the last use there are two ways: to stay until the end, or to be
  // copied in again.
  PlanEditor::Mark mark = editor.mark();
  bool stays = lastUse + 1 == index().endUse(value) &&
               carryUntil(value, lastUse + 1) && editor.isLegal();
  double latency = stays ? editor.latency() : 0;
  editor.undo(mark);
  if (carryUntil(value, lastUse) && editor.isLegal() &&
      (!stays || editor.latency() < latency))
    return true;
  editor.undo(mark);
  return stays && carryUntil(value, lastUse + 1);
}

/// See UseIntervalPlacer::carry().
bool GameState::carryUntil(int32_t value, int32_t lastUse) {
  bool stays = lastUse == index().endUse(value);
  for (PlanEditor::Id id :
       llvm::SmallVector<PlanEditor::Id, 4>(editor.residenciesOf(value)))
    if (stays || editor.residency(id).start() <= index().use(lastUse).step)
      editor.remove(id);
  return UseIntervalPlacer(editor).carry(value, lastUse, kPlayStyle);
}

//===----------------------------------------------------------------------===//
// Actions
//===----------------------------------------------------------------------===//

bool GameState::mayBeLegal(Action a) const {
  if (isOver())
    return false;
  if (a.kind == Action::Stop)
    return true;
  const UseIntervalNode &node = shared->forest().node(a.node);
  switch (a.kind) {
  case Action::Stop:
    break;
  case Action::Place:
    return hasBytesFor(node.value, node.interval);
  case Action::Extend:
    return isJustAfterResidency(node.interval.first) &&
           hasBytesFor(node.value,
                       {node.interval.first - 1, node.interval.last});
  case Action::TakeOut:
    return residencyOf(a.node) != PlanEditor::kNone;
  case Action::Carry:
    return node.interval.first == index().firstUse(node.value) &&
           editor.numCarried() < index().machine().maxCarried &&
           shared->isCarriable(node.value) && !isCarried(node.value);
  }
  llvm_unreachable("no such action");
}

bool GameState::isCarried(int32_t value) const {
  auto own = editor.residenciesOf(value);
  return !own.empty() && editor.residency(own.front()).isKept();
}

/// Whether a residency ends between this use and the one of the same value just
/// before it.
bool GameState::isJustAfterResidency(int32_t use) const {
  const Use &next = index().use(use);
  return use > index().firstUse(next.value) &&
         llvm::any_of(editor.residenciesOf(next.value), [&](PlanEditor::Id id) {
           const Residency &r = editor.residency(id);
           return r.serves(index().use(use - 1).step) && r.last < next.step;
         });
}

/// Whether the uses are not served by one residency already, and the steps
/// between them have the bytes.
bool GameState::hasBytesFor(int32_t value, UseInterval uses) const {
  int32_t from = index().use(uses.first).step, to = index().use(uses.last).step;
  for (PlanEditor::Id id : editor.residenciesOf(value))
    if (editor.residency(id).first() <= from && editor.residency(id).last >= to)
      return false;
  int64_t size = index().roundedSize(value);
  return size == 0 || leastFree(value, from, to) >= size;
}

/// Bytes free in the fullest of some steps, those of copies and of the value
/// itself counted as free.
int64_t GameState::leastFree(int32_t value, int32_t from, int32_t to) const {
  int64_t least = INT64_MAX, size = index().roundedSize(value);
  auto look = [&](int32_t first, int32_t last, int64_t own) {
    if (first <= last)
      least = std::min(least,
                       editor.capacity() + own - served.maximum(first, last));
  };
  for (PlanEditor::Id id : editor.residenciesOf(value)) {
    const Residency &r = editor.residency(id);
    if (r.last < from || r.first() > to)
      continue;
    look(from, r.first() - 1, 0);
    look(std::max(from, r.first()), std::min(to, r.last), size);
    from = r.last + 1;
  }
  look(from, to, 0);
  return least;
}

void GameState::listTakeOuts(llvm::SmallVectorImpl<Action> &actions) const {
  for (int32_t v = 0; v < index().numValues(); ++v)
    for (PlanEditor::Id id : editor.residenciesOf(v))
      if (int32_t node = nodeOf(editor.residency(id)); node >= 0)
        actions.push_back({Action::TakeOut, node});
}

void GameState::listExtends(llvm::SmallVectorImpl<Action> &actions) const {
  for (int32_t v = 0; v < index().numValues(); ++v)
    for (PlanEditor::Id id : editor.residenciesOf(v)) {
      const Residency &r = editor.residency(id);
      int32_t next = index().firstUseFrom(v, r.last + 1);
      if (next == index().endUse(v) || next == index().firstUse(v))
        continue;
      for (int32_t node = shared->leafOf(next);
           node >= 0 && shared->forest().node(node).interval.first == next;
           node = shared->parentOf(node))
        if (mayBeLegal({Action::Extend, node}))
          actions.push_back({Action::Extend, node});
    }
}

void GameState::listCarries(llvm::SmallVectorImpl<Action> &actions) const {
  for (int32_t v : shared->forest().carriable()) {
    int32_t first = index().firstUse(v);
    for (int32_t node = shared->leafOf(first);
         node >= 0 && shared->forest().node(node).interval.first == first;
         node = shared->parentOf(node))
      if (mayBeLegal({Action::Carry, node}))
        actions.push_back({Action::Carry, node});
  }
}

std::vector<Action> GameState::legalActions() {
  llvm::SmallVector<Action, 0> candidates;
  for (int32_t node = 0; node < shared->numNodes(); ++node)
    candidates.push_back({Action::Place, node});
  listExtends(candidates);
  listTakeOuts(candidates);
  listCarries(candidates);
  std::vector<Action> legal;
  if (!isOver())
    legal.push_back({});
  for (Action a : candidates)
    if (isLegal(a))
      legal.push_back(a);
  llvm::sort(legal, [&](Action a, Action b) {
    return shared->numberOf(a) < shared->numberOf(b);
  });
  return legal;
}
