//===- DestinationStyle.cpp - ops with operands to be written -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PrepareParts.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mempl::ir;

/// Gives every result of a kernel an operand to be written into.
static void tieResults(RewriterBase &rewriter, KernelOp kernel) {
  SmallVector<int64_t> outs;
  SmallVector<Value> operands(kernel.getOperands_());
  SmallVector<int64_t> bytes(operands.size(), -1);
  if (std::optional<ArrayRef<int64_t>> given = kernel.getBytes())
    bytes.assign(given->begin(), given->end());
  bool changed = false;
  for (OpResult result : kernel.getResults()) {
    int64_t tied = kernel.getTiedOperand(result.getResultNumber());
    auto type = cast<RankedTensorType>(result.getType());
    if (tied < 0 && type.hasStaticShape()) {
      tied = operands.size();
      operands.push_back(tensor::EmptyOp::create(rewriter, kernel.getLoc(),
                                                 type, ValueRange()));
      bytes.push_back(kernel.getResultBytes()
                          ? (*kernel.getResultBytes())[result.getResultNumber()]
                          : -1);
      changed = true;
    }
    outs.push_back(tied);
  }
  if (!changed)
    return;
  auto tied = KernelOp::create(
      rewriter, kernel.getLoc(), kernel.getResultTypes(), kernel.getNameAttr(),
      operands, rewriter.getDenseI64ArrayAttr(outs), kernel.getUpdatesAttr(),
      rewriter.getDenseI64ArrayAttr(bytes), kernel.getResultBytesAttr(),
      kernel.getSecondsAttr(), kernel.getMatrixOpsAttr(),
      kernel.getVectorOpsAttr(), kernel.getReservedAttr());
  tied->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  rewriter.replaceOp(kernel, tied);
}

/// A tensor.reshape of a known shape as ops that only name the tensor anew.
static void reshapeAsViews(RewriterBase &rewriter, tensor::ReshapeOp reshape) {
  Location loc = reshape.getLoc();
  Value tensor = reshape.getSource();
  auto source = dyn_cast<RankedTensorType>(tensor.getType());
  auto result = dyn_cast<RankedTensorType>(reshape.getType());
  if (!source || !result || !source.hasStaticShape() ||
      !result.hasStaticShape() || source.getEncoding() || result.getEncoding())
    return;
  auto line =
      RankedTensorType::get(source.getNumElements(), source.getElementType());
  // All dimensions as one; none for a tensor of rank 0.
  auto grouped = [](RankedTensorType type) {
    SmallVector<ReassociationIndices> groups;
    if (type.getRank() > 0)
      groups.push_back(llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
    return groups;
  };
  if (source.getRank() == 0)
    tensor = tensor::ExpandShapeOp::create(rewriter, loc, line, tensor,
                                           grouped(source));
  else if (source.getRank() > 1)
    tensor = tensor::CollapseShapeOp::create(rewriter, loc, line, tensor,
                                             grouped(source));
  if (result.getRank() == 0)
    tensor = tensor::CollapseShapeOp::create(rewriter, loc, result, tensor,
                                             grouped(result));
  else if (result.getRank() > 1)
    tensor = tensor::ExpandShapeOp::create(rewriter, loc, result, tensor,
                                           grouped(result));
  rewriter.replaceOp(reshape, tensor);
}

/// Whether a tensor of the type has no element.
static bool isEmptyType(RankedTensorType type) {
  return llvm::is_contained(type.getShape(), 0);
}

/// A tensor.concat as insertions into one tensor. Pieces without an element are
/// left out: no slice may begin where a tensor ends.
static void concatAsInsertions(RewriterBase &rewriter,
                               tensor::ConcatOp concat) {
  RankedTensorType type = concat.getResultType();
  if (type.getEncoding())
    return;
  SmallVector<Value> inputs =
      llvm::filter_to_vector(concat.getInputs(), [](Value input) {
        return !isEmptyType(cast<RankedTensorType>(input.getType()));
      });
  if (inputs.empty() || isEmptyType(type)) {
    // Its dynamic sizes are those of any input.
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(tensor::DimOp::create(rewriter, concat.getLoc(),
                                              concat.getInputs().front(), i));
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(concat, type, sizes);
    return;
  }
  if (inputs.size() < concat.getInputs().size())
    rewriter.modifyOpInPlace(concat,
                             [&] { concat.getInputsMutable().assign(inputs); });
  FailureOr<SmallVector<Value>> pieces = concat.decomposeOperation(rewriter);
  if (succeeded(pieces))
    rewriter.replaceOp(concat, *pieces);
}

Value mempl::ir::uniformPadding(RewriterBase &rewriter, tensor::PadOp pad) {
  Value value =
      cast<tensor::YieldOp>(pad.getBody()->getTerminator()).getValue();
  if (!pad->isAncestor(value.getParentBlock()->getParentOp()))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasTrait<OpTrait::ConstantLike>())
    return {};
  return rewriter.clone(*op)->getResult(0);
}

