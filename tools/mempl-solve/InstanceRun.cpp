//===- InstanceRun.cpp - solving instances and checking plans -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-solve on an instance: evaluates the plans that it is given, runs
// solvers, verifies each plan before anything is written, and computes the
// bound.
//
//===----------------------------------------------------------------------===//

#include "HtmlReport.h"
#include "Report.h"
#include "SolveOptions.h"

#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/PlanTransfer.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Progress.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ProgramInput.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// One run of the tool over one instance.
class InstanceRun {
public:
  explicit InstanceRun(const SolveOptions &options) : options(options) {}

  /// Errors that leave nothing to print.
  Error prepare();
  /// Evaluates the plans that were given.
  void check();
  /// Runs the solvers. What fails goes to `failures`.
  Error solve();
  void computeBound();
  /// Writes the best plan and prints the report.
  Error finish();

private:
  Error readProblem();
  Error readHlo();
  mempl::ir::HloFileOptions hloOptions(StringRef path) const;
  Expected<Instance> readEarlier() const;
  Error applyMachine();
  Error applyCapacity(Machine &machine);
  Expected<Plan> moved(StringRef path, const Plan &plan) const;
  Expected<Plan> readValidPlan(StringRef path) const;
  Error readStart();
  Error readComparisons();
  Error openAnytime();
  Error solveWith(Solver &solver);
  Reproducer reproducer() const;
  ReportRow rowOf(StringRef name, const Plan &plan);
  ReportRow evaluate(StringRef name, const Plan &plan);
  void compare();
  Error regression() const;

  const SolveOptions &options;
  Instance instance;
  std::vector<Plan> plansToCheck;
  std::optional<Plan> xlaPlan; ///< Of a program in HLO text, if asked for.
  std::shared_ptr<const Plan> start; ///< What solvers begin with, if given.
  std::optional<Plan> other;         ///< What the best plan is compared with.
  Report report;
  std::vector<ReportPlan> shown;     ///< Valid plans, for the report.
  std::optional<ReportPlan> fastest; ///< Of the valid plans, given or found.
  Plan best;
  double bestLatency = 0; ///< Seconds; valid if `solved`.
  bool solved = false;
  Progress progress;
  std::unique_ptr<llvm::raw_fd_ostream> anytime; ///< Null if not asked for.
};

} // namespace

Error InstanceRun::applyCapacity(Machine &machine) {
  int64_t capacity = *options.capacity;
  int64_t below = capacity - capacity % machine.alignment;
  if (below != capacity) {
    std::string text = "--capacity: expected a multiple of the alignment of " +
                       std::to_string(machine.alignment) + " bytes, found " +
                       std::to_string(capacity) + "; the nearest are " +
                       std::to_string(below) + " and " +
                       std::to_string(machine.roundUp(capacity));
    return toolError(text);
  }
  machine.capacity = capacity;
  return Error::success();
}

/// Puts the machine that was asked for in the place of the file's.
Error InstanceRun::applyMachine() {
  Machine machine = instance.machine;
  if (!options.target.empty()) {
    auto target = readTargetMachine(options.target);
    if (!target)
      return target.takeError();
    machine = *target;
  }
  if (options.capacity)
    if (Error error = applyCapacity(machine))
      return error;
  if (options.maxCarried)
    machine.maxCarried = *options.maxCarried;
  if (machine == instance.machine)
    return Error::success();
  instance.machine = machine;
  auto faults = checkInstance(instance);
  if (faults.empty())
    return Error::success();
  return fileError(options.input, 0,
                   "does not run on the machine that was asked for: " +
                       faults.front().str());
}

Error InstanceRun::readProblem() {
  if (options.given) {
    instance = *options.given;
    return applyMachine();
  }
  std::string unknowns;
  auto read =
      options.isMlir
          ? readMlirInstance(options.input, options.target, options.function,
                             options.profile, &unknowns, options.reorder)
          : readInstance(options.input);
  if (!read)
    return read.takeError();
  if (!unknowns.empty())
    llvm::errs() << options.input << ": warning: " << escapeForMessage(unknowns)
                 << '\n';
  instance = std::move(*read);
  return applyMachine();
}

/// How HLO text is read.
mempl::ir::HloFileOptions InstanceRun::hloOptions(StringRef path) const {
  mempl::ir::HloFileOptions hlo;
  hlo.path = path.str();
  hlo.target = options.target;
  hlo.cost = options.cost;
  hlo.capacity = options.capacity;
  hlo.maxCarried = options.maxCarried;
  hlo.reserveScoped = options.reserveScoped;
  hlo.freeOrder = options.freeOrder;
  return hlo;
}

