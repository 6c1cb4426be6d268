//===- PlanApplication.cpp - plans, applied and checked -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanApplication.h"

#include "BufferWork.h"

#include "mempl/IR/OneShotAnalysis.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Transforms/ApplyPlan.h"
#include "mempl/Transforms/CheckPlacement.h"
#include "mempl/Transforms/CompareContents.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Plan;

/// Whether One-Shot Analysis has a solution where tensors flow together; some
/// ops it cannot give a copy. Emits what it says. What calls do, only the
/// analysis of the module knows.
static bool canBeBufferized(func::FuncOp function) {
  bool calls = false;
  function.walk([&](func::CallOp) { calls = true; });
  if (calls || !hasTensorControlFlow(function))
    return true;
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::OneShotAnalysisState analysis(function, options);
  return succeeded(analyzeTensors(function, analysis));
}

/// The same of a whole module, in which an analysis knows what calls do.
static bool canBeBufferized(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::OneShotAnalysisState analysis(module, options);
  return succeeded(analyzeTensors(module, analysis));
}

/// Whether the analysis of the whole module may differ from those of its
/// functions.
static bool hasCallsAndControlFlow(ModuleOp module) {
  bool calls = false;
  module.walk([&](func::CallOp) { calls = true; });
  return calls && hasTensorControlFlow(module);
}

static constexpr StringLiteral kNotBufferized =
    "bufferization does not accept the placed function";

static constexpr StringLiteral kOtherContents =
    "the placed function computes something else";

static constexpr StringLiteral kMisused =
    "the placed function misuses fast memory";

/// Where an op writes into a tensor into which an earlier op of its block
/// writes, too; nothing in a function that mempl-prepare has seen.
static std::optional<Location> secondWriter(func::FuncOp function) {
  std::optional<Location> found;
  function.walk([&](DestinationStyleOpInterface op) {
    for (Value dest : op.getDpsInits()) {
      if (!isa<TensorType>(dest.getType()) ||
          dest.getDefiningOp<tensor::EmptyOp>())
        continue;
      for (OpOperand &use : dest.getUses()) {
        auto other = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
        if (other && other.isDpsInit(&use) &&
            other->getBlock() == op->getBlock() && other->isBeforeInBlock(op)) {
          found = op->getLoc();
          return WalkResult::interrupt();
        }
      }
    }
    return WalkResult::advance();
  });
  return found;
}

/// Whether the plan, or one of the loops', puts something into fast memory.
static bool placesAnything(const Plan &plan) {
  return !plan.residencies.empty() ||
         llvm::any_of(plan.loops, [](const auto &loop) {
           return placesAnything(loop.second.plan);
         });
}

/// The storages that the plan, or one of the loops', puts into fast memory.
static void collectPlaced(const FunctionProblem &program, const Plan &plan,
                          llvm::DenseSet<Value> &roots) {
  for (const mempl::Residency &residency : plan.residencies)
    roots.insert(program.storages[residency.value].root);
  for (const auto &[step, loop] : plan.loops)
    if (const FunctionProblem *body = program.steps[step].body.get())
      collectPlaced(*body, loop.plan, roots);
}

std::unique_ptr<WholeFunction>
PlanApplication::replace(PlaceableFunction &function, Plan plan,
                         PlaceableFunction tiled,
                         OwningOpRef<Operation *> unprepared) {
  auto whole = std::make_unique<WholeFunction>();
  func::FuncOp op = function.function;
  whole->body.takeBody(op.getBody());
  op.getBody().takeBody(tiled.function.getBody());
  whole->plan = std::move(plan);
  whole->unprepared = originals.exchange(op, std::move(unprepared));
  tiled.function = op;
  whole->function = std::exchange(function, std::move(tiled));
  return whole;
}

/// Places a function that was split as the whole that it was.
LogicalResult PlanApplication::placeWhole(PlannedFunction &planned) {
  std::unique_ptr<WholeFunction> whole = std::move(planned.whole);
  func::FuncOp op = planned.function->function;
  placed.erase(op);
  op.getBody().takeBody(whole->body);
  originals.exchange(op, std::move(whole->unprepared));
  *planned.function = std::move(whole->function);
  planned.plan = std::move(whole->plan);
  if (failed(apply(planned)))
    return failure();
  if (!placed.contains(op))
    originals.restore(op);
  return success();
}

/// Gives a function its body back.
void PlanApplication::restore(PlannedFunction &planned) {
  func::FuncOp function = planned.function->function;
  placed.erase(function);
  originals.restore(function);
  planned.isSlow = true;
}

/// After a mistake of mempl, the `reason`: the function is whole again, or gets
/// its body back.
LogicalResult PlanApplication::fallBack(PlannedFunction &planned,
                                        StringRef reason,
                                        llvm::ArrayRef<Diagnostic> findings) {
  func::FuncOp function = planned.function->function;
  mempl::Reproducer file;
  file.tool = "mempl-opt";
  if (!options.choice.solver.empty())
    file.solvers = {options.choice.solver};
  file.context = options.choice.context;
  file.instance = planned.function->program->instance;
  file.failedSolver = options.choice.solver;
  file.failedPlan = planned.plan;
  if (planned.whole) {
    (void)reportMistake(function.getLoc(), function.getName(), reason,
                        mempl::askForReport(file), findings, Fallback::Whole);
    return placeWhole(planned);
  }
  Fallback fallback =
      originals.get(function) ? options.choice.fallback : Fallback::Error;
  restore(planned);
  return reportMistake(function.getLoc(), function.getName(), reason,
                       mempl::askForReport(file), findings, fallback);
}

