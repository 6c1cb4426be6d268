//===- TypeMutations.cpp - other types, sizes and spaces ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutation.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;
using namespace mempl::fuzz;

static constexpr const char *kElements[] = {
    "f32", "f16",   "bf16",         "f64", "i1", "i8",
    "i32", "index", "complex<f32>", "i64", "i4", "i65",
};

static constexpr const char *kSpaces[] = {
    "#mempl.space<fast>", "#mempl.space<slow>", "#mempl.space<l2>", "1", "0"};

static constexpr int64_t kMostInVector = 64;

static bool isShaped(Type type) {
  return isa<RankedTensorType, MemRefType, VectorType>(type);
}

bool Mutation::replaceEverywhere(AttrTypeReplacer &replacer) {
  // Numbers of constants go with their type.
  replacer.addReplacement(
      [&](DenseElementsAttr attr)
          -> std::optional<std::pair<Attribute, WalkResult>> {
        auto type = cast<ShapedType>(replacer.replace(attr.getType()));
        if (type == attr.getType())
          return {{attr, WalkResult::skip()}};
        Attribute zero;
        if (type.hasStaticShape() &&
            type.getElementType().isIntOrIndexOrFloat())
          zero = builder.getZeroAttr(type);
        return {{zero ? zero : attr, WalkResult::skip()}};
      });
  replacer.addReplacement(
      [&](TypedAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!isa<FloatAttr, IntegerAttr>(attr))
          return std::nullopt;
        Type type = replacer.replace(attr.getType());
        if (type == attr.getType() || !type.isIntOrIndexOrFloat())
          return {{attr, WalkResult::skip()}};
        return {{builder.getZeroAttr(type), WalkResult::skip()}};
      });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  return true;
}

bool Mutation::changeElementsEverywhere() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getResultTypes(), isShaped) ||
           llvm::any_of(op->getOperandTypes(), isShaped);
  });
  if (!op)
    return false;
  SmallVector<Type> types(op->getResultTypes());
  llvm::append_range(types, op->getOperandTypes());
  Type from = getElementTypeOrSelf(pick(types));
  Type to = parseType(pick(kElements), module.getContext());
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](Type type) -> std::optional<Type> {
    return type == from ? std::optional<Type>(to) : std::nullopt;
  });
  return replaceEverywhere(replacer);
}

/// The same type with other sizes; null if it cannot have them.
static Type withShape(ShapedType type, ArrayRef<int64_t> shape) {
  // Upstream writes out what is done with the elements of a vector.
  if (isa<VectorType>(type) && llvm::any_of(shape, [](int64_t size) {
        return ShapedType::isDynamic(size) || size > kMostInVector;
      }))
    return {};
  if (auto memref = dyn_cast<MemRefType>(type))
    if (!memref.getLayout().isIdentity() &&
        shape.size() != memref.getShape().size())
      return {};
  if (isa<VectorType>(type) && llvm::is_contained(shape, 0))
    return {};
  return type.clone(shape);
}

bool Mutation::changeSizeEverywhere() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getOperandTypes(), isShaped);
  });
  if (!op)
    return false;
  SmallVector<int64_t> sizes;
  for (Type type : op->getOperandTypes())
    if (isShaped(type))
      llvm::append_range(sizes, cast<ShapedType>(type).getShape());
  if (sizes.empty())
    return false;
  int64_t from = pick(sizes);
  const int64_t choices[] = {0,
                             1,
                             2,
                             3,
                             5,
                             7,
                             16,
                             1 << 20,
                             from + 1,
                             from * 2,
                             ShapedType::kDynamic,
                             int64_t(1) << 61};
  int64_t to = pick(choices);
  if (to < 0)
    to = ShapedType::kDynamic;
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](Type type) -> std::optional<Type> {
    if (!isShaped(type))
      return std::nullopt;
    SmallVector<int64_t> shape(cast<ShapedType>(type).getShape());
    llvm::replace(shape, from, to);
    Type changed = withShape(cast<ShapedType>(type), shape);
    return changed ? std::optional<Type>(changed) : std::nullopt;
  });
  return replaceEverywhere(replacer);
}

bool Mutation::changeSpaceEverywhere() {
  Attribute space = parseAttribute(pick(kSpaces), module.getContext());
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<MemRefType>) ||
           llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
  });
  if (!op)
    return false;
  SmallVector<MemRefType> types;
  for (Type type : op->getResultTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      types.push_back(memref);
  for (Type type : op->getOperandTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      types.push_back(memref);
  MemRefType from = pick(types);
  bool isAll = oneIn(2);
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](MemRefType type) -> std::optional<Type> {
    if (isAll ? type.getMemorySpace() != from.getMemorySpace() : type != from)
      return std::nullopt;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           type.getLayout(), space);
  });
  return replaceEverywhere(replacer);
}

Type Mutation::changed(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank() || oneIn(8))
    return parseType(changedText(debugString(type)), module.getContext());
  SmallVector<int64_t> shape(shaped.getShape());
  switch (below(6)) {
  case 0:
    return shaped.clone(parseType(pick(kElements), module.getContext()));
  case 1:
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      return RankedTensorType::get(
          shape, tensor.getElementType(),
          parseAttribute(pick(kSpaces), module.getContext()));
    if (auto memref = dyn_cast<MemRefType>(type))
      return MemRefType::get(
          shape, memref.getElementType(), memref.getLayout(),
          parseAttribute(pick(kSpaces), module.getContext()));
    return {};
  case 2:
    if (isa<RankedTensorType>(type))
      return UnrankedTensorType::get(shaped.getElementType());
    return {};
  case 3:
    shape.push_back(1);
    break;
  case 4:
    if (shape.empty())
      return {};
    shape.pop_back();
    break;
  default:
    if (shape.empty())
      return {};
    shape[below(shape.size())] =
        oneIn(3) ? ShapedType::kDynamic : int64_t(below(9));
  }
  return withShape(shaped, shape);
}

bool Mutation::changeTypeOfValue() {
  Operation *op = pickOp(
      [](Operation *op) { return op->getNumResults() || op->getNumRegions(); });
  if (!op)
    return false;
  std::vector<Value> values(op->result_begin(), op->result_end());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      llvm::append_range(values, block.getArguments());
  if (values.empty())
    return false;
  Value value = pick(values);
  Type type = changed(value.getType());
  if (!type)
    return false;
  value.setType(type);
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (function && !function.isExternal())
    function.setType(
        function.cloneTypeWith(function.getFunctionBody().getArgumentTypes(),
                               function.getResultTypes()));
  return true;
}
