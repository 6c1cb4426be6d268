//===- Trips.cpp - how often loops run ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop over a range has as many trips as steps fit between its bounds. Where
// these are values, the largest distance that can be proved counts. An
// scf.while counts if its condition compares, with something that is the same
// in all trips, a value to which each trip adds a constant.
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/Trips.h"

#include "mempl/Analysis/IntegerRange.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using Variable = ValueBoundsConstraintSet::Variable;

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// The largest that `upper` - `lower` can be.
static std::optional<int64_t> mostBetween(const Variable &lower,
                                          const Variable &upper) {
  MLIRContext *context = lower.getContext();
  AffineExpr difference =
      getAffineDimExpr(0, context) - getAffineDimExpr(1, context);
  return upperBoundOf(
      Variable(AffineMap::get(2, 0, difference), {upper, lower}));
}

static std::optional<int64_t> distanceOf(OpFoldResult lower,
                                         OpFoldResult upper) {
  auto constant = [](OpFoldResult bound) { return getConstantIntValue(bound); };
  int64_t distance;
  if (constant(lower) && constant(upper))
    return llvm::SubOverflow(*constant(upper), *constant(lower), distance)
               ? std::nullopt
               : std::optional(distance);
  auto isIndex = [](OpFoldResult bound) {
    auto value = dyn_cast<Value>(bound);
    return !value || value.getType().isIndex();
  };
  if (isIndex(lower) && isIndex(upper))
    return mostBetween(Variable(lower), Variable(upper));
  auto rangeOfBound = [](OpFoldResult bound) {
    if (auto value = dyn_cast<Value>(bound))
      return rangeOf(value);
    return ConstantIntRanges::constant(
        cast<IntegerAttr>(cast<Attribute>(bound)).getValue());
  };
  ConstantIntRanges from = rangeOfBound(lower), to = rangeOfBound(upper);
  if (to.smax().isMaxSignedValue() || from.smin().isMinSignedValue() ||
      llvm::SubOverflow(to.smax().getSExtValue(), from.smin().getSExtValue(),
                        distance))
    return std::nullopt;
  return distance;
}

/// The least that a step can be, 1 at least.
static int64_t leastStep(OpFoldResult step) {
  if (std::optional<int64_t> constant = getConstantIntValue(step))
    return std::max<int64_t>(1, *constant);
  return std::max<int64_t>(1, rangeOf(cast<Value>(step)).smin().getSExtValue());
}

/// The trips of one dimension over a distance; at least 1.
static int64_t tripsOver(int64_t distance, int64_t step) {
  return distance <= 0 ? 1 : llvm::divideCeil(distance, step);
}

/// Between two maps of affine bounds: the largest of the lower ones, the
/// smallest of the upper ones.
static std::optional<int64_t> mostBetween(AffineMap lower, ValueRange from,
                                          AffineMap upper, ValueRange to) {
  auto variable = [](AffineMap map, unsigned result, ValueRange operands) {
    return Variable(map.getSubMap({result}), operands);
  };
  std::optional<int64_t> least;
  for (unsigned i = 0; i < lower.getNumResults(); ++i)
    for (unsigned j = 0; j < upper.getNumResults(); ++j) {
      std::optional<int64_t> distance =
          mostBetween(variable(lower, i, from), variable(upper, j, to));
      if (distance)
        least = std::min(least.value_or(*distance), *distance);
    }
  return least;
}

