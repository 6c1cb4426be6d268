//===- mempl-solve.cpp - place the values of a program in memory ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line: argument parsing and nothing else.
//
//===----------------------------------------------------------------------===//

#include "FatalErrors.h"
#include "SolveOptions.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Solvers/Reproducer.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Threads.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ProgramInput.h"

#include "llvm/Support/CommandLine.h"

#include <cmath>

namespace cl = llvm::cl;
using namespace mempl;

const char *const mempl::kToolName = "mempl-solve";
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

/// The flags. Made in main(), after those of LLVM's libraries are forgotten.
struct Flags {
  cl::OptionCategory category{"Options of mempl-solve"};
  cl::opt<std::string> input{
      cl::Positional, cl::cat(category),
      cl::desc("<instance .json, program .mlir or .hlo.txt, or packing "
               ".csv, also .gz>")};
  cl::list<std::string> solver{
      "solver", cl::cat(category), cl::value_desc("a,b{key=value},.."),
      cl::desc("Solvers to run, with their options in braces (default "
               "portfolio); see --list-solvers")};
  cl::alias policy{"policy", cl::aliasopt(solver), cl::Hidden};
  cl::opt<std::string> capacity{
      "capacity", cl::cat(category), cl::value_desc("size"),
      cl::desc("Fast memory, such as 117440512 or 32MiB, instead of the "
               "file's; for a packing file, the height to stay within")};
  cl::opt<std::string> maxCarried{
      "max-carried", cl::cat(category), cl::value_desc("number"),
      cl::desc("Values that a run may leave in fast memory for the next one, "
               "instead of the file's number")};
  cl::opt<std::string> target{
      "target", cl::cat(category), cl::value_desc("name or file"),
      cl::desc("Machine instead of the one in the file: a preset or a JSON "
               "file; a program in MLIR needs one unless it names one")};
  cl::opt<std::string> cost{
      "cost", cl::cat(category), cl::init("compiler"),
      cl::value_desc("compiler|roofline|calibrated"),
      cl::desc("Compute times of a program in HLO text: the compiler's "
               "estimates (default), operations over peak rates, or the "
               "estimates with bytes scaled to fit them")};
  cl::opt<bool> reserveScoped{
      "reserve-scoped", cl::cat(category),
      cl::desc("Steps of a program in HLO text reserve their scoped memory in "
               "fast memory; give the whole memory as --capacity")};
  cl::opt<bool> freeOrder{
      "free-order", cl::cat(category),
      cl::desc("Plans for a program in HLO text may run its steps in another "
               "order than XLA's, as far as the text allows it")};
  cl::opt<bool> xla{"xla", cl::cat(category),
                    cl::desc("Show XLA's own plan for a program in HLO text")};
  cl::opt<std::string> function{
      "function", cl::cat(category), cl::value_desc("name"),
      cl::desc("Function of a program in MLIR that has several")};
  cl::opt<std::string> profile{
      "profile", cl::cat(category), cl::value_desc("file"),
      cl::desc("Measured seconds of ops of a program in MLIR, a JSON file; "
               "they replace the cost model")};
  cl::opt<bool> reorder{
      "reorder", cl::cat(category), cl::init(true),
      cl::desc("Plans for a program in MLIR may run its steps in another order "
               "(default true)")};
  cl::list<std::string> check{
      "plan-in", cl::cat(category), cl::value_desc("plan.json"),
      cl::desc("Verify this plan and show what it costs; may be repeated. "
               "Nothing is solved unless --solver is given. For packing "
               "files, one with offsets; without a file, the input itself")};
  cl::alias sameCheck{"check", cl::NotHidden, cl::aliasopt(check),
                      cl::desc("The same as --plan-in")};
  cl::opt<std::string> start{
      "start", cl::cat(category), cl::value_desc("plan.json|xla"),
      cl::desc("Valid plan that solvers which improve plans begin with, where "
               "it is faster than their own: a file, or xla for XLA's own plan "
               "for a program in HLO text")};
  cl::opt<std::string> diff{
      "diff", cl::cat(category), cl::value_desc("plan.json"),
      cl::desc("Valid plan that the plan found (or, if nothing is solved, the "
               "first of --plan-in) is compared with: values that are "
               "elsewhere, and latency")};
  cl::opt<std::string> earlier{
      "earlier", cl::cat(category), cl::value_desc("program"),
      cl::desc(
          "The program as it was when the plans of --start and --diff were "
          "made, of any kind that the input may be: what of them is still "
          "meant and valid is taken, and a line tells how much")};
  cl::opt<std::string> baseline{
      "baseline", cl::cat(category), cl::value_desc("old.json"),
      cl::desc("What --format=json printed in an earlier run: exit code 1 if "
               "the fastest plan is slower now")};
  cl::opt<std::string> maxRegression{
      "max-regression", cl::cat(category), cl::value_desc("percent"),
      cl::init("0%"),
      cl::desc("How much slower than the baseline a plan may be, such as 1% "
               "(default 0%)")};
  cl::opt<std::string> plan{
      "plan-out", cl::cat(category), cl::value_desc("file"),
      cl::desc("Write the best plan (for a packing file, the offsets) here; "
               "packed if it ends in .gz")};
  cl::alias oldPlan{"plan", cl::aliasopt(plan), cl::Hidden};
  cl::opt<std::string> format{
      "format", cl::cat(category), cl::value_desc("table|json"),
      cl::init("table"), cl::desc("How results are printed (default table)")};
  cl::opt<std::string> budget{
      "budget", cl::cat(category), cl::init("20000"), cl::value_desc("plans"),
      cl::desc("Plans that a solver may evaluate (default 20000), 0 = no "
               "limit; for a packing file, nodes of the search (default no "
               "limit)")};
  cl::opt<std::string> timeLimit{
      "time-limit-ms", cl::cat(category), cl::init("0"), cl::value_desc("ms"),
      cl::desc("Time that a solver may take (default 0 = no limit); the bound "
               "has what is left, at least a tenth of it, and at least 500. "
               "With a limit the result depends on the machine")};
  cl::opt<bool> cpuTime{
      "cpu-time", cl::cat(category),
      cl::desc("Count CPU time of the process, not wall-clock, for "
               "--time-limit-ms and --timing")};
  // Before solvers had options of their own.
  cl::opt<std::string> msaOptions{"msa-options", cl::Hidden};
  cl::opt<std::string> weights{"weights", cl::Hidden};
  cl::opt<std::string> seed{"seed", cl::cat(category), cl::init("0"),
                            cl::value_desc("number"),
                            cl::desc("Of the random numbers (default 0)")};
  cl::opt<std::string> threads{"threads", cl::cat(category), cl::init("1"),
                               cl::value_desc("number"),
                               cl::desc("Threads (default 1)")};
  cl::opt<std::string> boundIterations{
      "bound-iterations", cl::cat(category), cl::init("4000"),
      cl::value_desc("number"),
      cl::desc("Iterations of the lower bound at most (default 4000)")};
  cl::opt<std::string> boundNodes{
      "bound-nodes", cl::cat(category), cl::init("0"), cl::value_desc("number"),
      cl::desc("Nodes of branch and bound, which raises the bound after that, "
               "at most (default 0)")};
  cl::opt<std::string> boundSeconds{
      "bound-seconds", cl::cat(category), cl::init("0"),
      cl::value_desc("seconds"),
      cl::desc("Time for the bound, with branch and bound until it is over or "
               "a plan is proven optimal (default 0: as the other options "
               "say). With it the bound depends on the machine")};
  cl::opt<bool> noBound{"no-bound", cl::cat(category),
                        cl::desc("Compute no lower bound")};
  cl::opt<std::string> anytime{
      "anytime", cl::cat(category), cl::value_desc("file"),
      cl::desc("Add a JSON line here for every better plan while a solver "
               "runs: seconds, plans evaluated, latency")};
  cl::opt<std::string> reproducer{
      "reproducer", cl::cat(category), cl::value_desc("file"),
      cl::desc("Write the instance, the options and the version here, before "
               "anything is solved: a file for a bug report")};
  cl::opt<bool> runReproducer{
      "run-reproducer", cl::cat(category),
      cl::desc("The input is a file that --reproducer wrote: run what it says "
               "(but the solvers of --solver, if given)")};
  cl::opt<std::string> report{
      "report", cl::cat(category), cl::value_desc("out.html"),
      cl::desc("Write a page with fast memory over time, latencies, values and "
               "steps here, one file for a browser; of a packing file, with "
               "its buffers over time")};
  cl::opt<std::string> map{
      "map-out", cl::cat(category), cl::value_desc("out.svg"),
      cl::desc("Draw fast memory over time with the fastest valid plan here, "
               "and once more for dark pages, with -dark before .svg")};
  cl::opt<bool> timing{"timing", cl::cat(category),
                       cl::desc("Show measured seconds")};
  cl::opt<bool> listSolvers{
      "list-solvers", cl::cat(category),
      cl::desc("Print all solvers and their options; with "
               "--format=json, as JSON")};
  cl::alias listPolicies{"list-policies", cl::aliasopt(listSolvers),
                         cl::Hidden};
  cl::opt<bool> listTargets{"list-targets", cl::cat(category),
                            cl::desc("Print the targets that come with mempl")};
  cl::extrahelp examples{R"(
EXAMPLES:

  mempl-solve net.mlir --target=edge-npu --solver=none,greedy,search
  mempl-solve program.hlo.txt.gz --target=tpu-v5e --xla
  mempl-solve problem.json --capacity=32MiB --plan-out=plan.json
  mempl-solve problem.json --plan-in=plan.json --solver=search
  mempl-solve buffers.csv --capacity=1MiB --plan-out=offsets.csv

More: docs/tools/mempl-solve.md
)"};
};

} // namespace

