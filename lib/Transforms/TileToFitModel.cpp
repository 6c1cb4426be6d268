//===- TileToFitModel.cpp - a block of ops that can be split --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops are split along a dimension, and what a block of them does with
// memory.
//
//===----------------------------------------------------------------------===//

#include "TileToFitModel.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Problem/TimeModel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AffineExprVisitor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <algorithm>

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::tiling;

//===----------------------------------------------------------------------===//
// Splitting one op
//===----------------------------------------------------------------------===//

static RankedTensorType staticTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getRank() > 0
             ? type
             : RankedTensorType();
}

static int64_t dimOf(Value value, int64_t dim) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dim);
}

/// The only result of `map` that depends on loop `d`; -1 if none does, -2 if
/// several do.
static int64_t resultWith(AffineMap map, unsigned d) {
  int64_t found = -1;
  for (auto [i, result] : llvm::enumerate(map.getResults()))
    if (result.isFunctionOfDim(d))
      found = found == -1 ? int64_t(i) : -2;
  return found;
}

/// What part of a dimension `expr` reads for a part of loop `d`: a window that
/// moves with the loop. Nothing if it is none.
static std::optional<OperandSplit> windowOf(AffineExpr expr, unsigned d,
                                            ArrayRef<int64_t> ranges) {
  SmallVector<int64_t> flat;
  if (failed(getFlattenedAffineExpr(expr, ranges.size(), 0, &flat)) ||
      flat.size() != ranges.size() + 1 || flat.back() != 0)
    return std::nullopt;
  int64_t width = 1;
  for (auto [i, range] : llvm::enumerate(ranges)) {
    if (flat[i] < 0)
      return std::nullopt;
    if (i != d)
      width += flat[i] * (range - 1);
  }
  OperandSplit window;
  window.scale = flat[d];
  window.high = width - window.scale;
  return window;
}

static std::optional<Split> splitLinalg(linalg::LinalgOp op, int64_t dim) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() == 0 ||
      op.hasDynamicShape())
    return std::nullopt;
  // The text of a named op does not have what it makes of an index.
  if (op.hasIndexSemantics() && !isa<linalg::GenericOp>(op.getOperation()))
    return std::nullopt;
  AffineMap first = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto loop = dyn_cast<AffineDimExpr>(first.getResult(dim));
  if (!loop)
    return std::nullopt;
  unsigned d = loop.getPosition();
  if (op.getIteratorTypesArray()[d] != utils::IteratorType::parallel)
    return std::nullopt;
  Split split;
  split.operands.resize(op->getNumOperands());
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  split.extent = ranges[d];
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    int64_t with = resultWith(map, d);
    bool init = op.isDpsInit(&operand);
    if (with == -2 || (init && with < 0))
      return std::nullopt;
    if (with < 0)
      continue;
    std::optional<OperandSplit> window =
        windowOf(map.getResult(with), d, ranges);
    if (!window || (init && !isa<AffineDimExpr>(map.getResult(with))))
      return std::nullopt;
    window->dim = with;
    split.operands[operand.getOperandNumber()] = *window;
    if (init)
      split.resultDims.push_back(with);
  }
  return split;
}

/// The first dimension of the group that has more than one row, and the rows of
/// all dimensions behind it; -1 if there is none.
static std::pair<int64_t, int64_t> outermost(ArrayRef<int64_t> group,
                                             Value tensor) {
  int64_t dim = -1, inner = 1;
  for (int64_t i : group) {
    if (dim >= 0)
      inner *= dimOf(tensor, i);
    else if (dimOf(tensor, i) > 1)
      dim = i;
  }
  return {dim, inner};
}

