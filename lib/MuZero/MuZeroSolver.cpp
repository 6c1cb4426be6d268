//===- MuZeroSolver.cpp - the policy muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `muzero` leaves the games to GamePlayer. `muzero+search` shares its limits
// out between that and the policy `search`.
//
//===----------------------------------------------------------------------===//

#include "MuZeroSolver.h"

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
  using MuZeroSolverBase::MuZeroSolverBase;

  llvm::Error check(const SolverOptions &options) override {
    return weightsOf(options.weights).takeError();
  }

  llvm::Expected<SolverResult> solve(const Instance &instance,
                                     const SolverOptions &options) override {
    Deadline deadline(options);
    auto network = weightsOf(options.weights);
    if (!network)
      return network.takeError();
    if (!goesOnBySearch)
      return play(instance, options, *network);

    int64_t evaluated = 0;
    SolverResult best;
    auto take = [&](llvm::Expected<SolverResult> result) -> llvm::Error {
      if (!result)
        return result.takeError();
      evaluated += result->evaluated;
      if (best.plan.instance.empty() || result->latency < best.latency)
        best = std::move(*result);
      return llvm::Error::success();
    };
    auto prepared0 = prepareGame(instance, options);
    if (!prepared0) return prepared0.takeError();
    std::shared_ptr<const SearchGuide> guide;
    if (!getenv("NOGUIDE")) guide = std::make_shared<SearchGuide>(guideOf(*network, *prepared0->program));
    if (getenv("NOPLAY")) { SolverOptions limits=options; limits.guide=guide;
    if (options.timeLimitMs > 0)
      limits.timeLimitMs = std::max<int64_t>(
          1, options.timeLimitMs -
                 static_cast<int64_t>(deadline.seconds() * 1000));
      return llvm::cantFail(createSolver("search"))->solve(instance, limits); }
    auto search = [&](SolverOptions limits) {
      limits.guide=guide;
      return llvm::cantFail(createSolver("search"))->solve(instance, limits);
    };
    // Both starts are tried for a while, then the better one for the rest.
    if (llvm::Error error = take(search(shareOf(options, kTrial))))
      return std::move(error);
    SolverOptions playing = shareOf(options, kPlay);
    playing.start = std::make_shared<Plan>(best.plan);
    auto played = play(instance, playing, *network);
    if (!played)
      return played.takeError();
    SolverOptions trial = shareOf(options, kTrial);
    trial.start = std::make_shared<Plan>(played->plan);
    if (llvm::Error error = take(std::move(played)))
      return std::move(error);
    if (llvm::Error error = take(search(trial)))
      return std::move(error);
    SolverOptions rest = shareOf(options, 1 - 2 * kTrial - kPlay);
    rest.start = std::make_shared<Plan>(best.plan);
    ++rest.seed;
    if (options.timeLimitMs > 0)
      rest.timeLimitMs = std::max<int64_t>(
          1, options.timeLimitMs -
                 static_cast<int64_t>(deadline.seconds() * 1000));
    if (llvm::Error error = take(search(rest)))
      return std::move(error);
    best.evaluated = evaluated;
    best.seconds = deadline.seconds();
    return best;
  }

private:
  // Shares of the limits.
  static constexpr double kTrial = 0.15, kPlay = 0.35;

  static SolverOptions shareOf(SolverOptions options, double share) {
    // 0 would be no limit.
    auto part = [&](int64_t limit) {
      return limit > 0
                 ? std::max<int64_t>(1, static_cast<int64_t>(
                                            static_cast<double>(limit) * share))
                 : 0;
    };
    options.budget = part(options.budget);
    options.timeLimitMs = part(options.timeLimitMs);
    return options;
  }

  llvm::Expected<SolverResult> play(const Instance &instance,
                                    const SolverOptions &options,
                                    const Network &network) {
    useOneTorchThread();
    Deadline deadline(options);
    auto prepared = prepareGame(instance, options);
    if (!prepared)
      return prepared.takeError();
    auto evaluator = makeEvaluator(network);
    GamePlayer(prepared->program, *evaluator, evaluator.get(), options,
               deadline, "muzero", prepared->best)
        .run();
    prepared->best.seconds = deadline.seconds();
    return std::move(prepared->best);
  }
};

} // namespace

std::unique_ptr<Solver> mempl::createMuZeroSolver(bool goesOnBySearch) {
  return std::make_unique<MuZeroSolver>(goesOnBySearch);
}
