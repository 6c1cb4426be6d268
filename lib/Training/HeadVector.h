//===- HeadVector.h - a head of a policy as evolution sees it ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_HEADVECTOR_H
#define MEMPL_LIB_TRAINING_HEADVECTOR_H

#include "mempl/Game/Game.h"
#include "mempl/Solvers/PolicyDecoder.h"

namespace mempl {

/// A head as one vector: weights of segments and of steps, and two numbers that
/// count by their signs. Refers to the numbers, kSize of them.
struct HeadVector {
  static constexpr size_t kSegments = SegmentFeatures::kNumColumns,
                          kSteps = StepFeatures::kNumColumns,
                          kSize = kSegments + kSteps + 2;

  llvm::ArrayRef<double> numbers;

  llvm::ArrayRef<double> segments() const {
    return numbers.take_front(kSegments);
  }
  llvm::ArrayRef<double> steps() const {
    return numbers.slice(kSegments, kSteps);
  }
  double await() const { return numbers[kSize - 2]; }
  double backward() const { return numbers[kSize - 1]; }

  /// Where the evolution of the head of a number begins: with what is saved per
  /// byte and second, in the program's own order or in one that keeps little
  /// open; every other head with the other signs.
  static std::vector<double> beginning(int32_t head);
  /// A policy of one head, all of whose weights are 0: variant() is one of its
  /// head.
  static SegmentPolicy policyOfZeros();
  PolicyVariant variant() const;
  /// What it says of segments.
  std::vector<double> priorities(const SegmentFeatures &features) const;
  /// Makes it one more head of the policy in the weights.
  void addTo(Weights &weights) const;
};

/// The latency of the plan that a variant of the policy makes of a program on
/// the profile, in an order of its own where that is free.
double latencyOf(const Game &game, const SegmentPolicy &policy,
                 const PolicyVariant &variant);

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_HEADVECTOR_H
