//===- MemplToNpu.h - a lowering of one's own -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LOWERING_MEMPLTONPU_H
#define LOWERING_MEMPLTONPU_H

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace lowering {

/// `mempl.copy_start` becomes a call of `npu_copy_in` or `npu_copy_out`, which
/// gives a ticket, and its waits calls of `npu_wait` with the ticket. For
/// copies of memrefs without holes.
void populateCopiesToNpuPatterns(mlir::RewritePatternSet &patterns);

/// Registers the pass `convert-mempl-to-npu`: copies as calls of the driver of
/// an NPU, storage as mempl's convert-mempl-to-memref has it.
void registerMemplToNpu();

} // namespace lowering

#endif // LOWERING_MEMPLTONPU_H
