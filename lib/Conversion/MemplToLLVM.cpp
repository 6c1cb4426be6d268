//===- MemplToLLVM.cpp - storage and copies as calls of the runtime -------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memrefs become descriptors where the ops of mempl use them. Where the rest of
// the module is not converted with these patterns it goes on with memrefs, and
// the casts between the two meet those of finalize-memref-to-llvm.
//
//===----------------------------------------------------------------------===//

#include "Addresses.h"

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Patterns.h"

#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOLLVM
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// A pattern that calls functions of the runtime.
template <typename OpTy>
class RuntimePattern : public ConvertOpToLLVMPattern<OpTy> {
public:
  RuntimePattern(const LLVMTypeConverter &converter, RuntimeCalls &calls)
      : ConvertOpToLLVMPattern<OpTy>(converter), calls(calls) {}

protected:
  Value constant(OpBuilder &builder, Location loc, int64_t value) const {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
  }
  /// The address of the first element of a memref of this type, as the runtime
  /// takes it: without an address space.
  Value addressOf(OpBuilder &builder, Location loc, Value descriptor,
                  Type type) const {
    Value address = MemRefDescriptor(descriptor)
                        .bufferPtr(builder, loc, *this->getTypeConverter(),
                                   cast<MemRefType>(type));
    auto plain = LLVM::LLVMPointerType::get(builder.getContext());
    if (address.getType() == plain)
      return address;
    return LLVM::AddrSpaceCastOp::create(builder, loc, plain, address);
  }

  RuntimeCalls &calls;
};

