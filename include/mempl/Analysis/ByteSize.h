//===- ByteSize.h - bytes of tensors and memrefs ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_BYTESIZE_H
#define MEMPL_ANALYSIS_BYTESIZE_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

#include <cstdint>
#include <optional>

namespace mempl::ir {

/// Bytes of a tensor or memref of static shape: its elements times the size of
/// one in memory, which is whole bytes (i1 and i4 take one, an index eight) and
/// a multiple of its ABI alignment (i24 takes four).
/// Nothing for a dynamic shape, an element without a size, and 2^63 or more.
std::optional<int64_t> bytesOfType(ShapedType type, const DataLayout &layout);

/// The largest that dimension `dim` of a ranked tensor or memref can be, at
/// least 0, as upperBoundOf() proves it (IntegerRange.h). Nothing where it
/// cannot.
std::optional<int64_t> upperBoundExtent(Value shaped, int64_t dim);

/// The same as bytesOfType for a value; a dynamic extent counts as the largest
/// that can be proved. Nothing where there is none.
std::optional<int64_t> upperBoundBytes(Value shaped, const DataLayout &layout);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_BYTESIZE_H
