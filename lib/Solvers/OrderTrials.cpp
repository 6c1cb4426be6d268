//===- OrderTrials.cpp - which order of steps to go on with ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OrderTrials.h"

#include "Arrangement.h"
#include "GreedyPass.h"
#include "StartingOrders.h"

#include "mempl/Solvers/Greedy.h"

#include <algorithm>

using namespace mempl;

namespace {

/// Of the limits, until when greedy passes may go on that make plans to begin
/// with; and what trials take of what is left then.
constexpr double kPassesShare = 0.3, kTrialsShare = 0.25;
constexpr size_t kMostTrials = 12;

class OrderTrials {
public:
  OrderTrials(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
              const SolverContext &context, const Deadline &deadline,
              int64_t &moves)
      : index(index), loops(loops), context(context), deadline(deadline),
        moves(moves) {}

  Plan run(Plan start, std::vector<DecodedPlan> others);

private:
  using Candidate = DecodedPlan;

  void addCandidates(Plan start);
  void addCandidate(Plan empty);
  void sortCandidates();
  size_t numTrials(double share, double sharePerPass) const;
  void anneal(Candidate &candidate, double until);
  /// Of the limits, how much is used up.
  double used() const {
    double ofBudget =
        context.budget > 0
            ? static_cast<double>(moves) / static_cast<double>(context.budget)
            : 0;
    return std::max(ofBudget, deadline.share());
  }

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const SolverContext &context;
  const Deadline &deadline;
  int64_t &moves;
  std::vector<Candidate> candidates;
};

} // namespace

/// `start`, and what a greedy pass makes of each other order.
void OrderTrials::addCandidates(Plan start) {
  Plan empty;
  empty.loops = start.loops;
  Arrangement own(index, start, /*isFree=*/true);
  PlanEditor editor = own.editor(Addressing::Profile);
  loadPlan(editor, loops, start);
  candidates.push_back({editor.plan(), editor.latency()});
  double costOfPass = context.budget > 0
                          ? static_cast<double>(movesPerPass(index)) /
                                static_cast<double>(context.budget)
                          : 0;
  for (std::vector<int32_t> &order : startingOrders(index)) {
    if (used() + costOfPass > kPassesShare || deadline.hasPassed())
      return;
    empty.order = std::move(order);
    addCandidate(empty);
  }
}

/// Adds what a greedy pass makes of a plan that has an order and loops only.
void OrderTrials::addCandidate(Plan empty) {
  Arrangement arrangement(index, empty, /*isFree=*/true);
  PlanEditor editor = arrangement.editor(Addressing::Profile);
  loadPlan(editor, loops, empty);
  moves += movesPerPass(index);
  if (!placeConstrained(editor, arrangement.intervals()))
    return;
  greedyPass(editor, arrangement.intervals(), deadline);
  candidates.push_back({editor.plan(), editor.latency()});
}

void OrderTrials::sortCandidates() {
  llvm::stable_sort(candidates, [](const Candidate &a, const Candidate &b) {
    return a.latency < b.latency;
  });
}

/// How many candidates are tried in `share` of the limits if a pass over the
/// program takes `sharePerPass`. A trial begins with about as much, and has to
/// be longer.
size_t OrderTrials::numTrials(double share, double sharePerPass) const {
  constexpr double rounds = 4, least = 4;
  double most =
      sharePerPass > 0 ? share / (rounds * least * sharePerPass) : kMostTrials;
  return std::clamp<size_t>(static_cast<size_t>(std::min(most, 1e6)), 1,
                            std::min(kMostTrials, candidates.size()));
}

/// Improves a candidate until so much of the limits is used up.
void OrderTrials::anneal(Candidate &candidate, double until) {
  moves += movesPerPass(index);
  Arrangement arrangement(index, candidate.plan, /*isFree=*/true);
  Annealer annealer =
      arrangement.annealer(loops, context, deadline, Addressing::Profile);
  annealer.countMoves(moves);
  candidate.plan = annealer.run(candidate.plan, limitsUntil(until, context));
  candidate.latency = annealer.bestLatency();
  moves = annealer.numMoves();
}

Plan OrderTrials::run(Plan start, std::vector<DecodedPlan> others) {
  double before = used();
  addCandidates(std::move(start));
  double sharePerPass =
      (used() - before) / static_cast<double>(candidates.size());
  llvm::move(others, std::back_inserter(candidates));
  sortCandidates();
  double share = kTrialsShare * (1 - used());
  candidates.resize(numTrials(share, sharePerPass));
  int rounds = 0;
  for (size_t left = candidates.size(); left > 1; left = (left + 1) / 2)
    ++rounds;
  double until = used();
  for (; candidates.size() > 1;
       candidates.resize((candidates.size() + 1) / 2)) {
    double each = share / (rounds * static_cast<double>(candidates.size()));
    for (Candidate &candidate : candidates)
      anneal(candidate, until += each);
    sortCandidates();
  }
  return std::move(candidates.front().plan);
}

Plan mempl::planInGoodOrder(const AccessIndex &index,
                            llvm::ArrayRef<LoopChoices> loops,
                            const SolverContext &context,
                            const Deadline &deadline, Plan start,
                            std::vector<DecodedPlan> others, int64_t &moves) {
  return OrderTrials(index, loops, context, deadline, moves)
      .run(std::move(start), std::move(others));
}
