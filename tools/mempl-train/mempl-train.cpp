//===- mempl-train.cpp - trains the player of mallocGame ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line of training: programs, limits, sizes; progress on the
// terminal, or a line per round elsewhere; a summary at the end.
//
//===----------------------------------------------------------------------===//

#include "FatalErrors.h"
#include "Programs.h"
#include "ToolErrors.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Progress.h"
#include "mempl/Support/Units.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <array>

using namespace mempl;
namespace cl = llvm::cl;
using llvm::Error;
using llvm::StringRef;

const char *const mempl::kToolName = "mempl-train";

namespace {

struct Flags {
  cl::OptionCategory category{"mempl-train options"};
  cl::list<std::string> paths{
      cl::Positional, cl::cat(category),
      cl::desc("<instances .json, programs .hlo.txt or .mlir, also .gz, or "
               "folders of such>")};
  cl::opt<std::string> out{"out", cl::cat(category), cl::value_desc("folder"),
                           cl::desc("Folder of the run; one that has a "
                                    "checkpoint goes on")};
  cl::opt<std::string> planOut{
      "plan-out", cl::cat(category), cl::value_desc("file"),
      cl::desc("Write the best plan that is known at the end to this file; for "
               "one program")};
  cl::list<std::string> validation{
      "validation", cl::CommaSeparated, cl::cat(category),
      cl::value_desc("paths"),
      cl::desc("Programs to evaluate with, which are not trained on")};
  cl::list<std::string> capacity{
      "capacity", cl::CommaSeparated, cl::cat(category),
      cl::value_desc("a,b,.."),
      cl::desc("Fast memory, such as 112MiB,32MiB: each program with each "
               "(default: what the files or the target say)")};
  cl::opt<bool> listTargets{"list-targets", cl::cat(category),
                            cl::desc("Print the targets that come with mempl")};
  cl::opt<std::string> target{"target", cl::cat(category),
                              cl::value_desc("name or file"),
                              cl::desc("Machine of HLO text and MLIR")};
  cl::list<std::string> cost{
      "cost", cl::CommaSeparated, cl::cat(category), cl::value_desc("a,b"),
      cl::desc("Cost models of HLO text: compiler (default), roofline, "
               "calibrated; each program with each")};
  cl::opt<std::string> weights{
      "weights", cl::cat(category), cl::value_desc("file"),
      cl::desc("Begin with these weights instead of those that come with "
               "mempl; none = without any")};
  cl::alias from{"from", cl::aliasopt(weights), cl::Hidden};
  cl::opt<std::string> simulations{
      "simulations", cl::cat(category), cl::init("16"),
      cl::value_desc("number"),
      cl::desc("Simulations per move of self-play (default 16)")};
  cl::opt<std::string> candidates{
      "candidates", cl::cat(category), cl::init("16"), cl::value_desc("number"),
      cl::desc("Segments that are looked at in a state, 1 to 24 (default 16)")};
  cl::opt<std::string> games{"games", cl::cat(category), cl::init("16"),
                             cl::value_desc("number"),
                             cl::desc("Games per round (default 16)")};
  cl::opt<std::string> heads{
      "heads", cl::cat(category), cl::init("4"), cl::value_desc("number"),
      cl::desc("Heads of the policy that are evolved beside those that there "
               "are (default 4)")};
  cl::opt<std::string> generations{
      "generations", cl::cat(category), cl::init("40"),
      cl::value_desc("number"),
      cl::desc("Of the evolution of a head, four per round (default 40)")};
  cl::opt<std::string> steps{"steps", cl::cat(category), cl::init("50"),
                             cl::value_desc("number"),
                             cl::desc("Steps of the learner per round "
                                      "(default 50)")};
  cl::opt<std::string> batch{"batch", cl::cat(category), cl::init("128"),
                             cl::value_desc("number"),
                             cl::desc("States per step (default 128)")};
  cl::opt<double> learningRate{"learning-rate", cl::cat(category),
                               cl::init(1e-3), cl::value_desc("number"),
                               cl::desc("Of the optimiser (default 0.001)")};
  cl::opt<std::string> teacherBudget{
      "teacher-budget", cl::cat(category), cl::init("30000"),
      cl::value_desc("moves"),
      cl::desc("Moves of search for the plan of each program that is imitated "
               "at first (default 30000), 0 = learn from self-play alone")};
  cl::opt<std::string> refineBudget{
      "refine-budget", cl::cat(category), cl::init("10000"),
      cl::value_desc("moves"),
      cl::desc("Moves of search that refine a best plan, two plans per round "
               "(default 10000), 0 = never; doubled when they find nothing")};
  cl::alias polishBudget{"polish-budget", cl::aliasopt(refineBudget),
                         cl::Hidden};
  cl::opt<double> eliteShare{
      "elite-share", cl::cat(category), cl::init(0.5), cl::value_desc("share"),
      cl::desc("How often a state to learn from is of one of the best games of "
               "its program ever (default 0.5)")};
  cl::opt<std::string> rounds{"rounds", cl::cat(category), cl::init("0"),
                              cl::value_desc("number"),
                              cl::desc("Rounds in all (default 0 = no limit)")};
  cl::opt<std::string> timeLimit{
      "time-limit-ms", cl::cat(category), cl::init("0"), cl::value_desc("ms"),
      cl::desc("Time in all, over all sessions, from the start of the program "
               "to its end (default 0 = no limit)")};
  cl::opt<double> minutes{"minutes", cl::cat(category), cl::Hidden, cl::init(0),
                          cl::desc("The old form of --time-limit-ms")};
  cl::opt<std::string> evaluateEvery{"evaluate-every", cl::cat(category),
                                     cl::init("10"), cl::value_desc("rounds"),
                                     cl::desc("Rounds between evaluations "
                                              "(default 10)")};
  cl::opt<std::string> patience{
      "patience", cl::cat(category), cl::init("0"), cl::value_desc("number"),
      cl::desc("End after so many evaluations without a better one (default 0 "
               "= never)")};
  cl::opt<std::string> seed{"seed", cl::cat(category), cl::init("0"),
                            cl::value_desc("number"),
                            cl::desc("Of the random numbers (default 0)")};
  cl::opt<std::string> threads{
      "threads", cl::cat(category), cl::init("1"), cl::value_desc("number"),
      cl::desc("Threads that play, beside the learner (default 1)")};
  /// Of TrainerOptions: visitNumbers() has their ranges.
  std::array<const cl::opt<std::string> *, 10> numbers() const {
    return {&simulations, &candidates,    &heads, &generations, &games,
            &steps,       &evaluateEvery, &batch, &patience,    &threads};
  }
  cl::extrahelp examples{R"(
EXAMPLES:

  mempl-train --out=run problem.json --time-limit-ms=300000 --plan-out=plan.json
  mempl-train --out=run programs/ --validation=others/ --capacity=112MiB,32MiB
  mempl-solve problem.json --solver='search,muzero{weights=run/best.mempl}'

More: docs/tools/mempl-train.md
)"};
};

/// Since the program began.
const Stopwatch &sinceStart() {
  static const Stopwatch watch;
  return watch;
}

} // namespace

