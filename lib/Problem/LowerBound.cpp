//===- LowerBound.cpp - what no plan can beat -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Climbs the dual function of the relaxation in LowerBoundModel.h. It is
// concave and piecewise linear; each evaluation gives its value, a valid bound,
// and a supergradient. The ascent scales every coordinate by a running mean of
// its squared slopes and averages the slopes, as Adam does (Kingma and Ba,
// ICLR 2015); the stride shrinks whenever the best value has not risen for a
// while. When it is used up, the climb starts again from the best point with a
// shorter stride, as long as that is worth it. Where only latency binds the
// channels, their prices are released for these later climbs: from the start
// they would slow the ascent down.
//
// The first k iterations do not depend on how many are allowed, so the bound
// never falls as iterations are added. It is the optimum of a relaxation at
// most, and the ascent may stop short of that.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/LowerBound.h"

#include "LowerBoundModel.h"

#include "mempl/Problem/Simulator.h"

#include <algorithm>
#include <cmath>

using namespace mempl;
using namespace mempl::bound;

namespace {

/// Shares of the capacity that the body of an outermost loop is bounded for.
constexpr int kBodyModes = 4;
/// Iterations for the body of a loop: fixed, so that a larger budget for the
/// outer program only ever continues the same computation.
constexpr int64_t kBodyIterations = 400;

// Found by trying on 19 networks with two cost models each, at several
// capacities and copy bandwidths, and on random programs.
constexpr double kFirstStride = 0.1;  ///< In scaled coordinates.
constexpr double kLaterStride = 0.05; ///< The same for later climbs.
constexpr double kLeastStride = 1e-5; ///< Where a climb ends.
constexpr double kShrink = 0.5;       ///< Of the stride, after a stall.
constexpr int kPatience = 30;         ///< Iterations without progress.
constexpr double kProgress = 1e-5;    ///< Relative rise that counts as such.
constexpr double kWorthwhile = 1e-4;  ///< Rise of a climb that earns another.
constexpr double kMeanDecay = 0.9;    ///< Of the averaged slope.
constexpr double kSquareDecay = 0.95; ///< Of the averaged squared slope.
/// Unit of the price of capacity: half a transfer of the byte per step.
constexpr double kCapacityUnit = 0.5;
/// What is left of the bound after rounding errors of its sums.
constexpr double kRounding = 1 - 1e-10;

/// Projects (a, b, c) onto the simplex {a, b, c >= 0, a + b + c = 1}: the
/// prices of a wait (Held, Wolfe, Crowder 1974).
void projectOntoSimplex(double &a, double &b, double &c) {
  double sorted[3] = {a, b, c};
  std::sort(sorted, sorted + 3, std::greater<double>());
  double sum = 0, shift = 0;
  for (int i = 0; i != 3; ++i) {
    sum += sorted[i];
    double candidate = (sum - 1) / (i + 1);
    if (sorted[i] > candidate)
      shift = candidate;
  }
  a = std::max(0.0, a - shift);
  b = std::max(0.0, b - shift);
  c = std::max(0.0, c - shift);
}

class Ascent {
public:
  Ascent(const Model &model, const LowerBoundOptions &options);

  /// All climbs. `floor` is a bound known before.
  void run(double floor);

  double best = 0;        ///< Largest value seen.
  int64_t iterations = 0; ///< Evaluations of the dual function.
  std::vector<double> bestPrices;
  Prices prices;

private:
  double evaluate();
  bool isDone() const;
  void climb(double stride);
  void move(double stride);
  void centreWaits();
  void project();
  void releaseChannels();
  void release(llvm::MutableArrayRef<double> part, double unit);

  const Model &model;
  const LowerBoundOptions &options;
  PathSolver paths;
  Prices slope;
  /// Size of one unit of each coordinate; zero for those that stand still.
  std::vector<double> units;
  std::vector<double> means, squares;
  double meanWeight = 1, squareWeight = 1;
  bool channelsReleased = false;
};

} // namespace

