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

/// Registers the pipeline `mempl-lower-to-cpu`.
void registerLoweringPipelines();

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_PIPELINES_H
