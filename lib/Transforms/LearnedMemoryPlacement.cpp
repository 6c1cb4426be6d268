//===- LearnedMemoryPlacement.cpp - the passes in one ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-prepare, -extract-instance, -solve and -apply-plan without the problem
// as IR between them: prepareForTarget(), extractProblems(), solveOrFallBack(),
// PlanApplication. What is only here is that functions may be split, by
// searchTiling(), and what is written to files and to stderr.
//
//===----------------------------------------------------------------------===//

#include "PlanApplication.h"
#include "ReorderSteps.h"
#include "SolverChoice.h"
#include "TileSearch.h"

#include "mempl/IR/Mempl.h"
#include "mempl/IR/SourceLocation.h"
#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Report/Report.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/Explanations.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/Pins.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mempl::ir {
#define GEN_PASS_DEF_LEARNEDMEMORYPLACEMENT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;
using mempl::Solution;

namespace {

/// What is printed and written about a function. Made before the rewrite, as
/// its problem is stale after it.
struct Texts {
  std::string unknowns;
  std::string trace, slowTrace; ///< With the plan, and with none.
};

/// A function that was solved.
struct SolvedFunction {
  Solution solution;
  Texts texts;
  std::string tiling; ///< How it is split; empty if it is whole.
  int64_t numTiledRuns = 0;
  double slowLatency = 0; ///< Seconds; of the whole function.
  /// The same without being split; null for one that is whole.
  std::unique_ptr<SolvedFunction> whole;
};

class LearnedMemoryPlacementPass
    : public mempl::ir::impl::LearnedMemoryPlacementBase<
          LearnedMemoryPlacementPass> {
public:
  using LearnedMemoryPlacementBase::LearnedMemoryPlacementBase;
  void getDependentDialects(DialectRegistry &registry) const override {
    LearnedMemoryPlacementBase::getDependentDialects(registry);
    registerCostModels(registry);
  }
  MEMPL_SOLVING_OPTIONS
  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  FailureOr<SolverChoice> readChoice();
  LogicalResult chooseWritten(ModuleProblems &problems);
  FailureOr<Solution> solve(const PlaceableFunction &function,
                            const SolverChoice &choice);
  bool mayTile() const;
  void replaceBy(TiledFunction tiled, PlannedFunction &planned,
                 SolvedFunction &solved, PlanApplication &application);
  Texts makeTexts(const PlaceableFunction &function, const Solution &solution,
                  const TargetDescription &machine);
  LogicalResult report(PlannedFunction &planned, const SolvedFunction &solved);
  void printSummary(const Instance &instance, const SolvedFunction &solved);
  LogicalResult writeFiles(const PlannedFunction &planned,
                           const Solution &solution, const Texts &texts);

  std::string written; ///< Function that files are about; empty = none.
};

} // namespace

FailureOr<SolverChoice> LearnedMemoryPlacementPass::readChoice() {
  Location loc = getOperation().getLoc();
  FailureOr<Fallback> withoutPlan = fallbackNamed(loc, fallback);
  if (failed(withoutPlan))
    return failure();
  if (boundSeconds < 0)
    return emitError(loc)
           << "option 'bound-seconds': expected at least 0, found "
           << boundSeconds.getValue();
  SolverChoice choice{solverName, contextOf(budget, timeLimitMs, seed, threads),
                      *withoutPlan};
  if (auto solver = mempl::readySolver(choice.solver, choice.context); !solver)
    return emitError(loc) << "options of the solver: "
                          << llvm::toString(solver.takeError());
  return choice;
}

/// Of functions on buffers.
static constexpr StringLiteral kBufferized =
    "it is bufferized; run this pass before";