Ascent::Ascent(const Model &model, const LowerBoundOptions &options)
    : prices(model), model(model), options(options), paths(model),
      slope(model) {
  units.assign(prices.all.size(), 0.0);
  for (size_t i = 0; i != model.visits.size(); ++i) {
    if (!model.visits[i].isChoice())
      continue;
    prices.visit[i] = 0.5 * model.visits[i].slowTime;
    units[i] = model.visits[i].slowTime; // Visits come first in Prices::all.
  }
  release(prices.capacity, kCapacityUnit / model.slowBandwidth);
  for (llvm::MutableArrayRef<double> part : prices.stair)
    release(part, kCapacityUnit / model.slowBandwidth);
  release(prices.bus, 1);
  if (model.copyBandwidth < model.slowBandwidth)
    releaseChannels();
  bestPrices = prices.all;
}

void Ascent::release(llvm::MutableArrayRef<double> part, double unit) {
  std::fill_n(units.begin() + (part.data() - prices.all.data()), part.size(),
              unit);
}

double Ascent::evaluate() {
  std::fill(slope.all.begin(), slope.all.end(), 0.0);
  double value = solveSteps(model, prices, slope);
  return value + paths.solve(prices, slope);
}

bool Ascent::isDone() const {
  return iterations >= options.maxIterations ||
         (options.knownLatency > 0 && best >= options.knownLatency) ||
         (options.cancelled && options.cancelled());
}

void Ascent::releaseChannels() {
  for (llvm::MutableArrayRef<double> part :
       {prices.in, prices.out, prices.busWait, prices.inWait, prices.outWait})
    release(part, 1);
  channelsReleased = true;
}

void Ascent::run(double floor) {
  best = floor;
  climb(kFirstStride);
  if (model.copyLatency > 0)
    releaseChannels();
  double before;
  do {
    before = best;
    std::copy(bestPrices.begin(), bestPrices.end(), prices.all.begin());
    climb(kLaterStride);
  } while (best > before + kWorthwhile * before && !isDone());
}

void Ascent::climb(double stride) {
  means.assign(units.size(), 0.0);
  squares.assign(units.size(), 0.0);
  meanWeight = squareWeight = 1;
  double mark = -kNever;
  int stalled = 0;
  while (!isDone()) {
    double value = evaluate();
    ++iterations;
    if (value > best) {
      best = value;
      std::copy(prices.all.begin(), prices.all.end(), bestPrices.begin());
    }
    if (best > mark + kProgress * best) {
      mark = best;
      stalled = 0;
    } else if (++stalled == kPatience) {
      stalled = 0;
      stride *= kShrink;
      if (stride < kLeastStride)
        return;
    }
    move(stride);
    project();
  }
}

/// Only what changes the mix of a wait's prices counts, as their sum is fixed;
/// otherwise the scaling below would raise all of them alike.
void Ascent::centreWaits() {
  for (int32_t k = 0; k <= model.numSteps; ++k) {
    double mean = (slope.busWait[k] + slope.inWait[k] + slope.outWait[k]) / 3;
    slope.busWait[k] -= mean;
    slope.inWait[k] -= mean;
    slope.outWait[k] -= mean;
  }
}

void Ascent::move(double stride) {
  if (channelsReleased)
    centreWaits();
  meanWeight *= kMeanDecay;
  squareWeight *= kSquareDecay;
  double meanScale = 1 / (1 - meanWeight);
  double squareScale = 1 / (1 - squareWeight);
  // Slopes far below a billionth of the bound are noise.
  double noise = std::max(best, 1e-300) * 1e-9;
  // Separate arrays that do not overlap, so that compilers make vectors of it.
  const double *__restrict slopes = slope.all.data();
  double *__restrict price = prices.all.data();
  double *__restrict mean = means.data();
  double *__restrict square = squares.data();
  for (size_t i = 0, end = units.size(); i != end; ++i) {
    double unit = units[i]; // With zero, all of this is zero.
    double rise = slopes[i] * unit;
    mean[i] = kMeanDecay * mean[i] + (1 - kMeanDecay) * rise;
    square[i] = kSquareDecay * square[i] + (1 - kSquareDecay) * rise * rise;
    double deviation = std::sqrt(square[i] * squareScale) + noise;
    price[i] += stride * unit * mean[i] * meanScale / deviation;
  }
}

