//===- Utils.h - for those who write a lowering -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the conversions of mempl share, and another one needs as well: which ops
// can be lowered, how large the memories have to be, which way a copy goes and
// who waits for it. docs/extending/lowering.md is a walk through a lowering
// that is made of these.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_UTILS_H
#define MEMPL_CONVERSION_UTILS_H

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace mempl::ir {

/// Emits an error for each op of mempl inside `root` that no conversion lowers:
/// ops on tensors or in no function, kernels, problems and plans, a copy_wait
/// whose copy is started elsewhere, and ops that pass on the token of a copy
/// and are not those of carriesTokens(). What is left after it are
/// `mempl.alloc`, `release`, `copy_start`, `copy_wait`, `copy_start_carried`,
/// `copy_wait_carried`, `no_copy` and `transfer` on memrefs.
LogicalResult rejectUnlowerable(Operation *root);

/// Whether an op may pass on the token of a copy: scf.for, if and while with
/// their terminators, and arith.select.
bool carriesTokens(Operation *op);

/// Whether copies inside `root` are waited for in another trip of a loop.
bool hasCarriedCopies(Operation *root);

/// Waits for each `mempl.copy_start_carried` inside `root` where it starts: it
/// becomes a `mempl.copy_start` and a `mempl.copy_wait`, and tokens go away.
/// For lowerings to machines that have nothing that a loop can carry. Ops are
/// those that rejectUnlowerable() has nothing against.
LogicalResult completeCarriedCopies(Operation *root);

/// Erases each memref.copy inside `root` whose two sides are the same buffer,
/// or views of one with the same operands. Bufferization leaves them where a
/// slice is put back into its place. While a copy to it is under way they are
/// more than superfluous: they would undo what has arrived.
void eraseCopiesOntoThemselves(Operation *root);

/// All ops of the kind, so that they and others can be erased one by one.
template <typename OpTy> llvm::SmallVector<OpTy> opsOf(Operation *root) {
  llvm::SmallVector<OpTy> ops;
  root->walk([&](OpTy op) { ops.push_back(op); });
  return ops;
}

/// The memories that a `mempl.alloc` inside `root` names, in the order of the
/// first ones, and the bytes that each must have: the end of its last storage.
llvm::MapVector<SpaceAttr, int64_t> bytesPerSpace(Operation *root);

/// Whether a type is a memref in a memory of mempl. Slow memory has no space.
bool isFast(Type type);

/// Whether the copy, on memrefs, goes into fast memory; else it goes out of it.
bool copiesIn(CopyStartOp start);
bool copiesIn(CopyStartCarriedOp start);

/// The ops that wait for the copy: at most one runs each time that it starts.
llvm::SmallVector<CopyWaitOp> waitsOf(CopyStartOp start);

/// The operand that the buffers among the results of `op` are views of; null if
/// they are none.
Value viewedBuffer(Operation *op);

/// The buffer of which `buffer` is a view, through views and casts of memrefs:
/// the result of a `mempl.alloc` for storage in fast memory.
Value storageOf(Value buffer);

/// The offset of a storage as an index: a constant, or the choice of two.
Value offsetOf(OpBuilder &builder, AllocOp alloc);

/// Bytes between two elements of a memref; 0 if the size of an element is not
/// known.
int64_t elementBytes(Operation *op, Type element);

/// Whether the elements follow one another in the order of the indices.
bool isContiguous(MemRefType type);

/// The name of the op's location, else `file:line:column`, else the name of the
/// op: what a profile calls it.
std::string locationName(Operation *op);

/// Declares and calls functions of a runtime library, in the LLVM dialect.
class RuntimeCalls {
public:
  /// Calls the function with these arguments, and declares it the first time
  /// in the module, or in the one inside of it, that is built in; a result type
  /// of none is void.
  LLVM::CallOp call(OpBuilder &builder, Location loc, llvm::StringRef function,
                    ValueRange arguments, Type result = {});

  /// The address of a C string, of which such a module has one copy.
  Value string(OpBuilder &builder, Location loc, llvm::StringRef text);

private:
  /// What is declared in an op with symbols, such as a module.
  struct Symbols {
    llvm::StringMap<LLVM::LLVMFuncOp> functions;
    llvm::StringMap<LLVM::GlobalOp> strings;
    int64_t numStrings = 0;
  };
  llvm::DenseMap<Operation *, Symbols> tables;
};

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_UTILS_H
