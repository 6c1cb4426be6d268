//===- LearnedMemoryPlacement.cpp - the pipeline in one pass --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// prepare, extract, solve, verify, apply, check. A plan is verified by the same
// evaluated as everywhere before the IR is accessed, and the rewritten function
// is replayed after: what comes out is valid. A function that is not, by a
// mistake of ours, gets its body back, or the pass fails. What is said and
// written about a function waits for that.
//
//===----------------------------------------------------------------------===//

#include "BufferWork.h"
#include "SolverChoice.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ApplyPlan.h"
#include "mempl/Transforms/CheckPlacement.h"
#include "mempl/Transforms/CompareContents.h"
#include "mempl/Transforms/Explanations.h"
#include "mempl/Transforms/FunctionExtraction.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/Pins.h"
#include "mempl/Transforms/Prepare.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/Threading.h"

namespace mempl::ir {
#define GEN_PASS_DEF_LEARNEDMEMORYPLACEMENT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;
using mempl::Plan;
using mempl::Solution;

namespace {

class OriginalFunctions;

/// What is to be said and written about a function. Made before the rewrite,
/// as the program is stale after it.
struct Report {
  struct Remark {
    Location loc;
    bool fast;
    std::string text;
  };
  std::vector<Remark> decisions;
  std::vector<Diagnostic> remarks;
  std::string unknowns;
  std::string trace, slowTrace; ///< With the plan, and with none.
};

/// What became of a function.
struct Outcome {
  PlaceableFunction *function;
  Solution result;
  Report report;
  bool isSlow = false; ///< By a mistake of ours: it has its body back.
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
  LogicalResult initializeOptions(
      StringRef options,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    llvm::Expected<std::string> renamed = withNewNames(options);
    if (!renamed)
      return errorHandler("learned-memory-placement: solver: " +
                          llvm::toString(renamed.takeError()));
    std::string wrong = mempl::wrongOptionName(
        *renamed, [&](raw_ostream &os) { printAsTextualPipeline(os); });
    return wrong.empty() ? LearnedMemoryPlacementBase::initializeOptions(
                               *renamed, errorHandler)
                         : errorHandler(wrong);
  }
  void runOnOperation() override;

private:
  LogicalResult checkOptions();
  mempl::SolverContext solverContext() const;
  FailureOr<Outcome> place(PlaceableFunction &function,
                           const TargetDescription &description,
                           OriginalFunctions &originals);
  LogicalResult reportMistake(func::FuncOp function, const llvm::Twine &text,
                              StringRef file,
                              llvm::ArrayRef<Diagnostic> findings);
  LogicalResult misplaced(Outcome &outcome, StringRef reason,
                          llvm::ArrayRef<Diagnostic> findings,
                          OriginalFunctions &originals);
  LogicalResult checkModule(llvm::MutableArrayRef<Outcome> outcomes,
                            OriginalFunctions &originals);
  FailureOr<Solution> solve(func::FuncOp function,
                            const FunctionProblem &program);
  Report makeReport(PlaceableFunction &function, const Solution &result,
                    const TargetDescription &description);
  void remarkSlowTraffic(func::FuncOp function,
                         llvm::ArrayRef<ProgramDecisions> all);
  void count(const Outcome &outcome);
  void keepNeverWorse(llvm::MutableArrayRef<Outcome> outcomes,
                      OriginalFunctions &originals);
  LogicalResult report(Outcome &outcome);
  void printSummary(const Outcome &outcome);
  LogicalResult writeFiles(const Outcome &outcome);

  llvm::SmallPtrSet<Operation *, 4> placed; ///< Functions that were rewritten.
  std::string written; ///< Function that files are about; empty = none.
};

/// The functions of a module as they were. Preparation is of no use to those
/// that are not placed: bufferization knows better what it needs.
class OriginalFunctions {
public:
  explicit OriginalFunctions(ModuleOp module) {
    module.walk([&](FunctionOpInterface function) {
      if (!function.isExternal())
        originals.emplace_back(function, function->clone());
    });
  }

  /// The function as it was.
  Operation *get(Operation *function) const {
    for (const auto &[op, original] : originals)
      if (op == function)
        return original.get();
    return nullptr;
  }

