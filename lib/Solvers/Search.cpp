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
// Which values are in fast memory when is what most of the latency depends on,
// and offsets are most of what makes moves fail. So most of the limits go to
// plans without offsets, on the profile of fast memory; then the best of these
// is packed (ProfilePacking.h), and the rest of the moves mend what that had to
// drop. Large programs begin with one plan for all layers that are alike
// (RepeatedLayers.h), others with the best plan of a learned policy
// (LearnedStart.h). Where the order of steps is free, search begins with the
// best of some orders (StartingOrders.h), those of the policy among them, and
// some of the moves move steps, with what is in fast memory for them
// (StepMoves.h). docs/rationale/search.md has figures.
//
// Another solver may give it a second plan to begin with: it runs for a share
// of the limits, and if its plan is faster than that of `greedy`, search tries
// both for a while and goes on from the better one.
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"
#include "LearnedStart.h"
#include "OrderTrials.h"
#include "PolicyOption.h"
#include "RepeatedLayers.h"
#include "Tries.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Greedy.h"
#include "mempl/Solvers/ProfilePacking.h"

#include <limits>

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
      return std::move(error);
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

  // Bodies get a share of the moves each; they are small programs. All of them
  // together get half of the time.
  static constexpr int64_t kBodyShare = 20;
  /// Copies across trips are what most of the time of a loop depends on.
  static constexpr int64_t kLeastPipelining = 2000;
  static constexpr double kBodiesShare = 0.5;
  /// When what is in fast memory when is decided, in shares of the limits: with
  /// so much, and where it could not be packed so much more, up to the last.
  static constexpr double kProfileShare = 0.7, kOtherShare = 0.07,
                          kLastShare = 0.92;
  /// A large program is packed on trial when so much is over. If that costs
  /// more than such a share of the latency, so much of fast memory is left free
  /// from then on, and more where packing still costs something.
  static constexpr double kTrialShare = 0.4, kTrialLoss = 1e-2, kLoss = 1e-3,
                          kMargin = 0.08;
  static constexpr int64_t kTrialRounds = 20;
  static constexpr int64_t kPackingRounds = 120;
  /// Small programs are searched as well without, and get a share of the limits
  /// for one layer of large ones.
  static constexpr int32_t kManyUses = 4000;
  static constexpr int64_t kLayerShare = 4;
  /// Until so much of the limits is used, passes by the policy may go on; where
  /// the order is free, other orders want some of it.
  static constexpr double kPolicyShare = 0.35, kFreePolicyShare = 0.4;
  // Shares of the limits: of the other solver, and of the trial of each start.
  static constexpr double kOther = 0.3, kTrial = 0.15;

  /// The plan of `greedy`, or that of the context if it is faster.
  llvm::Expected<Solution> firstPlan(const Instance &instance,
                                     const SolverContext &context) const {
    // A policy may gain much by the order of steps: it needs the time first.
    bool isBrief = policy && isFree(instance) && context.timeLimitMs > 0;
    auto first =
        llvm::cantFail(createSolver(isBrief ? "greedy{passes=2}" : "greedy"))
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
    return refine(part, context, deadline, *begin);
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
    if (number == 1)
      return refine(instance, context, deadline, begin);
    return bestOfTries(
        number, context, deadline, [&](const SolverContext &limits) {
          return refine(instance, limits, Deadline(limits), begin);
        });
  }

  /// The search itself, from a plan and its latency.
  llvm::Expected<Solution> refine(const Instance &instance,
                                  const SolverContext &context,
                                  const Deadline &deadline,
                                  const Solution &begin) const {
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
    int64_t moves = 0;
    Plan first = planByLayers(index, *loops, context, begin.plan, moves);
    std::vector<DecodedPlan> learned;
    if (policy) {
      double latency = profileLatency(index, *loops, first);
      PolicyDecoder decoder(index, *loops, *policy, isFree(instance), deadline);
      learned = plansByPolicy(
          decoder, latency, context, deadline,
          isFree(instance) ? kFreePolicyShare : kPolicyShare, moves);
      if (!isFree(instance) && !learned.empty() &&
          learned.front().latency < latency)
        first = std::move(learned.front().plan);
    }
    if (isFree(instance))
      first = planInGoodOrder(index, *loops, context, deadline,
                              std::move(first), std::move(learned), moves);
    Arrangement arrangement(index, first, isFree(instance));
    Annealer onProfile =
        arrangement.annealer(*loops, context, deadline, Addressing::Profile);
    onProfile.countMoves(moves);
    Plan packed = planOnProfile(instance, index, context, deadline, begin,
                                std::move(first), onProfile);
    Arrangement packedOrder(index, packed, isFree(instance));
    Annealer annealer =
        packedOrder.annealer(*loops, context, deadline, Addressing::Offsets);
    annealer.countMoves(onProfile.numMoves());
    Solution result;
    result.plan = annealer.run(packed, {context.budget, 1});
    if (llvm::is_sorted(result.plan.order))
      result.plan.order.clear();
    result.latency = annealer.bestLatency();
    result.evaluated = annealer.numMoves();
    return result;
  }

  /// What is in fast memory when, from `first` on, and offsets for it; or the
  /// plan of `begin`, if that is faster.
  static Plan planOnProfile(const Instance &instance, const AccessIndex &index,
                            const SolverContext &context,
                            const Deadline &deadline, const Solution &begin,
                            Plan first, Annealer &annealer) {
    Plan profile = std::move(first), best = begin.plan;
    double latency = begin.latency;
    auto tell = [&] {
      if (context.improved)
        context.improved({"search", latency, annealer.numMoves(),
                          context.budget, deadline.seconds()});
    };
    tell();
    int64_t margin = 0;
    auto widenMargin = [&] {
      margin += static_cast<int64_t>(
          kMargin * static_cast<double>(instance.machine.capacity));
      annealer.setMargin(margin);
    };
    // A plan that leaves no byte free may be impossible to pack, while the next
    // one is not: some more moves make another of it.
    double last = std::numeric_limits<double>::infinity();
    for (double until = kProfileShare; until < kLastShare;
         until += kOtherShare) {
      bool packsBadly = false;
      AnnealerProbe trial;
      if (until == kProfileShare && index.numUses() >= kManyUses)
        trial = packingTrial(index, context, deadline, packsBadly);
      profile = annealer.run(profile, limitsUntil(until, context), trial);
      if (packsBadly) {
        widenMargin();
        profile = annealer.run(profile, limitsUntil(until, context));
      }
      // With a margin plans may get slower.
      if (margin == 0 && annealer.bestLatency() >= last)
        break;
      last = annealer.bestLatency();
      ProfilePacking packed = packInOrder(index, profile, kPackingRounds, [&] {
        return deadline.hasPassed() || deadline.share() > until + kOtherShare;
      });
      double packedLatency = simulateLatency(instance, packed.plan);
      if (packedLatency < latency && verify(instance, packed.plan).empty()) {
        best = std::move(packed.plan);
        latency = packedLatency;
        tell();
      }
      if (packed.dropped == 0 || deadline.hasPassed())
        break;
      if (margin > 0 && packedLatency > last * (1 + kLoss))
        widenMargin();
    }
    return best;
  }

  /// Ends a run, and sets `packsBadly`, if its plan loses much when it is
  /// packed.
  static AnnealerProbe packingTrial(const AccessIndex &index,
                                    const SolverContext &context,
                                    const Deadline &deadline,
                                    bool &packsBadly) {
    auto ends = [&](const Plan &profile, double latency) {
      Plan packed = packInOrder(index, profile, kTrialRounds, [&] {
                      return deadline.share() > kTrialShare + kOtherShare;
                    }).plan;
      packsBadly = simulateLatency(index.instance(), packed) >
                   latency * (1 + kTrialLoss);
      return packsBadly;
    };
    return {limitsUntil(kTrialShare, context), ends};
  }

  /// packProfile() for the order that the plan has.
  static ProfilePacking packInOrder(const AccessIndex &index,
                                    const Plan &profile, int64_t rounds,
                                    const std::function<bool()> &cancelled) {
    int64_t capacity = index.machine().capacity;
    if (profile.order.empty())
      return packProfile(index, profile, capacity, rounds, cancelled);
    OrderedProblem problem(index.instance(), profile);
    ProfilePacking packed =
        packProfile(AccessIndex(problem.instance()), problem.plan(), capacity,
                    rounds, cancelled);
    packed.plan = withOrder(std::move(packed.plan), profile.order);
    return packed;
  }

  /// `start`; where a large program has layers that are alike, with the plan of
  /// one layer in all of them, on the profile. What that takes is counted.
  Plan planByLayers(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
                    const SolverContext &context, const Plan &start,
                    int64_t &moves) const {
    if (index.numUses() < kManyUses || !start.order.empty())
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

  /// The latency of a plan on the profile, in its order.
  double profileLatency(const AccessIndex &index,
                        llvm::ArrayRef<LoopChoices> loops,
                        const Plan &plan) const {
    Arrangement arrangement(index, plan, isFree(index.instance()));
    PlanEditor editor = arrangement.editor(Addressing::Profile);
    loadPlan(editor, loops, plan);
    return editor.latency();
  }

  /// The search from `begin` and from the plan of another solver.
  llvm::Expected<Solution> searchFromTwo(const Instance &instance,
                                         const SolverContext &context,
                                         const Deadline &deadline,
                                         const Solution &begin) const {
    SolverContext ofOther = shareOf(context, deadline, kOther);
    ofOther.latencyToBeat = begin.latency;
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
        return std::move(error);
      if (second->latency < best.latency)
        best = *second;
      if (llvm::Error error =
              searchFrom(*second, shareOf(context, deadline, kTrial)))
        return std::move(error);
    }
    bool isOutOfTime = context.timeLimitMs > 0 && deadline.hasPassed();
    if (!isOutOfTime)
      if (llvm::Error error =
              searchFrom(Solution(best), restOf(context, deadline, evaluated)))
        return std::move(error);
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
  bool isLearned = true;
  PolicyOption policy; ///< Unread unless it is learned.
};

} // namespace

void mempl::registerSearchSolver() { registerSolver<SearchSolver>(); }
