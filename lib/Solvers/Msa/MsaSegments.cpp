//===- MsaSegments.cpp - how one use of a value is served -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The cascade of memory space assignment for the time from one use of a value
// to the next: stay in fast memory; else make slow contents, by a copy out
// right after the definition or by writing there at once; then prefetch from
// them; else the use is served from slow memory. The first that succeeds
// counts, and nothing decided earlier for another value is ever changed.
//
//===----------------------------------------------------------------------===//

#include "MsaAllocator.h"

#include <algorithm>

using namespace mempl;

bool MsaAllocator::isSlowAt(int32_t use) const {
  return use == kEnd || index.use(use).mustBeSlow || inefficient[use] ||
         hintAt(use).kind == MsaHint::Forbid;
}

/// An offset for a new chunk from `start` to `end`: one that stays free for as
/// many of the uses after `use` as could be served by staying.
int64_t MsaAllocator::offsetFor(const Walk &walk, int32_t start, int32_t end,
                                int32_t use) const {
  int64_t offset = heap.bestFit(start, end, walk.size);
  if (offset < 0)
    return offset;
  llvm::SmallVector<int32_t, 16> ends;
  int32_t from = end;
  for (int32_t u = use + 1; u < index.endUse(walk.value); ++u) {
    const Use &next = index.use(u);
    if (next.startsByWrite || isSlowAt(u) ||
        !(intervals.allowsStay(from, next.step) ||
          hintAt(u).kind == MsaHint::Stay))
      break;
    from = next.step;
    ends.push_back(from);
  }
  // The furthest one up to which there is a hole, by bisection.
  size_t low = 0, high = ends.size();
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int64_t longer = heap.bestFit(start, ends[middle], walk.size);
    if (longer >= 0) {
      offset = longer;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return offset;
}

/// Serves the use without a copy.
uint32_t MsaAllocator::stay(Walk &walk, int32_t start, int32_t end,
                            int32_t use) {
  if (!intervals.allowsStay(start, end) && hintAt(use).kind != MsaHint::Stay &&
      !index.use(use).mustBeFast)
    return MsaTooLong;
  if (!walk.isAllocated) {
    int64_t offset = offsetFor(walk, start, end, use);
    if (offset < 0)
      return MsaOutOfMemory;
    Piece piece;
    piece.r = Residency::byWrite(walk.value, offset, start, end);
    piece.chunk = heap.add({start, end, offset, walk.size});
    work.push_back(piece);
    walk.isAllocated = walk.isFast = true;
    return 0;
  }
  Piece &piece = work.back();
  const MsaChunk &chunk = heap.chunk(piece.chunk);
  if (end > chunk.end) {
    // A use in between that was constrained to be slow cannot be passed over.
    for (int32_t u = index.firstUseFrom(walk.value, piece.r.last + 1); u < use;
         ++u)
      if (index.use(u).mustBeSlow)
        return MsaTooLong;
    if (!heap.isFree(chunk.end + 1, end, chunk.offset, walk.size))
      return MsaOutOfMemory;
    heap.extend(piece.chunk, end);
  }
  piece.r.last = end;
  return 0;
}

/// Copies the last piece back from right after the definition on.
uint32_t MsaAllocator::evict(Walk &walk, int32_t limit) {
  Piece &piece = work.back();
  const MsaChunk &chunk = heap.chunk(piece.chunk);
  int32_t start = walk.definition;
  int32_t target = intervals.evictionEnd(
      index.program().values[walk.value].size, start, limit, walk.retry);
  target = std::min(std::max(target, chunk.end), limit);
  if (target - 1 > chunk.end)
    target =
        heap.freeUntil(chunk.end + 1, target - 1, chunk.offset, walk.size) + 1;
  MsaChannel &channel = channels[Timeline::Out];
  if (target <= start)
    return MsaTooShort;
  // The first boundary at which it may be awaited is the one after its issue;
  // a limit of one therefore allows none, as upstream has it.
  if (options.maxOutstandingEvictions >= 0 &&
      channel.numOverlapping(start, target) + 1 >=
          options.maxOutstandingEvictions)
    return MsaTooManyCopies;
  if (!flights.allows(Timeline::Out, start + 1, target))
    return MsaTooManyCopies;
  piece.needOut =
      options.costModel
          ? cost.copySeconds(index.program().values[walk.value].size)
          : 0.1;
  if (!channel.add(start, target, piece.needOut)) {
    // The last attempt does not wait for bandwidth.
    if (walk.retry + 1 < options.maxRetries)
      return MsaNoBandwidth;
    piece.needOut = 0;
    channel.force(start, target, 0);
  }
  flights.add(Timeline::Out, start + 1, target, 1);
  piece.hasOut = true;
  piece.r.out = {start, target};
  if (target - 1 > chunk.end)
    heap.extend(piece.chunk, target - 1);
  walk.hasSlow = true;
  walk.slowFrom = target;
  walk.isFast = false;
  return 0;
}

/// Tries one start. `isFree`: bandwidth is not charged.
bool MsaAllocator::tryPrefetch(Walk &walk, int32_t start, int32_t end,
                               int32_t use, bool isFree, uint32_t &failures) {
  MsaChannel &channel = channels[Timeline::In];
  if (options.fifoOrder && channel.breaksConstraint(start, end)) {
    failures |= MsaBreaksConstraint;
    return false;
  }
  if ((options.maxOutstandingPrefetches >= 0 &&
       channel.numOverlapping(start, end) >=
           options.maxOutstandingPrefetches) ||
      !flights.allows(Timeline::In, start + 1, end)) {
    failures |= MsaTooManyCopies;
    return false;
  }
  int64_t offset = offsetFor(walk, start + 1, end, use);
  if (offset < 0) {
    failures |= MsaOutOfMemory;
    return false;
  }
  Piece piece;
  if (!isFree)
    piece.needIn =
        options.costModel
            ? cost.copySeconds(index.program().values[walk.value].size)
            : 0.1;
  if (isFree) {
    channel.force(start, end, 0);
  } else if (!channel.add(start, end, piece.needIn)) {
    failures |= MsaNoBandwidth;
    return false;
  }
  flights.add(Timeline::In, start + 1, end, 1);
  piece.hasIn = true;
  piece.r = Residency::byCopy(walk.value, offset, start + 1, end, end);
  piece.chunk = heap.add({start + 1, end, offset, walk.size});
  work.push_back(piece);
  walk.isFast = true;
  return true;
}

/// Serves the use by a copy in from the slow contents.
uint32_t MsaAllocator::prefetch(Walk &walk, int32_t end, int32_t use) {
  int32_t earliest = walk.slowFrom;
  // Rule V8: the value is not in fast memory twice.
  if (!work.empty())
    earliest = std::max(earliest, heap.chunk(work.back().chunk).end);
  int32_t room = heap.roomSince(end, walk.size);
  if (room > end)
    return MsaOutOfMemory;
  earliest = std::max(earliest, room - 1);
  int64_t bytes = index.program().values[walk.value].size;
  uint32_t failures = 0;
  MsaHint hint = hintAt(use);
  if (hint.kind == MsaHint::Prefetch) {
    int32_t start = std::max(hint.start, earliest);
    if (start < end && tryPrefetch(walk, start, end, use, true, failures))
      return 0;
  }
  intervals.begin(bytes, cost.saving(use), earliest, end);
  if (intervals.isEmpty()) {
    // An order does not ask whether the copy can be hidden.
    if (index.use(use).mustBeFast && earliest < end &&
        tryPrefetch(walk, earliest, end, use, true, failures))
      return 0;
    return failures | MsaTooShort;
  }
  if (heap.bestFit(intervals.latestStart() + 1, end, walk.size) < 0)
    return failures | MsaOutOfMemory;
  int32_t noRoom = INT32_MIN;
  while (std::optional<int32_t> start = intervals.next()) {
    if (*start <= noRoom)
      break;
    uint32_t here = 0;
    if (tryPrefetch(walk, *start, end, use, false, here))
      return 0;
    if (here & MsaOutOfMemory)
      noRoom = std::max(noRoom, *start);
    failures |= here;
  }
  return failures;
}

/// Serves `use`, or the end of the program, at step `end`. `start` is the last
/// use before it, or the definition.
uint32_t MsaAllocator::placeSegment(Walk &walk, int32_t start, int32_t end,
                                    int32_t use) {
  bool isSlow = isSlowAt(use);
  bool mustBeFast = use != kEnd && index.use(use).mustBeFast;
  uint32_t failures = 0;
  if (!isSlow &&
      (walk.isFast || (!walk.isAllocated && !walk.isSlowAtDefinition))) {
    failures = stay(walk, start, end, use);
    if (failures == 0) {
      ++stats.stays;
      return 0;
    }
  }
  if (!walk.hasSlow) {
    if (walk.isFast) {
      if (uint32_t failed = evict(walk, end))
        return failures | failed | MsaUncommit;
    } else {
      walk.hasSlow = true;
      walk.slowFrom = walk.definition;
    }
    walk.isAllocated = true;
  }
  if (isSlow) {
    // What it holds is served from there whatever was wanted.
    if (use != kEnd)
      walk.isFast = false;
    return failures & MsaOutOfMemory;
  }
  uint32_t failed = prefetch(walk, end, use);
  if (failed == 0)
    return 0;
  ++stats.slowSegments;
  if (mustBeFast)
    failed |= MsaUncommit;
  return failures | failed;
}

uint32_t MsaAllocator::placeValue(int32_t value, int64_t retry) {
  Walk walk;
  walk.value = value;
  walk.size = index.roundedSize(value);
  walk.retry = retry;
  const Value &v = index.program().values[value];
  walk.definition = -1;
  walk.slowFrom = -1;
  walk.hasSlow = walk.isAllocated = v.isInput();
  uint32_t failures = 0;
  int32_t start = -1;
  for (int32_t u = index.firstUse(value); u < index.endUse(value); ++u) {
    const Use &use = index.use(u);
    if (!use.startsByWrite) {
      failures |= placeSegment(walk, start, use.step, u);
      if (failures & MsaUncommit)
        return failures;
    }
    start = use.step;
    if (!use.writes)
      continue;
    // Another allocation value. That of an update begins where the one before
    // was served.
    walk.definition = use.step;
    bool isServed =
        !use.startsByWrite && !work.empty() && work.back().r.serves(use.step);
    if (isServed) {
      walk.isFast = walk.isAllocated = true;
      walk.hasSlow = false;
      continue;
    }
    walk.isFast = false;
    walk.hasSlow = walk.isAllocated = !use.startsByWrite;
    walk.slowFrom = use.step;
    walk.isSlowAtDefinition = isSlowAt(u);
  }
  if (v.isOutput() && !walk.hasSlow) {
    failures |= placeSegment(walk, start, index.numSteps(), kEnd);
  }
  return failures;
}