/// Whether a name is that of a packing file.
static bool isCsv(StringRef name) {
  name.consume_back(".gz");
  return name.ends_with(".csv");
}

static Error readNumbers(const Flags &flags, SolveOptions &options) {
  if (Error error =
          readNumber<int64_t>(flags.budget, 0, options.context.budget))
    return error;
  if (Error error =
          readNumber<int64_t>(flags.timeLimit, 0, options.context.timeLimitMs))
    return error;
  if (Error error = readNumber<uint64_t>(flags.seed, 0, options.context.seed))
    return error;
  if (Error error =
          readNumber(flags.threads, 1, options.context.threads, kMaxThreads))
    return error;
  if (Error error = readNumber<int64_t>(flags.boundIterations, 0,
                                        options.boundIterations))
    return error;
  if (Error error =
          readNumber<int64_t>(flags.boundNodes, 0, options.boundNodes))
    return error;
  if (flags.boundSeconds.getValue().empty() ||
      StringRef(flags.boundSeconds).getAsDouble(options.boundSeconds) ||
      !(options.boundSeconds >= 0) || !std::isfinite(options.boundSeconds))
    return toolError("--bound-seconds: expected a number that is at least 0, "
                     "found '" +
                     flags.boundSeconds + "'");
  options.context.countsCpuTime = flags.cpuTime;
  options.budgetGiven = flags.budget.getNumOccurrences() > 0;
  if (flags.capacity.getNumOccurrences() > 0) {
    auto capacity = parseSize(flags.capacity);
    if (!capacity)
      return toolError("--capacity: " + llvm::toString(capacity.takeError()));
    options.capacity = *capacity;
  }
  if (flags.maxCarried.getNumOccurrences() > 0)
    if (Error error = readNumber<int64_t>(flags.maxCarried, 0,
                                          options.maxCarried.emplace()))
      return error;
  if (flags.format != "table" && flags.format != "json")
    return toolError("--format: expected table or json, found '" +
                     flags.format + "'");
  options.json = flags.format == "json";
  return Error::success();
}

