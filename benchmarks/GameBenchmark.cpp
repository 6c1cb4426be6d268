//===- GameBenchmark.cpp - speed of mallocGame ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rates, not tests: actions applied and undone, states observed, episodes
// played and states copied per second, on two programs of the corpus.
// Arguments: see benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Episodes.h"
#include "mempl/Game/Observation.h"
#include "mempl/Problem/ProblemIO.h"

#include "llvm/Support/Error.h"

#include <benchmark/benchmark.h>

using namespace mempl;

namespace {

std::shared_ptr<const Game> load(const char *name) {
  llvm::ExitOnError check("game benchmark: ");
  Instance instance =
      check(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") + name +
                         ".v5e.instance.json.gz"));
  return check(Game::create(std::move(instance)));
}

/// Every legal action of every state on the way of one noisy episode, with its
/// undo: what a search does.
void applyUndo(benchmark::State &state, const char *name) {
  GameState game(load(name));
  Random random(1, "game benchmark");
  std::vector<Action> way = playNoisily(game, random, 0.1).actions;
  int64_t actions = 0;
  for (auto _ : state) {
    state.PauseTiming();
    game.restart();
    state.ResumeTiming();
    for (Action next : way) {
      for (Action a : kActions) {
        if (!game.isLegal(a))
          continue;
        benchmark::DoNotOptimize(game.apply(a));
        game.undo();
        ++actions;
      }
      game.apply(next);
    }
    actions += static_cast<int64_t>(way.size());
  }
  state.SetItemsProcessed(actions);
}

void observe(benchmark::State &state, const char *name) {
  GameState game(load(name));
  Observer observer(game.sharedProgram());
  Observation seen;
  Random random(1, "game benchmark");
  std::vector<Action> way = playNoisily(game, random, 0.1).actions;
  while (game.numApplied() * 2 > static_cast<int32_t>(way.size()))
    game.undo();
  for (auto _ : state) {
    observer.observe(game, seen);
    benchmark::DoNotOptimize(seen.scalars[0]);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void randomEpisode(benchmark::State &state, const char *name) {
  GameState game(load(name));
  Random random(1, "game benchmark");
  int64_t actions = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(playRandomly(game, random).latency);
    actions += game.numApplied();
    game.restart();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
  state.counters["actions/s"] = benchmark::Counter(static_cast<double>(actions),
                                                   benchmark::Counter::kIsRate);
}

void greedyEpisode(benchmark::State &state, const char *name) {
  GameState game(load(name));
  for (auto _ : state) {
    benchmark::DoNotOptimize(playGreedily(game).latency);
    game.restart();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void cloneGame(benchmark::State &state, const char *name) {
  GameState game(load(name));
  playGreedily(game);
  for (auto _ : state)
    benchmark::DoNotOptimize(game.clone());
}

} // namespace

BENCHMARK_CAPTURE(applyUndo, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(applyUndo, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(observe, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(observe, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(randomEpisode, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(randomEpisode, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(greedyEpisode, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(greedyEpisode, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(cloneGame, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(cloneGame, resnet50_train, "resnet50_train_b16");

BENCHMARK_MAIN();
