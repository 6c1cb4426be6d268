//===- TileToFitRewrite.cpp - a run of ops in parts -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A segment as a loop, or a nest of two, or as its trips written out. Every
// trip writes its part of the tensors that are used behind the segment in
// place. Trips that are written out compute what the next ones need, too, where
// parts overlap, so that nothing is computed twice.
//
//===----------------------------------------------------------------------===//

#include "TileToFit.h"

#include "PrepareParts.h"
#include "TileToFitModel.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::tiling;

namespace {

/// A part of one dimension of a tensor, or of the units of an op.
struct DimRange {
  int64_t dim = -1;
  OpFoldResult offset;
  int64_t size = 0;

  bool operator==(const DimRange &other) const {
    return dim == other.dim && offset == other.offset && size == other.size;
  }
};

/// A part of a tensor: the dimensions of which it is not all.
using Ranges = SmallVector<DimRange, 2>;

/// What both forms of a segment have in common.
class SegmentRewriter {
public:
  SegmentRewriter(RewriterBase &rewriter, const Segment &segment);

protected:
  /// A tensor that is used behind the segment.
  struct Output {
    unsigned argument = 0; ///< Which one of those that are carried.
    bool inPlace = false;  ///< The ops of a trip write into it themselves.
  };
  struct Member {
    SmallVector<int32_t, 2> dims;
    SmallVector<Split, 2> splits; ///< By axis.
  };

  bool isMember(Operation *op) const { return members.contains(op); }
  bool isUsedOutside(Value value);
  bool isUsedInside(Value value);
  void findOutputs();
  void finish(ValueRange results, Operation *behind);

  Value slice(Value source, const Ranges &part, Location loc);
  Value insertAt(Value source, Value dest, ArrayRef<OpFoldResult> offsets,
                 Location loc);
  Value makeEmpty(Value like, const Ranges &part, Location loc);
  Value makeFilled(linalg::FillOp fill, const Ranges &part, Location loc);
  Operation *makeTile(Operation *op, ValueRange operands, const Ranges &units);
  /// Puts a part of `result` into the tensor that is carried.
  void putBack(Value result, Value tile, const Ranges &part);

  RewriterBase &rewriter;
  const Segment &segment;
  Operation *lastOp;
  llvm::MapVector<Operation *, Member> members;
  SmallVector<Value> inits; ///< What is carried, at the beginning.
  SmallVector<Value> carried;
  DenseMap<Value, Output> outputs;
  DenseMap<OpOperand *, unsigned> destinations; ///< Parts of what is carried.
  SmallVector<Operation *> views; ///< Members that are made again behind.
};

} // namespace

SegmentRewriter::SegmentRewriter(RewriterBase &rewriter, const Segment &segment)
    : rewriter(rewriter), segment(segment), lastOp(segment.members.back().op) {
  for (const SplitOp &split : segment.members) {
    Member &member = members[split.op];
    member.dims = split.dims;
    for (int32_t dim : split.dims)
      member.splits.push_back(*splitAlong(split.op, dim));
  }
}

bool SegmentRewriter::isUsedOutside(Value value) {
  Block *block = lastOp->getBlock();
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *op = block->findAncestorOpInBlock(*user);
    return !isMember(op) || (isPartView(op) && isUsedOutside(op->getResult(0)));
  });
}

bool SegmentRewriter::isUsedInside(Value value) {
  Block *block = lastOp->getBlock();
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *op = block->findAncestorOpInBlock(*user);
    return isMember(op) && (!isPartView(op) || isUsedInside(op->getResult(0)));
  });
}