/// Finds out what function files are about.
LogicalResult
LearnedMemoryPlacementPass::chooseWritten(ModuleProblems &problems) {
  Location loc = getOperation().getLoc();
  written.clear();
  if (planOut.empty() && instanceOut.empty() && traceOut.empty() &&
      reportOut.empty()) {
    if (function.empty())
      return success();
    return emitError(loc) << "option 'function': expected one of the options "
                             "'plan-out', 'instance-out', 'trace-out' and "
                             "'report' with it";
  }
  std::string problem = mempl::sameOutputs({{"'plan-out'", planOut},
                                            {"'instance-out'", instanceOut},
                                            {"'trace-out'", traceOut},
                                            {"'report'", reportOut}});
  if (!problem.empty())
    return emitError(loc) << "option " << problem;
  std::vector<std::string> names;
  std::vector<SkippedFunction> skipped = problems.skipped;
  for (PlaceableFunction &f : problems.functions) {
    std::string name = f.function.getName().str();
    if (f.program->onBuffers)
      skipped.push_back({name, kBufferized.str()});
    else
      names.push_back(name);
  }
  llvm::Expected<std::string> chosen =
      chooseFunction(function, names, skipped, "the option 'function'");
  if (!chosen)
    return emitError(loc)
           << "options 'plan-out', 'instance-out', 'trace-out' and 'report': "
           << llvm::toString(chosen.takeError());
  written = *chosen;
  return success();
}

FailureOr<Solution>
LearnedMemoryPlacementPass::solve(const PlaceableFunction &function,
                                  const SolverChoice &choice) {
  FailureOr<SolvedInstance> solved = solveOrFallBack(
      function.function->getLoc(), /*prefix=*/"", function.program->instance,
      choice, largestPinned(*function.program));
  if (failed(solved))
    return failure();
  numFallbacks += solved->fellBack;
  return std::move(solved->solution);
}

Texts LearnedMemoryPlacementPass::makeTexts(const PlaceableFunction &of,
                                            const Solution &solution,
                                            const TargetDescription &machine) {
  const FunctionProblem &program = *of.program;
  Texts texts;
  if (summary)
    texts.unknowns = describeUnknowns(program);
  if (func::FuncOp(of.function).getName() != written || traceOut.empty())
    return texts;
  auto trace = [&](const Solution &made, std::string &text) {
    llvm::raw_string_ostream os(text);
    writeTrace(os, program, machine, made.winner, made.plan, made.latency);
  };
  trace(solution, texts.trace);
  trace(slowSolution(program.instance), texts.slowTrace);
  return texts;
}

/// Whether there is anything to search for: a profile has no times of parts,
/// and without a placement nothing is faster.
bool LearnedMemoryPlacementPass::mayTile() const {
  return tile && profile.empty() && solverName != "none";
}

/// Makes the split function the function, in place of the whole one, whose plan
/// is that of `solved`.
void LearnedMemoryPlacementPass::replaceBy(TiledFunction tiled,
                                           PlannedFunction &planned,
                                           SolvedFunction &solved,
                                           PlanApplication &application) {
  auto whole = std::make_unique<SolvedFunction>(std::move(solved));
  solved = SolvedFunction();
  solved.slowLatency = whole->slowLatency;
  solved.whole = std::move(whole);
  solved.solution = std::move(tiled.solution);
  solved.tiling = tiled.str();
  solved.numTiledRuns = tiled.numRuns;
  planned.whole = application.replace(
      *planned.function, std::exchange(planned.plan, solved.solution.plan),
      std::move(tiled.function), std::move(tiled.unprepared));
}

