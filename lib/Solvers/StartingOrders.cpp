//===- StartingOrders.cpp - orders of steps to begin with -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StartingOrders.h"

#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

using namespace mempl;

namespace {

using Order = std::vector<int32_t>;

/// Which end of the program an order is made from.
enum class Direction : uint8_t { Forward, Backward };

/// The bytes of the values that some steps have in common with others that have
/// not been looked at yet, while step after step is.
class OpenBytes {
public:
  explicit OpenBytes(const AccessIndex &index) : index(index) {
    for (int32_t v = 0; v < index.numValues(); ++v)
      left.push_back(static_cast<int32_t>(index.usesOf(v).size()));
  }

  /// How many more there are with `step`.
  int64_t growth(int32_t step) const {
    int64_t bytes = 0;
    for (int32_t u : index.usesAt(step)) {
      int32_t v = index.use(u).value;
      auto all = static_cast<int32_t>(index.usesOf(v).size());
      // What has one use, or has no room anyway, does not count.
      if (all == 1 || index.roundedSize(v) > index.machine().capacity)
        continue;
      bytes += index.roundedSize(v) * (static_cast<int>(left[v] == all) -
                                       static_cast<int>(left[v] == 1));
    }
    return bytes;
  }
  void add(int32_t step) {
    for (int32_t u : index.usesAt(step))
      --left[index.use(u).value];
  }

private:
  const AccessIndex &index;
  std::vector<int32_t> left; // Uses of each value.
};

/// The features of steps while an order is made.
class StepObserver : public StepFeatures {
public:
  explicit StepObserver(const AccessIndex &index);

  /// Fills all columns but those that need to know dependencies: Place and
  /// Unlocks.
  void fill(int32_t step, llvm::MutableArrayRef<double> row) const;
  /// The step comes next.
  void add(int32_t step);

private:
  /// What is known of a value so far.
  struct Progress {
    double share = 0;   // Of fast memory.
    double counted = 0; // The same; 0 if it does not count as open.
    int32_t all = 0, left = 0, last = -1;
  };
  static constexpr double kMost = 4, kMostBalance = 10;

  const AccessIndex &index;
  std::vector<Progress> values;
  std::vector<double> inputSeconds; // Per step.
  double open = 0, credit = 0, meanStep = 0;
  int32_t time = 0;
};

class OrderMaker {
public:
  explicit OrderMaker(const AccessIndex &index)
      : index(index), depends(index.program()) {}

  Order own() const;
  Order depthFirst(Direction direction, bool rootsInReverse) const;
  Order leastBytes(Direction direction) const;
  Order closingEarly(const Order &like, Direction direction) const;
  Order mixedTraffic(int32_t window) const;
  Order byPolicy(llvm::ArrayRef<double> weights, Direction direction) const;

private:
  llvm::ArrayRef<int32_t> needed(int32_t step, Direction direction) const {
    return direction == Direction::Forward ? depends.before(step)
                                           : depends.after(step);
  }
  llvm::ArrayRef<int32_t> needing(int32_t step, Direction direction) const {
    return direction == Direction::Forward ? depends.after(step)
                                           : depends.before(step);
  }
  /// An order made from one end on, of steps that are ready: `choose` is given
  /// their places in `like`, counted from that end.
  template <typename Choose>
  Order schedule(Order like, Direction direction, Choose choose) const;

  /// Seconds for which a step leaves slow memory idle, if positive, or needs it
  /// for longer than it computes. What the program makes itself may be in fast
  /// memory, its inputs have to come from slow memory once.
  double idleSeconds(int32_t step) const;

  /// Steps that are ready of which the best one is looked for.
  static constexpr int kMostReady = 64;

  const AccessIndex &index;
  StepDependencies depends;
};

} // namespace

/// Seconds that the inputs of a step take from slow memory.
static double secondsOfInputs(const AccessIndex &index, int32_t step) {
  double bytes = 0;
  for (int32_t u : index.usesAt(step))
    if (index.program().values[index.use(u).value].isInput())
      bytes += index.use(u).bytes;
  return bytes / index.machine().slowBandwidth;
}