/// The tensors that are carried. Names for parts of a tensor are not among
/// them: they are given again behind the segment.
void SegmentRewriter::findOutputs() {
  for (auto &[op, member] : members) {
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpResult result : op->getResults()) {
      bool outside = isUsedOutside(result);
      if (isPartView(op)) {
        if (outside)
          views.push_back(op);
        continue;
      }
      OpOperand *init = style ? style.getTiedOpOperand(result) : nullptr;
      if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
        init = &insert.getDestMutable();
      bool unwritten = init && isUnwritten(init->get());
      Operation *source = init ? init->get().getDefiningOp() : nullptr;
      bool filled = isa_and_nonnull<linalg::FillOp>(source) &&
                    isUnwritten(cast<linalg::FillOp>(source).getDpsInits()[0]);
      if (init && !unwritten && !filled && !(source && isMember(source))) {
        // It updates a tensor from outside, of which it is the only user.
        destinations[init] = inits.size();
        outputs[result] = {unsigned(inits.size()), /*inPlace=*/true};
        inits.push_back(init->get());
        continue;
      }
      auto updated = outputs.end();
      if (init && !unwritten && init->get().hasOneUse())
        updated = outputs.find(init->get());
      if (updated != outputs.end() && updated->second.inPlace) {
        Output output = updated->second;
        outputs.erase(updated);
        outputs[result] = output;
        continue;
      }
      if (!outside)
        continue;
      // Writing into the part of the whole tensor is right for what is accessed
      // once; else it is copied there when it is complete.
      bool inPlace =
          unwritten && isa<linalg::LinalgOp>(op) && !isUsedInside(result);
      if (inPlace)
        destinations[init] = inits.size();
      outputs[result] = {unsigned(inits.size()), inPlace};
      inits.push_back(tensor::EmptyOp::create(
          rewriter, result.getLoc(), cast<RankedTensorType>(result.getType()),
          ValueRange()));
    }
  }
}

/// Erases the ops that were split; names for parts of what is carried stay,
/// behind `behind`.
void SegmentRewriter::finish(ValueRange results, Operation *behind) {
  for (Operation *view : views) {
    rewriter.moveOpAfter(view, behind);
    behind = view;
  }
  for (auto &[value, output] : outputs)
    rewriter.replaceAllUsesWith(value, results[output.argument]);
  for (auto &[op, member] : llvm::reverse(members))
    if (!llvm::is_contained(views, op))
      rewriter.eraseOp(op);
}

static RankedTensorType partType(Value value, const Ranges &part) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (const DimRange &range : part)
    shape[range.dim] = range.size;
  return RankedTensorType::get(shape, type.getElementType(),
                               type.getEncoding());
}

/// Offsets, sizes and strides of a part of a tensor.
struct SliceNumbers {
  SliceNumbers(RankedTensorType type, const Ranges &part, MLIRContext *context)
      : offsets(type.getRank(), IntegerAttr::get(IndexType::get(context), 0)),
        sizes(getAsIndexOpFoldResult(context, type.getShape())),
        strides(type.getRank(), IntegerAttr::get(IndexType::get(context), 1)) {
    for (const DimRange &range : part)
      offsets[range.dim] = range.offset;
  }
  SmallVector<OpFoldResult> offsets, sizes, strides;
};

Value SegmentRewriter::slice(Value source, const Ranges &part, Location loc) {
  RankedTensorType type = partType(source, part);
  if (type == source.getType())
    return source;
  SliceNumbers at(type, part, rewriter.getContext());
  return tensor::ExtractSliceOp::create(rewriter, loc, type, source, at.offsets,
                                        at.sizes, at.strides);
}

Value SegmentRewriter::insertAt(Value source, Value dest,
                                ArrayRef<OpFoldResult> offsets, Location loc) {
  SliceNumbers at(cast<RankedTensorType>(source.getType()), {},
                  rewriter.getContext());
  return tensor::InsertSliceOp::create(rewriter, loc, source, dest, offsets,
                                       at.sizes, at.strides);
}

Value SegmentRewriter::makeEmpty(Value like, const Ranges &part, Location loc) {
  return tensor::EmptyOp::create(rewriter, loc, partType(like, part),
                                 ValueRange());
}

Value SegmentRewriter::makeFilled(linalg::FillOp fill, const Ranges &part,
                                  Location loc) {
  Value empty = makeEmpty(fill.getResult(0), part, loc);
  return linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs(),
                                empty)
      .getResult(0);
}