  /// A copy of `module` in which all functions are as they were.
  OwningOpRef<ModuleOp> module(ModuleOp module) const {
    IRMapping mapping;
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(mapping));
    for (const auto &[interface, original] : originals) {
      if (!original)
        continue;
      FunctionOpInterface function = interface;
      OwningOpRef<Operation *> body = original.get()->clone();
      cast<FunctionOpInterface>(mapping.lookup(function.getOperation()))
          .getFunctionBody()
          .takeBody(cast<FunctionOpInterface>(*body).getFunctionBody());
    }
    return copy;
  }

  /// Gives all functions their bodies back but those in `placed`.
  void restore(const llvm::SmallPtrSetImpl<Operation *> &placed) {
    for (auto &[function, original] : originals)
      if (original && !placed.contains(function)) {
        function.getFunctionBody().takeBody(
            cast<FunctionOpInterface>(*original).getFunctionBody());
        original = {};
      }
  }

  /// Gives `restored` its body back.
  void restore(Operation *restored) {
    llvm::SmallPtrSet<Operation *, 4> others;
    for (auto &[function, original] : originals)
      if (function != restored)
        others.insert(function);
    restore(others);
  }

private:
  std::vector<std::pair<FunctionOpInterface, OwningOpRef<Operation *>>>
      originals;
};

/// Whether One-Shot Analysis has a solution where tensors flow together; some
/// ops it cannot give a copy. Emits what it says. What calls do, only the
/// analysis of the module knows.
bool canBeBufferized(func::FuncOp function) {
  bool calls = false;
  function.walk([&](func::CallOp) { calls = true; });
  if (calls || !hasTensorControlFlow(function))
    return true;
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::OneShotAnalysisState analysis(function, options);
  return succeeded(bufferization::analyzeOp(function, analysis));
}

/// The same of a whole module, in which an analysis knows what calls do.
bool canBeBufferized(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::OneShotAnalysisState analysis(module, options);
  return succeeded(bufferization::analyzeModuleOp(module, analysis));
}

/// Whether the analysis of the whole module may differ from those of its
/// functions.
bool hasCallsAndControlFlow(ModuleOp module) {
  bool calls = false;
  module.walk([&](func::CallOp) { calls = true; });
  return calls && hasTensorControlFlow(module);
}

/// Collects what this thread says while `run` runs.
template <typename Run>
auto collectDiagnostics(MLIRContext *context, std::vector<Diagnostic> &all,
                        Run run) {
  uint64_t thread = llvm::get_threadid();
  ScopedDiagnosticHandler collector(context, [&](Diagnostic &diagnostic) {
    if (llvm::get_threadid() != thread)
      return failure();
    all.push_back(std::move(diagnostic));
    return success();
  });
  return run();
}

/// A plan that leaves all in slow memory.
Solution slowResult(const Instance &instance) {
  Solution slow;
  slow.plan.instance = instance.name;
  slow.winner = "none";
  slow.latency = mempl::slowLatency(instance);
  return slow;
}

constexpr StringRef kNotBufferized =
    "bufferization does not accept the placed function";

/// Whether the plan, or one of the loops', puts something into fast memory.
bool placesAnything(const Plan &plan) {
  return !plan.residencies.empty() ||
         llvm::any_of(plan.loops, [](const auto &loop) {
           return placesAnything(loop.second.plan);
         });
}

/// The storages that the plan, or one of the loops', puts into fast memory.
void collectPlaced(const FunctionProblem &program, const Plan &plan,
                   llvm::DenseSet<Value> &roots) {
  for (const mempl::Residency &residency : plan.residencies)
    roots.insert(program.storages[residency.value].root);
  for (const auto &[step, loop] : plan.loops)
    if (const FunctionProblem *body = program.steps[step].body.get())
      collectPlaced(*body, loop.plan, roots);
}

remark::RemarkOpts about(func::FuncOp function, StringRef name) {
  return remark::RemarkOpts::name(name).category("mempl").function(
      function.getName());
}

} // namespace

