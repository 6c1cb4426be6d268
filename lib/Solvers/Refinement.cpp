//===- Refinement.cpp - a search from one plan ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Refinement.h"

#include "OrderTrials.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/Verifier.h"

#include <cmath>

using namespace mempl;

Solution Refinement::run(const Solution &begin, Plan first) {
  best = {begin.plan, begin.latency};
  double latency = profileLatency(first);
  DecodedPlan opening = bestOpening({std::move(first), latency});
  tell(effort.moves);
  if (packFirst(opening)) {
    Arrangement arrangement(index, opening.plan, sources.isFree);
    Annealer annealer = annealerOf(arrangement, Addressing::Profile);
    searchOnProfile(std::move(opening.plan), annealer);
    effort.moves = annealer.numMoves();
  }
  Arrangement arrangement(index, best.plan, sources.isFree);
  Annealer annealer = annealerOf(arrangement, Addressing::Offsets);
  Solution result;
  result.plan = annealer.run(best.plan, {effort.context.budget, 1});
  if (llvm::is_sorted(result.plan.order))
    result.plan.order.clear();
  result.latency = annealer.bestLatency();
  result.evaluated = annealer.numMoves();
  return result;
}

Annealer Refinement::annealerOf(Arrangement &arrangement,
                                Addressing addressing) const {
  Annealer annealer =
      arrangement.annealer(loops, effort.context, effort.deadline, addressing);
  annealer.countMoves(effort.moves);
  if (start == Start::Polish)
    annealer.setHeat(kPolishingHeat);
  return annealer;
}

double Refinement::openingShare() const {
  if (!sources.isFree)
    return kPolicyShare;
  return sources.policy ? kPolicyOrdersShare : kOrdersShare;
}

/// The plan on the profile to go on from: the best of those that passes make,
/// and of `first`.
DecodedPlan Refinement::bestOpening(DecodedPlan first) {
  if (start == Start::Polish || (!sources.policy && !sources.isFree))
    return first;
  double before = effort.used();
  std::vector<DecodedPlan> openings = makeOpenings(
      index, loops, sources, std::move(first), openingShare(), effort);
  if (!sources.isFree)
    return std::move(openings.front());
  double perPass =
      (effort.used() - before) / static_cast<double>(openings.size());
  return bestOfTrials(index, loops, std::move(openings), perPass, effort);
}

/// Packs the plan to begin with. False if that loses much.
bool Refinement::packFirst(const DecodedPlan &first) {
  if (first.latency >= best.latency)
    return true;
  DecodedPlan packed = mended(packInOrder(first.plan, kTrialRounds, 1));
  bool isHard = packed.latency > first.latency * (1 + kHardToPack);
  offer(std::move(packed), effort.moves);
  return !isHard;
}

/// Decides what is in fast memory when, from `profile` on, and gives it
/// offsets.
void Refinement::searchOnProfile(Plan profile, Annealer &annealer) {
  int64_t margin = 0;
  auto widenMargin = [&] {
    margin += static_cast<int64_t>(
        kMargin * static_cast<double>(index.machine().capacity));
    annealer.setMargin(margin);
  };
  // A plan that leaves no byte free may be impossible to pack, while the next
  // one is not: some more moves make another of it.
  double last = std::numeric_limits<double>::infinity();
  for (double until = kProfileShare; until < kLastShare; until += kOtherShare) {
    AnnealerLimits limits = limitsUntil(until, effort.context);
    bool packsBadly = false;
    AnnealerProbe trial;
    if (until == kProfileShare && index.numUses() >= kManyUses)
      trial = packingTrial(packsBadly);
    profile = annealer.run(profile, limits, trial);
    if (packsBadly) {
      widenMargin();
      profile = annealer.run(profile, limits);
    }
    // With a margin plans may get slower.
    if (margin == 0 && annealer.bestLatency() >= last)
      break;
    last = annealer.bestLatency();
    ProfilePacking packed =
        packInOrder(profile, kPackingRounds, until + kOtherShare);
    bool isWhole = packed.dropped == 0;
    DecodedPlan made = mended(std::move(packed));
    bool packsWell = made.latency <= last * (1 + kLoss);
    offer(std::move(made), annealer.numMoves());
    if (isWhole || effort.deadline.hasPassed())
      break;
    if (margin > 0 && !packsWell)
      widenMargin();
  }
}

/// Ends a run, and sets `packsBadly`, if its plan loses much when it is packed.
AnnealerProbe Refinement::packingTrial(bool &packsBadly) const {
  auto ends = [&](const Plan &profile, double latency) {
    Plan packed =
        packInOrder(profile, kTrialRounds, kTrialShare + kOtherShare).plan;
    packsBadly =
        simulateLatency(index.instance(), packed) > latency * (1 + kTrialLoss);
    return packsBadly;
  };
  return {limitsUntil(kTrialShare, effort.context), ends};
}

/// packProfile() for the order that the plan has, until so much of the time is
/// over.
ProfilePacking Refinement::packInOrder(const Plan &profile, int64_t rounds,
                                       double until) const {
  auto isLate = [&] {
    return effort.deadline.hasPassed() || effort.deadline.share() > until;
  };
  int64_t capacity = index.machine().capacity;
  if (profile.order.empty())
    return packProfile(index, profile, capacity, rounds, isLate);
  OrderedProblem problem(index.instance(), profile);
  ProfilePacking packed = packProfile(AccessIndex(problem.instance()),
                                      problem.plan(), capacity, rounds, isLate);
  packed.plan = withOrder(std::move(packed.plan), profile.order);
  return packed;
}

/// A packed plan; where some of it did not fit, a pass has put in what does.
/// Infinitely slow if it is not valid.
DecodedPlan Refinement::mended(ProfilePacking packed) const {
  DecodedPlan result;
  result.plan = std::move(packed.plan);
  if (packed.dropped > 0) {
    Arrangement arrangement(index, result.plan, sources.isFree);
    auto orders = ordersByDensity(arrangement.index(), arrangement.intervals());
    DecodedPlan fuller =
        planByPass(arrangement, Addressing::Offsets, loops, result.plan,
                   orders->order(0), effort.deadline);
    if (!std::isinf(fuller.latency))
      result.plan = std::move(fuller.plan);
  }
  if (verify(index.instance(), result.plan).empty())
    result.latency = simulateLatency(index.instance(), result.plan);
  return result;
}

/// The latency of a plan on the profile, in its order.
double Refinement::profileLatency(const Plan &plan) const {
  Arrangement arrangement(index, plan, sources.isFree);
  PlanEditor editor = arrangement.editor(Addressing::Profile);
  loadPlan(editor, loops, plan);
  return editor.latency();
}

/// Keeps a plan with offsets if it is the best so far.
void Refinement::offer(DecodedPlan packed, int64_t moves) {
  if (packed.latency >= best.latency)
    return;
  best = std::move(packed);
  tell(moves);
}

void Refinement::tell(int64_t moves) const {
  if (effort.context.improved)
    effort.context.improved({"search", best.latency, moves,
                             effort.context.budget, effort.deadline.seconds()});
}
