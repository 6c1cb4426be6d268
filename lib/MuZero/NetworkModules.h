//===- NetworkModules.h - the layers of the network -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes: B states, N questions of a program, C channels, D width. Everything
// is float32 unless autocast says otherwise.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_NETWORKMODULES_H
#define MEMPL_LIB_MUZERO_NETWORKMODULES_H

#include "Torch.h"

#include "mempl/MuZero/Categorical.h"
#include "mempl/MuZero/Network.h"

namespace mempl {

/// Questions in the order of nodes: residual blocks of a dilated convolution
/// over time (kernel 5, dilation 1, 2, 4, ...) and a mixing of channels.
struct ProgramEncoderImpl : torch::nn::Module {
  explicit ProgramEncoderImpl(const NetworkSize &size);
  /// [N, ProgramFeatures::kNumColumns] -> [N, C].
  torch::Tensor forward(const torch::Tensor &features);

  torch::nn::Linear input{nullptr};
  torch::nn::ModuleList convolutions, mixers;
};
TORCH_MODULE(ProgramEncoder);

/// What is seen of a batch of states.
struct StateInput {
  torch::Tensor profile;     ///< [B, Observation::kNumChannels, kNumBins].
  torch::Tensor near;        ///< [B, kNumNear, kNearScalars].
  torch::Tensor nearEncoded; ///< [B, kNumNear, C], zeros where nothing is.
  torch::Tensor nearMask;    ///< [B, kNumNear, 1]: 1 where something is.
  torch::Tensor question;    ///< [B, C]: what is asked.
  torch::Tensor scalars;     ///< [B, kNumScalars].
};

struct StateEncoderImpl : torch::nn::Module {
  explicit StateEncoderImpl(const NetworkSize &size);
  /// -> latent states [B, D].
  torch::Tensor forward(const StateInput &input);

  torch::nn::Conv1d stem{nullptr};
  torch::nn::ModuleList convolutions;
  torch::nn::Linear near{nullptr}, input{nullptr}, hidden{nullptr};
  torch::nn::LayerNorm norm{nullptr};
};
TORCH_MODULE(StateEncoder);

struct DynamicsImpl : torch::nn::Module {
  explicit DynamicsImpl(const NetworkSize &size);
  /// Latents [B, D], actions one-hot [B, 3], what is asked next [B, C] ->
  /// latents [B, D].
  torch::Tensor forward(const torch::Tensor &latent,
                        const torch::Tensor &action, const torch::Tensor &next);

  torch::nn::Linear input{nullptr}, first{nullptr}, second{nullptr};
  torch::nn::LayerNorm norm{nullptr};
};
TORCH_MODULE(Dynamics);

/// Logits of everything that is predicted from a latent state, as one matrix
/// product.
struct HeadsImpl : torch::nn::Module {
  explicit HeadsImpl(const NetworkSize &size);
  static constexpr int64_t kValueAt = kNumActions;
  static constexpr int64_t kRewardAt = kValueAt + kValueSupport.atoms;
  static constexpr int64_t kQuantilesAt = kRewardAt + kRewardSupport.atoms;
  static constexpr int64_t kOutputs = kQuantilesAt + kNumQuantiles;
  /// [B, D] -> [B, kOutputs]: policy logits, value logits, logits of the reward
  /// of the action that led here, quantiles of the return.
  torch::Tensor forward(const torch::Tensor &latent);

  torch::nn::Linear output{nullptr};
};
TORCH_MODULE(Heads);

/// What good plans do at each question of a program, whatever was played before
/// it: the policy of nobody in particular, for searches that cannot ask at
/// every state.
struct PlacementHeadImpl : torch::nn::Module {
  explicit PlacementHeadImpl(const NetworkSize &size);
  /// [N, C] -> [N, 3]: logits of actions.
  torch::Tensor forward(const torch::Tensor &encoded);

  torch::nn::Linear hidden{nullptr}, output{nullptr};
};
TORCH_MODULE(PlacementHead);

/// SimSiam's two parts (Chen & He, 2021), as in EfficientZero: latents that
/// dynamics predicts shall be those that the encoder gives.
struct ProjectorImpl : torch::nn::Module {
  explicit ProjectorImpl(const NetworkSize &size);
  /// [B, D] -> [B, 128].
  torch::Tensor project(const torch::Tensor &latent);
  /// [B, 128] -> [B, 128].
  torch::Tensor predict(const torch::Tensor &projected);

  torch::nn::Linear first{nullptr}, second{nullptr}, third{nullptr},
      fourth{nullptr};
};
TORCH_MODULE(Projector);

struct NetworkModules : torch::nn::Module {
  explicit NetworkModules(const NetworkSize &size);

  NetworkSize size;
  GameRules rules;
  ProgramEncoder program{nullptr};
  StateEncoder state{nullptr};
  Dynamics dynamics{nullptr};
  Heads heads{nullptr};
  Projector projector{nullptr};
  PlacementHead placement{nullptr};
};

/// Takes the weights of `from`, which has the same layers.
void copyWeights(torch::nn::Module &to, const torch::nn::Module &from);

/// The atoms of a support as a row, for means.
torch::Tensor atomsOf(const CategoricalSupport &support);

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_NETWORKMODULES_H