LogicalResult LearnedMemoryPlacementPass::checkOptions() {
  ModuleOp module = getOperation();
  if (fallback != "slow" && fallback != "error")
    return emitError(module.getLoc())
           << "option 'fallback': expected slow or error, "
              "got '"
           << fallback << "'";
  if (auto solver = mempl::readySolver(solverName, solverContext()); !solver)
    return emitError(module.getLoc())
           << "options of the solver: " << llvm::toString(solver.takeError());
  return success();
}

mempl::SolverContext LearnedMemoryPlacementPass::solverContext() const {
  return contextOf(budget, timeLimitMs, seed, threads);
}

FailureOr<Solution>
LearnedMemoryPlacementPass::solve(func::FuncOp function,
                                  const FunctionProblem &program) {
  const Instance &instance = program.instance;
  if (failed(checkPins(program)))
    return failure();
  llvm::Expected<Solution> result =
      mempl::solveVerified(instance, solverName, solverContext());
  if (result)
    return std::move(*result);
  std::string mistake, file;
  llvm::Error error = llvm::handleErrors(
      result.takeError(), [&](mempl::InvalidPlanError &invalid) {
        invalid.reproducer.tool = "mempl-opt";
        mistake = invalid.what;
        file = mempl::askForReport(invalid.reproducer);
      });
  if (!mistake.empty()) {
    llvm::consumeError(std::move(error));
    if (failed(reportMistake(function, mistake, file, {})))
      return failure();
    ++numFallbacks;
    return slowResult(instance);
  }
  std::string reason = inOneLine(std::move(error));
  const Storage *pinned = largestPinned(program);
  if (std::string pressure = describePressure(instance, pinned);
      !pressure.empty())
    reason += "; " + pressure;
  if (pinned)
    return emitError(pinned->pins.front())
           << "'mempl.pin' of these " << pinned->size
           << " bytes cannot be kept: " << reason;
  if (fallback == "error")
    return emitError(function.getLoc()) << reason;
  emitRemark(function.getLoc()) << "left in slow memory: " << reason;
  ++numFallbacks;
  return slowResult(instance);
}

Report
LearnedMemoryPlacementPass::makeReport(PlaceableFunction &function,
                                       const Solution &result,
                                       const TargetDescription &description) {
  const FunctionProblem &program = *function.program;
  const Instance &instance = program.instance;
  Report report;
  std::vector<ProgramDecisions> all = explain(program, result.plan);
  collectDiagnostics(&getContext(), report.remarks, [&] {
    remarkSlowTraffic(function.function, all);
    remarkCostlyPins(program, mempl::simulateLatency(instance, result.plan));
  });
  if (summary)
    report.unknowns = describeUnknowns(program);
  if (function.function.getName() == written && !traceOut.empty()) {
    auto trace = [&](const Solution &of, std::string &text) {
      llvm::raw_string_ostream os(text);
      writeTrace(os, program, description, of.winner, of.plan, of.latency);
    };
    trace(result, report.trace);
    trace(slowResult(instance), report.slowTrace);
  }
  if (!getContext().getRemarkEngine())
    return report;
  for (const ProgramDecisions &of : all)
    for (const Decision &decision : of.decisions) {
      const mempl::Value &value =
          of.program->instance.program.values[decision.value];
      report.decisions.push_back(
          {of.program->storages[decision.value].root.getLoc(), decision.fast,
           "'" + value.name + "' (" + std::to_string(value.size) + " bytes) " +
               decision.text});
    }
  return report;
}

/// One line for a function: the traffic that stays in slow memory, by reason.
void LearnedMemoryPlacementPass::remarkSlowTraffic(
    func::FuncOp function, llvm::ArrayRef<ProgramDecisions> all) {
  mempl::SlowTrafficSummary traffic;
  for (const ProgramDecisions &of : all)
    traffic.add(of.program->instance, of.decisions, of.trips);
  std::string reasons = traffic.str();
  if (reasons.empty())
    return;
  InFlightDiagnostic remark = emitRemark(function.getLoc());
  if (traffic.anyFast())
    remark << "'" << function.getName() << "': " << traffic.slowBytes()
           << " of " << traffic.traffic()
           << " bytes of traffic stay in slow memory: ";
  else
    remark << "'" << function.getName() << "': nothing placed in fast memory: ";
  remark << reasons;
}

