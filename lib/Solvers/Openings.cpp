//===- Openings.cpp - plans to begin a search with ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Openings.h"

#include "Arrangement.h"
#include "Constructions.h"
#include "StartingOrders.h"

#include "mempl/Support/Random.h"

#include <cmath>
#include <optional>

using namespace mempl;

namespace {

/// Makes one plan after the other.
class Source {
public:
  virtual ~Source() = default;
  /// Makes a plan; false if there are no more. `toBeat`: the latency of the
  /// best plan of all sources, in seconds.
  virtual bool makeNext(double toBeat) = 0;

  std::vector<DecodedPlan> plans;
  double used = 0; ///< Of the limits.
  bool isExhausted = false;
};

/// Passes in the orders of `greedy`.
class DensitySource : public Source {
public:
  DensitySource(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
                const Plan &empty, bool isFree, size_t first,
                const Deadline &deadline)
      : loops(loops), empty(empty), deadline(deadline),
        arrangement(index, empty, isFree),
        orders(ordersByDensity(arrangement.index(), arrangement.intervals())),
        order(first) {}

  bool makeNext(double) override {
    if (order >= orders->size())
      return false;
    plans.push_back(planByPass(arrangement, Addressing::Profile, loops, empty,
                               orders->order(order++), deadline));
    return true;
  }

private:
  llvm::ArrayRef<LoopChoices> loops;
  const Plan &empty;
  const Deadline &deadline;
  Arrangement arrangement;
  std::unique_ptr<PassOrders> orders;
  size_t order;
};

/// A pass in each of the starting orders of steps.
class OrderSource : public Source {
public:
  OrderSource(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
              const Plan &empty, const Deadline &deadline)
      : index(index), loops(loops), empty(empty), deadline(deadline) {}

  bool makeNext(double) override {
    if (!orders)
      orders = startingOrders(index);
    if (order >= orders->size())
      return false;
    Plan ordered = empty;
    ordered.order = std::move((*orders)[order++]);
    Arrangement arrangement(index, ordered, /*isFree=*/true);
    auto passes = ordersByDensity(arrangement.index(), arrangement.intervals());
    plans.push_back(planByPass(arrangement, Addressing::Profile, loops, ordered,
                               passes->order(0), deadline));
    return true;
  }

private:
  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const Plan &empty;
  const Deadline &deadline;
  std::optional<std::vector<std::vector<int32_t>>> orders;
  size_t order = 0;
};

/// The heads of a policy, and what evolution makes of the best one.
class PolicySource : public Source {
public:
  PolicySource(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
               const SegmentPolicy &policy, bool isFree, uint64_t seed,
               const Deadline &deadline)
      : decoder(index, loops, policy, isFree, deadline),
        random(seed, "policy evolution") {}

  bool makeNext(double toBeat) override;

private:
  static constexpr double kStep = 0.3, kLeastStep = 0.02;
  static constexpr double kGrowth = 1.5, kShrinking = 0.92;
  /// It ends after so many children without a better one.
  static constexpr int kPatience = 12;
  static constexpr double kFlip = 0.1, kKeepsOrder = 0.5;

  PolicyVariant childOf(const PolicyVariant &parent);
  void makeChild();

  PolicyDecoder decoder;
  Random random;
  int32_t head = 0; ///< The next one.
  PolicyVariant parent;
  double latency = std::numeric_limits<double>::infinity();
  double step = kStep;
  int failures = 0;
  bool hasChild = false; ///< It is the last of the plans.
};

/// Lets sources take turns.
class Openings {
public:
  Openings(double latency, double share, Effort &effort)
      : share(share), effort(effort), latency(latency) {}

  void add(std::unique_ptr<Source> source) {
    sources.push_back(std::move(source));
  }
  void run(int64_t movesPerPlan);
  /// Adds what was made to `plans`.
  void moveTo(std::vector<DecodedPlan> &plans);

private:
  static constexpr double kForBest = 2;

  Source *nextSource() const;

