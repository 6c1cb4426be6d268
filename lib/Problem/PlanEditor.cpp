//===- PlanEditor.cpp - a plan under construction -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanEditor.h"

#include "mempl/Problem/ContentsCheck.h"
#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/Verifier.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

// Room between neighbours in the list for others to be put in between.
static constexpr int64_t kKeyStep = int64_t(1) << 24;

LoopPlan mempl::makeLoopPlan(InstanceRef outer, int32_t step,
                             BodyPlan planned) {
  OrderedProblem problem(outer.bodyOf(step), planned.plan);
  InstanceRef body = problem.instance();
  const Plan &plan = problem.plan();
  LoopPlan result;
  result.cost = loopCost(outer, step, planned.plan);
  int32_t n = body.numSteps();
  for (int channel = 0; channel < 2; ++channel) {
    // What is behind the last step is of later trips.
    std::vector<int64_t> flight(3 * n + 2, 0);
    for (const Residency &r : plan.residencies) {
      const CopyIn *in = r.copyIn();
      if (channel == 0 ? !in : !r.out)
        continue;
      ++flight[channel == 0 ? in->issue : r.copiedAfter() + 1];
      --flight[(channel == 0 ? in->ready : r.out->done) + 1];
    }
    for (int32_t i = 1; i <= 3 * n; ++i)
      flight[i] += flight[i - 1];
    int64_t most = 0;
    for (int32_t i = 0; i <= n; ++i) {
      int64_t here = 0;
      for (int32_t at = i; n > 0 && at <= 3 * n; at += n)
        here += flight[at];
      auto it = plan.loops.find(i);
      if (it != plan.loops.end()) {
        // A copy that is awaited at the boundary before the loop is over.
        int64_t across = 0;
        for (const Residency &r : plan.residencies)
          for (int32_t at : {i, i + n, i + 2 * n})
            across += channel == 0 ? r.isCopyingIn(at) : r.isCopyingOut(at);
        LoopPlan inner = makeLoopPlan(body, i, it->second);
        if (inner.inFlight[channel] > 0)
          here = std::max(here, across + inner.inFlight[channel]);
      }
      most = std::max(most, here);
    }
    result.inFlight[channel] = most;
  }
  static_cast<BodyPlan &>(result) = std::move(planned);
  return result;
}

PlanEditor::PlanEditor(const AccessIndex &index, int64_t capacity,
                       Addressing addressing)
    : PlanEditor(index, nullptr, capacity, addressing) {}

PlanEditor::PlanEditor(ReorderableProgram &program, int64_t capacity,
                       Addressing addressing)
    : PlanEditor(program.index(), &program, capacity, addressing) {}

PlanEditor::PlanEditor(const AccessIndex &index, ReorderableProgram *program,
                       int64_t capacity, Addressing addressing)
    : accesses(&index), reorderable(program),
      limit(capacity < 0 ? index.machine().capacity : capacity),
      timeline(index),
      space(index.numSteps(), limit, index.machine().alignment, addressing),
      byValue(index.numValues()), isInvalid(index.numValues()),
      isAccessed(index.numValues()) {
  int32_t n = index.numSteps();
  for (int32_t i = 0; i < n; ++i) {
    const Step &step = index.program().steps[i];
    if (!step.body)
      continue;
    loops.resize(n);
    needsPlan.resize(n);
    needsPlan[i] = !mayRunWithoutPlan(index.instance().bodyOf(i));
    planless += needsPlan[i];
  }
  for (int c = 0; c < 2; ++c)
    if (flightLimit(c) > 0) {
      flights[c].assign(n + 1, 0);
      if (!loops.empty())
        loopFlights[c].assign(n, 0);
    }
  for (int32_t i = 0; i < n; ++i) {
    if (index.program().steps[i].body)
      applyLoop(i, nullptr);
    else
      space.setReserved(i, reservedAt(i));
    if (space.reserved(i) > limit)
      ++outside;
  }
  for (int32_t v = 0; v < index.numValues(); ++v)
    access(v);
}

int64_t PlanEditor::flightLimit(int channel) const {
  const Machine &m = accesses->machine();
  return channel == Timeline::In ? m.maxCopiesIn : m.maxCopiesOut;
}