/// Where a pad begins and ends in the units of a trip.
static void padPart(tensor::PadOp pad, int64_t dim, const DimRange &units,
                    SmallVector<OpFoldResult> &low,
                    SmallVector<OpFoldResult> &high, Builder &builder) {
  std::optional<int64_t> begin = getConstantIntValue(units.offset);
  if (!begin)
    return;
  int64_t before = *getConstantIntValue(pad.getMixedLowPad()[dim]);
  int64_t rows = pad.getSourceType().getDimSize(dim);
  int64_t lowest = std::clamp<int64_t>(before - *begin, 0, units.size);
  int64_t highest =
      std::clamp<int64_t>(*begin + units.size - before - rows, 0, units.size);
  low[dim] = builder.getIndexAttr(lowest);
  high[dim] = builder.getIndexAttr(highest);
}

/// `op` for these units of it; `units` has the dimensions of its first result.
Operation *SegmentRewriter::makeTile(Operation *op, ValueRange operands,
                                     const Ranges &units) {
  Location loc = op->getLoc();
  const Member &member = members.find(op)->second;
  SmallVector<Type> types;
  for (OpResult result : op->getResults()) {
    Ranges part(units);
    for (auto [range, split] : llvm::zip_equal(part, member.splits)) {
      range.dim = split.resultDims[result.getResultNumber()];
      range.size *= split.resultScale;
    }
    types.push_back(partType(result, part));
  }
  auto resized = [&](SmallVector<OpFoldResult> numbers, auto number) {
    for (auto [axis, range] : llvm::enumerate(units))
      numbers[member.splits[axis].operands[0].dim] = number(range);
    return numbers;
  };
  auto zero = [&](const DimRange &) { return rewriter.getIndexAttr(0); };
  auto size = [&](const DimRange &range) {
    return rewriter.getIndexAttr(range.size);
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
        resized(extract.getMixedOffsets(), zero),
        resized(extract.getMixedSizes(), size), extract.getMixedStrides());
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    SmallVector<OpFoldResult> sizes = insert.getMixedSizes();
    for (const DimRange &range : units)
      sizes[range.dim] = rewriter.getIndexAttr(range.size);
    tile = tensor::InsertSliceOp::create(rewriter, loc, operands[0],
                                         operands[1], insert.getMixedOffsets(),
                                         sizes, insert.getMixedStrides());
  } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    SmallVector<OpFoldResult> low = pad.getMixedLowPad();
    SmallVector<OpFoldResult> high = pad.getMixedHighPad();
    for (const DimRange &range : units)
      padPart(pad, range.dim, range, low, high, rewriter);
    tile =
        tensor::PadOp::create(rewriter, loc, types[0], operands[0], low, high,
                              uniformPadding(rewriter, pad), pad.getNofold());
  } else {
    tile = clone(rewriter, op, types, operands);
  }
  tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(tile)) {
    // Loops of the payload count on from where the trip begins.
    SmallVector<OpFoldResult> first(linalgOp.getNumLoops());
    AffineMap map =
        linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
    for (const DimRange &range : units)
      first[map.getDimPosition(range.dim)] = range.offset;
    linalg::offsetIndices(rewriter, linalgOp, first);
  }
  return tile;
}

void SegmentRewriter::putBack(Value result, Value tile, const Ranges &part) {
  auto it = outputs.find(result);
  if (it == outputs.end())
    return;
  Location loc = result.getLoc();
  Value &whole = carried[it->second.argument];
  if (!it->second.inPlace)
    tile = TransferOp::create(rewriter, loc, tile.getType(), tile,
                              slice(whole, part, loc))
               .getResult();
  SliceNumbers at(cast<RankedTensorType>(tile.getType()), part,
                  rewriter.getContext());
  whole = insertAt(tile, whole, at.offsets, loc);
}

//===----------------------------------------------------------------------===//
// A loop
//===----------------------------------------------------------------------===//

namespace {

/// Puts the ops of a segment into a loop, or a nest of two.
class LoopRewriter : SegmentRewriter {
public:
  using SegmentRewriter::SegmentRewriter;
  void run();

private:
  OpFoldResult offsetOf(size_t axis, int64_t factor, int64_t add, Location loc);
  Ranges unitsOf(const Member &member, Location loc);
  Ranges operandPart(const Member &member, unsigned operand, Location loc);
  Value tileOf(Value value, const Ranges &part, Location loc);
  void visitMember(Operation *op, const Member &member);

