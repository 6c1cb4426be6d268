//===- Losses.h - how far predictions are from targets ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function for each part of the loss that Learner.h describes. Shapes: B
// rows of a batch, K + 1 steps, A actions, C channels, D width.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_LOSSES_H
#define MEMPL_LIB_MUZERO_LOSSES_H

#include "NetworkModules.h"

namespace mempl {

/// Two-hot rows [targets, atoms]; counts those off the support in `clipped`.
torch::Tensor twoHotRows(llvm::ArrayRef<float> targets,
                         const CategoricalSupport &support, int64_t &clipped);

//===--- Of one step of each row: [B] -------------------------------------===//

/// `heads`: what HeadsImpl gives, [B, kOutputs], as float32. `policies` and
/// `mayPlay` [B, A]; the latter is added to logits. `hasPolicy` [B]: 0 where
/// there is nothing to learn.
torch::Tensor policyLoss(const torch::Tensor &heads,
                         const torch::Tensor &policies,
                         const torch::Tensor &mayPlay,
                         const torch::Tensor &hasPolicy);
/// `target`: two-hot, [B, atoms].
torch::Tensor valueLoss(const torch::Tensor &heads,
                        const torch::Tensor &target);
torch::Tensor rewardLoss(const torch::Tensor &heads,
                         const torch::Tensor &target);
/// `returns`: [B].
torch::Tensor quantileLoss(const torch::Tensor &heads,
                           const torch::Tensor &returns);

//===--- Of a batch: [] ---------------------------------------------------===//

/// `predicted` and `encoded`: latents, [N, D], of rows with these weights, [N].
/// Of B rows. Gradients flow through `predicted` alone.
torch::Tensor consistencyLoss(NetworkModules &net,
                              const torch::Tensor &predicted,
                              const StateInput &seen,
                              const torch::Tensor &weights, int64_t rows);
/// `questions`: encoded, [N, C]; `actions`: [N].
torch::Tensor placementLoss(NetworkModules &net, const torch::Tensor &questions,
                            const torch::Tensor &actions);

/// The means of the predicted distributions of values, [B].
torch::Tensor predictedValues(const torch::Tensor &heads);

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_LOSSES_H
