//===- Addresses.cpp - memrefs as arguments of a runtime ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Addresses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mempl::ir;

static Value numberOf(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
}

Value mempl::ir::toNumber(OpBuilder &builder, Location loc, Value index) {
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
}

BufferNumbers mempl::ir::numbersOf(OpBuilder &builder, Location loc,
                                   Value buffer, int64_t elementBytes) {
  BufferNumbers numbers;
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
  Value address = toNumber(
      builder, loc,
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer));
  Value offset = arith::MulIOp::create(
      builder, loc, toNumber(builder, loc, metadata.getOffset()),
      numberOf(builder, loc, elementBytes));
  address = arith::AddIOp::create(builder, loc, address, offset);
  numbers.address = LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
  for (Value size : metadata.getSizes())
    numbers.sizes.push_back(toNumber(builder, loc, size));
  for (Value stride : metadata.getStrides())
    numbers.strides.push_back(toNumber(builder, loc, stride));
  return numbers;
}

Value mempl::ir::arrayOf(OpBuilder &builder, Location loc, ValueRange numbers) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type number = builder.getI64Type();
  Value array;
  {
    OpBuilder::InsertionGuard guard(builder);
    Operation *around = builder.getInsertionBlock()->getParentOp();
    auto function = dyn_cast<FunctionOpInterface>(around);
    if (!function)
      function = around->getParentOfType<FunctionOpInterface>();
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    array = LLVM::AllocaOp::create(builder, loc, pointer, number,
                                   numberOf(builder, loc, numbers.size()));
  }
  for (auto [i, value] : llvm::enumerate(numbers)) {
    Value place = LLVM::GEPOp::create(builder, loc, pointer, number, array,
                                      ArrayRef<LLVM::GEPArg>{int32_t(i)});
    LLVM::StoreOp::create(builder, loc, value, place);
  }
  return array;
}
