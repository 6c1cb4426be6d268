//===- SectionSearch.cpp - exact search over skylines -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The depth-first search with an explicit stack: branching, decomposition,
// remembered dead ends, and the trail that takes decisions back. What follows
// from a decision is in SectionPropagation.cpp.
//
//===----------------------------------------------------------------------===//

#include "SectionSearch.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <tuple>

using namespace mempl;
using namespace mempl::packing;

/// Slots of the table of dead ends, 16 bytes each: at first and at most.
static constexpr size_t kFewDeadEnds = size_t(1) << 8;
static constexpr size_t kMostDeadEnds = size_t(1) << 20;

SectionSearch::SectionSearch(const PackingModel &model)
    : model(model), items(model.items) {
  size_t numItems = items.size(), numSections = model.numSections;
  itemBegin.resize(numSections + 1);
  sectionBegin.assign(numSections + 1, 0);
  positionBegin.assign(numItems + 1, 0);
  for (size_t i = 0; i < numItems; ++i) {
    ++itemBegin[items[i].first + 1];
    positionBegin[i + 1] = positionBegin[i] + items[i].last - items[i].first;
    for (int32_t s = items[i].first; s < items[i].last; s = items[i].after(s))
      ++sectionBegin[s + 1];
    if (items[i].fixed >= 0)
      fixedItems.push_back(static_cast<int32_t>(i));
  }
  for (size_t s = 0; s < numSections; ++s) {
    itemBegin[s + 1] += itemBegin[s];
    sectionBegin[s + 1] += sectionBegin[s];
  }
  sectionItems.resize(sectionBegin[numSections]);
  positions.resize(positionBegin[numItems]);
  sections.resize(numSections);
  open.resize(numSections);
  load.resize(numSections);
  crossing.resize(numSections + 1);
  failures.assign(numSections, 1);
  urgency.assign(numSections, 1.0);
  queued.assign(numSections, 0);
  low.resize(numItems);
  floor.resize(numItems);
  offset.resize(numItems);
  stamp.assign(numItems, 0);
  for (const PackingItem &item : items)
    blocker.push_back(item.first);
}

/// Opens every item. False if a section holds 2^63 bytes or more.
bool SectionSearch::reset(int64_t capacity) {
  if (capacity != runCapacity || deadEnds.empty()) {
    deadEnds.assign(kFewDeadEnds, Hash());
    numDeadEnds = 0;
  }
  runCapacity = capacity;
  mayLift = model.uniform && capacity % model.unit == 0;
  std::fill(open.begin(), open.end(), 0);
  std::fill(load.begin(), load.end(), 0);
  std::fill(crossing.begin(), crossing.end(), 0);
  for (size_t i = 0; i < items.size(); ++i) {
    for (int32_t s = items[i].first + 1; s < items[i].last; ++s)
      ++crossing[s];
    for (int32_t s = items[i].first; s < items[i].last; s = items[i].after(s)) {
      positions[positionBegin[i] + s - items[i].first] = open[s];
      sectionItems[sectionBegin[s] + open[s]++] = static_cast<int32_t>(i);
      if (__builtin_add_overflow(load[s], items[i].size, &load[s]))
        return false;
    }
    offset[i] = -1;
    floor[i] = 0;
    low[i] = items[i].fixed >= 0 ? items[i].fixed : 0;
  }
  trail.clear();
  sectionTrail.clear();
  frames.clear();
  queue.clear();
  std::fill(queued.begin(), queued.end(), 0);
  return true;
}

SearchOutcome SectionSearch::run(int64_t capacity, ItemOrder order,
                                 int64_t nodeLimit,
                                 const std::function<bool()> &stop) {
  itemOrder = order;
  nodeStop = nodeLimit > 0 ? nodeCount + nodeLimit : INT64_MAX;
  stopCallback = &stop;
  if (!reset(capacity))
    return SearchOutcome::Excluded;

  Frame root;
  root.last = model.numSections;
  root.capacity = partCapacity = alignUp(capacity, model.unit);
  for (size_t i = 0; i < items.size(); ++i) {
    low[i] = avoidFixed(static_cast<int32_t>(i), low[i]);
    if (low[i] > limit(static_cast<int32_t>(i)))
      return SearchOutcome::Excluded;
    access(static_cast<int32_t>(i));
  }
  frames.push_back(std::move(root));
  Step step = branch(frames.back());
  while (step != Step::Stop) {
    if (step == Step::Descend) {
      step = branch(frames.back());
      continue;
    }
    bool solved = step == Step::Succeed;
    frames.pop_back();
    if (frames.empty())
      return solved ? SearchOutcome::Found : SearchOutcome::Excluded;
    step = resume(frames.back(), solved);
  }
  return SearchOutcome::Stopped;
}

bool SectionSearch::limitStrikes() {
  if (nodeCount >= nodeStop)
    return true;
  ++nodeCount;
  return (nodeCount & 127) == 0 && *stopCallback && (*stopCallback)();
}