void LearnedMemoryPlacementPass::printSummary(const Outcome &of) {
  const Instance &instance = of.function->program->instance;
  const Solution &result = of.result;
  mempl::Outcome outcome = mempl::simulate(instance, result.plan);
  mempl::BoundDeadline deadline(solverContext(), 1, result.seconds);
  mempl::LowerBoundOptions boundOptions;
  boundOptions.cancelled = [&] { return deadline.hasPassed(); };
  double bound = mempl::lowerBound(instance, boundOptions).bound;
  double slow = mempl::slowLatency(instance);
  llvm::raw_ostream &os = llvm::errs();
  os << instance.name << ": " << instance.program.steps.size() << " steps, "
     << instance.program.values.size() << " values, "
     << mempl::formatBytes(instance.machine.capacity) << " of fast memory\n"
     << "  slow memory only  " << mempl::formatSeconds(slow) << "\n"
     << "  placed            " << mempl::formatSeconds(outcome.latency) << "  ("
     << result.winner << ", " << result.plan.numCopiesIn() << " copies in, "
     << result.plan.numCopiesOut() << " back, stalls "
     << mempl::formatSeconds(outcome.stall) << ", peak "
     << mempl::formatBytes(outcome.peakBytes) << ")\n"
     << "  lower bound       " << mempl::formatSeconds(bound) << "\n";
  if (mempl::Uncovered uncovered = mempl::uncovered(instance);
      uncovered.values > 0) {
    os << "  not placeable     ";
    mempl::printUncovered(os, uncovered, "    ");
  }
  if (!of.report.unknowns.empty())
    os << "  not known         " << of.report.unknowns << "\n";
}

LogicalResult LearnedMemoryPlacementPass::writeFiles(const Outcome &outcome) {
  auto write = [&](StringRef path,
                   llvm::function_ref<void(llvm::raw_ostream &)> print)
      -> LogicalResult {
    if (path.empty())
      return success();
    std::string text;
    llvm::raw_string_ostream os(text);
    print(os);
    if (llvm::Error error = mempl::writeFile(path, text))
      return emitError(outcome.function->function.getLoc())
             << llvm::toString(std::move(error));
    return success();
  };
  if (failed(write(instanceOut, [&](llvm::raw_ostream &os) {
        mempl::writeInstance(os, outcome.function->program->instance);
      })))
    return failure();
  if (failed(write(planOut, [&](llvm::raw_ostream &os) {
        mempl::writePlan(os, outcome.result.plan);
      })))
    return failure();
  return write(traceOut, [&](llvm::raw_ostream &os) {
    os << (outcome.isSlow ? outcome.report.slowTrace : outcome.report.trace);
  });
}

/// Adds a function to the statistics.
void LearnedMemoryPlacementPass::count(const Outcome &outcome) {
  const Instance &instance = outcome.function->program->instance;
  const Plan &plan = outcome.result.plan;
  numStorages += instance.program.values.size();
  if (outcome.isSlow) {
    ++numFallbacks;
    return;
  }
  ++numFunctions;
  llvm::SmallDenseSet<int32_t> fast;
  for (const mempl::Residency &residency : plan.residencies)
    fast.insert(residency.value);
  numPlacedFast += fast.size();
  numPrefetches += plan.numCopiesIn();
  numEvictions += plan.numCopiesOut();
  int64_t peak = mempl::simulate(instance, plan).peakBytes;
  if (peak > int64_t(uint64_t(peakBytes)))
    peakBytes = peak;
}

/// Says and writes what there is about a function.
LogicalResult LearnedMemoryPlacementPass::report(Outcome &outcome) {
  PlaceableFunction &function = *outcome.function;
  count(outcome);
  // What is about a storage is in the remark about it.
  for (const ProgramNote &note : function.notes)
    if (!note.aboutStorage)
      remark::analysis(note.loc, about(function.function, "FunctionProblem"))
          << note.text;
  if (!outcome.isSlow) {
    for (Diagnostic &diagnostic : outcome.report.remarks)
      getContext().getDiagEngine().emit(std::move(diagnostic));
    for (const Report::Remark &decision : outcome.report.decisions) {
      if (decision.fast)
        remark::passed(decision.loc, about(function.function, "Placed"))
            << decision.text;
      else
        remark::missed(decision.loc, about(function.function, "LeftSlow"))
            << decision.text;
    }
  }
  if (summary)
    printSummary(outcome);
  return function.function.getName() == written ? writeFiles(outcome)
                                                : success();
}

