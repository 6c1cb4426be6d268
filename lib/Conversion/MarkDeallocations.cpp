//===- MarkDeallocations.cpp - which frees are of the program -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's ownership-based deallocation refuses programs that free buffers.
// mempl-mark-deallocations, before bufferization, and mempl-deallocate, after
// it, divide the work:
//
// - A function on buffers alone that frees some is left as it is: it manages
//   its memory. So is one that gives buffers to a function that frees them.
// - A function with tensors gets buffers that it knows nothing of. Its own
//   frees go away, and all its buffers are freed where they are not needed any
//   more: later than it said, with the same effect. Only frees of its
//   arguments, which its callers made, stay: as calls of a function of the
//   first kind.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLMARKDEALLOCATIONS
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplMarkDeallocationsPass
    : public mempl::ir::impl::MemplMarkDeallocationsBase<
          MemplMarkDeallocationsPass> {
public:
  void runOnOperation() override;

private:
  void findFreed();
  bool frees(CallOpInterface call, unsigned argument) const;
  LogicalResult markOrDrop(func::FuncOp function);
  void keep(memref::DeallocOp op);

  /// Arguments that their function frees.
  DenseSet<Value> freed;
};

} // namespace

/// The buffer that this is a view of, as far as one can see.
static Value originOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

static bool isArgumentOfFunction(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getOwner()->isEntryBlock() &&
         isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
}

static bool hasTensors(func::FuncOp function) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  return function
      .walk([&](Operation *op) {
        bool found = llvm::any_of(op->getOperandTypes(), isTensor) ||
                     llvm::any_of(op->getResultTypes(), isTensor);
        return found ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

bool MemplMarkDeallocationsPass::frees(CallOpInterface call,
                                       unsigned argument) const {
  auto function = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
  return function && !function.isExternal() &&
         argument < function.getNumArguments() &&
         freed.contains(function.getArgument(argument));
}

/// Fills `freed`, through calls, until nothing changes.
void MemplMarkDeallocationsPass::findFreed() {
  auto add = [&](Value buffer) {
    Value origin = originOf(buffer);
    return isArgumentOfFunction(origin) && freed.insert(origin).second;
  };
  getOperation().walk([&](memref::DeallocOp op) { add(op.getMemref()); });
  for (bool changed = true; changed;) {
    changed = false;
    getOperation().walk([&](CallOpInterface call) {
      for (auto [i, operand] : llvm::enumerate(call.getArgOperands()))
        if (frees(call, i))
          changed |= add(operand);
    });
  }
}

/// Makes the free of an argument a call of a function that does nothing else.
void MemplMarkDeallocationsPass::keep(memref::DeallocOp op) {
  OpBuilder builder(&getContext());
  auto type = builder.getFunctionType(op.getMemref().getType(), {});
  auto free =
      func::FuncOp::create(builder, op.getLoc(), "mempl_free_argument", type);
  free.setPrivate();
  free->setAttr(kOwnFreesAttr, builder.getUnitAttr());
  SymbolTable(getOperation()).insert(free);
  builder.setInsertionPointToStart(free.addEntryBlock());
  memref::DeallocOp::create(builder, op.getLoc(), free.getArgument(0));
  func::ReturnOp::create(builder, op.getLoc());
  builder.setInsertionPoint(op);
  func::CallOp::create(builder, op.getLoc(), free, op.getMemref());
  op.erase();
}

LogicalResult MemplMarkDeallocationsPass::markOrDrop(func::FuncOp function) {
  SmallVector<memref::DeallocOp> deallocs = opsOf<memref::DeallocOp>(function);
  CallOpInterface giving;
  function.walk([&](CallOpInterface call) {
    for (auto [i, operand] : llvm::enumerate(call.getArgOperands()))
      // What comes from the caller is for the caller.
      if (frees(call, i) && !isArgumentOfFunction(originOf(operand)))
        giving = call;
  });
  if (!hasTensors(function)) {
    if (deallocs.empty() && !giving)
      return success();
    function->setAttr(kOwnFreesAttr, UnitAttr::get(&getContext()));
    RewritePatternSet patterns(&getContext());
    memref::populateExpandReallocPatterns(patterns, /*emitDeallocs=*/true);
    walkAndApplyPatterns(function, std::move(patterns));
    return success();
  }
  if (giving)
    return giving->emitError()
           << "'" << giving->getName()
           << "' gives a buffer to a function that frees it, in a function "
              "with tensors; free it here, or run one-shot-bufferize before";
  for (memref::DeallocOp op : deallocs)
    if (isArgumentOfFunction(originOf(op.getMemref())))
      keep(op);
    else
      op.erase();
  for (auto op : opsOf<bufferization::DeallocTensorOp>(function))
    op.erase();
  return success();
}

/// A smaller size that is known makes a view of a realloc. Upstream's expansion
/// also has the way in which it grows, and a copy there that does not verify.
static void shrinkInPlace(memref::ReallocOp op) {
  MemRefType from = op.getSource().getType(), to = op.getType();
  if (!from.hasStaticShape() || !to.hasStaticShape() ||
      from.getNumElements() < to.getNumElements())
    return;
  OpBuilder builder(op);
  Value view = memref::ReinterpretCastOp::create(
      builder, op.getLoc(), to, op.getSource(), /*offset=*/0,
      ArrayRef<int64_t>(to.getNumElements()), /*strides=*/ArrayRef<int64_t>(1));
  op.replaceAllUsesWith(view);
  op.erase();
}

void MemplMarkDeallocationsPass::runOnOperation() {
  freed.clear();
  getOperation().walk(shrinkInPlace);
  findFreed();
  for (auto function : opsOf<func::FuncOp>(getOperation()))
    if (!function.isExternal() && failed(markOrDrop(function)))
      return signalPassFailure();
}
