//===- OccupancyMap.cpp - which bytes are taken, by time ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/OccupancyMap.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cassert>
#include <tuple>

using namespace mempl;

//===----------------------------------------------------------------------===//
// RangeMaximum
//===----------------------------------------------------------------------===//

RangeMaximum::RangeMaximum(int32_t count)
    : size(static_cast<int32_t>(llvm::PowerOf2Ceil(std::max(count, 1)))),
      added(2 * static_cast<size_t>(size), 0), largest(added) {}

void RangeMaximum::add(int32_t node, int32_t from, int32_t to, int32_t first,
                       int32_t last, int64_t amount) {
  if (last < from || to < first)
    return;
  if (first <= from && to <= last) {
    added[node] += amount;
    largest[node] += amount;
    return;
  }
  int32_t middle = from + (to - from) / 2;
  add(2 * node, from, middle, first, last, amount);
  add(2 * node + 1, middle + 1, to, first, last, amount);
  largest[node] =
      std::max(largest[2 * node], largest[2 * node + 1]) + added[node];
}

int64_t RangeMaximum::maximum(int32_t node, int32_t from, int32_t to,
                              int32_t first, int32_t last) const {
  if (last < from || to < first)
    return INT64_MIN / 2;
  if (first <= from && to <= last)
    return largest[node];
  int32_t middle = from + (to - from) / 2;
  return std::max(maximum(2 * node, from, middle, first, last),
                  maximum(2 * node + 1, middle + 1, to, first, last)) +
         added[node];
}

int32_t RangeMaximum::firstMaximum(int32_t first, int32_t last) const {
  int64_t most = maximum(first, last);
  // The largest is on the left as long as the left half has it.
  while (first < last) {
    int32_t middle = first + (last - first) / 2;
    if (maximum(first, middle) == most)
      last = middle;
    else
      first = middle + 1;
  }
  return first;
}

//===----------------------------------------------------------------------===//
// OccupancyMap
//===----------------------------------------------------------------------===//

OccupancyMap::OccupancyMap(int32_t numSteps, int64_t capacity,
                           int64_t alignment, Addressing addressing)
    : capacity(capacity), alignment(alignment), mode(addressing),
      used(numSteps), reservedBytes(numSteps, 0),
      bucketReserved((numSteps >> kShifts[0]) + 1, 0) {
  for (int32_t shift : kShifts) {
    levels.push_back({shift, std::vector<Bucket>((numSteps >> shift) + 1)});
    if (numSteps >> shift == 0)
      break;
  }
}

void OccupancyMap::add(int32_t id, int32_t start, int32_t end, int64_t low,
                       int64_t high) {
  Entry entry = {low, high, id, start, end};
  used.add(start, end, high - low);
  Level &level = levelOf(start, end);
  for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b) {
    Bucket &bucket = level.buckets[b];
    bucket.insert(find(bucket, low, id), entry);
  }
}

void OccupancyMap::remove(int32_t id, int32_t start, int32_t end, int64_t low) {
  Level &level = levelOf(start, end);
  for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b) {
    Bucket &bucket = level.buckets[b];
    auto at = find(bucket, low, id);
    if (b == start >> level.shift)
      used.add(start, end, at->low - at->high);
    bucket.erase(at);
  }
}

/// Where the rectangle is, or belongs.
OccupancyMap::Bucket::iterator OccupancyMap::find(Bucket &bucket, int64_t low,
                                                  int32_t id) {
  return std::lower_bound(
      bucket.begin(), bucket.end(), std::pair(low, id),
      [](const Entry &e, const std::pair<int64_t, int32_t> &x) {
        return e.low != x.first ? e.low < x.first : e.id < x.second;
      });
}

void OccupancyMap::setReserved(int32_t step, int64_t bytes) {
  if (mode == Addressing::Profile)
    used.add(step, step, bytes - reservedBytes[step]);
  reservedBytes[step] = bytes;
  anyReserved |= bytes > 0;
  int32_t b = step >> kShifts[0], width = 1 << kShifts[0];
  auto begin = reservedBytes.begin() + static_cast<std::ptrdiff_t>(b) * width;
  auto end =
      reservedBytes.end() - begin > width ? begin + width : reservedBytes.end();
  bucketReserved[b] = *std::max_element(begin, end);
}

void OccupancyMap::setMargin(int32_t step, int64_t bytes) {
  assert(mode == Addressing::Profile && "only a profile has margins");
  margins.resize(reservedBytes.size(), 0);
  used.add(step, step, bytes - margins[step]);
  margins[step] = bytes;
}

int64_t OccupancyMap::maxReserved(int32_t start, int32_t end) const {
  if (!anyReserved)
    return 0;
  const int32_t width = 1 << kShifts[0];
  int64_t most = 0;
  for (int32_t i = start; i <= end;) {
    if (i % width == 0 && i + width - 1 <= end) {
      most = std::max(most, bucketReserved[i / width]);
      i += width;
    } else {
      most = std::max(most, reservedBytes[i++]);
    }
  }
  return most;
}

int32_t OccupancyMap::countOverlaps(int32_t start, int32_t end, int64_t low,
                                    int64_t high) const {
  if (mode == Addressing::Profile)
    return 0;
  int32_t count = 0;
  visit(start, end,
        [&](const Entry &e) { count += low < e.high && e.low < high; });
  return count;
}

bool OccupancyMap::isFree(int32_t start, int32_t end, int64_t offset,
                          int64_t size) const {
  if (mode == Addressing::Profile)
    return mostUsed(start, end) <= capacity - size;
  return offset >= maxReserved(start, end) &&
         countOverlaps(start, end, offset, offset + size) == 0;
}

