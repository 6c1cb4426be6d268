//===- MuZeroBenchmark.cpp - speed of search and learning -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rates, not tests: simulations per second of the tree by itself and in each
// mode, and states encoded per second, on one thread. Arguments: see
// benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "LayeredProgram.h"

#include "mempl/Game/Episodes.h"
#include "mempl/MuZero/BatchedSearch.h"
#include "mempl/MuZero/Learner.h"
#include "mempl/MuZero/Network.h"
#include "mempl/MuZero/SelfPlay.h"
#include "mempl/Problem/ProblemIO.h"

#include <benchmark/benchmark.h>

#include <deque>

using namespace mempl;

namespace {

std::shared_ptr<const Game> load() {
  static std::shared_ptr<const Game> program = [] {
    llvm::ExitOnError check("benchmark: ");
    return check(Game::create(check(readInstance(
        MEMPL_TEST_DATA "/xla_tpu/gpt2_decode_b8.v5e.instance.json.gz"))));
  }();
  return program;
}

/// Answers that cost nothing: what is measured is the tree.
class NoNetwork : public Evaluator {
public:
  void reserveRows(int32_t) override {}
  void addState(GameState &, int32_t row) override { add(row); }
  void addAction(const Game &, int32_t, Action, int32_t, int32_t row) override {
    add(row);
  }
  void run(std::vector<Answer> &answers) override {
    answers.swap(pending);
    pending.clear();
  }

private:
  void add(int32_t row) {
    Answer &a = pending.emplace_back();
    state = state * 1664525 + 1013904223;
    a.state.value = static_cast<float>(state >> 8) * 0x1p-24f;
    a.state.logits[0] = static_cast<float>(row & 7) * 0.1f;
  }
  std::vector<Answer> pending;
  uint32_t state = 1;
};

Network networkOf(const char *size) {
  useOneTorchThread();
  return Network::create(*networkSizeByName(size), 1);
}

/// Games in the middle of an episode, all at different places.
std::deque<GameState> gamesUnderWay(int32_t count) {
  std::deque<GameState> games;
  for (int32_t i = 0; i < count; ++i) {
    GameState &game = games.emplace_back(load());
    Random random(static_cast<uint64_t>(i), "benchmark");
    playNoisily(game, random, 0.1);
    int32_t keep = game.numApplied() * (i + 1) / (count + 1);
    while (game.numApplied() > keep)
      game.undo();
  }
  return games;
}

void search(benchmark::State &state, Evaluator &evaluator, SearchMode mode) {
  constexpr int32_t kGames = 128;
  auto simulations = static_cast<int32_t>(state.range(0));
  std::deque<GameState> games = gamesUnderWay(kGames);
  BatchedSearch search(evaluator, mode, kGames, simulations);
  SearchSettings settings;
  settings.simulations = simulations;
  llvm::SmallVector<int32_t> finished;
  uint64_t round = 0;
  for (auto _ : state) {
    ++round;
    for (int32_t i = 0; i < kGames; ++i)
      search.begin(i, games[i], settings, GameTree::gumbelNoise(round, i, 0));
    finished.clear();
    while (finished.size() < kGames)
      search.step(finished);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kGames *
                          simulations);
}

void treeOnly(benchmark::State &state) {
  NoNetwork evaluator;
  search(state, evaluator, SearchMode::Latent);
}

void withNetwork(benchmark::State &state, const char *size, SearchMode mode,
                 Precision precision = Precision::Float32) {
  std::unique_ptr<Evaluator> evaluator =
      makeEvaluator(networkOf(size), precision);
  search(state, *evaluator, mode);
}

/// Observes and encodes states, heads included.
void encode(benchmark::State &state, const char *size, Precision precision) {
  constexpr int32_t kStates = 128;
  std::unique_ptr<Evaluator> evaluator =
      makeEvaluator(networkOf(size), precision);
  evaluator->reserveRows(kStates);
  std::deque<GameState> games = gamesUnderWay(kStates);
  std::vector<Evaluator::Answer> answers;
  for (auto _ : state) {
    for (int32_t i = 0; i < kStates; ++i)
      evaluator->addState(games[i], i);
    evaluator->run(answers);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kStates);
}

/// Steps of the learner, on noisy games.
void learn(benchmark::State &state, const char *size, Precision precision) {
  LearnerOptions options;
  options.precision = precision;
  Learner learner(networkOf(size), options, 1);
  int32_t number = learner.addProgram(load());
  ReplayBuffer replay{ReplayBufferOptions()};
  for (uint64_t k = 0; k < 16; ++k) {
    GameState game(load());
    Random random(k, "benchmark of the learner");
    std::vector<Action> actions = playNoisily(game, random, 0.1).actions;
    game.restart();
    replay.add(trajectoryOf(game, actions, number));
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(learner.step(replay).total);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

/// One game of ten thousand decisions, 16 simulations for each, by itself.
void longEpisode(benchmark::State &state, const char *size, SearchMode mode) {
  static std::shared_ptr<const Game> program = [] {
    llvm::ExitOnError check("benchmark: ");
    return check(Game::create(layeredProgram(5000)));
  }();
  program->features();
  SelfPlayOptions options;
  options.mode = mode;
  options.search.simulations = 16;
  options.slots = 1;
  int64_t moves = 0;
  for (auto _ : state) {
    std::unique_ptr<Evaluator> evaluator = makeEvaluator(networkOf(size));
    SelfPlay selfPlay(*evaluator, options, 1);
    SelfPlay::NextGame next = SelfPlay::gamesOf(program, 1);
    while (selfPlay.step(next, [](GameState &, uint64_t, Trajectory) {})) {
    }
    moves += selfPlay.numMoves();
  }
  state.counters["decisions"] =
      static_cast<double>(moves) / static_cast<double>(state.iterations());
}

/// Self-play of as many threads as the benchmark has; simulations per second of
/// all together.
void workers(benchmark::State &state) {
  static Network network = networkOf("s");
  std::unique_ptr<Evaluator> evaluator = makeEvaluator(network);
  SelfPlayOptions options;
  options.search.simulations = 16;
  SelfPlay selfPlay(*evaluator, options,
                    static_cast<uint64_t>(state.thread_index()));
  SelfPlay::NextGame next = SelfPlay::gamesOf(load(), INT32_MAX);
  for (auto _ : state)
    for (int k = 0; k < 50; ++k)
      selfPlay.step(next, [](GameState &, uint64_t, Trajectory) {});
  state.SetItemsProcessed(selfPlay.numSimulations());
}

} // namespace

BENCHMARK(treeOnly)->Arg(16)->Arg(32)->Arg(50);
BENCHMARK_CAPTURE(withNetwork, s_latent, "s", SearchMode::Latent)->Arg(32);
BENCHMARK_CAPTURE(withNetwork, m_latent, "m", SearchMode::Latent)->Arg(32);
BENCHMARK_CAPTURE(withNetwork, m_latent_bfloat16, "m", SearchMode::Latent,
                  Precision::BFloat16)
    ->Arg(32);
BENCHMARK_CAPTURE(withNetwork, m_hybrid, "m", SearchMode::Hybrid)->Arg(32);
BENCHMARK_CAPTURE(withNetwork, m_exact, "m", SearchMode::Exact)->Arg(32);
BENCHMARK_CAPTURE(encode, s, "s", Precision::Float32);
BENCHMARK_CAPTURE(encode, m, "m", Precision::Float32);
BENCHMARK_CAPTURE(encode, m_bfloat16, "m", Precision::BFloat16);
BENCHMARK_CAPTURE(learn, s, "s", Precision::Float32);
BENCHMARK_CAPTURE(learn, m, "m", Precision::Float32);
BENCHMARK_CAPTURE(learn, m_bfloat16, "m", Precision::BFloat16);
BENCHMARK_CAPTURE(longEpisode, s_latent, "s", SearchMode::Latent)
    ->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(longEpisode, s_hybrid, "s", SearchMode::Hybrid)
    ->Unit(benchmark::kSecond);
BENCHMARK(workers)->Threads(1)->Threads(2)->UseRealTime();

BENCHMARK_MAIN();
