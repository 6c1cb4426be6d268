//===- AccessIndex.cpp - who accesses what, by value and by step
//-----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/AccessIndex.h"

#include <algorithm>
#include <numeric>

using namespace mempl;

AccessIndex::AccessIndex(InstanceRef instance) : whole(instance) {
  int32_t n = instance.numSteps(), numValues = instance.numValues();
  for (const Value &value : instance.program.values)
    sizes.push_back(instance.machine.roundUp(value.size));

  // A counting sort by value keeps the accesses of one value in step order, so
  // those of the same step become neighbours and are merged.
  std::vector<int32_t> next(numValues + 1, 0);
  for (const Step &step : instance.program.steps)
    for (const Access &a : step.accesses)
      ++next[a.value + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<Use> all(next[numValues]);
  for (int32_t i = 0; i < n; ++i)
    for (const Access &a : instance.program.steps[i].accesses) {
      SpaceConstraint constraint = instance.program.values[a.value].space;
      all[next[a.value]++] = {a.value,
                              i,
                              static_cast<double>(a.bytes),
                              a.reads(),
                              a.writes(),
                              false,
                              constraint == SpaceConstraint::Slow ||
                                  a.space == SpaceConstraint::Slow,
                              constraint == SpaceConstraint::Fast ||
                                  a.space == SpaceConstraint::Fast};
    }
  for (const Use &u : all) {
    if (uses.empty() || uses.back().value != u.value ||
        uses.back().step != u.step) {
      uses.push_back(u);
      continue;
    }
    Use &merged = uses.back();
    merged.bytes += u.bytes;
    merged.reads |= u.reads;
    merged.writes |= u.writes;
    merged.mustBeSlow |= u.mustBeSlow;
    merged.mustBeFast |= u.mustBeFast;
  }

  valueBegin.assign(numValues + 1, 0);
  stepBegin.assign(n + 1, 0);
  for (Use &u : uses) {
    u.startsByWrite = u.writes && !u.reads;
    ++valueBegin[u.value + 1];
    ++stepBegin[u.step + 1];
  }
  std::partial_sum(valueBegin.begin(), valueBegin.end(), valueBegin.begin());
  std::partial_sum(stepBegin.begin(), stepBegin.end(), stepBegin.begin());
  stepUses.resize(uses.size());
  bytesAt.assign(n, 0);
  next.assign(stepBegin.begin(), stepBegin.end());
  for (int32_t id = 0; id < numUses(); ++id) {
    stepUses[next[uses[id].step]++] = id;
    bytesAt[uses[id].step] += uses[id].bytes;
  }
}

int32_t AccessIndex::firstUseFrom(int32_t value, int32_t step) const {
  auto begin = uses.begin() + firstUse(value),
       end = uses.begin() + endUse(value);
  auto it = std::lower_bound(
      begin, end, step, [](const Use &u, int32_t s) { return u.step < s; });
  return static_cast<int32_t>(it - uses.begin());
}

/// The uses [begin, end) of one value have steps in another order: sorts them.
void AccessIndex::renumber(int32_t begin, int32_t end,
                           llvm::SmallVectorImpl<Renumbered> &changed) {
  auto isBefore = [](const Use &a, const Use &b) { return a.step < b.step; };
  if (std::is_sorted(uses.begin() + begin, uses.begin() + end, isBefore))
    return;
  if (firstNumbers.empty()) {
    firstNumbers.resize(uses.size());
    std::iota(firstNumbers.begin(), firstNumbers.end(), 0);
    numbersNow = firstNumbers;
  }
  llvm::SmallVector<int32_t, 16> ids(end - begin);
  std::iota(ids.begin(), ids.end(), begin);
  std::sort(ids.begin(), ids.end(),
            [&](int32_t a, int32_t b) { return uses[a].step < uses[b].step; });
  llvm::SmallVector<Use, 16> sorted;
  llvm::SmallVector<int32_t, 16> names;
  for (int32_t id : ids) {
    sorted.push_back(uses[id]);
    names.push_back(firstNumbers[id]);
  }
  for (int32_t k = 0; k < end - begin; ++k) {
    int32_t id = begin + k;
    if (ids[k] == id)
      continue;
    changed.push_back({ids[k], id});
    uses[id] = sorted[k];
    firstNumbers[id] = names[k];
    numbersNow[names[k]] = id;
  }
}

llvm::SmallVector<AccessIndex::Renumbered, 16>
AccessIndex::reorder(int32_t first, llvm::ArrayRef<int32_t> places) {
  auto count = static_cast<int32_t>(places.size());
  int32_t end = first + count;
  // Of every value the uses in these steps, which are neighbours.
  llvm::SmallVector<std::pair<int32_t, int32_t>, 32> ranges;
  for (int32_t i = first; i < end; ++i)
    for (int32_t u : usesAt(i)) {
      int32_t value = uses[u].value;
      if (u > firstUse(value) && uses[u - 1].step >= first)
        continue;
      int32_t stop = u + 1;
      while (stop < endUse(value) && uses[stop].step < end)
        ++stop;
      ranges.push_back({u, stop});
    }
  llvm::SmallVector<Renumbered, 16> changed;
  llvm::SmallVector<int32_t, 32> next(count + 1, 0);
  for (auto [begin, stop] : ranges) {
    for (int32_t u = begin; u < stop; ++u) {
      uses[u].step = first + places[uses[u].step - first];
      ++next[uses[u].step - first + 1];
    }
    renumber(begin, stop, changed);
  }
  next[0] = stepBegin[first];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::copy(next.begin(), next.end() - 1, stepBegin.begin() + first);
  std::sort(ranges.begin(), ranges.end());
  for (auto [begin, stop] : ranges)
    for (int32_t u = begin; u < stop; ++u)
      stepUses[next[uses[u].step - first]++] = u;
  llvm::SmallVector<double, 32> bytes(bytesAt.begin() + first,
                                      bytesAt.begin() + end);
  for (int32_t k = 0; k < count; ++k)
    bytesAt[first + places[k]] = bytes[k];
  return changed;
}