static std::optional<Split> splitReshape(Operation *op, int64_t dim) {
  Split split;
  split.resultDims = {int32_t(dim)};
  split.operands.resize(1);
  Value source = op->getOperand(0), result = op->getResult(0);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    auto [outer, inner] =
        outermost(collapse.getReassociationIndices()[dim], source);
    if (outer < 0)
      return std::nullopt;
    split.extent = dimOf(source, outer);
    split.resultScale = inner;
    split.operands[0].dim = outer;
    return split;
  }
  auto expand = cast<tensor::ExpandShapeOp>(op);
  for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices())) {
    auto [outer, inner] = outermost(group, result);
    if (outer != dim)
      continue;
    split.extent = dimOf(result, dim);
    split.operands[0].dim = i;
    split.operands[0].scale = inner;
    return split;
  }
  return std::nullopt;
}

/// Dimension `dim` of the tensor of a slice as a dimension of the larger one.
static int64_t sliceDim(OffsetSizeAndStrideOpInterface slice,
                        const llvm::SmallBitVector &dropped, int64_t dim) {
  for (unsigned i = 0; i < dropped.size(); ++i)
    if (!dropped.test(i) && dim-- == 0)
      return i;
  return -1;
}

static std::optional<Split> splitSlice(tensor::ExtractSliceOp op, int64_t dim) {
  int64_t from = sliceDim(op, op.getDroppedDims(), dim);
  std::optional<int64_t> offset =
      getConstantIntValue(op.getMixedOffsets()[from]);
  std::optional<int64_t> stride =
      getConstantIntValue(op.getMixedStrides()[from]);
  if (!offset || !stride || *stride < 1)
    return std::nullopt;
  Split split;
  split.extent = dimOf(op.getResult(), dim);
  split.resultDims = {int32_t(dim)};
  split.operands.resize(op->getNumOperands());
  split.operands[0] = {int32_t(from), *stride, *offset, *offset + 1 - *stride};
  return split;
}

static std::optional<Split> splitInsert(tensor::InsertSliceOp op, int64_t dim) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  int64_t extent = dimOf(op.getResult(), dim);
  if (dropped.test(dim) || !isConstantIntValue(op.getMixedOffsets()[dim], 0) ||
      !isConstantIntValue(op.getMixedSizes()[dim], extent) ||
      !isConstantIntValue(op.getMixedStrides()[dim], 1))
    return std::nullopt;
  Split split;
  split.extent = extent;
  split.resultDims = {int32_t(dim)};
  split.operands.resize(op->getNumOperands());
  int64_t source = dim;
  for (int64_t i = 0; i < dim; ++i)
    source -= dropped.test(i);
  split.operands[0].dim = source;
  split.operands[1].dim = dim;
  return split;
}

static std::optional<Split> splitPad(tensor::PadOp op, int64_t dim) {
  std::optional<int64_t> low = getConstantIntValue(op.getMixedLowPad()[dim]);
  std::optional<int64_t> high = getConstantIntValue(op.getMixedHighPad()[dim]);
  // One that is negative removes elements.
  if (!low || *low < 0 || (high && *high < 0) || !op.getConstantPaddingValue())
    return std::nullopt;
  Split split;
  split.extent = dimOf(op.getResult(), dim);
  split.resultDims = {int32_t(dim)};
  split.operands.resize(op->getNumOperands());
  bool padded = dimOf(op.getSource(), dim) != split.extent;
  split.operands[0].dim = dim;
  split.operands[0].clamped = padded;
  split.operands[0].low = split.operands[0].high = -*low;
  return split;
}

static std::optional<Split> splitConcat(tensor::ConcatOp op, int64_t dim) {
  if (int64_t(op.getDim()) == dim ||
      !llvm::all_of(op.getInputs(), staticTensor))
    return std::nullopt;
  Split split;
  split.extent = dimOf(op.getResult(), dim);
  split.resultDims = {int32_t(dim)};
  split.operands.resize(op->getNumOperands());
  for (OperandSplit &operand : split.operands)
    operand.dim = dim;
  return split;
}