void LearnedMemoryPlacementPass::printSummary(const Instance &instance,
                                              const SolvedFunction &solved) {
  const Solution &solution = solved.solution;
  mempl::Outcome outcome = mempl::simulate(instance, solution.plan);
  mempl::BoundDeadline deadline(contextOf(budget, timeLimitMs, seed, threads),
                                1, solution.seconds);
  mempl::Stopwatch watch;
  mempl::LowerBoundOptions boundOptions;
  boundOptions.knownLatency = outcome.latency;
  if (boundSeconds > 0)
    boundOptions.maxNodes = std::numeric_limits<int64_t>::max();
  boundOptions.cancelled = [&] {
    return boundSeconds > 0
               ? watch.seconds() >= static_cast<double>(boundSeconds)
               : deadline.hasPassed();
  };
  double bound = mempl::lowerBound(instance, boundOptions).bound;
  llvm::raw_ostream &os = llvm::errs();
  os << instance.name << ": " << instance.program.steps.size() << " steps, "
     << instance.program.values.size() << " values, "
     << mempl::formatBytes(instance.machine.capacity) << " of fast memory\n"
     << "  slow memory only  " << mempl::formatSeconds(solved.slowLatency)
     << "\n";
  if (solved.whole)
    os << "  placed whole      "
       << mempl::formatSeconds(solved.whole->solution.latency) << "\n"
       << "  tiled             " << solved.tiling << "\n";
  os << "  placed            " << mempl::formatSeconds(outcome.latency) << "  ("
     << solution.winner << ", " << solution.plan.numCopiesIn() << " copies in, "
     << solution.plan.numCopiesOut() << " back, ";
  if (int64_t moved = countMovedSteps(solution.plan))
    os << moved << (moved == 1 ? " step" : " steps") << " moved, ";
  os << "stalls " << mempl::formatSeconds(outcome.stall) << ", peak "
     << mempl::formatBytes(outcome.peakBytes) << ")\n"
     << "  lower bound       " << mempl::formatSeconds(bound)
     << (outcome.latency <= bound * (1 + mempl::kProvenOptimal) ? "  (optimal)"
                                                                : "")
     << "\n";
  if (mempl::Uncovered uncovered = mempl::uncovered(instance);
      uncovered.values > 0) {
    os << "  not placeable     ";
    mempl::printUncovered(os, uncovered, "    ");
  }
  if (!solved.texts.unknowns.empty())
    os << "  not known         " << solved.texts.unknowns << "\n";
}

LogicalResult
LearnedMemoryPlacementPass::writeFiles(const PlannedFunction &planned,
                                       const Solution &solution,
                                       const Texts &texts) {
  auto write = [&](StringRef path,
                   llvm::function_ref<void(llvm::raw_ostream &)> print)
      -> LogicalResult {
    if (path.empty())
      return success();
    std::string text;
    llvm::raw_string_ostream os(text);
    print(os);
    if (llvm::Error error = mempl::writeFile(path, text))
      return emitError(planned.function->function.getLoc())
             << llvm::toString(std::move(error));
    return success();
  };
  if (failed(write(instanceOut, [&](llvm::raw_ostream &os) {
        mempl::writeInstance(os, planned.function->program->instance);
      })))
    return failure();
  if (failed(write(planOut, [&](llvm::raw_ostream &os) {
        mempl::writePlan(os, solution.plan);
      })))
    return failure();
  if (failed(write(reportOut, [&](llvm::raw_ostream &os) {
        const Instance &instance = planned.function->program->instance;
        mempl::LowerBoundOptions options;
        options.knownLatency = solution.latency;
        mempl::ReportFacts facts = {mempl::lowerBound(instance, options).bound,
                                    target, reportOut};
        os << mempl::reportPage(mempl::reportData(
            instance, {{solution.winner, solution.plan}}, facts));
      })))
    return failure();
  return write(traceOut, [&](llvm::raw_ostream &os) {
    os << (planned.isSlow ? texts.slowTrace : texts.trace);
  });
}

/// Says and writes what there is about a function.
LogicalResult LearnedMemoryPlacementPass::report(PlannedFunction &planned,
                                                 const SolvedFunction &solved) {
  const Instance &instance = planned.function->program->instance;
  planned.report.emit(*planned.function, planned.isSlow);
  PlacementStatistics{numFunctions, numStorages, numPlacedFast, numPrefetches,
                      numEvictions, peakBytes,   numMovedSteps, numFallbacks}
      .add(instance, planned.plan, planned.isSlow);
  func::FuncOp function = planned.function->function;
  if (solved.whole && !planned.isSlow) {
    numTiledRuns += solved.numTiledRuns;
    remark::passed(withoutColumn(function.getLoc()),
                   remark::RemarkOpts::name("Tiled").category("mempl").function(
                       function.getName()))
        << "'" + function.getName().str() + "': " + solved.tiling + ": " +
               mempl::formatSeconds(solved.solution.latency) + ", " +
               mempl::formatSeconds(solved.whole->solution.latency) + " whole";
  }
  if (summary)
    printSummary(instance, solved);
  return function.getName() == written
             ? writeFiles(planned, solved.solution, solved.texts)
             : success();
}

