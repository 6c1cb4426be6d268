//===- Learner.cpp - training of the network ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Learner.h"

#include "TorchNetwork.h"

#include "mempl/Support/FileIO.h"

#include <sstream>

using namespace mempl;

void LearnerLoss::add(const LearnerLoss &other, double factor) {
  policy += factor * other.policy;
  value += factor * other.value;
  total += factor * other.total;
  valueError += factor * other.valueError;
}

struct Learner::Impl {
  Impl(const GameNetwork &initial, const LearnerOptions &options)
      : options(options), network(initial),
        optimiser(network.parameters(),
                  torch::optim::AdamWOptions(options.learningRate)
                      .weight_decay(options.weightDecay)) {
    // Small matrices: more threads only wait for each other.
    torch::set_num_threads(1);
  }

  LearnerOptions options;
  TorchNetwork network;
  torch::optim::AdamW optimiser;
  int64_t steps = 0;
};

Learner::Learner(const GameNetwork &network, const LearnerOptions &options)
    : impl(std::make_unique<Impl>(network, options)) {}

Learner::~Learner() = default;

int64_t Learner::numSteps() const { return impl->steps; }
GameNetwork Learner::network() const { return impl->network.network(); }

LearnerLoss Learner::step(llvm::ArrayRef<LearnerRow> batch) {
  std::vector<const SegmentFeatures *> features;
  std::vector<const GamePosition *> given;
  for (const LearnerRow &row : batch) {
    features.push_back(row.features);
    given.push_back(&row.sample->position);
  }
  TorchPositions positions(features, given);
  torch::Tensor policies = torch::zeros({positions.rows, positions.columns});
  torch::Tensor returns = torch::zeros({positions.rows});
  for (auto [b, row] : llvm::enumerate(batch)) {
    llvm::copy(row.sample->policy,
               policies.data_ptr<float>() +
                   static_cast<int64_t>(b) * positions.columns);
    returns.data_ptr<float>()[b] = row.sample->value;
  }
  TorchNetwork::Output output = impl->network.forward(positions);
  torch::Tensor policy =
      -(policies * torch::log_softmax(output.logits, 1)).sum(1).mean();
  torch::Tensor value = torch::smooth_l1_loss(output.values, returns);
  torch::Tensor total = policy + impl->options.valueWeight * value;
  impl->optimiser.zero_grad();
  total.backward();
  torch::nn::utils::clip_grad_norm_(impl->network.parameters(),
                                    impl->options.clipNorm);
  impl->optimiser.step();
  ++impl->steps;
  LearnerLoss loss;
  loss.policy = policy.item<double>();
  loss.value = value.item<double>();
  loss.total = total.item<double>();
  loss.valueError = (output.values - returns).abs().mean().item<double>();
  impl->network.noteValueError(static_cast<float>(loss.valueError));
  return loss;
}

float Learner::evaluate(const SegmentFeatures &features,
                        const GamePosition &position,
                        llvm::MutableArrayRef<float> logits) const {
  torch::NoGradGuard noGradient;
  TorchNetwork::Output output =
      impl->network.forward(TorchPositions(&features, &position));
  const float *numbers = output.logits.data_ptr<float>();
  std::copy(numbers, numbers + position.size(), logits.begin());
  return output.values.item<float>();
}

std::string Learner::serializeState() const {
  std::ostringstream os;
  torch::save(impl->optimiser, os);
  return std::to_string(impl->steps) + "\n" + os.str();
}

llvm::Error Learner::restoreState(llvm::StringRef bytes, llvm::StringRef name) {
  auto [line, rest] = bytes.split('\n');
  int64_t steps;
  if (line.getAsInteger(10, steps))
    return fileError(name, 0, "damaged checkpoint");
  // LibTorch says by exceptions what is damaged.
  try {
    std::istringstream is(rest.str());
    torch::load(impl->optimiser, is);
  } catch (const std::exception &) {
    return fileError(name, 0, "damaged checkpoint");
  }
  impl->steps = steps;
  return llvm::Error::success();
}
