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
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
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
template <typename OpTy> static MemRefType slowSideOf(OpTy op) {
  Value slow = copiesIn(op) ? op.getSource() : op.getDest();
  return cast<MemRefType>(slow.getType());
}

template <typename OpTy> static std::string whyNoDmaFor(OpTy op) {
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

std::string mempl::ir::whyNoDma(Operation *start) {
  if (auto carried = dyn_cast<CopyStartCarriedOp>(start))
    return whyNoDmaFor(carried);
  return whyNoDmaFor(cast<CopyStartOp>(start));
}

/// The number of elements of a buffer.
static Value countOf(OpBuilder &builder, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t known = 1;
  for (int64_t extent : type.getShape())
    known *= ShapedType::isDynamic(extent) ? 1 : extent;
  Value count = arith::ConstantIndexOp::create(builder, loc, known);
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      count = arith::MulIOp::create(
          builder, loc, count, memref::DimOp::create(builder, loc, buffer, i));
  return count;
}

/// Emits the DMA of a copy that whyNoDma() has nothing against.
template <typename OpTy>
static void startDma(OpBuilder &builder, OpTy op, Value source, Value dest,
                     Value count, Value tags, Value tag) {
  Location loc = op.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  SmallVector<Value> indices(cast<MemRefType>(source.getType()).getRank(),
                             zero);
  Value stride, block;
  if (MemRefType slow = slowSideOf(op); !isContiguous(slow))
    if (DmaShape shape = *blocksOf(slow); shape.stride != 0) {
      stride = arith::ConstantIndexOp::create(builder, loc, shape.stride);
      block = arith::ConstantIndexOp::create(builder, loc, shape.block);
    }
  memref::DmaStartOp::create(builder, loc, source, indices, dest, indices,
                             count, tags, tag, stride, block);
}

//===----------------------------------------------------------------------===//
// Tags of copies that loops carry
//===----------------------------------------------------------------------===//

namespace {

/// The tags of a function: an array, and the first of each copy.
struct FunctionTags {
  Value array;
  DenseMap<Operation *, int64_t> first;
};

/// Functions get their tags when the first of their ops is converted.
class Tags {
public:
  const FunctionTags &of(Operation *op, OpBuilder &builder);
  /// Emits the place of the tag of a copy.
  Value placeOf(CopyStartCarriedOp op, OpBuilder &builder);

private:
  DenseMap<Operation *, FunctionTags> functions;
};

} // namespace

/// The storage in fast memory of a copy; null if it is not to be seen.
static AllocOp fastStorageOf(CopyStartCarriedOp op) {
  return storageOf(copiesIn(op) ? op.getDest() : op.getSource())
      .getDefiningOp<AllocOp>();
}

const FunctionTags &Tags::of(Operation *op, OpBuilder &builder) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  FunctionTags &tags = functions[function];
  if (tags.array)
    return tags;
  // Where trips take turns between two storages, two copies may be under way.
  int64_t count = 0;
  function->walk([&](CopyStartCarriedOp start) {
    tags.first[start] = count;
    AllocOp storage = fastStorageOf(start);
    count += storage && storage.getOffset2() ? 2 : 1;
  });
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  tags.array =
      memref::AllocaOp::create(builder, function.getLoc(),
                               MemRefType::get({count}, builder.getI32Type()));
  return tags;
}

Value Tags::placeOf(CopyStartCarriedOp op, OpBuilder &builder) {
  int64_t first = of(op, builder).first.lookup(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, op.getLoc(), value);
  };
  AllocOp storage = fastStorageOf(op);
  if (!storage || !storage.getOffset2())
    return constant(first);
  return arith::SelectOp::create(builder, op.getLoc(), storage.getOdd(),
                                 constant(first + 1), constant(first));
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
    Value offset = offsetOf(rewriter, op);
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
  Operation *scope =
      op->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  rewriter.setInsertionPointToStart(&scope->getRegion(0).front());
  Value tag = memref::AllocaOp::create(
      rewriter, loc, MemRefType::get({1}, rewriter.getI32Type()));
  rewriter.setInsertionPoint(op);
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  Value count = countOf(rewriter, loc, adaptor.getSource());
  startDma(rewriter, op, adaptor.getSource(), adaptor.getDest(), count, tag,
           zero);
  for (CopyWaitOp wait : waitsOf(op)) {
    rewriter.setInsertionPoint(wait);
    memref::DmaWaitOp::create(rewriter, wait.getLoc(), tag, zero, count);
    rewriter.eraseOp(wait);
  }
  rewriter.eraseOp(op);
  return success();
}