/// Gives the solver what is left of a time limit, of which `used` seconds are
/// over, to find something better than `solution`.
static void improveWithin(const SolverChoice &choice, double used,
                          const PlaceableFunction &function,
                          Solution &solution) {
  mempl::SolverContext context = choice.context;
  if (context.timeLimitMs == 0)
    return;
  context.timeLimitMs -= static_cast<int64_t>(used * 1000);
  if (context.timeLimitMs <= 0)
    return;
  context.start = std::make_shared<mempl::Plan>(solution.plan);
  llvm::Expected<Solution> better =
      mempl::solveVerified(function.program->instance, choice.solver, context);
  if (!better)
    llvm::consumeError(better.takeError());
  else if (better->latency < solution.latency)
    solution = std::move(*better);
}

LogicalResult LearnedMemoryPlacementPass::run() {
  ModuleOp module = getOperation();
  FailureOr<SolverChoice> choice = readChoice();
  if (failed(choice))
    return failure();
  FailureOr<SelectedTarget> machine =
      selectTargetAndCosts(module, {target, capacity, profile});
  if (failed(machine))
    return failure();
  OriginalFunctions originals(module);
  OwningOpRef<ModuleOp> unprepared;
  IRMapping unpreparedOf; // Functions by those of `module`.
  if (mayTile())
    unprepared = cast<ModuleOp>(module->clone(unpreparedOf));
  if (failed(prepareForTarget(module, machine->target, machine->cost,
                              eliminateEmptyTensors)))
    return failure();
  FailureOr<ModuleProblems> problems =
      extractProblems(module, *machine, profile);
  if (failed(problems) || failed(chooseWritten(*problems)))
    return failure();
  if (!reorder)
    fixOrders(*problems);
  PlanApplication application(module, machine->target, std::move(originals),
                              {verify, *choice});
  std::vector<PlannedFunction> all;
  std::vector<SolvedFunction> made; // For each of them.
  SolverChoice ofWhole = *choice;
  if (mayTile())
    ofWhole.context = contextBesideSearch(choice->context);
  for (PlaceableFunction &f : problems->functions) {
    mempl::Stopwatch watch;
    if (f.program->onBuffers) {
      emitRemark(f.function.getLoc())
          << "'" << f.function.getName() << "' is not placed: " << kBufferized;
      warnUselessConstraints(f.function, /*called=*/false);
      continue;
    }
    FailureOr<Solution> solution = solve(f, ofWhole);
    if (failed(solution))
      return failure();
    SolvedFunction solved;
    solved.slowLatency = mempl::slowLatency(f.program->instance);
    solved.solution = std::move(*solution);
    std::optional<TiledFunction> tiled;
    if (mayTile()) {
      tiled = searchTiling(
          *unprepared,
          cast<func::FuncOp>(unpreparedOf.lookup(f.function.getOperation())),
          f.program->instance, solved.solution,
          {*machine, *choice, reorder, eliminateEmptyTensors});
      if (!tiled)
        improveWithin(*choice, watch.seconds(), f, solved.solution);
    }
    solved.texts = makeTexts(f, solved.solution, machine->target);
    PlannedFunction planned;
    planned.function = &f;
    planned.plan = solved.solution.plan;
    if (tiled) {
      replaceBy(std::move(*tiled), planned, solved, application);
      solved.texts = makeTexts(f, solved.solution, machine->target);
    }
    if (failed(application.apply(planned)))
      return failure();
    all.push_back(std::move(planned));
    made.push_back(std::move(solved));
  }
  if (failed(application.finish(all)))
    return failure();
  for (auto [planned, solved] : llvm::zip(all, made)) {
    if (solved.whole && !planned.whole)
      solved = std::move(*std::exchange(solved.whole, nullptr));
    if (planned.isSlow)
      solved.solution = slowSolution(planned.function->program->instance);
    if (failed(report(planned, solved)))
      return failure();
  }
  return success();
}