  SmallVector<scf::ForOp, 2> loops; ///< By axis.
  DenseMap<Value, Value> tiles;
  DenseMap<Value, SmallVector<std::pair<Ranges, Value>>>
      slices; ///< From outside.
  llvm::SmallDenseMap<std::pair<size_t, std::pair<int64_t, int64_t>>, Value>
      offsets;
};

} // namespace

/// The counter of an axis times `factor`, and so much more.
OpFoldResult LoopRewriter::offsetOf(size_t axis, int64_t factor, int64_t add,
                                    Location loc) {
  Value counter = loops[axis].getInductionVar();
  if (factor == 1 && add == 0)
    return counter;
  Value &offset = offsets[{axis, {factor, add}}];
  if (!offset) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loops[axis].getBody());
    offset = counter;
    if (factor != 1)
      offset = arith::MulIOp::create(
          rewriter, loc, offset,
          arith::ConstantIndexOp::create(rewriter, loc, factor));
    if (add != 0)
      offset = arith::AddIOp::create(
          rewriter, loc, offset,
          arith::ConstantIndexOp::create(rewriter, loc, add));
  }
  return offset;
}

/// The units of an op that a trip does.
Ranges LoopRewriter::unitsOf(const Member &member, Location loc) {
  Ranges units;
  for (auto [axis, split] : llvm::enumerate(member.splits))
    units.push_back(
        {member.dims[axis],
         offsetOf(axis, split.extent / segment.extents[axis], 0, loc),
         split.extent / segment.trips[axis]});
  return units;
}

/// The part of an operand that a trip uses.
Ranges LoopRewriter::operandPart(const Member &member, unsigned operand,
                                 Location loc) {
  Ranges part;
  for (auto [axis, split] : llvm::enumerate(member.splits)) {
    const OperandSplit &how = split.operands[operand];
    if (how.dim < 0)
      continue;
    int64_t factor = split.extent / segment.extents[axis] * how.scale;
    part.push_back(
        {how.dim, offsetOf(axis, factor, how.low, loc),
         split.extent / segment.trips[axis] * how.scale + how.high - how.low});
  }
  return part;
}

Value LoopRewriter::tileOf(Value value, const Ranges &part, Location loc) {
  if (part.empty())
    return value;
  if (isUnwritten(value))
    return makeEmpty(value, part, loc);
  if (Value tile = tiles.lookup(value))
    return tile;
  auto fill = value.getDefiningOp<linalg::FillOp>();
  if (fill && isUnwritten(fill.getDpsInits()[0]))
    return makeFilled(fill, part, loc);
  // What only the outer loop changes is the same in all trips of the inner one.
  OpBuilder::InsertionGuard guard(rewriter);
  Value inner = loops.back().getInductionVar();
  bool inInner = llvm::any_of(part, [&](const DimRange &range) {
    auto offset = dyn_cast<Value>(range.offset);
    return offset && offset.getParentBlock() == inner.getParentBlock();
  });
  for (auto &[known, tile] : slices[value])
    if (known == part)
      return tile;
  if (!inInner)
    rewriter.setInsertionPoint(loops.back());
  Value tile = slice(value, part, loc);
  slices[value].push_back({part, tile});
  return tile;
}

void LoopRewriter::visitMember(Operation *op, const Member &member) {
  Location loc = op->getLoc();
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    Ranges part = operandPart(member, operand.getOperandNumber(), loc);
    auto it = destinations.find(&operand);
    operands.push_back(it == destinations.end()
                           ? tileOf(operand.get(), part, loc)
                           : slice(carried[it->second], part, loc));
  }
  Operation *made = makeTile(op, operands, unitsOf(member, loc));
  for (auto [result, tile] :
       llvm::zip_equal(op->getResults(), made->getResults())) {
    tiles[result] = tile;
    Ranges part;
    for (auto [axis, split] : llvm::enumerate(member.splits)) {
      int64_t factor = split.extent / segment.extents[axis] * split.resultScale;
      part.push_back({split.resultDims[result.getResultNumber()],
                      offsetOf(axis, factor, 0, loc),
                      split.extent / segment.trips[axis] * split.resultScale});
    }
    putBack(result, tile, part);
  }
}

