//===- MsaAllocator.cpp - proposals of memory space assignment ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A proposal is made up to a number of times: again with more patience for its
// copies out if it could not stand, again after a repack if memory ran out,
// and again without the places where copies move more than steps use. What is
// never done is to take back the proposal of another value.
//
//===----------------------------------------------------------------------===//

#include "MsaAllocator.h"

#include <algorithm>
#include <tuple>

using namespace mempl;

static std::vector<double> copyCapacities(const AccessIndex &index,
                                          const MsaCost &cost) {
  std::vector<double> capacities;
  for (int32_t i = 0; i < index.numSteps(); ++i)
    capacities.push_back(cost.copyCapacity(i));
  return capacities;
}

MsaAllocator::MsaAllocator(const PlanEditor &editor, const MsaCost &cost,
                           const MsaOptions &options, MsaStatistics &statistics)
    : editor(editor), index(editor.index()), cost(cost), options(options),
      stats(statistics),
      heap(index.numSteps(), editor.capacity(), index.machine().alignment),
      intervals(cost, index.numSteps(), editor.capacity(), options),
      channels(2, MsaChannel(copyCapacities(index, cost))), flights(editor),
      inefficient(index.numUses()), placed(index.numValues()),
      repacksLeft(options.maxRepacks) {
  for (int32_t i = 0; i < index.numSteps(); ++i)
    if (int64_t bytes = editor.occupancy().reserved(i))
      heap.setReserved(i, bytes);
  for (int32_t v = 0; v < index.numValues(); ++v)
    if (isEligible(v))
      stats.pressure += static_cast<double>(index.roundedSize(v));
}

bool MsaAllocator::isEligible(int32_t value) const {
  int64_t size = index.roundedSize(value);
  return size > 0 && size <= editor.capacity() &&
         index.program().values[value].space != SpaceConstraint::Slow;
}

void MsaAllocator::reserve(llvm::ArrayRef<Residency> constrained) {
  for (const Residency &r : constrained) {
    Piece piece;
    piece.r = r;
    piece.hasIn = r.copiedIn();
    piece.hasOut = r.copiedOut();
    placed[r.value].push_back(piece);
  }
  for (Pieces &pieces : placed)
    redo(pieces);
}

//===----------------------------------------------------------------------===//
// Taking back
//===----------------------------------------------------------------------===//

void MsaAllocator::undo(Pieces &list) {
  for (Piece &piece : llvm::reverse(list)) {
    const Residency &r = piece.r;
    if (piece.chunk >= 0) {
      piece.r.offset = heap.chunk(piece.chunk).offset;
      heap.remove(piece.chunk);
      piece.chunk = -1;
    }
    if (piece.hasOut) {
      int32_t after = r.copiedAfter();
      channels[Timeline::Out].remove(after, r.out->done, piece.needOut);
      flights.add(Timeline::Out, after + 1, r.out->done, -1);
    }
    if (piece.hasIn) {
      auto [issue, ready] = *r.copyIn();
      channels[Timeline::In].remove(issue - 1, ready, piece.needIn);
      flights.add(Timeline::In, issue, ready, -1);
    }
  }
}

/// Takes again what undo() has freed; or for the first time, what was placed
/// elsewhere.
void MsaAllocator::redo(Pieces &list) {
  // A value carried over is where the run before left it.
  bool isFixed = !list.empty() && list.front().r.isKept();
  for (Piece &piece : list) {
    const Residency &r = piece.r;
    int64_t size = index.roundedBytes(r);
    if (size > 0)
      piece.chunk = heap.add({r.start(), r.end(), r.offset, size, isFixed});
    if (piece.hasOut) {
      channels[Timeline::Out].force(r.copiedAfter(), r.out->done,
                                    piece.needOut);
      flights.add(Timeline::Out, r.copiedAfter() + 1, r.out->done, 1);
    }
    if (piece.hasIn) {
      auto [issue, ready] = *r.copyIn();
      channels[Timeline::In].force(issue - 1, ready, piece.needIn);
      flights.add(Timeline::In, issue, ready, 1);
    }
  }
}

