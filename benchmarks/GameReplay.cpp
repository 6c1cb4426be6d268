//===- GameReplay.cpp - what the rules of mallocGame cannot say -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays the best plan of `search` through the game, action by action, and
// prints what that loses; beside it what simple players reach by themselves.
// One line of Markdown per instance, order of decisions and size of moves.
// Arguments: see
// benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Episodes.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mempl;

namespace cl = llvm::cl;

static cl::list<std::string> files(cl::Positional, cl::OneOrMore,
                                   cl::desc("INSTANCE..."));
static cl::opt<int64_t> capacity("capacity", cl::init(0),
                                 cl::desc("MiB of fast memory; 0: as given"));
static cl::opt<int64_t> budget("budget", cl::init(200000),
                               cl::desc("Moves of search"));
static cl::opt<int> samples("samples", cl::init(100),
                            cl::desc("Noisy episodes"));

static llvm::ExitOnError check("game replay: error: ");

static void report(const std::string &file) {
  Instance instance = check(readInstance(file));
  if (capacity > 0) {
    Machine m = instance.machine;
    m.capacity = capacity << 20;
    instance.machine = m;
  }
  SolverContext options;
  options.budget = budget;
  Solution found =
      check(check(createSolver("search"))->solve(instance, options));
  double bound = lowerBound(instance).bound;
  auto gap = [&](double latency) {
    return llvm::formatv("{0:f4}", latency / bound).str();
  };
  struct Rules {
    const char *name;
    DecisionOrder order;
    MoveSize moves;
  };
  for (const Rules &rules :
       {Rules{"program", DecisionOrder::Program, MoveSize::Use},
        Rules{"program, values", DecisionOrder::Program, MoveSize::Value},
        Rules{"density", DecisionOrder::ValueDensity, MoveSize::Use},
        Rules{"density, values", DecisionOrder::ValueDensity,
              MoveSize::Value}}) {
    GameOptions gameOptions;
    gameOptions.order = rules.order;
    gameOptions.moves = rules.moves;
    gameOptions.loops = found.plan.loops;
    std::shared_ptr<const Game> program =
        check(Game::create(instance, gameOptions));
    GameState game(program);
    PlayedPlan replay = playPlan(game, found.plan);
    game.restart();
    double greedy = playGreedily(game).latency;
    game.restart();
    Stopwatch watch;
    double best = bestOfSamples(game, samples, 0).latency;
    double seconds = watch.seconds();
    llvm::outs() << llvm::formatv(
        "| {0} | {1} | {2} | {3} | {4} | {5} ({6} of {7}) | {8} | {9} ({10:f1} "
        "s) |\n",
        llvm::sys::path::filename(file).split('.').first, rules.name,
        gap(program->greedyLatency()), gap(found.latency),
        llvm::formatv("{0:f4}", 1 + replay.loss()), gap(replay.episode.latency),
        replay.numMissed, replay.numAsked, gap(greedy), gap(best), seconds);
    llvm::outs().flush();
  }
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Plans played through mallocGame\n");
  llvm::outs() << "| program | rules | greedy | search | replay / search | "
                  "replay (missed) | greedy play | samples |\n"
                  "| -- | -- | -- | -- | -- | -- | -- | -- |\n";
  for (const std::string &file : files)
    report(file);
  return 0;
}
