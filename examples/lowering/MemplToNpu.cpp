//===- MemplToNpu.cpp - a lowering of one's own ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The machine is an NPU whose driver copies bytes between two addresses and
// gives a ticket for each copy. Only copies are lowered here; storage is
// lowered by mempl's own patterns, in the same conversion.
//
//===----------------------------------------------------------------------===//

#include "MemplToNpu.h"

#include "mempl/Conversion/Patterns.h"
#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

/// The address of the first element, and the number of bytes from there on.
std::pair<Value, Value> extentOf(OpBuilder &builder, Location loc, Value memref,
                                 int64_t elementBytes) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value width = arith::ConstantIndexOp::create(builder, loc, elementBytes);
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  Value offset =
      arith::MulIOp::create(builder, loc, metadata.getOffset(), width);
  Value bytes = width;
  for (Value size : metadata.getSizes())
    bytes = arith::MulIOp::create(builder, loc, bytes, size);
  return {arith::AddIOp::create(builder, loc, address, offset), bytes};
}

Value callDriver(OpBuilder &builder, Location loc, ModuleOp module,
                 StringRef name, ValueRange arguments, TypeRange results) {
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto type = builder.getFunctionType(arguments.getTypes(), results);
    func::FuncOp::create(builder, loc, name, type).setPrivate();
  }
  auto call = func::CallOp::create(builder, loc, name, results, arguments);
  return results.empty() ? Value() : call.getResult(0);
}

/// Why the driver cannot do a copy; empty if it can.
StringRef whyNotCopied(CopyStartOp start) {
  auto from = cast<MemRefType>(start.getSource().getType());
  auto to = cast<MemRefType>(start.getDest().getType());
  if (!isContiguous(from) || !isContiguous(to))
    return "cannot be lowered for the NPU: its driver copies bytes in a row";
  return "";
}

struct CopyToNpu : OpConversionPattern<CopyStartOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (StringRef reason = whyNotCopied(op); !reason.empty())
      return rewriter.notifyMatchFailure(op, reason);
    Location loc = op.getLoc();
    auto module = op->getParentOfType<ModuleOp>();
    int64_t width = elementBytes(
        op, cast<MemRefType>(op.getSource().getType()).getElementType());
    auto [source, bytes] = extentOf(rewriter, loc, adaptor.getSource(), width);
    Value dest = extentOf(rewriter, loc, adaptor.getDest(), width).first;
    Value ticket = callDriver(rewriter, loc, module,
                              copiesIn(op) ? "npu_copy_in" : "npu_copy_out",
                              {dest, source, bytes}, rewriter.getI32Type());
    for (CopyWaitOp wait : waitsOf(op)) {
      rewriter.setInsertionPoint(wait);
      callDriver(rewriter, wait.getLoc(), module, "npu_wait", ticket, {});
      rewriter.eraseOp(wait);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertMemplToNpuPass
    : public PassWrapper<ConvertMemplToNpuPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertMemplToNpuPass)

  StringRef getArgument() const final { return "convert-mempl-to-npu"; }
  StringRef getDescription() const final {
    return "copies as calls of the driver of an NPU";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect, func::FuncDialect,
                    memref::MemRefDialect>();
  }

  void runOnOperation() final {
    ModuleOp module = getOperation();
    if (failed(rejectUnlowerable(module)) || failed(checkCopies()))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    lowering::populateCopiesToNpuPatterns(patterns);
    populateMemplToMemRefPatterns(patterns, createArenas(module, 64),
                                  CopyLowering::Keep);
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<MemplDialect>();
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }

private:
  /// A pattern that fails says nothing: what it cannot do is an error before.
  LogicalResult checkCopies() {
    bool failed = false;
    for (CopyStartOp start : opsOf<CopyStartOp>(getOperation()))
      if (StringRef reason = whyNotCopied(start); !reason.empty()) {
        start.emitOpError() << reason;
        failed = true;
      }
    return failure(failed);
  }
};

} // namespace

void lowering::populateCopiesToNpuPatterns(RewritePatternSet &patterns) {
  patterns.add<CopyToNpu>(patterns.getContext());
}

void lowering::registerMemplToNpu() {
  PassRegistration<ConvertMemplToNpuPass>();
}
