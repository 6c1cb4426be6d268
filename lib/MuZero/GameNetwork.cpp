//===- GameNetwork.cpp - what a player expects of mallocGame --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matrices have a row per input, so that the loops over outputs, which are as
// many as there are lanes, are those that compilers turn into vector code.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GameNetwork.h"

#include "mempl/Support/Random.h"

#include <cmath>

using namespace mempl;

static constexpr int32_t kHidden = GameNetwork::kHidden;
using Hidden = std::array<float, kHidden>;

llvm::ArrayRef<GameNetwork::Array> GameNetwork::arrays() {
  static const Array all[] = {
      {"game.segment", kSegmentInputs, kHidden},
      {"game.around", GamePosition::kNumAround, kHidden},
      {"game.state", GamePosition::kNumState, kHidden},
      {"game.bias", 1, kHidden},
      {"game.prior", 1, 1},
      {"game.policy", kHidden, kHidden},
      {"game.policy.bias", 1, kHidden},
      {"game.policy.out", 1, kHidden},
      {"game.value", 2 * kHidden, kHidden},
      {"game.value.state", GamePosition::kNumState, kHidden},
      {"game.value.bias", 1, kHidden},
      {"game.value.out", 1, kHidden},
      {"game.value.out.bias", 1, 1},
      {"game.value.error", 1, 1},
  };
  static_assert(std::size(all) == Array::kCount);
  return all;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

GameNetwork::GameNetwork() {
  for (auto [numbers, array] : llvm::zip(data, arrays()))
    numbers.assign(static_cast<size_t>(array.rows * array.columns), 0);
  data[Array::Prior][0] = 1;
}

/// Weights that keep the spread of what they see (He et al., 2015).
GameNetwork GameNetwork::random(uint64_t seed) {
  GameNetwork network;
  Random random(seed, "weights of the network");
  for (auto [id, inputs] : {std::pair(Array::Segment, kSegmentInputs),
                            std::pair(Array::Around, kSegmentInputs),
                            std::pair(Array::State, kSegmentInputs),
                            std::pair(Array::Policy, kHidden),
                            std::pair(Array::ValueHidden, 2 * kHidden),
                            std::pair(Array::ValueState, 2 * kHidden)}) {
    double bound = std::sqrt(6.0 / inputs);
    for (float &x : network.data[id])
      x = static_cast<float>(bound * (2 * random.uniform() - 1));
  }
  network.trained = true;
  return network;
}

llvm::Expected<GameNetwork> GameNetwork::create(const Weights &weights) {
  GameNetwork network;
  if (!weights.has(arrays().front().name))
    return network;
  for (auto [id, array] : llvm::enumerate(arrays())) {
    auto found = weights.get(array.name, {array.rows, array.columns});
    if (!found)
      return found.takeError();
    network.data[id] = (*found)->numbers;
  }
  network.trained = true;
  return network;
}

void GameNetwork::addTo(Weights &weights) const {
  for (auto [numbers, array] : llvm::zip(data, arrays()))
    weights.set(array.name, {{array.rows, array.columns}, numbers});
}

void GameNetwork::setArray(Array::Id id, std::vector<float> numbers) {
  assert(numbers.size() == data[id].size());
  data[id] = std::move(numbers);
  trained = true;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Adds `input` times a matrix.
static void addProduct(llvm::ArrayRef<float> input, const float *matrix,
                       Hidden &sum) {
  for (float x : input) {
    for (int32_t j = 0; j < kHidden; ++j)
      sum[j] += x * matrix[j];
    matrix += kHidden;
  }
}

static void relu(Hidden &numbers) {
  for (float &x : numbers)
    x = std::max(0.0f, x);
}

static float dot(const Hidden &a, llvm::ArrayRef<float> b) {
  float sum = 0;
  for (int32_t j = 0; j < kHidden; ++j)
    sum += a[j] * b[j];
  return sum;
}

static Hidden hiddenOf(llvm::ArrayRef<float> numbers) {
  Hidden hidden;
  llvm::copy(numbers.take_front(kHidden), hidden.begin());
  return hidden;
}

std::vector<float> GameNetwork::prepare(const SegmentFeatures &features) const {
  const float *matrix = data[Array::Segment].data();
  Hidden program = hiddenOf(data[Array::Bias]);
  addProduct(features.context(),
             matrix + SegmentFeatures::kNumColumns * kHidden, program);
  std::vector<float> rows;
  rows.reserve(static_cast<size_t>(features.numRows() + 1) * kHidden);
  for (int32_t node = 0; node < features.numRows(); ++node) {
    Hidden row = program;
    addProduct(features.row(node), matrix, row);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  // No segment, for Stop.
  rows.insert(rows.end(), program.begin(), program.end());
  return rows;
}

float GameNetwork::evaluate(const SegmentFeatures &features,
                            llvm::ArrayRef<float> prepared,
                            const GamePosition &position,
                            llvm::MutableArrayRef<float> logits) const {
  const float *kinds =
      data[Array::Segment].data() + (kSegmentInputs - kNumKinds) * kHidden;
  Hidden whole = {}, mean = {}, most = {};
  addProduct(position.state, data[Array::State].data(), whole);
  for (int32_t i = 0; i < position.size(); ++i) {
    const Action &action = position.actions[i];
    bool isStop = action.kind == Action::Stop;
    auto row = static_cast<size_t>(isStop ? features.numRows() : action.node);
    Hidden hidden = hiddenOf(prepared.slice(row * kHidden, kHidden));
    const float *kind = kinds + static_cast<int32_t>(action.kind) * kHidden;
    for (int32_t j = 0; j < kHidden; ++j)
      hidden[j] += whole[j] + kind[j];
    if (!isStop)
      addProduct(position.aroundOf(i), data[Array::Around].data(), hidden);
    relu(hidden);
    for (int32_t j = 0; j < kHidden; ++j) {
      mean[j] += hidden[j];
      most[j] = std::max(most[j], hidden[j]);
    }
    Hidden policy = hiddenOf(data[Array::PolicyBias]);
    addProduct(hidden, data[Array::Policy].data(), policy);
    relu(policy);
    logits[i] = position.priors[i] * data[Array::Prior][0] +
                dot(policy, data[Array::PolicyOut]);
  }
  for (float &x : mean)
    x /= static_cast<float>(std::max(1, position.size()));
  Hidden value = hiddenOf(data[Array::ValueBias]);
  const float *matrix = data[Array::ValueHidden].data();
  addProduct(mean, matrix, value);
  addProduct(most, matrix + kHidden * kHidden, value);
  addProduct(position.state, data[Array::ValueState].data(), value);
  relu(value);
  return dot(value, data[Array::ValueOut]) + data[Array::ValueOutBias][0];
}
