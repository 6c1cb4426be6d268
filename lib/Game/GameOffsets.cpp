//===- GameOffsets.cpp - where residencies of a game go -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Time: what is alive at the same time as the place that is looked for.
//
//===----------------------------------------------------------------------===//

#include "GameOffsets.h"

#include <algorithm>

using namespace mempl;

// Most residencies moved for one that is placed, and places tried for it.
static constexpr size_t kMostMoved = 8;
static constexpr size_t kMostPlaces = 3;
// Residencies alive at a time above which no place is made.
static constexpr size_t kMostAlive = 256;

int64_t GameOffsets::newPlace(const Residency &r, int32_t lastStep) const {
  if (!options.repacks || r.isKept())
    return -1;
  return space.findOffset(r.start(), lastStep, index().roundedBytes(r),
                          options.fit);
}

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

int64_t GameOffsets::chooseOffset(int32_t value, int32_t start, int32_t end,
                                  int32_t use) const {
  int64_t size = index().roundedSize(value);
  if (size == 0)
    return 0;
  Fit fit = options.fit;
  // Where the value may be wanted next, and some uses further on.
  int32_t wanted = end, further = end;
  int32_t next = plan.nextWanted(use);
  if (next >= 0)
    wanted = further = std::max(end, index().use(next).step);
  for (int k = 0; k < 3 && next >= 0; ++k) {
    further = std::max(end, index().use(next).step);
    next = plan.nextWanted(next);
  }
  int64_t offset = -1;
  if (further > wanted)
    offset = plan.claims().findOffset(start, further, size, fit);
  if (offset < 0)
    offset = plan.claims().findOffset(start, wanted, size, fit);
  if (offset < 0 && wanted > end)
    offset = plan.claims().findOffset(start, end, size, fit);
  if (offset < 0 && wanted > end)
    offset = space.findOffset(start, wanted, size, fit);
  if (offset < 0)
    offset = space.findOffset(start, end, size, fit);
  return offset;
}

//===----------------------------------------------------------------------===//
// Making room
//===----------------------------------------------------------------------===//

bool GameOffsets::hasRoom(int32_t step, int64_t size) const {
  return size == 0 || space.findOffset(step, step, size, Fit::Lowest) >= 0;
}

bool GameOffsets::canHaveRoom(int32_t step, int64_t size) const {
  Moves moves;
  return hasRoom(step, size) || canMakeRoom(step, step, size, moves);
}

void GameOffsets::makeRoom(int32_t start, int32_t end, int64_t size) {
  Moves moves;
  if (canMakeRoom(start, end, size, moves))
    move(moves);
}

/// Whether so many bytes are free in all, at each of these steps.
bool GameOffsets::hasBytes(int32_t start, int32_t end, int64_t size) const {
  for (int32_t i = start; i <= end; ++i)
    if (plan.usedBytes()[i] + space.reserved(i) > editor.capacity() - size)
      return false;
  return true;
}

/// An offset for the residency `id` other than where it is, outside `target`
/// and given that `moves` have been made; -1 if there is none.
int64_t GameOffsets::placeBeside(PlanEditor::Id id, const Place &target,
                                 const Moves &moves) const {
  const Residency &r = editor.residency(id);
  int64_t size = index().roundedBytes(r);
  llvm::SmallVector<std::pair<int64_t, int64_t>, 64> taken;
  if (r.start() <= target.end && target.start <= r.end())
    taken.emplace_back(target.low, target.low + target.size);
  space.forEachOverlap(r.start(), r.end(), 0, editor.capacity(),
                       [&](PlanEditor::Id other) {
                         if (other == id)
                           return;
                         const Residency &q = editor.residency(other);
                         int64_t low = q.offset;
                         for (const auto &[moved, offset] : moves)
                           if (moved == other)
                             low = offset;
                         taken.emplace_back(low, low + index().roundedBytes(q));
                       });
  llvm::sort(taken);
  // The smallest gap that is large enough.
  int64_t free = space.maxReserved(r.start(), r.end());
  int64_t best = -1, bestGap = INT64_MAX;
  auto consider = [&](int64_t upTo) {
    int64_t gap = upTo - free;
    if (gap >= size && gap < bestGap) {
      best = free;
      bestGap = gap;
    }
  };
  for (auto [low, high] : taken) {
    consider(low);
    free = std::max(free, high);
  }
  consider(editor.capacity());
  return best;
}

