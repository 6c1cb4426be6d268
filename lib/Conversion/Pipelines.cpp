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
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mempl::ir;

void mempl::ir::addLoweringPreparation(OpPassManager &manager) {
  manager.addPass(createMemplMarkDeallocations());
  manager.addPass(createMemplPrepareLowering());
}

void mempl::ir::addDeallocation(OpPassManager &manager) {
  memref::ExpandReallocPassOptions realloc;
  realloc.emitDeallocs = false;
  manager.addPass(memref::createExpandReallocPass(realloc));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createMemplDeallocate());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(bufferization::createBufferDeallocationSimplificationPass());
  manager.addPass(bufferization::createLowerDeallocationsPass());
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createConvertBufferizationToMemRefPass());
}

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
  spaces.others = "none";
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
  addDeallocation(manager);
}

static void addLoops(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(memref::createExpandOpsPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
}

/// Upstream's conversions. Those before finalize-memref-to-llvm may still make
/// memrefs.
static void addConversionsToLLVM(OpPassManager &manager) {
  manager.addPass(createConvertComplexToStandardPass());
  math::MathExpandOpsPassOptions expand;
  expand.opMnemonics = {"rsqrt", "fpowi", "clampf"};
  manager.addPass(math::createMathExpandOpsPass(expand));
  manager.addPass(createMemplMathToLibm());
  manager.addPass(createConvertMathToFuncs());
  manager.addNestedPass<func::FuncOp>(vector::createLowerVectorMaskPass());
  manager.addNestedPass<func::FuncOp>(
      vector::createLowerVectorMultiReductionPass());
  manager.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  // Of views and of transfers in loops.
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createSCFToControlFlowPass());
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.useGenericFunctions = true;
  manager.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  manager.addPass(createConvertComplexToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createMemplVerifyLowered());
}

void mempl::ir::buildLowerToCpuPipeline(OpPassManager &manager,
                                        const LowerToCpuOptions &options) {
  addLoweringPreparation(manager);
  addBufferization(manager, options);
  addLoops(manager);
  addConversionsToLLVM(manager);
}

void mempl::ir::registerLoweringPipelines() {
  PassPipelineRegistration<LowerToCpuOptions>(
      "mempl-lower-to-cpu",
      "Lower placed linalg to the LLVM dialect and calls of the runtime "
      "library",
      buildLowerToCpuPipeline);
  PassPipelineRegistration<LowerToGPUOptions>(
      "mempl-lower-to-gpu",
      "Placed tensors to kernels in PTX and host code that launches them",
      buildLowerToGPUPipeline);
}
