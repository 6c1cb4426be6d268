//===- MemplToAsync.cpp - copies as tasks ---------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Patterns.h"

#include "mlir/Dialect/Async/IR/Async.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/DialectConversion.h"

#include "llvm/ADT/PointerIntPair.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOASYNC
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// The last copy of a block, in and out. Dialect conversion visits the ops of a
/// block in order.
using LastCopies = DenseMap<llvm::PointerIntPair<Block *, 1, bool>, Value>;

struct CopyToTask : OpConversionPattern<CopyStartOp> {
  explicit CopyToTask(MLIRContext *context)
      : OpConversionPattern(context), last(std::make_shared<LastCopies>()) {}
  LogicalResult
  matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value &before = (*last)[{op->getBlock(), copiesIn(op)}];
    auto task = async::ExecuteOp::create(
        rewriter, op.getLoc(), TypeRange(),
        before ? ValueRange(before) : ValueRange(), ValueRange(),
        [&](OpBuilder &inner, Location loc, ValueRange) {
          memref::CopyOp::create(inner, loc, adaptor.getSource(),
                                 adaptor.getDest());
          async::YieldOp::create(inner, loc, ValueRange());
        });
    before = task.getToken();
    for (CopyWaitOp wait : waitsOf(op)) {
      rewriter.setInsertionPoint(wait);
      async::AwaitOp::create(rewriter, wait.getLoc(), task.getToken());
      rewriter.eraseOp(wait);
    }
    rewriter.eraseOp(op);
    return success();
  }

private:
  std::shared_ptr<LastCopies> last;
};

class ConvertMemplToAsyncPass
    : public mempl::ir::impl::ConvertMemplToAsyncBase<ConvertMemplToAsyncPass> {
public:
  void runOnOperation() override;
};

} // namespace

void mempl::ir::populateMemplToAsyncPatterns(RewritePatternSet &patterns) {
  patterns.add<CopyToTask>(patterns.getContext());
  populateTransferToCopyPattern(patterns);
}

void ConvertMemplToAsyncPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(rejectUnlowerable(module)) ||
      failed(completeCarriedCopies(module)))
    return signalPassFailure();
  eraseCopiesOntoThemselves(module);
  RewritePatternSet patterns(&getContext());
  populateMemplToAsyncPatterns(patterns);
  ConversionTarget target(getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalOp<CopyStartOp, CopyWaitOp, TransferOp>();
  if (failed(applyPartialConversion(module, target, std::move(patterns))))
    signalPassFailure();
}