static Error readMaxRegression(const Flags &flags, SolveOptions &options) {
  StringRef text = flags.maxRegression;
  double percent = 0;
  if (!text.consume_back("%") || text.trim().getAsDouble(percent) ||
      !(percent >= 0) || !std::isfinite(percent))
    return toolError("--max-regression: expected a percentage that is at least "
                     "0, such as 1%, found '" +
                     flags.maxRegression + "'");
  if (flags.maxRegression.getNumOccurrences() > 0 && flags.baseline.empty())
    return toolError("--max-regression: of what? give --baseline with it");
  options.maxRegression = percent / 100;
  return Error::success();
}

/// Nothing is written over the program, or twice into one file. Offsets may
/// replace the packing problem, which is in their file as well.
static Error checkOutputs(const SolveOptions &options) {
  const std::pair<StringRef, StringRef> outputs[] = {
      {"--plan-out", options.planPath},
      {"--anytime", options.anytimePath},
      {"--reproducer", options.reproducerPath},
      {"--map-out", options.mapPath},
      {"--report", options.reportPath}};
  for (const auto &[flag, path] : outputs)
    if (path != "-" && !isCsv(options.input) && isSameFile(path, options.input))
      return toolError(flag + ": expected another file than the input, found " +
                       path);
  std::string problem = sameOutputs(outputs);
  return problem.empty() ? Error::success() : toolError(problem);
}

