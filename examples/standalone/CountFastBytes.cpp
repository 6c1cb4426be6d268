//===- CountFastBytes.cpp - a pass of one's own ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pass that looks at mempl's ops, and a pipeline with a pass of mempl in it.
//
//===----------------------------------------------------------------------===//

#include "CountFastBytes.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {

struct CountFastBytesPass
    : public PassWrapper<CountFastBytesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountFastBytesPass)

  StringRef getArgument() const final { return "standalone-count-fast-bytes"; }
  StringRef getDescription() const final {
    return "note how many bytes of fast memory a function uses";
  }

  void runOnOperation() final {
    uint64_t bytes = 0;
    getOperation().walk([&](mempl::ir::AllocOp alloc) {
      bytes = std::max<uint64_t>(bytes, alloc.getOffset() + alloc.getBytes());
    });
    getOperation()->setAttr(
        "standalone.fast_bytes",
        IntegerAttr::get(IntegerType::get(&getContext(), 64), bytes));
  }
};

struct PlaceOptions : public PassPipelineOptions<PlaceOptions> {
  Option<std::string> target{
      *this, "target", llvm::cl::desc("Machine to place for, as of mempl"),
      llvm::cl::init("edge-npu")};
};

void buildPlace(OpPassManager &passes, const PlaceOptions &options) {
  passes.addNestedPass<func::FuncOp>(createLinalgElementwiseOpFusionPass());
  passes.addPass(createCanonicalizerPass());
  mempl::ir::LearnedMemoryPlacementOptions placement;
  placement.target = options.target;
  passes.addPass(mempl::ir::createLearnedMemoryPlacement(placement));
  passes.addNestedPass<func::FuncOp>(std::make_unique<CountFastBytesPass>());
}

} // namespace

void standalone::registerPasses() {
  PassRegistration<CountFastBytesPass>();
  PassPipelineRegistration<PlaceOptions>(
      "standalone-place", "fuse, place, and count what is in fast memory",
      buildPlace);
}