  double share;
  Effort &effort;
  std::vector<std::unique_ptr<Source>> sources;
  double latency;                 ///< Of the best plan.
  const Source *ofBest = nullptr; ///< Who made it.
};

} // namespace

PolicyVariant PolicySource::childOf(const PolicyVariant &parent) {
  PolicyVariant child = parent;
  for (double &change : child.segments)
    change += step * random.normal();
  if (random.chance(kFlip))
    child.awaitsEarly = !child.awaitsEarly;
  if (random.chance(kKeepsOrder))
    return child;
  for (double &change : child.order)
    change += step * random.normal();
  return child;
}

bool PolicySource::makeNext(double toBeat) {
  if (head < decoder.policy().numHeads()) {
    PolicyVariant variant = headOf(decoder.policy(), head);
    plans.push_back(decoder.decode(variant));
    if (head++ == 0 || plans.back().latency < latency) {
      latency = plans.back().latency;
      parent = std::move(variant);
    }
    return true;
  }
  if (failures >= kPatience || latency > toBeat)
    return false;
  makeChild();
  return true;
}

/// One generation; of all, only the best plan is kept.
void PolicySource::makeChild() {
  PolicyVariant child = childOf(parent);
  DecodedPlan made = decoder.decode(child);
  bool isBetter = made.latency < latency;
  step = isBetter ? step * kGrowth : std::max(kLeastStep, step * kShrinking);
  failures = isBetter ? 0 : failures + 1;
  if (made.latency <= latency) {
    latency = made.latency;
    parent = std::move(child);
  }
  if (!isBetter)
    return;
  if (!std::exchange(hasChild, true))
    plans.emplace_back();
  plans.back() = std::move(made);
}

/// Of the sources that have plans left, the one that has used least; null if
/// there is none.
Source *Openings::nextSource() const {
  auto turn = [&](const Source *source) {
    return source->used / (source == ofBest ? kForBest : 1);
  };
  Source *least = nullptr;
  for (const auto &source : sources)
    if (!source->isExhausted && (!least || turn(source.get()) < turn(least)))
      least = source.get();
  return least;
}

void Openings::run(int64_t movesPerPlan) {
  while (Source *source = nextSource()) {
    double before = effort.used();
    if (effort.deadline.hasPassed() ||
        before + effort.shareOf(movesPerPlan) > share)
      return;
    if (!source->makeNext(latency)) {
      source->isExhausted = true;
      continue;
    }
    effort.moves += movesPerPlan;
    source->used += effort.used() - before;
    if (!source->plans.empty() && source->plans.back().latency < latency) {
      latency = source->plans.back().latency;
      ofBest = source;
    }
  }
}

void Openings::moveTo(std::vector<DecodedPlan> &plans) {
  for (const auto &source : sources)
    for (DecodedPlan &made : source->plans)
      if (!std::isinf(made.latency))
        plans.push_back(std::move(made));
}

std::vector<DecodedPlan> mempl::makeOpenings(const AccessIndex &index,
                                             llvm::ArrayRef<LoopChoices> loops,
                                             const OpeningSources &from,
                                             DecodedPlan start, double share,
                                             Effort &effort) {
  Plan empty;
  empty.loops = start.plan.loops;
  const Deadline &deadline = effort.deadline;
  Openings openings(start.latency, share, effort);
  if (from.policy)
    openings.add(std::make_unique<PolicySource>(index, loops, *from.policy,
                                                from.isFree,
                                                effort.context.seed, deadline));
  if (from.densityOrder)
    openings.add(std::make_unique<DensitySource>(
        index, loops, empty, from.isFree, *from.densityOrder, deadline));
  if (from.isFree)
    openings.add(std::make_unique<OrderSource>(index, loops, empty, deadline));
  openings.run(movesPerPass(index) + 1);
  std::vector<DecodedPlan> plans;
  plans.push_back(std::move(start));
  openings.moveTo(plans);
  sortByLatency(plans);
  return plans;
}
