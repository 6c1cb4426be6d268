//===- AmbiguousSlices.cpp - slices upstream takes for others -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AmbiguousSlices.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mempl::ir;

/// A size that is dynamic may turn out to be one.
static bool isAmbiguous(OffsetSizeAndStrideOpInterface slice, int64_t rank) {
  SmallVector<OpFoldResult> sizes = slice.getMixedSizes();
  int64_t dropped = static_cast<int64_t>(sizes.size()) - rank;
  return dropped > 0 && !llvm::all_of(slice.getMixedStrides(), isOneInteger) &&
         llvm::count_if(sizes, [](OpFoldResult size) {
           std::optional<int64_t> known = getConstantIntValue(size);
           return !known || *known == 1;
         }) > dropped;
}

/// The dimensions of a slice that each one of `shape` is made of: the others
/// have one element.
static SmallVector<ReassociationIndices> groupsOf(ArrayRef<OpFoldResult> sizes,
                                                  ArrayRef<int64_t> shape) {
  SmallVector<ReassociationIndices> groups(shape.size());
  if (shape.empty())
    return groups;
  size_t kept = 0;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    kept += kept < shape.size() && (!isOneInteger(size) || shape[kept] == 1);
    groups[std::max<size_t>(kept, 1) - 1].push_back(i);
  }
  return groups;
}

static void reshape(RewriterBase &rewriter, tensor::ExtractSliceOp op) {
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  rewriter.setInsertionPoint(op);
  Value slice = tensor::ExtractSliceOp::create(
      rewriter, op.getLoc(),
      tensor::ExtractSliceOp::inferResultType(op.getSourceType(), sizes),
      op.getSource(), op.getMixedOffsets(), sizes, op.getMixedStrides());
  rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
      op, op.getType(), slice, groupsOf(sizes, op.getType().getShape()));
}

template <typename InsertOp>
static void reshape(RewriterBase &rewriter, InsertOp op) {
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  RankedTensorType type = op.getSourceType();
  auto whole = tensor::ExtractSliceOp::inferResultType(op.getDestType(), sizes);
  // No other op may be among parallel insertions.
  Operation *point = op;
  if (isa<tensor::ParallelInsertSliceOp>(point))
    point = op->getParentOp();
  rewriter.setInsertionPoint(point);
  Value source = tensor::ExpandShapeOp::create(
      rewriter, op.getLoc(),
      RankedTensorType::get(whole.getShape(), type.getElementType(),
                            type.getEncoding()),
      op.getSource(), groupsOf(sizes, type.getShape()), sizes);
  rewriter.modifyOpInPlace(op, [&] { op.getSourceMutable().assign(source); });
}

static LogicalResult reshape(RewriterBase &rewriter, memref::SubViewOp op) {
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  SmallVector<ReassociationIndices> groups =
      groupsOf(sizes, op.getType().getShape());
  auto whole = memref::SubViewOp::inferResultType(
      op.getSourceType(), op.getMixedOffsets(), sizes, op.getMixedStrides());
  MemRefType part =
      memref::CollapseShapeOp::computeCollapsedType(whole, groups);
  if (part != op.getType() &&
      !memref::CastOp::areCastCompatible(part, op.getType()))
    return failure();
  rewriter.setInsertionPoint(op);
  Value view = memref::SubViewOp::create(rewriter, op.getLoc(), whole,
                                         op.getSource(), op.getMixedOffsets(),
                                         sizes, op.getMixedStrides());
  view = memref::CollapseShapeOp::create(rewriter, op.getLoc(), view, groups);
  if (part != op.getType())
    view = memref::CastOp::create(rewriter, op.getLoc(), op.getType(), view);
  rewriter.replaceOp(op, view);
  return success();
}

SmallVector<Operation *>
mempl::ir::reshapeAmbiguousSlices(RewriterBase &rewriter, ModuleOp module) {
  SmallVector<OffsetSizeAndStrideOpInterface> slices;
  module->walk([&](OffsetSizeAndStrideOpInterface op) {
    bool inserts =
        isa<tensor::InsertSliceOp, tensor::ParallelInsertSliceOp>(op);
    Type part = inserts ? op->getOperand(0).getType()
                : isa<tensor::ExtractSliceOp, memref::SubViewOp>(op)
                    ? op->getResult(0).getType()
                    : Type();
    if (part && isAmbiguous(op, cast<ShapedType>(part).getRank()))
      slices.push_back(op);
  });
  SmallVector<Operation *> left;
  for (Operation *op : slices) {
    if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
      reshape(rewriter, extract);
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      reshape(rewriter, insert);
    else if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(op))
      reshape(rewriter, insert);
    else if (failed(reshape(rewriter, cast<memref::SubViewOp>(op))))
      left.push_back(op);
  }
  return left;
}
