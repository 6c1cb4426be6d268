//===- WorkOrder.h - device work of a function, in order --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of convert-mempl-to-gpu that threads tokens.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_GPU_WORKORDER_H
#define MEMPL_LIB_CONVERSION_GPU_WORKORDER_H

#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace mempl::ir::gpuconv {

/// Whether `function` has ops of mempl or of the gpu dialect.
bool usesDevice(func::FuncOp function);

/// The allocations of `function` that only host code accesses.
SmallPtrSet<Operation *, 8> hostOnlyAllocations(func::FuncOp function);

/// Makes the device work of one function asynchronous. Tokens stand for
/// streams: upstream's lowering gives every `gpu.wait async` a stream of its
/// own, which ops that depend on it continue, and which a `gpu.wait` on any
/// later token of it ends. So every stream made in a block is ended in it.
class WorkOrder {
public:
  explicit WorkOrder(func::FuncOp function);

  /// Rewrites the function. All ops of mempl are gone after that; types still
  /// name spaces, and tokens are casts of numbers. On failure an
  /// error has been reported, and the function is half rewritten.
  LogicalResult run();

private:
  /// What is under way in one block.
  struct State {
    /// The last token of the work in order; null if nothing is under way.
    Value work;
    /// The last copy into fast memory, and out of it.
    Value channels[2];
    /// Streams made in this block and not ended: the first token of each, and
    /// its last one.
    llvm::MapVector<Value, Value> streams;
  };

  LogicalResult runOnOps(State &state, ArrayRef<Operation *> ops);
  LogicalResult runOnOp(State &state, Operation *op);
  LogicalResult runOnRegions(State &state, Operation *op);
  LogicalResult startCopy(State &state, CopyStartOp start);
  LogicalResult waitForCopy(State &state, CopyWaitOp wait);
  LogicalResult copyInOrder(State &state, Operation *op, Value source,
                            Value dest);
  LogicalResult makeAsync(State &state, gpu::AsyncOpInterface op);
  LogicalResult accessFromHost(State &state, Operation *op, Value buffer);
  LogicalResult accessFast(State &state, Operation *op, Value buffer,
                           bool isStore);
  Value callCopy(State &state, Operation *op, Value source, Value dest,
                 bool out);
  void callWait(Location loc, Value copy);
  LogicalResult startCarried(State &state, CopyStartCarriedOp start);
  LogicalResult waitForCarried(State &state, CopyWaitCarriedOp wait);
  void numberNoCopy(NoCopyOp none);
  void pinAllocation(memref::AllocOp op);
  LogicalResult pinConstant(memref::GetGlobalOp op);
  void free(State &state, Operation *op, Value buffer);
  void createArenas(State &state);
  void finish(State &state);

  Value newStream(State &state, ArrayRef<Value> dependencies);
  Value workToken(State &state);
  void setWork(State &state, Value token);
  void copy(State &state, Location loc, Value dest, Value source);
  void waitOnHost(State &state);

  func::FuncOp function;
  OpBuilder builder;
  RuntimeCalls calls;
  SmallPtrSet<Operation *, 8> hostOnly;
  /// Per token, the first token of its stream.
  DenseMap<Value, Value> streamOf;
  /// Tokens of copies that nobody has waited for, by the mempl token.
  llvm::MapVector<Value, Value> pending;
  /// Numbers of copies that the runtime makes, by the mempl token.
  DenseMap<Value, Value> called;
  SmallVector<CopyStartOp> starts;
  llvm::MapVector<SpaceAttr, Value> arenas;
  /// What is freed, and given back, at the end of the function.
  SmallVector<Value> constants, registered;
};

} // namespace mempl::ir::gpuconv

#endif // MEMPL_LIB_CONVERSION_GPU_WORKORDER_H
