//===- GamePlayer.cpp - plays a program for its best plan -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a game costs is known from the first one: a part that cannot end within
// its share of the limits is made smaller, or left out.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GamePlayer.h"

#include "mempl/Game/Episodes.h"
#include "mempl/MuZero/WindowSearch.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"

using namespace mempl;

namespace {

// Shares of the limits after which samples, and the tree search, are given up.
constexpr double kSamplesUntil = 0.3, kSearchUntil = 0.45;
constexpr int32_t kSamples = 16, kSimulations = 16;
constexpr float kNoise = 0.3f, kMinRange = 0.1f;
// A question beside others takes this share of the time of one alone.
constexpr double kBatched = 0.25;

} // namespace

llvm::Expected<PreparedGame> mempl::prepareGame(const Instance &instance,
                                                const SolverContext &context,
                                                const GameRules &rules) {
  auto greedy =
      llvm::cantFail(createSolver("greedy"))->solve(instance, context);
  if (!greedy)
    return greedy.takeError();
  GameOptions gameOptions;
  static_cast<GameRules &>(gameOptions) = rules;
  gameOptions.greedyLatency = greedy->latency;
  // A game decides in program order.
  if (context.start && llvm::is_sorted(context.start->order)) {
    double latency = simulateLatency(instance, *context.start);
    if (latency < greedy->latency) {
      greedy->plan = withoutOrder(*context.start);
      greedy->latency = latency;
    }
  }
  gameOptions.loops = greedy->plan.loops;
  auto program = Game::create(instance, gameOptions);
  if (!program)
    return program.takeError();
  return PreparedGame{std::move(*program), std::move(*greedy)};
}

GamePlayer::GamePlayer(std::shared_ptr<const Game> program, Evaluator &samples,
                       Evaluator *search, const SolverContext &context,
                       const Deadline &deadline, llvm::StringRef solverName,
                       Solution &best)
    : program(std::move(program)), samples(samples), search(search),
      context(context), deadline(deadline), solverName(solverName), best(best) {
}

/// Of the limits that there are, the largest share that is used up.
double GamePlayer::share() const {
  double ofBudget = context.budget > 0 ? static_cast<double>(used) /
                                             static_cast<double>(context.budget)
                                       : 0;
  return std::min(1.0, std::max(ofBudget, deadline.share()));
}

bool GamePlayer::isOver() const {
  return (context.budget > 0 && used >= context.budget) || deadline.hasPassed();
}

void GamePlayer::tell() {
  if (context.progress)
    context.progress(
        {solverName, best.latency, used, context.budget, deadline.seconds()});
}

void GamePlayer::offer(GameState &game) {
  if (game.latency() >= best.latency)
    return;
  best.latency = game.latency();
  best.plan = game.isOver() ? game.planSoFar() : game.plan();
  if (context.improved)
    context.improved(
        {solverName, best.latency, used, context.budget, deadline.seconds()});
}

/// Plays that many games, as long as there is time.
void GamePlayer::play(const SelfPlayOptions &how, Evaluator &evaluator,
                      int32_t games, double untilShare) {
  SelfPlay selfPlay(evaluator, how, context.seed + ++round);
  SelfPlay::NextGame next = SelfPlay::gamesOf(program, games);
  auto finished = [&](GameState &game, uint64_t, Trajectory trajectory) {
    offer(game);
    if (bestActions.empty() || trajectory.latency < bestPlayed) {
      bestPlayed = trajectory.latency;
      bestActions = std::move(trajectory.actions);
    }
  };
  int64_t before = used;
  while (!isOver() && share() < untilShare && selfPlay.step(next, finished)) {
    // One question per move and one per simulation.
    used = before + (selfPlay.numMoves() + selfPlay.numSimulations()) *
                        evaluator.unitsPerQuestion();
    tell();
  }
}

void GamePlayer::playWindows(const GameState &game) {
  WindowSearch windows(samples, game, bestActions, WindowSearchOptions(),
                       context.seed, [this] { return isOver(); });
  int64_t before = used;
  double first = share();
  while (!isOver()) {
    windows.step((share() - first) / (1 - first),
                 [&](GameState &played) { offer(played); });
    used = before + windows.numQuestions() * samples.unitsPerQuestion();
    tell();
  }
}

void GamePlayer::run(bool givesUp) {
  playWhole(givesUp);
  best.evaluated = used;
}

void GamePlayer::playWhole(bool givesUp) {
  GameState game(program);
  if (game.isOver())
    return;
  auto take = [&](EpisodeResult episode) {
    offer(game);
    if (bestActions.empty() || episode.latency < bestPlayed) {
      bestActions = std::move(episode.actions);
      bestPlayed = episode.latency;
    }
  };
  const Plan given = best.plan;
  const double givenLatency = best.latency;
  SelfPlayOptions how;
  how.mode = SearchMode::Exact;
  how.search.simulations = 0;
  how.noise = 0;
  how.slots = 1;
  double start = share();
  play(how, samples, 1, /*untilShare=*/1);
  double cost = share() - start; // Of one game, by itself.
  if (isOver() || (givesUp && best.latency >= givenLatency))
    return;
  take(playGreedily(game));
  game.restart();
  take(playPlan(game, given).episode);

  bool isTimed = context.timeLimitMs > 0;
  double each = isTimed ? cost * kBatched : cost;
  double room = kSamplesUntil - share() - (isTimed ? cost : 0);
  how.noise = kNoise;
  how.slots = room <= 0                 ? 0
              : each * kSamples <= room ? kSamples
                                        : static_cast<int32_t>(room / each);
  if (how.slots > 1)
    play(how, samples, how.slots, /*untilShare=*/1);

  how.mode = SearchMode::Hybrid;
  how.search.simulations = kSimulations;
  how.search.minRange = kMinRange;
  how.noise = 0;
  how.slots = 1;
  if (search && share() + cost * (kSimulations + 1) <= kSearchUntil)
    play(how, *search, 1, /*untilShare=*/1);
  if (!isOver() && !bestActions.empty())
    playWindows(game);
}
