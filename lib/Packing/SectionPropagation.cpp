//===- SectionPropagation.cpp - what a placement implies --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Raises the least offsets of open items until nothing follows any more, or
// finds that some section cannot take its items below the capacity.
//
//===----------------------------------------------------------------------===//

#include "SectionSearch.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::packing;

/// The largest offset that keeps an item below the capacity.
int64_t SectionSearch::limit(int32_t item) const {
  return mayLift ? partCapacity - items[item].size
                 : runCapacity - items[item].realSize;
}

int64_t SectionSearch::endOf(int32_t item) const {
  return low[item] > kNever - items[item].size ? kNever
                                               : low[item] + items[item].size;
}

void SectionSearch::access(int32_t item) {
  for (int32_t s = items[item].first; s < items[item].last;
       s = items[item].after(s)) {
    if (queued[s])
      continue;
    queued[s] = 1;
    queue.push_back(s);
  }
}

/// The lowest place from `where` on that no open fixed item blocks.
int64_t SectionSearch::avoidFixed(int32_t item, int64_t where) const {
  const PackingItem &self = items[item];
  if (self.fixed >= 0)
    return where;
  for (bool moved = true; moved;) {
    moved = false;
    for (int32_t f : fixedItems) {
      const PackingItem &other = items[f];
      if (offset[f] >= 0 || where == kNever || !self.meets(other))
        continue;
      if (other.fixed - self.size >= where || endOf(f) <= where)
        continue;
      where = alignUp(endOf(f), self.alignment);
      moved = true;
    }
  }
  return where;
}

bool SectionSearch::raise(int32_t item, int64_t to) {
  if (to <= low[item])
    return true;
  to = avoidFixed(item, alignUp(to, items[item].alignment));
  if (items[item].fixed >= 0 || to > limit(item))
    return false;
  trail.push_back({low[item], item, Change::Low});
  low[item] = to;
  access(item);
  return true;
}

/// Sets an item on the skyline: everything open that conflicts with it is above
/// it from now on.
bool SectionSearch::place(int32_t item) {
  int64_t top = endOf(item);
  putAt(item, low[item]);
  ++stampNow;
  for (int32_t s = items[item].first; s < items[item].last;
       s = items[item].after(s)) {
    for (int32_t k = 0; k < open[s]; ++k) {
      int32_t other = sectionItems[sectionBegin[s] + k];
      if (stamp[other] == stampNow)
        continue;
      stamp[other] = stampNow;
      int64_t to = alignUp(top, items[other].alignment);
      if (to > floor[other]) {
        trail.push_back({floor[other], other, Change::Floor});
        floor[other] = to;
      }
      if (!raise(other, to)) {
        blame(s);
        return false;
      }
    }
  }
  return true;
}

bool SectionSearch::propagate(const Frame &frame) {
  do {
    // First in, first out: a section hears of many changes at once.
    for (size_t k = 0; k < queue.size(); ++k) {
      int32_t s = queue[k];
      queued[s] = 0;
      if (open[s] != 0 && !processSection(s, frame.capacity)) {
        blame(s);
        return false;
      }
    }
    queue.clear();
    if (!supportRaised(frame))
      return false;
  } while (!queue.empty());
  return true;
}

/// Recomputes the summary of a section and applies its bounds. False if its
/// items do not fit.
bool SectionSearch::processSection(int32_t section, int64_t capacity) {
  if (load[section] > capacity)
    return false;
  // An item that begins above `latest` is not the lowest of the section.
  int64_t latest = capacity - load[section];
  SectionState state;
  state.least = state.end1 = state.end2 = kNever;
  bool anyLate = false;
  const int32_t *set = &sectionItems[sectionBegin[section]];
  for (int32_t k = 0; k < open[section]; ++k) {
    int32_t i = set[k];
    int64_t end = endOf(i);
    if (low[i] < state.least) {
      state.least = low[i];
      state.ties = 0;
    }
    state.ties += low[i] == state.least;
    if (end < state.end1) {
      state.end2 = state.end1;
      state.end1 = end;
      state.end1Item = i;
    } else if (end < state.end2) {
      state.end2 = end;
    }
    anyLate |= low[i] > latest;
  }
  sectionTrail.push_back({sections[section], section});
  sections[section] = state;
  if (state.least > latest)
    return false;
  return !anyLate || raiseLate(section, capacity, latest);
}

