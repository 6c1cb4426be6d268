//===- StateBatch.cpp - states of games as tensors ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers grow to the largest batch and stay; tensors are copies of them, since
// autograd may keep tensors longer than a batch.
//
//===----------------------------------------------------------------------===//

#include "StateBatch.h"

using namespace mempl;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

torch::Tensor mempl::featuresOf(const Game &program) {
  const ProgramFeatures &features = program.features();
  return torch::from_blob(const_cast<float *>(features.values().data()),
                          {features.numRows(), ProgramFeatures::kNumColumns});
}

ProgramTable::Entry &
ProgramTable::of(const std::shared_ptr<const Game> &program) {
  std::unique_ptr<Entry> &entry = entries[program.get()];
  if (!entry)
    entry.reset(new Entry{program, Observer(program), -1, torch::Tensor()});
  if (entry->firstRow < 0) {
    entry->firstRow = rows;
    rows += program->numNodes();
    inOrder.push_back(entry.get());
    all.reset();
  }
  return *entry;
}

int64_t ProgramTable::row(const Game &program, int32_t node) const {
  if (node < 0)
    return 0;
  auto it = entries.find(&program);
  assert(it != entries.end() && "a state of the program comes first");
  return it->second->firstRow + node;
}

const torch::Tensor &ProgramTable::encoded() {
  if (all.defined())
    return all;
  std::vector<torch::Tensor> parts = {torch::zeros({1, modules.size.channels})};
  for (Entry *entry : inOrder) {
    if (!entry->encoded.defined())
      entry->encoded = modules.program(featuresOf(*entry->program));
    parts.push_back(entry->encoded);
  }
  all = torch::cat(parts, 0);
  return all;
}

void ProgramTable::clear() {
  for (Entry *entry : inOrder) {
    entry->firstRow = -1;
    entry->encoded.reset();
  }
  inOrder.clear();
  all.reset();
  rows = 1;
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

void StateBatch::add(const GameState &game, ProgramTable &table) {
  ProgramTable::Entry &entry = table.of(game.sharedProgram());
  entry.observer.observe(game, seen);
  auto append = [](std::vector<float> &to, const auto &from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(profiles, seen.profile);
  append(nears, seen.near);
  append(scalars, seen.scalars);
  for (int32_t node : seen.nearNodes) {
    nearRows.push_back(node < 0 ? 0 : entry.firstRow + node);
    masks.push_back(node < 0 ? 0 : 1);
  }
  questions.push_back(entry.firstRow + game.decisionNode());
  ++count;
}

StateInput StateBatch::take(const torch::Tensor &encoded) {
  auto floats = [](std::vector<float> &from, at::IntArrayRef shape) {
    torch::Tensor copy = torch::from_blob(from.data(), shape).clone();
    from.clear();
    return copy;
  };
  auto rowsOf = [&](std::vector<int64_t> &list) {
    torch::Tensor rows = torch::from_blob(
        list.data(), {static_cast<int64_t>(list.size())}, torch::kInt64);
    torch::Tensor found = encoded.index_select(0, rows.clone());
    list.clear();
    return found;
  };
  StateInput in;
  in.profile = floats(
      profiles, {count, Observation::kNumChannels, Observation::kNumBins});
  in.near =
      floats(nears, {count, Observation::kNumNear, Observation::kNearScalars});
  in.nearMask = floats(masks, {count, Observation::kNumNear, 1});
  in.scalars = floats(scalars, {count, Observation::kNumScalars});
  in.nearEncoded =
      rowsOf(nearRows).view({count, Observation::kNumNear, encoded.size(1)});
  in.question = rowsOf(questions);
  count = 0;
  return in;
}
