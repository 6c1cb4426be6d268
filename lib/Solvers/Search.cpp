//===- Search.cpp - the solver search -------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ruin and recreate (Schrimpf et al., J. Comput. Phys. 2000) with simulated
// annealing: a move takes some residencies out of the plan, puts intervals of
// accesses in by the rules of UseIntervalPlacer, and is kept or undone by the
// exact latency. Annealing cycles grow in length, each from the best plan so
// far. One move is one unit of budget.
//
// Large programs begin with one plan for all layers that are alike
// (RepeatedLayers.h), others with the best of many plans that passes make
// quickly, most of them by a learned policy (Openings.h). Where the order of
// steps is free, these have several orders, which are tried (OrderTrials.h),
// and some of the moves move steps, with what is in fast memory for them
// (StepMoves.h). From there on Refinement.h is the search.
// docs/rationale/search.md has figures.
//
// Another solver may give it a second plan to begin with: it runs for a share
// of the limits, and if its plan is faster than that of `greedy`, search tries
// both for a while and goes on from the better one.
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"
#include "PolicyOption.h"
#include "Refinement.h"
#include "RepeatedLayers.h"
#include "Tries.h"

#include "mempl/Problem/Simulator.h"

using namespace mempl;

namespace {

class SearchSolver : public Solver {
public:
  llvm::StringRef name() const override { return "search"; }
  llvm::StringRef description() const override {
    return "ruin and recreate with annealing, from the greedy plan";
  }
  void declareOptions(SolverOptionTable &table) override {
    table
        .add("start", starter,
             "solver that runs first, for 30 % of the limits; where its plan "
             "is faster than that of greedy, search begins with both and goes "
             "on from the better one")
        .byDefault("greedy");
    table.add("learned", isLearned,
              "whether to begin with plans by a learned policy, which is "
              "adapted to the program, and not with those of greedy alone");
    policy.declare(table);
    table.add("order", order, {{"free", Order::Free}, {"keep", Order::Keep}},
              "of the steps of a program whose order is free: free, or as they "
              "stand");
    table.add("polish", isPolishing,
              "whether to keep to the plan that it begins with: no other one "
              "is tried, and annealing begins at a tenth of the temperature");
    table
        .add("tries", tries,
             "searches with different seeds that share the limits; the best "
             "plan counts")
        .atLeast(1)
        .byDefault("1, or as many as threads where only time is limited");
  }

  llvm::Error check() override {
    if (starter)
      if (llvm::Error error = starter->check())
        return error;
    return isLearned ? policy.load() : llvm::Error::success();
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    if (llvm::Error error = check())
      return error;
    auto begin = firstPlan(instance, context);
    if (!begin)
      return begin.takeError();
    auto result = starter ? searchFromTwo(instance, context, deadline, *begin)
                          : refineInTries(instance, context, deadline, *begin);
    if (result)
      result->seconds = deadline.seconds();
    return result;
  }

private:
  enum class Order { Free, Keep };
  using Start = Refinement::Start;

  // Bodies get a share of the moves each; they are small programs. All of them
  // together get half of the time.
  static constexpr int64_t kBodyShare = 20;
  /// Copies across trips are what most of the time of a loop depends on.
  static constexpr int64_t kLeastPipelining = 2000;
  static constexpr double kBodiesShare = 0.5;
  /// Of the limits, for one layer of a large program.
  static constexpr int64_t kLayerShare = 4;
  /// What greedy does first where passes by the policy compete with its own.
  static constexpr int32_t kBriefPasses = 1;
  // Shares of the limits: of the other solver, and of the trial of each start.
  static constexpr double kOther = 0.3, kTrial = 0.15;