/// The trips of every dimension of a loop over ranges; nothing for one that
/// cannot be bounded.
static SmallVector<std::optional<int64_t>> extentsOf(LoopLikeOpInterface loop) {
  SmallVector<std::optional<int64_t>> extents;
  auto add = [&](std::optional<int64_t> distance, int64_t step) {
    extents.push_back(distance ? std::optional(tripsOver(*distance, step))
                               : std::nullopt);
  };
  Operation *op = loop;
  if (auto affineFor = dyn_cast<affine::AffineForOp>(op)) {
    add(mostBetween(
            affineFor.getLowerBoundMap(), affineFor.getLowerBoundOperands(),
            affineFor.getUpperBoundMap(), affineFor.getUpperBoundOperands()),
        affineFor.getStepAsInt());
    return extents;
  }
  if (auto parallel = dyn_cast<affine::AffineParallelOp>(op)) {
    for (auto [i, step] : llvm::enumerate(parallel.getSteps()))
      add(mostBetween(
              parallel.getLowerBoundMap(i), parallel.getLowerBoundsOperands(),
              parallel.getUpperBoundMap(i), parallel.getUpperBoundsOperands()),
          step);
    return extents;
  }
  auto lower = loop.getLoopLowerBounds(), upper = loop.getLoopUpperBounds(),
       steps = loop.getLoopSteps();
  if (!lower || !upper || !steps)
    return {std::nullopt};
  for (auto [from, to, step] : llvm::zip(*lower, *upper, *steps))
    add(distanceOf(from, to), leastStep(step));
  return extents;
}

//===----------------------------------------------------------------------===//
// scf.while
//===----------------------------------------------------------------------===//

namespace {
/// A value that is `offset` more than an argument of the condition.
struct Counter {
  BlockArgument argument;
  int64_t offset = 0;
};
} // namespace

/// What `value` is, seen from the condition of its loop in the same trip.
static std::optional<Counter> counterOf(scf::WhileOp loop, Value value) {
  Counter counter;
  // A counter is a few additions; a longer chain is none.
  for (int i = 0; i < 16; ++i) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == loop.getBeforeBody()) {
        counter.argument = argument;
        return counter;
      }
      if (argument.getOwner() != loop.getAfterBody())
        return std::nullopt;
      value = loop.getConditionOp().getArgs()[argument.getArgNumber()];
      continue;
    }
    Operation *op = value.getDefiningOp();
    APInt constant;
    bool adds = isa<arith::AddIOp>(op), subtracts = isa<arith::SubIOp>(op);
    if (!adds && !subtracts)
      return std::nullopt;
    unsigned number = 1;
    if (adds && matchPattern(op->getOperand(0), m_ConstantInt(&constant)))
      number = 0;
    else if (!matchPattern(op->getOperand(1), m_ConstantInt(&constant)))
      return std::nullopt;
    int64_t amount = constant.getSExtValue();
    if (subtracts ? llvm::SubOverflow(counter.offset, amount, counter.offset)
                  : llvm::AddOverflow(counter.offset, amount, counter.offset))
      return std::nullopt;
    value = op->getOperand(1 - number);
  }
  return std::nullopt;
}

/// The predicate that says of (b, a) what `predicate` says of (a, b).
static arith::CmpIPredicate swapSides(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
  case P::ne:
    return predicate;
  case P::slt:
    return P::sgt;
  case P::sle:
    return P::sge;
  case P::sgt:
    return P::slt;
  case P::sge:
    return P::sle;
  case P::ult:
    return P::ugt;
  case P::ule:
    return P::uge;
  case P::ugt:
    return P::ult;
  case P::uge:
    return P::ule;
  }
  llvm_unreachable("a predicate without its other side");
}