void LoopRewriter::run() {
  rewriter.setInsertionPointAfter(lastOp);
  findOutputs();
  Location loc = segment.members.front().op->getLoc();
  auto index = [&](int64_t number) {
    return arith::ConstantIndexOp::create(rewriter, loc, number);
  };
  carried = inits;
  for (auto [extent, trips] : llvm::zip_equal(segment.extents, segment.trips)) {
    Value zero = index(0), end = index(extent);
    auto loop = scf::ForOp::create(rewriter, loc, zero, end,
                                   index(extent / trips), carried);
    if (carried.empty())
      loop.getBody()->getTerminator()->erase();
    loops.push_back(loop);
    carried.assign(loop.getRegionIterArgs().begin(),
                   loop.getRegionIterArgs().end());
    rewriter.setInsertionPointToStart(loop.getBody());
  }
  for (auto &[op, member] : members)
    visitMember(op, member);
  scf::YieldOp::create(rewriter, loc, carried);
  for (scf::ForOp outer : llvm::drop_begin(llvm::reverse(loops))) {
    rewriter.setInsertionPointToEnd(outer.getBody());
    scf::YieldOp::create(rewriter, loc, outer.getBody()->back().getResults());
  }
  finish(loops.front().getResults(), loops.front());
}

//===----------------------------------------------------------------------===//
// Trips written out
//===----------------------------------------------------------------------===//

namespace {

/// Writes the trips of a segment out. A trip does the units of an op that its
/// users need by then, from where the trip before ended.
class UnrollRewriter : SegmentRewriter {
public:
  using SegmentRewriter::SegmentRewriter;
  void run();

private:
  /// Rows of a value that a trip has made.
  struct Piece {
    Value tile;
    int64_t begin = 0, end = 0;
  };

  bool isOnDemand(Operation *op) const { return onDemand.contains(op); }
  void findOnDemand();
  void findEnds();
  Ranges rowsOf(int64_t dim, int64_t begin, int64_t end);
  SmallVector<Piece> piecesOf(Value value, int64_t dim, int64_t begin,
                              int64_t end, Location loc);
  Value joined(Value value, int64_t dim, int64_t begin, int64_t end,
               Location loc);
  Value rows(Value value, int64_t dim, int64_t begin, int64_t end,
             Location loc);
  Value padded(tensor::PadOp pad, int64_t dim, int64_t begin, int64_t end);
  Value demanded(OpResult value, int64_t begin, int64_t end);
  SmallVector<Value> operandsFor(Operation *op, int64_t begin, int64_t end);
  void doUnits(Operation *op, int64_t begin, int64_t end);

  llvm::SmallPtrSet<Operation *, 16> onDemand;
  /// By op: where each trip ends.
  DenseMap<Operation *, SmallVector<int64_t>> ends;
  DenseMap<Value, SmallVector<Piece>> pieces;
  DenseMap<Operation *, Piece> lastPadded;
  DenseMap<std::pair<Value, std::pair<int64_t, int64_t>>, Value> cache;
};

} // namespace

/// Names for parts, paddings and fills are made for who uses them, unless they
/// are used behind the segment.
void UnrollRewriter::findOnDemand() {
  for (auto &[op, member] : members) {
    bool filled = isa<linalg::FillOp>(op) &&
                  isUnwritten(cast<linalg::FillOp>(op).getDpsInits()[0]);
    if (isPartView(op) || ((filled || isa<tensor::PadOp>(op)) &&
                           !outputs.contains(op->getResult(0))))
      onDemand.insert(op);
  }
}

/// What is used by no other op of the segment is done in equal trips.
void UnrollRewriter::findEnds() {
  int64_t trips = segment.trips[0];
  for (auto &[op, member] : llvm::reverse(members)) {
    const Split &split = member.splits[0];
    SmallVector<int64_t> &end = ends[op];
    bool used = !end.empty();
    end.resize(trips, 0);
    for (int64_t t = 0; t < trips; ++t) {
      end[t] = llvm::divideCeil(end[t], split.resultScale);
      if (!used)
        end[t] = split.extent * (t + 1) / trips;
      end[t] = std::min(end[t], split.extent);
    }
    end.back() = split.extent;
    SmallVector<int64_t> mine = end;
    for (OpOperand &operand : op->getOpOperands()) {
      const OperandSplit &part = split.operands[operand.getOperandNumber()];
      Operation *maker = operand.get().getDefiningOp();
      if (part.dim < 0 || !maker || !isMember(maker))
        continue;
      // In rows of the operand, until its op is visited.
      SmallVector<int64_t> &needed = ends[maker];
      needed.resize(trips, 0);
      for (int64_t t = 0; t < trips; ++t)
        if (mine[t] > 0)
          needed[t] = std::max(needed[t], mine[t] * part.scale + part.high);
    }
  }
}

