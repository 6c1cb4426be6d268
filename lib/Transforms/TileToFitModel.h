//===- TileToFitModel.h - a block of ops that can be split ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops can be split along dimension 0, and a block as the numbers that the
// choice of runs to split works on: which ops access which storage, and when.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H
#define MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mempl::ir::tiling {

/// How an op is split along dimension 0 into trips: every result, and the
/// operands of `rows`, in equal parts of their dimension 0.
struct RowSplit {
  /// Every number of trips must divide it.
  int64_t divisor = 1;
  /// The operands that are split; the others are used whole in every trip.
  llvm::BitVector rows;
};

/// How `op` can be split, if it can.
std::optional<RowSplit> splitByRows(Operation *op);

/// Whether `op`, which can be split, only gives another name to its operand.
bool isRowView(Operation *op);

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
  bool rows;   ///< Of a tensor that is split.
  bool gather; ///< Elements that depend on the row, of a tensor that is not.
};

/// An operand, or a value that the regions of an op use from outside.
struct Use {
  int32_t value;
  bool rows; ///< It is a tensor that is split.
};

/// An op of the block, with numbers for values and storages.
struct BlockOp {
  Operation *op = nullptr;
  bool movable = false;      ///< May stay before a loop around it.
  bool feedsWeights = false; ///< An op that can be split uses its result whole.
  int64_t divisor = 0;       ///< Of its RowSplit; 0: it cannot be split.
  double cost = 0;           ///< Bytes of slow memory if it stays as it is.
  SmallVector<Use, 4> uses;
  SmallVector<int32_t, 1> results;
  /// Values with other users that it writes into.
  SmallVector<int32_t, 1> overwritten;
  SmallVector<Access, 4> accesses;
  SmallVector<int32_t, 2> ending; ///< Storages that it is the last to use.
};

/// The ops of a block in order, and the storages that they access.
struct BlockModel {
  BlockModel(Block &block, int64_t capacity);

  bool fits(int32_t storage) const {
    return storages[storage].bytes <= capacity;
  }

  int64_t capacity;
  std::vector<BlockOp> ops;
  std::vector<Storage> storages;
  size_t numValues = 0;

private:
  void visit(Operation *op);
  int32_t idOf(Value value);
  void access(BlockOp &model, Value tensor, bool rows, int64_t bytes = -1,
              bool gather = false);
  void captured(BlockOp &model, Operation *op);
  void passOnWeights();

  DataLayout layout;
  DenseMap<Value, int32_t> ids;
  std::vector<int32_t> storageOf; ///< By value; -1: none.
};

} // namespace mempl::ir::tiling

#endif // MEMPL_LIB_TRANSFORMS_TILETOFITMODEL_H
