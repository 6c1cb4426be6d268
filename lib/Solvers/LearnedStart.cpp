//===- LearnedStart.cpp - plans to begin a search with --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LearnedStart.h"

#include "mempl/Support/Random.h"

#include <cmath>

using namespace mempl;

namespace {

class PolicyEvolution {
public:
  PolicyEvolution(PolicyDecoder &decoder, const SolverContext &context,
                  const Deadline &deadline, double share, int64_t &moves)
      : decoder(decoder), context(context), deadline(deadline), share(share),
        moves(moves), random(context.seed, "policy evolution") {}

  std::vector<DecodedPlan> run(double latencyToBeat);

private:
  static constexpr double kStep = 0.3, kLeastStep = 0.02;
  static constexpr double kGrowth = 1.5, kShrinking = 0.92;
  /// It ends after so many children without a better one.
  static constexpr int kPatience = 12;
  static constexpr double kHeadsPart = 0.75;
  static constexpr double kFlip = 0.1, kKeepsOrder = 0.5;

  /// Whether no more plan is made: one has to fit into the share of the budget.
  bool isOver(double part = 1) const {
    return deadline.hasPassed() || deadline.share() > part * share ||
           (context.budget > 0 &&
            static_cast<double>(moves + decoder.movesPerPlan()) >
                part * share * static_cast<double>(context.budget));
  }
  DecodedPlan decode(const PolicyVariant &variant) {
    moves += decoder.movesPerPlan();
    return decoder.decode(variant);
  }
  PolicyVariant childOf(const PolicyVariant &parent);

  PolicyDecoder &decoder;
  const SolverContext &context;
  const Deadline &deadline;
  double share;
  int64_t &moves;
  Random random;
  double step = kStep;
};

} // namespace

PolicyVariant PolicyEvolution::childOf(const PolicyVariant &parent) {
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

std::vector<DecodedPlan> PolicyEvolution::run(double latencyToBeat) {
  std::vector<DecodedPlan> plans;
  PolicyVariant parent;
  double latency = std::numeric_limits<double>::infinity();
  for (int32_t head = 0;
       head < decoder.policy().numHeads() && !isOver(kHeadsPart); ++head) {
    PolicyVariant variant = headOf(decoder.policy(), head);
    plans.push_back(decode(variant));
    if (head == 0 || plans.back().latency < latency) {
      latency = plans.back().latency;
      parent = std::move(variant);
    }
  }
  DecodedPlan best;
  int failures = latency < latencyToBeat ? 0 : kPatience;
  while (failures < kPatience && !isOver()) {
    PolicyVariant child = childOf(parent);
    DecodedPlan made = decode(child);
    bool isBetter = made.latency < latency;
    step = isBetter ? step * kGrowth : std::max(kLeastStep, step * kShrinking);
    failures = isBetter ? 0 : failures + 1;
    if (made.latency <= latency) {
      latency = made.latency;
      parent = std::move(child);
    }
    if (isBetter)
      best = std::move(made);
  }
  plans.push_back(std::move(best));
  llvm::stable_sort(plans, [](const DecodedPlan &a, const DecodedPlan &b) {
    return a.latency < b.latency;
  });
  while (!plans.empty() && std::isinf(plans.back().latency))
    plans.pop_back();
  return plans;
}

std::vector<DecodedPlan> mempl::plansByPolicy(PolicyDecoder &decoder,
                                              double latencyToBeat,
                                              const SolverContext &context,
                                              const Deadline &deadline,
                                              double share, int64_t &moves) {
  return PolicyEvolution(decoder, context, deadline, share, moves)
      .run(latencyToBeat);
}