/// Where bufferization could do worse with the function than without plan, or
/// nothing at all, it is whole again, or gets its body back.
LogicalResult PlanApplication::leaveSlow(PlannedFunction &planned,
                                         const llvm::Twine &reason,
                                         llvm::ArrayRef<Diagnostic> findings) {
  if (planned.whole)
    return placeWhole(planned);
  InFlightDiagnostic remark = emitRemark(planned.function->function.getLoc())
                              << "left in slow memory: " << reason;
  for (const Diagnostic &finding : findings)
    remark.attachNote(finding.getLocation()) << finding.str();
  restore(planned);
  return success();
}

LogicalResult PlanApplication::apply(PlannedFunction &planned) {
  func::FuncOp function = planned.function->function;
  FunctionProblem &program = *planned.function->program;
  const Plan &plan = planned.plan;
  planned.report = PlacementReport(*planned.function, plan);
  if (!placesAnything(plan))
    return success();
  placed.insert(function);
  llvm::DenseSet<Value> roots;
  collectPlaced(program, plan, roots);
  carryTokens(program, plan);
  std::optional<Location> second = secondWriter(function);
  std::optional<ContentsOfOperands> contents;
  if (options.verify)
    contents.emplace(function);
  std::vector<Diagnostic> findings;
  // What is wrong with the placed function; empty if nothing is.
  auto whatIsWrong = [&]() -> StringRef {
    if (failed(applyPlan(program, plan, target.fastSpace)))
      return "the plan cannot be applied";
    if (options.verify && failed(contents->compare()))
      return kOtherContents;
    if (!canBeBufferized(function))
      return kNotBufferized;
    if (options.verify &&
        failed(
            checkPlacement(cast<FunctionOpInterface>(function.getOperation()),
                           target.machine.capacity, target.machine.alignment)))
      return kMisused;
    return "";
  };
  StringRef wrong = collectDiagnostics(function->getContext(), findings,
                                       [&] { return whatIsWrong(); });
  if (wrong == kOtherContents && second && !originals.get(function)) {
    InFlightDiagnostic error =
        emitError(function.getLoc())
        << "'" << function.getName()
        << "' is not prepared: several ops write into one tensor; run "
           "mempl-prepare before mempl-extract-instance";
    error.attachNote(*second) << "the second one";
    return error;
  }
  // It knows no copy that would help where what must be written in place was
  // named before: no mistake, as the contents are right.
  if (wrong == kNotBufferized && originals.get(function))
    return leaveSlow(planned, wrong, findings);
  // Nor is it one where the problem has something written in place that
  // preparation left to bufferization to copy.
  if ((wrong == kMisused || wrong == kOtherContents) &&
      originals.get(function) &&
      leavesCopiesToBufferization(*originals.module(module)))
    return leaveSlow(planned,
                     "bufferization makes copies in it that stand for no op",
                     findings);
  if (!wrong.empty())
    return fallBack(planned, wrong, findings);
  if (Operation *original = originals.get(function))
    shareAllocations(function, original, roots);
  return success();
}

/// Leaves as many functions slow as it takes until bufferization accepts the
/// module; `findings` are what it says if it doesn't.
LogicalResult
PlanApplication::leaveSlowUntil(llvm::MutableArrayRef<PlannedFunction> all,
                                llvm::function_ref<bool()> isAccepted,
                                const std::vector<Diagnostic> &findings) {
  // Callers mostly follow what they call.
  for (PlannedFunction &planned : llvm::reverse(all)) {
    // One that is split is whole next.
    while (placed.contains(planned.function->function)) {
      if (isAccepted())
        return success();
      if (failed(leaveSlow(planned, kNotBufferized, findings)))
        return failure();
    }
  }
  return success();
}

/// Falls back for as many functions as it takes to have a module that One-Shot
/// Bufferize accepts, as it accepts the original one.
LogicalResult
PlanApplication::checkModule(llvm::MutableArrayRef<PlannedFunction> all) {
  std::vector<Diagnostic> findings;
  auto isAccepted = [&](ModuleOp checked) {
    findings.clear();
    return collectDiagnostics(module.getContext(), findings,
                              [&] { return canBeBufferized(checked); });
  };
  if (placed.empty() || !hasCallsAndControlFlow(module) ||
      !isAccepted(*originals.module(module)))
    return success();
  return leaveSlowUntil(all, [&] { return isAccepted(module); }, findings);
}

/// Gives functions their bodies back in which One-Shot Bufferize would make
/// more allocations or copies than in the original ones; those that are split
/// are whole first.
LogicalResult
PlanApplication::keepNeverWorse(llvm::MutableArrayRef<PlannedFunction> all) {
  if (placed.empty())
    return success();
  std::optional<llvm::StringMap<BufferWork>> before =
      bufferWorkOf(*originals.module(module));
  if (!before)
    return success();
  std::optional<llvm::StringMap<BufferWork>> after;
  auto isAccepted = [&] {
    after = bufferWorkOf(module);
    return after.has_value();
  };
  if (failed(leaveSlowUntil(all, isAccepted)))
    return failure();
  if (!after)
    return success();
  bool anyWhole = false;
  for (PlannedFunction &planned : all) {
    func::FuncOp function = planned.function->function;
    if (!placed.contains(function))
      continue;
    std::string more = after->lookup(function.getName())
                           .moreThan(before->lookup(function.getName()));
    if (more.empty())
      continue;
    anyWhole |= bool(planned.whole);
    if (failed(leaveSlow(planned,
                         "bufferization of the placed function would make " +
                             more)))
      return failure();
  }
  return anyWhole ? keepNeverWorse(all) : success();
}

LogicalResult
PlanApplication::finish(llvm::MutableArrayRef<PlannedFunction> all) {
  if (originals.empty())
    return success();
  originals.restore(placed);
  if (failed(checkModule(all)))
    return failure();
  return keepNeverWorse(all);
}
