//===- ConcretePlaces.h - indices and slices in one run ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the replay of loops trip by trip: what index computations give when the
// induction variables are known, and which part of a buffer a slice then is.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_CONCRETEPLACES_H
#define MEMPL_LIB_TRANSFORMS_CONCRETEPLACES_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace mempl::ir {

/// What integers and indices are, as far as that is known.
class ConcreteIndices {
public:
  void set(Value value, int64_t number) { known[value] = number; }
  void forget(Value value) { known.erase(value); }
  void clear() { known.clear(); }

  /// What `value` is: a constant, a number that was set, or computed of these
  /// by ops of arith and affine. Bits are 0 and 1.
  std::optional<int64_t> evaluate(Value value) const {
    return compute(value, /*guesses=*/false);
  }
  /// The same, where all that is not known is taken as 1: whatever it is, it is
  /// that everywhere.
  int64_t guess(OpFoldResult value) const;

private:
  std::optional<int64_t> compute(Value value, bool guesses) const;

  llvm::DenseMap<Value, int64_t> known;
};

/// A box of a buffer, in elements.
struct Place {
  /// What the bounds are of: the buffer, or all of it in another shape.
  Value base;
  /// Begin and end in each dimension of the buffer; empty for all of it.
  SmallVector<std::pair<int64_t, int64_t>, 4> bounds;
  /// The dimension of the buffer that each dimension of the tensor or memref
  /// runs along; empty where it is another shape than that of the box.
  SmallVector<unsigned, 4> dims;

  /// All of `buffer`.
  static Place all(Value buffer);
  /// The same place of a buffer that is `value` in another shape.
  Place reshaped(Value value) const;
  /// The part of it that `slice` takes; `dropped` are its dimensions that the
  /// result does not have.
  Place sliced(OffsetSizeAndStrideOpInterface slice,
               const llvm::SmallBitVector &dropped,
               const ConcreteIndices &indices) const;
  bool meets(const Place &other) const;
};

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_CONCRETEPLACES_H
