//===- TileToFitModel.h - a block of ops that can be split ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops can be split along a dimension of their results, and a block as the
// numbers that the choice of runs to split works on: which ops access which
// storage, and when.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H
#define MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/CostModel.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mempl::ir::tiling {

/// What a part of an op uses of an operand: for the units `begin` to `end` of
/// the op, the rows `begin * scale + low` to `end * scale + high` of dimension
/// `dim`, as far as the operand has them.
struct OperandSplit {
  int32_t dim = -1; ///< -1: it is used whole.
  int64_t scale = 1;
  int64_t low = 0;
  int64_t high = 0;
  bool clamped = false; ///< There may be rows that the operand does not have.

  /// Whether the parts of the operand neither overlap nor leave rows out.
  bool isExact() const { return low == 0 && high == 0 && !clamped; }
};

/// How an op is split into parts. It does its work in `extent` units, each of
/// which makes `resultScale` rows of every result.
struct Split {
  int64_t extent = 1;
  int64_t resultScale = 1;
  SmallVector<int32_t, 1> resultDims; ///< By result.
  SmallVector<OperandSplit, 4> operands;
};

/// How `op` is split along dimension `dim` of its first result, if it can be.
std::optional<Split> splitAlong(Operation *op, int64_t dim);

/// Whether `op`, which can be split, only gives another name to its operand.
bool isPartView(Operation *op);

/// Whether nothing has been written into `value`: it is a tensor.empty, or a
/// reshape of one.
bool isUnwritten(Value value);

/// Tensors that share their storage: an op that writes into an operand, and
/// names for parts of a tensor.
struct Storage {
  int64_t bytes = 0;
  int32_t made = -1;    ///< Position of the op that makes it; -1: before.
  int32_t lastUse = -1; ///< Position of the last op that uses it.
};

/// What an op does with a storage.
struct Access {
  int32_t storage;
  int64_t bytes;
  int32_t operand; ///< Which one; -1: a result; -2: used inside of the op.
};

/// An operand, or a value that the regions of an op use from outside.
struct Use {
  int32_t value;
  int32_t operand; ///< -1: none, the value is used inside of the op.
};

/// A value of the block.
struct BlockValue {
  int32_t storage = -1; ///< -1: none.
  int32_t maker = -1;   ///< Position of its op; -1: it is from outside.
  int32_t result = 0;   ///< Which result of the op it is.
  int64_t bytes = 0;
  SmallVector<int32_t, 2> users; ///< Positions, in order.
  bool unwritten = false;
  /// It is filled with one number, which parts of ops can do for themselves.
  bool filled = false;
};

/// An op of the block, with numbers for values and storages.
struct BlockOp {
  Operation *op = nullptr;
  bool movable = false; ///< May stay before a loop around it.
  bool view = false;    ///< Gives another name to an operand.
  /// By dimension of the first result; empty if it can never be split.
  SmallVector<std::optional<Split>, 4> splits;
  double compute = 0; ///< Seconds.
  double seconds = 0; ///< If it stays as it is.
  SmallVector<Use, 4> uses;
  SmallVector<int32_t, 1> results;
  /// Values with other users that it writes into.
  SmallVector<int32_t, 1> overwritten;
  SmallVector<Access, 4> accesses;
  SmallVector<int32_t, 2> ending; ///< Storages that it is the last to use.
};

/// The ops of a block in order, and the storages that they access.
struct BlockModel {
  BlockModel(Block &block, const TargetDescription &target, int64_t capacity);

  bool fits(int32_t storage) const {
    return storages[storage].bytes <= capacity;
  }
  /// Seconds of a step that computes for so long and moves so many bytes.
  double seconds(double compute, double slowBytes, double fastBytes) const;

  const Machine &machine;
  int64_t capacity;
  std::vector<BlockOp> ops;
  std::vector<Storage> storages;
  std::vector<BlockValue> values;

private:
  void visit(Operation *op);
  int32_t idOf(Value value);
  void access(BlockOp &model, Value tensor, int32_t operand, int64_t bytes);
  void visitCaptured(BlockOp &model, Operation *op);
  void visitAccesses(BlockOp &model, Operation *op);
  void setSeconds(BlockOp &model) const;

  CostModel cost;
  DataLayout layout;
  DenseMap<Value, int32_t> ids;
};

} // namespace mempl::ir::tiling

#endif // MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H