  /// The plan of `greedy`, or that of the context if it is faster.
  llvm::Expected<Solution> firstPlan(const Instance &instance,
                                     const SolverContext &context) const {
    auto first =
        llvm::cantFail(
            createSolver(
                isBrief(instance, context)
                    ? "greedy{passes=" + llvm::Twine(kBriefPasses).str() + "}"
                    : "greedy"))
            ->solve(instance, context);
    if (!first || !context.start || !keepsOrder(instance, *context.start))
      return first;
    double latency = simulateLatency(instance, *context.start);
    if (latency < first->latency) {
      first->plan = *context.start;
      first->latency = latency;
    }
    return first;
  }

  /// Whether passes by the policy compete for time with those of greedy.
  bool isBrief(InstanceRef instance, const SolverContext &context) const {
    return policy && isFree(instance) && context.timeLimitMs > 0;
  }
  bool isFree(InstanceRef instance) const {
    return order == Order::Free && instance.program.order == StepOrder::Free;
  }
  bool keepsOrder(InstanceRef instance, const Plan &plan) const {
    return isFree(instance) || plan.order.empty();
  }

  /// Searches a program that is a part of another one.
  llvm::Expected<Solution> solvePart(const Instance &part,
                                     const SolverContext &context) const {
    Deadline deadline(context);
    auto begin = firstPlan(part, context);
    if (!begin)
      return begin.takeError();
    return refine(part, context, deadline, *begin, Start::Compete);
  }

  /// The context of a part: what concerns the whole is not told of it.
  static SolverContext contextOfPart(SolverContext context) {
    context.progress = nullptr;
    context.improved = nullptr;
    context.start = nullptr;
    return context;
  }

  /// The best of as many searches from a plan as there are tries.
  llvm::Expected<Solution> refineInTries(const Instance &instance,
                                         const SolverContext &context,
                                         const Deadline &deadline,
                                         const Solution &begin) const {
    int64_t number = numTries(tries, context);
    Start start = isPolishing ? Start::Polish : Start::Compete;
    if (number == 1)
      return refine(instance, context, deadline, begin, start);
    return bestOfTries(
        number, context, deadline, [&](const SolverContext &limits) {
          return refine(instance, limits, Deadline(limits), begin, start);
        });
  }

  /// The search itself, from a plan and its latency.
  llvm::Expected<Solution> refine(const Instance &instance,
                                  const SolverContext &context,
                                  const Deadline &deadline,
                                  const Solution &begin, Start start) const {
    SolverContext inner = contextOfPart(context);
    inner.budget = std::max<int64_t>(1, context.budget / kBodyShare);
    if (context.timeLimitMs > 0)
      inner.timeLimitMs =
          std::max<int64_t>(1, context.timeLimitMs / kBodyShare);
    inner.cancelled = [&] {
      return deadline.hasPassed() || deadline.share() > kBodiesShare;
    };
    AccessIndex index(instance);
    auto loops = planLoops(index,
                           [&](const Instance &body) -> llvm::Expected<Plan> {
                             auto result = solvePart(body, inner);
                             if (!result)
                               return result.takeError();
                             return std::move(result->plan);
                           },
                           {std::max(inner.budget, kLeastPipelining),
                            context.seed, inner.cancelled});
    if (!loops)
      return loops.takeError();
    OpeningSources sources;
    sources.isFree = isFree(instance);
    if (policy)
      sources.policy = &*policy;
    if (isBrief(instance, context))
      sources.densityOrder = kBriefPasses;
    Effort effort{context, deadline};
    Plan first =
        start == Start::Polish
            ? begin.plan
            : planByLayers(index, *loops, context, begin.plan, effort.moves);
    return Refinement(index, *loops, sources, effort, start)
        .run(begin, std::move(first));
  }