/// Says that a mistake of ours, `text`, costs `function` its placement. `file`
/// is what to report it with. With fallback=error, an error.
LogicalResult LearnedMemoryPlacementPass::reportMistake(
    func::FuncOp function, const llvm::Twine &text, StringRef file,
    llvm::ArrayRef<Diagnostic> findings) {
  bool fails = fallback == "error";
  InFlightDiagnostic diagnostic =
      fails ? emitError(function.getLoc()) : emitWarning(function.getLoc());
  diagnostic << "internal error: " << text;
  if (!fails)
    diagnostic << "; '" << function.getName()
               << "' is not placed and stays in slow memory";
  diagnostic << file;
  for (const Diagnostic &finding : findings)
    diagnostic.attachNote(finding.getLocation()) << finding.str();
  return failure(fails);
}

/// After a mistake of ours, the `reason`: the function gets its body back.
LogicalResult
LearnedMemoryPlacementPass::misplaced(Outcome &outcome, StringRef reason,
                                      llvm::ArrayRef<Diagnostic> findings,
                                      OriginalFunctions &originals) {
  func::FuncOp function = outcome.function->function;
  const Instance &instance = outcome.function->program->instance;
  placed.erase(function);
  originals.restore(function);
  mempl::Reproducer file;
  file.tool = "mempl-opt";
  file.solvers = {solverName};
  file.context = solverContext();
  file.instance = instance;
  file.failedSolver = solverName;
  file.failedPlan = outcome.result.plan;
  if (failed(
          reportMistake(function, reason, mempl::askForReport(file), findings)))
    return failure();
  outcome.result = slowResult(instance);
  outcome.isSlow = true;
  return success();
}

FailureOr<Outcome>
LearnedMemoryPlacementPass::place(PlaceableFunction &function,
                                  const TargetDescription &description,
                                  OriginalFunctions &originals) {
  FunctionProblem &program = *function.program;
  FailureOr<Solution> result = solve(function.function, program);
  if (failed(result))
    return failure();
  Outcome outcome;
  outcome.function = &function;
  outcome.result = std::move(*result);
  outcome.report = makeReport(function, outcome.result, description);
  const Plan &plan = outcome.result.plan;
  if (!placesAnything(plan))
    return outcome;
  placed.insert(function.function);
  llvm::DenseSet<Value> roots;
  collectPlaced(program, plan, roots);
  std::optional<ContentsOfOperands> contents;
  if (verify)
    contents.emplace(function.function);
  std::vector<Diagnostic> findings;
  // What is wrong with the placed function; empty if nothing is.
  auto whatIsWrong = [&]() -> StringRef {
    if (failed(applyPlan(program, plan, description.fastSpace)))
      return "the plan cannot be applied";
    if (verify && failed(contents->compare()))
      return "the placed function computes something else";
    if (!canBeBufferized(function.function))
      return kNotBufferized;
    if (verify &&
        failed(checkPlacement(
            cast<FunctionOpInterface>(function.function.getOperation()),
            description.machine.capacity, description.machine.alignment)))
      return "the placed function misuses fast memory";
    return "";
  };
  StringRef wrong = collectDiagnostics(&getContext(), findings,
                                       [&] { return whatIsWrong(); });
  if (wrong.empty()) {
    shareAllocations(function.function, originals.get(function.function),
                     roots);
    return outcome;
  }
  if (failed(misplaced(outcome, wrong, findings, originals)))
    return failure();
  return outcome;
}

/// Falls back for as many functions as it takes to have a module that One-Shot
/// Bufferize accepts. It did accept the original one.
LogicalResult
LearnedMemoryPlacementPass::checkModule(llvm::MutableArrayRef<Outcome> outcomes,
                                        OriginalFunctions &originals) {
  // Callers mostly follow what they call.
  for (Outcome &outcome : llvm::reverse(outcomes)) {
    if (!placed.contains(outcome.function->function))
      continue;
    std::vector<Diagnostic> findings;
    if (collectDiagnostics(&getContext(), findings,
                           [&] { return canBeBufferized(getOperation()); }))
      return success();
    if (failed(misplaced(outcome, kNotBufferized, findings, originals)))
      return failure();
  }
  return success();
}