/// By time, in buckets that are wide for a question about many steps, then by
/// offset.
void OccupancyMap::sortForVisit(std::vector<Entry> &met, int32_t start,
                                int32_t end) {
  std::size_t l = 0;
  while (l + 1 < kNumVisitShifts && end - start > 1 << kShifts[l])
    ++l;
  auto bucketOf = [&](const Entry &e) {
    return std::max(e.start, start) >> kShifts[l];
  };
  std::sort(met.begin(), met.end(), [&](const Entry &a, const Entry &b) {
    return std::tuple(bucketOf(a), a.low, a.id) <
           std::tuple(bucketOf(b), b.low, b.id);
  });
}

namespace {

/// Looks at the gaps between taken bytes, which come in rising order.
class GapChooser {
public:
  GapChooser(int64_t floor, int64_t size, Fit fit)
      : free(floor), size(size), fit(fit) {}

  /// [low, high) is taken. True if the search is over.
  bool take(int64_t low, int64_t high) {
    if (consider(low))
      return true;
    free = std::max(free, high);
    return false;
  }
  int64_t finish(int64_t capacity) {
    consider(capacity);
    return best;
  }
  int64_t chosen() const { return best; }

private:
  bool consider(int64_t upTo) {
    int64_t gap = upTo - free;
    if (gap < size)
      return false;
    if (fit == Fit::Lowest) {
      best = free;
      return true;
    }
    if (fit == Fit::Highest) {
      best = upTo - size;
    } else if (gap < bestGap) {
      best = free;
      bestGap = gap;
    }
    return false;
  }

  int64_t free, size;
  Fit fit;
  int64_t best = -1, bestGap = INT64_MAX;
};

/// The gaps of at least `size` bytes that many sorted lists of taken bytes
/// leave. Where memory is full they are few, however many lists there are.
class GapList {
public:
  GapList(int64_t floor, int64_t capacity, int64_t size)
      : gaps({{floor, capacity}}), size(size) {}

  bool empty() const { return gaps.empty(); }

  /// Takes the bytes of the entries for which `counts` holds.
  template <typename Entries, typename Counts>
  void takeAll(const Entries &entries, Counts counts) {
    if (entries.empty())
      return;
    left.clear();
    auto entry = entries.begin();
    int64_t reach = INT64_MIN; // Highest byte taken so far.
    for (auto [low, high] : gaps) {
      int64_t free = std::max(low, reach);
      for (; entry != entries.end() && entry->low < high; ++entry) {
        if (!counts(*entry))
          continue;
        keep(free, entry->low);
        reach = std::max(reach, entry->high);
        free = std::max(free, reach);
      }
      keep(free, high);
    }
    std::swap(gaps, left);
  }

  /// Calls `take(low, high)` for what is between the gaps.
  template <typename Take>
  void forEachTaken(int64_t floor, int64_t capacity, Take take) const {
    for (auto [low, high] : gaps) {
      if (floor < low)
        take(floor, low);
      floor = high;
    }
    if (floor < capacity)
      take(floor, capacity);
  }

private:
  void keep(int64_t low, int64_t high) {
    if (high - low >= size)
      left.push_back({low, high});
  }

  llvm::SmallVector<std::pair<int64_t, int64_t>, 32> gaps, left;
  int64_t size;
};

} // namespace

int64_t OccupancyMap::findOffset(int32_t start, int32_t end, int64_t size,
                                 Fit fit) const {
  if (mode == Addressing::Profile)
    return isFree(start, end, 0, size) ? 0 : -1;
  int64_t floor = maxReserved(start, end);
  if (floor > capacity)
    return -1;
  if (floor % alignment != 0)
    floor += alignment - floor % alignment;
  if (size > capacity - floor)
    return -1;
  GapChooser chooser(floor, size, fit);
  // Every bucket is sorted; so that all are, the least of their heads is taken
  // again and again. What is in two buckets is taken twice, which changes
  // nothing.
  struct Head {
    const Entry *at, *end;
  };
  llvm::SmallVector<Head, 32> heads;
  auto skip = [&](Head &head) {
    while (head.at != head.end &&
           !(head.at->start <= end && start <= head.at->end))
      ++head.at;
  };
  auto addHead = [&](const Bucket &bucket) {
    Head head = {bucket.data(), bucket.data() + bucket.size()};
    skip(head);
    if (head.at != head.end)
      heads.push_back(head);
  };
  // Of the many narrow buckets of a question about many steps, one.
  constexpr int32_t mostHeads = 4;
  GapList narrowGaps(floor, capacity, size);
  Bucket narrow;
  for (const Level &level : levels) {
    int32_t first = start >> level.shift, last = end >> level.shift;
    if (last - first < mostHeads) {
      for (int32_t b = first; b <= last; ++b)
        addHead(level.buckets[b]);
      continue;
    }
    for (int32_t b = first; b <= last; ++b) {
      narrowGaps.takeAll(level.buckets[b], [&](const Entry &e) {
        return e.start <= end && start <= e.end;
      });
      if (narrowGaps.empty())
        return -1;
    }
  }
  narrowGaps.forEachTaken(floor, capacity, [&](int64_t low, int64_t high) {
    narrow.push_back({low, high, -1, start, end});
  });
  addHead(narrow);
  while (!heads.empty()) {
    size_t least = 0;
    for (size_t h = 1; h < heads.size(); ++h)
      if (heads[h].at->low < heads[least].at->low)
        least = h;
    Head &head = heads[least];
    if (chooser.take(head.at->low, head.at->high))
      return chooser.chosen();
    ++head.at;
    skip(head);
    if (head.at == head.end) {
      head = heads.back();
      heads.pop_back();
    }
  }
  return chooser.finish(capacity);
}
