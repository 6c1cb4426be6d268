//===- GameBenchmark.cpp - speed of mallocGame ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rates, not tests: actions played and undone, features, episodes with Stop and
// states copied per second, on programs of the corpus. Arguments: see
// benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/GameState.h"
#include "mempl/Problem/ProblemIO.h"

#include "llvm/Support/Error.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>

using namespace mempl;

namespace {

std::shared_ptr<const Game> load(const char *name) {
  llvm::ExitOnError check("game benchmark: ");
  Instance instance =
      check(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") + name +
                         ".v5e.instance.json.gz"));
  return check(Game::create(std::move(instance)));
}

/// Nodes, those first that gain most per byte and step.
std::vector<int32_t> byDensity(const Game &game) {
  std::vector<int32_t> nodes(game.numNodes());
  std::iota(nodes.begin(), nodes.end(), 0);
  auto density = [&](int32_t id) {
    const UseIntervalNode &node = game.forest().node(id);
    return node.benefit /
           (static_cast<double>(game.index().roundedSize(node.value) + 1) *
            node.steps(game.index()));
  };
  std::stable_sort(nodes.begin(), nodes.end(), [&](int32_t a, int32_t b) {
    return density(a) > density(b);
  });
  return nodes;
}

/// Places what saves something, in one order.
int64_t playInOrder(GameState &state, llvm::ArrayRef<int32_t> nodes) {
  int64_t actions = 0;
  for (int32_t node : nodes) {
    std::optional<double> reward = state.tryApply({Action::Place, node});
    actions += reward.has_value();
    if (reward && *reward <= 0)
      state.undo();
  }
  return actions;
}

/// A state in the middle of a game.
void playHalf(GameState &state, llvm::ArrayRef<int32_t> nodes) {
  playInOrder(state, nodes);
  int32_t half = state.numApplied() / 2;
  while (state.numApplied() > half)
    state.undo();
}

/// Every legal Place of a state, with its undo: what a search does.
void applyUndo(benchmark::State &run, const char *name) {
  auto game = load(name);
  GameState state(game);
  playHalf(state, byDensity(*game));
  int64_t actions = 0;
  for (auto _ : run)
    for (int32_t node = 0; node < game->numNodes(); ++node)
      if (state.tryApply({Action::Place, node})) {
        state.undo();
        ++actions;
      }
  run.SetItemsProcessed(actions);
  run.counters["nodes"] = game->numNodes();
}

void features(benchmark::State &run, const char *name) {
  auto game = load(name);
  GameState state(game);
  playHalf(state, byDensity(*game));
  float numbers[kNumNodeFeatures];
  for (auto _ : run)
    for (int32_t node = 0; node < game->numNodes(); ++node) {
      state.nodeFeatures(node, numbers);
      benchmark::DoNotOptimize(numbers);
    }
  run.SetItemsProcessed(static_cast<int64_t>(run.iterations()) *
                        game->numNodes());
}

void episode(benchmark::State &run, const char *name) {
  auto game = load(name);
  GameState state(game);
  std::vector<int32_t> nodes = byDensity(*game);
  int64_t actions = 0;
  for (auto _ : run) {
    actions += playInOrder(state, nodes);
    state.apply({});
    run.counters["of greedy"] = state.latency() / game->greedyLatency();
    state.restart();
  }
  run.counters["actions/s"] = benchmark::Counter(static_cast<double>(actions),
                                                 benchmark::Counter::kIsRate);
}

void cloneState(benchmark::State &run, const char *name) {
  auto game = load(name);
  GameState state(game);
  playInOrder(state, byDensity(*game));
  for (auto _ : run)
    benchmark::DoNotOptimize(state.clone());
}

} // namespace

BENCHMARK_CAPTURE(applyUndo, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(applyUndo, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(features, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(features, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(episode, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(episode, resnet50_train, "resnet50_train_b16");
BENCHMARK_CAPTURE(cloneState, gpt2_decode, "gpt2_decode_b8");
BENCHMARK_CAPTURE(cloneState, resnet50_train, "resnet50_train_b16");

BENCHMARK_MAIN();
