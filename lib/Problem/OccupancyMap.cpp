//===- OccupancyMap.cpp - which bytes are taken, by time ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/OccupancyMap.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

OccupancyMap::OccupancyMap(int32_t numSteps, int64_t capacity,
                           int64_t alignment)
    : capacity(capacity), alignment(alignment), reservedBytes(numSteps, 0),
      bucketReserved((numSteps >> kShifts[0]) + 1, 0) {
  for (int32_t shift : kShifts)
    if (shift == kShifts[0] || numSteps >> (shift - 2) > 0)
      levels.push_back(
          {shift, std::vector<std::vector<Entry>>((numSteps >> shift) + 1)});
}

void OccupancyMap::add(int32_t id, int32_t start, int32_t end, int64_t low,
                       int64_t high) {
  Entry entry = {low, high, id, start, end};
  for (Level &level : levels)
    for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b) {
      auto &bucket = level.buckets[b];
      bucket.insert(find(bucket, low, id), entry);
    }
}

void OccupancyMap::remove(int32_t id, int32_t start, int32_t end, int64_t low) {
  for (Level &level : levels)
    for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b) {
      auto &bucket = level.buckets[b];
      bucket.erase(find(bucket, low, id));
    }
}

/// Where the rectangle is, or belongs.
std::vector<OccupancyMap::Entry>::iterator
OccupancyMap::find(std::vector<Entry> &bucket, int64_t low, int32_t id) {
  return std::lower_bound(
      bucket.begin(), bucket.end(), std::pair(low, id),
      [](const Entry &e, const std::pair<int64_t, int32_t> &x) {
        return e.low != x.first ? e.low < x.first : e.id < x.second;
      });
}

void OccupancyMap::setReserved(int32_t step, int64_t bytes) {
  reservedBytes[step] = bytes;
  anyReserved |= bytes > 0;
  int32_t b = step >> kShifts[0], width = 1 << kShifts[0];
  auto begin = reservedBytes.begin() + static_cast<std::ptrdiff_t>(b) * width;
  auto end =
      reservedBytes.end() - begin > width ? begin + width : reservedBytes.end();
  bucketReserved[b] = *std::max_element(begin, end);
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
  int32_t count = 0;
  forEachOverlap(start, end, low, high, [&](int32_t) { ++count; });
  return count;
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

} // namespace

int64_t OccupancyMap::findOffset(int32_t start, int32_t end, int64_t size,
                                 Fit fit) const {
  int64_t floor = maxReserved(start, end);
  if (floor > capacity)
    return -1;
  if (floor % alignment != 0)
    floor += alignment - floor % alignment;
  if (size > capacity - floor)
    return -1;
  const Level &level = levelFor(start, end);
  int32_t first = start >> level.shift, last = end >> level.shift;
  GapChooser chooser(floor, size, fit);

  auto meets = [&](const Entry &e) { return e.start <= end && start <= e.end; };
  if (first == last) {
    for (const Entry &e : level.buckets[first])
      if (meets(e) && chooser.take(e.low, e.high))
        return chooser.chosen();
    return chooser.finish(capacity);
  }
  // What is in two buckets is taken twice, which changes nothing.
  if (first + 1 == last) {
    const auto &a = level.buckets[first], &b = level.buckets[last];
    size_t i = 0, j = 0;
    while (i < a.size() || j < b.size()) {
      bool fromA = j == b.size() || (i < a.size() && a[i].low <= b[j].low);
      const Entry &e = fromA ? a[i++] : b[j++];
      if (meets(e) && chooser.take(e.low, e.high))
        return chooser.chosen();
    }
    return chooser.finish(capacity);
  }
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (int32_t b = first; b <= last; ++b)
    for (const Entry &e : level.buckets[b])
      if (meets(e) && isFirstMeeting(e, start, b, level.shift))
        taken.emplace_back(e.low, e.high);
  std::sort(taken.begin(), taken.end());
  for (auto [low, high] : taken)
    if (chooser.take(low, high))
      return chooser.chosen();
  return chooser.finish(capacity);
}
