//===- MemplToLLVM.cpp - storage and copies as calls of the runtime -------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memrefs stay memrefs: descriptors come and go by casts, which meet those of
// finalize-memref-to-llvm when the rest of the module is lowered.
//
//===----------------------------------------------------------------------===//

#include "Common.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/TypeSwitch.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOLLVM
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class Lowering {
public:
  explicit Lowering(ModuleOp module)
      : module(module), converter(module.getContext()), calls(module),
        builder(module.getContext()) {
    // Both memories are ordinary memory of the CPU.
    converter.addTypeAttributeConversion(
        [](BaseMemRefType, SpaceAttr space) -> Attribute {
          return IntegerAttr::get(IntegerType::get(space.getContext(), 64), 0);
        });
  }

  LogicalResult check();
  void run();

private:
  void lower(AllocOp op);
  void lower(CopyStartOp op);
  void lower(ReleaseOp op);
  void lower(TransferOp op);

  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
  }
  Value multiply(Value a, Value b) {
    return LLVM::MulOp::create(builder, loc, a, b);
  }
  Value descriptorOf(Value memref);
  Value addressOf(Value memref);
  Value shapeOf(CopyStartOp op);

  ModuleOp module;
  LLVMTypeConverter converter;
  RuntimeCalls calls;
  OpBuilder builder;
  Location loc = module.getLoc();
};

class ConvertMemplToLLVMPass
    : public mempl::ir::impl::ConvertMemplToLLVMBase<ConvertMemplToLLVMPass> {
public:
  void runOnOperation() override {
    Lowering lowering(getOperation());
    if (failed(rejectUnlowerable(getOperation())) || failed(lowering.check()))
      return signalPassFailure();
    lowering.run();
  }
};

} // namespace

LogicalResult Lowering::check() {
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

Value Lowering::descriptorOf(Value memref) {
  Type type = converter.convertType(memref.getType());
  return UnrealizedConversionCastOp::create(builder, loc, type, memref)
      .getResult(0);
}

/// The address of the first element.
Value Lowering::addressOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  return MemRefDescriptor(descriptorOf(memref))
      .bufferPtr(builder, loc, converter, type);
}

void Lowering::lower(AllocOp op) {
  auto type = cast<MemRefType>(op.getResult().getType());
  Type pointer = LLVM::LLVMPointerType::get(op.getContext());
  Value address =
      calls
          .call(builder, loc, "mempl_alloc",
                {constant(op.getOffset()), constant(op.getBytes())}, pointer)
          .getResult();
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, address);
  descriptor.setAlignedPtr(builder, loc, address);
  descriptor.setConstantOffset(builder, loc, 0);
  auto dynamic = op.getDynamicSizes();
  SmallVector<Value> sizes;
  for (int64_t extent : type.getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      sizes.push_back(constant(extent));
      continue;
    }
    sizes.push_back(UnrealizedConversionCastOp::create(
                        builder, loc, builder.getI64Type(), dynamic.front())
                        .getResult(0));
    dynamic = dynamic.drop_front();
  }
  Value stride = constant(1);
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    descriptor.setSize(builder, loc, i, sizes[i]);
    descriptor.setStride(builder, loc, i, stride);
    if (i > 0)
      stride = multiply(stride, sizes[i]);
  }
  Value memref =
      UnrealizedConversionCastOp::create(builder, loc, type, Value(descriptor))
          .getResult(0);
  op.getResult().replaceAllUsesWith(memref);
  op.erase();
}

/// Sizes, strides of the source and strides of the destination, in an array on
/// the stack that the function has once.
Value Lowering::shapeOf(CopyStartOp op) {
  int64_t rank = cast<MemRefType>(op.getSource().getType()).getRank();
  Type number = builder.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(op.getContext());
  Value array;
  {
    OpBuilder::InsertionGuard guard(builder);
    auto function = op->getParentOfType<FunctionOpInterface>();
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    array = LLVM::AllocaOp::create(builder, loc, pointer, number,
                                   constant(3 * rank));
  }
  MemRefDescriptor source(descriptorOf(op.getSource()));
  MemRefDescriptor dest(descriptorOf(op.getDest()));
  auto store = [&](int64_t index, Value value) {
    Value place = LLVM::GEPOp::create(builder, loc, pointer, number, array,
                                      ArrayRef<LLVM::GEPArg>{int32_t(index)});
    LLVM::StoreOp::create(builder, loc, value, place);
  };
  for (int64_t i = 0; i < rank; ++i) {
    store(i, source.size(builder, loc, i));
    store(rank + i, source.stride(builder, loc, i));
    store(2 * rank + i, dest.stride(builder, loc, i));
  }
  return array;
}

void Lowering::lower(CopyStartOp op) {
  auto from = cast<MemRefType>(op.getSource().getType());
  auto to = cast<MemRefType>(op.getDest().getType());
  Value bytes = constant(elementBytes(op, from.getElementType()));
  Value source = addressOf(op.getSource()), dest = addressOf(op.getDest());
  Value name = calls.string(builder, loc, locationName(op));
  Type number = builder.getI64Type();
  Value copy;
  if (from.areTrailingDimsContiguous(from.getRank()) &&
      to.areTrailingDimsContiguous(to.getRank())) {
    MemRefDescriptor descriptor(descriptorOf(op.getSource()));
    for (int64_t i = 0; i < from.getRank(); ++i)
      bytes = multiply(bytes, from.isDynamicDim(i)
                                  ? descriptor.size(builder, loc, i)
                                  : constant(from.getDimSize(i)));
    copy = calls
               .call(builder, loc, "mempl_copy_start",
                     {dest, source, bytes, name}, number)
               .getResult();
  } else {
    copy = calls
               .call(builder, loc, "mempl_copy_start_strided",
                     {dest, source, bytes, constant(from.getRank()),
                      shapeOf(op), name},
                     number)
               .getResult();
  }
  for (Operation *user :
       llvm::make_early_inc_range(op.getHandle().getUsers())) {
    builder.setInsertionPoint(user);
    calls.call(builder, user->getLoc(), "mempl_copy_wait", copy);
    user->erase();
  }
  op.erase();
}

void Lowering::lower(ReleaseOp op) {
  calls.call(builder, loc, "mempl_release", addressOf(op.getValue()));
  op.erase();
}

void Lowering::lower(TransferOp op) {
  memref::CopyOp::create(builder, loc, op.getSource(), op.getDest());
  op.erase();
}

void Lowering::run() {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<AllocOp, CopyStartOp, ReleaseOp, TransferOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    builder.setInsertionPoint(op);
    loc = op->getLoc();
    llvm::TypeSwitch<Operation *>(op)
        .Case<AllocOp, CopyStartOp, ReleaseOp, TransferOp>(
            [&](auto concrete) { lower(concrete); });
  }
}
