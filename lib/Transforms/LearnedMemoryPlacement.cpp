//===- LearnedMemoryPlacement.cpp - the pipeline in one pass --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// prepare, extract, solve, verify, apply, check. A plan is verified by the same
// judge as everywhere before the IR is touched, and the rewritten function is
// replayed after: what comes out is valid or the pass fails.
//
//===----------------------------------------------------------------------===//

#include "OldNames.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Msa.h"
#include "mempl/Solvers/Reproducer.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ApplyPlan.h"
#include "mempl/Transforms/CheckPlacement.h"
#include "mempl/Transforms/CompareContents.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/Placement.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/Support/Format.h"

namespace mlir::mempl {
#define GEN_PASS_DEF_LEARNEDMEMORYPLACEMENT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mlir::mempl

using namespace mlir;
using namespace mlir::mempl;
using ::mempl::Instance;
using ::mempl::Plan;
using ::mempl::SolverResult;

namespace {

class OriginalFunctions;

class LearnedMemoryPlacementPass
    : public mlir::mempl::impl::LearnedMemoryPlacementBase<
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
    std::string renamed = withNewNames(options);
    std::string wrong = ::mempl::wrongOptionName(
        renamed, [&](raw_ostream &os) { printAsTextualPipeline(os); });
    return wrong.empty() ? LearnedMemoryPlacementBase::initializeOptions(
                               renamed, errorHandler)
                         : errorHandler(wrong);
  }
  void runOnOperation() override;

private:
  LogicalResult checkOptions();
  ::mempl::SolverOptions solverOptions() const;
  LogicalResult place(PlaceableFunction &function,
                      const TargetDescription &description,
                      const OriginalFunctions &originals);
  FailureOr<SolverResult> solve(func::FuncOp function, const Program &program);
  std::string reproducer(const Instance &instance, const Plan &plan,
                         llvm::ArrayRef<::mempl::Violation> broken) const;
  void remark(PlaceableFunction &function, const Plan &plan);
  void remarkSlowTraffic(func::FuncOp function,
                         llvm::ArrayRef<ProgramDecisions> all);
  void printSummary(const Program &program, const SolverResult &result);
  LogicalResult writeFiles(PlaceableFunction &function,
                           const TargetDescription &description,
                           const SolverResult &result);

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

  /// Gives all functions their bodies back but those in `placed`.
  void restore(const llvm::SmallPtrSetImpl<Operation *> &placed) {
    for (auto &[function, original] : originals)
      if (!placed.contains(function))
        function.getFunctionBody().takeBody(
            cast<FunctionOpInterface>(*original).getFunctionBody());
  }

private:
  std::vector<std::pair<FunctionOpInterface, OwningOpRef<Operation *>>>
      originals;
};

/// Whether One-Shot Analysis has a solution where tensors flow together; some
/// ops it cannot give a copy.
bool canBeBufferized(func::FuncOp function) {
  if (!hasTensorControlFlow(function))
    return true;
  ScopedDiagnosticHandler quiet(function.getContext(),
                                [](Diagnostic &) { return success(); });
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::OneShotAnalysisState analysis(function, options);
  return succeeded(bufferization::analyzeOp(function, analysis));
}

/// Whether the plan, or one of the loops', puts something into fast memory.
bool placesAnything(const Plan &plan) {
  return !plan.residencies.empty() ||
         llvm::any_of(plan.loops, [](const auto &loop) {
           return placesAnything(loop.second);
         });
}

/// The storages that the plan, or one of the loops', puts into fast memory.
void collectPlaced(const Program &program, const Plan &plan,
                   llvm::DenseSet<Value> &roots) {
  for (const ::mempl::Residency &residency : plan.residencies)
    roots.insert(program.storages[residency.value].root);
  for (const auto &[step, loop] : plan.loops)
    if (const Program *body = program.steps[step].body.get())
      collectPlaced(*body, loop, roots);
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
  if (budget < 0 || timeLimitMs < 0)
    return emitError(module.getLoc())
           << "options 'budget' and 'time-limit-ms': "
              "expected at least 0";
  if (budget == 0 && timeLimitMs == 0)
    return emitError(module.getLoc())
           << "expected a 'budget' or a 'time-limit-ms'";
  if (threads < 1)
    return emitError(module.getLoc())
           << "option 'threads': expected at least 1";
  ::mempl::MsaOptions checked;
  if (llvm::Error error = ::mempl::applyMsaOptions(msaOptions, checked))
    return emitError(module.getLoc())
           << "option 'msa-options': " << llvm::toString(std::move(error));
  llvm::Expected<std::unique_ptr<::mempl::Solver>> solver =
      ::mempl::createSolver(policy);
  if (!solver)
    return emitError(module.getLoc())
           << "option 'policy': " << llvm::toString(solver.takeError());
  if (llvm::Error error = (*solver)->check(solverOptions()))
    return emitError(module.getLoc())
           << "policy '" << policy << "': " << llvm::toString(std::move(error));
  return success();
}