/// Gives functions their bodies back in which One-Shot Bufferize would make
/// more allocations or copies than in the original ones.
void LearnedMemoryPlacementPass::keepNeverWorse(
    llvm::MutableArrayRef<Outcome> outcomes, OriginalFunctions &originals) {
  if (placed.empty())
    return;
  std::optional<llvm::StringMap<BufferWork>> before =
      bufferWorkOf(*originals.module(getOperation()));
  std::optional<llvm::StringMap<BufferWork>> after =
      bufferWorkOf(getOperation());
  if (!before || !after)
    return;
  for (Outcome &outcome : outcomes) {
    func::FuncOp function = outcome.function->function;
    if (!placed.contains(function))
      continue;
    std::string more = after->lookup(function.getName())
                           .moreThan(before->lookup(function.getName()));
    if (more.empty())
      continue;
    emitRemark(function.getLoc())
        << "left in slow memory: bufferization of the placed function would "
           "make "
        << more;
    placed.erase(function);
    originals.restore(function);
    outcome.result = slowResult(outcome.function->program->instance);
    outcome.isSlow = true;
  }
}

void LearnedMemoryPlacementPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOptions()))
    return signalPassFailure();
  FailureOr<TargetDescription> description =
      selectTarget(module, {target, capacity});
  if (failed(description))
    return signalPassFailure();
  FailureOr<CostModel> cost = selectCostModel(module, *description, profile);
  std::vector<SkippedFunction> unplaced;
  OriginalFunctions originals(module);
  bool checksModule = hasCallsAndControlFlow(module) && canBeBufferized(module);
  placed.clear();
  if (failed(cost) || failed(prepareForTarget(module, *description, *cost,
                                              eliminateEmptyTensors)))
    return signalPassFailure();
  FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
      module, *description, *cost,
      [&](func::FuncOp function, const llvm::Twine &reason) {
        emitRemark(function.getLoc())
            << "'" << function.getName() << "' is not placed: " << reason;
        unplaced.push_back({function.getName().str(), reason.str()});
      });
  if (failed(functions))
    return signalPassFailure();
  warnUnmatchedKeys(module, *cost, profile);
  constexpr StringRef bufferized = "it is bufferized; run this pass before";
  std::vector<std::string> names;
  for (PlaceableFunction &f : *functions) {
    std::string name = f.function.getName().str();
    if (f.program->onBuffers)
      unplaced.push_back({name, bufferized.str()});
    else
      names.push_back(name);
  }
  written.clear();
  if (!planOut.empty() || !instanceOut.empty() || !traceOut.empty()) {
    llvm::Expected<std::string> chosen =
        chooseFunction(function, names, unplaced, "the option 'function'");
    if (!chosen) {
      emitError(module.getLoc())
          << "options 'plan-out', 'instance-out' and 'trace-out': "
          << llvm::toString(chosen.takeError());
      return signalPassFailure();
    }
    written = *chosen;
  } else if (!function.empty()) {
    emitError(module.getLoc()) << "option 'function': expected one of the "
                                  "options 'plan-out', 'instance-out' and "
                                  "'trace-out' with it";
    return signalPassFailure();
  }
  std::vector<Outcome> outcomes;
  for (PlaceableFunction &f : *functions) {
    if (f.program->onBuffers) {
      emitRemark(f.function.getLoc())
          << "'" << f.function.getName() << "' is not placed: " << bufferized;
      warnUselessConstraints(f.function, /*called=*/false);
      continue;
    }
    FailureOr<Outcome> outcome = place(f, *description, originals);
    if (failed(outcome))
      return signalPassFailure();
    outcomes.push_back(std::move(*outcome));
  }
  originals.restore(placed);
  if (checksModule && failed(checkModule(outcomes, originals)))
    return signalPassFailure();
  keepNeverWorse(outcomes, originals);
  for (Outcome &outcome : outcomes)
    if (failed(report(outcome)))
      return signalPassFailure();
}
