//===- MemplToAsync.cpp - copies as tasks ---------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Common.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/Async/IR/Async.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include "llvm/ADT/PointerIntPair.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOASYNC
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class ConvertMemplToAsyncPass
    : public mempl::ir::impl::ConvertMemplToAsyncBase<ConvertMemplToAsyncPass> {
public:
  void runOnOperation() override;

private:
  void lower(CopyStartOp op);
  void lower(TransferOp op);

  /// The last copy of a block, in and out.
  DenseMap<llvm::PointerIntPair<Block *, 1, bool>, Value> last;
};

} // namespace

void ConvertMemplToAsyncPass::lower(CopyStartOp op) {
  OpBuilder builder(op);
  Value &before = last[{op->getBlock(), copiesIn(op)}];
  auto task = async::ExecuteOp::create(
      builder, op.getLoc(), TypeRange(),
      before ? ValueRange(before) : ValueRange(), ValueRange(),
      [&](OpBuilder &inner, Location loc, ValueRange) {
        memref::CopyOp::create(inner, loc, op.getSource(), op.getDest());
        async::YieldOp::create(inner, loc, ValueRange());
      });
  before = task.getToken();
  for (Operation *user :
       llvm::make_early_inc_range(op.getHandle().getUsers())) {
    builder.setInsertionPoint(user);
    async::AwaitOp::create(builder, user->getLoc(), task.getToken());
    user->erase();
  }
  op.erase();
}

void ConvertMemplToAsyncPass::lower(TransferOp op) {
  OpBuilder builder(op);
  memref::CopyOp::create(builder, op.getLoc(), op.getSource(), op.getDest());
  op.erase();
}

void ConvertMemplToAsyncPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(rejectUnlowerable(module)))
    return signalPassFailure();
  last.clear();
  for (CopyStartOp op : opsOf<CopyStartOp>(module))
    lower(op);
  for (TransferOp op : opsOf<TransferOp>(module))
    lower(op);
}
