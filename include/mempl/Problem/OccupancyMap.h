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
// buckets of several widths. A rectangle is in the narrowest of which two hold
// it, so that one that lasts long is not in many; a question is put to those of
// every width.
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

/// Sums over steps, and the largest of a range of them, in logarithmic time.
class RangeMaximum {
public:
  explicit RangeMaximum(int32_t count);
  /// Adds `amount` to each of [first, last].
  void add(int32_t first, int32_t last, int64_t amount) {
    add(1, 0, size - 1, first, last, amount);
  }
  /// The largest of [first, last].
  int64_t maximum(int32_t first, int32_t last) const {
    return maximum(1, 0, size - 1, first, last);
  }
  /// The first of [first, last] that is as large as that.
  int32_t firstMaximum(int32_t first, int32_t last) const;
  /// The largest of all.
  int64_t maximum() const { return largest[1]; }

private:
  void add(int32_t node, int32_t from, int32_t to, int32_t first, int32_t last,
           int64_t amount);
  int64_t maximum(int32_t node, int32_t from, int32_t to, int32_t first,
                  int32_t last) const;
  int32_t size; ///< A power of two.
  /// Of each node of a tree: what was added to all of it, and the largest in it
  /// with that.
  std::vector<int64_t> added, largest;
};

/// What fast memory is to a map.
enum class Addressing : uint8_t {
  Offsets, ///< Bytes with addresses: a rectangle is where it is.
  Profile  ///< A number of bytes per step: offsets mean nothing, and what is
           ///< in use together must not be more than there is.
};

/// The rectangles of a plan. Steps are 0..n-1, both ends of a time included;
/// bytes are [low, high).
class OccupancyMap {
public:
  OccupancyMap(int32_t numSteps, int64_t capacity, int64_t alignment,
               Addressing addressing = Addressing::Offsets);

  Addressing addressing() const { return mode; }

  void add(int32_t id, int32_t start, int32_t end, int64_t low, int64_t high);
  void remove(int32_t id, int32_t start, int32_t end, int64_t low);

  /// Bytes that `step` keeps for itself, at [0, bytes).
  void setReserved(int32_t step, int64_t bytes);
  int64_t reserved(int32_t step) const { return reservedBytes[step]; }
  /// The largest reservation of the steps from start to end.
  int64_t maxReserved(int32_t start, int32_t end) const;

  /// Addressing::Profile: bytes of a step that have to stay free beside what it
  /// reserves.
  void setMargin(int32_t step, int64_t bytes);

  /// Addressing::Profile: whether the rectangles, the reservation and the
  /// margin of some step are more than the capacity. Offsets: never.
  bool isOverfull() const {
    return mode == Addressing::Profile && used.maximum() > capacity;
  }
  /// Whether `size` bytes at `offset` are free from `start` to `end`.
  bool isFree(int32_t start, int32_t end, int64_t offset, int64_t size) const;

  /// The most bytes that the rectangles have together at one of the steps from
  /// start to end, bytes that they share counted for each; of a profile with
  /// what the steps reserve and leave free.
  int64_t mostUsed(int32_t start, int32_t end) const {
    return used.maximum(start, end);
  }
  /// The first step with so many.
  int32_t fullestStep(int32_t start, int32_t end) const {
    return used.firstMaximum(start, end);
  }

  /// Number of rectangles that share bytes and steps with this one; none in a
  /// profile.
  int32_t countOverlaps(int32_t start, int32_t end, int64_t low,
                        int64_t high) const;
  /// Calls `f(id)`, which must not change the map, for each of them (in a
  /// profile, for each that shares steps), in an order that depends on the
  /// rectangles alone (in a profile, on the ids as well).
  template <typename F>
  void forEachOverlap(int32_t start, int32_t end, int64_t low, int64_t high,
                      F f) const {
    if (mode == Addressing::Profile) {
      visit(start, end, [&](const Entry &e) { f(e.id); });
      return;
    }
    std::vector<Entry> met;
    visit(start, end, [&](const Entry &e) {
      if (low < e.high && e.low < high)
        met.push_back(e);
    });
    sortForVisit(met, start, end);
    for (const Entry &e : met)
      f(e.id);
  }

  /// A multiple of the alignment at which `size` bytes (a multiple of it too)
  /// are free from `start` to `end`, or -1 if there is none. Of a profile 0, if
  /// there are as many bytes.
  int64_t findOffset(int32_t start, int32_t end, int64_t size, Fit fit) const;

private:
  /// Widths of the buckets, as powers of two of steps.
  static constexpr int32_t kShifts[] = {4, 7, 10, 13, 16, 19, 22, 25, 28, 31};
  /// Widths by which forEachOverlap() orders what it finds.
  static constexpr int32_t kNumVisitShifts = 3;
  struct Entry {
    int64_t low, high;
    int32_t id, start, end;
  };
  using Bucket = std::vector<Entry>; // Sorted by (low, id).
  struct Level {
    int32_t shift;
    std::vector<Bucket> buckets;
  };
  static Bucket::iterator find(Bucket &bucket, int64_t low, int32_t id);
  /// The narrowest buckets of which two hold the rectangle.
  Level &levelOf(int32_t start, int32_t end) {
    std::size_t l = 0;
    while (l + 1 < levels.size() && (end - start) >> levels[l].shift > 0)
      ++l;
    return levels[l];
  }
  /// A rectangle is in one or two buckets; it counts in the first one that the
  /// question meets too.
  static bool isFirstMeeting(const Entry &e, int32_t start, int32_t bucket,
                             int32_t shift) {
    return bucket == (e.start > start ? e.start : start) >> shift;
  }
  /// Calls `f` once for each rectangle that is there between two steps.
  template <typename F> void visit(int32_t start, int32_t end, F f) const {
    for (const Level &level : levels)
      for (int32_t b = start >> level.shift; b <= end >> level.shift; ++b)
        for (const Entry &e : level.buckets[b])
          if (e.start <= end && start <= e.end &&
              isFirstMeeting(e, start, b, level.shift))
            f(e);
  }
  static void sortForVisit(std::vector<Entry> &met, int32_t start, int32_t end);

  int64_t capacity, alignment;
  Addressing mode;
  RangeMaximum used;
  std::vector<Level> levels;
  std::vector<int64_t> reservedBytes;
  std::vector<int64_t> bucketReserved; // Maximum per narrowest bucket.
  std::vector<int64_t> margins;        // By step; empty if there are none.
  bool anyReserved = false;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_OCCUPANCYMAP_H
