//===- TileToFitModel.cpp - a block of ops that can be split --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops work row by row on dimension 0, and what a block of them does with
// memory.
//
//===----------------------------------------------------------------------===//

#include "TileToFitModel.h"

#include "mempl/Analysis/ByteSize.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <algorithm>

using namespace mlir;
using namespace mempl::ir::tiling;
using mempl::ir::bytesOfType;

//===----------------------------------------------------------------------===//
// Splitting one op
//===----------------------------------------------------------------------===//

static RankedTensorType staticTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getRank() > 0
             ? type
             : RankedTensorType();
}

static int64_t rowsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(0);
}

/// Whether `map` has loop `d` as its first result and nowhere else.
static bool isRowsOnly(AffineMap map, unsigned d) {
  if (map.getNumResults() == 0 ||
      map.getResult(0) != getAffineDimExpr(d, map.getContext()))
    return false;
  return llvm::none_of(map.getResults().drop_front(), [&](AffineExpr result) {
    return result.isFunctionOfDim(d);
  });
}

static std::optional<RowSplit> splitLinalg(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() == 0)
    return std::nullopt;
  AffineMap first = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (first.getNumResults() == 0)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(first.getResult(0));
  if (!dim)
    return std::nullopt;
  unsigned d = dim.getPosition();
  if (op.getIteratorTypesArray()[d] != utils::IteratorType::parallel)
    return std::nullopt;
  RowSplit split;
  split.rows.resize(op->getNumOperands());
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = dyn_cast<ShapedType>(operand.get().getType());
    if (type && !type.hasStaticShape())
      return std::nullopt;
    if (isRowsOnly(map, d))
      split.rows.set(operand.getOperandNumber());
    else if (op.isDpsInit(&operand) || map.isFunctionOfDim(d))
      return std::nullopt;
  }
  split.divisor = rowsOf(op.getDpsInits()[0]);
  return split;
}

std::optional<RowSplit> mempl::ir::tiling::splitByRows(Operation *op) {
  if (op->getNumResults() == 0 || !llvm::all_of(op->getResults(), staticTensor))
    return std::nullopt;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return splitLinalg(linalgOp);
  if (!isa<tensor::PadOp, tensor::ConcatOp, tensor::ExpandShapeOp,
           tensor::CollapseShapeOp, tensor::ExtractSliceOp,
           tensor::InsertSliceOp>(op) ||
      !staticTensor(op->getOperand(0)))
    return std::nullopt;
  RowSplit split;
  split.rows.resize(op->getNumOperands());
  split.rows.set(0);
  int64_t rows = rowsOf(op->getResult(0));
  split.divisor = std::min(rows, rowsOf(op->getOperand(0)));
  bool keepsRows = rows == rowsOf(op->getOperand(0)) && rows > 1;
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    keepsRows &= isConstantIntValue(pad.getMixedLowPad()[0], 0) &&
                 isConstantIntValue(pad.getMixedHighPad()[0], 0);
  } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    keepsRows &=
        concat.getDim() != 0 && llvm::all_of(concat.getInputs(), staticTensor);
    split.rows.set();
  } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    // Equal parts of the outermost dimension stay equal parts of it. With more
    // dimensions in its group, the rows of one side are some of the other.
    keepsRows = split.divisor > 1 &&
                std::max(rows, rowsOf(op->getOperand(0))) % split.divisor == 0;
  } else {
    // Dimension 0 has more than one row, so it is none that a slice drops.
    auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
    int64_t whole = rowsOf(isa<tensor::InsertSliceOp>(op) ? op->getResult(0)
                                                          : op->getOperand(0));
    keepsRows &= isConstantIntValue(slice.getMixedOffsets()[0], 0) &&
                 isConstantIntValue(slice.getMixedSizes()[0], whole) &&
                 isConstantIntValue(slice.getMixedStrides()[0], 1);
    if (isa<tensor::InsertSliceOp>(op))
      split.rows.set(1);
  }
  return keepsRows ? std::optional(split) : std::nullopt;
}

bool mempl::ir::tiling::isRowView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::ExtractSliceOp>(op);
}

//===----------------------------------------------------------------------===//
// The block as numbers
//===----------------------------------------------------------------------===//

static int64_t bytesOf(Value tensor, const DataLayout &layout) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type ? bytesOfType(type, layout).value_or(0) : 0;
}

BlockModel::BlockModel(Block &block, int64_t capacity)
    : capacity(capacity), layout(DataLayout::closest(block.getParentOp())) {
  for (Operation &op : block)
    visit(&op);
  passOnWeights();
  numValues = storageOf.size();
  for (auto [i, storage] : llvm::enumerate(storages))
    if (storage.lastUse >= 0)
      ops[storage.lastUse].ending.push_back(i);
  for (BlockOp &op : ops)
    for (const Access &access : op.accesses)
      if (!fits(access.storage))
        op.cost += access.bytes;
}

/// A number for the value, which is new if nothing of the block has made it.
int32_t BlockModel::idOf(Value value) {
  auto [it, isNew] = ids.try_emplace(value, storageOf.size());
  if (isNew) {
    storageOf.push_back(-1);
    if (isa<TensorType>(value.getType()) &&
        !isa_and_nonnull<tensor::EmptyOp>(value.getDefiningOp())) {
      storageOf.back() = storages.size();
      storages.push_back({bytesOf(value, layout), -1, -1});
    }
  }
  return it->second;
}

