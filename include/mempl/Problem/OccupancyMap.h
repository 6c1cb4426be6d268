//===- OccupancyMap.h - which bytes are taken, by time -------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rectangles of (steps x bytes) in fast memory, kept in buckets of steps and
// sorted by offset within each, so that placing, removing and looking for a
// free offset cost what is near in time, not what is in the plan. There are
// buckets of several widths: a question about many steps is put to wide ones.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_OCCUPANCYMAP_H
#define MEMPL_PROBLEM_OCCUPANCYMAP_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mempl {

/// How findOffset() chooses among the gaps that are large enough.
enum class Fit : uint8_t {
  Lowest,   ///< The lowest offset.
  Highest,  ///< The highest one.
  Tightest, ///< In the smallest gap; the lowest of equal ones.
};

/// The rectangles of a plan. Steps are 0..n-1, both ends of a time included;
/// bytes are [low, high).
class OccupancyMap {
public:
  OccupancyMap(int32_t numSteps, int64_t capacity, int64_t alignment);

  void add(int32_t id, int32_t start, int32_t end, int64_t low, int64_t high);
  void remove(int32_t id, int32_t start, int32_t end, int64_t low);

  /// Bytes that `step` keeps for itself, at [0, bytes).
  void setReserved(int32_t step, int64_t bytes);
  int64_t reserved(int32_t step) const { return reservedBytes[step]; }
  /// The largest reservation of the steps from start to end.
  int64_t maxReserved(int32_t start, int32_t end) const;

  /// Number of rectangles that share bytes and steps with this one.
  int32_t countOverlaps(int32_t start, int32_t end, int64_t low,
                        int64_t high) const;
  /// Calls `f(id)` for each of them, in an order that depends on the rectangles
  /// alone.
  template <typename F>
  void forEachOverlap(int32_t start, int32_t end, int64_t low, int64_t high,
                      F f) const {
    const Level &level = levelFor(start, end);
    for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b)
      for (const Entry &e : level.buckets[b]) {
        if (e.low >= high)
          break;
        if (e.start <= end && start <= e.end && low < e.high &&
            isFirstMeeting(e, start, b, level.shift))
          f(e.id);
      }
  }

  /// A multiple of the alignment at which `size` bytes (a multiple of it too)
  /// are free from `start` to `end`, or -1 if there is none.
  int64_t findOffset(int32_t start, int32_t end, int64_t size, Fit fit) const;

private:
  /// Widths of the buckets, as powers of two of steps.
  static constexpr int32_t kShifts[] = {4, 7, 10};
  struct Entry {
    int64_t low, high;
    int32_t id, start, end;
  };
  struct Level {
    int32_t shift;
    std::vector<std::vector<Entry>> buckets; // Each sorted by (low, id).
  };
  static std::vector<Entry>::iterator find(std::vector<Entry> &bucket,
                                           int64_t low, int32_t id);
  /// The narrowest buckets of which two cover the question.
  const Level &levelFor(int32_t start, int32_t end) const {
    std::size_t l = 0;
    while (l + 1 < levels.size() && end - start > 1 << levels[l].shift)
      ++l;
    return levels[l];
  }
  /// A rectangle is in every bucket that it meets; it counts in the first one
  /// that the question meets too.
  static bool isFirstMeeting(const Entry &e, int32_t start, int32_t bucket,
                             int32_t shift) {
    return bucket == (e.start > start ? e.start : start) >> shift;
  }

  int64_t capacity, alignment;
  std::vector<Level> levels;
  std::vector<int64_t> reservedBytes;
  std::vector<int64_t> bucketReserved; // Maximum per narrowest bucket.
  bool anyReserved = false;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_OCCUPANCYMAP_H
