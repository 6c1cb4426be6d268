//===- SlowReason.h - why a tensor can only be in slow memory ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reasons that depend on an op, with what a user can do about them. Every
// one goes on after "it". docs/Explanations.md lists them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_ANALYSIS_SLOWREASON_H
#define MEMPL_LIB_ANALYSIS_SLOWREASON_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Operation.h"

#include <string>

namespace mlir::func {
class CallOp;
}

namespace mempl::ir {

/// Why a storage can only be in slow memory.
struct SlowReason {
  /// Of this storage: names ops and functions.
  std::string text;
  /// What storages have in common, for sums by reason: names kinds of ops, and
  /// what helps. Empty where it is `text`.
  std::string shared;
};

/// A size that nothing bounds.
SlowReason unboundedReason();

/// A use by `op`, which has no BufferizableOpInterface. Names the pass that
/// makes ops of it that have one.
SlowReason doesNotBufferizeReason(Operation *op);

/// A use by `op`, whose inside is not placed.
SlowReason opaqueRegionReason(Operation *op);

/// An operand or a result of `call`.
SlowReason callReason(func::CallOp call);

/// A use in slices that are values of a loop's body.
SlowReason slicesReason();

/// The encoding of a tensor type.
SlowReason encodingReason(Attribute encoding);

/// A memory space that the program names.
SlowReason memorySpaceReason(Attribute space);

} // namespace mempl::ir

#endif // MEMPL_LIB_ANALYSIS_SLOWREASON_H
