//===- SegmentPolicy.cpp - learned orders of segments ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/SegmentPolicy.h"

#include "mempl/Support/FileIO.h"

#include <numeric>

using namespace mempl;

static constexpr int64_t kColumns = SegmentFeatures::kNumColumns;
static constexpr int64_t kInputs = kColumns + SegmentFeatures::kNumContext + 1;

llvm::Expected<SegmentPolicy> SegmentPolicy::create(const Weights &weights) {
  auto linear = weights.get("policy.linear", {-1, kColumns});
  if (!linear)
    return linear.takeError();
  int64_t heads = (*linear)->shape[0];
  auto await = weights.get("policy.await", {heads});
  if (!await)
    return await.takeError();
  auto order = weights.get("policy.order", {heads, StepFeatures::kNumColumns});
  if (!order)
    return order.takeError();
  auto backward = weights.get("policy.backward", {heads});
  if (!backward)
    return backward.takeError();
  SegmentPolicy policy;
  policy.linear = (*linear)->numbers;
  policy.await = (*await)->numbers;
  policy.order = (*order)->numbers;
  policy.backward = (*backward)->numbers;
  if (!weights.has("policy.hidden"))
    return policy;
  auto hidden = weights.get("policy.hidden", {-1, kInputs});
  if (!hidden)
    return hidden.takeError();
  auto output = weights.get("policy.output", {heads, (*hidden)->shape[0]});
  if (!output)
    return output.takeError();
  policy.hidden = (*hidden)->numbers;
  policy.output = (*output)->numbers;
  return policy;
}

llvm::Expected<SegmentPolicy> SegmentPolicy::read(llvm::StringRef path) {
  if (path.empty())
    return create(*Weights::builtIn());
  auto weights = Weights::read(path);
  if (!weights)
    return weights.takeError();
  auto policy = create(**weights);
  if (!policy)
    return fileError(path, 0, llvm::toString(policy.takeError()));
  return policy;
}

static float product(const float *a, llvm::ArrayRef<float> b) {
  return std::inner_product(b.begin(), b.end(), a, 0.0F);
}

std::vector<double> SegmentPolicy::priorities(const SegmentFeatures &features,
                                              int32_t head) const {
  size_t numHidden = hidden.size() / kInputs;
  // What the program adds to each hidden unit is the same for all segments.
  std::vector<float> offsets(numHidden);
  for (size_t h = 0; h < numHidden; ++h) {
    const float *weights = &hidden[h * kInputs + kColumns];
    offsets[h] = product(weights, features.context()) +
                 weights[SegmentFeatures::kNumContext];
  }
  std::vector<double> result(features.numRows());
  for (auto [node, priority] : llvm::enumerate(result)) {
    llvm::ArrayRef<float> row = features.row(static_cast<int32_t>(node));
    float sum = product(&linear[head * kColumns], row);
    for (size_t h = 0; h < numHidden; ++h)
      sum += output[head * numHidden + h] *
             std::max(0.0F, offsets[h] + product(&hidden[h * kInputs], row));
    priority = sum;
  }
  return result;
}
