//===- ApplyPlanPass.cpp - mempl-apply-plan -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/ApplyPlan.h"
#include "mempl/Transforms/FunctionExtraction.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
    ModuleOp module = getOperation();
    FailureOr<ModuleProblems> all =
        extractProblems(module, {target, capacity, profile});
    if (failed(all))
      return signalPassFailure();
    SymbolTable symbols(module);
    for (PlanOp plan : llvm::make_early_inc_range(module.getOps<PlanOp>()))
      if (failed(apply(plan, symbols, *all)))
        return signalPassFailure();
  }

private:
  LogicalResult apply(PlanOp plan, SymbolTable &symbols, ModuleProblems &all) {
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

} // namespace