/// The two bounds for items that cannot be the lowest of their section.
bool SectionSearch::raiseLate(int32_t section, int64_t capacity,
                              int64_t latest) {
  late.clear();
  const int32_t *set = &sectionItems[sectionBegin[section]];
  for (int32_t k = 0; k < open[section]; ++k)
    if (low[set[k]] > latest)
      late.push_back({low[set[k]], items[set[k]].size, set[k]});
  std::sort(late.begin(), late.end());

  // Release dates: what begins at `low` or above has to fit above it.
  int64_t above = 0;
  for (size_t k = late.size(); k-- > 0;) {
    above += late[k].size;
    if (late[k].at > capacity - above)
      return false;
  }

  // Not first: at least low - latest bytes of other items come below a late
  // item. Most often enough of them can end there already.
  below.assign(late.size() + 1, 0);
  for (int32_t k = 0; k < open[section]; ++k) {
    int64_t end = endOf(set[k]);
    auto reached = std::lower_bound(
        late.begin(), late.end(), end,
        [](const Entry &entry, int64_t at) { return entry.at < at; });
    below[reached - late.begin()] += items[set[k]].size;
  }
  byEnd.clear();
  int64_t sum = 0;
  for (size_t k = 0; k < late.size(); ++k) {
    sum += below[k];
    if (sum < late[k].at - latest && !raiseNotFirst(section, late[k], latest))
      return false;
  }
  return true;
}

/// Raises an item to where enough others can have ended below it. `byEnd` is
/// filled at the first call for a section.
bool SectionSearch::raiseNotFirst(int32_t section, const Entry &entry,
                                  int64_t latest) {
  if (byEnd.empty()) {
    const int32_t *set = &sectionItems[sectionBegin[section]];
    for (int32_t k = 0; k < open[section]; ++k)
      byEnd.push_back({endOf(set[k]), items[set[k]].size, set[k]});
    std::sort(byEnd.begin(), byEnd.end());
  }
  int64_t missing = entry.at - latest;
  for (const Entry &other : byEnd) {
    if (other.item == entry.item)
      continue;
    missing -= other.size;
    if (missing <= 0)
      return raise(entry.item, other.at);
  }
  return false;
}

/// The least end of an open item that conflicts with this one.
int64_t SectionSearch::leastEndOfOthers(int32_t item) const {
  int64_t least = kNever;
  for (int32_t s = items[item].first; s < items[item].last;
       s = items[item].after(s))
    least = std::min(least, sections[s].end1Item == item ? sections[s].end2
                                                         : sections[s].end1);
  return least;
}

/// Nothing open can come to lie below the item any more.
bool SectionSearch::eligible(int32_t item) const {
  auto blocks = [&](int32_t s) { return sections[s].end1 <= low[item]; };
  // What stood in the way the last time often still does.
  if (blocks(blocker[item]))
    return false;
  for (int32_t s = items[item].first; s < items[item].last;
       s = items[item].after(s)) {
    if (blocks(s)) {
      blocker[item] = s;
      return false;
    }
  }
  return true;
}

/// In a canonical solution an item that is not on the floor rests on another
/// one that is open.
bool SectionSearch::supportRaised(const Frame &frame) {
  for (int32_t i = itemBegin[frame.first]; i < itemBegin[frame.last]; ++i)
    if (offset[i] < 0 && low[i] > floor[i] && items[i].fixed < 0 &&
        eligible(i) && !raise(i, leastEndOfOthers(i)))
      return false;
  return true;
}