void BlockModel::access(BlockOp &model, Value tensor, bool rows, int64_t bytes,
                        bool gather) {
  int32_t storage = storageOf[idOf(tensor)];
  if (storage >= 0)
    model.accesses.push_back(
        {storage, bytes < 0 ? bytesOf(tensor, layout) : bytes, rows, gather});
}

/// The payload of a linalg op may read elements of tensors from around it.
void BlockModel::captured(BlockOp &model, Operation *op) {
  op->walk([&](Operation *nested) {
    if (nested == op)
      return;
    for (Value value : nested->getOperands()) {
      if (op->isAncestor(value.getParentBlock()->getParentOp()))
        continue;
      int32_t id = idOf(value);
      model.uses.push_back({id, /*rows=*/false});
      if (storageOf[id] < 0)
        continue;
      storages[storageOf[id]].lastUse = ops.size();
      if (model.divisor == 0)
        continue;
      int64_t bytes = bytesOf(value, layout);
      if (isa<tensor::ExtractOp>(nested)) {
        Type element = cast<TensorType>(value.getType()).getElementType();
        int64_t read =
            bytesOfType(RankedTensorType::get({}, element), layout).value_or(0);
        if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
          for (int64_t range : linalgOp.getStaticLoopRanges())
            read = range > bytes / std::max<int64_t>(read, 1) ? bytes
                                                              : read * range;
        bytes = std::min(bytes, read);
      }
      access(model, value, /*rows=*/false, bytes, /*gather=*/true);
    }
  });
}

void BlockModel::visit(Operation *op) {
  BlockOp model;
  model.op = op;
  int32_t position = ops.size();
  model.movable =
      !op->hasTrait<OpTrait::IsTerminator>() && isMemoryEffectFree(op);
  std::optional<RowSplit> split = splitByRows(op);
  if (split && split->divisor > 1)
    model.divisor = split->divisor;
  auto style = dyn_cast<DestinationStyleOpInterface>(op);
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  auto rows = [&](OpOperand &operand) {
    return model.divisor > 0 && split->rows.test(operand.getOperandNumber());
  };
  for (OpOperand &operand : op->getOpOperands()) {
    int32_t id = idOf(operand.get());
    model.uses.push_back({id, rows(operand)});
    if (storageOf[id] < 0)
      continue;
    storages[storageOf[id]].lastUse = position;
    if (style && style.isDpsInit(&operand) && !operand.get().hasOneUse())
      model.overwritten.push_back(id);
  }
  captured(model, op);

  for (OpResult result : op->getResults()) {
    int32_t shared = -1;
    if (model.divisor > 0 && isRowView(op))
      shared = storageOf[idOf(op->getOperand(0))];
    else if (isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                 tensor::CollapseShapeOp, tensor::CastOp>(op))
      shared = storageOf[idOf(op->getOperand(0))];
    else if (insert)
      shared = storageOf[idOf(insert.getDest())];
    else if (style)
      shared = storageOf[idOf(style.getTiedOpOperand(result)->get())];
    bool makes = !isa<tensor::EmptyOp>(op) && shared < 0;
    int32_t id = idOf(result);
    model.results.push_back(id);
    if (!makes && shared >= 0) {
      // The storage that a number was just given for is of no use.
      storageOf[id] = shared;
    } else if (storageOf[id] >= 0) {
      storages[storageOf[id]].made = position;
    }
  }
  // Ops that are never split cost the same whatever is chosen.
  if (model.divisor > 0 && !isRowView(op)) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType()))
        continue;
      bool read = linalgOp ? linalgOp.payloadUsesValueFromOperand(&operand)
                           : !(insert && operand.getOperandNumber() == 1);
      if (read)
        access(model, operand.get(), rows(operand));
    }
    for (Value result : op->getResults()) {
      access(model, result, /*rows=*/true,
             insert ? bytesOf(insert.getSource(), layout) : -1);
      // It is filled first, and the rest written over that.
      if (isa<tensor::PadOp>(op))
        access(model, result, /*rows=*/true,
               bytesOf(op->getOperand(0), layout));
    }
  }
  ops.push_back(std::move(model));
}

/// Ops whose result is used whole by ops that are split: a weight that is
/// prepared, if it depends on nothing that is split.
void BlockModel::passOnWeights() {
  llvm::BitVector weights(storageOf.size());
  for (BlockOp &op : llvm::reverse(ops)) {
    op.feedsWeights = llvm::any_of(
        op.results, [&](int32_t value) { return weights.test(value); });
    auto style = dyn_cast<DestinationStyleOpInterface>(op.op);
    for (auto [i, use] : llvm::enumerate(op.uses)) {
      bool passed =
          op.feedsWeights &&
          (isRowView(op.op) || (style && i < op.op->getNumOperands() &&
                                style.isDpsInit(&op.op->getOpOperand(i))));
      if (passed || (op.divisor > 0 && !use.rows))
        weights.set(use.value);
    }
  }
}
