//===- MuZeroSolver.cpp - the solver muzero -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays each order of segments once, and with the network corrects the best of
// them. Then it plays that order again and again with noise, which stays where
// the plan has become no worse: such a game takes a hundredth of the time of
// one by search, which gets a share of the limits. docs/rationale/game.md has
// figures.
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
      return error;
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
  // Of the actions that are tried, those in games by search; there are about so
  // many of them for each simulation and action of a game by the policy.
  static constexpr double kSearchShare = 0.2, kTriesPerSimulation = 1;

  bool isOver() const {
    return (context.budget > 0 && used() >= context.budget) ||
           deadline.hasPassed();
  }
  int64_t used() const {
    return usedBefore + (player ? player->numTried() : 0) + usedBySearch();
  }
  int64_t usedBySearch() const { return searcher ? searcher->numTried() : 0; }
  std::unique_ptr<GamePlayer>
  makePlayer(std::shared_ptr<const GamePolicy> policy) const {
    return std::make_unique<GamePlayer>(std::move(policy), options,
                                        [this] { return isOver(); });
  }
  llvm::Error playHeads(const Weights &weights);
  void playWithNoise();
  void playBySearch(int64_t triesOfGame);
  double offer(PlayedGame played);
  SolverProgress progress() const {
    return {"muzero", best.latency, used(), context.budget, deadline.seconds()};
  }

  std::shared_ptr<const Game> game;
  const GamePlayerOptions &options;
  const SolverContext &context;
  const Deadline &deadline;
  Solution &best;
  /// By an order alone, and with the network, which takes longer.
  std::unique_ptr<GamePlayer> player, searcher;
  int64_t usedBefore = 0; ///< By players that are gone.
  uint64_t searches = 0;
  double bestPlayed = INFINITY; ///< By `player`.
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

/// Plays each order once; `player` goes on with the best one.
llvm::Error TimedGames::playHeads(const Weights &weights) {
  auto heads = GamePolicy::numHeads(weights);
  if (!heads)
    return heads.takeError();
  int32_t chosen = 0;
  auto use = [&](int32_t head) -> llvm::Error {
    auto policy =
        GamePolicy::create(game, weights, head, /*withNetwork=*/false);
    if (!policy)
      return policy.takeError();
    usedBefore += player ? player->numTried() : 0;
    player = makePlayer(*policy);
    return llvm::Error::success();
  };
  for (int32_t head = 0; head < *heads && !(head > 0 && isOver()); ++head) {
    if (llvm::Error error = use(head))
      return error;
    double latency = offer(player->playByPolicy());
    if (latency < bestPlayed) {
      bestPlayed = latency;
      chosen = head;
    }
  }
  auto learned = GamePolicy::create(game, weights, chosen);
  if (!learned)
    return learned.takeError();
  searcher = makePlayer(*learned);
  return use(chosen);
}

llvm::Error TimedGames::run(const Weights &weights) {
  if (llvm::Error error = playHeads(weights))
    return error;
  if (!isOver() && searcher->policy().network().isTrained())
    offer(searcher->playByPolicy());
  playWithNoise();
  best.evaluated = used();
  return llvm::Error::success();
}

/// Adds noise to some nodes, and keeps it where the plan is no worse. Some of
/// the games are by search.
void TimedGames::playWithNoise() {
  Random random(context.seed, "noise of play");
  std::vector<float> kept(game->numNodes(), 0), tried;
  while (!isOver()) {
    tried = kept;
    for (float &x : tried)
      if (random.chance(kChanged))
        x += static_cast<float>((2 * random.uniform() - 1) * kNoise);
    int64_t before = used();
    double latency = offer(player->playByPolicy(tried));
    if (latency <= bestPlayed) {
      bestPlayed = latency;
      kept = tried;
    }
    if (used() == before)
      break; // There is nothing to decide.
    playBySearch(used() - before);
  }
}

/// Plays a game by search, if there is a share of the limits left for that.
void TimedGames::playBySearch(int64_t triesOfGame) {
  if (options.search.simulations == 0 || isOver())
    return;
  double ahead = kTriesPerSimulation * options.search.simulations *
                 static_cast<double>(triesOfGame);
  if (static_cast<double>(usedBySearch()) + ahead >
      kSearchShare * static_cast<double>(used()))
    return;
  // The first one without noise.
  float noise = searches == 0 ? 0 : 1;
  offer(searcher->playBySearch(noise, context.seed + searches++));
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
