//===- CarriedCopies.cpp - tokens that loops carry ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-complete-carried-copies, and what lowerings of copies that loops carry
// have in common. A token becomes whatever values a lowering needs to wait; the
// ops of scf that pass it on are converted with it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLCOMPLETECARRIEDCOPIES
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

namespace {

/// What canonicalization makes of an scf.if that starts nothing.
struct SelectToken : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(arith::SelectOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<TokenType>(op.getType()))
      return failure();
    SmallVector<Value> chosen;
    for (auto [yes, no] :
         llvm::zip(adaptor.getTrueValue(), adaptor.getFalseValue()))
      chosen.push_back(arith::SelectOp::create(rewriter, op.getLoc(),
                                               op.getCondition(), yes, no));
    rewriter.replaceOpWithMultiple(op, {chosen});
    return success();
  }
};

} // namespace

bool mempl::ir::carriesTokens(Operation *op) {
  return isa<scf::ForOp, scf::IfOp, scf::WhileOp, scf::YieldOp,
             scf::ConditionOp, arith::SelectOp>(op);
}

void mempl::ir::addTokenConversion(TypeConverter &converter,
                                   TypeRange tokenTypes) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion(
      [tokens = SmallVector<Type>(tokenTypes)](
          TokenType,
          SmallVectorImpl<Type> &types) -> std::optional<LogicalResult> {
        llvm::append_range(types, tokens);
        return success();
      });
}

void mempl::ir::populateTokenCarryingPatterns(const TypeConverter &converter,
                                              RewritePatternSet &patterns,
                                              ConversionTarget &target) {
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                       target);
  patterns.add<SelectToken>(converter, patterns.getContext());
  target.addDynamicallyLegalOp<arith::SelectOp>(
      [](arith::SelectOp op) { return !isa<TokenType>(op.getType()); });
}

//===----------------------------------------------------------------------===//
// Copies that are complete where they start
//===----------------------------------------------------------------------===//

namespace {

struct CompleteStart : OpConversionPattern<CopyStartCarriedOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyStartCarriedOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto start =
        CopyStartOp::create(rewriter, op.getLoc(), op.getToken().getType(),
                            op.getHintAttr(), op.getSource(), op.getDest());
    start->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    CopyWaitOp::create(rewriter, op.getLoc(), TypeRange(), start.getHandle(),
                       op.getSource(), op.getDest());
    rewriter.replaceOpWithMultiple(op, {ValueRange()});
    return success();
  }
};

struct EraseWait : OpConversionPattern<CopyWaitCarriedOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyWaitCarriedOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

struct EraseNoCopy : OpConversionPattern<NoCopyOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(NoCopyOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithMultiple(op, {ValueRange()});
    return success();
  }
};

class MemplCompleteCarriedCopiesPass
    : public mempl::ir::impl::MemplCompleteCarriedCopiesBase<
          MemplCompleteCarriedCopiesPass> {
public:
  void runOnOperation() override {
    if (failed(rejectUnlowerable(getOperation())) ||
        failed(completeCarriedCopies(getOperation())))
      signalPassFailure();
  }
};

} // namespace

LogicalResult mempl::ir::completeCarriedCopies(Operation *root) {
  if (!hasCarriedCopies(root))
    return success();
  TypeConverter converter;
  addTokenConversion(converter, {});
  RewritePatternSet patterns(root->getContext());
  patterns.add<CompleteStart, EraseWait, EraseNoCopy>(converter,
                                                      root->getContext());
  ConversionTarget target(*root->getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalOp<CopyStartCarriedOp, CopyWaitCarriedOp, NoCopyOp>();
  populateTokenCarryingPatterns(converter, patterns, target);
  return applyPartialConversion(root, target, std::move(patterns));
}

bool mempl::ir::hasCarriedCopies(Operation *root) {
  return root
      ->walk([](Operation *op) {
        return isa<CopyStartCarriedOp, CopyWaitCarriedOp, NoCopyOp>(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

//===----------------------------------------------------------------------===//
// Copies of buffers onto themselves
//===----------------------------------------------------------------------===//

/// Whether two values are the same, as far as their definitions tell.
static bool isSameValue(Value left, Value right) {
  if (left == right)
    return true;
  auto a = dyn_cast<OpResult>(left), b = dyn_cast<OpResult>(right);
  if (!a || !b || a.getResultNumber() != b.getResultNumber() ||
      a.getOwner()->getNumRegions() > 0 || !isPure(a.getOwner()))
    return false;
  return OperationEquivalence::isEquivalentTo(
      a.getOwner(), b.getOwner(),
      [](Value x, Value y) { return success(isSameValue(x, y)); },
      /*markEquivalent=*/nullptr, OperationEquivalence::IgnoreLocations);
}

void mempl::ir::eraseCopiesOntoThemselves(Operation *root) {
  for (auto copy : opsOf<memref::CopyOp>(root))
    if (isSameValue(copy.getSource(), copy.getTarget()))
      copy.erase();
}