/// How often `condition` holds at most if the counter goes on for ever; nothing
/// where that is not known.
static std::optional<int64_t> timesThatHold(scf::WhileOp loop,
                                            Value condition) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>()) {
    std::optional<int64_t> first = timesThatHold(loop, both.getLhs()),
                           second = timesThatHold(loop, both.getRhs());
    return first && second ? std::min(*first, *second) : first ? first : second;
  }
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare)
    return std::nullopt;
  arith::CmpIPredicate predicate = compare.getPredicate();
  Value left = compare.getLhs(), right = compare.getRhs();
  auto isFixed = [&](Value value) {
    return matchPattern(value, m_Constant()) ||
           !loop->isAncestor(value.getParentBlock()->getParentOp());
  };
  if (isFixed(left) && !isFixed(right)) {
    std::swap(left, right);
    predicate = swapSides(predicate);
  }
  std::optional<Counter> counter = counterOf(loop, left);
  if (!counter || !isFixed(right))
    return std::nullopt;
  unsigned number = counter->argument.getArgNumber();
  std::optional<Counter> next =
      counterOf(loop, loop.getYieldOp().getResults()[number]);
  if (!next || next->argument != counter->argument || next->offset == 0)
    return std::nullopt;
  Value start = loop.getInits()[number];
  int64_t step = next->offset, offset = counter->offset;
  using P = arith::CmpIPredicate;
  bool up = llvm::is_contained({P::slt, P::sle, P::ult, P::ule}, predicate);
  bool down = llvm::is_contained({P::sgt, P::sge, P::ugt, P::uge}, predicate);
  if (predicate == P::ne) {
    up = step > 0;
    down = step < 0;
  }
  if ((up && step < 0) || (down && step > 0) || up == down)
    return std::nullopt;
  std::optional<int64_t> distance =
      up ? distanceOf(start, right) : distanceOf(right, start);
  if (!distance ||
      llvm::SubOverflow(*distance, up ? offset : -offset, *distance))
    return std::nullopt;
  bool closed = llvm::is_contained({P::sle, P::ule, P::sge, P::uge}, predicate);
  if (*distance + closed <= 0)
    return 0;
  return llvm::divideCeil(*distance + closed, std::abs(step));
}

/// Whether the work of the loop is in its condition.
static bool worksInCondition(scf::WhileOp loop) {
  return llvm::hasSingleElement(*loop.getAfterBody());
}

//===----------------------------------------------------------------------===//
// Trips
//===----------------------------------------------------------------------===//

Trips mempl::ir::tripsOf(Operation *op) {
  Trips trips;
  if (auto told = op->getAttrOfType<IntegerAttr>(kTripsAttr)) {
    trips.count = std::max<int64_t>(1, told.getInt());
    return trips;
  }
  if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    std::optional<int64_t> times =
        timesThatHold(loop, loop.getConditionOp().getCondition());
    trips.known = times.has_value();
    if (times)
      trips.count =
          std::max<int64_t>(1, *times + (worksInCondition(loop) ? 1 : 0));
    return trips;
  }
  auto loop = dyn_cast<scf::ForOp>(op);
  // Numbers that are negative for all that follows.
  if (loop && loop.getUnsignedCmp() &&
      llvm::any_of(
          ValueRange{loop.getLowerBound(), loop.getUpperBound(),
                     loop.getStep()},
          [](Value value) { return rangeOf(value).smin().isNegative(); })) {
    trips.known = false;
    return trips;
  }
  if (loop)
    if (std::optional<APInt> count = loop.getStaticTripCount()) {
      trips.count = count->getActiveBits() < 63
                        ? std::max<int64_t>(1, count->getSExtValue())
                        : INT32_MAX;
      return trips;
    }
  for (std::optional<int64_t> extent : extentsOf(cast<LoopLikeOpInterface>(op)))
    if (!extent)
      trips.known = false;
    else if (llvm::MulOverflow(trips.count, *extent, trips.count))
      trips.count = INT32_MAX;
  return trips;
}

int64_t mempl::ir::timesOf(Region &region) {
  Operation *op = region.getParentOp();
  if (!isa<LoopLikeOpInterface>(op))
    return 1;
  int64_t trips = tripsOf(op).count;
  auto loop = dyn_cast<scf::WhileOp>(op);
  if (!loop)
    return trips;
  if (worksInCondition(loop))
    return trips;
  return &region == &loop.getBefore() && trips < INT64_MAX ? trips + 1 : trips;
}

/// What bytes stay below, so that the sum of a few is no overflow.
static constexpr int64_t kMostBytes = INT64_MAX / 4;

int64_t mempl::ir::bytesOfTrips(int64_t bytes, int64_t trips) {
  int64_t product;
  return llvm::MulOverflow(bytes, trips, product)
             ? kMostBytes
             : std::min(product, kMostBytes);
}

void mempl::ir::addBytes(int64_t &sum, int64_t bytes) {
  sum = std::min(std::min(sum, kMostBytes) + std::min(bytes, kMostBytes),
                 kMostBytes);
}
