//===- YieldedTensors.h - what a loop hands to its next trip --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A hole in upstream's bufferization, which has to be closed before it runs.
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
/// its carried tensors, for all but the first: they would be one buffer in the
/// next trip, where One-Shot Analysis, with allowReturnAllocsFromLoops, takes
/// them for two and lets one be written in place while the other is still read.
/// A tensor is yielded twice if both values may be the same buffer by that
/// analysis. Where it fails nothing is copied.
void copyTensorsYieldedTwice(RewriterBase &rewriter, Operation *module);

} // namespace mempl::ir

#endif // MEMPL_IR_YIELDEDTENSORS_H
