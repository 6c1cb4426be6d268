//===- StartingOrders.cpp - orders of steps to begin with -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StartingOrders.h"

#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <set>
#include <utility>

using namespace mempl;

namespace {

class OrderMaker {
public:
  explicit OrderMaker(const AccessIndex &index)
      : index(index), depends(index.program()) {}

  std::vector<int32_t> depthFirst(bool isBackward, bool rootsInReverse) const;
  std::vector<int32_t> byBytes() const;
  std::vector<int32_t> byTraffic(int32_t window) const;

private:
  /// Runs whatever is ready in the order that `choose` says: it is given the
  /// steps that are, in program order.
  template <typename Choose> std::vector<int32_t> schedule(Choose choose) const;

  const AccessIndex &index;
  StepDependencies depends;
};

} // namespace

/// Each step with all that it needs right before it, as far as that has not run
/// yet; backward: each with all that depends on it right behind it.
std::vector<int32_t> OrderMaker::depthFirst(bool isBackward,
                                            bool rootsInReverse) const {
  int32_t n = index.numSteps();
  auto needed = [&](int32_t step) {
    return isBackward ? depends.after(step) : depends.before(step);
  };
  auto needing = [&](int32_t step) {
    return isBackward ? depends.before(step) : depends.after(step);
  };
  std::vector<int32_t> order;
  std::vector<bool> isPlaced(n, false);
  // A step, and how many of those that it needs have been looked at.
  std::vector<std::pair<int32_t, size_t>> stack;
  for (int32_t k = 0; k < n; ++k) {
    int32_t root = isBackward != rootsInReverse ? n - 1 - k : k;
    if (!needing(root).empty())
      continue;
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto &[step, next] = stack.back();
      auto others = needed(step);
      if (!isPlaced[step] && next < others.size()) {
        size_t other = isBackward ? others.size() - 1 - next : next;
        ++next;
        stack.push_back({others[other], 0});
        continue;
      }
      if (!isPlaced[step]) {
        isPlaced[step] = true;
        order.push_back(step);
      }
      stack.pop_back();
    }
  }
  if (isBackward)
    std::reverse(order.begin(), order.end());
  return order;
}

template <typename Choose>
std::vector<int32_t> OrderMaker::schedule(Choose choose) const {
  int32_t n = index.numSteps();
  std::vector<int32_t> order, missing(n);
  std::set<int32_t> ready;
  for (int32_t i = 0; i < n; ++i) {
    missing[i] = static_cast<int32_t>(depends.before(i).size());
    if (missing[i] == 0)
      ready.insert(i);
  }
  while (!ready.empty()) {
    int32_t step = choose(std::as_const(ready));
    ready.erase(step);
    order.push_back(step);
    for (int32_t later : depends.after(step))
      if (--missing[later] == 0)
        ready.insert(later);
  }
  return order;
}

/// The step after which the fewest bytes are alive; of equal ones, the first.
std::vector<int32_t> OrderMaker::byBytes() const {
  std::vector<int32_t> left(index.numValues());
  for (int32_t v = 0; v < index.numValues(); ++v)
    left[v] = index.endUse(v) - index.firstUse(v);
  auto growth = [&](int32_t step) {
    int64_t bytes = 0;
    for (int32_t u : index.usesAt(step)) {
      int32_t v = index.use(u).value;
      bool isFirst = left[v] == index.endUse(v) - index.firstUse(v);
      if (isFirst && index.use(u).writes)
        bytes += index.roundedSize(v);
      if (left[v] == 1 && !isFirst)
        bytes -= index.roundedSize(v);
    }
    return bytes;
  };
  return schedule([&](const std::set<int32_t> &ready) {
    int32_t best = -1, looked = 0;
    int64_t least = INT64_MAX;
    for (int32_t step : ready) {
      if (int64_t bytes = growth(step); bytes < least) {
        least = bytes;
        best = step;
      }
      if (++looked == 64)
        break;
    }
    for (int32_t u : index.usesAt(best))
      --left[index.use(u).value];
    return best;
  });
}

/// Alternates between what waits for memory and what computes, as far as it is
/// at most `window` steps after the first that is ready.
std::vector<int32_t> OrderMaker::byTraffic(int32_t window) const {
  const Machine &m = index.machine();
  // Seconds for which a step leaves slow memory idle, if positive, or needs it
  // for longer than it computes. What the program makes itself may be in fast
  // memory, its inputs have to come from slow memory once.
  auto idle = [&](int32_t i) {
    double bytes = 0;
    for (int32_t u : index.usesAt(i))
      if (index.program().values[index.use(u).value].isInput())
        bytes += index.use(u).bytes;
    return index.program().steps[i].compute - bytes / m.slowBandwidth;
  };
  double credit = 0;
  return schedule([&](const std::set<int32_t> &ready) {
    int32_t best = *ready.begin();
    double least = std::abs(credit + idle(best));
    for (int32_t step : ready) {
      if (step > *ready.begin() + window)
        break;
      if (double rest = std::abs(credit + idle(step)); rest < least) {
        least = rest;
        best = step;
      }
    }
    credit += idle(best);
    return best;
  });
}

std::vector<std::vector<int32_t>>
mempl::startingOrders(const AccessIndex &index) {
  OrderMaker maker(index);
  std::vector<std::vector<int32_t>> orders;
  auto add = [&](std::vector<int32_t> order) {
    if (!llvm::is_sorted(order) && !llvm::is_contained(orders, order))
      orders.push_back(std::move(order));
  };
  for (bool isBackward : {false, true})
    add(maker.depthFirst(isBackward, /*rootsInReverse=*/false));
  add(maker.byBytes());
  for (int32_t window : {8, 64})
    add(maker.byTraffic(window));
  for (bool isBackward : {false, true})
    add(maker.depthFirst(isBackward, /*rootsInReverse=*/true));
  return orders;
}