Ranges UnrollRewriter::rowsOf(int64_t dim, int64_t begin, int64_t end) {
  return {{dim, rewriter.getIndexAttr(begin), end - begin}};
}

/// The tensors that have these rows of a value, in order.
SmallVector<UnrollRewriter::Piece>
UnrollRewriter::piecesOf(Value value, int64_t dim, int64_t begin, int64_t end,
                         Location loc) {
  Operation *maker = value.getDefiningOp();
  if (!maker || !isMember(maker) || isOnDemand(maker))
    return {{rows(value, dim, begin, end, loc), begin, end}};
  SmallVector<Piece> found;
  for (const Piece &piece : pieces[value]) {
    int64_t from = std::max(begin, piece.begin), to = std::min(end, piece.end);
    if (from < to)
      found.push_back(
          {slice(piece.tile, rowsOf(dim, from - piece.begin, to - piece.begin),
                 loc),
           from, to});
  }
  return found;
}

/// Rows that trips have made, in one tensor.
Value UnrollRewriter::joined(Value value, int64_t dim, int64_t begin,
                             int64_t end, Location loc) {
  SmallVector<Piece> parts = piecesOf(value, dim, begin, end, loc);
  if (parts.size() == 1)
    return parts.front().tile;
  Value whole = makeEmpty(value, rowsOf(dim, begin, end), loc);
  for (const Piece &part : parts) {
    SliceNumbers at(cast<RankedTensorType>(part.tile.getType()),
                    rowsOf(dim, part.begin - begin, part.end - begin),
                    rewriter.getContext());
    whole = insertAt(part.tile, whole, at.offsets, loc);
  }
  return whole;
}

Value UnrollRewriter::rows(Value value, int64_t dim, int64_t begin, int64_t end,
                           Location loc) {
  Ranges part = rowsOf(dim, begin, end);
  if (isUnwritten(value))
    return makeEmpty(value, part, loc);
  Operation *maker = value.getDefiningOp();
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(maker))
    if (isUnwritten(fill.getDpsInits()[0]) &&
        (!isMember(maker) || isOnDemand(maker)))
      return makeFilled(fill, part, loc);
  Value &known = cache[{value, {begin, end}}];
  if (known)
    return known;
  Value made;
  if (!maker || !isMember(maker))
    made = slice(value, part, loc);
  else if (auto pad = dyn_cast<tensor::PadOp>(maker); pad && isOnDemand(maker))
    made = padded(pad, dim, begin, end);
  else if (isOnDemand(maker))
    made = demanded(cast<OpResult>(value), begin, end);
  else
    made = joined(value, dim, begin, end, loc);
  return cache[{value, {begin, end}}] = made;
}

/// Rows of a padded tensor. Those that the part before has are copied from
/// there, so that the op before can write the new ones in place.
Value UnrollRewriter::padded(tensor::PadOp pad, int64_t dim, int64_t begin,
                             int64_t end) {
  Location loc = pad.getLoc();
  const Piece before = lastPadded.lookup(pad);
  int64_t known = before.tile && before.begin <= begin && begin < before.end
                      ? std::min(before.end, end)
                      : begin;
  int64_t low = -members.find(pad)->second.splits[0].operands[0].low;
  int64_t from = std::max<int64_t>(known - low, 0);
  int64_t to = std::min(end - low, pad.getSourceType().getDimSize(dim));
  SmallVector<Piece> parts;
  if (from < to)
    parts = piecesOf(pad.getSource(), dim, from, to, loc);
  Value whole;
  if (parts.size() == 1 && known == begin) {
    whole = makeTile(pad, parts.front().tile, rowsOf(dim, begin, end))
                ->getResult(0);
  } else {
    whole = makeEmpty(pad.getResult(), rowsOf(dim, begin, end), loc);
    Value padding = uniformPadding(rewriter, pad);
    whole = linalg::FillOp::create(rewriter, loc, padding, whole).getResult(0);
    SmallVector<OpFoldResult> offsets(pad.getMixedLowPad());
    for (const Piece &part : parts) {
      offsets[dim] = rewriter.getIndexAttr(part.begin + low - begin);
      whole = insertAt(part.tile, whole, offsets, loc);
    }
    if (known > begin) {
      Value old =
          slice(before.tile,
                rowsOf(dim, begin - before.begin, known - before.begin), loc);
      offsets.assign(offsets.size(), rewriter.getIndexAttr(0));
      whole = insertAt(old, whole, offsets, loc);
    }
  }
  lastPadded[pad] = {whole, begin, end};
  return whole;
}

