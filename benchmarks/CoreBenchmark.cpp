//===- CoreBenchmark.cpp - speed of simulator, editor and greedy ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rates, not tests: accesses per second of a full simulation, edits per second
// of the plan editor around a good plan, and the growth of `greedy`, `msa` and
// `search` with the size of the program. Arguments: see benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "LayeredProgram.h"

#include "mempl/Problem/PlanEditor.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Support/Random.h"

#include "llvm/Support/Error.h"

#include <benchmark/benchmark.h>
#include <chrono>

using namespace mempl;

namespace {

Instance load(const char *name) {
  llvm::ExitOnError check("core benchmark: ");
  return check(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") + name));
}

Plan solve(const Instance &instance, llvm::StringRef solverName,
           int64_t budget) {
  llvm::ExitOnError check("core benchmark: ");
  SolverContext options;
  options.budget = budget;
  return check(check(createSolver(solverName))->solve(instance, options)).plan;
}

int64_t countAccesses(const Instance &instance) {
  int64_t number = 0;
  for (const Step &step : instance.program.steps)
    number += static_cast<int64_t>(step.accesses.size());
  return number;
}

void simulateProgram(benchmark::State &state, const char *name) {
  Instance instance = load(name);
  Plan plan = solve(instance, "greedy", 1);
  for (auto _ : state)
    benchmark::DoNotOptimize(simulate(instance, plan).latency);
  state.counters["accesses/s"] = benchmark::Counter(
      static_cast<double>(countAccesses(instance) *
                          static_cast<int64_t>(state.iterations())),
      benchmark::Counter::kIsRate);
}

/// One edit: residencies to take out, then one to put in.
struct EditMove {
  PlanEditor::Id taken = PlanEditor::kNone;
  Residency placed;
  bool places = false;
};

/// Random legal edits of the kinds that `search` makes: a run inserted, a copy
/// retimed or moved to another offset, a residency dropped.
std::vector<EditMove> legalMoves(PlanEditor &editor, size_t number) {
  const AccessIndex &index = editor.index();
  Random random(1, "core benchmark");
  std::vector<EditMove> moves;
  while (moves.size() < number) {
    EditMove move;
    auto id = static_cast<PlanEditor::Id>(random.below(editor.endId()));
    if (!editor.isPlaced(id))
      continue;
    Residency r = editor.residency(id);
    auto shift = [&] { return static_cast<int32_t>(random.between(-8, 8)); };
    switch (random.below(3)) {
    case 0: { // Insert.
      auto u = static_cast<int32_t>(random.below(index.numUses()));
      if (editor.time().isServed(u))
        continue;
      const Use &use = index.use(u);
      int32_t issue = std::clamp(use.step + shift(), 0, use.step);
      r = use.startsByWrite
              ? Residency::byWrite(use.value, 0, use.step, use.step)
              : Residency::byCopy(use.value, 0, issue, use.step, use.step);
      if (use.writes)
        r.out = {std::nullopt,
                 std::min(use.step + 1 + static_cast<int32_t>(random.below(8)),
                          index.numSteps())};
      r.offset = editor.occupancy().findOffset(
          r.start(), r.end(), index.roundedBytes(r), Fit::Lowest);
      if (r.offset < 0)
        continue;
      move.placed = r;
      move.places = true;
      break;
    }
    case 1: // Retime.
      if (CopyIn *in = r.copyIn())
        in->issue = std::clamp(in->issue + shift(), 0, in->ready);
      if (r.out)
        r.out->done = std::clamp(r.out->done + shift(), r.copiedAfter() + 1,
                                 index.numSteps());
      move.taken = id;
      move.placed = r;
      move.places = true;
      break;
    default: // Drop.
      move.taken = id;
    }
    PlanEditor::Mark mark = editor.mark();
    if (move.taken != PlanEditor::kNone)
      editor.remove(move.taken);
    if (move.places)
      editor.place(move.placed);
    bool isLegal = editor.isLegal();
    editor.undo(mark);
    if (isLegal)
      moves.push_back(move);
  }
  return moves;
}

void editPlan(benchmark::State &state, const char *name) {
  Instance instance = load(name);
  Plan plan = solve(instance, "search", 20000);
  AccessIndex index(instance);
  PlanEditor editor(index);
  for (const Residency &r : plan.residencies)
    editor.place(r);
  std::vector<EditMove> moves = legalMoves(editor, 10000);
  auto apply = [&](const EditMove &move) {
    PlanEditor::Mark mark = editor.mark();
    if (move.taken != PlanEditor::kNone)
      editor.remove(move.taken);
    if (move.places)
      editor.place(move.placed);
    benchmark::DoNotOptimize(editor.latency());
    editor.undo(mark);
  };
  size_t k = 0;
  for (auto _ : state)
    apply(moves[k++ % moves.size()]);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));

  using Clock = std::chrono::steady_clock;
  auto nanoseconds = [](Clock::duration d) {
    return static_cast<double>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
  };
  std::vector<double> times;
  for (int round = 0; round < 10; ++round)
    for (const EditMove &move : moves) {
      Clock::time_point begin = Clock::now();
      apply(move);
      times.push_back(nanoseconds(Clock::now() - begin));
    }
  std::sort(times.begin(), times.end());
  Clock::time_point begin = Clock::now();
  constexpr int kSimulations = 200;
  for (int i = 0; i < kSimulations; ++i)
    benchmark::DoNotOptimize(simulateLatency(instance, plan));
  double full = nanoseconds(Clock::now() - begin) / kSimulations;
  double median = times[times.size() / 2];
  state.counters["median_ns"] = median;
  state.counters["p99_ns"] = times[times.size() * 99 / 100];
  state.counters["full/median"] = full / median;
}

void grow(benchmark::State &state, llvm::StringRef solverName) {
  Instance instance = layeredProgram(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(solve(instance, solverName, 1).residencies.size());
  state.SetComplexityN(state.range(0));
}

void growGreedy(benchmark::State &state) { grow(state, "greedy"); }
void growMsa(benchmark::State &state) { grow(state, "msa"); }
void growSearch(benchmark::State &state) { grow(state, "search"); }

} // namespace

BENCHMARK_CAPTURE(simulateProgram, resnet50_train,
                  "resnet50_train_b16.v5e.instance.json.gz");
BENCHMARK_CAPTURE(simulateProgram, gpt2_decode,
                  "gpt2_decode_b8.v5e.instance.json.gz");
BENCHMARK_CAPTURE(editPlan, resnet50_train,
                  "resnet50_train_b16.v5e.instance.json.gz");
BENCHMARK_CAPTURE(editPlan, gpt2_decode, "gpt2_decode_b8.v5e.instance.json.gz");
BENCHMARK_CAPTURE(editPlan, resnet50_train_roofline,
                  "roofline/resnet50_train_b16.v5e.instance.json.gz");
BENCHMARK_CAPTURE(editPlan, gpt2_decode_roofline,
                  "roofline/gpt2_decode_b8.v5e.instance.json.gz");
BENCHMARK(growGreedy)
    ->RangeMultiplier(10)
    ->Range(1000, 1000000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);
BENCHMARK(growMsa)
    ->RangeMultiplier(10)
    ->Range(1000, 1000000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);
BENCHMARK(growSearch)
    ->RangeMultiplier(10)
    ->Range(1000, 100000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);

BENCHMARK_MAIN();
