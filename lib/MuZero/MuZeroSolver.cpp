//===- MuZeroSolver.cpp - the solver muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays by each head of the policy, then by search with the best of them, then
// by that head and by search with noise, which stays where play by the policy
// has made a better plan of it.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/MuZeroSolver.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Support/Random.h"

using namespace mempl;

namespace {

class MuZeroSolver : public Solver {
public:
  llvm::StringRef name() const override { return "muzero"; }
  llvm::StringRef description() const override {
    return "a learned player of mallocGame: its policy, and Gumbel search";
  }
  void declareOptions(SolverOptionTable &table) override {
    table
        .addFile("weights", file,
                 "those of policy and value, as mempl-train writes them")
        .byDefault("those that come with mempl");
    table
        .add("simulations", simulations,
             "of a move of search; 0: the policy alone")
        .atLeast(0);
    table
        .add("candidates", candidates,
             "segments that are looked at in a state; at most 24")
        .atLeast(1);
  }

  llvm::Error check() override { return weights().takeError(); }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    auto learned = weights();
    if (!learned)
      return learned.takeError();
    auto best = firstPlan(instance, context);
    if (!best)
      return best.takeError();
    GameOptions options = optionsOf(best->plan);
    options.greedyLatency = best->latency;
    auto game = Game::create(instance, options);
    if (!game)
      return game.takeError();
    GamePlayerOptions play;
    play.candidates = static_cast<int32_t>(
        std::min<int64_t>(candidates, GamePlayerOptions::kMostCandidates));
    play.search.simulations = static_cast<int32_t>(simulations);
    play.samples = 0;
    if (llvm::Error error =
            playWithin(*game, **learned, play, context, deadline, *best))
      return std::move(error);
    best->seconds = deadline.seconds();
    return best;
  }

private:
  llvm::Expected<std::shared_ptr<const Weights>> weights() const {
    if (file.empty())
      return Weights::builtIn();
    return Weights::read(file);
  }

  /// That of `greedy`, or the one to start with.
  static llvm::Expected<Solution> firstPlan(const Instance &instance,
                                            const SolverContext &context) {
    auto first =
        llvm::cantFail(createSolver("greedy"))->solve(instance, context);
    if (!first || !context.start)
      return first;
    double latency = simulateLatency(instance, *context.start);
    if (latency < first->latency) {
      first->plan = *context.start;
      first->latency = latency;
    }
    return first;
  }

  std::string file;
  int64_t simulations = 16, candidates = 16;
};

/// Plays games as long as the limits allow.
class TimedGames {
public:
  TimedGames(std::shared_ptr<const Game> game, const GamePlayerOptions &options,
             const SolverContext &context, const Deadline &deadline,
             Solution &best)
      : game(std::move(game)), options(options), context(context),
        deadline(deadline), best(best) {}

  llvm::Error run(const Weights &weights);

private:
  // Noise that is added, and how many nodes get some.
  static constexpr float kNoise = 3;
  static constexpr double kChanged = 0.1;
  // Of so many games with noise one is by search.
  static constexpr uint64_t kSearchEvery = 8;

  bool isOver() const {
    return (context.budget > 0 && used() >= context.budget) ||
           deadline.hasPassed();
  }
  int64_t used() const { return before + (player ? player->numTried() : 0); }
  void use(std::shared_ptr<const GamePolicy> policy) {
    before = used();
    player.emplace(std::move(policy), options, [this] { return isOver(); });
  }
  double offer(PlayedGame played);
  void playWithNoise();
  SolverProgress progress() const {
    return {"muzero", best.latency, used(), context.budget, deadline.seconds()};
  }

  std::shared_ptr<const Game> game;
  const GamePlayerOptions &options;
  const SolverContext &context;
  const Deadline &deadline;
  Solution &best;
  std::optional<GamePlayer> player;
  int64_t before = 0; ///< Used by players that are gone.
  double bestPlayed = INFINITY;
};

} // namespace

/// Returns the latency.
double TimedGames::offer(PlayedGame played) {
  if (played.latency < best.latency) {
    best.latency = played.latency;
    best.plan = std::move(played.plan);
    if (context.improved)
      context.improved(progress());
  }
  if (context.progress)
    context.progress(progress());
  return played.latency;
}

llvm::Error TimedGames::run(const Weights &weights) {
  auto heads = GamePolicy::numHeads(weights);
  if (!heads)
    return heads.takeError();
  std::shared_ptr<const GamePolicy> chosen;
  for (int32_t head = 0; head < *heads && !(chosen && isOver()); ++head) {
    auto policy = GamePolicy::create(game, weights, head);
    if (!policy)
      return policy.takeError();
    use(*policy);
    double latency = offer(player->playByPolicy());
    if (latency < bestPlayed) {
      bestPlayed = latency;
      chosen = *policy;
    }
  }
  if (game->numNodes() > 0 && !isOver()) {
    use(chosen);
    if (options.search.simulations > 0)
      offer(player->playBySearch(/*noise=*/0, context.seed));
    playWithNoise();
  }
  best.evaluated = used();
  return llvm::Error::success();
}

/// Adds noise to some nodes, and keeps it where the plan is no worse. Some of
/// the games are by search.
void TimedGames::playWithNoise() {
  Random random(context.seed, "noise of play");
  std::vector<float> kept(game->numNodes(), 0), tried;
  for (uint64_t number = 1; !isOver(); ++number) {
    if (number % kSearchEvery == 0 && options.search.simulations > 0) {
      offer(player->playBySearch(/*noise=*/1, context.seed + number));
      continue;
    }
    tried = kept;
    for (float &x : tried)
      if (random.chance(kChanged))
        x += static_cast<float>((2 * random.uniform() - 1) * kNoise);
    int64_t usedBefore = used();
    double latency = offer(player->playByPolicy(tried));
    if (latency <= bestPlayed) {
      bestPlayed = latency;
      kept = tried;
    }
    if (used() == usedBefore)
      break; // There is nothing to decide.
  }
}

llvm::Error mempl::playWithin(std::shared_ptr<const Game> game,
                              const Weights &weights,
                              const GamePlayerOptions &options,
                              const SolverContext &context,
                              const Deadline &deadline, Solution &best) {
  return TimedGames(std::move(game), options, context, deadline, best)
      .run(weights);
}

void mempl::registerMuZeroSolvers() { registerSolver<MuZeroSolver>(); }