/// Rows of what is made for who uses it.
Value UnrollRewriter::demanded(OpResult value, int64_t begin, int64_t end) {
  Operation *op = value.getOwner();
  const Split &split = members.find(op)->second.splits[0];
  int64_t first = begin / split.resultScale;
  auto behind = int64_t(llvm::divideCeil(end, split.resultScale));
  Operation *made =
      makeTile(op, operandsFor(op, first, behind),
               rowsOf(members.find(op)->second.dims[0], first, behind));
  int64_t start = begin - first * split.resultScale;
  return slice(made->getResult(0),
               rowsOf(split.resultDims[0], start, start + end - begin),
               op->getLoc());
}

SmallVector<Value> UnrollRewriter::operandsFor(Operation *op, int64_t begin,
                                               int64_t end) {
  const Split &split = members.find(op)->second.splits[0];
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    const OperandSplit &part = split.operands[operand.getOperandNumber()];
    if (part.dim < 0) {
      operands.push_back(operand.get());
      continue;
    }
    int64_t size =
        cast<RankedTensorType>(operand.get().getType()).getDimSize(part.dim);
    int64_t from = std::max<int64_t>(begin * part.scale + part.low, 0);
    int64_t to = std::min(end * part.scale + part.high, size);
    auto it = destinations.find(&operand);
    operands.push_back(
        it == destinations.end()
            ? rows(operand.get(), part.dim, from, to, op->getLoc())
            : slice(carried[it->second], rowsOf(part.dim, from, to),
                    op->getLoc()));
  }
  return operands;
}

void UnrollRewriter::doUnits(Operation *op, int64_t begin, int64_t end) {
  const Member &member = members.find(op)->second;
  const Split &split = member.splits[0];
  Operation *made;
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    made = padded(pad, member.dims[0], begin, end).getDefiningOp();
  } else {
    made = makeTile(op, operandsFor(op, begin, end),
                    rowsOf(member.dims[0], begin, end));
  }
  for (auto [result, tile] :
       llvm::zip_equal(op->getResults(), made->getResults())) {
    int64_t from = begin * split.resultScale, to = end * split.resultScale;
    pieces[result].push_back({tile, from, to});
    putBack(result, tile,
            rowsOf(split.resultDims[result.getResultNumber()], from, to));
  }
}

void UnrollRewriter::run() {
  rewriter.setInsertionPointAfter(lastOp);
  findOutputs();
  carried = inits;
  findOnDemand();
  findEnds();
  for (int64_t trip = 0; trip < segment.trips[0]; ++trip)
    for (auto &[op, member] : members) {
      int64_t begin = trip ? ends[op][trip - 1] : 0, end = ends[op][trip];
      if (begin < end && !isOnDemand(op))
        doUnits(op, begin, end);
    }
  finish(carried, rewriter.getInsertionPoint()->getPrevNode());
}

//===----------------------------------------------------------------------===//
// A segment
//===----------------------------------------------------------------------===//

void mempl::ir::tiling::tileSegment(RewriterBase &rewriter,
                                    const Segment &segment) {
  if (segment.unroll)
    UnrollRewriter(rewriter, segment).run();
  else
    LoopRewriter(rewriter, segment).run();
}

Segment mempl::ir::tiling::mapSegment(const Segment &segment,
                                      const IRMapping &mapping) {
  Segment mapped = segment;
  for (SplitOp &member : mapped.members)
    member.op = mapping.lookup(member.op);
  return mapped;
}
