//===- UntrainedSolvers.cpp - the game without a network ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a network has to beat: the policies `tree-search`, the same search with
// a uniform prior and greedy playouts for values, and `window-search`, samples
// and windows of greedy play with noise. They need no LibTorch.
//
//===----------------------------------------------------------------------===//

#include "MuZeroSolverBase.h"

#include "mempl/MuZero/GamePlayer.h"

using namespace mempl;

namespace {

class WindowSearchSolver : public Solver {
public:
  llvm::StringRef name() const override { return "window-search"; }
  llvm::StringRef description() const override {
    return "greedy play of mallocGame with noise, windows played anew";
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    auto prepared = prepareGame(instance, context, kUntrainedRules);
    if (!prepared)
      return prepared.takeError();
    PlainEvaluator leaning(/*playsOut=*/false, /*greedyLogit=*/1);
    GamePlayer(prepared->program, leaning, /*search=*/nullptr, context,
               deadline, name(), prepared->best)
        .run();
    prepared->best.seconds = deadline.seconds();
    return std::move(prepared->best);
  }
};

class TreeSearchSolver : public Solver {
public:
  llvm::StringRef name() const override { return "tree-search"; }
  llvm::StringRef description() const override {
    return "tree search of mallocGame with greedy playouts, no network";
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    auto prepared = prepareGame(instance, context, kUntrainedRules);
    if (!prepared)
      return prepared.takeError();
    Solution &best = prepared->best;
    int64_t decisions = 0; // A unit of budget each.
    auto status = [&] {
      return SolverProgress{name(), best.latency, decisions, context.budget,
                            deadline.seconds()};
    };
    PlainEvaluator evaluator(
        /*playsOut=*/true, /*greedyLogit=*/0,
        [&](GameState &game, int32_t played) {
          decisions += 1 + played;
          if (game.latency() >= best.latency)
            return;
          best.latency = game.latency();
          best.plan = game.planSoFar();
          if (context.improved)
            context.improved(status());
        });
    SelfPlayOptions how;
    how.mode = SearchMode::Exact;
    how.search.usesBest = true;
    how.slots = 1;
    how.noise = 0;
    auto isOver = [&] {
      return (context.budget > 0 && decisions >= context.budget) ||
             deadline.hasPassed();
    };
    // The games after the first are noisy.
    for (uint64_t k = 0; !isOver(); ++k, how.noise = kNoise) {
      SelfPlay selfPlay(evaluator, how, context.seed + k);
      SelfPlay::NextGame next = SelfPlay::gamesOf(prepared->program, 1);
      auto finished = [](GameState &, uint64_t, Trajectory) {};
      int64_t before = decisions;
      while (!isOver() && selfPlay.step(next, finished))
        if (context.progress)
          context.progress(status());
      if (decisions == before)
        break; // Nothing to decide.
    }
    best.evaluated = decisions;
    best.seconds = deadline.seconds();
    return std::move(best);
  }

private:
  static constexpr float kNoise = 0.3f;
};

} // namespace

void mempl::registerUntrainedSolvers() {
  registerSolver<TreeSearchSolver>();
  registerSolver<WindowSearchSolver>();
}
