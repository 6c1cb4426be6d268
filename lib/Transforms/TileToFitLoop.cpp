//===- TileToFitLoop.cpp - a run of ops as a loop -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loop carries the tensors that are used behind it, and every trip writes
// its part of them in place.
//
//===----------------------------------------------------------------------===//

#include "TileToFit.h"

#include "TileToFitModel.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::tiling;

namespace {

/// Puts the ops of a segment into a loop.
class SegmentRewriter {
public:
  SegmentRewriter(RewriterBase &rewriter, const Segment &segment)
      : rewriter(rewriter), segment(segment),
        members(segment.members.begin(), segment.members.end()) {}

  void run();

private:
  /// A tensor that the loop carries, of which every trip writes its rows.
  struct Output {
    unsigned argument = 0; ///< Which one the loop carries.
    bool inPlace = false; ///< The ops of a trip write into its rows themselves.
  };

  bool isMember(Operation *op) const { return members.contains(op); }
  bool isUsedOutside(Value value);
  bool isUsedInside(Value value);
  void findOutputs();
  void erase();

  RankedTensorType tileType(Value value) const;
  Value offsetOf(Value value, Location loc);
  SmallVector<OpFoldResult> rowOffsets(Value value, Location loc);
  SmallVector<OpFoldResult> rowSizes(Value value) const;
  Value sliceRows(Value source, Value like, Location loc);
  Value tileOf(Value value, Location loc);
  Operation *makeTile(Operation *op, ValueRange operands);
  void visitMember(Operation *op);

  RewriterBase &rewriter;
  const Segment &segment;
  llvm::SmallPtrSet<Operation *, 16> members;
  SmallVector<Value> inits; ///< What the loop carries, before it.
  DenseMap<Value, Output> outputs;
  DenseMap<OpOperand *, unsigned> destinations; ///< Rows of what is carried.
  SmallVector<Operation *> views; ///< Members that are made again behind.
  DenseMap<Value, Value> tiles;
  DenseMap<int64_t, Value> offsets;
  SmallVector<Value> carried;
  scf::ForOp loop;
};

} // namespace

bool SegmentRewriter::isUsedOutside(Value value) {
  Block *block = segment.members.front()->getBlock();
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *op = block->findAncestorOpInBlock(*user);
    return !isMember(op) || (isRowView(op) && isUsedOutside(op->getResult(0)));
  });
}

bool SegmentRewriter::isUsedInside(Value value) {
  Block *block = segment.members.front()->getBlock();
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *op = block->findAncestorOpInBlock(*user);
    return isMember(op) && (!isRowView(op) || isUsedInside(op->getResult(0)));
  });
}

/// The tensors that the loop carries. Names for parts of a tensor are not among
/// them: they are given again behind the loop.
void SegmentRewriter::findOutputs() {
  for (Operation *op : segment.members) {
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpResult result : op->getResults()) {
      bool outside = isUsedOutside(result);
      if (isRowView(op)) {
        if (outside)
          views.push_back(op);
        continue;
      }
      OpOperand *init = style ? style.getTiedOpOperand(result) : nullptr;
      Operation *source = init ? init->get().getDefiningOp() : nullptr;
      bool empty = isa_and_nonnull<tensor::EmptyOp>(source);
      if (init && !empty && !(source && isMember(source))) {
        // It updates a tensor from outside, of which it is the only user.
        destinations[init] = inits.size();
        outputs[result] = {unsigned(inits.size()), /*inPlace=*/true};
        inits.push_back(init->get());
        continue;
      }
      auto updated = outputs.end();
      if (init && !empty && init->get().hasOneUse())
        updated = outputs.find(init->get());
      if (updated != outputs.end() && updated->second.inPlace) {
        Output output = updated->second;
        outputs.erase(updated);
        outputs[result] = output;
        continue;
      }
      if (!outside)
        continue;
      // Writing into the rows of the whole tensor is right for what is accessed
      // once; else they are copied there when they are complete.
      bool inPlace =
          empty && isa<linalg::LinalgOp>(op) && !isUsedInside(result);
      if (inPlace)
        destinations[init] = inits.size();
      outputs[result] = {unsigned(inits.size()), inPlace};
      inits.push_back(tensor::EmptyOp::create(
          rewriter, result.getLoc(), cast<RankedTensorType>(result.getType()),
          ValueRange()));
    }
  }
}

RankedTensorType SegmentRewriter::tileType(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[0] /= segment.trips;
  return RankedTensorType::get(shape, type.getElementType(),
                               type.getEncoding());
}

/// Where the rows of this trip begin in `value`.
Value SegmentRewriter::offsetOf(Value value, Location loc) {
  int64_t rows = cast<RankedTensorType>(value.getType()).getDimSize(0);
  Value &offset = offsets[rows / segment.extent];
  if (!offset) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loop.getBody());
    Value factor =
        arith::ConstantIndexOp::create(rewriter, loc, rows / segment.extent);
    offset =
        arith::MulIOp::create(rewriter, loc, loop.getInductionVar(), factor);
  }
  return offset;
}

SmallVector<OpFoldResult> SegmentRewriter::rowOffsets(Value value,
                                                      Location loc) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  SmallVector<OpFoldResult> result(rank, rewriter.getIndexAttr(0));
  result[0] = offsetOf(value, loc);
  return result;
}

SmallVector<OpFoldResult> SegmentRewriter::rowSizes(Value value) const {
  return getAsIndexOpFoldResult(rewriter.getContext(),
                                tileType(value).getShape());
}

