//===- ByteSize.cpp - bytes of tensors and memrefs ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/ByteSize.h"

#include "mempl/Analysis/IntegerRange.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

/// Size of an element in memory.
static std::optional<int64_t> elementBytes(Type type,
                                           const DataLayout &layout) {
  if (!isa<IntegerType, FloatType, IndexType, ComplexType, VectorType>(type) &&
      !isa<DataLayoutTypeInterface>(type))
    return std::nullopt;
  llvm::TypeSize size = layout.getTypeSize(type);
  if (size.isScalable())
    return std::nullopt;
  // Lowered to LLVM, elements of an array stand at multiples of the alignment:
  // an i24 takes four bytes. Without bits there is none.
  uint64_t alignment = std::max<uint64_t>(layout.getTypeABIAlignment(type), 1);
  return int64_t(llvm::alignTo(size.getFixedValue(), alignment));
}

std::optional<int64_t> mempl::ir::bytesOfType(ShapedType type,
                                              const DataLayout &layout) {
  if (!type.hasStaticShape())
    return std::nullopt;
  std::optional<int64_t> bytes = elementBytes(type.getElementType(), layout);
  for (int64_t extent : type.getShape())
    if (!bytes || llvm::MulOverflow(*bytes, extent, *bytes))
      return std::nullopt;
  return bytes;
}

std::optional<int64_t> mempl::ir::upperBoundExtent(Value shaped, int64_t dim) {
  std::optional<int64_t> bound =
      upperBoundOf(ValueBoundsConstraintSet::Variable(shaped, dim));
  if (!bound)
    return std::nullopt;
  return std::max<int64_t>(*bound, 0);
}

std::optional<int64_t> mempl::ir::upperBoundBytes(Value shaped,
                                                  const DataLayout &layout) {
  auto type = cast<ShapedType>(shaped.getType());
  if (!type.hasRank())
    return std::nullopt;
  std::optional<int64_t> bytes = elementBytes(type.getElementType(), layout);
  for (int64_t i = 0; i < type.getRank() && bytes; ++i) {
    int64_t extent = type.getDimSize(i);
    if (ShapedType::isDynamic(extent)) {
      std::optional<int64_t> bound = upperBoundExtent(shaped, i);
      if (!bound)
        return std::nullopt;
      extent = *bound;
    }
    if (llvm::MulOverflow(*bytes, extent, *bytes))
      return std::nullopt;
  }
  return bytes;
}
