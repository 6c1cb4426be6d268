//===- MuZeroSolver.cpp - the solver muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `muzero` leaves the games to GamePlayer. `muzero+search` lets the network
// guide the solver `search`; where the network's own games beat `greedy`, it
// plays for a share of the limits, and search begins from the better plan.
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
    auto prepared = prepareGame(instance, options, network->rules());
    if (!prepared)
      return prepared.takeError();
    if (!goesOnBySearch) {
      SolverResult best =
          play(*prepared, options, deadline, *network, /*givesUp=*/false);
      best.seconds = deadline.seconds();
      return best;
    }

    auto guide =
        std::make_shared<SearchGuide>(guideOf(*network, *prepared->program));
    auto search = [&](SolverOptions limits, const Plan &start) {
      limits.guide = guide;
      limits.start = std::make_shared<Plan>(start);
      return llvm::cantFail(createSolver("search"))->solve(instance, limits);
    };
    SolverOptions playing = shareOf(options, deadline, kPlay);
    SolverResult best = prepared->best;
    SolverResult played =
        play(*prepared, playing, Deadline(playing), *network, /*givesUp=*/true);
    int64_t evaluated = played.evaluated;
    auto take = [&](llvm::Expected<SolverResult> result) -> llvm::Error {
      if (!result)
        return result.takeError();
      evaluated += result->evaluated;
      if (result->latency < best.latency)
        best = std::move(*result);
      return llvm::Error::success();
    };
    if (played.latency < best.latency) {
      // Both starts are tried for a while, then the better one for the rest.
      if (llvm::Error error =
              take(search(shareOf(options, deadline, kTrial), best.plan)))
        return std::move(error);
      Plan start = played.plan;
      if (played.latency < best.latency)
        best = std::move(played);
      if (llvm::Error error =
              take(search(shareOf(options, deadline, kTrial), start)))
        return std::move(error);
    }
    bool isOutOfTime = options.timeLimitMs > 0 && deadline.hasPassed();
    if (isOutOfTime) {
      best.evaluated = evaluated;
      best.seconds = deadline.seconds();
      return best;
    }
    if (llvm::Error error =
            take(search(restOf(options, deadline, evaluated), best.plan)))
      return std::move(error);
    best.evaluated = evaluated;
    best.seconds = deadline.seconds();
    return best;
  }

private:
  // Shares of the limits.
  static constexpr double kTrial = 0.15, kPlay = 0.3;

  /// A share of the limits; of the time, not more than is left.
  static SolverOptions shareOf(SolverOptions options, const Deadline &deadline,
                               double share) {
    // 0 would be no limit.
    auto part = [&](int64_t limit) {
      return limit > 0
                 ? std::max<int64_t>(1, static_cast<int64_t>(
                                            static_cast<double>(limit) * share))
                 : 0;
    };
    options.budget = part(options.budget);
    if (options.timeLimitMs > 0)
      options.timeLimitMs =
          std::min(part(options.timeLimitMs), leftOf(options, deadline));
    return options;
  }

  /// Milliseconds, at least 1: 0 would be no limit.
  static int64_t leftOf(const SolverOptions &options,
                        const Deadline &deadline) {
    return std::max<int64_t>(
        1,
        options.timeLimitMs - static_cast<int64_t>(deadline.seconds() * 1000));
  }

  /// What is left of the limits, with another seed.
  static SolverOptions restOf(SolverOptions options, const Deadline &deadline,
                              int64_t used) {
    if (options.budget > 0)
      options.budget = std::max<int64_t>(1, options.budget - used);
    if (options.timeLimitMs > 0)
      options.timeLimitMs = leftOf(options, deadline);
    ++options.seed;
    return options;
  }

  /// Plays from what is prepared, and gives its plan if nothing is better.
  static SolverResult play(const PreparedGame &prepared,
                           const SolverOptions &options,
                           const Deadline &deadline, const Network &network,
                           bool givesUp) {
    useOneTorchThread();
    auto evaluator = makeEvaluator(network);
    SolverResult best = prepared.best;
    GamePlayer(prepared.program, *evaluator, evaluator.get(), options, deadline,
               "muzero", best)
        .run(givesUp);
    return best;
  }
};

} // namespace

std::unique_ptr<Solver> mempl::createMuZeroSolver(bool goesOnBySearch) {
  return std::make_unique<MuZeroSolver>(goesOnBySearch);
}