static Error readFlags(const Flags &flags, SolveOptions &options) {
  options.input = flags.input;
  options.target = flags.target;
  options.function = flags.function;
  options.profile = flags.profile;
  options.reorder = flags.reorder;
  options.cost = flags.cost;
  options.reserveScoped = flags.reserveScoped;
  options.freeOrder = flags.freeOrder;
  options.xla = flags.xla;
  options.checkPaths.assign(flags.check.begin(), flags.check.end());
  options.startPath = flags.start;
  options.diffPath = flags.diff;
  options.earlierPath = flags.earlier;
  if (!options.earlierPath.empty() && options.diffPath.empty() &&
      (options.startPath.empty() ||
       options.startPath == SolveOptions::kStartOfXla))
    return toolError("--earlier: of which plan? give --start=FILE or "
                     "--diff=FILE with it");
  options.baselinePath = flags.baseline;
  if (Error error = readMaxRegression(flags, options))
    return error;
  options.planPath = flags.plan;
  options.timing = flags.timing;
  options.anytimePath = flags.anytime;
  options.reproducerPath = flags.reproducer;
  options.mapPath = flags.map;
  if (!options.mapPath.empty() && !StringRef(options.mapPath).ends_with(".svg"))
    return toolError("--map-out: expected a name that ends in .svg, found '" +
                     options.mapPath + "'");
  options.reportPath = flags.report;
  options.bound = !flags.noBound;
  options.old = {flags.weights, flags.msaOptions, {}};
  for (const std::string &text : flags.solver) {
    auto specs = parseSolverSpecs(text);
    if (!specs)
      return toolError("--solver: " + llvm::toString(specs.takeError()));
    options.specs.insert(options.specs.end(), specs->begin(), specs->end());
  }
  // A packing file that is checked may be the input as well.
  for (std::string &path : options.checkPaths)
    if (path.empty())
      path = std::exchange(options.input, "");
  if (options.input.empty() &&
      (options.checkPaths.empty() || !llvm::all_of(options.checkPaths, isCsv)))
    return toolError("expected an input file; see mempl-solve --help");
  if (Error error = checkOutputs(options))
    return error;
  return readNumbers(flags, options);
}

/// Takes instance and options from the reproducer that is the input.
static Error readReproducer(SolveOptions &options) {
  auto text = readFile(options.input);
  if (!text)
    return text.takeError();
  auto file = parseReproducer(*text, options.input);
  if (!file)
    return file.takeError();
  options.given = std::make_shared<Instance>(std::move(file->instance));
  options.context = std::move(file->context);
  if (!options.specs.empty())
    return Error::success();
  for (const std::string &text : file->solvers) {
    auto spec = parseSolverSpec(text);
    if (!spec)
      return fileError(options.input, 0, llvm::toString(spec.takeError()));
    options.specs.push_back(std::move(*spec));
  }
  return Error::success();
}

/// Makes the solvers that are asked for.
static Error makeSolvers(SolveOptions &options) {
  for (SolverSpec &spec : options.specs) {
    auto named = withOldOptions(spec, options.old);
    auto solver = named ? createSolver(*named)
                        : Expected<std::unique_ptr<Solver>>(named.takeError());
    if (!solver)
      return toolError("--solver: " + llvm::toString(solver.takeError()));
    options.solvers.push_back(std::move(*solver));
  }
  return Error::success();
}

