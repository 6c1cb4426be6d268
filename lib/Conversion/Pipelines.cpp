//===- Pipelines.cpp - all the way to an executable module ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Pipelines.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::mempl {
#define GEN_PASS_DEF_MEMPLVERIFYLOWERED
#include "mempl/Conversion/Passes.h.inc"
} // namespace mlir::mempl

using namespace mlir;
using namespace mlir::mempl;

namespace {

class MemplVerifyLoweredPass
    : public mlir::mempl::impl::MemplVerifyLoweredBase<MemplVerifyLoweredPass> {
public:
  void runOnOperation() override {
    SmallVector<Operation *> left, casts;
    getOperation()->walk([&](Operation *op) {
      if (isa<UnrealizedConversionCastOp>(op))
        casts.push_back(op);
      else if (!isa<ModuleOp>(op) &&
               !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        left.push_back(op);
    });
    // Casts are there because of the others, if there are others.
    for (Operation *op : left.empty() ? casts : left) {
      op->emitError() << "'" << op->getName() << "' was not lowered";
      signalPassFailure();
    }
  }
};

} // namespace

/// To memrefs, and mempl's ops to calls. Steps are told to the runtime before
/// deallocation adds ops of its own.
static void addBufferization(OpPassManager &manager,
                             const LowerToCpuOptions &options) {
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  manager.addPass(bufferization::createOneShotBufferizePass(bufferize));
  manager.addPass(createConvertMemplToLLVM());
  ConvertMemplSpacesOptions spaces;
  spaces.map = {"*=none"};
  manager.addPass(createConvertMemplSpaces(spaces));
  // Removes copies of a buffer to itself, which are no steps: their two sides
  // are views that are the same once CSE has seen them.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  if (options.instrument) {
    MemplInstrumentStepsOptions steps;
    steps.functions = llvm::to_vector(options.functions);
    manager.addPass(createMemplInstrumentSteps(steps));
  }
  bufferization::buildBufferDeallocationPipeline(
      manager, bufferization::BufferDeallocationPipelineOptions());
  manager.addPass(createConvertBufferizationToMemRefPass());
}

static void addLoops(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
}

/// Upstream's conversions. Those before finalize-memref-to-llvm may still make
/// memrefs.
static void addConversionsToLLVM(OpPassManager &manager) {
  math::MathExpandOpsPassOptions expand;
  expand.opMnemonics = {"rsqrt", "fpowi"};
  manager.addPass(math::createMathExpandOpsPass(expand));
  manager.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createSCFToControlFlowPass());
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.useGenericFunctions = true;
  manager.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createMemplVerifyLowered());
}

void mlir::mempl::buildLowerToCpuPipeline(OpPassManager &manager,
                                          const LowerToCpuOptions &options) {
  addBufferization(manager, options);
  addLoops(manager);
  addConversionsToLLVM(manager);
}

void mlir::mempl::registerLoweringPipelines() {
  PassPipelineRegistration<LowerToCpuOptions>(
      "mempl-lower-to-cpu",
      "Lower placed linalg to the LLVM dialect and calls of the runtime "
      "library",
      buildLowerToCpuPipeline);
}
