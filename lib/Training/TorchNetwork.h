//===- TorchNetwork.h - the player's network, to be trained -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GameNetwork.h with LibTorch: the same arrays and formulas, for many positions
// at once.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_TORCHNETWORK_H
#define MEMPL_LIB_TRAINING_TORCHNETWORK_H

#include "Torch.h"

#include "mempl/Training/Learner.h"

namespace mempl {

/// Positions as tensors; B positions of at most K actions.
struct TorchPositions {
  TorchPositions(llvm::ArrayRef<const SegmentFeatures *> features,
                 llvm::ArrayRef<const GamePosition *> positions);

  int64_t rows, columns;  ///< B and K.
  torch::Tensor segments; ///< [B, K, GameNetwork::kSegmentInputs]
  torch::Tensor around;   ///< [B, K, kNumNodeFeatures]
  torch::Tensor state;    ///< [B, kNumStateFeatures]
  torch::Tensor priors;   ///< [B, K]
  torch::Tensor isAction; ///< [B, K]: 1, or 0 behind the last action.
};

class TorchNetwork {
public:
  explicit TorchNetwork(const GameNetwork &network);

  struct Output {
    torch::Tensor logits; ///< [B, K], very small where there is no action.
    torch::Tensor values; ///< [B]
  };
  Output forward(const TorchPositions &positions) const;

  /// Those of the network, with one that nothing depends on: the error.
  const std::vector<torch::Tensor> &parameters() const { return arrays; }
  /// The mean error of the values of a batch.
  void noteValueError(float error);
  GameNetwork network() const;

private:
  const torch::Tensor &array(GameNetwork::Array::Id id) const {
    return arrays[id];
  }
  std::vector<torch::Tensor> arrays;
};

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_TORCHNETWORK_H