static Error readPaths(const Flags &flags, ProgramOptions &programs) {
  programs.paths.assign(flags.paths.begin(), flags.paths.end());
  programs.validation.assign(flags.validation.begin(), flags.validation.end());
  programs.target = flags.target;
  programs.costs.assign(flags.cost.begin(), flags.cost.end());
  if (programs.costs.empty())
    programs.costs = {"compiler"};
  for (const std::string &text : flags.capacity) {
    auto capacity = parseSize(text);
    if (!capacity)
      return toolError("--capacity: " + llvm::toString(capacity.takeError()));
    programs.capacities.push_back(*capacity);
  }
  if (programs.capacities.empty())
    programs.capacities = {0};
  if (programs.paths.empty())
    return toolError("expected programs to train on; see mempl-train --help");
  if (flags.out.empty())
    return toolError("expected --out, the folder of the run");
  return Error::success();
}

static Error readOptions(const Flags &flags, TrainerOptions &options) {
  options.initialWeights = flags.weights;
  if (!(flags.minutes >= 0))
    return toolError("--minutes: expected a number of at least 0");
  options.learner.learningRate = flags.learningRate;
  options.replay.eliteShare = flags.eliteShare;
  int64_t timeLimitMs = 0;
  if (Error error = readNumber<int64_t>(flags.timeLimit, 0, timeLimitMs))
    return error;
  if (timeLimitMs > 0 && flags.minutes > 0)
    return toolError("--minutes: is --time-limit-ms in another unit; give one");
  options.maxSeconds = timeLimitMs > 0 ? static_cast<double>(timeLimitMs) / 1000
                                       : 60 * flags.minutes;
  Error error = Error::success();
  visitNumbers(options, [&](StringRef name, int32_t &number, int32_t least,
                            int32_t most) {
    std::string flag = llvm::join(llvm::split(name, '_'), "-");
    for (const cl::opt<std::string> *given : flags.numbers())
      if (!error && given->ArgStr == flag)
        error = readNumber(*given, least, number, most);
  });
  if (error)
    return error;
  if (Error error =
          readNumber<int64_t>(flags.teacherBudget, 0, options.teacherBudget))
    return error;
  if (Error error =
          readNumber<int64_t>(flags.refineBudget, 0, options.refineBudget))
    return error;
  if (Error error = readNumber<int64_t>(flags.rounds, 0, options.maxRounds))
    return error;
  if (Error error = readNumber<uint64_t>(flags.seed, 0, options.seed))
    return error;
  std::string problem = problemWith(options);
  std::replace(problem.begin(), problem.end(), '_', '-');
  return problem.empty() ? Error::success() : toolError("--" + problem);
}