/// A program of XLA, whose costs and own plan depend on the machine.
Error InstanceRun::readHlo() {
  auto file = mempl::ir::readHloFile(hloOptions(options.input));
  if (!file)
    return file.takeError();
  instance = (*file)->imported.instance;
  // One line tells why there is no row for XLA's plan.
  if (options.xla && !(*file)->hasXlaPlan && (*file)->warnings.empty())
    (*file)->warnings.push_back(mempl::ir::noXlaPlanWarning(**file));
  for (const std::string &line : (*file)->warnings)
    llvm::errs() << line << '\n';
  bool isStart = options.startPath == SolveOptions::kStartOfXla;
  if (isStart && !(*file)->hasXlaPlan)
    return fileError(options.input, 0, "--start=xla: it has no plan of XLA");
  if ((!options.xla && !isStart) || !(*file)->hasXlaPlan)
    return Error::success();
  hlo::XlaPlanNotes notes;
  auto plan = hlo::buildXlaPlan((*file)->module, (*file)->program,
                                (*file)->imported, (*file)->tables, notes);
  if (!plan)
    return plan.takeError();
  if (notes.dropped > 0)
    return fileError(options.input, 0,
                     "XLA's own plan is not valid on this machine: " +
                         (notes.problems.empty() ? "it does not fit"
                                                 : notes.problems.back()));
  if (isStart)
    start = std::make_shared<Plan>(*plan);
  if (!options.xla)
    return Error::success();
  // What is not all of XLA's plan is no measure of it.
  if (notes.inTransfers > 0)
    llvm::errs() << mempl::ir::partialPlanWarning(**file, notes)
                 << "; it has no row\n";
  else
    xlaPlan = std::move(*plan);
  return Error::success();
}

/// The program as it was. Its machine is the one of now: a plan for it is only
/// looked at.
Expected<Instance> InstanceRun::readEarlier() const {
  const std::string &path = options.earlierPath;
  if (mempl::ir::isHloFileName(path)) {
    auto file = mempl::ir::readHloFile(hloOptions(path));
    if (!file)
      return file.takeError();
    return (*file)->imported.instance;
  }
  auto read = isMlirFileName(path)
                  ? readMlirInstance(path, options.target, options.function,
                                     options.profile, nullptr, options.reorder)
                  : readInstance(path);
  if (read)
    read->machine = instance.machine;
  return read;
}

/// A plan for the earlier program as one for the program of now.
Expected<Plan> InstanceRun::moved(StringRef path, const Plan &plan) const {
  auto before = readEarlier();
  if (!before)
    return before.takeError();
  if (auto violation = whyNotFor(*before, plan))
    return fileError(path, 0,
                     "not a plan for " + options.earlierPath + ": " +
                         violation->str());
  TransferredPlan result = transferPlan(*before, plan, instance);
  if (!result.isValid)
    return fileError(path, 0,
                     "nothing of it is valid for " + instance.name +
                         ", where values have to be in fast memory");
  llvm::errs() << escapeForMessage(path) << ": " << result.str() << '\n';
  return std::move(result.plan);
}

Expected<Plan> InstanceRun::readValidPlan(StringRef path) const {
  auto plan = readPlan(path);
  if (!plan)
    return plan;
  if (!options.earlierPath.empty())
    return moved(path, *plan);
  std::vector<Violation> violations = verify(instance, *plan);
  if (violations.empty())
    return plan;
  return fileError(path, 0,
                   "not a valid plan for " + instance.name + ": " +
                       violations.front().str() +
                       "; for a plan of an earlier program, give that program "
                       "with --earlier");
}

/// The plan that solvers begin with, if one is given.
Error InstanceRun::readStart() {
  const std::string &path = options.startPath;
  if (path.empty() || start)
    return Error::success();
  auto plan = readValidPlan(path);
  if (!plan)
    return plan.takeError();
  start = std::make_shared<Plan>(std::move(*plan));
  return Error::success();
}

/// What the result is compared with.
Error InstanceRun::readComparisons() {
  if (!options.baselinePath.empty()) {
    auto baseline = readBaseline(options.baselinePath, instance.name);
    if (!baseline)
      return baseline.takeError();
    report.baseline = std::move(*baseline);
    report.baseline->allowed = options.maxRegression;
  }
  if (options.diffPath.empty())
    return Error::success();
  auto plan = readValidPlan(options.diffPath);
  if (!plan)
    return plan.takeError();
  other = std::move(*plan);
  return Error::success();
}

