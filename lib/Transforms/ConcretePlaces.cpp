//===- ConcretePlaces.cpp - indices and slices in one run -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConcretePlaces.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace mempl::ir;

static bool compare(arith::CmpIPredicate predicate, int64_t a, int64_t b) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return a == b;
  case arith::CmpIPredicate::ne:
    return a != b;
  case arith::CmpIPredicate::slt:
    return a < b;
  case arith::CmpIPredicate::sle:
    return a <= b;
  case arith::CmpIPredicate::sgt:
    return a > b;
  case arith::CmpIPredicate::sge:
    return a >= b;
  case arith::CmpIPredicate::ult:
    return ua < ub;
  case arith::CmpIPredicate::ule:
    return ua <= ub;
  case arith::CmpIPredicate::ugt:
    return ua > ub;
  case arith::CmpIPredicate::uge:
    return ua >= ub;
  }
  llvm_unreachable("unknown predicate");
}

/// What an op of two operands gives; none for other ops, and where it overflows
/// or has no result.
static std::optional<int64_t> compute(Operation *op, int64_t a, int64_t b) {
  auto checked = [&](auto overflows) -> std::optional<int64_t> {
    int64_t result = 0;
    return overflows(a, b, result) ? std::nullopt : std::optional(result);
  };
  using Result = std::optional<int64_t>;
  bool canDivide = b > 0;
  bool isPositive = a >= 0 && b > 0;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](arith::AddIOp) { return checked(llvm::AddOverflow<int64_t>); })
      .Case([&](arith::SubIOp) { return checked(llvm::SubOverflow<int64_t>); })
      .Case([&](arith::MulIOp) { return checked(llvm::MulOverflow<int64_t>); })
      .Case<arith::DivUIOp, arith::RemUIOp>([&](Operation *op) {
        return !isPositive               ? Result()
               : isa<arith::DivUIOp>(op) ? Result(a / b)
                                         : Result(a % b);
      })
      .Case(
          [&](arith::DivSIOp) { return canDivide ? Result(a / b) : Result(); })
      .Case(
          [&](arith::RemSIOp) { return canDivide ? Result(a % b) : Result(); })
      .Case([&](arith::FloorDivSIOp) {
        return canDivide ? Result(llvm::divideFloorSigned(a, b)) : Result();
      })
      .Case([&](arith::CeilDivSIOp) {
        return canDivide ? Result(llvm::divideCeilSigned(a, b)) : Result();
      })
      .Case([&](arith::CeilDivUIOp) {
        return isPositive ? Result(llvm::divideCeilSigned(a, b)) : Result();
      })
      .Case([&](arith::MinSIOp) { return Result(std::min(a, b)); })
      .Case([&](arith::MaxSIOp) { return Result(std::max(a, b)); })
      .Case([&](arith::AndIOp) { return Result(a & b); })
      .Case([&](arith::OrIOp) { return Result(a | b); })
      .Case([&](arith::XOrIOp) { return Result(a ^ b); })
      .Case([&](arith::CmpIOp cmp) {
        return Result(compare(cmp.getPredicate(), a, b));
      })
      .Default(Result());
}

/// The results of an affine map for its operands; none if one has no number.
static SmallVector<int64_t> apply(AffineMap map, ArrayRef<int64_t> operands) {
  Builder builder(map.getContext());
  SmallVector<Attribute> attributes, results;
  for (int64_t operand : operands)
    attributes.push_back(builder.getIndexAttr(operand));
  SmallVector<int64_t> numbers;
  if (succeeded(map.constantFold(attributes, results)))
    for (Attribute result : results)
      numbers.push_back(cast<IntegerAttr>(result).getInt());
  return numbers;
}

std::optional<int64_t> ConcreteIndices::compute(Value value,
                                                bool guesses) const {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  bool isBit = value.getType().isInteger(1);
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return isBit ? int64_t(constant.getBoolValue()) : constant.getSExtValue();
  std::optional<int64_t> unknown =
      guesses ? std::optional<int64_t>(1) : std::nullopt;
  Operation *op = value.getDefiningOp();
  if (!isa_and_present<arith::ArithDialect, affine::AffineDialect>(
          op ? op->getDialect() : nullptr) ||
      op->getNumRegions() > 0)
    return unknown;
  SmallVector<int64_t> operands;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> number = operand.getType().isIntOrIndex()
                                        ? compute(operand, guesses)
                                        : std::nullopt;
    if (!number)
      return unknown;
    operands.push_back(*number);
  }
  std::optional<int64_t> result;
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp>(op)) {
    result = operands.front();
  } else if (isa<arith::SelectOp>(op)) {
    result = operands[0] ? operands[1] : operands[2];
  } else if (auto applied = dyn_cast<affine::AffineApplyOp>(op)) {
    if (SmallVector<int64_t> all = apply(applied.getMap(), operands);
        !all.empty())
      result = all.front();
  } else if (auto min = dyn_cast<affine::AffineMinOp>(op)) {
    if (SmallVector<int64_t> all = apply(min.getMap(), operands); !all.empty())
      result = *llvm::min_element(all);
  } else if (auto max = dyn_cast<affine::AffineMaxOp>(op)) {
    if (SmallVector<int64_t> all = apply(max.getMap(), operands); !all.empty())
      result = *llvm::max_element(all);
  } else if (operands.size() == 2) {
    result = ::compute(op, operands[0], operands[1]);
  }
  return result ? result : unknown;
}

int64_t ConcreteIndices::guess(OpFoldResult value) const {
  if (auto attribute = dyn_cast<Attribute>(value))
    return cast<IntegerAttr>(attribute).getInt();
  return compute(cast<Value>(value), /*guesses=*/true).value_or(1);
}

Place Place::all(Value buffer) {
  Place place;
  place.base = buffer;
  auto type = dyn_cast<ShapedType>(buffer.getType());
  if (!type || !type.hasRank())
    return place;
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    place.bounds.push_back({0, ShapedType::isDynamic(extent)
                                   ? std::numeric_limits<int64_t>::max()
                                   : extent});
    place.dims.push_back(i);
  }
  return place;
}

Place Place::reshaped(Value value) const {
  if (base && !bounds.empty() && bounds == all(base).bounds)
    return all(value);
  Place place = *this;
  place.dims.clear();
  return place;
}

Place Place::sliced(OffsetSizeAndStrideOpInterface slice,
                    const llvm::SmallBitVector &dropped,
                    const ConcreteIndices &indices) const {
  Place part = *this;
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                            sizes = slice.getMixedSizes(),
                            strides = slice.getMixedStrides();
  if (dims.size() != offsets.size())
    return part;
  part.dims.clear();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    int64_t begin = bounds[dim].first + indices.guess(offsets[i]);
    int64_t last = std::max<int64_t>(indices.guess(sizes[i]), 1) - 1;
    part.bounds[dim] = {begin, begin + last * indices.guess(strides[i]) + 1};
    if (!dropped.test(i))
      part.dims.push_back(dim);
  }
  return part;
}

bool Place::meets(const Place &other) const {
  if (base != other.base || bounds.size() != other.bounds.size())
    return true;
  return llvm::all_of(llvm::zip_equal(bounds, other.bounds), [](auto pair) {
    auto [a, b] = pair;
    return a.first < b.second && b.first < a.second;
  });
}