/// Rows of a dimension that may be split: products of two such are no overflow,
/// and there is no memory that has more.
static constexpr int64_t kMaxRows = int64_t(1) << 31;

/// A part of nothing would be out of bounds.
static bool hasNoElements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && llvm::is_contained(tensor.getShape(), 0);
}

/// Whether bodies read or write what others may write or read, call functions
/// or print: parts of several ops run in turn, and would see each other.
static bool hasEffectsInBody(Operation *op) {
  return op
      ->walk([&](Operation *inner) {
        return inner == op || isMemoryEffectFree(inner)
                   ? WalkResult::advance()
                   : WalkResult::interrupt();
      })
      .wasInterrupted();
}

std::optional<Split> mempl::ir::tiling::splitAlong(Operation *op, int64_t dim) {
  if (op->getNumResults() == 0 ||
      !llvm::all_of(op->getResults(), staticTensor) ||
      dimOf(op->getResult(0), dim) < 2 ||
      dimOf(op->getResult(0), dim) > kMaxRows ||
      llvm::any_of(op->getOperandTypes(), hasNoElements) ||
      llvm::any_of(op->getResultTypes(), hasNoElements) || hasEffectsInBody(op))
    return std::nullopt;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return splitLinalg(linalgOp, dim);
  if (op->getNumOperands() == 0 || !staticTensor(op->getOperand(0)))
    return std::nullopt;
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return splitReshape(op, dim);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return splitSlice(slice, dim);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return splitInsert(insert, dim);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return splitPad(pad, dim);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return splitConcat(concat, dim);
  return std::nullopt;
}

bool mempl::ir::tiling::isPartView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::ExtractSliceOp>(op);
}

bool mempl::ir::tiling::isUnwritten(Value value) {
  Operation *op = value.getDefiningOp();
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return isa_and_nonnull<tensor::EmptyOp>(op);
}

//===----------------------------------------------------------------------===//
// The block as numbers
//===----------------------------------------------------------------------===//

static int64_t bytesOf(Value tensor, const DataLayout &layout) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type ? bytesOfType(type, layout).value_or(0) : 0;
}

BlockModel::BlockModel(Block &block, const TargetDescription &target,
                       int64_t capacity)
    : machine(target.machine), capacity(capacity), cost(target),
      layout(DataLayout::closest(block.getParentOp())) {
  for (Operation &op : block)
    visit(&op);
  for (auto [i, storage] : llvm::enumerate(storages))
    if (storage.lastUse >= 0)
      ops[storage.lastUse].ending.push_back(i);
  for (BlockOp &op : ops)
    setSeconds(op);
}

double BlockModel::seconds(double compute, double slowBytes,
                           double fastBytes) const {
  return std::max(compute, memorySeconds(machine, slowBytes, fastBytes));
}

/// What does not fit is slow; of what does, as much is slow as does not fit at
/// the same time.
void BlockModel::setSeconds(BlockOp &model) const {
  double slow = 0, fast = 0, room = capacity;
  SmallVector<int32_t, 8> counted;
  for (const Access &access : model.accesses) {
    if (!fits(access.storage)) {
      slow += access.bytes;
      continue;
    }
    fast += access.bytes;
    if (llvm::is_contained(counted, access.storage))
      continue;
    counted.push_back(access.storage);
    room -= storages[access.storage].bytes;
  }
  double over = std::clamp(-room, 0.0, fast);
  model.seconds = seconds(model.compute, slow + over, fast - over);
}

/// A number for the value, which is new if nothing of the block has made it.
int32_t BlockModel::idOf(Value value) {
  auto [it, isNew] = ids.try_emplace(value, values.size());
  if (isNew) {
    BlockValue &made = values.emplace_back();
    made.bytes = bytesOf(value, layout);
    made.unwritten = isUnwritten(value);
    auto fill = value.getDefiningOp<linalg::FillOp>();
    made.filled = fill && isUnwritten(fill.getDpsInits()[0]);
    if (isa<TensorType>(value.getType()) && !made.unwritten) {
      made.storage = storages.size();
      storages.push_back({made.bytes, -1, -1});
    }
  }
  return it->second;
}