StepObserver::StepObserver(const AccessIndex &index) : index(index) {
  auto capacity = std::max(1.0, static_cast<double>(index.machine().capacity));
  for (int32_t v = 0; v < index.numValues(); ++v) {
    Progress value;
    value.all = value.left = static_cast<int32_t>(index.usesOf(v).size());
    value.share = static_cast<double>(index.roundedSize(v)) / capacity;
    value.counted = value.all > 1 && value.share <= 1 ? value.share : 0;
    values.push_back(value);
  }
  for (int32_t i = 0; i < index.numSteps(); ++i) {
    inputSeconds.push_back(secondsOfInputs(index, i));
    meanStep += (inputSeconds.back() + index.program().steps[i].compute) /
                index.numSteps();
  }
  meanStep = std::max(meanStep, 1e-30);
}

void StepObserver::fill(int32_t step, llvm::MutableArrayRef<double> row) const {
  double opens = 0, closes = 0, reuses = 0, recency = 0, inputs = 0;
  bool followsLast = false;
  for (int32_t u : index.usesAt(step)) {
    const Progress &value = values[index.use(u).value];
    if (value.left == value.all)
      opens += value.counted;
    if (value.left == 1)
      closes += value.counted;
    if (value.left < value.all) {
      reuses += value.counted;
      recency += value.counted * std::log1p(time - value.last);
      followsLast |= value.last == time - 1;
    }
    if (index.program().values[index.use(u).value].isInput())
      inputs += value.share;
  }
  double compute = index.program().steps[step].compute;
  double sum = inputSeconds[step] + compute;
  double idle = compute - inputSeconds[step];
  row[Opens] = std::min(opens, kMost);
  row[Closes] = std::min(closes, kMost);
  row[Pressure] = std::min(open, kMost) * (row[Opens] - row[Closes]);
  row[Reuses] = std::min(reuses, kMost);
  row[Recency] = reuses > 0 ? recency / reuses : 0;
  row[FollowsLast] = followsLast;
  row[Inputs] = std::min(inputs, kMost);
  row[Traffic] = sum > 0 ? -idle / sum : 0;
  row[Balance] = std::min(std::abs(credit + idle) / meanStep, kMostBalance);
}

void StepObserver::add(int32_t step) {
  for (int32_t u : index.usesAt(step)) {
    Progress &value = values[index.use(u).value];
    if (value.left == value.all)
      open += value.counted;
    if (--value.left == 0)
      open -= value.counted;
    value.last = time;
  }
  credit += index.program().steps[step].compute - inputSeconds[step];
  ++time;
}

