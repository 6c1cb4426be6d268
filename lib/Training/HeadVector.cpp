//===- HeadVector.cpp - a head of a policy as evolution sees it -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadVector.h"

#include "mempl/Solvers/Solver.h"

using namespace mempl;

std::vector<double> HeadVector::beginning(int32_t head) {
  std::vector<double> mean(kSize, 0);
  mean[SegmentFeatures::NetBenefit] = 1;
  mean[SegmentFeatures::Size] = head % 2 == 0 ? -0.5 : -1;
  mean[SegmentFeatures::Held] = head % 3 == 0 ? -0.5 : -1;
  double *steps = &mean[kSegments];
  if (head % 3 == 0)
    steps[StepFeatures::Place] = -1;
  if (head % 3 == 1) {
    steps[StepFeatures::Place] = -0.5;
    steps[StepFeatures::Opens] = -2;
    steps[StepFeatures::Closes] = 2;
  }
  if (head % 3 == 2) {
    steps[StepFeatures::Recency] = -0.5;
    steps[StepFeatures::Reuses] = 1;
  }
  mean[kSize - 2] = head % 2 == 0 ? 1 : -1;
  mean[kSize - 1] = head % 2 == 0 ? -1 : 1;
  return mean;
}

SegmentPolicy HeadVector::policyOfZeros() {
  Weights weights;
  for (auto [name, columns] : {std::pair("policy.linear", kSegments),
                               std::pair("policy.order", kSteps)})
    weights.set(name, {{1, static_cast<int64_t>(columns)},
                       std::vector<float>(columns)});
  for (const char *name : {"policy.await", "policy.backward"})
    weights.set(name, {{1}, {0}});
  return llvm::cantFail(SegmentPolicy::create(weights));
}

PolicyVariant HeadVector::variant() const {
  PolicyVariant variant;
  variant.segments = segments().vec();
  variant.order = steps().vec();
  variant.awaitsEarly = await() > 0;
  variant.isBackward = backward() > 0;
  return variant;
}

std::vector<double>
HeadVector::priorities(const SegmentFeatures &features) const {
  std::vector<double> priorities(features.numRows(), 0);
  for (auto [node, priority] : llvm::enumerate(priorities))
    for (auto [weight, x] :
         llvm::zip_equal(segments(), features.row(static_cast<int32_t>(node))))
      priority += weight * x;
  return priorities;
}

/// Adds the numbers of one more head to an array of a policy.
static void addHeadTo(Weights &weights, llvm::StringRef name,
                      llvm::ArrayRef<double> row) {
  const Weights::Array *known = weights.find(name);
  Weights::Array array = known ? *known : Weights::Array{{0}, {}};
  ++array.shape[0];
  if (row.size() > 1 && array.shape.size() == 1)
    array.shape.push_back(static_cast<int64_t>(row.size()));
  for (double x : row)
    array.numbers.push_back(static_cast<float>(x));
  weights.set(name, std::move(array));
}

void HeadVector::addTo(Weights &weights) const {
  addHeadTo(weights, "policy.linear", segments());
  addHeadTo(weights, "policy.order", steps());
  addHeadTo(weights, "policy.await", {await()});
  addHeadTo(weights, "policy.backward", {backward()});
  if (const Weights::Array *output = weights.find("policy.output"))
    addHeadTo(weights, "policy.output",
              std::vector<double>(static_cast<size_t>(output->shape[1]), 0));
}

double mempl::latencyOf(const Game &game, const SegmentPolicy &policy,
                        const PolicyVariant &variant) {
  std::vector<LoopChoices> loops;
  for (const Game::ChosenLoop &loop : game.loops())
    loops.push_back({loop.step, {loop.plan}});
  SolverContext unlimited;
  Deadline deadline(unlimited);
  PolicyDecoder decoder(game.index(), loops, policy,
                        game.instance().program.order == StepOrder::Free,
                        deadline);
  return decoder.decode(variant).latency;
}