/// The line that is seen while training runs.
static std::string describe(const TrainerStatus &s,
                            const TrainerOptions &options) {
  std::string text =
      llvm::formatv("round {0}, {1}: {2} games, {3:f0} moves/s, step {4}, "
                    "loss {5:f3} (policy {6:f3}, value {7:f3}), return {8:f4}",
                    s.round, s.doing, s.games, s.movesPerSecond, s.steps,
                    s.loss.total, s.loss.policy, s.loss.value, s.meanReturn)
          .str();
  if (s.planScore > 0)
    text += llvm::formatv(", plans {0:f4}", s.planScore).str();
  if (s.score > 0)
    text += llvm::formatv(", {0:f4} of search's time (best {1:f4})", s.score,
                          s.bestScore)
                .str();
  if (options.maxSeconds > 0)
    text += llvm::formatv(", {0:f0} s left",
                          std::max(0.0, options.maxSeconds - s.seconds))
                .str();
  return text;
}

/// A line about what has just ended.
static std::string describe(const TrainerStatus &s, TrainerEvent event,
                            const TrainerOptions &options) {
  std::string time = llvm::formatv("{0:f1} s", s.seconds).str();
  if (options.maxSeconds > 0)
    time += llvm::formatv(" of {0:f1} s", options.maxSeconds).str();
  if (event == TrainerEvent::Round)
    return llvm::formatv("round {0}: {1} games, step {2}, loss {3:f3}, return "
                         "{4:f4}, best plans {5:f4} of search's time, {6}",
                         s.round, s.games, s.steps, s.loss.total, s.meanReturn,
                         s.planScore, time)
        .str();
  return llvm::formatv("evaluation after round {0}, of {1} program{2}: {3:f4} "
                       "of search's time (greedy {4:f4}, slow memory only "
                       "{5:f4}), {6}",
                       s.round, s.numEvaluated, s.numEvaluated == 1 ? "" : "s",
                       s.score, s.greedyScore, s.slowScore, time)
      .str();
}

/// What training has come to.
static void printSummary(const TrainerStatus &s, const std::string &folder) {
  llvm::outs() << llvm::formatv("{0} rounds, {1} games, {2} steps", s.round,
                                s.games, s.steps);
  if (s.bestScore > 0)
    llvm::outs() << llvm::formatv(
        "; best evaluation: {0:f4} of the time of search's plans (at first "
        "{1:f4})",
        s.bestScore, s.firstScore);
  llvm::outs() << "\nweights for mempl-solve: " << folder << "/best.mempl\n";
}

static Error writeBestPlan(const Trainer &trainer, const std::string &path) {
  const Trainer::BestPlan &best = *trainer.bestPlan(0);
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, best.plan);
  if (Error error = writeFile(path, text))
    return error;
  llvm::outs() << llvm::formatv("best plan: {0:f4} us, {1}\n",
                                best.latency * 1e6, path);
  return Error::success();
}

static Error train(std::vector<TrainingProgram> programs,
                   const TrainerOptions &options, const Flags &flags) {
  auto trainer = Trainer::create(std::move(programs), options, flags.out);
  if (!trainer)
    return trainer.takeError();
  if ((*trainer)->status().round > 0)
    llvm::errs() << "mempl-train: going on after round "
                 << (*trainer)->status().round << '\n';
  Progress progress;
  Error error = (*trainer)->run(
      isInterrupted,
      [&](const TrainerStatus &status) {
        progress.update([&] { return describe(status, options); });
      },
      [&](const TrainerStatus &status, TrainerEvent event) {
        // On a terminal the display shows the rounds.
        if (progress.isShown() && event == TrainerEvent::Round)
          return;
        progress.clear();
        llvm::errs() << "mempl-train: " << describe(status, event, options)
                     << '\n';
      });
  progress.clear();
  if (error)
    return error;
  if (isInterrupted())
    llvm::errs() << "mempl-train: interrupted: the round under way is lost\n";
  printSummary((*trainer)->status(), flags.out);
  if (flags.planOut.empty())
    return Error::success();
  return writeBestPlan(**trainer, flags.planOut);
}

static Error run(const Flags &flags) {
  ProgramOptions programOptions;
  if (Error error = readPaths(flags, programOptions))
    return error;
  TrainerOptions options;
  if (Error error = readOptions(flags, options))
    return error;
  auto programs = readPrograms(programOptions);
  if (!programs)
    return programs.takeError();
  options.secondsBefore = sinceStart().seconds();
  auto isTrainedOn = [](const TrainingProgram &program) {
    return !program.isValidation;
  };
  if (!flags.planOut.empty() && llvm::count_if(*programs, isTrainedOn) != 1)
    return toolError("--plan-out: expected one program to train on");
  if (Error error = checkWritable(flags.planOut))
    return error;
  return train(std::move(*programs), options, flags);
}

int main(int argc, char **argv) {
  reportFatalErrors(kToolName);
  sinceStart();
  cl::ResetCommandLineParser();
  Flags flags;
  if (std::optional<int> code = parseCommandLine(
          argc, argv, flags.category,
          "mempl-train: trains the player of mallocGame, by self-play and by "
          "imitation of\nthe solver search, on many programs or on one. A run "
          "that was killed goes on\nwhen started again.\n"))
    return *code;
  if (flags.listTargets) {
    mempl::ir::printTargets(llvm::outs());
    return 0;
  }
  catchInterrupt();
  if (Error error = run(flags))
    return printErrors(std::move(error));
  return 0;
}
