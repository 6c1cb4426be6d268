//===- SegmentPolicy.h - learned orders of segments -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A policy says which segment (neighbouring uses of one value, a node of the
// UseIntervalForest) to take into fast memory first. It sees features of the
// segments and of the program, costs a microsecond per segment, and needs no
// LibTorch.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SEGMENTPOLICY_H
#define MEMPL_SOLVERS_SEGMENTPOLICY_H

#include "mempl/Solvers/UseIntervalForest.h"
#include "mempl/Solvers/Weights.h"

namespace mempl {

/// What policies see of a program: one row per UseIntervalForest::nodes(), and
/// what is the same for all of them. SegmentFeatures.def says what they are.
/// All numbers are finite and within [-kLimit, kLimit].
class SegmentFeatures {
public:
  static constexpr float kLimit = 20;
  enum Column : int32_t {
#define MEMPL_SEGMENT_FEATURE(NAME, DOC) NAME,
#include "mempl/Solvers/SegmentFeatures.def"
    kNumColumns ///< How many there are.
  };
  enum Context : int32_t {
#define MEMPL_PROGRAM_FEATURE(NAME, DOC) NAME,
#include "mempl/Solvers/SegmentFeatures.def"
    kNumContext ///< How many there are.
  };

  SegmentFeatures(const AccessIndex &index, const UseIntervalForest &forest);

  int32_t numRows() const {
    return static_cast<int32_t>(data.size()) / kNumColumns;
  }
  llvm::ArrayRef<float> row(int32_t node) const {
    return llvm::ArrayRef(data).slice(static_cast<size_t>(node) * kNumColumns,
                                      kNumColumns);
  }
  llvm::ArrayRef<float> context() const { return program; }

private:
  std::vector<float> data, program;
};

/// What policies see of the steps that could come next while an order is made.
struct StepFeatures {
  enum Column : int32_t {
#define MEMPL_STEP_FEATURE(NAME, DOC) NAME,
#include "mempl/Solvers/StepFeatures.def"
    kNumColumns ///< How many there are.
  };
};

/// A policy of several heads, each a whole policy of its own: they complement
/// each other, and the first ones are the best by themselves. A head gives a
/// segment a priority, which is linear in the features of the segment but for
/// what a hidden layer, which sees the program as well, adds. Where the order
/// of steps is free, the head makes one: always the step comes next whose
/// features, weighted, have the largest sum.
///
/// Arrays of the weights, with H hidden units and K heads:
///   policy.linear [K, SegmentFeatures::kNumColumns]
///   policy.await  [K]: above 0, copies out are awaited as early as possible
///   policy.order  [K, StepFeatures::kNumColumns]
///   policy.backward [K]: above 0, the order is made from its end
///   policy.hidden [H, kNumColumns + kNumContext + 1], the last one the bias;
///   policy.output [K, H]: both may be missing.
class SegmentPolicy {
public:
  /// An error if the weights have no policy or one that does not fit.
  static llvm::Expected<SegmentPolicy> create(const Weights &weights);
  /// The policy in a file; the one that comes with mempl if `path` is empty.
  static llvm::Expected<SegmentPolicy> read(llvm::StringRef path);

  int32_t numHeads() const { return static_cast<int32_t>(await.size()); }
  /// The priority of every segment by one head.
  std::vector<double> priorities(const SegmentFeatures &features,
                                 int32_t head) const;
  bool awaitsEarly(int32_t head) const { return await[head] > 0; }
  /// The weights of the features in a head.
  llvm::ArrayRef<float> linearPart(int32_t head) const {
    return llvm::ArrayRef(linear).slice(static_cast<size_t>(head) *
                                            SegmentFeatures::kNumColumns,
                                        SegmentFeatures::kNumColumns);
  }
  /// The weights of StepFeatures in a head.
  llvm::ArrayRef<float> orderPart(int32_t head) const {
    return llvm::ArrayRef(order).slice(static_cast<size_t>(head) *
                                           StepFeatures::kNumColumns,
                                       StepFeatures::kNumColumns);
  }
  bool ordersBackward(int32_t head) const { return backward[head] > 0; }

private:
  SegmentPolicy() = default;

  std::vector<float> linear, await, order, backward, hidden, output;
};

/// Names of the features, one per line, with their kind: weights are good for
/// equal ones only.
std::string segmentFeatureNames();

} // namespace mempl

#endif // MEMPL_SOLVERS_SEGMENTPOLICY_H