int64_t PlanEditor::reservedAt(int32_t i) const {
  const BodyPlan *body = loops.empty() ? nullptr : loops[i].get();
  return accesses->machine().roundUp(
      reservedBytes(accesses->program().steps[i], body));
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

void PlanEditor::link(Id id, Id before) {
  Node &node = nodes[id];
  node.next = before;
  node.prev = before == kNone ? lastNode : nodes[before].prev;
  (node.prev == kNone ? firstNode : nodes[node.prev].next) = id;
  (node.next == kNone ? lastNode : nodes[node.next].prev) = id;
  int64_t low = node.prev == kNone ? 0 : nodes[node.prev].key;
  if (node.next == kNone) {
    node.key = low + kKeyStep;
    return;
  }
  int64_t high = nodes[node.next].key;
  node.key = low + (high - low) / 2;
  if (node.key <= low || node.key >= high)
    relabel();
}

void PlanEditor::unlink(Id id) {
  Node &node = nodes[id];
  (node.prev == kNone ? firstNode : nodes[node.prev].next) = node.next;
  (node.next == kNone ? lastNode : nodes[node.next].prev) = node.prev;
}

void PlanEditor::relabel() {
  int64_t key = 0;
  for (Id id = firstNode; id != kNone; id = nodes[id].next) {
    nodes[id].key = key += kKeyStep;
    timeline.setKey(Timeline::In, id, key);
    timeline.setKey(Timeline::Out, id, key);
  }
}

//===----------------------------------------------------------------------===//
// Edits
//===----------------------------------------------------------------------===//

PlanEditor::Id PlanEditor::place(const Residency &r, Id before) {
  Id id;
  if (freeIds.empty()) {
    id = endId();
    nodes.emplace_back();
  } else {
    id = freeIds.back();
    freeIds.pop_back();
  }
  nodes[id].r = r;
  link(id, before);
  insert(id);
  if (records)
    edits.push_back({Edit::Place, id, nullptr, nullptr});
  return id;
}

void PlanEditor::remove(Id id) {
  erase(id);
  unlink(id);
  if (records) {
    edits.push_back({Edit::Remove, id, nullptr, nullptr});
    removedIds.push_back(id);
  } else {
    freeIds.push_back(id);
  }
}

/// Everything that a residency adds, except its place in the list.
void PlanEditor::insert(Id id) {
  Node &node = nodes[id];
  const Residency &r = node.r;
  assert(r.first() >= r.start() && r.last >= r.first() &&
         r.last < accesses->numSteps() && "breaks V9");
  const Machine &m = accesses->machine();
  node.isPlaced = true;
  ++count;
  carried += r.isKept();

  int64_t size = accesses->roundedBytes(r);
  node.isOutside = r.offset < 0 || r.offset % m.alignment != 0 ||
                   size > limit || r.offset > limit - size;
  node.hitsReserved = false;
  if (node.isOutside) {
    ++outside;
  } else if (size > 0) {
    int64_t top = r.offset + size;
    node.hitsReserved = hitsReserved(r);
    overlaps += node.hitsReserved +
                space.countOverlaps(r.start(), r.end(), r.offset, top);
    space.add(id, r.start(), r.end(), r.offset, top);
  }

  auto bytes = static_cast<double>(r.bytes(accesses->program()));
  if (const CopyIn *in = r.copyIn()) {
    timeline.addCopy(Timeline::In, id, in->issue, in->ready, node.key, bytes);
    addFlights(Timeline::In, in->issue, in->ready, 1);
  }
  if (r.out) {
    timeline.addCopy(Timeline::Out, id, r.copiedAfter() + 1, r.out->done,
                     node.key, bytes);
    addFlights(Timeline::Out, r.copiedAfter() + 1, r.out->done, 1);
  }
  int32_t end = accesses->endUse(r.value);
  for (int32_t u = accesses->firstUseFrom(r.value, r.first());
       u < end && accesses->use(u).step <= r.last; ++u)
    timeline.serve(u);

  auto &ids = byValue[r.value];
  auto at = ids.end();
  while (at != ids.begin() && nodes[at[-1]].r.start() > r.start())
    --at;
  ids.insert(at, id);
  access(r.value);
}

void PlanEditor::erase(Id id) {
  Node &node = nodes[id];
  const Residency &r = node.r;
  assert(node.isPlaced && "removed twice");
  node.isPlaced = false;
  --count;
  carried -= r.isKept();
  int64_t size = accesses->roundedBytes(r);
  if (node.isOutside) {
    --outside;
  } else if (size > 0) {
    space.remove(id, r.start(), r.end(), r.offset);
    overlaps -= node.hitsReserved;
    if (overlaps > 0)
      overlaps -=
          space.countOverlaps(r.start(), r.end(), r.offset, r.offset + size);
  }
  if (const CopyIn *in = r.copyIn()) {
    timeline.removeCopy(Timeline::In, id);
    addFlights(Timeline::In, in->issue, in->ready, -1);
  }
  if (r.out) {
    timeline.removeCopy(Timeline::Out, id);
    addFlights(Timeline::Out, r.copiedAfter() + 1, r.out->done, -1);
  }
  int32_t end = accesses->endUse(r.value);
  for (int32_t u = accesses->firstUseFrom(r.value, r.first());
       u < end && accesses->use(u).step <= r.last; ++u)
    timeline.unserve(u);
  auto &ids = byValue[r.value];
  ids.erase(std::find(ids.begin(), ids.end(), id));
  access(r.value);
}

void PlanEditor::addFlights(Timeline::Channel channel, int32_t begin,
                            int32_t end, int32_t sign) {
  int64_t most = flightLimit(channel);
  if (most == 0)
    return;
  auto &flight = flights[channel];
  for (int32_t i = begin; i <= end; ++i) {
    overLimit -= flight[i] > most;
    flight[i] += sign;
    overLimit += flight[i] > most;
  }
  if (loopFlights[channel].empty())
    return;
  for (int32_t i = begin; i < end; ++i) {
    setLoopFlight(i, -1);
    loopFlights[channel][i] += sign;
    setLoopFlight(i, 1);
  }
}

/// Counts a loop whose copies and those over it are too many, or takes that
/// back.
void PlanEditor::setLoopFlight(int32_t step, int32_t sign) {
  if (!loops[step])
    return;
  for (int c = 0; c < 2; ++c)
    if (!loopFlights[c].empty() && loops[step]->inFlight[c] > 0)
      overLimit += sign * (loopFlights[c][step] + loops[step]->inFlight[c] >
                           flightLimit(c));
}

bool PlanEditor::allowsCopy(Timeline::Channel channel, int32_t issue,
                            int32_t await) const {
  int64_t most = flightLimit(channel);
  if (most == 0)
    return true;
  for (int32_t i = issue; i <= await; ++i)
    if (flights[channel][i] >= most)
      return false;
  if (!loopFlights[channel].empty())
    for (int32_t i = issue; i < await; ++i)
      if (loops[i] && loops[i]->inFlight[channel] > 0 &&
          loopFlights[channel][i] + loops[i]->inFlight[channel] >= most)
        return false;
  return true;
}

void PlanEditor::setLoopPlan(int32_t step,
                             std::shared_ptr<const LoopPlan> plan) {
  if (records)
    edits.push_back({Edit::Loop, step, loops[step], nullptr});
  if (space.reserved(step) > limit)
    --outside;
  applyLoop(step, std::move(plan));
  if (space.reserved(step) > limit)
    ++outside;
}

void PlanEditor::applyLoop(int32_t step, std::shared_ptr<const LoopPlan> plan) {
  setLoopFlight(step, -1);
  planless += needsPlan[step] *
              (static_cast<int>(!plan) - static_cast<int>(!loops[step]));
  loops[step] = std::move(plan);
  setLoopFlight(step, 1);
  timeline.setLoop(step, loops[step]
                             ? loops[step]->cost
                             : loopCost(accesses->instance(), step, Plan()));
  space.setReserved(step, reservedAt(step));
  updateHits(step, step);
}

/// Whatever is alive during these steps may now hit their reservations, or no
/// more.
void PlanEditor::updateHits(int32_t firstStep, int32_t lastStep) {
  space.forEachOverlap(firstStep, lastStep, 0, limit, [&](Id id) {
    Node &node = nodes[id];
    overlaps -= node.hitsReserved;
    node.hitsReserved = hitsReserved(node.r);
    overlaps += node.hitsReserved;
  });
}

//===----------------------------------------------------------------------===//
// The order of steps
//===----------------------------------------------------------------------===//

/// Residencies of the values that these steps access, and those with copies
/// that are issued or awaited between them.
llvm::SmallVector<PlanEditor::Id, 32>
PlanEditor::idsAround(int32_t first, int32_t last) const {
  llvm::SmallVector<Id, 32> ids;
  for (int32_t i = first; i <= last; ++i)
    for (int32_t u : accesses->usesAt(i))
      for (Id id : byValue[accesses->use(u).value])
        if (nodes[id].r.start() <= last && nodes[id].r.end() >= first)
          ids.push_back(id);
  auto add = [&](Id id) { ids.push_back(id); };
  timeline.forEachCopy(Timeline::In, first + 1, last, add);
  timeline.forEachCopy(Timeline::Out, first + 1, last, add);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

/// The residency that `r` becomes if the step at first + k moves to first +
/// `places[k]`. The index is still the one from before.
Residency PlanEditor::afterMoving(const Residency &r, int32_t first,
                                  llvm::ArrayRef<int32_t> places) const {
  int32_t end = first + static_cast<int32_t>(places.size());
  auto newPlace = [&](int32_t step) {
    return step >= first && step < end ? first + places[step - first] : step;
  };
  // A boundary is the one before the step that it was before.
  auto newBoundary = [&](int32_t i) { return i > first ? newPlace(i) : i; };
  int32_t begin = accesses->firstUseFrom(r.value, r.first());
  int32_t stop = begin, firstServed = INT32_MAX, lastServed = -1;
  while (stop < accesses->endUse(r.value) &&
         accesses->use(stop).step <= r.last) {
    int32_t place = newPlace(accesses->use(stop++).step);
    firstServed = std::min(firstServed, place);
    lastServed = std::max(lastServed, place);
  }
  if (begin == stop)
    return r;
  Residency moved = r;
  if (ByWrite *write = std::get_if<ByWrite>(&moved.begin))
    write->step = firstServed;
  if (CopyIn *in = moved.copyIn()) {
    in->ready = in->ready == accesses->use(begin).step
                    ? firstServed
                    : std::min(newBoundary(in->ready), firstServed);
    in->issue = std::min(newBoundary(in->issue), in->ready);
  }
  moved.last = r.last == accesses->use(stop - 1).step
                   ? lastServed
                   : std::max(r.last, lastServed);
  if (!r.out)
    return moved;
  if (r.out->back)
    moved.out->back =
        std::clamp(newPlace(*r.out->back), moved.first(), moved.last);
  int32_t done = newBoundary(r.out->done);
  // Whoever comes next may be waiting for it.
  for (int32_t u = stop; u < accesses->endUse(r.value); ++u) {
    done = std::min(done, newPlace(accesses->use(u).step));
    if (accesses->use(u).step >= end)
      break;
  }
  moved.out->done = std::max(done, moved.copiedAfter() + 1);
  return moved;
}

llvm::SmallVector<PlanEditor::Id, 16>
PlanEditor::reorder(int32_t first, llvm::ArrayRef<int32_t> places) {
  auto count = static_cast<int32_t>(places.size());
  llvm::SmallVector<std::pair<Id, Residency>, 16> changed;
  auto undo = std::make_shared<Reordering>();
  llvm::SmallVector<Id, 16> ids;
  for (Id id : idsAround(first, first + count - 1)) {
    const Residency &r = nodes[id].r;
    Residency moved = afterMoving(r, first, places);
    // Which uses it serves does not change where it serves all in between.
    if (moved == r && r.first() <= first && r.last >= first + count - 1)
      continue;
    ids.push_back(id);
    undo->before.push_back({id, r});
    changed.push_back({id, moved});
  }
  moveSteps(first, places, changed);
  if (!records)
    return ids;
  undo->first = first;
  undo->placesBack.resize(count);
  for (int32_t k = 0; k < count; ++k)
    undo->placesBack[places[k]] = k;
  edits.push_back({Edit::Reorder, kNone, nullptr, std::move(undo)});
  return ids;
}

/// Moves steps, and gives residencies that end or begin between them their new
/// times.
void PlanEditor::moveSteps(int32_t first, llvm::ArrayRef<int32_t> places,
                           llvm::ArrayRef<std::pair<Id, Residency>> changed) {
  auto count = static_cast<int32_t>(places.size());
  int32_t end = first + count;
  for (const auto &[id, r] : changed)
    erase(id);
  bool hasReserved = space.maxReserved(first, end - 1) > 0;
  llvm::SmallVector<int64_t, 16> reserved;
  llvm::SmallVector<std::shared_ptr<const LoopPlan>, 16> bodies;
  llvm::SmallVector<bool, 16> planNeeded;
  for (int32_t i = first; i < end; ++i) {
    if (hasReserved)
      reserved.push_back(space.reserved(i));
    if (loops.empty())
      continue;
    setLoopFlight(i, -1);
    bodies.push_back(std::move(loops[i]));
    planNeeded.push_back(needsPlan[i]);
  }
  timeline.reorder(first, places, reorderable->reorder(first, places));
  for (int32_t k = 0; k < count; ++k) {
    int32_t i = first + places[k];
    if (hasReserved)
      space.setReserved(i, reserved[k]);
    if (!loops.empty()) {
      loops[i] = std::move(bodies[k]);
      needsPlan[i] = planNeeded[k];
    }
    for (int32_t u : accesses->usesAt(i))
      access(accesses->use(u).value);
  }
  if (!loops.empty())
    for (int32_t i = first; i < end; ++i)
      setLoopFlight(i, 1);
  for (const auto &[id, r] : changed) {
    nodes[id].r = r;
    insert(id);
  }
  if (hasReserved)
    updateHits(first, end - 1);
}

//===----------------------------------------------------------------------===//
// Undo
//===----------------------------------------------------------------------===//

PlanEditor::Mark PlanEditor::mark() {
  timeline.latency();
  records = true;
  timeline.keepUndo(true);
  return {edits.size(), timeline.undoPosition()};
}

void PlanEditor::undo(Mark m) {
  while (edits.size() > m.edits) {
    Edit edit = std::move(edits.back());
    edits.pop_back();
    switch (edit.kind) {
    case Edit::Place:
      erase(edit.id);
      unlink(edit.id);
      freeIds.push_back(edit.id);
      break;
    case Edit::Remove:
      removedIds.pop_back();
      link(edit.id, nodes[edit.id].next);
      insert(edit.id);
      break;
    case Edit::Loop:
      if (space.reserved(edit.id) > limit)
        --outside;
      applyLoop(edit.id, std::move(edit.loop));
      if (space.reserved(edit.id) > limit)
        ++outside;
      break;
    case Edit::Reorder:
      moveSteps(edit.reordering->first, edit.reordering->placesBack,
                edit.reordering->before);
      break;
    }
  }
  timeline.undoTo(m.timeline);
}

void PlanEditor::commit() {
  edits.clear();
  freeIds.insert(freeIds.end(), removedIds.begin(), removedIds.end());
  removedIds.clear();
  records = false;
  timeline.keepUndo(false);
  timeline.dropUndo();
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

void PlanEditor::access(int32_t value) {
  if (isAccessed[value])
    return;
  isAccessed[value] = true;
  accessed.push_back(value);
}

/// In a profile what steps reserve counts as bytes in use.
bool PlanEditor::hitsReserved(const Residency &r) const {
  return space.addressing() == Addressing::Offsets &&
         r.offset < space.maxReserved(r.start(), r.end());
}

bool PlanEditor::fitsLimits() const {
  return overlaps == 0 && !space.isOverfull() && outside == 0 &&
         overLimit == 0 && planless == 0 &&
         carried <= accesses->machine().maxCarried;
}

bool PlanEditor::contentsAreValid(int32_t value) {
  ResidencyList list;
  for (Id id : byValue[value])
    list.push_back(&nodes[id].r);
  return hasValidContents(*accesses, value, list);
}

bool PlanEditor::isLegal() {
  for (int32_t value : accessed) {
    isAccessed[value] = false;
    invalid -= isInvalid[value];
    isInvalid[value] = !contentsAreValid(value);
    invalid += isInvalid[value];
  }
  accessed.clear();
  return invalid == 0 && fitsLimits();
}

Plan PlanEditor::plan() const {
  Plan result;
  result.instance =
      reorderable ? reorderable->instance().name : accesses->instance().name;
  for (Id id = firstNode; id != kNone; id = nodes[id].next)
    result.residencies.push_back(nodes[id].r);
  for (size_t i = 0; i < loops.size(); ++i)
    if (loops[i])
      result.loops.emplace(static_cast<int32_t>(i),
                           static_cast<const BodyPlan &>(*loops[i]));
  return reorderable ? withOrder(std::move(result), reorderable->order())
                     : result;
}