::mempl::SolverOptions LearnedMemoryPlacementPass::solverOptions() const {
  ::mempl::SolverOptions options;
  options.budget = budget;
  options.timeLimitMs = timeLimitMs;
  options.seed = seed;
  options.threads = threads;
  options.weights = weights;
  options.msaOptions = msaOptions;
  return options;
}

FailureOr<SolverResult>
LearnedMemoryPlacementPass::solve(func::FuncOp function,
                                  const Program &program) {
  const Instance &instance = program.instance;
  if (failed(checkPins(program)))
    return failure();
  llvm::Expected<std::unique_ptr<::mempl::Solver>> solver =
      ::mempl::createSolver(policy);
  if (!solver)
    return emitError(function.getLoc()) << llvm::toString(solver.takeError());
  llvm::Expected<SolverResult> result =
      (*solver)->solve(instance, solverOptions());
  if (result) {
    std::vector<::mempl::Violation> broken =
        ::mempl::verify(instance, result->plan);
    if (broken.empty())
      return std::move(*result);
    return emitError(function.getLoc())
           << "internal error: policy '" << policy
           << "' made a plan that breaks " << broken.front().str()
           << reproducer(instance, result->plan, broken);
  }
  std::string reason = inOneLine(result.takeError());
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
  SolverResult slow;
  slow.plan.instance = instance.name;
  slow.latency = ::mempl::slowLatency(instance);
  return slow;
}

/// After an error of ours: leaves a file to report it with. The end of the
/// message, which names the file.
std::string LearnedMemoryPlacementPass::reproducer(
    const Instance &instance, const Plan &plan,
    llvm::ArrayRef<::mempl::Violation> broken) const {
  ::mempl::Reproducer file;
  file.tool = "mempl-opt";
  file.policies = {policy};
  file.solver = solverOptions();
  file.instance = instance;
  file.failedPolicy = policy;
  file.failedPlan = plan;
  for (const ::mempl::Violation &violation : broken)
    file.violations.push_back(violation.str());
  llvm::Expected<std::string> name = ::mempl::writeReproducer(file);
  if (!name)
    return "; " + llvm::toString(name.takeError());
  return "; please report it with the file " + *name;
}

void LearnedMemoryPlacementPass::remark(PlaceableFunction &function,
                                        const Plan &plan) {
  // What is about a storage is in the remark about it.
  for (const ProgramNote &note : function.notes)
    if (!note.aboutStorage)
      remark::analysis(note.loc, about(function.function, "Program"))
          << note.text;
  std::vector<ProgramDecisions> all = explain(*function.program, plan);
  remarkSlowTraffic(function.function, all);
  if (!getContext().getRemarkEngine())
    return;
  for (const ProgramDecisions &of : all)
    for (const Decision &decision : of.decisions) {
      Location loc = of.program->storages[decision.value].root.getLoc();
      const ::mempl::Value &value = of.program->instance.values[decision.value];
      std::string text = "'" + value.name + "' (" + std::to_string(value.size) +
                         " bytes) " + decision.text;
      if (decision.fast)
        remark::passed(loc, about(function.function, "Placed")) << text;
      else
        remark::missed(loc, about(function.function, "LeftSlow")) << text;
    }
}

