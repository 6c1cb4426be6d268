//===- Evolution.cpp - evolves vectors by what they are good for ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants are those of the paper and of Hansen's tutorial on the CMA-ES.
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Evolution.h"

#include "mempl/Support/Random.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

using namespace mempl;

namespace {

/// What follows from dimension and population.
struct Rates {
  Rates(size_t size, int32_t population) {
    auto n = static_cast<double>(size);
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < population / 2; ++i) {
      weights.push_back(std::log(population / 2 + 0.5) - std::log(i + 1.0));
      sum += weights.back();
    }
    for (double &w : weights) {
      w /= sum;
      squares += w * w;
    }
    parents = 1 / squares;
    stepRate = (parents + 2) / (n + parents + 3);
    damping = 1 + stepRate +
              2 * std::max(0.0, std::sqrt((parents - 1) / (n + 1)) - 1);
    pathRate = 4 / (n + 4);
    expected = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    double root = n + std::numbers::sqrt2;
    varianceRate = std::min(
        1.0, (n + 2) / 3 *
                 (2 / (parents * root * root) +
                  (1 - 1 / parents) *
                      std::min(1.0, (2 * parents - 1) /
                                        ((n + 2) * (n + 2) + parents))));
  }

  std::vector<double> weights; ///< Of the better half, the best first.
  double parents;              ///< How many count, in effect.
  double stepRate, damping, pathRate, varianceRate;
  double expected; ///< Length of a normal vector.
};

} // namespace

Evolution::Evolution(std::vector<double> mean, double step, int32_t population,
                     uint64_t seed)
    : mean(std::move(mean)), sigma(step),
      bestSeen(std::numeric_limits<double>::infinity()), population(population),
      seed(seed) {
  variances.assign(size(), 1);
  stepPath.assign(size(), 0);
  variancePath.assign(size(), 0);
  bestVector = this->mean;
}

std::vector<std::vector<double>> Evolution::ask() const {
  Random random(seed + static_cast<uint64_t>(generations), "evolution");
  std::vector<std::vector<double>> vectors;
  for (int32_t i = 0; i < population; ++i) {
    std::vector<double> vector = mean;
    for (size_t k = 0; k < size(); ++k) {
      double z = random.normal();
      if (i > 0 || generations > 0)
        vector[k] += sigma * std::sqrt(variances[k]) * z;
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

void Evolution::tell(llvm::ArrayRef<double> costs) {
  std::vector<std::vector<double>> vectors = ask();
  std::vector<int32_t> order(population);
  std::iota(order.begin(), order.end(), 0);
  llvm::stable_sort(order,
                    [&](int32_t a, int32_t b) { return costs[a] < costs[b]; });
  if (costs[order[0]] < bestSeen) {
    bestSeen = costs[order[0]];
    bestVector = vectors[order[0]];
  }
  Rates rates(size(), population);
  std::vector<double> old = mean;
  auto moved = [&](size_t i, size_t k) {
    return (vectors[order[i]][k] - old[k]) / sigma;
  };
  ++generations;
  double length = 0;
  double keep =
      std::sqrt(rates.stepRate * (2 - rates.stepRate) * rates.parents);
  for (size_t k = 0; k < size(); ++k) {
    double shift = 0;
    for (auto [i, weight] : llvm::enumerate(rates.weights))
      shift += weight * moved(i, k);
    mean[k] += sigma * shift;
    stepPath[k] = (1 - rates.stepRate) * stepPath[k] +
                  keep * shift / std::sqrt(variances[k]);
    length += stepPath[k] * stepPath[k];
  }
  length = std::sqrt(length);
  // A long path says that the step is too small, not that directions differ.
  double start =
      1 - std::pow(1 - rates.stepRate, 2 * static_cast<double>(generations));
  bool isShort = length / std::sqrt(start) <
                 (1.4 + 2 / static_cast<double>(size() + 1)) * rates.expected;
  double add =
      isShort ? std::sqrt(rates.pathRate * (2 - rates.pathRate) * rates.parents)
              : 0;
  for (size_t k = 0; k < size(); ++k) {
    variancePath[k] = (1 - rates.pathRate) * variancePath[k] +
                      add * (mean[k] - old[k]) / sigma;
    double spread = 0;
    for (auto [i, weight] : llvm::enumerate(rates.weights))
      spread += weight * moved(i, k) * moved(i, k);
    variances[k] = (1 - rates.varianceRate) * variances[k] +
                   rates.varianceRate *
                       (variancePath[k] * variancePath[k] / rates.parents +
                        (1 - 1 / rates.parents) * spread);
  }
  sigma *=
      std::exp(rates.stepRate / rates.damping * (length / rates.expected - 1));
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

std::vector<double> Evolution::numbers() const {
  std::vector<double> all = {sigma, bestSeen, static_cast<double>(generations),
                             static_cast<double>(population),
                             llvm::bit_cast<double>(seed)};
  for (const auto *list :
       {&mean, &variances, &stepPath, &variancePath, &bestVector})
    llvm::append_range(all, *list);
  return all;
}

bool Evolution::restore(llvm::ArrayRef<double> numbers) {
  constexpr size_t kNumbers = 5, kVectors = 5;
  if (numbers.size() < kNumbers || (numbers.size() - kNumbers) % kVectors != 0)
    return false;
  size_t count = (numbers.size() - kNumbers) / kVectors;
  sigma = numbers[0];
  bestSeen = numbers[1];
  seed = llvm::bit_cast<uint64_t>(numbers[4]);
  constexpr double kMostGenerations = 1e15, kMostPopulation = 1e4;
  if (!(sigma >= 0 && std::isfinite(sigma)) || std::isnan(bestSeen) ||
      !(numbers[2] >= 0 && numbers[2] <= kMostGenerations) ||
      !(numbers[3] >= 2 && numbers[3] <= kMostPopulation) ||
      !llvm::all_of(numbers.drop_front(kNumbers),
                    [](double x) { return std::isfinite(x); }))
    return false;
  generations = static_cast<int64_t>(numbers[2]);
  population = static_cast<int32_t>(numbers[3]);
  numbers = numbers.drop_front(kNumbers);
  for (auto *list :
       {&mean, &variances, &stepPath, &variancePath, &bestVector}) {
    *list = numbers.take_front(count).vec();
    numbers = numbers.drop_front(count);
  }
  return mean.empty() || (sigma > 0 && llvm::all_of(variances, [](double x) {
                            return x >= 0;
                          }));
}
