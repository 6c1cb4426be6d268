//===- Learned.cpp - passes in orders that were learned -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constructs plans (Constructions.h) by the heads of a policy (SegmentPolicy.h)
// and, where there is time left, by the orders of `greedy`.
//
//===----------------------------------------------------------------------===//

#include "BuiltinSolvers.h"
#include "Constructions.h"
#include "PolicyOption.h"

#include "mempl/Problem/StepOrder.h"
#include "mempl/Solvers/PolicyDecoder.h"

using namespace mempl;

namespace {

/// The passes by the heads of a policy, then those by density.
class LearnedOrders : public PassOrders {
public:
  LearnedOrders(const SegmentPolicy &policy, const AccessIndex &index,
                const UseIntervalForest &forest)
      : policy(policy), index(index), forest(forest), features(index, forest),
        byDensity(ordersByDensity(index, forest)) {}

  size_t size() const override { return policy.numHeads() + byDensity->size(); }
  PassOrder order(size_t k) const override {
    auto head = static_cast<int32_t>(k);
    if (head >= policy.numHeads())
      return byDensity->order(k - policy.numHeads());
    return {nodesByPriority(index, forest, policy.priorities(features, head)),
            policy.awaitsEarly(head)};
  }

private:
  const SegmentPolicy &policy;
  const AccessIndex &index;
  const UseIntervalForest &forest;
  SegmentFeatures features;
  std::unique_ptr<PassOrders> byDensity;
};

class LearnedSolver : public ConstructiveSolver {
public:
  llvm::StringRef name() const override { return "learned"; }
  llvm::StringRef description() const override {
    return "passes in orders that were learned on other programs, without a "
           "search";
  }
  void declareOptions(SolverOptionTable &table) override {
    ConstructiveSolver::declareOptions(table);
    policy.declare(table);
  }

  llvm::Error check() override { return policy.load(); }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    if (llvm::Error error = check())
      return error;
    Deadline deadline(context);
    auto own = ConstructiveSolver::solve(instance, context);
    if (instance.program.order != StepOrder::Free || deadline.hasPassed())
      return own;
    auto other = solveInLearnedOrder(instance, context, deadline);
    if (!other)
      return own;
    if (!own) {
      llvm::consumeError(own.takeError());
    } else if (own->latency <= other->latency) {
      other->plan = std::move(own->plan);
      other->latency = own->latency;
    }
    other->seconds = deadline.seconds();
    return std::move(*other);
  }

protected:
  std::unique_ptr<PassOrders>
  makeOrders(const AccessIndex &index,
             const UseIntervalForest &forest) const override {
    return std::make_unique<LearnedOrders>(*policy, index, forest);
  }

private:
  /// The plan in the order of the head that looks best; nothing where that is
  /// the program's own.
  std::optional<Solution> solveInLearnedOrder(const Instance &instance,
                                              const SolverContext &context,
                                              const Deadline &deadline) {
    AccessIndex index(instance);
    PolicyDecoder decoder(index, /*loops=*/{}, *policy, /*isFree=*/true,
                          deadline);
    DecodedPlan best;
    for (int32_t head = 0; head < policy->numHeads() && !deadline.hasPassed();
         ++head) {
      DecodedPlan made = decoder.decode(headOf(*policy, head));
      if (made.latency < best.latency)
        best = std::move(made);
    }
    if (best.plan.order.empty())
      return std::nullopt;
    Plan ordered;
    ordered.order = std::move(best.plan.order);
    OrderedProblem problem(instance, ordered);
    Instance arranged = {instance.name, instance.machine,
                         problem.instance().program};
    arranged.program.order = StepOrder::Fixed;
    auto solution = ConstructiveSolver::solve(arranged, context);
    if (!solution) {
      llvm::consumeError(solution.takeError());
      return std::nullopt;
    }
    solution->plan = withOrder(std::move(solution->plan), ordered.order);
    return std::move(*solution);
  }

  PolicyOption policy;
};

} // namespace

void mempl::registerLearnedSolver() { registerSolver<LearnedSolver>(); }
