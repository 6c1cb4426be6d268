//===- BufferWork.cpp - what bufferization allocates and copies -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bufferizes a copy of the module and counts. Canonicalization folds copies of
// a slice onto itself, which bufferization leaves behind.
//
//===----------------------------------------------------------------------===//

#include "BufferWork.h"

#include "mempl/IR/Mempl.h"
#include "mempl/IR/OneShotAnalysis.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mempl::ir;

std::string BufferWork::moreThan(const BufferWork &other) const {
  std::string text;
  auto compare = [&](int64_t ours, int64_t theirs, StringRef what) {
    if (ours > theirs)
      text += (text.empty() ? "" : ", ") + std::to_string(ours) + " " +
              what.str() + " and not " + std::to_string(theirs);
  };
  compare(allocations, other.allocations, "allocations");
  compare(copies, other.copies, "copies");
  compare(allocationsInLoops, other.allocationsInLoops, "allocations in loops");
  compare(copiesInLoops, other.copiesInLoops, "copies in loops");
  return text;
}

static BufferWork workOf(func::FuncOp function) {
  BufferWork work;
  function.walk([&](Operation *op) {
    bool inLoop = bool(op->getParentOfType<LoopLikeOpInterface>());
    if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
      ++work.allocations;
      work.allocationsInLoops += inLoop;
    } else if (isa<memref::CopyOp, linalg::CopyOp, TransferOp>(op)) {
      ++work.copies;
      work.copiesInLoops += inLoop;
    }
  });
  return work;
}

std::optional<llvm::StringMap<BufferWork>>
mempl::ir::bufferWorkOf(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  bufferization::BufferizationState state;
  PassManager tidy(module.getContext());
  tidy.enableVerifier(false);
  tidy.addPass(createCanonicalizerPass());
  tidy.addPass(createCSEPass());
  tidy.addPass(createCanonicalizerPass());
  // What bufferization has to say it says when it is run in earnest.
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  // Patterns crash on ops that do not verify.
  if (failed(bufferization::runOneShotModuleBufferize(
          *copy, placementBufferizationOptions(), state)) ||
      failed(verify(*copy)) || failed(tidy.run(*copy)))
    return std::nullopt;
  llvm::StringMap<BufferWork> work;
  copy->walk([&](func::FuncOp function) {
    work[function.getName()] = workOf(function);
  });
  return work;
}
