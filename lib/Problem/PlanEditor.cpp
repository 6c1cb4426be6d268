//===- PlanEditor.cpp - a plan under construction -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanEditor.h"

#include "mempl/Problem/ContentsCheck.h"
#include "mempl/Problem/Verifier.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

// Room between neighbours in the list for others to be put in between.
static constexpr int64_t kKeyStep = int64_t(1) << 24;

LoopPlan mempl::makeLoopPlan(InstanceRef body, BodyPlan planned) {
  const Plan &plan = planned.plan;
  LoopPlan result;
  result.cost = loopCost(body, plan);
  int32_t n = body.numSteps();
  for (int channel = 0; channel < 2; ++channel) {
    std::vector<int64_t> flight(n + 2, 0);
    for (const Residency &r : plan.residencies) {
      const CopyIn *in = r.copyIn();
      if (channel == 0 ? !in : !r.out)
        continue;
      ++flight[channel == 0 ? in->issue : r.copiedAfter() + 1];
      --flight[(channel == 0 ? in->ready : r.out->done) + 1];
    }
    int64_t now = 0, most = 0;
    for (int32_t i = 0; i <= n; ++i) {
      now += flight[i];
      int64_t here = now;
      auto it = plan.loops.find(i);
      if (it != plan.loops.end()) {
        // A copy that is awaited at the boundary before the loop is over.
        int64_t across = 0;
        for (const Residency &r : plan.residencies)
          across += channel == 0 ? r.isCopyingIn(i) : r.isCopyingOut(i);
        LoopPlan inner = makeLoopPlan(body.bodyOf(i), it->second);
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
    : accesses(&index),
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
    edits.push_back({Edit::Place, id, nullptr});
  return id;
}

void PlanEditor::remove(Id id) {
  erase(id);
  unlink(id);
  if (records) {
    edits.push_back({Edit::Remove, id, nullptr});
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
    edits.push_back({Edit::Loop, step, loops[step]});
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
  timeline.setLoop(
      step, loops[step] ? loops[step]->cost
                        : loopCost(accesses->instance().bodyOf(step), Plan()));
  space.setReserved(step, reservedAt(step));
  // Whatever is alive during the loop may now hit its reservation, or no more.
  space.forEachOverlap(step, step, 0, limit, [&](Id id) {
    Node &node = nodes[id];
    overlaps -= node.hitsReserved;
    node.hitsReserved = hitsReserved(node.r);
    overlaps += node.hitsReserved;
  });
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
  result.instance = accesses->instance().name;
  for (Id id = firstNode; id != kNone; id = nodes[id].next)
    result.residencies.push_back(nodes[id].r);
  for (size_t i = 0; i < loops.size(); ++i)
    if (loops[i])
      result.loops.emplace(static_cast<int32_t>(i),
                           static_cast<const BodyPlan &>(*loops[i]));
  return result;
}
