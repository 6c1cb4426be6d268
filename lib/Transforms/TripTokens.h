//===- TripTokens.h - what loops carry for copies across trips --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A copy that one trip of a loop starts and another one awaits needs a token
// that the loop carries, and what is copied a trip ahead a slice as the next
// trip would take it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TRIPTOKENS_H
#define MEMPL_LIB_TRANSFORMS_TRIPTOKENS_H

#include "mempl/IR/Namespace.h"

#include "mempl/Problem/Plan.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mempl::ir {

struct FunctionProblem;

/// Whether the residency, of a body with `numSteps` steps, is copied out into
/// the trip after the one that it serves.
bool isCarriedOut(const Residency &residency, int32_t numSteps);

/// Of a loop whose body has a plan: what of it is different in another trip.
class LoopTrips {
public:
  /// `plan` is that of the body, which has `numSteps` steps. The loop carries
  /// the tokens (carryTokens()). Adds ops at the beginning of its body.
  LoopTrips(scf::ForOp loop, const Plan &plan, int32_t numSteps);

  /// The numbers among the loop's results of the tokens of a residency; -1
  /// where it has none.
  int32_t tokenIn(int32_t residency) const { return tokens[residency].first; }
  int32_t tokenOut(int32_t residency) const { return tokens[residency].second; }

  /// Whether this trip, or the next one, is odd: i1. Only of a plan that has
  /// residencies with two offsets.
  Value isOdd() const { return odd; }
  Value isNextOdd() const { return even; }
  /// The induction variable of the next trip, and whether there is one: i1.
  /// Only of a plan that copies in ahead.
  Value getNext() const { return next; }
  Value hasNext() const { return more; }

  /// Whether the loop runs at all: i1, before it; null if it surely does.
  Value runs(OpBuilder &builder);
  /// The slice of the loop's body as the trip takes it whose induction variable
  /// is `trip`, in the loop or before it, from `whole` if that is given, else
  /// from the tensor that it is taken from; null if it depends on more.
  Value sliceAt(OpBuilder &builder, tensor::ExtractSliceOp slice, Value trip,
                Value whole);

private:
  Value compare(OpBuilder &builder, Value a, Value b);

  scf::ForOp loop;
  std::vector<std::pair<int32_t, int32_t>> tokens;
  Value odd, even, next, more;
};

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_TRIPTOKENS_H
