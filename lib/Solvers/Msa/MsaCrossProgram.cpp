//===- MsaCrossProgram.cpp - weights kept from run to run -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cross-program prefetch: before anything else is placed, the largest inputs
// that are only read get a chunk for the whole program, so that the next run
// finds them there. XLA lets only values through whose uses look like weights,
// by opcode and operand; an instance has no opcodes, so every input that is
// never written is a candidate here.
//
//===----------------------------------------------------------------------===//

#include "MsaAllocator.h"

#include <algorithm>
#include <tuple>

using namespace mempl;

/// A value is let go of in between only if it is then held for less than this
/// share of the program.
static constexpr double kHeldShare = 0.6;

void MsaAllocator::carryValues() {
  int64_t most = std::min(options.maxCrossProgram, index.machine().maxCarried);
  if (most <= 0 || index.numSteps() == 0)
    return;
  struct Key {
    int64_t size;
    double produced;
    int32_t latestUse, value;
  };
  std::vector<Key> keys;
  for (int32_t v = 0; v < index.numValues(); ++v) {
    auto uses = index.usesOf(v);
    if (index.program().values[v].kind != ValueKind::Input || !isEligible(v) ||
        uses.empty() || !placed[v].empty() ||
        llvm::any_of(uses,
                     [](const Use &u) { return u.writes || u.mustBeSlow; }))
      continue;
    Key key = {index.program().values[v].size, 0, uses.back().step, v};
    for (const Use &use : uses)
      for (int32_t other : index.usesAt(use.step))
        if (index.use(other).writes)
          key.produced += index.use(other).bytes;
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [](const Key &a, const Key &b) {
    return std::tuple(-a.size, -a.produced, a.latestUse, a.value) <
           std::tuple(-b.size, -b.produced, b.latestUse, b.value);
  });
  for (const Key &key : keys) {
    if (stats.crossProgram >= most)
      break;
    if (carry(key.value))
      ++stats.crossProgram;
  }
}

/// Whether it pays to let go of the value after its last use and to fetch it
/// again for the next run; if so, makes two residencies of one.
bool MsaAllocator::tryFreeing(int32_t value, Residency &first,
                              Residency &next) const {
  int32_t lastStep = index.numSteps() - 1;
  int32_t lastUse = index.usesOf(value).back().step;
  if (!options.crossProgramFreeing || lastUse >= lastStep ||
      stats.pressure <= static_cast<double>(editor.capacity()))
    return false;
  int64_t bytes = index.program().values[value].size;
  MsaIntervals picker = intervals;
  picker.begin(bytes, 0, lastUse, lastStep);
  std::optional<int32_t> start = picker.next();
  if (!start || *start <= lastUse)
    return false;
  double total = intervals.between(-1, index.numSteps());
  double again =
      std::max(intervals.between(*start, lastStep), cost.copySeconds(bytes));
  if (intervals.between(-1, lastUse + 1) + again >= kHeldShare * total ||
      !flights.allows(Timeline::In, *start + 1, lastStep))
    return false;
  first.last = lastUse;
  next = Residency::byCopy(value, first.offset, *start + 1, lastStep, lastStep);
  return true;
}

bool MsaAllocator::carry(int32_t value) {
  int32_t lastStep = index.numSteps() - 1;
  int64_t size = index.roundedSize(value);
  int64_t offset = heap.bestFit(0, lastStep, size);
  if (offset < 0)
    return false;
  Piece piece;
  piece.r = Residency::kept(value, offset, lastStep);
  Residency next;
  bool isFreed = tryFreeing(value, piece.r, next);
  placed[value].push_back(piece);
  if (isFreed) {
    Piece again;
    again.r = next;
    again.hasIn = true;
    placed[value].push_back(again);
  }
  redo(placed[value]);
  return true;
}