/// One line for a function: the traffic that stays in slow memory, by reason.
void LearnedMemoryPlacementPass::remarkSlowTraffic(
    func::FuncOp function, llvm::ArrayRef<ProgramDecisions> all) {
  ::mempl::SlowTrafficSummary traffic;
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

void LearnedMemoryPlacementPass::printSummary(const Program &program,
                                              const SolverResult &result) {
  const Instance &instance = program.instance;
  ::mempl::Outcome outcome = ::mempl::simulate(instance, result.plan);
  ::mempl::BoundDeadline deadline(solverOptions(), 1, result.seconds);
  ::mempl::LowerBoundOptions boundOptions;
  boundOptions.cancelled = [&] { return deadline.hasPassed(); };
  double bound = ::mempl::lowerBound(instance, boundOptions).bound;
  double slow = ::mempl::slowLatency(instance);
  llvm::raw_ostream &os = llvm::errs();
  os << instance.name << ": " << instance.steps.size() << " steps, "
     << instance.values.size() << " values, "
     << ::mempl::formatBytes(instance.machine.capacity) << " of fast memory\n"
     << "  slow memory only  " << ::mempl::formatSeconds(slow) << "\n"
     << "  placed            " << ::mempl::formatSeconds(outcome.latency)
     << "  (" << (result.winner.empty() ? std::string(policy) : result.winner)
     << ", " << result.plan.numCopiesIn() << " copies in, "
     << result.plan.numCopiesBack() << " back, stalls "
     << ::mempl::formatSeconds(outcome.stall) << ", peak "
     << ::mempl::formatBytes(outcome.peakBytes) << ")\n"
     << "  lower bound       " << ::mempl::formatSeconds(bound) << "\n";
  if (::mempl::Uncovered uncovered = ::mempl::uncovered(instance);
      uncovered.values > 0) {
    os << "  not placeable     ";
    ::mempl::printUncovered(os, uncovered, "    ");
  }
  std::string unknowns = describeUnknowns(program);
  if (!unknowns.empty())
    os << "  not known         " << unknowns << "\n";
}

LogicalResult
LearnedMemoryPlacementPass::writeFiles(PlaceableFunction &function,
                                       const TargetDescription &description,
                                       const SolverResult &result) {
  const Program &program = *function.program;
  auto write = [&](StringRef path,
                   llvm::function_ref<void(llvm::raw_ostream &)> print)
      -> LogicalResult {
    if (path.empty())
      return success();
    std::string text;
    llvm::raw_string_ostream os(text);
    print(os);
    if (llvm::Error error = ::mempl::writeFile(path, text))
      return emitError(function.function.getLoc())
             << llvm::toString(std::move(error));
    return success();
  };
  if (failed(write(instanceOut, [&](llvm::raw_ostream &os) {
        ::mempl::writeInstance(os, program.instance);
      })))
    return failure();
  if (failed(write(planOut, [&](llvm::raw_ostream &os) {
        ::mempl::writePlan(os, result.plan);
      })))
    return failure();
  return write(traceOut, [&](llvm::raw_ostream &os) {
    writeTrace(os, program, description,
               result.winner.empty() ? StringRef(policy)
                                     : StringRef(result.winner),
               result.plan, result.latency);
  });
}

LogicalResult
LearnedMemoryPlacementPass::place(PlaceableFunction &function,
                                  const TargetDescription &description,
                                  const OriginalFunctions &originals) {
  Program &program = *function.program;
  const Instance &instance = program.instance;
  FailureOr<SolverResult> result = solve(function.function, program);
  if (failed(result))
    return failure();
  const Plan &plan = result->plan;
  ++numFunctions;
  numStorages += instance.values.size();
  llvm::SmallDenseSet<int32_t> fast;
  for (const ::mempl::Residency &residency : plan.residencies)
    fast.insert(residency.value);
  numPlacedFast += fast.size();
  numPrefetches += plan.numCopiesIn();
  numEvictions += plan.numCopiesBack();
  int64_t peak = ::mempl::simulate(instance, plan).peakBytes;
  if (peak > int64_t(uint64_t(peakBytes)))
    peakBytes = peak;
  remark(function, plan);
  remarkCostlyPins(program, ::mempl::simulateLatency(instance, plan));
  if (summary)
    printSummary(program, *result);
  if (function.function.getName() == written &&
      failed(writeFiles(function, description, *result)))
    return failure();
  if (!placesAnything(plan))
    return success();
  placed.insert(function.function);
  llvm::DenseSet<Value> roots;
  collectPlaced(program, plan, roots);
  std::optional<ContentsOfOperands> contents;
  if (verify)
    contents.emplace(function.function);
  if (failed(applyPlan(program, plan, description.fastSpace)))
    return failure();
  if (verify && failed(contents->compare()))
    return emitError(function.function.getLoc())
           << "internal error: the placed function computes something else"
           << reproducer(instance, plan, {});
  if (!canBeBufferized(function.function)) {
    emitRemark(function.function.getLoc())
        << "'" << function.function.getName()
        << "' is not placed: bufferization could not tell apart which of the "
           "tensors that flow together are written";
    placed.erase(function.function);
    return success();
  }
  if (verify &&
      failed(checkPlacement(
          cast<FunctionOpInterface>(function.function.getOperation()),
          description.machine.capacity, description.machine.alignment)))
    return emitError(function.function.getLoc())
           << "internal error: the placed function misuses fast memory"
           << reproducer(instance, plan, {});
  shareAllocations(function.function, originals.get(function.function), roots);
  return success();
}

void LearnedMemoryPlacementPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOptions()))
    return signalPassFailure();
  FailureOr<TargetDescription> description =
      selectTarget(module, target, capacity);
  if (failed(description))
    return signalPassFailure();
  FailureOr<CostModel> cost = selectCostModel(module, *description, profile);
  std::vector<SkippedFunction> unplaced;
  OriginalFunctions originals(module);
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
  for (PlaceableFunction &f : *functions) {
    if (f.program->onBuffers) {
      emitRemark(f.function.getLoc())
          << "'" << f.function.getName() << "' is not placed: " << bufferized;
      warnUselessOrders(f.function, /*called=*/false);
    } else if (failed(place(f, *description, originals))) {
      return signalPassFailure();
    }
  }
  originals.restore(placed);
}
