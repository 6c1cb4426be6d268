//===- StateTensors.cpp - states of games as tensors ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are copies of a batch's buffers, since autograd may keep tensors
// longer than a batch.
//
//===----------------------------------------------------------------------===//

#include "StateTensors.h"

using namespace mempl;

torch::Tensor mempl::tensorOf(std::vector<float> &list, at::IntArrayRef shape) {
  return torch::from_blob(list.data(), shape);
}

torch::Tensor mempl::tensorOf(std::vector<int64_t> &list,
                              at::IntArrayRef shape) {
  return torch::from_blob(list.data(), shape, torch::kInt64);
}

torch::Tensor mempl::featuresOf(const Game &program) {
  const ProgramFeatures &features = program.features();
  return torch::from_blob(const_cast<float *>(features.values().data()),
                          {features.numRows(), ProgramFeatures::kNumColumns});
}

const torch::Tensor &EncodedQuestions::of(const QuestionTable &table) {
  llvm::ArrayRef<QuestionTable::Entry *> programs = table.inUse();
  if (all.defined() && parts.size() == programs.size())
    return all;
  for (const QuestionTable::Entry *entry : programs.drop_front(parts.size()))
    parts.push_back(modules.program(featuresOf(*entry->program)));
  std::vector<torch::Tensor> rows = {torch::zeros({1, modules.size.channels})};
  llvm::append_range(rows, parts);
  all = torch::cat(rows, 0);
  return all;
}

void EncodedQuestions::clear() {
  parts.clear();
  all.reset();
}

StateInput mempl::takeStates(StateBatch &batch, const torch::Tensor &encoded) {
  auto floats = [](std::vector<float> &from, at::IntArrayRef shape) {
    return tensorOf(from, shape).clone();
  };
  auto rowsOf = [&](std::vector<int64_t> &list) {
    auto length = static_cast<int64_t>(list.size());
    return encoded.index_select(0, tensorOf(list, {length}).clone());
  };
  int64_t count = batch.count;
  StateInput in;
  in.profile = floats(batch.profiles, {count, Observation::kNumChannels,
                                       Observation::kNumBins});
  in.near = floats(batch.nears,
                   {count, Observation::kNumNear, Observation::kNearScalars});
  in.nearMask = floats(batch.masks, {count, Observation::kNumNear, 1});
  in.scalars = floats(batch.scalars, {count, Observation::kNumScalars});
  in.nearEncoded = rowsOf(batch.nearRows)
                       .view({count, Observation::kNumNear, encoded.size(1)});
  in.question = rowsOf(batch.questions);
  batch.clear();
  return in;
}
