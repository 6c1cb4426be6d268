//===- PolicyDecoder.h - plans that a policy makes --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pass by a policy (GreedyPass.h) makes a plan in the time of some hundred
// moves of an annealer. Where the order of steps is free, the policy makes that
// first.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_POLICYDECODER_H
#define MEMPL_SOLVERS_POLICYDECODER_H

#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/LoopPlanning.h"
#include "mempl/Solvers/SegmentPolicy.h"

#include <limits>

namespace mempl {

/// A head of a policy, and by how much its weights are changed.
struct PolicyVariant {
  int32_t head = 0;
  std::vector<double> segments, order; ///< Added to the weights of features.
  bool awaitsEarly = false, isBackward = false;
};

/// A head of a policy as it is.
PolicyVariant headOf(const SegmentPolicy &policy, int32_t head);

/// A plan on the profile of fast memory; infinitely slow if there is none.
struct DecodedPlan {
  Plan plan;
  double latency = std::numeric_limits<double>::infinity();
};

/// Makes plans for one program.
class PolicyDecoder {
public:
  /// The index is of the program as it stands; all must outlive this. With
  /// `isFree` plans have an order.
  PolicyDecoder(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
                const SegmentPolicy &policy, bool isFree,
                const Deadline &deadline);
  ~PolicyDecoder();

  const SegmentPolicy &policy() const { return heads; }
  /// The plan of a variant. The order is made anew only if that of the last
  /// plan was made by other weights.
  DecodedPlan decode(const PolicyVariant &variant);

private:
  struct Arranged;

  std::vector<double> orderWeights(const PolicyVariant &variant) const;
  void arrange(const PolicyVariant &variant);

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const SegmentPolicy &heads;
  bool isFree;
  const Deadline &deadline;
  Plan empty; // Plans of loops, and the order that is arranged.
  std::vector<double> arrangedBy;
  bool arrangedBackward = false;
  std::unique_ptr<Arranged> arranged;
};

} // namespace mempl

#endif // MEMPL_SOLVERS_POLICYDECODER_H
