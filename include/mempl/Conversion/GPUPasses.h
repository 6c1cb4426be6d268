//===- GPUPasses.h - placed programs on GPUs --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Generated from GPUPasses.td: an options struct and a create function per
// pass, and their registration; and the pipeline made of them and of upstream
// passes. docs/GPU.md is the guide, docs/Passes.md the reference.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_GPUPASSES_H
#define MEMPL_CONVERSION_GPUPASSES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

#include <memory>

namespace mlir {
class OpPassManager;
}

namespace mempl::ir {

#define GEN_PASS_DECL
#include "mempl/Conversion/GPUPasses.h.inc"

/// Options of `mempl-lower-to-gpu`.
struct LowerToGPUOptions : public PassPipelineOptions<LowerToGPUOptions> {
  ListOption<std::string> functions{
      *this, "functions",
      llvm::cl::desc("Functions that run on the device; those with ops of "
                     "mempl if none are named")};
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("Architecture of the device. Default: sm_90."),
      llvm::cl::init("sm_90")};
  Option<std::string> format{
      *this, "format",
      llvm::cl::desc("isa: PTX text, which the driver compiles when it is "
                     "loaded; bin: assembled here, which needs ptxas; llvm: "
                     "stop before code is generated. Default: isa."),
      llvm::cl::init("isa")};
  Option<std::string> toolkit{
      *this, "toolkit",
      llvm::cl::desc("Folder of a CUDA toolkit, for format=bin")};
  Option<std::string> libdevice{
      *this, "libdevice",
      llvm::cl::desc("Bitcode of libdevice to link to kernels; without it math "
                     "functions are approximated by polynomials")};
  Option<int64_t> threads{
      *this, "threads",
      llvm::cl::desc("Threads of a block, 1 to 1024. Default: 128."),
      llvm::cl::init(128)};
  Option<int> optLevel{
      *this, "opt-level",
      llvm::cl::desc("Optimisation of kernels, 0 to 3. Default: 3."),
      llvm::cl::init(3)};
};

/// From placed functions on tensors to a module of the LLVM dialect with a
/// `gpu.binary`, which mlir-runner and mlir-translate accept. The host code
/// calls the functions of libmempl_gpu_runtime.so.
void buildLowerToGPUPipeline(OpPassManager &pm,
                             const LowerToGPUOptions &options);

/// Registers the passes above and the pipeline `mempl-lower-to-gpu`.
void registerGPUConversionPasses();

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_GPUPASSES_H
