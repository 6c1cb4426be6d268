//===- GamePolicy.cpp - what a player brings to a program -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of priorities only the order counts, so that noise and the network's
// correction mean the same for every policy and program: logits are those of
// the share of segments that come later.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GamePlayer.h"

#include <cmath>

using namespace mempl;

static constexpr double kScale = 3;

/// What is saved per byte and second, as a logarithm.
static std::vector<double> densities(const SegmentFeatures &features) {
  std::vector<double> result;
  for (int32_t node = 0; node < features.numRows(); ++node) {
    llvm::ArrayRef<float> row = features.row(node);
    result.push_back(row[SegmentFeatures::NetBenefit] -
                     row[SegmentFeatures::Size] - row[SegmentFeatures::Held]);
  }
  return result;
}

void GamePolicy::setPriorities(llvm::ArrayRef<double> priorities) {
  nodes = nodesByPriority(shared->index(), shared->forest(), priorities);
  logits.assign(priorities.size(), 0);
  auto count = static_cast<double>(nodes.size());
  for (auto [place, node] : llvm::enumerate(nodes)) {
    double behind = static_cast<double>(place) + 0.5;
    logits[node] =
        static_cast<float>(kScale * std::log((count - behind) / behind));
  }
}

std::shared_ptr<const GamePolicy>
GamePolicy::create(std::shared_ptr<const Game> game,
                   llvm::ArrayRef<double> priorities) {
  auto policy = std::shared_ptr<GamePolicy>(
      new GamePolicy(std::move(game), GameNetwork()));
  policy->setPriorities(priorities);
  return policy;
}

llvm::Expected<int32_t> GamePolicy::numHeads(const Weights &weights) {
  if (!weights.has("policy.linear"))
    return 1;
  auto segments = SegmentPolicy::create(weights);
  if (!segments)
    return segments.takeError();
  return segments->numHeads();
}

llvm::Expected<std::shared_ptr<const GamePolicy>>
GamePolicy::create(std::shared_ptr<const Game> game, const Weights &weights,
                   int32_t head, bool withNetwork) {
  auto network = GameNetwork::create(withNetwork ? weights : Weights());
  if (!network)
    return network.takeError();
  auto policy = std::shared_ptr<GamePolicy>(
      new GamePolicy(std::move(game), std::move(*network)));
  const SegmentFeatures &features = policy->shared->features();
  if (weights.has("policy.linear")) {
    auto segments = SegmentPolicy::create(weights);
    if (!segments)
      return segments.takeError();
    policy->setPriorities(segments->priorities(features, head));
  } else {
    policy->setPriorities(densities(features));
  }
  policy->prepared = policy->net.prepare(features);
  return policy;
}
