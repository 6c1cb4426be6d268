//===- IntegerRange.cpp - what is known of an integer ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream has two answers. ValueBoundsOpInterface relates indices and extents
// to each other, and stops at what it has no model of: a minimum, a remainder,
// an integer that is no index. InferIntRangeInterface knows all of arithmetic,
// but only constants at its ends. Asked from the first where that stops, the
// second gives it the constants that it lacks.
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/IntegerRange.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mempl::ir;
using presburger::BoundType;

/// Ops that rangeOf() looks at for one value.
static constexpr unsigned kMostOps = 256;

/// Values that upperBoundOf() looks at: a network with a batch size that only
/// its caller knows would otherwise be walked back to its arguments for every
/// tensor.
static constexpr unsigned kMostValues = 1024;

static ConstantIntRanges rangeOf(Value value, unsigned &left);

static std::optional<ConstantIntRanges> rangeOf(OpFoldResult bound,
                                                unsigned &left) {
  if (auto value = dyn_cast<Value>(bound))
    return rangeOf(value, left);
  return ConstantIntRanges::constant(
      cast<IntegerAttr>(cast<Attribute>(bound)).getValue());
}

/// The range of the induction variable of a loop.
static std::optional<ConstantIntRanges> inductionRange(BlockArgument argument,
                                                       unsigned &left) {
  auto loop =
      dyn_cast_or_null<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
  if (!loop)
    return std::nullopt;
  auto variables = loop.getLoopInductionVars();
  auto lower = loop.getLoopLowerBounds(), upper = loop.getLoopUpperBounds();
  if (!variables || !lower || !upper)
    return std::nullopt;
  for (auto [variable, from, to] : llvm::zip(*variables, *lower, *upper)) {
    if (variable != argument)
      continue;
    std::optional<ConstantIntRanges> first = rangeOf(from, left),
                                     end = rangeOf(to, left);
    if (first->smin().getBitWidth() != end->smax().getBitWidth() ||
        end->smax().isMinSignedValue() || !first->smin().slt(end->smax()))
      return std::nullopt;
    return ConstantIntRanges::fromSigned(first->smin(), end->smax() - 1);
  }
  return std::nullopt;
}

/// What upstream's models of indices prove, without ours.
static ConstantIntRanges boundsOf(Value index, unsigned width) {
  unsigned left = kMostOps;
  // Shapes end it: upstream's models of arithmetic abort when asked for one.
  auto stop = [&left](Value, std::optional<int64_t> dim,
                      ValueBoundsConstraintSet &) {
    if (dim || left == 0)
      return true;
    --left;
    return false;
  };
  FailureOr<int64_t> most = ValueBoundsConstraintSet::computeConstantBound(
      BoundType::UB, index, stop, /*closedUB=*/true);
  left = kMostOps;
  FailureOr<int64_t> least = ValueBoundsConstraintSet::computeConstantBound(
      BoundType::LB, index, stop);
  APInt low = succeeded(least) ? APInt(width, *least, /*isSigned=*/true)
                               : APInt::getSignedMinValue(width);
  APInt high = succeeded(most) ? APInt(width, *most, /*isSigned=*/true)
                               : APInt::getSignedMaxValue(width);
  if (high.slt(low))
    return ConstantIntRanges::maxRange(width);
  return ConstantIntRanges::fromSigned(low, high);
}

static ConstantIntRanges rangeOf(Value value, unsigned &left) {
  unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
  ConstantIntRanges unknown = ConstantIntRanges::maxRange(width);
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return ConstantIntRanges::constant(constant);
  if (width == 0 || left == 0)
    return unknown;
  --left;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return inductionRange(argument, left).value_or(unknown);
  Operation *op = value.getDefiningOp();
  auto known = dyn_cast<InferIntRangeInterface>(op);
  if (!known)
    return isa<ValueBoundsOpInterface>(op) && value.getType().isIndex()
               ? boundsOf(value, width)
               : unknown;
  SmallVector<IntegerValueRange> operands;
  for (Value operand : op->getOperands())
    operands.push_back(operand.getType().isIntOrIndex()
                           ? IntegerValueRange(rangeOf(operand, left))
                           : IntegerValueRange::getMaxRange(operand));
  ConstantIntRanges result = unknown;
  known.inferResultRangesFromOptional(
      operands, [&](Value of, const IntegerValueRange &range) {
        if (of == value && !range.isUninitialized())
          result = range.getValue();
      });
  return result;
}

