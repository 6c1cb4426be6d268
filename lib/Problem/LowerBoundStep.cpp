//===- LowerBoundStep.cpp - the cheapest choice of each step --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For fixed prices a step chooses which of its visits are slow, to make least
//   (1 - bus - in - out) * time + bus * slow time - prices of the slow visits
// where time = overhead + max(compute, memory time). A visit whose price covers
// its memory time is slow; one whose price does not cover the slow memory's
// time is fast; the few in between are slow only as long as they hide behind
// compute. The largest of those are enumerated, the others are a continuous
// knapsack by price per second (a relaxation). Where the values of a step do
// not fit into fast memory together, those that are fast must, which is
// enumerated too. A loop does all that once for each share of the capacity.
//
//===----------------------------------------------------------------------===//

#include "LowerBoundModel.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::bound;

namespace {

/// What a partial choice adds up to.
struct Sums {
  double memory = 0;   ///< Seconds of memory time.
  double slowTime = 0; ///< Seconds of the slow memory.
  double shared = 0;   ///< The same without small visits.
  double price = 0;    ///< Prices of the slow visits.
  double held = 0;     ///< Bytes of the fast ones; large visits only.
};

/// Of the visits that are not decided yet.
struct Rest {
  double held = 0;   ///< Bytes if all are fast.
  double profit = 0; ///< Seconds gained if all that are worth it hide.
};

class StepSolver {
public:
  StepSolver(const Model &model, const Prices &prices, Prices &slope)
      : model(model), prices(prices), slope(slope) {}

  double solve(int32_t k);

private:
  /// The least value of step `k` in mode `index`, constant terms included.
  double solveMode(int32_t k, int32_t index);
  /// Sorts the choices into surely slow, surely fast and open ones.
  void sortChoices(bool crowded);
  void decide(size_t index, const Sums &sums, unsigned mask);
  double flatTime(const Sums &sums) const;
  void charge(int32_t k);

  double profit(int32_t visit) const {
    return prices.visit[visit] - bus * model.visits[visit].slowTime;
  }
  double heldBy(int32_t visit) const {
    return model.values[model.visits[visit].value].held;
  }
  void makeSlow(Sums &sums, int32_t visit) const {
    sums.memory += model.visits[visit].gain;
    sums.slowTime += model.visits[visit].slowTime;
    sums.price += prices.visit[visit];
  }
  void makeBigSlow(Sums &sums, int32_t visit) const {
    makeSlow(sums, visit);
    sums.shared += model.visits[visit].slowTime;
  }
  /// Calls `use` with the share of each small visit that hides behind compute.
  template <typename Use> void hideSmall(double room, Use use) const;

  const Model &model;
  const Prices &prices;
  Prices &slope;
  const PricedStep *step = nullptr;
  const StepMode *mode = nullptr;
  double bus = 0;    ///< Price of the slow memory's time in this step.
  double weight = 0; ///< Of the step's time.
  double wanted = 0; ///< Bytes that its large visits would like to hold.
  double room = 0;   ///< Bytes that they may hold.
  Sums fixed;        ///< Choices that are sure.
  std::vector<int32_t> surelySlow, open;
  std::vector<Rest> rest; ///< Of the open visits from there on.
  std::vector<std::pair<double, int32_t>> small; ///< By profit per second.
  double best = 0;
  unsigned bestMask = 0; ///< Open visits that are slow.
};

} // namespace

