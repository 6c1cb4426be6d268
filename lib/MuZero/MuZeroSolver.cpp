//===- MuZeroSolver.cpp - the policy muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounds of games, from cheap to dear: the best play of the policy; samples of
// it, which cost as much each; games by search, which cost as many times more
// as a move has simulations. Samples and searches then alternate, so that each
// gets about half of the time.
//
//===----------------------------------------------------------------------===//

#include "MuZeroSolver.h"

#include "mempl/Game/Episodes.h"
#include "mempl/MuZero/Network.h"
#include "mempl/MuZero/SelfPlay.h"
#include "mempl/Solvers/Deadline.h"

#include <mutex>

using namespace mempl;

namespace {

/// Weights are read once per process and file.
llvm::Expected<Network> weightsOf(const std::string &path) {
  static std::mutex mutex;
  static std::map<std::string, Network> known;
  if (path.empty())
    return llvm::createStringError("expected the weights of a network");
  std::lock_guard<std::mutex> lock(mutex);
  auto it = known.find(path);
  if (it != known.end())
    return it->second;
  auto network = Network::load(path);
  if (network)
    known.emplace(path, *network);
  return network;
}

/// Plays games of one program and keeps the best plan.
class Player {
public:
  Player(std::shared_ptr<const GameProgram> program, Evaluator &evaluator,
         const SolverOptions &options, const Deadline &deadline,
         SolverResult &best)
      : program(std::move(program)), evaluator(evaluator), options(options),
        deadline(deadline), best(best) {}

  void run() {
    MallocGame game(program);
    if (game.isOver())
      return;
    playGreedily(game);
    offer(game);
    SelfPlayOptions policy;
    policy.mode = SearchMode::Exact;
    policy.search.simulations = 0;
    policy.noise = 0;
    policy.slots = 1;
    play(policy, 1);
    policy.noise = kNoise;
    policy.slots = kSamples;
    SelfPlayOptions search;
    search.mode = SearchMode::Hybrid;
    search.search.simulations = kSimulations;
    search.search.minRange = kMinRange;
    search.noise = 0;
    search.slots = 1;
    play(policy, kSamples);
    if (!isOver())
      play(search, 1);
    search.noise = kNoise;
    search.slots = 4;
    while (!isOver()) {
      play(policy, 4 * kSamples);
      play(search, 4);
    }
  }

private:
  static constexpr int32_t kSamples = 16, kSimulations = 16;
  static constexpr float kNoise = 0.3f, kMinRange = 0.1f;

  bool isOver() const {
    return (options.budget > 0 && asked >= options.budget) ||
           deadline.hasPassed();
  }

  void offer(const MallocGame &game) {
    if (game.latency() >= best.latency)
      return;
    best.latency = game.latency();
    best.plan = game.planSoFar();
    if (options.improved)
      options.improved(status());
  }

  SolverProgress status() const {
    return {"muzero", best.latency, asked, options.budget, deadline.seconds()};
  }

  /// Plays that many games, or fewer if there is an end to it.
  void play(const SelfPlayOptions &how, int32_t games) {
    SelfPlay selfPlay(evaluator, how, options.seed + ++round);
    SelfPlay::NextGame next = SelfPlay::gamesOf(program, games);
    auto finished = [&](MallocGame &game, uint64_t, Trajectory) {
      ++best.evaluated;
      offer(game);
    };
    int64_t before = asked;
    while (!isOver() && selfPlay.step(next, finished)) {
      // One question per move and one per simulation.
      asked = before + selfPlay.numMoves() + selfPlay.numSimulations();
      if (options.progress)
        options.progress(status());
    }
  }

  std::shared_ptr<const GameProgram> program;
  Evaluator &evaluator;
  const SolverOptions &options;
  const Deadline &deadline;
  SolverResult &best;
  int64_t asked = 0;
  uint64_t round = 0;
};

class MuZeroSolver : public MuZeroSolverBase {
public:
  using MuZeroSolverBase::MuZeroSolverBase;

  llvm::Expected<SolverResult> solve(const Instance &instance,
                                     const SolverOptions &options) override {
    Deadline deadline(options);
    auto network = weightsOf(options.weights);
    if (!network)
      return network.takeError();
    SolverOptions half = options;
    if (goesOnBySearch) {
      // 0 would be no limit.
      auto halve = [](int64_t limit) {
        return limit > 0 ? std::max<int64_t>(1, limit / 2) : 0;
      };
      half.budget = halve(options.budget);
      half.timeLimitMs = halve(options.timeLimitMs);
    }
    auto result = play(instance, half, *network);
    if (!result || !goesOnBySearch)
      return result;
    half.start = std::make_shared<Plan>(result->plan);
    if (options.timeLimitMs > 0)
      half.timeLimitMs = std::max<int64_t>(
          1, options.timeLimitMs -
                 static_cast<int64_t>(deadline.seconds() * 1000));
    auto polished =
        llvm::cantFail(createSolver("search"))->solve(instance, half);
    if (!polished)
      return polished.takeError();
    polished->evaluated += result->evaluated;
    polished->seconds = deadline.seconds();
    return polished;
  }

private:
  llvm::Expected<SolverResult> play(const Instance &instance,
                                    const SolverOptions &options,
                                    const Network &network) {
    useOneTorchThread();
    Deadline deadline(options);
    auto greedy =
        llvm::cantFail(createSolver("greedy"))->solve(instance, options);
    if (!greedy)
      return greedy.takeError();
    GameOptions gameOptions;
    gameOptions.loops = greedy->plan.loops;
    gameOptions.greedyLatency = greedy->latency;
    auto program = GameProgram::create(instance, gameOptions);
    if (!program)
      return program.takeError();
    auto evaluator = makeEvaluator(network);
    SolverResult best = std::move(*greedy);
    Player(*program, *evaluator, options, deadline, best).run();
    best.seconds = deadline.seconds();
    return best;
  }
};

} // namespace

std::unique_ptr<Solver> mempl::createMuZeroSolver(bool goesOnBySearch) {
  return std::make_unique<MuZeroSolver>(goesOnBySearch);
}