Error InstanceRun::openAnytime() {
  if (options.anytimePath.empty())
    return Error::success();
  std::error_code code;
  // Appended and flushed line by line: a run that is killed loses nothing.
  anytime = std::make_unique<llvm::raw_fd_ostream>(options.anytimePath, code,
                                                   llvm::sys::fs::OF_Append);
  if (code)
    return fileError(options.anytimePath, 0, code.message());
  return Error::success();
}

Error InstanceRun::prepare() {
  if (Error error = options.isHlo ? readHlo() : readProblem())
    return error;
  Error errors = Error::success();
  for (const std::string &path : options.checkPaths) {
    auto plan = readPlan(path);
    if (plan)
      plansToCheck.push_back(std::move(*plan));
    else
      errors = llvm::joinErrors(std::move(errors), plan.takeError());
  }
  if (!errors)
    errors = readStart();
  if (!errors)
    errors = readComparisons();
  if (!errors)
    errors = openAnytime();
  if (!errors && !options.reproducerPath.empty())
    errors = writeFile(options.reproducerPath, reproducerText(reproducer()));
  report.program = instance.name;
  report.steps = instance.numSteps();
  report.values = instance.numValues();
  report.capacity = instance.machine.capacity;
  report.slow = slowLatency(instance);
  report.ideal = idealLatency(instance);
  report.uncovered = uncovered(instance);
  return errors;
}

/// A valid plan and what it costs.
ReportRow InstanceRun::rowOf(StringRef name, const Plan &plan) {
  ReportRow row;
  row.solverName = name.str();
  Outcome outcome = simulate(instance, plan);
  row.latency = outcome.latency;
  row.stall = outcome.stall;
  row.copiesIn = plan.numCopiesIn();
  row.copiesBack = plan.numCopiesOut();
  ReportPlan found = {llvm::sys::path::filename(name).str(), plan};
  const ReportRow *before = report.fastest();
  if (!before || row.latency < before->latency)
    fastest = found;
  if (!options.reportPath.empty())
    shown.push_back(std::move(found));
  return row;
}

/// Verifies a plan and, if it is valid, simulates it.
ReportRow InstanceRun::evaluate(StringRef name, const Plan &plan) {
  std::vector<Violation> violations = verify(instance, plan);
  if (violations.empty())
    return rowOf(name, plan);
  ReportRow row;
  row.solverName = name.str();
  for (const Violation &violation : violations)
    row.violations.push_back(violation.str());
  return row;
}

void InstanceRun::check() {
  if (xlaPlan)
    report.rows.push_back(evaluate("xla", *xlaPlan));
  for (size_t i = 0; i < plansToCheck.size(); ++i) {
    report.rows.push_back(evaluate(options.checkPaths[i], plansToCheck[i]));
    report.rows.back().isFile = true;
  }
}

/// This run, before anything has gone wrong.
Reproducer InstanceRun::reproducer() const {
  Reproducer r;
  r.tool = kToolName;
  r.input = options.input;
  for (const auto &solver : options.solvers)
    r.solvers.push_back(solver->spec());
  r.context = options.context;
  r.instance = instance;
  return r;
}

Error InstanceRun::solveWith(Solver &solver) {
  SolverContext context = options.context;
  context.start = start;
  context.cancelled = isInterrupted;
  context.progress = [&](const SolverProgress &p) {
    progress.update([&] {
      std::string line =
          p.solverName.str() + ": " + std::to_string(p.evaluated);
      if (p.budget > 0)
        line += " of " + std::to_string(p.budget);
      return line + " plans, best " + formatSeconds(p.latency) + ", " +
             std::to_string(static_cast<int64_t>(p.seconds)) + " s";
    });
  };
  if (anytime)
    context.improved = [&](const SolverProgress &p) {
      *anytime << llvm::formatv("{{\"policy\":\"{0}\",\"seconds\":{1:f3},"
                                "\"evaluated\":{2},\"latency\":{3}}\n",
                                p.solverName, p.seconds, p.evaluated,
                                llvm::formatv("{0:e9}", p.latency));
      anytime->flush();
    };
  auto result = solveVerified(instance, solver, context);
  progress.clear();
  if (!result) {
    Error error = result.takeError();
    std::string who =
        error.isA<InvalidPlanError>() ? "" : "solver " + solver.label() + ": ";
    error = withReport(std::move(error), kToolName, options.input,
                       options.reproducerPath);
    return toolError(who + llvm::toString(std::move(error)));
  }
  ReportRow row = rowOf(solver.spec(), result->plan);
  row.label = solver.label();
  if (result->winner != row.label)
    row.winner = result->winner;
  row.evaluated = result->evaluated;
  row.seconds = result->seconds;
  if (!solved || row.latency < bestLatency) {
    solved = true;
    bestLatency = row.latency;
    best = std::move(result->plan);
  }
  report.rows.push_back(std::move(row));
  return Error::success();
}

