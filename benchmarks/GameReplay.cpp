//===- GameReplay.cpp - what the rules of mallocGame cannot say -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays plans of `search`, or given ones, through the game, and prints what
// that loses. One line of Markdown per instance and order of play. Arguments:
// see benchmarks/README.md.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/PlanReplay.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mempl;

namespace cl = llvm::cl;

static cl::list<std::string> files(cl::Positional, cl::OneOrMore,
                                   cl::desc("INSTANCE..."));
static cl::opt<int64_t> budget("budget", cl::init(100000),
                               cl::desc("Moves of search"));
static cl::opt<std::string>
    plans("plans", cl::desc("Folder of plans to be played: NAME.plan.json.gz "
                            "of NAME.json.gz; where there is none, search "
                            "makes it"));

static llvm::ExitOnError check("game replay: error: ");

static Plan planFor(const Instance &instance, llvm::StringRef file) {
  llvm::SmallString<128> path(plans);
  llvm::StringRef name = llvm::sys::path::filename(file);
  name.consume_back(".json.gz");
  llvm::sys::path::append(path, name + ".plan.json.gz");
  if (!plans.empty() && llvm::sys::fs::exists(path))
    return check(readPlan(path.str()));
  SolverContext context;
  context.budget = budget;
  return check(check(createSolver("search"))->solve(instance, context)).plan;
}

static void report(const std::string &file) {
  Instance instance = check(readInstance(file));
  Plan plan = planFor(instance, file);
  double latency = simulateLatency(instance, plan);
  std::shared_ptr<const Game> game =
      check(Game::create(instance, optionsOf(plan)));
  for (auto [name, order] : {std::pair("time", ReplayOrder::Time),
                             std::pair("list", ReplayOrder::List),
                             std::pair("density", ReplayOrder::Density)}) {
    GameState state(game);
    Stopwatch watch;
    Replay replay = replayPlan(state, plan, order);
    llvm::outs() << llvm::formatv(
        "| {0} | {1} | {2:f4} | {3:f4} | {4:f4} | {5} of {6} | {7:f1} |\n",
        llvm::sys::path::filename(file), name, latency / game->slowLatency(),
        game->greedyLatency() / latency, replay.latency / latency,
        replay.numMissed, plan.residencies.size(), watch.seconds() * 1000);
  }
  llvm::outs().flush();
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Plans played through mallocGame\n");
  llvm::outs()
      << "| program | order | plan / slow | greedy / plan | replay / "
         "plan | missed | ms |\n| -- | -- | -- | -- | -- | -- | -- |\n";
  for (const std::string &file : files)
    report(file);
  return 0;
}