void SectionSearch::remember(const Hash &key) {
  if (++numDeadEnds > deadEnds.size() && deadEnds.size() < kMostDeadEnds) {
    std::vector<Hash> old(deadEnds.size() * 4);
    old.swap(deadEnds);
    for (const Hash &hash : old)
      if (hash.high != 0)
        deadEnds[hash.low % deadEnds.size()] = hash;
  }
  deadEnds[key.low % deadEnds.size()] = key;
}

/// Counts a failure of a section. Its urgency grows with the logarithm of the
/// count, taken piecewise linearly so that it is the same on every machine.
void SectionSearch::blame(int32_t section) {
  uint64_t count = ++failures[section] + 1;
  int exponent = 63 - std::countl_zero(count);
  urgency[section] =
      exponent + std::ldexp(static_cast<double>(count), -exponent) - 1.0;
}

/// Goes on with `frame` when what it waited for is solved or excluded.
SectionSearch::Step SectionSearch::resume(Frame &frame, bool solved) {
  if (frame.split) {
    frame.parts.pop_back();
    if (!solved)
      return Step::Fail;
    if (frame.parts.empty())
      return Step::Succeed;
    pushPart(frame);
    return Step::Descend;
  }
  if (solved)
    return Step::Succeed;
  undo(frame);
  partCapacity = frame.capacity;
  if (!refute(frame)) {
    remember(frame.key);
    return Step::Fail;
  }
  return branch(frame);
}

void SectionSearch::pushPart(const Frame &frame) {
  Frame child;
  std::tie(child.first, child.last) = frame.parts.back();
  child.capacity = frame.capacity;
  frames.push_back(std::move(child));
}

/// Propagates, then opens the next branch of `frame`. The reference dies with
/// Step::Descend.
SectionSearch::Step SectionSearch::branch(Frame &frame) {
  partCapacity = frame.capacity;
  while (true) {
    bool alive;
    do
      alive = propagate(frame) && narrow(frame);
    while (alive && !frame.split && !queue.empty());
    if (alive && frame.split) {
      pushPart(frame);
      return Step::Descend;
    }
    if (alive && frame.first == frame.last)
      return Step::Succeed;
    if (alive && !frame.keyed) {
      frame.key = hashOf(frame);
      frame.keyed = true;
      alive = !(deadEnds[frame.key.low % deadEnds.size()] == frame.key);
    }
    if (!alive) {
      if (frame.keyed)
        remember(frame.key);
      return Step::Fail;
    }
    if (limitStrikes())
      return Step::Stop;

    frame.chosen = choose(frame);
    frame.mark = trail.size();
    frame.sectionMark = sectionTrail.size();
    if (place(frame.chosen)) {
      Frame child;
      child.first = frame.first;
      child.last = frame.last;
      child.capacity = frame.capacity;
      frames.push_back(std::move(child));
      return Step::Descend;
    }
    undo(frame);
    if (!refute(frame)) {
      remember(frame.key);
      return Step::Fail;
    }
  }
}

/// Drops sections without open items from the ends of the frame, moves items
/// that span the rest to the top, and splits the rest where nothing crosses.
/// False if an item does not fit at the top.
bool SectionSearch::narrow(Frame &frame) {
  while (true) {
    while (frame.first < frame.last && open[frame.first] == 0)
      ++frame.first;
    while (frame.first < frame.last && open[frame.last - 1] == 0)
      --frame.last;
    int32_t begin = frame.first;
    for (int32_t s = frame.first + 1; s <= frame.last; ++s) {
      if (s < frame.last && crossing[s] != 0)
        continue;
      if (open[begin] != 0)
        frame.parts.push_back({begin, s});
      begin = s;
    }
    frame.split = frame.parts.size() > 1;
    if (frame.split) {
      // The part that fails most often is solved first.
      auto failed = [&](const std::pair<int32_t, int32_t> &part) {
        uint64_t sum = 0;
        for (int32_t s = part.first; s < part.second; ++s)
          sum += failures[s] - 1;
        return sum;
      };
      std::stable_sort(
          frame.parts.begin(), frame.parts.end(),
          [&](const auto &a, const auto &b) { return failed(a) < failed(b); });
      return true;
    }
    frame.parts.clear();
    size_t before = trail.size();
    if (!lift(frame))
      return false;
    if (trail.size() == before)
      return true;
  }
}

/// Moves the items that span the frame to its top: in any solution, what lies
/// above such an item can come down by its size.
bool SectionSearch::lift(Frame &frame) {
  if (!mayLift || frame.first == frame.last)
    return true;
  for (int32_t k = 0; k < open[frame.first];) {
    int32_t i = sectionItems[sectionBegin[frame.first] + k];
    if (items[i].first != frame.first || items[i].last != frame.last ||
        !items[i].holes.empty()) {
      ++k;
      continue;
    }
    int64_t where = frame.capacity - items[i].size;
    if (floor[i] > where)
      return false;
    putAt(i, where);
    frame.capacity = partCapacity = where;
  }
  return true;
}