  /// `start`; where a large program has layers that are alike, with the plan of
  /// one layer in all of them, on the profile. What that takes is counted.
  Plan planByLayers(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
                    const SolverContext &context, const Plan &start,
                    int64_t &moves) const {
    if (index.numUses() < Refinement::kManyUses || !start.order.empty())
      return start;
    std::optional<RepeatedLayers> layers = findRepeatedLayers(index);
    if (!layers)
      return start;
    SolverContext inner = contextOfPart(context);
    if (context.budget > 0)
      inner.budget = std::max<int64_t>(1, context.budget / kLayerShare);
    if (context.timeLimitMs > 0)
      inner.timeLimitMs =
          std::max<int64_t>(1, context.timeLimitMs / kLayerShare);
    auto plan = solvePart(layers->layer, inner);
    if (!plan) {
      // A constraint that a layer cannot meet, the whole perhaps can.
      llvm::consumeError(plan.takeError());
      return start;
    }
    moves += plan->evaluated;
    Arrangement whole(index, start, isFree(index.instance()));
    PlanEditor editor = whole.editor(Addressing::Profile);
    loadPlan(editor, loops, start);
    applyToLayers(editor, *layers, plan->plan);
    return editor.plan();
  }

  /// The search from `begin` and from the plan of another solver.
  llvm::Expected<Solution> searchFromTwo(const Instance &instance,
                                         const SolverContext &context,
                                         const Deadline &deadline,
                                         const Solution &begin) const {
    SolverContext ofOther = shareOf(context, deadline, kOther);
    auto second = starter->solve(instance, ofOther);
    if (!second)
      return second.takeError();
    Solution best = begin;
    int64_t evaluated = second->evaluated;
    auto searchFrom = [&](const Solution &start,
                          const SolverContext &limits) -> llvm::Error {
      auto found = refineInTries(instance, limits, Deadline(limits), start);
      if (!found)
        return found.takeError();
      evaluated += found->evaluated;
      if (found->latency < best.latency)
        best = std::move(*found);
      return llvm::Error::success();
    };
    if (second->latency < begin.latency) {
      // Both starts are tried for a while, then the better one for the rest.
      if (llvm::Error error =
              searchFrom(begin, shareOf(context, deadline, kTrial)))
        return error;
      if (second->latency < best.latency)
        best = *second;
      if (llvm::Error error =
              searchFrom(*second, shareOf(context, deadline, kTrial)))
        return error;
    }
    bool isOutOfTime = context.timeLimitMs > 0 && deadline.hasPassed();
    if (!isOutOfTime)
      if (llvm::Error error =
              searchFrom(Solution(best), restOf(context, deadline, evaluated)))
        return error;
    best.evaluated = evaluated;
    return best;
  }

  /// A share of the limits; of the time, not more than is left.
  static SolverContext shareOf(SolverContext context, const Deadline &deadline,
                               double share) {
    // 0 would be no limit.
    auto part = [&](int64_t limit) {
      return limit > 0
                 ? std::max<int64_t>(1, static_cast<int64_t>(
                                            static_cast<double>(limit) * share))
                 : 0;
    };
    context.budget = part(context.budget);
    if (context.timeLimitMs > 0)
      context.timeLimitMs =
          std::min(part(context.timeLimitMs), leftOf(context, deadline));
    return context;
  }

  /// Milliseconds, at least 1: 0 would be no limit.
  static int64_t leftOf(const SolverContext &context,
                        const Deadline &deadline) {
    return std::max<int64_t>(
        1,
        context.timeLimitMs - static_cast<int64_t>(deadline.seconds() * 1000));
  }

  /// What is left of the limits, with another seed.
  static SolverContext restOf(SolverContext context, const Deadline &deadline,
                              int64_t used) {
    if (context.budget > 0)
      context.budget = std::max<int64_t>(1, context.budget - used);
    if (context.timeLimitMs > 0)
      context.timeLimitMs = leftOf(context, deadline);
    ++context.seed;
    return context;
  }

  std::shared_ptr<Solver> starter;
  int64_t tries = 0; ///< 0: see numTries().
  Order order = Order::Free;
  bool isLearned = true, isPolishing = false;
  PolicyOption policy; ///< Unread unless it is learned.
};

} // namespace

void mempl::registerSearchSolver() { registerSolver<SearchSolver>(); }