ConstantIntRanges mempl::ir::rangeOf(Value value) {
  unsigned left = kMostOps;
  return ::rangeOf(value, left);
}

/// An index that is the size of a slice is at most what it is a slice of, also
/// where it is used for something else: a slice outside would be an error.
static void addSliceSizes(Value index, ValueBoundsConstraintSet &bounds) {
  // More slices than these are copies of each other.
  unsigned left = 16;
  for (Operation *user : index.getUsers()) {
    if (left-- == 0)
      return;
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    // Elsewhere it may not run.
    if (!slice || slice->getBlock() != index.getParentBlock())
      continue;
    ArrayRef<int64_t> shape = slice.getSourceType().getShape();
    for (auto [size, stride, extent] :
         llvm::zip_equal(slice.getMixedSizes(), slice.getMixedStrides(), shape))
      if (size == OpFoldResult(index) && !ShapedType::isDynamic(extent) &&
          getConstantIntValue(stride).value_or(0) > 0)
        bounds.bound(index) <= extent;
  }
}

/// Adds what its range says of an index that upstream has no model of.
static void addRange(Value index, ValueBoundsConstraintSet &bounds) {
  ConstantIntRanges range = rangeOf(index);
  if (!range.smax().isMaxSignedValue())
    bounds.bound(index) <= range.smax().getSExtValue();
  if (!range.smin().isMinSignedValue())
    bounds.bound(index) >= range.smin().getSExtValue();
}

/// A slice is inside of what it is a slice of.
static void addSliceSource(tensor::ExtractSliceOp slice, int64_t dim,
                           ValueBoundsConstraintSet &bounds) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  int64_t kept = 0;
  for (int64_t i = 0; i < slice.getSourceType().getRank(); ++i) {
    if (dropped.test(i))
      continue;
    if (kept++ != dim)
      continue;
    std::optional<int64_t> stride =
        getConstantIntValue(slice.getMixedStrides()[i]);
    if (stride && *stride > 0)
      bounds.bound(slice.getResult())[dim] <=
          bounds.getExpr(slice.getSource(), i);
    return;
  }
}

/// Whether `op` asks for a dimension that its tensor does not have: it may not
/// run, and upstream crashes where it looks for a bound.
static bool asksBeyondRank(Operation *op) {
  auto dim = dyn_cast_or_null<ShapedDimOpInterface>(op);
  auto index = dim ? getConstantIntValue(dim.getDimension()) : std::nullopt;
  if (!index)
    return false;
  auto type = cast<ShapedType>(dim.getShapedValue().getType());
  return *index < 0 || (type.hasRank() && *index >= type.getRank());
}

std::optional<int64_t>
mempl::ir::upperBoundOf(const ValueBoundsConstraintSet::Variable &variable) {
  unsigned left = kMostValues;
  auto stop = [&left](Value value, std::optional<int64_t> dim,
                      ValueBoundsConstraintSet &bounds) {
    if (left == 0)
      return true;
    --left;
    Operation *op = value.getDefiningOp();
    if (asksBeyondRank(op))
      return true;
    Operation *owner =
        op ? op : cast<BlockArgument>(value).getOwner()->getParentOp();
    // Of arguments of ops that are no loops upstream's models know nothing, and
    // may crash.
    bool isLeaf = !op && !isa_and_nonnull<LoopLikeOpInterface>(owner);
    if (!dim) {
      if (isLeaf || !isa_and_nonnull<ValueBoundsOpInterface>(owner))
        addRange(value, bounds);
      addSliceSizes(value, bounds);
      return isLeaf;
    }
    if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
      addSliceSource(slice, *dim, bounds);
    // Upstream's models of integer arithmetic only know index values, and abort
    // when asked for the shape of a tensor.
    if (!op || !op->hasTrait<OpTrait::Elementwise>())
      return isLeaf;
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (type && *dim < type.getRank())
        bounds.bound(value)[*dim] == bounds.getExpr(operand, dim);
    }
    return true;
  };
  FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
      BoundType::UB, variable, stop, /*closedUB=*/true);
  if (failed(bound))
    return std::nullopt;
  return *bound;
}
