//===- MemplToMemRef.cpp - fast memory as a global array ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/DialectConversion.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOMEMREF
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

std::optional<CopyLowering> mempl::ir::copyLoweringNamed(StringRef name) {
  return llvm::StringSwitch<std::optional<CopyLowering>>(name)
      .Case("dma", CopyLowering::Dma)
      .Case("sync", CopyLowering::Sync)
      .Case("keep", CopyLowering::Keep)
      .Default(std::nullopt);
}

Arenas mempl::ir::createArenas(ModuleOp module, int64_t alignment) {
  Arenas arenas;
  SymbolTable symbols(module);
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  for (auto [space, size] : bytesPerSpace(module)) {
    auto type = MemRefType::get({size}, builder.getI8Type(),
                                MemRefLayoutAttrInterface(), space);
    auto arena = memref::GlobalOp::create(
        builder, module.getLoc(), ("mempl_arena_" + space.getName()).str(),
        builder.getStringAttr("private"), type,
        /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
        builder.getI64IntegerAttr(alignment));
    arena->remove();
    symbols.insert(arena, module.getBody()->begin());
    arenas[space] = arena;
  }
  return arenas;
}

//===----------------------------------------------------------------------===//
// DMAs
//===----------------------------------------------------------------------===//

namespace {

/// How a DMA goes through memory: blocks of `block` elements, each `stride`
/// elements after the one before. One block of everything if there is one.
struct DmaShape {
  int64_t stride, block;
};

} // namespace

/// The blocks of a memref that is not contiguous; none if it is not of that
/// form or its shape is dynamic.
static std::optional<DmaShape> blocksOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  // From the innermost dimension out: first what is contiguous, then what
  // continues the distance of the blocks.
  DmaShape shape = {0, 1};
  int64_t next = 1; // The stride that continues what is there.
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    int64_t size = type.getDimSize(i);
    if (size == 1)
      continue;
    if (ShapedType::isDynamic(strides[i]))
      return std::nullopt;
    if (strides[i] == next) {
      if (shape.stride == 0)
        shape.block *= size;
    } else if (shape.stride == 0 && strides[i] > next) {
      shape.stride = strides[i];
    } else {
      return std::nullopt;
    }
    next = strides[i] * size;
  }
  return shape;
}

/// The side of a copy that is in slow memory.
static MemRefType slowSideOf(CopyStartOp op) {
  Value slow = copiesIn(op) ? op.getSource() : op.getDest();
  return cast<MemRefType>(slow.getType());
}

std::string mempl::ir::whyNoDma(CopyStartOp op) {
  auto from = cast<MemRefType>(op.getSource().getType());
  auto to = cast<MemRefType>(op.getDest().getType());
  if (isFast(from) == isFast(to))
    return "cannot be lowered to a DMA: expected one side in fast memory and "
           "the other in the default space";
  MemRefType slow = slowSideOf(op);
  if (isContiguous(slow == from ? to : from) &&
      (isContiguous(slow) || blocksOf(slow)))
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "cannot be lowered to a DMA: expected contiguous memrefs, or blocks at "
        "one distance in slow memory, got "
     << from << " and " << to;
  return text;
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

struct AllocToView : OpConversionPattern<AllocOp> {
  AllocToView(MLIRContext *context, const Arenas &arenas)
      : OpConversionPattern(context), arenas(arenas) {}
  LogicalResult
  matchAndRewrite(AllocOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto arena = arenas.find(op.getSpace());
    if (arena == arenas.end())
      return rewriter.notifyMatchFailure(op, "its memory has no arena");
    memref::GlobalOp global = arena->second;
    Value bytes = memref::GetGlobalOp::create(
        rewriter, op.getLoc(), global.getType(), global.getName());
    Value offset =
        arith::ConstantIndexOp::create(rewriter, op.getLoc(), op.getOffset());
    rewriter.replaceOpWithNewOp<memref::ViewOp>(
        op, cast<MemRefType>(op.getResult().getType()), bytes, offset,
        adaptor.getDynamicSizes());
    return success();
  }

private:
  Arenas arenas;
};

struct EraseRelease : OpConversionPattern<ReleaseOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReleaseOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

struct TransferToCopy : OpRewritePattern<TransferOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransferOp op,
                                PatternRewriter &rewriter) const override {
    memref::CopyOp::create(rewriter, op.getLoc(), op.getSource(), op.getDest());
    rewriter.eraseOp(op);
    return success();
  }
};

/// The copy is made where it starts, and there is nothing to wait for.
struct CopyAtStart : OpConversionPattern<CopyStartOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    memref::CopyOp::create(rewriter, op.getLoc(), adaptor.getSource(),
                           adaptor.getDest());
    for (CopyWaitOp wait : waitsOf(op))
      rewriter.eraseOp(wait);
    rewriter.eraseOp(op);
    return success();
  }
};