/// Back into the region where the dual function is the bound: no negative
/// prices of inequalities, at most one second per second of a step or of a
/// wait. Prices of visits are free; above their slow time they gain nothing.
void Ascent::project() {
  auto clamp = [](llvm::MutableArrayRef<double> part, double most) {
    for (double &price : part)
      price = std::min(std::max(price, 0.0), most);
  };
  clamp(prices.capacity, kNever);
  for (llvm::MutableArrayRef<double> part : prices.stair)
    clamp(part, kNever);
  for (size_t i = 0; i != prices.visit.size(); ++i)
    prices.visit[i] = std::min(prices.visit[i], units[i]);
  clamp(prices.bus, 1);
  clamp(prices.in, 1);
  clamp(prices.out, 1);
  for (int32_t k = 0; k != model.numSteps; ++k) {
    double channels = prices.in[k] + prices.out[k];
    if (prices.bus[k] + channels > 1) {
      double scale = (1 - prices.bus[k]) / channels;
      prices.in[k] *= scale;
      prices.out[k] *= scale;
    }
  }
  if (channelsReleased)
    for (int32_t k = 0; k <= model.numSteps; ++k)
      projectOntoSimplex(prices.busWait[k], prices.inWait[k],
                         prices.outWait[k]);
}

/// Turns the best multipliers into the prices that LowerBoundResult promises.
static void report(const Model &model, Ascent &ascent,
                   LowerBoundResult &result) {
  std::copy(ascent.bestPrices.begin(), ascent.bestPrices.end(),
            ascent.prices.all.begin());
  const Prices &prices = ascent.prices;
  result.capacityPrice.assign(prices.capacity.begin(), prices.capacity.end());
  for (llvm::ArrayRef<double> part : prices.stair)
    for (size_t k = 0; k != part.size(); ++k)
      result.capacityPrice[k] += part[k];
  std::vector<double> priced(model.numSteps), gains(model.numSteps);
  for (size_t i = 0; i != model.visits.size(); ++i) {
    const Visit &visit = model.visits[i];
    if (!visit.isChoice())
      continue;
    priced[visit.step] += prices.visit[i];
    gains[visit.step] += visit.gain;
  }
  result.memoryShare.assign(model.numSteps, 0.0);
  for (int32_t k = 0; k != model.numSteps; ++k)
    if (gains[k] > 0)
      result.memoryShare[k] =
          std::min(std::max(priced[k] / gains[k], 0.0), 1.0);
}

BodyBound bound::boundBody(InstanceRef body,
                           const std::function<bool()> &cancelled) {
  Model model(body, 1, cancelled);
  LowerBoundOptions options;
  options.cancelled = cancelled;
  options.maxIterations = kBodyIterations;
  Ascent ascent(model, options);
  ascent.run(idealLatency(body));
  return {ascent.best * kRounding, model.leastSlowTime * kRounding};
}

LowerBoundResult mempl::lowerBound(const Instance &instance,
                                   const LowerBoundOptions &options) {
  Model model(instance, kBodyModes, options.cancelled);
  Ascent ascent(model, options);
  double ideal = idealLatency(instance);
  ascent.run(ideal);
  LowerBoundResult result;
  result.bound = std::max(ideal, ascent.best * kRounding);
  result.iterations = ascent.iterations;
  report(model, ascent, result);
  return result;
}
