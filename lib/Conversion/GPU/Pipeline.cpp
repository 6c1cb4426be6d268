//===- Pipeline.cpp - from placed tensors to PTX and host code ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-lower-to-gpu. Deallocation comes before convert-mempl-to-gpu: it knows
// loops and branches, and frees of storage in an arena are dropped there.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mempl::ir;

/// Tensors to buffers, with deallocations.
static void addBufferization(OpPassManager &pm) {
  addLoweringPreparation(pm);
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  pm.addPass(createMemplDropReleases());
  addDeallocation(pm);
  pm.addPass(createCanonicalizerPass());
}

/// Bodies of kernels to PTX or machine code.
static void addKernels(OpPassManager &pm, const LowerToGPUOptions &options) {
  GpuNVVMAttachTargetOptions target;
  target.chip = options.chip;
  target.optLevel = options.optLevel;
  if (!options.libdevice.empty())
    target.linkLibs.push_back(options.libdevice);
  pm.addPass(createGpuNVVMAttachTarget(target));
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  if (options.libdevice.empty())
    kernels.addPass(createMemplGPUApproximateMath());
  kernels.addPass(createConvertNVGPUToNVVMPass());
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  if (options.libdevice.empty())
    kernels.addPass(createMemplCheckKernels());
}

/// What runs on the host to the LLVM dialect.
static void addHost(OpPassManager &pm) {
  pm.addPass(createConvertComplexToStandardPass());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertComplexToLLVMPass());
  pm.addPass(createGpuToLLVMConversionPass());
}

void mempl::ir::buildLowerToGPUPipeline(OpPassManager &pm,
                                        const LowerToGPUOptions &options) {
  addBufferization(pm);
  ConvertLinalgToGPULaunchOptions launches;
  launches.functions.assign(options.functions.begin(), options.functions.end());
  launches.threads = options.threads;
  pm.addPass(createConvertLinalgToGPULaunch(launches));
  pm.addPass(createConvertMemplToNVGPU());
  pm.addPass(createConvertMemplToGPU());
  pm.addPass(createGpuLaunchSinkIndexComputationsPass());
  pm.addPass(createGpuKernelOutliningPass());
  pm.addPass(createMemplMergeKernels());
  // No canonicalization of host code from here to gpu-to-llvm: it would take a
  // stream that forks from one token for the stream of that token.
  addKernels(pm, options);
  addHost(pm);
  if (options.format != "llvm") {
    GpuModuleToBinaryPassOptions binary;
    binary.compilationTarget = options.format;
    binary.toolkitPath = options.toolkit;
    pm.addPass(createGpuModuleToBinaryPass(binary));
    pm.addPass(createMemplDropCompileTimes());
  }
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}
