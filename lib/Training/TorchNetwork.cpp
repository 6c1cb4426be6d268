//===- TorchNetwork.cpp - the player's network, to be trained -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TorchNetwork.h"

using namespace mempl;

using Array = GameNetwork::Array;

/// The logit where there is no action: finite, so that nothing becomes NaN.
static constexpr float kNoAction = -1e9F;

/// How much of the error that is known the last batch makes.
static constexpr float kErrorRate = 0.05F;

/// Copies numbers into row `row` of a tensor, which is contiguous.
static void setRow(torch::Tensor &tensor, int64_t row,
                   llvm::ArrayRef<float> numbers) {
  llvm::copy(numbers, tensor.data_ptr<float>() +
                          row * static_cast<int64_t>(numbers.size()));
}

TorchPositions::TorchPositions(llvm::ArrayRef<const SegmentFeatures *> features,
                               llvm::ArrayRef<const GamePosition *> positions)
    : rows(static_cast<int64_t>(positions.size())), columns(0) {
  for (const GamePosition *position : positions)
    columns = std::max<int64_t>(columns, position->size());
  segments = torch::zeros({rows, columns, GameNetwork::kSegmentInputs});
  around = torch::zeros({rows, columns, kNumNodeFeatures});
  state = torch::zeros({rows, kNumStateFeatures});
  priors = torch::zeros({rows, columns});
  isAction = torch::zeros({rows, columns});
  std::vector<float> segment;
  for (int64_t b = 0; b < rows; ++b) {
    const GamePosition &position = *positions[b];
    setRow(state, b, position.state);
    for (int32_t i = 0; i < position.size(); ++i) {
      const Action &action = position.actions[i];
      segment.assign(GameNetwork::kSegmentInputs, 0);
      if (action.kind != Action::Stop)
        llvm::copy(features[b]->row(action.node), segment.begin());
      llvm::copy(features[b]->context(),
                 segment.begin() + SegmentFeatures::kNumColumns);
      segment[GameNetwork::kSegmentInputs - GameNetwork::kNumKinds +
              static_cast<int32_t>(action.kind)] = 1;
      int64_t row = b * columns + i;
      setRow(segments, row, segment);
      setRow(around, row, position.aroundOf(i));
      setRow(priors, row, position.priors[i]);
      setRow(isAction, row, 1.0F);
    }
  }
}

TorchNetwork::TorchNetwork(const GameNetwork &network) {
  for (auto [id, array] : llvm::enumerate(GameNetwork::arrays())) {
    torch::Tensor tensor = torch::empty({array.rows, array.columns});
    setRow(tensor, 0, network.array(static_cast<Array::Id>(id)));
    arrays.push_back(tensor.requires_grad_());
  }
}

void TorchNetwork::noteValueError(float error) {
  float &known = *arrays[Array::ValueError].data_ptr<float>();
  known = known == 0 ? error : known + kErrorRate * (error - known);
}

GameNetwork TorchNetwork::network() const {
  GameNetwork network;
  for (auto [id, tensor] : llvm::enumerate(arrays)) {
    const float *numbers = tensor.data_ptr<float>();
    network.setArray(static_cast<Array::Id>(id),
                     {numbers, numbers + tensor.numel()});
  }
  return network;
}

TorchNetwork::Output
TorchNetwork::forward(const TorchPositions &positions) const {
  torch::Tensor mask = positions.isAction.unsqueeze(-1);
  torch::Tensor hidden =
      torch::relu(
          torch::matmul(positions.segments, array(Array::Segment)) +
          torch::matmul(positions.around, array(Array::Around)) +
          torch::matmul(positions.state, array(Array::State)).unsqueeze(1) +
          array(Array::Bias)) *
      mask;
  torch::Tensor policy = torch::relu(
      torch::matmul(hidden, array(Array::Policy)) + array(Array::PolicyBias));
  Output output;
  output.logits = positions.priors * array(Array::Prior).squeeze() +
                  torch::matmul(policy, array(Array::PolicyOut).view({-1})) +
                  (1 - positions.isAction) * kNoAction;
  torch::Tensor pooled =
      torch::cat({hidden.sum(1) / positions.isAction.sum(1, /*keepdim=*/true),
                  hidden.amax(1)},
                 1);
  torch::Tensor value =
      torch::relu(torch::matmul(pooled, array(Array::ValueHidden)) +
                  torch::matmul(positions.state, array(Array::ValueState)) +
                  array(Array::ValueBias));
  output.values = torch::matmul(value, array(Array::ValueOut).view({-1})) +
                  array(Array::ValueOutBias).squeeze();
  return output;
}
