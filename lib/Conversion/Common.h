//===- Common.h - what conversions share ------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_COMMON_H
#define MEMPL_LIB_CONVERSION_COMMON_H

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/StringMap.h"

#include <string>

namespace mempl::ir {

/// Emits an error for each op of mempl inside `root` that no conversion lowers:
/// ops on tensors or in no function, kernels, problems and plans, and a
/// copy_wait whose copy is started elsewhere.
LogicalResult rejectUnlowerable(Operation *root);

/// Emits one error for ops that mempl-lower-to-cpu leaves (at least one): the
/// name of the first, what to run before if a pass for its dialect is known,
/// and the names of the others in a note.
void emitNotLowered(ArrayRef<Operation *> left);

/// All ops of the kind, so that they and others can be erased one by one.
template <typename OpTy> SmallVector<OpTy> opsOf(Operation *root) {
  SmallVector<OpTy> ops;
  root->walk([&](OpTy op) { ops.push_back(op); });
  return ops;
}

/// Bytes between two elements of a memref; 0 if the size of an element is not
/// known.
int64_t elementBytes(Operation *op, Type element);

/// A copy whose destination is in a memory of mempl goes into fast memory.
bool copiesIn(CopyStartOp start);

/// The name of the op's location, else `file:line:column`, else the name of the
/// op: what a profile calls it.
std::string locationName(Operation *op);

/// Declares and calls functions of the runtime library.
class RuntimeCalls {
public:
  explicit RuntimeCalls(ModuleOp module) : module(module) {}

  /// Calls the function with these arguments; a result type of none is void.
  LLVM::CallOp call(OpBuilder &builder, Location loc, StringRef function,
                    ValueRange arguments, Type result = {});

  /// The address of a C string.
  Value string(OpBuilder &builder, Location loc, StringRef text);

private:
  ModuleOp module;
  llvm::StringMap<LLVM::LLVMFuncOp> functions;
  llvm::StringMap<LLVM::GlobalOp> strings;
  int64_t numStrings = 0;
};

} // namespace mempl::ir

#endif // MEMPL_LIB_CONVERSION_COMMON_H
