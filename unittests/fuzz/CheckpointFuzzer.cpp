//===- CheckpointFuzzer.cpp - arbitrary bytes as parts of checkpoints -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first byte says which part of a checkpoint the others are. Whatever they
// are: an error of one line, or a state that training can go on with. The part
// that LibTorch reads is not fuzzed.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "Checkpoint.h"
#include "TrainingSet.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"

#include <cmath>

using namespace mempl;
using namespace mempl::fuzz;

static TrainingSet makeSet() {
  TrainingProgram program;
  program.name = "loop";
  program.instance = llvm::cantFail(parseInstance(kInstance, "i"));
  std::vector<TrainingProgram> programs;
  programs.push_back(std::move(program));
  return llvm::cantFail(TrainingSet::create(std::move(programs)));
}

static int readWhole(llvm::StringRef bytes) {
  auto checkpoint = Checkpoint::deserialize(bytes, "f");
  if (!checkpoint)
    return takeError(checkpoint.takeError());
  std::string text = checkpoint->serialize();
  auto again = Checkpoint::deserialize(text, "f");
  require(again && again->serialize() == text);
  return 0;
}

static int readGames(llvm::StringRef bytes) {
  ReplayBuffer replay{ReplayBufferOptions()};
  if (llvm::Error error = replay.restore(bytes, "f", {8}))
    return takeError(std::move(error));
  std::string text = replay.serialize();
  ReplayBuffer again{ReplayBufferOptions()};
  require(!again.restore(text, "f", {8}) && again.serialize() == text);
  return 0;
}

static int readPlans(llvm::StringRef bytes) {
  static const TrainingSet fresh = makeSet();
  TrainingSet set = fresh;
  if (llvm::Error error = set.restore(bytes, "f"))
    return takeError(std::move(error));
  const TrainingSet::Entry &entry = set.entry(0);
  require(entry.reference > 0 && !entry.plans.empty());
  for (const Trainer::BestPlan &plan : entry.plans)
    require(verify(entry.game->instance(), plan.plan).empty() &&
            std::isfinite(plan.latency));
  auto policy = llvm::cantFail(GamePolicy::create(entry.game, Weights(), 0));
  if (set.hasGameOf(0, entry.plans.front().plan))
    (void)TrainingSet::imitate(policy, 0, entry.plans.front().plan, {});
  return 0;
}

static int readEvolution(llvm::StringRef bytes) {
  std::vector<double> numbers = numbersOf(bytes);
  Evolution evolution;
  if (!evolution.restore(numbers) || evolution.best().empty())
    return 0;
  // Of bits: a seed may look like a number that equals nothing.
  numbers = evolution.numbers();
  Evolution again;
  require(again.restore(numbers));
  std::vector<double> written = again.numbers();
  require(std::memcmp(written.data(), numbers.data(),
                      numbers.size() * sizeof(double)) == 0);
  evolution.tell(std::vector<double>(evolution.ask().size(), 1));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  llvm::StringRef bytes = textOf(data, size).drop_front();
  switch (data[0]) {
  case 'w':
    return readWhole(bytes);
  case 'g':
    return readGames(bytes);
  case 'p':
    return readPlans(bytes);
  default:
    return readEvolution(bytes);
  }
}