/// The rows of this trip of `source`, which has the shape of `like`.
Value SegmentRewriter::sliceRows(Value source, Value like, Location loc) {
  SmallVector<OpFoldResult> sizes = rowSizes(like);
  SmallVector<OpFoldResult> strides(sizes.size(), rewriter.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(rewriter, loc, tileType(like), source,
                                        rowOffsets(like, loc), sizes, strides);
}

Value SegmentRewriter::tileOf(Value value, Location loc) {
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
    return tensor::EmptyOp::create(rewriter, empty.getLoc(), tileType(value),
                                   ValueRange());
  Value &tile = tiles[value];
  if (!tile)
    tile = sliceRows(value, value, loc);
  return tile;
}

/// `op` for the rows of this trip.
Operation *SegmentRewriter::makeTile(Operation *op, ValueRange operands) {
  Location loc = op->getLoc();
  SmallVector<Type> types;
  for (Value result : op->getResults())
    types.push_back(tileType(result));
  auto atRows = [&](SmallVector<OpFoldResult> sizes) {
    sizes[0] =
        rewriter.getIndexAttr(cast<RankedTensorType>(types[0]).getDimSize(0));
    return sizes;
  };
  Operation *tile = nullptr;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    tile = tensor::ExpandShapeOp::create(
        rewriter, loc, types[0], operands[0], expand.getReassociationIndices(),
        getAsIndexOpFoldResult(op->getContext(),
                               cast<ShapedType>(types[0]).getShape()));
  } else if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
    tile = tensor::ExtractSliceOp::create(
        rewriter, loc, cast<RankedTensorType>(types[0]), operands[0],
        extract.getMixedOffsets(), atRows(extract.getMixedSizes()),
        extract.getMixedStrides());
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    tile = tensor::InsertSliceOp::create(
        rewriter, loc, operands[0], operands[1], insert.getMixedOffsets(),
        atRows(insert.getMixedSizes()), insert.getMixedStrides());
  } else {
    return clone(rewriter, op, types, operands);
  }
  tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return tile;
}

void SegmentRewriter::visitMember(Operation *op) {
  Location loc = op->getLoc();
  std::optional<RowSplit> split = splitByRows(op);
  SmallVector<Value> operands(op->getOperands());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!split->rows.test(operand.getOperandNumber()))
      continue;
    auto it = destinations.find(&operand);
    operands[operand.getOperandNumber()] =
        it == destinations.end()
            ? tileOf(operand.get(), loc)
            : sliceRows(carried[it->second], operand.get(), loc);
  }
  Operation *made = makeTile(op, operands);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(made)) {
    // Loops of the payload count the rows of this trip.
    SmallVector<OpFoldResult> first(linalgOp.getNumLoops());
    AffineMap map =
        linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
    first[map.getDimPosition(0)] = offsetOf(op->getResult(0), loc);
    linalg::offsetIndices(rewriter, linalgOp, first);
  }
  for (auto [result, tile] :
       llvm::zip_equal(op->getResults(), made->getResults())) {
    tiles[result] = tile;
    auto it = outputs.find(result);
    if (it == outputs.end())
      continue;
    Value &whole = carried[it->second.argument];
    Value rows = tile;
    if (!it->second.inPlace)
      rows = TransferOp::create(rewriter, loc, tile.getType(), tile,
                                sliceRows(whole, result, loc))
                 .getResult();
    SmallVector<OpFoldResult> sizes = rowSizes(result);
    SmallVector<OpFoldResult> strides(sizes.size(), rewriter.getIndexAttr(1));
    whole = tensor::InsertSliceOp::create(
        rewriter, loc, rows, whole, rowOffsets(result, loc), sizes, strides);
  }
}

/// Erases the ops that are in the loop now; names for parts of what the loop
/// carries stay, behind it.
void SegmentRewriter::erase() {
  Operation *last = loop;
  for (Operation *view : views) {
    rewriter.moveOpAfter(view, last);
    last = view;
  }
  for (auto &[value, output] : outputs)
    rewriter.replaceAllUsesWith(value, loop.getResult(output.argument));
  for (Operation *op : llvm::reverse(segment.members))
    if (!llvm::is_contained(views, op))
      rewriter.eraseOp(op);
}

void SegmentRewriter::run() {
  rewriter.setInsertionPointAfter(segment.members.back());
  findOutputs();
  Location loc = segment.members.front()->getLoc();
  auto index = [&](int64_t number) {
    return arith::ConstantIndexOp::create(rewriter, loc, number);
  };
  Value zero = index(0), end = index(segment.extent);
  loop = scf::ForOp::create(rewriter, loc, zero, end,
                            index(segment.extent / segment.trips), inits);
  if (inits.empty())
    loop.getBody()->getTerminator()->erase();
  rewriter.setInsertionPointToStart(loop.getBody());
  offsets[1] = loop.getInductionVar();
  carried.assign(loop.getRegionIterArgs().begin(),
                 loop.getRegionIterArgs().end());
  for (Operation *op : segment.members)
    visitMember(op);
  scf::YieldOp::create(rewriter, loc, carried);
  erase();
}

void mempl::ir::tiling::tileSegment(RewriterBase &rewriter,
                                    const Segment &segment) {
  SegmentRewriter(rewriter, segment).run();
}

Segment mempl::ir::tiling::mapSegment(const Segment &segment,
                                      const IRMapping &mapping) {
  Segment mapped = segment;
  for (Operation *&op : mapped.members)
    op = mapping.lookup(op);
  return mapped;
}