void StepSolver::sortChoices(bool crowded) {
  fixed = Sums();
  fixed.memory = step->memory;
  fixed.slowTime = fixed.shared = step->slowTime;
  fixed.held = step->forced;
  surelySlow.clear();
  open.clear();
  small.clear();
  for (int32_t i = step->firstBig; i != step->lastSmall; ++i) {
    int32_t index = model.stepVisits[i];
    const Visit &visit = model.visits[index];
    bool big = i < step->firstSmall;
    // What a slow visit adds to the time of the step at most.
    bool shares = big && mode->slowTime > 0;
    double lost = weight * (shares ? visit.slowTime : visit.gain);
    double gained = profit(index);
    if (gained >= lost) {
      if (big)
        makeBigSlow(fixed, index);
      else
        makeSlow(fixed, index);
      surelySlow.push_back(index);
    } else if (!big) {
      if (gained > 0)
        small.push_back({gained / visit.gain, index});
    } else if (gained > 0 || crowded) {
      open.push_back(index);
    }
  }
  std::sort(small.begin(), small.end(), [](const auto &a, const auto &b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
}

template <typename Use> void StepSolver::hideSmall(double room, Use use) const {
  for (const auto &[ratio, index] : small) {
    if (room <= 0)
      return;
    double gain = model.visits[index].gain;
    double share = gain > room ? room / gain : 1.0;
    use(index, share);
    room -= gain;
  }
}

/// Seconds that the step takes at least, whatever its memory time is. The
/// traffic of a body and that of the large visits share the slow memory.
double StepSolver::flatTime(const Sums &sums) const {
  if (mode->slowTime == 0)
    return mode->compute;
  return std::max(mode->compute, mode->slowTime + sums.shared);
}

/// Decides the open visits from `index` on, by branch and bound: at best all of
/// them hide behind compute. Slow comes first: with all of them slow nothing
/// better can be asked for, whether the rest fits or not. Once memory time is
/// what counts, each further slow visit costs more than its price (else it
/// would be surely slow), so the rest is fast if it fits.
void StepSolver::decide(size_t index, const Sums &sums, unsigned mask) {
  double flat = flatTime(sums);
  double value = weight * (step->overhead + std::max(flat, sums.memory)) +
                 bus * (mode->slowTime + sums.slowTime) - sums.price;
  if (value - rest[index].profit >= best)
    return;
  if (index == open.size() ||
      (mode->slowTime == 0 && sums.memory >= mode->compute &&
       sums.held + rest[index].held <= room)) {
    hideSmall(flat - sums.memory, [&](int32_t small, double share) {
      value -= share * profit(small);
    });
    if (value < best) {
      best = value;
      bestMask = mask;
    }
    return;
  }
  Sums slow = sums;
  makeBigSlow(slow, open[index]);
  decide(index + 1, slow, mask | 1u << index);
  Sums fast = sums;
  fast.held += heldBy(open[index]);
  if (fast.held <= room)
    decide(index + 1, fast, mask);
}

double StepSolver::solveMode(int32_t k, int32_t index) {
  step = &model.steps[k];
  mode = &model.modes[index];
  room = model.capacity - mode->reserved;
  sortChoices(wanted > room);
  best = kNever;
  rest.assign(open.size() + 1, Rest());
  for (const auto &[ratio, visit] : small)
    rest.back().profit += profit(visit);
  for (size_t i = open.size(); i-- != 0;) {
    rest[i].held = rest[i + 1].held + heldBy(open[i]);
    rest[i].profit = rest[i + 1].profit + std::max(0.0, profit(open[i]));
  }
  decide(0, fixed, 0);
  double value = best - prices.capacity[k] * room;
  for (int j = 0; j != kNumStairs; ++j)
    if (model.stairUsed[j])
      value -= prices.stair[j][k] * (model.capacity - mode->stairs[j]);
  return value;
}

/// Adds the supergradient of the choice `bestMask`.
void StepSolver::charge(int32_t k) {
  Sums sums = fixed;
  for (int32_t index : surelySlow)
    slope.visit[index] -= 1;
  for (size_t i = 0; i != open.size(); ++i)
    if (bestMask >> i & 1) {
      makeBigSlow(sums, open[i]);
      slope.visit[open[i]] -= 1;
    }
  double flat = flatTime(sums);
  double time = step->overhead + std::max(flat, sums.memory);
  double slowTime = mode->slowTime + sums.slowTime;
  hideSmall(flat - sums.memory, [&](int32_t index, double share) {
    slope.visit[index] -= share;
    slowTime += share * model.visits[index].slowTime;
  });
  slope.bus[k] += slowTime - time;
  slope.in[k] -= time;
  slope.out[k] -= time;
  slope.capacity[k] -= room;
  for (int j = 0; j != kNumStairs; ++j)
    if (model.stairUsed[j])
      slope.stair[j][k] -= model.capacity - mode->stairs[j];
}

double StepSolver::solve(int32_t k) {
  const PricedStep &current = model.steps[k];
  bus = prices.bus[k];
  weight = 1 - bus - prices.in[k] - prices.out[k];
  wanted = current.forced;
  for (int32_t i = current.firstBig; i != current.firstSmall; ++i)
    wanted += heldBy(model.stepVisits[i]);

  int32_t last = current.lastMode - 1, bestMode = last;
  double value = solveMode(k, last);
  for (int32_t m = current.firstMode; m != last; ++m)
    if (double other = solveMode(k, m); other < value) {
      value = other;
      bestMode = m;
    }
  if (current.firstMode != last)
    solveMode(k, bestMode);
  charge(k);
  return value;
}

double bound::solveSteps(const Model &model, const Prices &prices,
                         Prices &slope) {
  StepSolver solver(model, prices, slope);
  double total = 0;
  for (int32_t k = 0; k != model.numSteps; ++k)
    total += solver.solve(k);
  return total;
}

void bound::solveEachStep(const Model &model, const Prices &prices,
                          Prices &slope, llvm::function_ref<void(double)> use) {
  StepSolver solver(model, prices, slope);
  for (int32_t k = 0; k != model.numSteps; ++k)
    use(solver.solve(k));
}
