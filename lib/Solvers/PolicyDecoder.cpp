//===- PolicyDecoder.cpp - plans that a policy makes ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/PolicyDecoder.h"

#include "Arrangement.h"
#include "StartingOrders.h"

#include <numeric>

using namespace mempl;

/// A program in an order, and what is seen of its segments.
struct PolicyDecoder::Arranged {
  Arranged(const AccessIndex &index, const Plan &plan, bool isFree)
      : arrangement(index, plan, isFree),
        features(arrangement.index(), arrangement.intervals()) {}

  Arrangement arrangement;
  SegmentFeatures features;
};

PolicyDecoder::PolicyDecoder(const AccessIndex &index,
                             llvm::ArrayRef<LoopChoices> loops,
                             const SegmentPolicy &policy, bool isFree,
                             const Deadline &deadline)
    : index(index), loops(loops), heads(policy), isFree(isFree),
      deadline(deadline) {
  PlanEditor editor(index, -1, Addressing::Profile);
  chooseLoops(editor, loops);
  empty = editor.plan();
}

PolicyDecoder::~PolicyDecoder() = default;

PolicyVariant mempl::headOf(const SegmentPolicy &policy, int32_t head) {
  PolicyVariant variant;
  variant.head = head;
  variant.segments.assign(SegmentFeatures::kNumColumns, 0);
  variant.order.assign(StepFeatures::kNumColumns, 0);
  variant.awaitsEarly = policy.awaitsEarly(head);
  variant.isBackward = policy.ordersBackward(head);
  return variant;
}

std::vector<double>
PolicyDecoder::orderWeights(const PolicyVariant &variant) const {
  std::vector<double> weights = variant.order;
  for (auto [weight, learned] :
       llvm::zip_equal(weights, heads.orderPart(variant.head)))
    weight += learned;
  return weights;
}

void PolicyDecoder::arrange(const PolicyVariant &variant) {
  std::vector<double> weights = orderWeights(variant);
  if (arranged && (!isFree || (weights == arrangedBy &&
                               variant.isBackward == arrangedBackward)))
    return;
  if (isFree)
    empty.order = orderByPolicy(index, weights, variant.isBackward);
  arranged = std::make_unique<Arranged>(index, empty, isFree);
  arrangedBy = std::move(weights);
  arrangedBackward = variant.isBackward;
}

DecodedPlan PolicyDecoder::decode(const PolicyVariant &variant) {
  arrange(variant);
  const SegmentFeatures &features = arranged->features;
  const UseIntervalForest &forest = arranged->arrangement.intervals();
  std::vector<double> priority = heads.priorities(features, variant.head);
  for (auto [node, sum] : llvm::enumerate(priority)) {
    llvm::ArrayRef<float> row = features.row(static_cast<int32_t>(node));
    sum = std::inner_product(row.begin(), row.end(), variant.segments.begin(),
                             sum);
  }
  PassOrder order = {
      nodesByPriority(arranged->arrangement.index(), forest, priority),
      variant.awaitsEarly};
  return planByPass(arranged->arrangement, Addressing::Profile, loops, empty,
                    order, deadline);
}
