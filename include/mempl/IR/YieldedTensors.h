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

/// Copies tensors of `module` that an scf.for or scf.while yields for two of
/// its carried tensors, or that a function which is called returns as two
/// results, for all but the first: they are one buffer in the next trip or the
/// caller, where One-Shot Analysis, with allowReturnAllocsFromLoops, takes them
/// for two and lets one be written in place while the other is still read. A
/// tensor is handed on twice if both values may be the same buffer by that
/// analysis. Where it fails nothing is copied.
void copyTensorsHandedOnTwice(RewriterBase &rewriter, Operation *module);

/// Copies tensors from outside of a loop that upstream does not copy where the
/// loop yields them, though the next trip may write in them: what an scf.while
/// yields, and what an scf.for or scf.while hands on if an op has made it that
/// gives a tensor another name, as some calls do.
void copyYieldedFromOutside(RewriterBase &rewriter, Operation *module);

} // namespace mempl::ir

#endif // MEMPL_IR_YIELDEDTENSORS_H
