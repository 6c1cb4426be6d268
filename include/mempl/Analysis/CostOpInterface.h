//===- CostOpInterface.h - the work of an op --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_COSTOPINTERFACE_H
#define MEMPL_ANALYSIS_COSTOPINTERFACE_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/OpDefinition.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <utility>

namespace mlir {
class DialectRegistry;
}

namespace mempl::ir {

/// What an op does, in operations and bytes. A multiply and an add are two
/// operations.
struct OpWork {
  double matrixOps = 0; ///< Of contractions and convolutions.
  double vectorOps = 0; ///< Of everything else.
  Type computeType;     ///< Element type that chooses the rate; may be null.
  double seconds = -1;  ///< Declared time, instead of operations; -1 if none.
  int64_t reservedBytes = 0; ///< Of fast memory, from offset 0.
  /// An extent that is not known was taken as 1.
  bool guessed = false;
  /// Operand numbers whose bytes moved are not those of their size, with the
  /// bytes, reads and writes together.
  SmallVector<std::pair<unsigned, int64_t>, 2> accessed;
};

/// The work of `op`: what its CostOpInterface says; else the sum of the ops in
/// its regions, those of a loop times its trips (Trips.h) and of an scf.if the
/// larger branch; else nothing.
OpWork workOf(Operation *op);

/// Attaches the interface to linalg's structured ops, to tensor's that access
/// parts of tensors, and to mempl.kernel.
void registerCostModels(DialectRegistry &registry);

} // namespace mempl::ir

#include "mempl/Analysis/CostOpInterface.h.inc"

#endif // MEMPL_ANALYSIS_COSTOPINTERFACE_H