namespace {

/// What stands for no copy, as the place of its tag.
constexpr int64_t kNoTag = -1;

template <typename OpTy> struct TagPattern : OpConversionPattern<OpTy> {
  TagPattern(const TypeConverter &converter, MLIRContext *context,
             std::shared_ptr<Tags> tags)
      : OpConversionPattern<OpTy>(converter, context), tags(std::move(tags)) {}
  std::shared_ptr<Tags> tags;
};

struct CarriedToDma : TagPattern<CopyStartCarriedOp> {
  using TagPattern::TagPattern;
  LogicalResult
  matchAndRewrite(CopyStartCarriedOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (std::string reason = whyNoDma(op); !reason.empty())
      return rewriter.notifyMatchFailure(op, reason);
    Location loc = op.getLoc();
    Value source = op.getSource(), dest = op.getDest();
    Value array = tags->of(op, rewriter).array;
    Value place = tags->placeOf(op, rewriter);
    Value count = countOf(rewriter, loc, source);
    startDma(rewriter, op, source, dest, count, array, place);
    if (!fastStorageOf(op)) {
      // The next trip may start a copy while this one is under way.
      memref::DmaWaitOp::create(rewriter, loc, array, place, count);
      place = arith::ConstantIndexOp::create(rewriter, loc, kNoTag);
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange{place, count}});
    return success();
  }
};

struct CarriedWaitToDma : TagPattern<CopyWaitCarriedOp> {
  using TagPattern::TagPattern;
  LogicalResult
  matchAndRewrite(CopyWaitCarriedOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ValueRange token = adaptor.getToken();
    Value none = arith::ConstantIndexOp::create(rewriter, loc, kNoTag);
    Value some = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::ne,
                                       token[0], none);
    Value array = tags->of(op, rewriter).array;
    auto guard = scf::IfOp::create(rewriter, loc, some, /*withElse=*/false);
    rewriter.setInsertionPoint(guard.thenYield());
    memref::DmaWaitOp::create(rewriter, loc, array, token[0], token[1]);
    rewriter.eraseOp(op);
    return success();
  }
};

struct NoCopyToTag : OpConversionPattern<NoCopyOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(NoCopyOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value none = arith::ConstantIndexOp::create(rewriter, op.getLoc(), kNoTag);
    Value zero = arith::ConstantIndexOp::create(rewriter, op.getLoc(), 0);
    rewriter.replaceOpWithMultiple(op, {ValueRange{none, zero}});
    return success();
  }
};

} // namespace

void mempl::ir::populateCarriedToDmaPatterns(const TypeConverter &converter,
                                             RewritePatternSet &patterns) {
  auto tags = std::make_shared<Tags>();
  MLIRContext *context = patterns.getContext();
  patterns.add<CarriedToDma, CarriedWaitToDma>(converter, context, tags);
  patterns.add<NoCopyToTag>(converter, context);
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
  module.walk([&](Operation *op) {
    if (!isa<CopyStartOp, CopyStartCarriedOp>(op))
      return;
    std::string reason = whyNoDma(op);
    if (reason.empty())
      return;
    op->emitOpError() << reason;
    failed = true;
  });
  return failure(failed);
}

/// An error for each storage that is where the arenas of the module are not
/// known.
static LogicalResult checkSymbolTables(ModuleOp module) {
  bool failed = false;
  module.walk([&](AllocOp op) {
    Operation *table = SymbolTable::getNearestSymbolTable(op);
    if (table == module)
      return;
    op.emitOpError() << "cannot be lowered: it is inside of '"
                     << table->getName()
                     << "', which does not see the arenas of the module";
    failed = true;
  });
  return failure(failed);
}

void ConvertMemplToMemRefPass::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<CopyLowering> lowering = checkOptions();
  if (failed(lowering) || failed(rejectUnlowerable(module)) ||
      failed(checkSymbolTables(module)) ||
      (*lowering == CopyLowering::Dma && failed(checkDmas(module))))
    return signalPassFailure();
  eraseCopiesOntoThemselves(module);
  if (*lowering == CopyLowering::Sync && failed(completeCarriedCopies(module)))
    return signalPassFailure();
  RewritePatternSet patterns(&getContext());
  populateMemplToMemRefPatterns(patterns, createArenas(module, alignment),
                                *lowering);
  ConversionTarget target(getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalOp<AllocOp, ReleaseOp, TransferOp>();
  if (*lowering != CopyLowering::Keep)
    target.addIllegalOp<CopyStartOp, CopyWaitOp>();
  TypeConverter tokens;
  Type index = IndexType::get(&getContext());
  addTokenConversion(tokens, {index, index});
  if (*lowering == CopyLowering::Dma) {
    target.addIllegalOp<CopyStartCarriedOp, CopyWaitCarriedOp, NoCopyOp>();
    populateCarriedToDmaPatterns(tokens, patterns);
    populateTokenCarryingPatterns(tokens, patterns, target);
  }
  if (failed(applyPartialConversion(module, target, std::move(patterns))))
    signalPassFailure();
}