Order OrderMaker::own() const {
  Order order(index.numSteps());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// Each step with all that it needs right before it, as far as that has not run
/// yet; backward: each with all that depends on it right behind it.
Order OrderMaker::depthFirst(Direction direction, bool rootsInReverse) const {
  int32_t n = index.numSteps();
  bool isBackward = direction == Direction::Backward;
  Order order;
  std::vector<bool> isPlaced(n, false);
  // A step, and how many of those that it needs have been looked at.
  std::vector<std::pair<int32_t, size_t>> stack;
  for (int32_t k = 0; k < n; ++k) {
    int32_t root = isBackward != rootsInReverse ? n - 1 - k : k;
    if (!needing(root, direction).empty())
      continue;
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto &[step, next] = stack.back();
      auto others = needed(step, direction);
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
Order OrderMaker::schedule(Order like, Direction direction,
                           Choose choose) const {
  if (direction == Direction::Backward)
    std::reverse(like.begin(), like.end());
  int32_t n = index.numSteps();
  std::vector<int32_t> rank(n), missing(n);
  std::set<int32_t> ready;
  for (int32_t k = 0; k < n; ++k) {
    rank[like[k]] = k;
    missing[like[k]] = static_cast<int32_t>(needed(like[k], direction).size());
    if (missing[like[k]] == 0)
      ready.insert(k);
  }
  Order order;
  while (!ready.empty()) {
    int32_t chosen = choose(std::as_const(ready), std::as_const(like));
    ready.erase(chosen);
    order.push_back(like[chosen]);
    for (int32_t other : needing(like[chosen], direction))
      if (--missing[other] == 0)
        ready.insert(rank[other]);
  }
  if (direction == Direction::Backward)
    std::reverse(order.begin(), order.end());
  return order;
}

/// The step after which the fewest bytes are open; of equal ones, the first.
Order OrderMaker::leastBytes(Direction direction) const {
  OpenBytes open(index);
  return schedule(own(), direction,
                  [&](const std::set<int32_t> &ready, const Order &like) {
                    int32_t best = -1;
                    int64_t least = INT64_MAX;
                    int looked = 0;
                    for (int32_t k : ready) {
                      if (looked++ == kMostReady)
                        break;
                      int64_t bytes = open.growth(like[k]);
                      if (bytes < least) {
                        least = bytes;
                        best = k;
                      }
                    }
                    open.add(like[best]);
                    return best;
                  });
}

/// As `like`, but that steps which close as many bytes as they open, or more,
/// come as soon as they are ready.
Order OrderMaker::closingEarly(const Order &like, Direction direction) const {
  OpenBytes open(index);
  return schedule(like, direction,
                  [&](const std::set<int32_t> &ready, const Order &like) {
                    int32_t best = *ready.begin();
                    int looked = 0;
                    for (int32_t k : ready) {
                      if (looked++ == kMostReady)
                        break;
                      if (open.growth(like[k]) < 0) {
                        best = k;
                        break;
                      }
                    }
                    open.add(like[best]);
                    return best;
                  });
}

double OrderMaker::idleSeconds(int32_t step) const {
  return index.program().steps[step].compute - secondsOfInputs(index, step);
}

/// Alternates between what waits for memory and what computes, as far as it is
/// at most `window` steps after the first that is ready.
Order OrderMaker::mixedTraffic(int32_t window) const {
  double credit = 0;
  return schedule(own(), Direction::Forward,
                  [&](const std::set<int32_t> &ready, const Order &like) {
                    int32_t first = *ready.begin(), best = first;
                    double least = std::abs(credit + idleSeconds(like[best]));
                    for (int32_t k : ready) {
                      if (k > first + window)
                        break;
                      double rest = std::abs(credit + idleSeconds(like[k]));
                      if (rest < least) {
                        least = rest;
                        best = k;
                      }
                    }
                    credit += idleSeconds(like[best]);
                    return best;
                  });
}

/// Always the step with the highest sum of its features by `weights`; of equal
/// ones, the first.
Order OrderMaker::byPolicy(llvm::ArrayRef<double> weights,
                           Direction direction) const {
  constexpr int32_t mostUnlocked = 8;
  StepObserver features(index);
  std::vector<int32_t> missing;
  for (int32_t i = 0; i < index.numSteps(); ++i)
    missing.push_back(static_cast<int32_t>(needed(i, direction).size()));
  std::array<double, StepFeatures::kNumColumns> row;
  return schedule(
      own(), direction, [&](const std::set<int32_t> &ready, const Order &like) {
        int32_t first = *ready.begin(), best = first, looked = 0;
        double highest = -std::numeric_limits<double>::infinity();
        for (int32_t k : ready) {
          if (looked++ == kMostReady)
            break;
          features.fill(like[k], row);
          auto others = needing(like[k], direction);
          row[StepFeatures::Place] = std::log1p(k - first);
          row[StepFeatures::Unlocks] = std::min(
              mostUnlocked,
              static_cast<int32_t>(llvm::count_if(
                  others, [&](int32_t other) { return missing[other] == 1; })));
          double sum =
              std::inner_product(row.begin(), row.end(), weights.begin(), 0.0);
          if (sum > highest) {
            highest = sum;
            best = k;
          }
        }
        features.add(like[best]);
        for (int32_t other : needing(like[best], direction))
          --missing[other];
        return best;
      });
}

std::vector<int32_t> mempl::orderByPolicy(const AccessIndex &index,
                                          llvm::ArrayRef<double> weights,
                                          bool isBackward) {
  return OrderMaker(index).byPolicy(weights, isBackward ? Direction::Backward
                                                        : Direction::Forward);
}

std::vector<std::vector<int32_t>>
mempl::startingOrders(const AccessIndex &index) {
  OrderMaker maker(index);
  std::vector<Order> orders;
  auto add = [&](Order order) {
    if (!llvm::is_sorted(order) && !llvm::is_contained(orders, order))
      orders.push_back(std::move(order));
  };
  constexpr Direction forward = Direction::Forward,
                      backward = Direction::Backward;
  for (Direction direction : {forward, backward})
    add(maker.depthFirst(direction, /*rootsInReverse=*/false));
  Order early = maker.closingEarly(maker.own(), forward);
  Order late = maker.closingEarly(maker.own(), backward);
  add(early);
  add(late);
  add(maker.closingEarly(late, forward));
  add(maker.closingEarly(early, backward));
  for (Direction direction : {forward, backward})
    add(maker.leastBytes(direction));
  for (int32_t window : {8, 64})
    add(maker.mixedTraffic(window));
  for (Direction direction : {forward, backward})
    add(maker.depthFirst(direction, /*rootsInReverse=*/true));
  return orders;
}
