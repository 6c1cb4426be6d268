//===- Addresses.h - memrefs as arguments of a runtime ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_ADDRESSES_H
#define MEMPL_LIB_CONVERSION_ADDRESSES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace mempl::ir {

/// An index as an i64.
Value toNumber(OpBuilder &builder, Location loc, Value index);

/// A buffer as a C function takes it; all numbers are i64.
struct BufferNumbers {
  Value address; ///< Of the first element; a pointer of LLVM.
  llvm::SmallVector<Value> sizes, strides; ///< In elements.
};

/// Emits them for elements that are `elementBytes` bytes apart.
BufferNumbers numbersOf(OpBuilder &builder, Location loc, Value buffer,
                        int64_t elementBytes);

/// An array of these i64 on the stack, which the function around the insertion
/// point has once; its address.
Value arrayOf(OpBuilder &builder, Location loc, ValueRange numbers);

} // namespace mempl::ir

#endif // MEMPL_LIB_CONVERSION_ADDRESSES_H
