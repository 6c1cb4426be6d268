//===- MsaIntervals.cpp - when a prefetch may start -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interval pickers of memory space assignment. The one by cost starts at
// the time that overlaps the preferred number of seconds and goes outwards
// from there, one later, one earlier; the one by count starts as early as it
// may. All bounds are found by bisection of prefix sums.
//
//===----------------------------------------------------------------------===//

#include "MsaIntervals.h"

#include <algorithm>
#include <cmath>

using namespace mempl;

/// Steps on the earlier side go past at least this share of the whole window,
/// once the later side is used up; in long windows on both sides from the
/// start.
static constexpr double kJumpShare = 0.01;
static constexpr int32_t kLongWindow = 1000;

MsaIntervals::MsaIntervals(const MsaCost &cost, int32_t numSteps,
                           int64_t capacity, const MsaOptions &options)
    : cost(cost), options(options), prefix(1, 0.0) {
  for (int32_t i = 0; i < numSteps; ++i)
    prefix.push_back(prefix.back() + cost.elapsed(i));
  holdLimit = cost.copySeconds(capacity) * options.maxOverlap;
}

double MsaIntervals::copySeconds(int64_t bytes) const {
  return cost.copySeconds(options.sizeOverride > 0 ? options.sizeOverride
                                                   : bytes);
}

bool MsaIntervals::allowsStay(int32_t start, int32_t end) const {
  if (options.picker == MsaPicker::Count)
    return end - start <= options.maxOverlapCount;
  return holdLimit > between(start, end);
}

int32_t MsaIntervals::evictionEnd(int64_t bytes, int32_t start, int32_t limit,
                                  int64_t retry) const {
  if (options.picker == MsaPicker::Count)
    return static_cast<int32_t>(
        std::min<int64_t>(start + options.minOverlapCount, limit));
  double wanted = static_cast<double>(1 + 2 * retry) *
                  options.preferredOverlap * copySeconds(bytes);
  int32_t low = start + 1, high = std::max(limit, start + 1);
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (between(start, middle) >= wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return std::min(low, limit);
}

int32_t MsaIntervals::lastWithAtLeast(double seconds, int32_t low, int32_t high,
                                      int32_t end) const {
  int32_t found = low - 1;
  while (low <= high) {
    int32_t middle = low + (high - low) / 2;
    if (between(middle, end) >= seconds) {
      found = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

void MsaIntervals::begin(int64_t bytes, double saving, int32_t from,
                         int32_t end, std::optional<int32_t> preferred) {
  empty = true;
  done = end;
  given = 0;
  if (from > end - 1)
    return;
  if (options.picker == MsaPicker::Count) {
    earliest = static_cast<int32_t>(
        std::max<int64_t>(from, end - options.maxOverlapCount));
    latest = static_cast<int32_t>(end - options.minOverlapCount - 1);
    if (preferred && *preferred > earliest && *preferred <= latest)
      earliest = *preferred;
    if (earliest > latest)
      return;
    later = earliest;
    earlier = earliest - 1;
    takesLater = true;
    empty = false;
    leastJump = 0;
    return;
  }
  double copy = copySeconds(bytes);
  latest =
      lastWithAtLeast(options.minOverlap * copy - saving, from, end - 1, end);
  if (latest < from)
    return;
  // The first t that holds memory no longer than the limit.
  earliest =
      std::min(latest, lastWithAtLeast(std::nextafter(holdLimit, INFINITY),
                                       from, end - 1, end) +
                           1);
  int32_t first = earliest;
  if (preferred && *preferred <= latest) {
    first = std::max(*preferred, earliest);
  } else {
    // Of the two around the wanted number of seconds the closer one; the
    // earlier one if they tie.
    double wanted = options.preferredOverlap * copy;
    int32_t below = lastWithAtLeast(wanted, earliest, latest, end);
    first = std::max(below, earliest);
    if (below >= earliest && below < latest &&
        wanted - between(below + 1, end) < between(below, end) - wanted)
      first = below + 1;
    // Steps that take no time tie with the ones before them.
    double seconds = between(first, end);
    while (first > earliest && between(first - 1, end) == seconds)
      --first;
  }
  later = first;
  earlier = first - 1;
  takesLater = true;
  leastJump = between(earliest, end) * kJumpShare;
  empty = false;
}

std::optional<int32_t> MsaIntervals::next() {
  if (empty)
    return std::nullopt;
  bool hasLater = later <= latest;
  bool hasEarlier = options.picker == MsaPicker::Cost && earlier >= earliest;
  if (!hasLater && !hasEarlier)
    return std::nullopt;
  bool isLong = latest - earliest > kLongWindow;
  if (hasLater && (takesLater || !hasEarlier)) {
    int32_t start = later++;
    if (isLong && given > 0) {
      double above = std::nextafter(between(start, done) - leastJump, INFINITY);
      if (later < latest)
        later =
            std::min(latest, lastWithAtLeast(above, later, latest, done) + 1);
    }
    // After the first one, the later side has the first turn.
    takesLater = given++ == 0;
    return start;
  }
  int32_t start = earlier--;
  if (!hasLater || isLong) {
    double wanted = between(start, done) + leastJump;
    if (earlier >= earliest && between(earlier, done) < wanted)
      earlier =
          std::max(earliest, lastWithAtLeast(wanted, earliest, earlier, done));
  }
  takesLater = true;
  ++given;
  return start;
}