/// Whether what is in the way at `target` can be moved; `moves` says how.
bool GameOffsets::canClear(const Place &target, Moves &moves) const {
  moves.clear();
  if (target.low < space.maxReserved(target.start, target.end))
    return false;
  llvm::SmallVector<PlanEditor::Id, kMostMoved> inTheWay;
  bool isTooMuch = false;
  space.forEachOverlap(target.start, target.end, target.low,
                       target.low + target.size, [&](PlanEditor::Id id) {
                         // Carried values have two that must stay alike.
                         const Residency &r = editor.residency(id);
                         PlanEditor::Id first =
                             editor.residenciesOf(r.value).front();
                         isTooMuch |= editor.residency(first).isKept() ||
                                      inTheWay.size() == kMostMoved;
                         if (!isTooMuch)
                           inTheWay.push_back(id);
                       });
  if (isTooMuch)
    return false;
  // The largest first: they are the hardest to place.
  llvm::sort(inTheWay, [&](PlanEditor::Id a, PlanEditor::Id b) {
    const Residency &x = editor.residency(a), &y = editor.residency(b);
    int64_t sizeX = index().roundedBytes(x);
    int64_t sizeY = index().roundedBytes(y);
    return std::tuple(-sizeX, x.start(), x.value) <
           std::tuple(-sizeY, y.start(), y.value);
  });
  // Where those are that are still to be moved counts as taken, which misses
  // some chances.
  for (PlanEditor::Id id : inTheWay) {
    int64_t offset = placeBeside(id, target, moves);
    if (offset < 0)
      return false;
    moves.emplace_back(id, offset);
  }
  return true;
}

/// Whether room for `size` bytes from step `start` to `end` can be made.
bool GameOffsets::canMakeRoom(int32_t start, int32_t end, int64_t size,
                              Moves &moves) const {
  if (!options.repacks || !hasBytes(start, end, size))
    return false;
  // The places just above each residency of that time, and above what is
  // reserved, by the bytes that are in the way there.
  llvm::SmallVector<std::pair<int64_t, int64_t>, 64> alive, places;
  auto see = [&](PlanEditor::Id id) {
    const Residency &r = editor.residency(id);
    alive.emplace_back(r.offset, r.offset + index().roundedBytes(r));
  };
  space.forEachOverlap(start, end, 0, editor.capacity(), see);
  if (alive.size() > kMostAlive)
    return false;
  llvm::sort(alive);
  auto add = [&](int64_t low) {
    if (low > editor.capacity() - size)
      return;
    int64_t bytes = 0;
    for (auto [first, second] : alive) {
      if (first >= low + size)
        break;
      if (second > low)
        bytes += second - first;
    }
    places.emplace_back(bytes, low);
  };
  int64_t bottom = space.maxReserved(start, end);
  add(bottom);
  for (auto [first, second] : alive)
    if (second > bottom)
      add(second);
  llvm::sort(places);
  places.erase(llvm::unique(places), places.end());
  size_t count = std::min(places.size(), kMostPlaces);
  for (size_t k = 0; k < count; ++k)
    if (canClear({start, end, places[k].second, size}, moves))
      return true;
  return false;
}

/// Whether the place of the residency `s.before` can be freed up to `step`.
bool GameOffsets::canMakeRoomToStay(const PartialPlan::Situation &s,
                                    int32_t step, Moves &moves) const {
  const Residency &r = editor.residency(s.before);
  int64_t size = index().roundedBytes(r);
  return options.repacks && step < s.end && hasBytes(r.end() + 1, step, size) &&
         canClear({r.end() + 1, step, r.offset, size}, moves);
}

void GameOffsets::makeRoomFor(const PartialPlan::Situation &s, const Use &use,
                              bool stays) {
  Moves moves;
  if (stays) {
    int32_t u = index().firstUseFrom(use.value, use.step);
    if (plan.canStay(s, u) ||
        newPlace(editor.residency(s.before), use.step) >= 0 ||
        !canMakeRoomToStay(s, use.step, moves))
      return;
  } else {
    int64_t size = index().roundedSize(use.value);
    if (hasRoom(use.step, size) ||
        !canMakeRoom(use.step, use.step, size, moves))
      return;
  }
  move(moves);
}

void GameOffsets::move(const Moves &moves) {
  for (auto [id, offset] : moves) {
    Residency r = editor.residency(id);
    PlanEditor::Id next = editor.nextInList(id);
    plan.remove(id);
    r.offset = offset;
    plan.place(r, next);
  }
}