Error InstanceRun::solve() {
  Error failures = Error::success();
  for (const auto &solver : options.solvers) {
    if (isInterrupted())
      break;
    failures = llvm::joinErrors(std::move(failures), solveWith(*solver));
  }
  return failures;
}

void InstanceRun::computeBound() {
  LowerBoundOptions boundOptions;
  boundOptions.maxIterations = options.boundIterations;
  boundOptions.maxNodes = options.boundSeconds > 0
                              ? std::numeric_limits<int64_t>::max()
                              : options.boundNodes;
  for (const ReportRow &row : report.rows)
    if (row.violations.empty() && (boundOptions.knownLatency == 0 ||
                                   row.latency < boundOptions.knownLatency))
      boundOptions.knownLatency = row.latency;
  double used = 0;
  for (const ReportRow &row : report.rows)
    used += row.seconds;
  BoundDeadline deadline(options.context,
                         static_cast<int64_t>(options.solvers.size()), used);
  Stopwatch watch(options.context.countsCpuTime);
  int64_t iteration = 0;
  boundOptions.cancelled = [&] {
    ++iteration;
    progress.update([&] {
      return "bound: " + std::to_string(iteration) + " of " +
             std::to_string(options.boundIterations) + " iterations";
    });
    return isInterrupted() ||
           (options.boundSeconds > 0 ? watch.seconds() >= options.boundSeconds
                                     : deadline.hasPassed());
  };
  report.bound = lowerBound(instance, boundOptions).bound;
  progress.clear();
}

/// Compares the plan that was found, or else the first valid one that was
/// given, with the other one.
void InstanceRun::compare() {
  const Plan *plan = solved ? &best : nullptr;
  std::string name = "the plan found";
  for (size_t i = 0; !plan && i < plansToCheck.size(); ++i)
    if (verify(instance, plansToCheck[i]).empty()) {
      plan = &plansToCheck[i];
      name = options.checkPaths[i];
    }
  if (!plan || !other)
    return;
  report.comparison = {options.diffPath, simulate(instance, *other).latency,
                       std::move(name), simulate(instance, *plan).latency,
                       diffPlans(instance, *other, *plan)};
}

/// An error if the fastest plan is slower than the baseline allows.
Error InstanceRun::regression() const {
  const ReportRow *fastest = report.fastest();
  if (!report.baseline || !fastest ||
      !report.baseline->isExceeded(fastest->latency))
    return Error::success();
  return fileError(options.input, 0,
                   report.baseline->compare(fastest->latency) +
                       "; --max-regression is " +
                       formatNumber(options.maxRegression * 100) + "%");
}

Error InstanceRun::finish() {
  compare();
  if (!options.planPath.empty() && solved) {
    std::string text;
    llvm::raw_string_ostream os(text);
    writePlan(os, best);
    if (Error error = writeFile(options.planPath, text))
      return error;
  }
  ReportFacts facts = {report.bound, options.target, options.reportPath};
  if (!options.reportPath.empty())
    if (Error error = writeHtmlReport(options, instance, shown, facts))
      return error;
  if (!options.mapPath.empty()) {
    if (!fastest)
      return toolError("--map-out: no valid plan to show");
    if (Error error = writeMaps(options, instance, *fastest, facts))
      return error;
  }
  // A plan on standard output is alone there.
  llvm::raw_ostream &os = options.planPath == "-" ? llvm::errs() : llvm::outs();
  if (report.rows.empty())
    return Error::success();
  if (options.json) {
    printJson(os, report, options.timing);
  } else {
    if (fastest)
      report.headline = headlineText(instance, fastest->plan, report.bound);
    printTable(os, report, options.timing);
  }
  os.flush();
  Error errors = Error::success();
  for (const ReportRow &row : report.rows)
    if (!row.violations.empty())
      errors = llvm::joinErrors(
          std::move(errors),
          fileError(row.solverName, 0,
                    "not a valid plan for " + instance.name + ": " +
                        Twine(row.violations.size()) + " violation" +
                        (row.violations.size() == 1 ? "" : "s")));
  return llvm::joinErrors(std::move(errors), regression());
}

int mempl::runInstance(const SolveOptions &options) {
  InstanceRun run(options);
  if (Error error = run.prepare())
    return printErrors(std::move(error));
  run.check();
  Error errors = run.solve();
  if (options.bound)
    run.computeBound();
  errors = llvm::joinErrors(run.finish(), std::move(errors));
  if (isInterrupted())
    llvm::errs() << "mempl-solve: interrupted: the result is what was found "
                    "until then\n";
  if (errors)
    return printErrors(std::move(errors));
  return 0;
}