bool MsaAllocator::repack() {
  --repacksLeft;
  ++stats.repacks;
  if (!heap.repack(options))
    return false;
  ++stats.goodRepacks;
  return true;
}

/// Marks the uses of pieces whose copies move more bytes than steps use. False
/// if there are none that were not marked before.
bool MsaAllocator::markInefficient(int32_t value) {
  if (options.inefficientRatio <= 0)
    return false;
  bool isNew = false;
  auto size = static_cast<double>(index.program().values[value].size);
  for (const Piece &piece : work) {
    double copied = size * (piece.hasIn + piece.hasOut);
    if (copied <= 0)
      continue;
    double used = 0;
    int32_t first = index.firstUseFrom(value, piece.r.first());
    int32_t end = index.firstUseFrom(value, piece.r.last + 1);
    for (int32_t u = first; u < end; ++u)
      used += index.use(u).bytes;
    if (options.inefficientRatio * copied <= used)
      continue;
    bool marked = false;
    for (int32_t u = first; u < end; ++u)
      if (!inefficient[u] && !index.use(u).mustBeFast)
        inefficient[u] = marked = true;
    stats.inefficient += marked;
    isNew |= marked;
  }
  return isNew;
}

bool MsaAllocator::meetsOrders(int32_t value) const {
  for (const Use &use : index.usesOf(value))
    if (use.mustBeFast && llvm::none_of(work, [&](const Piece &piece) {
          return piece.r.serves(use.step);
        }))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Proposals
//===----------------------------------------------------------------------===//

void MsaAllocator::propose(int32_t value) {
  ++stats.proposals;
  // What meets the constraints already gives way, and comes back if need be.
  Pieces before = std::move(placed[value]);
  placed[value].clear();
  undo(before);
  bool mayRepack = before.empty();
  bool isKept = false;
  for (int64_t retry = 0; retry < options.maxRetries && !isKept;) {
    ++stats.attempts;
    work.clear();
    uint32_t failures = placeValue(value, retry);
    if (failures & MsaUncommit) {
      undo(work);
      ++retry;
    } else if ((failures & MsaOutOfMemory) && mayRepack && repacksLeft > 0) {
      undo(work);
      mayRepack = false;
      if (!repack())
        ++retry;
    } else if (markInefficient(value)) {
      undo(work);
    } else {
      isKept = true;
    }
  }
  if (isKept && !before.empty() && !meetsOrders(value)) {
    undo(work);
    isKept = false;
  }
  if (isKept) {
    placed[value] = std::move(work);
  } else {
    ++stats.rolledBack;
    redo(before);
    placed[value] = std::move(before);
  }
  work.clear();
}

void MsaAllocator::run(const std::function<bool()> &cancelled) {
  std::vector<int32_t> order = cost.order();
  // Orders first: they find memory still empty.
  std::stable_partition(order.begin(), order.end(), [&](int32_t v) {
    return llvm::any_of(index.usesOf(v),
                        [](const Use &use) { return use.mustBeFast; });
  });
  int64_t fuel = options.fuel < 0 ? INT64_MAX : options.fuel;
  for (size_t k = 0; k < order.size() && fuel > 0; ++k) {
    if (k % 256 == 0 && cancelled && cancelled())
      break;
    const Pieces &pieces = placed[order[k]];
    bool isCarried = !pieces.empty() && pieces.front().r.isKept();
    if (isCarried || !isEligible(order[k]))
      continue;
    propose(order[k]);
    --fuel;
  }
}

std::vector<Residency> MsaAllocator::take() {
  std::vector<Residency> result;
  for (Pieces &pieces : placed)
    for (Piece &piece : pieces) {
      if (piece.chunk >= 0)
        piece.r.offset = heap.chunk(piece.chunk).offset;
      stats.prefetches += piece.r.copiedIn();
      stats.evictions += piece.r.copiedOut();
      result.push_back(piece.r);
    }
  auto key = [](const Residency &r) {
    return std::tuple(r.first(), r.out ? r.out->done : INT32_MAX,
                      r.copyIn() ? r.copyIn()->issue : -1, r.value);
  };
  std::sort(
      result.begin(), result.end(),
      [&](const Residency &a, const Residency &b) { return key(a) < key(b); });
  return result;
}
