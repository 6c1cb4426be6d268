//===- PackingTestUtils.h - small problems and a slow packer ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tests of packing share: short ways to write a problem,
// random problems, rectangles cut into pieces, and a packer that tries every
// offset of every buffer and knows no trick at all.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_PACKING_PACKINGTESTUTILS_H
#define MEMPL_UNITTESTS_PACKING_PACKINGTESTUTILS_H

#include "mempl/Packing/Packer.h"
#include "mempl/Support/Random.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mempl::test {

inline PackingBuffer buffer(int64_t lower, int64_t upper, int64_t size,
                            int64_t alignment = 1, int64_t fixedOffset = -1,
                            int64_t hint = -1) {
  PackingBuffer result;
  result.lower = lower;
  result.upper = upper;
  result.size = size;
  result.alignment = alignment;
  result.fixedOffset = fixedOffset;
  result.hint = hint;
  return result;
}

inline PackingProblem problem(std::vector<PackingBuffer> buffers,
                              int64_t capacity = INT64_MAX) {
  PackingProblem result;
  result.capacity = capacity;
  result.buffers = std::move(buffers);
  for (size_t i = 0; i < result.buffers.size(); ++i)
    result.buffers[i].id = "b" + std::to_string(i);
  return result;
}

/// The bytes [first, second) that `b` needs at a time, counted from its own.
inline std::pair<int64_t, int64_t> bytesAt(const PackingBuffer &b,
                                           int64_t time) {
  if (time < b.lower || time >= b.upper)
    return {0, 0};
  for (const PackingGap &gap : b.gaps)
    if (gap.lower <= time && time < gap.upper)
      return {gap.windowLower, gap.windowUpper};
  return {0, b.size};
}

/// Whether the two share a byte at some time.
inline bool collide(const PackingBuffer &a, int64_t atA, const PackingBuffer &b,
                    int64_t atB) {
  for (int64_t t = std::max(a.lower, b.lower); t < std::min(a.upper, b.upper);
       ++t) {
    auto [beginA, endA] = bytesAt(a, t);
    auto [beginB, endB] = bytesAt(b, t);
    if (beginA < endA && beginB < endB && atA + beginA < atB + endB &&
        atB + beginB < atA + endA)
      return true;
  }
  return false;
}

/// Whether `where` is fine for buffer `i` beside the ones before it.
inline bool fitsBeside(const PackingProblem &p,
                       const std::vector<int64_t> &offsets, size_t i,
                       int64_t where) {
  const PackingBuffer &a = p.buffers[i];
  if (where % a.alignment != 0 ||
      (a.fixedOffset >= 0 && where != a.fixedOffset))
    return false;
  for (size_t j = 0; j < i; ++j) {
    if (collide(a, where, p.buffers[j], offsets[j]))
      return false;
  }
  return true;
}

inline bool bruteForceFits(const PackingProblem &p, int64_t height,
                           std::vector<int64_t> &offsets) {
  size_t i = offsets.size();
  if (i == p.buffers.size())
    return true;
  for (int64_t where = 0; where + p.buffers[i].size <= height; ++where) {
    if (!fitsBeside(p, offsets, i, where))
      continue;
    offsets.push_back(where);
    if (bruteForceFits(p, height, offsets))
      return true;
    offsets.pop_back();
  }
  return false;
}

/// The smallest height of at most `most`, or -1.
inline int64_t bruteForceHeight(const PackingProblem &p, int64_t most) {
  for (int64_t height = 0; height <= most; ++height) {
    std::vector<int64_t> offsets;
    if (bruteForceFits(p, height, offsets))
      return height;
  }
  return -1;
}

/// Load 7, but no packing below 8: the load alone is no answer here.
inline PackingProblem aboveItsLoad(int64_t capacity) {
  return problem({buffer(5, 8, 1), buffer(2, 5, 2), buffer(1, 2, 3),
                  buffer(7, 8, 3), buffer(3, 7, 2), buffer(6, 7, 2),
                  buffer(1, 6, 3), buffer(6, 8, 2)},
                 capacity);
}

/// That problem with a few fields changed by a little.
inline PackingProblem nearlyAboveItsLoad(Random &random) {
  PackingProblem p = aboveItsLoad(9);
  for (int64_t change = random.between(0, 2); change > 0; --change) {
    PackingBuffer &b = p.buffers[random.below(p.buffers.size())];
    if (random.chance(0.3))
      b.size = random.between(1, 3);
    else if (random.chance(0.5))
      b.lower = std::max<int64_t>(0, b.lower - 1);
    else
      b.upper += 1;
  }
  return p;
}

/// A few small buffers; `constraints` adds alignments and fixed offsets.
inline PackingProblem randomSmall(Random &random, bool constraints) {
  std::vector<PackingBuffer> buffers;
  int64_t count = random.between(2, 7);
  for (int64_t i = 0; i < count; ++i) {
    int64_t lower = random.between(0, 6);
    PackingBuffer b = buffer(lower, random.between(lower, 8),
                             random.between(random.chance(0.1) ? 0 : 1, 4));
    if (constraints) {
      b.alignment = random.chance(0.4) ? random.between(1, 4) : 1;
      if (random.chance(0.2))
        b.fixedOffset = random.between(0, 4) * b.alignment;
    }
    buffers.push_back(b);
  }
  return problem(std::move(buffers), random.between(6, 12));
}

/// randomSmall with gaps in most buffers; with `windows`, some of them keep a
/// part in use.
inline PackingProblem randomWithGaps(Random &random, bool constraints,
                                     bool windows) {
  PackingProblem p = randomSmall(random, constraints);
  for (PackingBuffer &b : p.buffers) {
    for (int64_t at = b.lower; at < b.upper && random.chance(0.7);) {
      PackingGap gap;
      gap.lower = random.between(at, b.upper);
      gap.upper = at = random.between(gap.lower, b.upper);
      if (windows && random.chance(0.5)) {
        gap.windowLower = random.between(0, b.size);
        gap.windowUpper = random.between(gap.windowLower, b.size);
      }
      b.gaps.push_back(gap);
    }
  }
  return p;
}

/// A rectangle of `times` by `bytes`, cut `cuts` times: it can be packed
/// without a gap, at exactly `bytes`.
inline PackingProblem cutRectangle(Random &random, int64_t times, int64_t bytes,
                                   int cuts) {
  std::vector<PackingBuffer> pieces = {buffer(0, times, bytes)};
  for (int cut = 0; cut < cuts; ++cut) {
    size_t at = random.below(pieces.size());
    PackingBuffer &piece = pieces[at];
    PackingBuffer other = piece;
    if (random.chance(0.5)) {
      if (piece.upper - piece.lower < 2)
        continue;
      piece.upper = other.lower =
          random.between(piece.lower + 1, piece.upper - 1);
    } else {
      if (piece.size < 2)
        continue;
      other.size = random.between(1, piece.size - 1);
      piece.size -= other.size;
    }
    pieces.push_back(other);
  }
  // Shuffled, so that nothing of the cutting order is left.
  for (size_t i = pieces.size(); i > 1; --i)
    std::swap(pieces[i - 1], pieces[random.below(i)]);
  return problem(std::move(pieces), bytes);
}

} // namespace mempl::test

#endif // MEMPL_UNITTESTS_PACKING_PACKINGTESTUTILS_H
