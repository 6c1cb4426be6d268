//===- ExtractInstancePass.cpp - mempl-extract-instance -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/FunctionExtraction.h"
#include "mempl/Transforms/Passes.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLEXTRACTINSTANCE
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

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
    FailureOr<SelectedTarget> machine =
        selectTargetAndCosts(module, {target, capacity, profile});
    if (failed(machine))
      return signalPassFailure();
    FailureOr<ModuleProblems> all = extractProblems(module, *machine, profile);
    if (failed(all))
      return signalPassFailure();
    if (!reorder)
      fixOrders(*all);
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

} // namespace
