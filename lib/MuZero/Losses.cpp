//===- Losses.cpp - how far predictions are from targets ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Losses.h"

using namespace mempl;

torch::Tensor mempl::twoHotRows(llvm::ArrayRef<float> targets,
                                const CategoricalSupport &support,
                                int64_t &clipped) {
  auto atoms = static_cast<size_t>(support.atoms);
  torch::Tensor rows = torch::empty(
      {static_cast<int64_t>(targets.size()), static_cast<int64_t>(atoms)});
  float *out = rows.data_ptr<float>();
  for (size_t i = 0; i < targets.size(); ++i)
    clipped += !support.twoHot(
        targets[i], llvm::MutableArrayRef<float>(out + i * atoms, atoms));
  return rows;
}

/// -sum target * log softmax(logits), per row.
static torch::Tensor crossEntropy(const torch::Tensor &logits,
                                  const torch::Tensor &target) {
  return -(target * logits.to(torch::kFloat32).log_softmax(-1)).sum(-1);
}

static torch::Tensor valueLogits(const torch::Tensor &heads) {
  return heads.slice(1, HeadsImpl::kValueAt, HeadsImpl::kRewardAt);
}

torch::Tensor mempl::policyLoss(const torch::Tensor &heads,
                                const torch::Tensor &policies,
                                const torch::Tensor &mayPlay,
                                const torch::Tensor &hasPolicy) {
  torch::Tensor logits = heads.slice(1, 0, kNumActions) + mayPlay;
  return crossEntropy(logits, policies) * hasPolicy;
}

torch::Tensor mempl::valueLoss(const torch::Tensor &heads,
                               const torch::Tensor &target) {
  return crossEntropy(valueLogits(heads), target);
}

torch::Tensor mempl::rewardLoss(const torch::Tensor &heads,
                                const torch::Tensor &target) {
  return crossEntropy(
      heads.slice(1, HeadsImpl::kRewardAt, HeadsImpl::kQuantilesAt), target);
}

torch::Tensor mempl::quantileLoss(const torch::Tensor &heads,
                                  const torch::Tensor &returns) {
  torch::Tensor levels =
      (torch::arange(kNumQuantiles, torch::kFloat32) + 0.5) / kNumQuantiles;
  torch::Tensor quantiles = heads.slice(1, HeadsImpl::kQuantilesAt);
  torch::Tensor off = returns.unsqueeze(1) - quantiles;
  torch::Tensor huber =
      torch::where(off.abs() < 0.1, off * off * 5, off.abs() - 0.05);
  return ((levels - (off.detach() < 0).to(torch::kFloat32)).abs() * huber)
      .mean(1);
}

torch::Tensor mempl::consistencyLoss(NetworkModules &net,
                                     const torch::Tensor &predicted,
                                     const StateInput &seen,
                                     const torch::Tensor &weights,
                                     int64_t rows) {
  torch::Tensor target;
  {
    torch::NoGradGuard noGradients;
    target = net.projector->project(net.state(seen));
  }
  torch::Tensor guess =
      net.projector->predict(net.projector->project(predicted));
  torch::Tensor similarity = torch::cosine_similarity(
      guess.to(torch::kFloat32), target.to(torch::kFloat32), 1);
  return -(similarity * weights).sum() / static_cast<double>(rows);
}

torch::Tensor mempl::placementLoss(NetworkModules &net,
                                   const torch::Tensor &questions,
                                   const torch::Tensor &actions) {
  torch::Tensor logits = net.placement(questions);
  return torch::nn::functional::cross_entropy(logits.to(torch::kFloat32),
                                              actions);
}

torch::Tensor mempl::predictedValues(const torch::Tensor &heads) {
  return (valueLogits(heads).detach().softmax(1) * atomsOf(kValueSupport))
      .sum(1);
}
