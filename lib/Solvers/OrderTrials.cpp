//===- OrderTrials.cpp - which order of steps to go on with ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OrderTrials.h"

#include "Arrangement.h"

#include <algorithm>

using namespace mempl;

namespace {

/// What trials take of what is left of the limits.
constexpr double kTrialsShare = 0.25;
constexpr size_t kMostTrials = 12;

class OrderTrials {
public:
  OrderTrials(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
              std::vector<DecodedPlan> candidates, Effort &effort)
      : index(index), loops(loops), candidates(std::move(candidates)),
        effort(effort) {}

  DecodedPlan run(double effortPerPass);

private:
  size_t numTrials(double share, double effortPerPass) const;
  void anneal(DecodedPlan &candidate, double until);

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  std::vector<DecodedPlan> candidates;
  Effort &effort;
};

} // namespace

/// How many candidates are tried in `share` of the limits. A trial begins with
/// about as much as a pass, and has to be longer.
size_t OrderTrials::numTrials(double share, double effortPerPass) const {
  constexpr double rounds = 4, least = 4;
  double most = effortPerPass > 0 ? share / (rounds * least * effortPerPass)
                                  : kMostTrials;
  return std::clamp<size_t>(static_cast<size_t>(std::min(most, 1e6)), 1,
                            std::min(kMostTrials, candidates.size()));
}

/// Improves a candidate until so much of the limits is used up.
void OrderTrials::anneal(DecodedPlan &candidate, double until) {
  effort.moves += movesPerPass(index);
  Arrangement arrangement(index, candidate.plan, /*isFree=*/true);
  Annealer annealer = arrangement.annealer(
      loops, effort.context, effort.deadline, Addressing::Profile);
  annealer.countMoves(effort.moves);
  candidate.plan =
      annealer.run(candidate.plan, limitsUntil(until, effort.context));
  candidate.latency = annealer.bestLatency();
  effort.moves = annealer.numMoves();
}

DecodedPlan OrderTrials::run(double effortPerPass) {
  double share = kTrialsShare * (1 - effort.used());
  candidates.resize(numTrials(share, effortPerPass));
  int rounds = 0;
  for (size_t left = candidates.size(); left > 1; left = (left + 1) / 2)
    ++rounds;
  double until = effort.used();
  for (; candidates.size() > 1;
       candidates.resize((candidates.size() + 1) / 2)) {
    double each = share / (rounds * static_cast<double>(candidates.size()));
    for (DecodedPlan &candidate : candidates)
      anneal(candidate, until += each);
    sortByLatency(candidates);
  }
  return std::move(candidates.front());
}

DecodedPlan mempl::bestOfTrials(const AccessIndex &index,
                                llvm::ArrayRef<LoopChoices> loops,
                                std::vector<DecodedPlan> openings,
                                double effortPerPass, Effort &effort) {
  return OrderTrials(index, loops, std::move(openings), effort)
      .run(effortPerPass);
}
