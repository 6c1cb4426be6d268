//===- Evolution.h - evolves vectors by what they are good for --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sep-CMA-ES (Ros and Hansen, "A simple modification in CMA-ES achieving linear
// time and space complexity", PPSN 2008): an evolution strategy whose
// covariance matrix is diagonal.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRAINING_EVOLUTION_H
#define MEMPL_TRAINING_EVOLUTION_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mempl {

/// Minimises a function of vectors. Deterministic: what is drawn depends on the
/// seed and the generation.
class Evolution {
public:
  Evolution() = default;
  /// Begins around `mean`, with a standard deviation of `step` in every
  /// direction. `population`: vectors per generation, at least 2.
  Evolution(std::vector<double> mean, double step, int32_t population,
            uint64_t seed);

  /// The vectors of this generation; the first generation begins with the mean.
  std::vector<std::vector<double>> ask() const;
  /// What those that ask() gave are worth, in their order: less is better.
  void tell(llvm::ArrayRef<double> costs);

  int64_t generation() const { return generations; }
  /// The best vector ever seen, and its cost.
  llvm::ArrayRef<double> best() const { return bestVector; }
  double bestCost() const { return bestSeen; }
  /// The standard deviation, but for the differences between directions.
  double step() const { return sigma; }

  /// All of it as numbers, and back; false if they are none of it.
  std::vector<double> numbers() const;
  bool restore(llvm::ArrayRef<double> numbers);

private:
  size_t size() const { return mean.size(); }

  std::vector<double> mean, variances, stepPath, variancePath, bestVector;
  double sigma = 0, bestSeen = 0;
  int64_t generations = 0;
  int32_t population = 2;
  uint64_t seed = 0;
};

} // namespace mempl

#endif // MEMPL_TRAINING_EVOLUTION_H
