//===- NetworkModules.cpp - the layers of the network ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Latents are normalised by LayerNorm after the encoder and after the dynamics,
// so that both give states of one kind.
//
//===----------------------------------------------------------------------===//

#include "NetworkModules.h"

#include "mempl/Game/Observation.h"

using namespace mempl;
namespace nn = torch::nn;

static nn::Conv1d convolution(int64_t in, int64_t out, int64_t kernel,
                              int64_t dilation = 1, int64_t stride = 1) {
  return nn::Conv1d(nn::Conv1dOptions(in, out, kernel)
                        .dilation(dilation)
                        .stride(stride)
                        .padding(dilation * (kernel - 1) / 2));
}

static nn::LayerNorm layerNorm(int64_t width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}));
}

//===----------------------------------------------------------------------===//
// Encoders
//===----------------------------------------------------------------------===//

ProgramEncoderImpl::ProgramEncoderImpl(const NetworkSize &size) {
  int64_t c = size.channels;
  input = register_module("input", nn::Linear(ProgramFeatures::kNumColumns, c));
  for (int64_t i = 0; i < size.programBlocks; ++i) {
    convolutions->push_back(convolution(c, c, 5, int64_t{1} << i));
    mixers->push_back(convolution(c, c, 1));
  }
  register_module("convolutions", convolutions);
  register_module("mixers", mixers);
}

torch::Tensor ProgramEncoderImpl::forward(const torch::Tensor &features) {
  torch::Tensor x = torch::relu(input(features)).t().unsqueeze(0);
  for (size_t i = 0; i < convolutions->size(); ++i) {
    torch::Tensor y =
        torch::relu(convolutions[i]->as<nn::Conv1dImpl>()->forward(x));
    x = x + mixers[i]->as<nn::Conv1dImpl>()->forward(y);
  }
  return x.squeeze(0).t();
}

StateEncoderImpl::StateEncoderImpl(const NetworkSize &size) {
  int64_t c = size.channels, d = size.width;
  stem = register_module(
      "stem", convolution(Observation::kNumChannels, c, 7, 1, /*stride=*/4));
  for (int64_t i = 0; i < 2 * size.stateBlocks; ++i)
    convolutions->push_back(convolution(c, c, 3));
  register_module("convolutions", convolutions);
  near = register_module("near", nn::Linear(c + Observation::kNearScalars, c));
  // Mean and maximum of the profile and of the near values, and the rest.
  input =
      register_module("input", nn::Linear(5 * c + Observation::kNumScalars, d));
  hidden = register_module("hidden", nn::Linear(d, d));
  norm = register_module("norm", layerNorm(d));
}

torch::Tensor StateEncoderImpl::forward(const StateInput &in) {
  // Where acting uses bfloat16, all weights but those of the norm are.
  torch::ScalarType type = stem->weight.scalar_type();
  torch::Tensor x = torch::relu(stem(in.profile.to(type)));
  for (size_t i = 0; i < convolutions->size(); i += 2) {
    torch::Tensor y =
        torch::relu(convolutions[i]->as<nn::Conv1dImpl>()->forward(x));
    x = torch::relu(x + convolutions[i + 1]->as<nn::Conv1dImpl>()->forward(y));
  }
  torch::Tensor mask = in.nearMask.to(type);
  torch::Tensor values =
      torch::relu(near(torch::cat({in.nearEncoded, in.near}, 2).to(type))) *
      mask;
  torch::Tensor all = torch::cat(
      {x.mean(2), x.amax(2), values.sum(1) / mask.sum(1).clamp_min(1),
       values.amax(1), in.question.to(type), in.scalars.to(type)},
      1);
  torch::Tensor h = torch::relu(input(all));
  return norm((h + torch::relu(hidden(h))).to(torch::kFloat32));
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

DynamicsImpl::DynamicsImpl(const NetworkSize &size) {
  int64_t c = size.channels, d = size.width;
  input = register_module("input", nn::Linear(d + kNumActions + c, d));
  first = register_module("first", nn::Linear(d, d));
  second = register_module("second", nn::Linear(d, d));
  norm = register_module("norm", layerNorm(d));
}

torch::Tensor DynamicsImpl::forward(const torch::Tensor &latent,
                                    const torch::Tensor &action,
                                    const torch::Tensor &next) {
  torch::Tensor h = torch::relu(input(torch::cat({latent, action, next}, 1)));
  h = h + torch::relu(first(h));
  h = h + torch::relu(second(h));
  // An action changes little of a state.
  return norm(latent + h);
}

HeadsImpl::HeadsImpl(const NetworkSize &size) {
  output = register_module("output", nn::Linear(size.width, kOutputs));
  torch::NoGradGuard noGradients;
  output->weight.zero_();
  output->bias.zero_();
  // Distributions around 0, narrow enough for their means to be 0.
  auto narrow = [&](int64_t at, const CategoricalSupport &support) {
    torch::Tensor x = atomsOf(support) / 0.2;
    output->bias.slice(0, at, at + support.atoms).copy_(x * x * -0.5);
  };
  narrow(kValueAt, kValueSupport);
  narrow(kRewardAt, kRewardSupport);
}

torch::Tensor HeadsImpl::forward(const torch::Tensor &latent) {
  return output(latent);
}

PlacementHeadImpl::PlacementHeadImpl(const NetworkSize &size) {
  hidden = register_module("hidden", nn::Linear(size.channels, size.channels));
  output = register_module("output", nn::Linear(size.channels, kNumActions));
  torch::NoGradGuard noGradients;
  output->weight.zero_();
  output->bias.zero_();
}

torch::Tensor PlacementHeadImpl::forward(const torch::Tensor &encoded) {
  return output(torch::relu(hidden(encoded)));
}

ProjectorImpl::ProjectorImpl(const NetworkSize &size) {
  constexpr int64_t kProjection = 128;
  first = register_module("first", nn::Linear(size.width, kProjection));
  second = register_module("second", nn::Linear(kProjection, kProjection));
  third = register_module("third", nn::Linear(kProjection, kProjection / 2));
  fourth = register_module("fourth", nn::Linear(kProjection / 2, kProjection));
}

torch::Tensor ProjectorImpl::project(const torch::Tensor &latent) {
  return second(torch::relu(first(latent)));
}

torch::Tensor ProjectorImpl::predict(const torch::Tensor &projected) {
  return fourth(torch::relu(third(projected)));
}

NetworkModules::NetworkModules(const NetworkSize &size) : size(size) {
  program = register_module("program", ProgramEncoder(size));
  state = register_module("state", StateEncoder(size));
  dynamics = register_module("dynamics", Dynamics(size));
  heads = register_module("heads", Heads(size));
  projector = register_module("projector", Projector(size));
  placement = register_module("placement", PlacementHead(size));
}

void mempl::copyWeights(torch::nn::Module &to, const torch::nn::Module &from) {
  torch::NoGradGuard noGradients;
  auto source = from.named_parameters();
  for (auto &weights : to.named_parameters())
    weights.value().copy_(source[weights.key()]);
}

torch::Tensor mempl::atomsOf(const CategoricalSupport &support) {
  return torch::linspace(support.low, support.high, support.atoms);
}
