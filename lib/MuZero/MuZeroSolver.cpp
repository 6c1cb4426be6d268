//===- MuZeroSolver.cpp - the solver muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Leaves the games to GamePlayer. The guide of a search is one look of the
// network at the game as it begins.
//
//===----------------------------------------------------------------------===//

#include "MuZeroSolverBase.h"

#include "mempl/MuZero/GamePlayer.h"
#include "mempl/MuZero/Network.h"

#include <mutex>

using namespace mempl;

namespace {

/// Weights are read once per process and file.
llvm::Expected<Network> weightsOf(const std::string &path) {
  static std::mutex mutex;
  static std::map<std::string, Network> known;
  std::lock_guard<std::mutex> lock(mutex);
  auto it = known.find(path);
  if (it != known.end())
    return it->second;
  auto network = Network::load(path);
  if (network)
    known.emplace(path, *network);
  return network;
}

class MuZeroSolver : public MuZeroSolverBase {
public:
  explicit MuZeroSolver(const MuZeroOptions &options)
      : MuZeroSolverBase(options) {}

  llvm::Error check() override {
    return weightsOf(options.weights).takeError();
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    auto network = weightsOf(options.weights);
    if (!network)
      return network.takeError();
    auto prepared = prepareGame(instance, context, network->rules());
    if (!prepared)
      return prepared.takeError();
    useOneTorchThread();
    auto evaluator = makeEvaluator(*network);
    Solution best = std::move(prepared->best);
    GamePlayer(prepared->program, *evaluator, evaluator.get(), context,
               deadline, name(), best)
        .run(/*givesUp=*/context.latencyToBeat.has_value());
    best.seconds = deadline.seconds();
    return best;
  }

  llvm::Expected<SearchGuide> guide(const Instance &instance,
                                    const SolverContext &context) override {
    auto network = weightsOf(options.weights);
    if (!network)
      return network.takeError();
    auto prepared = prepareGame(instance, context, network->rules());
    if (!prepared)
      return prepared.takeError();
    return guideOf(*network, *prepared->program);
  }
};

} // namespace

std::unique_ptr<Solver>
mempl::createMuZeroSolver(const MuZeroOptions &options) {
  return std::make_unique<MuZeroSolver>(options);
}
