//===- Greedy.cpp - passes by value density
//--------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constructs plans (Constructions.h) by orders made by hand: the time that a
// segment saves per byte and second that it holds fast memory. While most
// values are still in slow memory a copy seems to take long, so candidates that
// are copied in count for less.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/ConstrainedPlacement.h"

#include "BuiltinSolvers.h"
#include "Constructions.h"

#include "mempl/Problem/TimeModel.h"

#include <cmath>

using namespace mempl;

namespace {

/// How a pass orders and places its candidates: by benefit / (size ^ sizePower
/// * time held ^ timePower).
struct GreedyOrder {
  double sizePower;
  double timePower;
  /// Share of the seconds of a copy in that is taken off the benefit. What is
  /// copied in moves its bytes through slow memory as a step would: it gains
  /// nothing but what the copy overlaps with.
  double copyPrice;
  /// Whether copies out are awaited as soon as their value is not used any
  /// more. Where little bandwidth is left they would hold their memory for
  /// long.
  bool awaitEarly;
};

/// Each adds what those before miss, on average over programs of XLA.
constexpr GreedyOrder kOrders[] = {
    {0.5, 0.5, 0.9, true},  {0.0, 1.0, 0.0, false}, {1.0, 0.5, 0.9, true},
    {0.0, 1.0, 0.9, false}, {0.0, 0.5, 0.0, true},  {1.0, 1.0, 0.9, false},
    {0.5, 1.0, 0.0, false}, {0.0, 0.5, 0.9, false}, {0.0, 0.5, 0.9, true},
    {0.5, 0.5, 0.0, true}};

/// Seconds before each step, and after the last, if everything is slow.
std::vector<double> slowStarts(const AccessIndex &index) {
  std::vector<double> start(1, 0.0);
  const Machine &m = index.machine();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    start.push_back(
        start.back() + m.stepOverhead +
        busySeconds(m, index.program().steps[i], index.stepBytes(i), 0));
  return start;
}

/// The priority of every segment: the logarithm of what it saves per byte and
/// second that it holds fast memory, as `order` weighs them.
std::vector<double> prioritiesByDensity(const AccessIndex &index,
                                        const UseIntervalForest &forest,
                                        const GreedyOrder &order,
                                        llvm::ArrayRef<double> slowStart) {
  double bandwidth = index.machine().copyBandwidth;
  std::vector<double> priority(forest.nodes().size());
  for (auto [k, node] : llvm::enumerate(forest.nodes())) {
    if (node.benefit <= 0)
      continue;
    const Use &first = index.use(node.interval.first),
              &last = index.use(node.interval.last);
    double held = slowStart[last.step + 1] - slowStart[first.step];
    auto size = static_cast<double>(index.roundedSize(node.value)) + 1;
    double benefit = node.benefit;
    if (!first.startsByWrite) {
      held += size / bandwidth;
      benefit -= order.copyPrice * std::min(benefit, size / bandwidth);
    }
    priority[k] = std::log(benefit) - order.sizePower * std::log(size) -
                  order.timePower * std::log(held + 1e-12);
  }
  return priority;
}

/// The passes by density.
class DensityOrders : public PassOrders {
public:
  DensityOrders(const AccessIndex &index, const UseIntervalForest &forest)
      : index(index), forest(forest), slowStart(slowStarts(index)) {}

  size_t size() const override { return std::size(kOrders); }
  PassOrder order(size_t k) const override {
    const GreedyOrder &order = kOrders[k];
    return {
        nodesByPriority(index, forest,
                        prioritiesByDensity(index, forest, order, slowStart)),
        order.awaitEarly};
  }

private:
  const AccessIndex &index;
  const UseIntervalForest &forest;
  std::vector<double> slowStart;
};

class GreedySolver : public ConstructiveSolver {
public:
  llvm::StringRef name() const override { return "greedy"; }
  llvm::StringRef description() const override {
    return "passes by value density, copies placed by channel load";
  }

protected:
  std::unique_ptr<PassOrders>
  makeOrders(const AccessIndex &index,
             const UseIntervalForest &forest) const override {
    return ordersByDensity(index, forest);
  }
};

} // namespace

std::unique_ptr<PassOrders>
mempl::ordersByDensity(const AccessIndex &index,
                       const UseIntervalForest &forest) {
  return std::make_unique<DensityOrders>(index, forest);
}

void mempl::registerGreedySolver() { registerSolver<GreedySolver>(); }
