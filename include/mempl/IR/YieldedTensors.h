//===- YieldedTensors.h - what loops and functions hand on ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Holes in upstream's bufferization, which have to be closed before it runs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_YIELDEDTENSORS_H
#define MEMPL_IR_YIELDEDTENSORS_H

#include "mempl/IR/Namespace.h"

namespace mlir {
class Operation;
class RewriterBase;
} // namespace mlir

namespace mempl::ir {

/// Copies tensors of `module` that an scf.for or scf.while yields, or a
/// function that is called returns, and upstream takes for buffers of their
/// own, which they are not:
///
///   - those that are yielded for two of the carried tensors or returned as two
///     results, for all but the first: with allowReturnAllocsFromLoops One-Shot
///     Analysis takes them for two in the next trip or the caller, and lets one
///     be written in place while the other is still read. They are yielded
///     twice if both values may be the same buffer by that analysis; where it
///     fails none is copied.
///   - results of ops outside of the loop. Upstream copies these, but for a
///     view that it has copied before, outside.
void copyYieldedTensors(RewriterBase &rewriter, Operation *module);

} // namespace mempl::ir

#endif // MEMPL_IR_YIELDEDTENSORS_H
