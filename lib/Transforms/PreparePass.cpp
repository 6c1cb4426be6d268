//===- PreparePass.cpp - mempl-prepare ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OriginalFunctions.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/Prepare.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLPREPARE
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplPreparePass
    : public mempl::ir::impl::MemplPrepareBase<MemplPreparePass> {
public:
  using MemplPrepareBase::MemplPrepareBase;
  MEMPL_NAMED_OPTIONS
  void getDependentDialects(DialectRegistry &registry) const override {
    MemplPrepareBase::getDependentDialects(registry);
    registerCostModels(registry);
  }
  void runOnOperation() override {
    // What is prepared once more has the originals of the first time.
    OriginalFunctions originals = OriginalFunctions::takeFrom(getOperation());
    if (keepOriginals && originals.empty())
      originals = OriginalFunctions(getOperation());
    if (failed(prepare()))
      return signalPassFailure();
    originals.keepIn(getOperation());
  }

private:
  LogicalResult prepare() {
    ModuleOp module = getOperation();
    TargetOptions options{target, capacity, profile};
    FailureOr<std::optional<TargetDescription>> machine =
        findTarget(module, options);
    if (failed(machine))
      return failure();
    if (!*machine)
      return prepareForPlacement(module, eliminateEmptyTensors);
    FailureOr<CostModel> cost = selectCostModel(module, **machine, profile);
    return failure(failed(cost) ||
                   failed(prepareForTarget(module, **machine, *cost,
                                           eliminateEmptyTensors)));
  }
};

} // namespace
