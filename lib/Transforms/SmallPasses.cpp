//===- SmallPasses.cpp - the steps of placement, one by one ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-prepare, mempl-extract-instance, mempl-apply-plan, and
// mempl-check-placement. Between them the problem and its answer are IR:
// mempl-solve and mempl-verify-plan work on that alone.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ApplyPlan.h"
#include "mempl/Transforms/CheckPlacement.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/Placement.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLPREPARE
#define GEN_PASS_DEF_MEMPLEXTRACTINSTANCE
#define GEN_PASS_DEF_MEMPLAPPLYPLAN
#define GEN_PASS_DEF_MEMPLCHECKPLACEMENT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;

namespace {

class MemplPreparePass
    : public mempl::ir::impl::MemplPrepareBase<MemplPreparePass> {
public:
  using MemplPrepareBase::MemplPrepareBase;
  void runOnOperation() override {
    if (failed(prepareForPlacement(getOperation(), eliminateEmptyTensors)))
      signalPassFailure();
  }
};

/// The target, the cost model and the programs that two of the passes need.
struct Extraction {
  TargetDescription target;
  std::vector<PlaceableFunction> functions;
};

FailureOr<Extraction> extractAll(ModuleOp module, StringRef target,
                                 StringRef capacity, StringRef profile) {
  FailureOr<TargetDescription> description =
      selectTarget(module, target, capacity);
  if (failed(description))
    return failure();
  FailureOr<CostModel> cost = selectCostModel(module, *description, profile);
  if (failed(cost))
    return failure();
  FailureOr<std::vector<PlaceableFunction>> functions =
      extractFunctions(module, *description, *cost,
                       [&](func::FuncOp function, const llvm::Twine &reason) {
                         emitRemark(function.getLoc())
                             << "'" << function.getName()
                             << "' is not placed: " << reason;
                       });
  if (failed(functions))
    return failure();
  warnUnmatchedKeys(module, *cost, profile);
  return Extraction{std::move(*description), std::move(*functions)};
}

class MemplExtractInstancePass
    : public mempl::ir::impl::MemplExtractInstanceBase<
          MemplExtractInstancePass> {
public:
  using MemplExtractInstanceBase::MemplExtractInstanceBase;
  MEMPL_NAMED_OPTIONS
  void getDependentDialects(DialectRegistry &registry) const override {
    MemplExtractInstanceBase::getDependentDialects(registry);
    registerCostModels(registry);
  }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Extraction> all = extractAll(module, target, capacity, profile);
    if (failed(all))
      return signalPassFailure();
    SymbolTable symbols(module);
    for (PlaceableFunction &function : all->functions) {
      OpBuilder builder(function.function);
      builder.setInsertionPointAfter(function.function);
      std::string name = (function.function.getName() + "_instance").str();
      InstanceOp op = buildInstance(builder, function.function.getLoc(),
                                    function.program->instance, name);
      op.setFunctionAttr(FlatSymbolRefAttr::get(function.function));
      symbols.insert(op);
    }
  }
};

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
    ModuleOp module = getOperation();
    FailureOr<Extraction> all = extractAll(module, target, capacity, profile);
    if (failed(all))
      return signalPassFailure();
    SymbolTable symbols(module);
    for (PlanOp plan : llvm::make_early_inc_range(module.getOps<PlanOp>()))
      if (failed(apply(plan, symbols, *all)))
        return signalPassFailure();
  }

private:
  LogicalResult apply(PlanOp plan, SymbolTable &symbols, Extraction &all) {
    auto instanceOp = symbols.lookup<InstanceOp>(plan.getInstance());
    if (!instanceOp)
      return plan.emitError() << "expected an instance @" << plan.getInstance();
    if (!instanceOp.getFunctionAttr())
      return success(); // Not made from a function: nothing to rewrite.
    StringRef name = instanceOp.getFunctionAttr().getValue();
    auto it = llvm::find_if(all.functions, [&](PlaceableFunction &function) {
      return function.function && function.function.getName() == name;
    });
    if (it == all.functions.end())
      return plan.emitError()
             << "expected a function @" << name << " that can be placed";
    if (it->program->onBuffers)
      return plan.emitError()
             << "@" << name << " is bufferized; plans are applied to tensors";
    FailureOr<Instance> instance = readInstance(instanceOp);
    if (failed(instance))
      return failure();
    if (!(*instance == it->program->instance))
      return plan.emitError()
             << "@" << name << " is not the function that @"
             << plan.getInstance()
             << " was extracted from: it, the target or the costs changed";
    FailureOr<mempl::Plan> decided = readPlan(plan, *instance);
    if (failed(decided))
      return failure();
    if (verifyPlan(plan, *decided, *instance) > 0)
      return failure();
    if (failed(applyPlan(*it->program, *decided, all.target.fastSpace)))
      return failure();
    it->function = {};
    plan.erase();
    instanceOp.erase();
    return success();
  }
};

class MemplCheckPlacementPass
    : public mempl::ir::impl::MemplCheckPlacementBase<MemplCheckPlacementPass> {
public:
  using MemplCheckPlacementBase::MemplCheckPlacementBase;
  MEMPL_NAMED_OPTIONS
  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    int64_t bytes = -1;
    if (!capacity.empty()) {
      llvm::Expected<int64_t> parsed = mempl::parseSize(capacity);
      if (!parsed) {
        emitError(function.getLoc())
            << "option 'capacity': " << llvm::toString(parsed.takeError());
        return signalPassFailure();
      }
      bytes = *parsed;
    }
    if (alignment < 1) {
      emitError(function.getLoc()) << "option 'alignment': expected at least 1";
      return signalPassFailure();
    }
    if (failed(checkPlacement(function, bytes, alignment, /*outdated=*/true)))
      signalPassFailure();
  }
};

} // namespace
