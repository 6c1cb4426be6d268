//===- Pipelines.h - all the way to an executable module --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_PIPELINES_H
#define MEMPL_CONVERSION_PIPELINES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

#include <string>

namespace mempl::ir {

struct LowerToCpuOptions : public PassPipelineOptions<LowerToCpuOptions> {
  Option<bool> instrument{
      *this, "instrument",
      llvm::cl::desc(
          "Tell the runtime about steps, so that it can check, trace "
          "and slow them down. Default: true."),
      llvm::cl::init(true)};
  ListOption<std::string> functions{
      *this, "functions",
      llvm::cl::desc("Functions that are instrumented; all if none is given.")};
};

/// Adds the passes that lower a module of linalg on tensors, placed or not, or
/// what One-Shot Bufferize made of one, to the LLVM dialect and calls of
/// libmempl_runtime.so: preparation, bufferization, convert-mempl-to-llvm,
/// mempl-instrument-steps, deallocation, loops, and upstream's conversions.
/// What they cannot lower is an error.
void buildLowerToCpuPipeline(OpPassManager &manager,
                             const LowerToCpuOptions &options);

/// Adds what comes before bufferization in pipelines that go all the way:
/// loops of affine, the program's own frees, and ops without loops of their
/// own.
void addLoweringPreparation(OpPassManager &manager);

/// Adds upstream's buffer-deallocation-pipeline with mempl-deallocate in place
/// of its ownership-based deallocation.
void addDeallocation(OpPassManager &manager);

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

/// Registers the pipelines `mempl-lower-to-cpu` and `mempl-lower-to-gpu`.
void registerLoweringPipelines();

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_PIPELINES_H
