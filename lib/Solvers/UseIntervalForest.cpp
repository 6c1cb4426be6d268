//===- UseIntervalForest.cpp - the intervals of uses worth a residency
//---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/UseIntervalForest.h"

#include "mempl/Problem/TimeModel.h"

#include <algorithm>

using namespace mempl;

UseIntervalForest::UseIntervalForest(const AccessIndex &index,
                                     int64_t capacity) {
  const Machine &m = index.machine();
  benefits.assign(index.numUses(), 0);
  for (int32_t i = 0; i < index.numSteps(); ++i) {
    const Step &step = index.program().steps[i];
    double bytes = index.stepBytes(i);
    double gain =
        busySeconds(m, step, bytes, 0) - busySeconds(m, step, 0, bytes);
    if (bytes > 0)
      for (int32_t u : index.usesAt(i))
        benefits[u] = gain * (index.use(u).bytes / bytes);
  }
  for (int32_t v = 0; v < index.numValues(); ++v) {
    rootBegin.push_back(static_cast<int32_t>(roots.size()));
    if (index.roundedSize(v) > capacity)
      continue;
    int32_t end = index.endUse(v);
    for (int32_t u = index.firstUse(v); u < end;) {
      int32_t stop = u;
      while (stop < end && !index.use(stop).mustBeSlow)
        ++stop;
      if (stop > u)
        addTree(index, u, stop);
      u = stop + 1;
    }
  }
  rootBegin.push_back(static_cast<int32_t>(roots.size()));
  if (m.maxCarried > 0)
    findCarriable(index);
}

void UseIntervalForest::findCarriable(const AccessIndex &index) {
  for (int32_t v = 0; v < index.numValues(); ++v) {
    auto uses = index.usesOf(v);
    if (index.program().values[v].kind != ValueKind::Input ||
        rootsOf(v).empty() || uses.front().mustBeSlow ||
        llvm::any_of(uses, [](const Use &use) { return use.writes; }))
      continue;
    double gain = 0;
    for (int32_t u = index.firstUse(v); u < index.endUse(v); ++u)
      gain += benefits[u];
    if (gain > 0)
      carried.push_back(v);
  }
  std::stable_sort(carried.begin(), carried.end(), [&](int32_t a, int32_t b) {
    return index.usesOf(a).front().step < index.usesOf(b).front().step;
  });
}

/// Builds the tree of the uses [first, end) bottom up, with the stack of open
/// right spines that makes it linear.
void UseIntervalForest::addTree(const AccessIndex &index, int32_t first,
                                int32_t end) {
  struct Open {
    int32_t node;
    int32_t gapAfter;
  };
  std::vector<Open> stack;
  auto merge = [&]() {
    Open right = stack.back();
    stack.pop_back();
    Open &left = stack.back();
    const UseIntervalNode &a = all[left.node], &b = all[right.node];
    UseIntervalNode merged;
    merged.interval = {a.interval.first, b.interval.last};
    merged.value = a.value;
    merged.left = left.node;
    merged.right = right.node;
    merged.gap = std::max({a.gap, b.gap, left.gapAfter});
    merged.benefit = a.benefit + b.benefit;
    left = {static_cast<int32_t>(all.size()), right.gapAfter};
    all.push_back(merged);
  };
  for (int32_t u = first; u < end; ++u) {
    int32_t gapAfter =
        u + 1 < end ? index.use(u + 1).step - index.use(u).step : INT32_MAX;
    UseIntervalNode leaf;
    leaf.interval = {u, u};
    leaf.value = index.use(u).value;
    leaf.benefit = benefits[u];
    stack.push_back({static_cast<int32_t>(all.size()), gapAfter});
    all.push_back(leaf);
    while (stack.size() > 1 && stack[stack.size() - 2].gapAfter <= gapAfter)
      merge();
  }
  roots.push_back(stack.back().node);
}