/// Makes of negative amounts of padding, which remove elements, a slice of the
/// source; bufferization would insert the source at an offset below zero. False
/// if more elements are removed than there are.
static bool sliceNegativeAmounts(RewriterBase &rewriter, tensor::PadOp pad) {
  RankedTensorType type = pad.getSourceType();
  SmallVector<OpFoldResult> low = pad.getMixedLowPad();
  SmallVector<OpFoldResult> high = pad.getMixedHighPad();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, pad.getLoc(), pad.getSource());
  SmallVector<OpFoldResult> offsets(type.getRank(), rewriter.getIndexAttr(0));
  // How many a dimension loses; the amount is zero then.
  auto removed = [&](OpFoldResult &amount) -> int64_t {
    std::optional<int64_t> number = getConstantIntValue(amount);
    if (!number || *number >= 0)
      return 0;
    amount = rewriter.getIndexAttr(0);
    return -std::max(*number, -INT64_MAX);
  };
  bool isNegative = false;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t before = removed(low[dim]), after = removed(high[dim]);
    if (before == 0 && after == 0)
      continue;
    isNegative = true;
    // What is left of a dynamic size is not known to be anything.
    if (type.isDynamicDim(dim) || before > type.getDimSize(dim) - after)
      return false;
    offsets[dim] = rewriter.getIndexAttr(before);
    sizes[dim] = rewriter.getIndexAttr(type.getDimSize(dim) - before - after);
  }
  if (!isNegative)
    return true;
  SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
  auto slice = tensor::ExtractSliceOp::create(
      rewriter, pad.getLoc(), pad.getSource(), offsets, sizes, strides);
  auto split = [&](ArrayRef<OpFoldResult> mixed, MutableOperandRange dynamic) {
    SmallVector<int64_t> numbers;
    SmallVector<Value> values;
    dispatchIndexOpFoldResults(mixed, values, numbers);
    dynamic.assign(values);
    return numbers;
  };
  rewriter.modifyOpInPlace(pad, [&] {
    pad.getSourceMutable().assign(slice);
    pad.setStaticLow(split(low, pad.getLowMutable()));
    pad.setStaticHigh(split(high, pad.getHighMutable()));
  });
  return true;
}

/// Whether what a padding is put around has no elements, as its type says or as
/// there is no room for any.
static bool padsNothing(tensor::PadOp pad) {
  if (isEmptyType(pad.getSourceType()))
    return true;
  // Amounts that are not known are negative numbers.
  auto known = [](int64_t amount) {
    return uint64_t(std::max<int64_t>(amount, 0));
  };
  for (auto [size, low, high] :
       llvm::zip_equal(pad.getResultType().getShape(), pad.getStaticLow(),
                       pad.getStaticHigh()))
    if (ShapedType::isStatic(size) &&
        known(low) + known(high) >= uint64_t(size))
      return true;
  return false;
}

/// A tensor.pad as an insertion into what it writes around its source. Others
/// that upstream can bufferize as they are stay.
static void padAsInsertion(RewriterBase &rewriter, tensor::PadOp pad) {
  Location loc = pad.getLoc();
  RankedTensorType type = pad.getResultType();
  ReifiedRankedShapedTypeDims sizes;
  if (type.getEncoding() || pad.getSourceType().getEncoding() ||
      type.getElementType() != pad.getSourceType().getElementType() ||
      !type.getElementType().isIntOrIndexOrFloat() ||
      !sliceNegativeAmounts(rewriter, pad) ||
      failed(reifyResultShapes(rewriter, pad, sizes)))
    return;
  // An amount that is a constant gives a size that is one, whatever the type.
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(sizes.front()))
    if (type.isDynamicDim(i))
      dynamic.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, size));
  Value tensor = tensor::EmptyOp::create(rewriter, loc, type, dynamic);
  if (isEmptyType(type)) {
    rewriter.replaceOp(pad, tensor);
    return;
  }
  if (Value value = uniformPadding(rewriter, pad)) {
    tensor = linalg::FillOp::create(rewriter, loc, value, tensor).getResult(0);
  } else {
    AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    auto fill = [&](OpBuilder &builder, Location loc, ValueRange) {
      IRMapping mapping;
      for (BlockArgument index : pad.getBody()->getArguments())
        mapping.map(
            index, linalg::IndexOp::create(builder, loc, index.getArgNumber()));
      for (Operation &op : pad.getBody()->without_terminator())
        builder.clone(op, mapping);
      Value value =
          cast<tensor::YieldOp>(pad.getBody()->getTerminator()).getValue();
      linalg::YieldOp::create(builder, loc, mapping.lookupOrDefault(value));
    };
    tensor = linalg::GenericOp::create(rewriter, loc, type, ValueRange(),
                                       tensor, map, loops, fill)
                 .getResult(0);
  }
  if (padsNothing(pad)) {
    rewriter.replaceOp(pad, tensor);
    return;
  }
  SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
  rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
      pad, pad.getSource(), tensor, pad.getMixedLowPad(),
      tensor::getMixedSizes(rewriter, loc, pad.getSource()), strides);
}

void mempl::ir::toDestinationStyle(RewriterBase &rewriter, Operation *module) {
  SmallVector<Operation *> ops;
  module->walk([&](Operation *op) {
    if (isa<tensor::PadOp, tensor::ConcatOp, tensor::GenerateOp,
            tensor::FromElementsOp, tensor::ReshapeOp, KernelOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    rewriter.setInsertionPoint(op);
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      padAsInsertion(rewriter, pad);
    } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      // One with several blocks keeps its own buffer.
      (void)linalg::rewriteInDestinationPassingStyle(rewriter, generate);
    } else if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
      (void)linalg::rewriteInDestinationPassingStyle(rewriter, elements);
    } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
      reshapeAsViews(rewriter, reshape);
    } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      concatAsInsertions(rewriter, concat);
    } else {
      tieResults(rewriter, cast<KernelOp>(op));
    }
  }
}