struct CopyToDma : OpConversionPattern<CopyStartOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override;
};

} // namespace

LogicalResult
CopyToDma::matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                           ConversionPatternRewriter &rewriter) const {
  if (std::string reason = whyNoDma(op); !reason.empty())
    return rewriter.notifyMatchFailure(op, reason);
  Location loc = op.getLoc();
  Value source = adaptor.getSource(), dest = adaptor.getDest();
  auto type = cast<MemRefType>(source.getType());
  Operation *scope =
      op->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  rewriter.setInsertionPointToStart(&scope->getRegion(0).front());
  Value tag = memref::AllocaOp::create(
      rewriter, loc, MemRefType::get({1}, rewriter.getI32Type()));
  rewriter.setInsertionPoint(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };
  Value zero = constant(0);
  int64_t known = 1;
  for (int64_t extent : type.getShape())
    known *= ShapedType::isDynamic(extent) ? 1 : extent;
  Value count = constant(known);
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      count = arith::MulIOp::create(
          rewriter, loc, count,
          memref::DimOp::create(rewriter, loc, source, i));
  SmallVector<Value> indices(type.getRank(), zero);
  Value stride, block;
  if (MemRefType slow = slowSideOf(op); !isContiguous(slow))
    if (DmaShape shape = *blocksOf(slow); shape.stride != 0) {
      stride = constant(shape.stride);
      block = constant(shape.block);
    }
  memref::DmaStartOp::create(rewriter, loc, source, indices, dest, indices,
                             count, tag, zero, stride, block);
  for (CopyWaitOp wait : waitsOf(op)) {
    rewriter.setInsertionPoint(wait);
    memref::DmaWaitOp::create(rewriter, wait.getLoc(), tag, zero, count);
    rewriter.eraseOp(wait);
  }
  rewriter.eraseOp(op);
  return success();
}

void mempl::ir::populateTransferToCopyPattern(RewritePatternSet &patterns) {
  patterns.add<TransferToCopy>(patterns.getContext());
}

void mempl::ir::populateMemplToMemRefPatterns(RewritePatternSet &patterns,
                                              const Arenas &arenas,
                                              CopyLowering copies) {
  patterns.add<AllocToView>(patterns.getContext(), arenas);
  patterns.add<EraseRelease>(patterns.getContext());
  populateTransferToCopyPattern(patterns);
  if (copies == CopyLowering::Dma)
    patterns.add<CopyToDma>(patterns.getContext());
  else if (copies == CopyLowering::Sync)
    patterns.add<CopyAtStart>(patterns.getContext());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

class ConvertMemplToMemRefPass
    : public mempl::ir::impl::ConvertMemplToMemRefBase<
          ConvertMemplToMemRefPass> {
public:
  using ConvertMemplToMemRefBase::ConvertMemplToMemRefBase;
  void runOnOperation() override;

private:
  FailureOr<CopyLowering> checkOptions();
};

} // namespace

FailureOr<CopyLowering> ConvertMemplToMemRefPass::checkOptions() {
  Location loc = getOperation().getLoc();
  std::optional<CopyLowering> lowering = copyLoweringNamed(copies);
  if (!lowering)
    return emitError(loc)
           << "option 'copies': expected dma, sync or keep, got '" << copies
           << "'";
  if (alignment < 1 || !llvm::isPowerOf2_64(alignment))
    return emitError(loc) << "option 'alignment': expected a power of two, got "
                          << int64_t(alignment);
  return *lowering;
}

/// An error for each copy that no DMA can do.
static LogicalResult checkDmas(ModuleOp module) {
  bool failed = false;
  module.walk([&](CopyStartOp op) {
    std::string reason = whyNoDma(op);
    if (reason.empty())
      return;
    op.emitOpError() << reason;
    failed = true;
  });
  return failure(failed);
}

void ConvertMemplToMemRefPass::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<CopyLowering> lowering = checkOptions();
  if (failed(lowering) || failed(rejectUnlowerable(module)) ||
      (*lowering == CopyLowering::Dma && failed(checkDmas(module))))
    return signalPassFailure();
  RewritePatternSet patterns(&getContext());
  populateMemplToMemRefPatterns(patterns, createArenas(module, alignment),
                                *lowering);
  ConversionTarget target(getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalOp<AllocOp, ReleaseOp, TransferOp>();
  if (*lowering != CopyLowering::Keep)
    target.addIllegalOp<CopyStartOp, CopyWaitOp>();
  if (failed(applyPartialConversion(module, target, std::move(patterns))))
    signalPassFailure();
}