static int runOnInstance(SolveOptions &options) {
  if (options.specs.empty() && options.checkPaths.empty() && !options.xla)
    options.specs.emplace_back().name = "portfolio";
  if (options.specs.empty() && !options.planPath.empty())
    return printErrors(
        toolError("--plan-out: nothing is solved; give --solver"));
  if (!options.startPath.empty() && !options.reproducerPath.empty())
    return printErrors(
        toolError("--start: has no place in the file of --reproducer"));
  if (options.startPath == SolveOptions::kStartOfXla && !options.isHlo)
    return printErrors(toolError("--start=xla: is for programs in HLO text"));
  if (options.context.budget == 0 && options.context.timeLimitMs == 0)
    return printErrors(
        toolError("--budget: 0 means no limit; give --time-limit-ms with it"));
  if (Error error = makeSolvers(options))
    return printErrors(std::move(error));
  return runInstance(options);
}

static int runOnPacking(const SolveOptions &options) {
  const std::string &name =
      options.input.empty() ? options.checkPaths.front() : options.input;
  if (!options.specs.empty() || !options.target.empty() ||
      !options.reproducerPath.empty() || !options.startPath.empty() ||
      !options.mapPath.empty() || !options.diffPath.empty() ||
      !options.baselinePath.empty())
    return printErrors(toolError("--solver, --target, --start, --diff, "
                                 "--baseline, --map-out and --reproducer are "
                                 "for instances, not for " +
                                 name));
  for (const std::string &path : options.checkPaths)
    if (!isCsv(path))
      return printErrors(toolError("--check: expected a packing file (.csv), "
                                   "as " +
                                   name + " is one, found " + path));
  if (!options.checkPaths.empty() && !options.planPath.empty())
    return printErrors(toolError("--plan-out: nothing is packed with --check"));
  return runPacking(options);
}

/// The arguments with a `--check` that has no file as `--check=`.
static std::vector<const char *> completeArguments(int argc, char **argv) {
  std::vector<const char *> arguments(argv, argv + argc);
  for (size_t i = 1; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    bool isLast = i + 1 == arguments.size() || arguments[i + 1][0] == '-';
    if (isLast && (argument == "--check" || argument == "-check"))
      arguments[i] = "--check=";
  }
  return arguments;
}

int main(int argc, char **argv) {
  reportFatalErrors(kToolName);
  registerMuZeroSolvers();
  cl::ResetCommandLineParser();
  Flags flags;
  std::vector<const char *> arguments = completeArguments(argc, argv);
  if (std::optional<int> code = parseCommandLine(
          argc, arguments.data(), flags.category,
          "mempl-solve: decides which values of a program are in fast memory "
          "when,\nat which offsets, and when copies are issued and awaited\n"))
    return *code;
  if (flags.listSolvers) {
    flags.format == "json" ? printSolversJson(llvm::outs())
                           : printSolvers(llvm::outs());
    return 0;
  }
  if (flags.listTargets) {
    mempl::ir::printTargets(llvm::outs());
    return 0;
  }
  SolveOptions options;
  if (Error error = readFlags(flags, options))
    return printErrors(std::move(error));
  catchInterrupt();
  if (flags.runReproducer) {
    if (Error error = readReproducer(options))
      return printErrors(std::move(error));
    return runOnInstance(options);
  }
  StringRef name = options.input;
  name.consume_back(".gz");
  options.isMlir = isMlirFileName(options.input);
  options.isHlo = mempl::ir::isHloFileName(options.input);
  if (!options.isMlir && !options.function.empty())
    return printErrors(toolError("--function: is for programs in MLIR"));
  if (!options.isMlir && !options.profile.empty())
    return printErrors(toolError("--profile: is for programs in MLIR"));
  if (!options.isMlir && flags.reorder.getNumOccurrences() > 0)
    return printErrors(toolError("--reorder: is for programs in MLIR"));
  if (!options.isHlo && (flags.cost.getNumOccurrences() > 0 || options.xla ||
                         options.reserveScoped || options.freeOrder))
    return printErrors(toolError("--cost, --reserve-scoped, --free-order and "
                                 "--xla: are for programs in HLO text"));
  if (options.isMlir || options.isHlo || name.ends_with(".json") || name == "-")
    return runOnInstance(options);
  if (isCsv(name) || options.input.empty())
    return runOnPacking(options);
  return printErrors(toolError(
      options.input +
      ": expected a name that ends in .json (an instance), "
      ".mlir or .hlo.txt (a program) or .csv (a packing problem), or one "
      "of them with .gz"));
}