struct AllocToCall : RuntimePattern<AllocOp> {
  using RuntimePattern::RuntimePattern;
  LogicalResult
  matchAndRewrite(AllocOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override;
};

/// The start of a copy, carried or not.
template <typename OpTy> class CopyPattern : public RuntimePattern<OpTy> {
protected:
  using RuntimePattern<OpTy>::RuntimePattern;
  using OpAdaptor = typename OpTy::Adaptor;
  Value startCopy(OpTy op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const;

private:
  Value shapeOf(OpTy op, OpAdaptor adaptor,
                ConversionPatternRewriter &rewriter) const;
};

struct CopyToCalls : CopyPattern<CopyStartOp> {
  using CopyPattern::CopyPattern;
  LogicalResult
  matchAndRewrite(CopyStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value copy = startCopy(op, adaptor, rewriter);
    for (CopyWaitOp wait : waitsOf(op)) {
      rewriter.setInsertionPoint(wait);
      calls.call(rewriter, wait.getLoc(), "mempl_copy_wait", copy);
      rewriter.eraseOp(wait);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct CarriedCopyToCalls : CopyPattern<CopyStartCarriedOp> {
  using CopyPattern::CopyPattern;
  LogicalResult
  matchAndRewrite(CopyStartCarriedOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value copy = startCopy(op, adaptor, rewriter);
    calls.call(rewriter, op.getLoc(), "mempl_copy_carry", copy);
    rewriter.replaceOp(op, copy);
    return success();
  }
};

struct CarriedWaitToCall : RuntimePattern<CopyWaitCarriedOp> {
  using RuntimePattern::RuntimePattern;
  LogicalResult
  matchAndRewrite(CopyWaitCarriedOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    calls.call(rewriter, op.getLoc(), "mempl_copy_wait", adaptor.getToken());
    rewriter.eraseOp(op);
    return success();
  }
};

struct NoCopyToNumber : RuntimePattern<NoCopyOp> {
  using RuntimePattern::RuntimePattern;
  LogicalResult
  matchAndRewrite(NoCopyOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, constant(rewriter, op.getLoc(), 0));
    return success();
  }
};

struct ReleaseToCall : RuntimePattern<ReleaseOp> {
  using RuntimePattern::RuntimePattern;
  LogicalResult
  matchAndRewrite(ReleaseOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    calls.call(rewriter, op.getLoc(), "mempl_release",
               addressOf(rewriter, op.getLoc(), adaptor.getValue(),
                         op.getValue().getType()));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

LogicalResult
AllocToCall::matchAndRewrite(AllocOp op, OpAdaptor adaptor,
                             ConversionPatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  auto type = cast<MemRefType>(op.getResult().getType());
  Type converted = getTypeConverter()->convertType(type);
  if (!converted)
    return rewriter.notifyMatchFailure(op, "LLVM has no type for it");
  Value offset = constant(rewriter, loc, op.getOffset());
  if (op.getOffset2())
    offset = LLVM::SelectOp::create(rewriter, loc, adaptor.getOdd(),
                                    constant(rewriter, loc, *op.getOffset2()),
                                    offset);
  Value address = calls
                      .call(rewriter, loc, "mempl_alloc",
                            {offset, constant(rewriter, loc, op.getBytes())},
                            LLVM::LLVMPointerType::get(op.getContext()))
                      .getResult();
  auto descriptor = MemRefDescriptor::poison(rewriter, loc, converted);
  descriptor.setAllocatedPtr(rewriter, loc, address);
  descriptor.setAlignedPtr(rewriter, loc, address);
  descriptor.setConstantOffset(rewriter, loc, 0);
  ValueRange dynamic = adaptor.getDynamicSizes();
  SmallVector<Value> sizes;
  for (int64_t extent : type.getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      sizes.push_back(constant(rewriter, loc, extent));
      continue;
    }
    sizes.push_back(dynamic.front());
    dynamic = dynamic.drop_front();
  }
  Value stride = constant(rewriter, loc, 1);
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    descriptor.setSize(rewriter, loc, i, sizes[i]);
    descriptor.setStride(rewriter, loc, i, stride);
    if (i > 0)
      stride = LLVM::MulOp::create(rewriter, loc, stride, sizes[i]);
  }
  rewriter.replaceOp(op, Value(descriptor));
  return success();
}

/// Sizes, strides of the source and strides of the destination, in an array on
/// the stack that the function has once.
template <typename OpTy>
Value CopyPattern<OpTy>::shapeOf(OpTy op, OpAdaptor adaptor,
                                 ConversionPatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  int64_t rank = cast<MemRefType>(op.getSource().getType()).getRank();
  MemRefDescriptor source(adaptor.getSource()), dest(adaptor.getDest());
  SmallVector<Value> sizes, sourceStrides, destStrides;
  for (int64_t i = 0; i < rank; ++i) {
    sizes.push_back(source.size(rewriter, loc, i));
    sourceStrides.push_back(source.stride(rewriter, loc, i));
    destStrides.push_back(dest.stride(rewriter, loc, i));
  }
  return arrayOf(
      rewriter, loc,
      llvm::to_vector(llvm::concat<Value>(sizes, sourceStrides, destStrides)));
}

/// Emits the call that starts the copy; returns its number.
template <typename OpTy>
Value CopyPattern<OpTy>::startCopy(OpTy op, OpAdaptor adaptor,
                                   ConversionPatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  auto from = cast<MemRefType>(op.getSource().getType());
  auto to = cast<MemRefType>(op.getDest().getType());
  Value bytes =
      this->constant(rewriter, loc, elementBytes(op, from.getElementType()));
  Value source = this->addressOf(rewriter, loc, adaptor.getSource(), from);
  Value dest = this->addressOf(rewriter, loc, adaptor.getDest(), to);
  Value name = this->calls.string(rewriter, loc, locationName(op));
  SmallVector<Value> arguments;
  StringRef function = "mempl_copy_start";
  if (isContiguous(from) && isContiguous(to)) {
    MemRefDescriptor descriptor(adaptor.getSource());
    for (int64_t i = 0; i < from.getRank(); ++i)
      bytes = LLVM::MulOp::create(
          rewriter, loc, bytes,
          from.isDynamicDim(i)
              ? descriptor.size(rewriter, loc, i)
              : this->constant(rewriter, loc, from.getDimSize(i)));
    arguments = {dest, source, bytes, name};
  } else {
    function = "mempl_copy_start_strided";
    arguments = {dest,
                 source,
                 bytes,
                 this->constant(rewriter, loc, from.getRank()),
                 shapeOf(op, adaptor, rewriter),
                 name};
  }
  return this->calls
      .call(rewriter, loc, function, arguments, rewriter.getI64Type())
      .getResult();
}

void mempl::ir::addMemplTypeConversion(LLVMTypeConverter &converter) {
  converter.addConversion([](TokenType token) -> Type {
    return IntegerType::get(token.getContext(), 64);
  });
  converter.addTypeAttributeConversion(
      [](BaseMemRefType, SpaceAttr space) -> Attribute {
        return IntegerAttr::get(IntegerType::get(space.getContext(), 64), 0);
      });
}

void mempl::ir::populateMemplToLLVMPatterns(const LLVMTypeConverter &converter,
                                            RuntimeCalls &calls,
                                            RewritePatternSet &patterns) {
  patterns.add<AllocToCall, CopyToCalls, CarriedCopyToCalls, CarriedWaitToCall,
               NoCopyToNumber, ReleaseToCall>(converter, calls);
  populateTransferToCopyPattern(patterns);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// An error for each op that is in a second fast memory, or of a type that LLVM
/// does not have.
static LogicalResult check(ModuleOp module,
                           const LLVMTypeConverter &converter) {
  bool failed = false;
  AllocOp first;
  module.walk([&](Operation *op) {
    if (!isa_and_nonnull<MemplDialect>(op->getDialect()))
      return;
    auto alloc = dyn_cast<AllocOp>(op);
    if (alloc && first && alloc.getSpace() != first.getSpace()) {
      failed = true;
      alloc.emitOpError("cannot be lowered: the runtime has one fast memory")
              .attachNote(first.getLoc())
          << "and this is in " << first.getSpace();
      return;
    }
    if (alloc && !first)
      first = alloc;
    for (Type type :
         llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                  SmallVector<Type>(op->getResultTypes())))
      if (isa<MemRefType>(type) && !converter.convertType(type)) {
        failed = true;
        op->emitOpError() << "cannot be lowered: LLVM has no type for " << type;
        return;
      }
  });
  return failure(failed);
}

namespace {

class ConvertMemplToLLVMPass
    : public mempl::ir::impl::ConvertMemplToLLVMBase<ConvertMemplToLLVMPass> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LLVMTypeConverter converter(&getContext());
    addMemplTypeConversion(converter);
    if (failed(rejectUnlowerable(module)) || failed(check(module, converter)))
      return signalPassFailure();
    eraseCopiesOntoThemselves(module);
    RuntimeCalls calls;
    RewritePatternSet patterns(&getContext());
    populateMemplToLLVMPatterns(converter, calls, patterns);
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<MemplDialect>();
    TypeConverter tokens;
    addTokenConversion(tokens, IntegerType::get(&getContext(), 64));
    populateTokenCarryingPatterns(tokens, patterns, target);
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
