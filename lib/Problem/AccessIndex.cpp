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
