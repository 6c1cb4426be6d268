//===- Search.cpp - the solver search -------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ruin and recreate (Schrimpf et al., J. Comput. Phys. 2000) with simulated
// annealing: a move takes some residencies out of the plan, puts runs of
// accesses in by the rules of UseIntervalPlacer, and is kept or undone by the
// exact latency. Annealing cycles grow in length, each from the best plan so
// far, so that the search can be stopped at any time. One move is one unit of
// budget.
//
//===----------------------------------------------------------------------===//

#include "Annealer.h"
#include "BuiltinSolvers.h"
#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Greedy.h"

using namespace mempl;

namespace {

class SearchSolver : public Solver {
public:
  llvm::StringRef name() const override { return "search"; }
  llvm::StringRef description() const override {
    return "ruin and recreate with annealing, from the greedy plan";
  }

  llvm::Expected<SolverResult> solve(const Instance &instance,
                                     const SolverOptions &options) override {
    Deadline deadline(options);
    auto greedy = createGreedySolver()->solve(instance, options);
    if (!greedy)
      return greedy.takeError();

    // Bodies get a share of the moves each; they are small programs. All of
    // them together get half of the time.
    SolverOptions inner = options;
    inner.progress = nullptr;
    inner.improved = nullptr;
    inner.start = nullptr;
    inner.budget = std::max<int64_t>(1, options.budget / kBodyShare);
    if (options.timeLimitMs > 0)
      inner.timeLimitMs =
          std::max<int64_t>(1, options.timeLimitMs / kBodyShare);
    inner.cancelled = [&] {
      return deadline.hasPassed() || deadline.share() > kBodiesShare;
    };
    AccessIndex index(instance);
    auto loops =
        planLoops(index, [&](const Instance &body) -> llvm::Expected<Plan> {
          auto result = solve(body, inner);
          if (!result)
            return result.takeError();
          return std::move(result->plan);
        });
    if (!loops)
      return loops.takeError();

    UseIntervalForest forest(index, instance.machine.capacity);
    Annealer annealer(index, forest, *loops, options, deadline);
    SolverResult result;
    const Plan *start = &greedy->plan;
    double latency = greedy->latency;
    if (options.start) {
      double given = simulateLatency(instance, *options.start);
      if (given < latency) {
        start = options.start.get();
        latency = given;
      }
    }
    result.plan = annealer.run(*start, latency);
    result.latency = annealer.bestLatency();
    result.evaluated = annealer.numMoves();
    result.seconds = deadline.seconds();
    return result;
  }

private:
  static constexpr int64_t kBodyShare = 20;
  static constexpr double kBodiesShare = 0.5;
};

} // namespace

std::unique_ptr<Solver> mempl::createSearchSolver() {
  return std::make_unique<SearchSolver>();
}