/// Nothing works with the chosen item on the skyline: something else comes
/// below it, and below the items that are like it.
bool SectionSearch::refute(Frame &frame) {
  const PackingItem &chosen = items[frame.chosen];
  if (chosen.fixed >= 0)
    return false;
  int64_t was = low[frame.chosen];
  int64_t to = leastEndOfOthers(frame.chosen);
  for (int32_t k = 0; k < open[chosen.first]; ++k) {
    int32_t i = sectionItems[sectionBegin[chosen.first] + k];
    if (items[i].kind == chosen.kind && low[i] == was && !raise(i, to))
      return false;
  }
  return true;
}

void SectionSearch::putAt(int32_t item, int64_t where) {
  trail.push_back({0, item, Change::Placed});
  offset[item] = where;
  const PackingItem &self = items[item];
  for (int32_t s = self.first + 1; s < self.last; ++s)
    --crossing[s];
  for (int32_t s = self.first; s < self.last; s = self.after(s)) {
    int64_t position = positionBegin[item] + s - self.first;
    // Swap it behind the open ones; taking changes back in reverse order only
    // has to count up again.
    int32_t *set = &sectionItems[sectionBegin[s]];
    int32_t at = positions[position], end = --open[s];
    int32_t moved = set[end];
    std::swap(set[at], set[end]);
    positions[positionBegin[moved] + s - items[moved].first] = at;
    positions[position] = end;
    load[s] -= self.size;
  }
  access(item);
}

void SectionSearch::undo(const Frame &frame) {
  while (trail.size() > frame.mark) {
    const Change &change = trail.back();
    int32_t item = change.item;
    if (change.kind == Change::Low) {
      low[item] = change.old;
    } else if (change.kind == Change::Floor) {
      floor[item] = change.old;
    } else {
      offset[item] = -1;
      const PackingItem &self = items[item];
      for (int32_t s = self.first + 1; s < self.last; ++s)
        ++crossing[s];
      for (int32_t s = self.first; s < self.last; s = self.after(s)) {
        ++open[s];
        load[s] += self.size;
      }
    }
    trail.pop_back();
  }
  while (sectionTrail.size() > frame.sectionMark) {
    sections[sectionTrail.back().section] = sectionTrail.back().old;
    sectionTrail.pop_back();
  }
  for (int32_t s : queue)
    queued[s] = 0;
  queue.clear();
}

/// The section with the fewest ways to go on (each item at its lowest place,
/// and leaving that empty where there is room to lose), in relation to how
/// often it failed; its best candidate.
int32_t SectionSearch::choose(const Frame &frame) const {
  int32_t best = -1;
  double bestScore = 0;
  for (int32_t s = frame.first; s < frame.last; ++s) {
    if (open[s] == 0)
      continue;
    bool mayWaste = frame.capacity - load[s] > sections[s].least;
    double score = (sections[s].ties + (mayWaste ? 0.5 : 0.0)) / urgency[s];
    if (best >= 0 && score >= bestScore)
      continue;
    int32_t candidate = candidateIn(s);
    if (candidate < 0)
      continue;
    best = candidate;
    bestScore = score;
  }
  assert(best >= 0 && "the lowest item of all is always a candidate");
  return best;
}

/// The best item that can be set on the skyline at the lowest place of a
/// section, or -1.
int32_t SectionSearch::candidateIn(int32_t section) const {
  int32_t best = -1;
  for (int32_t k = 0; k < open[section]; ++k) {
    int32_t i = sectionItems[sectionBegin[section] + k];
    if (low[i] == sections[section].least && eligible(i) &&
        (best < 0 || better(i, best)))
      best = i;
  }
  return best;
}

bool SectionSearch::better(int32_t a, int32_t b) const {
  const PackingItem &x = items[a], &y = items[b];
  bool hintX = x.hint == low[a], hintY = y.hint == low[b];
  if (hintX != hintY)
    return hintX;
  int64_t lifeX = x.last - x.first, lifeY = y.last - y.first;
  double areaX = static_cast<double>(lifeX) * static_cast<double>(x.size);
  double areaY = static_cast<double>(lifeY) * static_cast<double>(y.size);
  switch (itemOrder) {
  case ItemOrder::Size:
    if (x.size != y.size)
      return x.size > y.size;
    break;
  case ItemOrder::Lifetime:
    if (lifeX != lifeY)
      return lifeX > lifeY;
    break;
  default:
    break;
  }
  if (areaX != areaY)
    return areaX > areaY;
  return a < b;
}

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Which items are open and where their floors are: whether they can be packed
/// depends on nothing else. Items of one kind count as equal, so the sum does
/// not care which of them is where.
SectionSearch::Hash SectionSearch::hashOf(const Frame &frame) const {
  Hash hash{mix(static_cast<uint64_t>(frame.capacity) + 1), 1};
  for (int32_t i = itemBegin[frame.first]; i < itemBegin[frame.last]; ++i) {
    if (offset[i] >= 0)
      continue;
    uint64_t value =
        mix(static_cast<uint64_t>(floor[i]) +
            (static_cast<uint64_t>(items[i].kind) + 1) * 0x9e3779b97f4a7c15u);
    hash.low += value;
    hash.high += mix(value + 0xd1b54a32d192ed03u);
  }
  return hash;
}
