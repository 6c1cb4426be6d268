//===- LowerBoundAscent.cpp - climbing the dual function ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowerBoundAscent.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

using namespace mempl;
using namespace mempl::bound;

namespace {

// Found by trying on 19 networks with two cost models each, at several
// capacities and copy bandwidths, and on random programs.
constexpr Pace kFirstPace = {0.1, 1e-5, 30, 0};
constexpr Pace kWindowPace = {0.1, 1e-5, 30, 1};
constexpr Pace kLaterPace = {0.05, 1e-5, 30, 0};
constexpr double kShrink = 0.5;       ///< Of the stride, after a stall.
constexpr double kProgress = 1e-5;    ///< Relative rise that counts as such.
constexpr double kWorthwhile = 1e-4;  ///< Rise of a climb that earns another.
constexpr double kMeanDecay = 0.9;    ///< Of the averaged slope.
constexpr double kSquareDecay = 0.95; ///< Of the averaged squared slope.
/// Unit of the price of capacity: half a transfer of the byte per step.
constexpr double kCapacityUnit = 0.5;
constexpr float kCountDecay = 0.9F; ///< Of the shares of decisions.

struct Window {
  double sum = 0;
  size_t from = 0, to = 0;
};

/// The stretch [from, to) of [0, size) with the largest sum of `get` (Kadane).
template <typename Get> Window largestWindow(size_t size, Get get) {
  Window largest, window;
  for (size_t i = 0; i != size; ++i) {
    if (window.sum <= 0)
      window = {0, i, i};
    window.sum += get(i);
    window.to = i + 1;
    if (window.sum > largest.sum)
      largest = window;
  }
  return largest;
}

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
  value += paths.solve(prices, slope);
  if (counting)
    countDecisions();
  return value;
}

void Ascent::countDecisions() {
  auto count = [](llvm::ArrayRef<uint8_t> now, std::vector<float> &shares) {
    for (size_t i = 0; i != now.size(); ++i)
      shares[i] = kCountDecay * shares[i] + (1 - kCountDecay) * now[i];
  };
  count(paths.slowVisits, slowShare);
  count(paths.heldGaps, heldShare);
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

/// Waits are priced by the channels' time, and what is slow at its full cost.
void Ascent::startFromChannels() {
  releaseChannels();
  std::fill(prices.all.begin(), prices.all.end(), 0.0);
  for (size_t i = 0; i != model.visits.size(); ++i)
    prices.visit[i] = units[i];
  std::fill(prices.inWait.begin(), prices.inWait.end(), 0.5);
  std::fill(prices.outWait.begin(), prices.outWait.end(), 0.5);
}

void Ascent::run(double floor) {
  best = floor;
  tied = model.isFree;
  climb(kFirstPace);
  if (model.copyLatency > 0) {
    startFromChannels();
    climb(kFirstPace);
    if (std::exchange(tied, false)) {
      startFromChannels();
      climb(kFirstPace);
    }
    std::copy(bestPrices.begin(), bestPrices.end(), prices.all.begin());
    climb(kWindowPace);
  }
  tied = false;
  double before;
  do {
    before = best;
    std::copy(bestPrices.begin(), bestPrices.end(), prices.all.begin());
    climb(kLaterPace);
  } while (best > before + kWorthwhile * before && !isDone());
}

void Ascent::refine(llvm::ArrayRef<double> start, double floor, Pace pace) {
  best = floor;
  bestPrices.assign(start.begin(), start.end());
  std::copy(start.begin(), start.end(), prices.all.begin());
  if (model.copyLatency > 0)
    releaseChannels();
  counting = paths.recording = true;
  slowShare.assign(model.visits.size(), 0.5F);
  heldShare.assign(model.gaps.size(), 0.5F);
  climb(pace);
}

void Ascent::climb(Pace pace) {
  means.assign(units.size(), 0.0);
  squares.assign(units.size(), 0.0);
  meanWeight = squareWeight = 1;
  double mark = -kNever, stride = pace.stride;
  int stalled = 0;
  while (!isDone()) {
    double value = evaluate();
    ++iterations;
    if (counting && !paths.feasible) {
      best = kNever;
      return;
    }
    if (value > best) {
      best = value;
      std::copy(prices.all.begin(), prices.all.end(), bestPrices.begin());
    }
    if (best > mark + kProgress * best) {
      mark = best;
      stalled = 0;
    } else if (++stalled == pace.patience) {
      stalled = 0;
      stride *= kShrink;
      if (stride < pace.leastStride)
        return;
    }
    if (tied)
      tie();
    move(stride);
    if (pace.windows > 0)
      moveWindows(pace.windows * stride);
    prices.project(model, channelsReleased);
  }
}

/// Moves the prices of all steps alike.
void Ascent::tie() {
  for (llvm::MutableArrayRef<double> part : {slope.bus, slope.in, slope.out}) {
    double sum = std::accumulate(part.begin(), part.end(), 0.0);
    std::fill(part.begin(), part.end(),
              sum / static_cast<double>(std::max<size_t>(part.size(), 1)));
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

/// The time of a channel in a whole stretch of steps and waits is worth more if
/// the copies there exceed it, and less if they leave some: moves the prices of
/// the stretches with the largest excess and with the most left over. Single
/// prices do not get there. All that the copies ask of the stretch shows where
/// it is cheapest, and everywhere else there is time left over.
void Ascent::moveWindows(double stride) {
  auto meanOf = [&](const double &price) {
    return means[&price - prices.all.data()];
  };
  auto moveChannel = [&](llvm::MutableArrayRef<double> steps,
                         llvm::MutableArrayRef<double> waits) {
    // Wait 0, step 0, wait 1, step 1, ...
    auto at = [&](size_t i) -> double & {
      return i % 2 ? steps[i / 2] : waits[i / 2];
    };
    for (double sign : {1.0, -1.0}) {
      Window window = largestWindow(steps.size() + waits.size(), [&](size_t i) {
        return sign * meanOf(at(i));
      });
      for (size_t i = window.from; i != window.to; ++i)
        at(i) += sign * stride;
    }
  };
  moveChannel(prices.in, prices.inWait);
  moveChannel(prices.out, prices.outWait);
  moveChannel(prices.bus, prices.busWait);
}
