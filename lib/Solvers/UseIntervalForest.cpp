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

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

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

std::vector<int32_t> mempl::nodesByPriority(const AccessIndex &index,
                                            const UseIntervalForest &forest,
                                            llvm::ArrayRef<double> priority) {
  struct Candidate {
    double priority;
    int32_t step, id;
  };
  std::vector<Candidate> all;
  all.reserve(forest.nodes().size());
  for (auto [k, node] : llvm::enumerate(forest.nodes()))
    if (node.benefit > 0)
      all.push_back({priority[k], index.use(node.interval.first).step,
                     static_cast<int32_t>(k)});
  constexpr size_t kManyRuns = 50000;
  constexpr double kGrade = 0.05;
  // In a large program priorities that are nearly equal count as equal, and
  // equals go in program order: neighbours in time are then neighbours in the
  // pass, and find each other's data in the cache.
  if (all.size() > kManyRuns)
    for (Candidate &candidate : all)
      candidate.priority = std::floor(candidate.priority / kGrade);
  // Longer intervals first at the same place: they need fewer copies.
  llvm::sort(all, [](const Candidate &a, const Candidate &b) {
    if (a.priority != b.priority)
      return a.priority > b.priority;
    if (a.step != b.step)
      return a.step < b.step;
    return a.id > b.id;
  });
  std::vector<int32_t> ids;
  ids.reserve(all.size());
  for (const Candidate &candidate : all)
    ids.push_back(candidate.id);
  return ids;
}
