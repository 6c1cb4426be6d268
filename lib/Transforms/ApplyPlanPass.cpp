//===- ApplyPlanPass.cpp - mempl-apply-plan -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanApplication.h"

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/FunctionExtraction.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/SetVector.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLAPPLYPLAN
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;

namespace {

class MemplApplyPlanPass
    : public mempl::ir::impl::MemplApplyPlanBase<MemplApplyPlanPass> {
public:
  using MemplApplyPlanBase::MemplApplyPlanBase;
  MEMPL_NAMED_OPTIONS
  void getDependentDialects(DialectRegistry &registry) const override {
    MemplApplyPlanBase::getDependentDialects(registry);
    registerCostModels(registry);
  }
  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  FailureOr<PlannedFunction> read(PlanOp op, InstanceOp instanceOp,
                                  ModuleProblems &problems);
};

} // namespace

LogicalResult MemplApplyPlanPass::run() {
  ModuleOp module = getOperation();
  FailureOr<Fallback> onMistake = fallbackNamed(module.getLoc(), fallback);
  FailureOr<SelectedTarget> machine =
      selectTargetAndCosts(module, {target, capacity, profile});
  if (failed(onMistake) || failed(machine))
    return failure();
  OriginalFunctions originals = OriginalFunctions::takeFrom(module);
  FailureOr<ModuleProblems> problems = failure();
  {
    // mempl-extract-instance has said what there is but errors.
    ScopedDiagnosticHandler quiet(&getContext(), [](Diagnostic &diagnostic) {
      return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
    });
    problems = extractProblems(module, *machine, profile);
  }
  if (failed(problems))
    return failure();
  PlanApplication application(module, machine->target, std::move(originals),
                              {verify, {"", {}, *onMistake}});
  std::vector<PlannedFunction> all;
  SymbolTable symbols(module);
  // Until all are: another plan may be for the same instance.
  llvm::SmallSetVector<Operation *, 4> applied;
  for (PlanOp op : module.getOps<PlanOp>()) {
    auto instanceOp = symbols.lookup<InstanceOp>(op.getInstance());
    if (!instanceOp)
      return op.emitError() << "expected an instance @" << op.getInstance();
    if (!instanceOp.getFunctionAttr())
      continue; // Not made from a function: nothing to rewrite.
    FailureOr<PlannedFunction> planned = read(op, instanceOp, *problems);
    if (succeeded(planned) &&
        llvm::any_of(all, [&](const PlannedFunction &other) {
          return other.function == planned->function;
        }))
      return op.emitError() << "@" << planned->function->function.getName()
                            << " has another plan already";
    if (failed(planned) || failed(application.apply(*planned)))
      return failure();
    all.push_back(std::move(*planned));
    applied.insert(op);
    applied.insert(instanceOp);
  }
  for (Operation *op : applied)
    op->erase();
  if (failed(application.finish(all)))
    return failure();
  for (PlannedFunction &planned : all) {
    planned.report.emit(*planned.function, planned.isSlow);
    PlacementStatistics{numFunctions, numStorages, numPlacedFast, numPrefetches,
                        numEvictions, peakBytes,   numMovedSteps, numFallbacks}
        .add(planned.function->program->instance, planned.plan, planned.isSlow);
  }
  return success();
}

/// The plan of `op`, with the function that `instanceOp` was extracted from,
/// which is the same still.
FailureOr<PlannedFunction> MemplApplyPlanPass::read(PlanOp op,
                                                    InstanceOp instanceOp,
                                                    ModuleProblems &problems) {
  StringRef name = instanceOp.getFunctionAttr().getValue();
  auto it = llvm::find_if(problems.functions, [&](PlaceableFunction &function) {
    return function.function.getName() == name;
  });
  for (const SkippedFunction &skipped : problems.skipped)
    if (skipped.name == name)
      return op.emitError()
             << "@" << name << " is not placed: " << skipped.reason;
  if (it == problems.functions.end())
    return op.emitError() << "expected a function @" << name;
  if (it->program->onBuffers)
    return op.emitError() << "@" << name
                          << " is bufferized; plans are applied to tensors";
  FailureOr<Instance> instance = readInstance(instanceOp);
  if (failed(instance))
    return failure();
  if (instance->program.order == mempl::StepOrder::Fixed)
    fixOrder(*it->program);
  if (!(*instance == it->program->instance))
    return op.emitError()
           << "@" << name << " is not the function that @" << op.getInstance()
           << " was extracted from: it, the target or the costs changed";
  FailureOr<mempl::Plan> plan = readPlan(op, *instance);
  if (failed(plan) || verifyPlan(op, *plan, *instance) > 0)
    return failure();
  PlannedFunction planned;
  planned.function = &*it;
  planned.plan = std::move(*plan);
  return planned;
}
