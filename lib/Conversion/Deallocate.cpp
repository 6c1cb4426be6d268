//===- Deallocate.cpp - frees of all other buffers ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second half of what MarkDeallocations.cpp begins.
//
//===----------------------------------------------------------------------===//

#include "NotLowered.h"

#include "mempl/Conversion/Passes.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLDEALLOCATE
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplDeallocatePass
    : public mempl::ir::impl::MemplDeallocateBase<MemplDeallocatePass> {
public:
  void runOnOperation() override;
};

} // namespace

/// Ops that may allocate or free, for all that deallocation knows.
static SmallVector<Operation *> opsOfUnknownEffects(Operation *function) {
  SmallVector<Operation *> unknown;
  function->walk([&](Operation *op) {
    if (op != function && !isa<MemoryEffectOpInterface, CallOpInterface>(op) &&
        !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() &&
        !op->hasTrait<OpTrait::IsTerminator>())
      unknown.push_back(op);
  });
  return unknown;
}

/// Whether a function makes or gets buffers that may be its to free.
static bool hasBuffers(Operation *function) {
  return function
      ->walk([](Operation *op) {
        auto isBuffer = llvm::IsaPred<BaseMemRefType>;
        bool gets = (isa<CallOpInterface>(op) ||
                     hasEffect<MemoryEffects::Allocate>(op)) &&
                    llvm::any_of(op->getResultTypes(), isBuffer);
        bool gives = isa<func::ReturnOp>(op) &&
                     llvm::any_of(op->getOperandTypes(), isBuffer);
        return gets || gives ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Other names, for other blocks, of what the ops return that deallocation puts
/// others in place of: it looks up what is live between blocks once, before it
/// does so, and would go on with results of ops that are gone.
static SmallVector<UnrealizedConversionCastOp>
renameInOtherBlocks(FunctionOpInterface function) {
  SmallVector<UnrealizedConversionCastOp> names;
  function->walk([&](Operation *op) {
    if (!isa<RegionBranchOpInterface, CallOpInterface>(op) ||
        op->getParentRegion()->hasOneBlock())
      return;
    for (Value result : op->getResults()) {
      auto isElsewhere = [&](OpOperand &use) {
        Block *block = op->getBlock();
        return !block->findAncestorOpInBlock(*use.getOwner());
      };
      if (llvm::none_of(result.getUses(), isElsewhere))
        continue;
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      names.push_back(UnrealizedConversionCastOp::create(
          builder, op->getLoc(), result.getType(), result));
      result.replaceUsesWithIf(names.back().getResult(0), isElsewhere);
    }
  });
  return names;
}

void MemplDeallocatePass::runOnOperation() {
  SymbolTableCollection tables;
  auto result = getOperation().walk([&](FunctionOpInterface function) {
    if (function.isExternal() || function->removeAttr(kOwnFreesAttr) ||
        !hasBuffers(function))
      return WalkResult::skip();
    SmallVector<Operation *> unknown = opsOfUnknownEffects(function);
    if (!unknown.empty()) {
      emitNotLowered(unknown);
      return WalkResult::interrupt();
    }
    SmallVector<UnrealizedConversionCastOp> names =
        renameInOtherBlocks(function);
    if (failed(bufferization::deallocateBuffersOwnershipBased(
            function, bufferization::DeallocationOptions(), tables)))
      return WalkResult::interrupt();
    for (UnrealizedConversionCastOp name : names) {
      name.getResult(0).replaceAllUsesWith(name.getOperand(0));
      name.erase();
    }
    return WalkResult::skip();
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