void BlockModel::access(BlockOp &model, Value tensor, int32_t operand,
                        int64_t bytes) {
  int32_t storage = values[idOf(tensor)].storage;
  if (storage >= 0)
    model.accesses.push_back({storage, bytes, operand});
}

/// The payload of a linalg op may read elements of tensors from around it.
void BlockModel::visitCaptured(BlockOp &model, Operation *op) {
  op->walk([&](Operation *nested) {
    if (nested == op)
      return;
    for (Value value : nested->getOperands()) {
      if (op->isAncestor(value.getParentBlock()->getParentOp()))
        continue;
      int32_t id = idOf(value);
      model.uses.push_back({id, -1});
      values[id].users.push_back(ops.size());
      if (values[id].storage < 0)
        continue;
      storages[values[id].storage].lastUse = ops.size();
      if (model.splits.empty())
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
      access(model, value, -2, bytes);
    }
  });
}

/// Ops that are never split cost the same whatever is chosen.
void BlockModel::visitAccesses(BlockOp &model, Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<TensorType>(operand.get().getType()))
      continue;
    bool read = linalgOp ? linalgOp.payloadUsesValueFromOperand(&operand)
                         : !(insert && operand.getOperandNumber() == 1);
    if (read)
      access(model, operand.get(), operand.getOperandNumber(),
             bytesOf(operand.get(), layout));
  }
  for (Value result : op->getResults()) {
    access(model, result, -1,
           bytesOf(insert ? insert.getSource() : result, layout));
    // It is filled first, and the rest written over that.
    if (isa<tensor::PadOp>(op))
      access(model, result, -1, bytesOf(op->getOperand(0), layout));
  }
}

void BlockModel::visit(Operation *op) {
  BlockOp model;
  model.op = op;
  int32_t position = ops.size();
  model.movable =
      !op->hasTrait<OpTrait::IsTerminator>() && isMemoryEffectFree(op);
  if (op->getNumResults() > 0 && staticTensor(op->getResult(0)) &&
      !isUnwritten(op->getResult(0))) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      model.splits.push_back(splitAlong(op, dim));
    if (llvm::none_of(model.splits, [](auto &s) { return s.has_value(); }))
      model.splits.clear();
  }
  model.view = isPartView(op) || isa<tensor::CastOp>(op);
  auto style = dyn_cast<DestinationStyleOpInterface>(op);
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    int32_t id = idOf(operand.get());
    model.uses.push_back({id, int32_t(operand.getOperandNumber())});
    values[id].users.push_back(position);
    if (values[id].storage < 0)
      continue;
    storages[values[id].storage].lastUse = position;
    bool written = (style && style.isDpsInit(&operand)) ||
                   (insert && operand.getOperandNumber() == 1);
    if (written && !operand.get().hasOneUse())
      model.overwritten.push_back(id);
  }
  visitCaptured(model, op);

  for (OpResult result : op->getResults()) {
    int32_t shared = -1;
    if (model.view)
      shared = values[idOf(op->getOperand(0))].storage;
    else if (insert)
      shared = values[idOf(insert.getDest())].storage;
    else if (style)
      shared = values[idOf(style.getTiedOpOperand(result)->get())].storage;
    int32_t id = idOf(result);
    model.results.push_back(id);
    BlockValue &value = values[id];
    value.maker = position;
    value.result = result.getResultNumber();
    if (shared >= 0) {
      // The storage that a number was just given for is of no use.
      value.storage = shared;
    } else if (value.storage >= 0) {
      storages[value.storage].made = position;
    }
  }
  if (!model.splits.empty() && !model.view) {
    model.compute = cost.computeSeconds(op);
    visitAccesses(model, op);
  }
  ops.push_back(std::move(model));
}
