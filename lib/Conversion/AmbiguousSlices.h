//===- AmbiguousSlices.h - slices upstream takes for others -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_AMBIGUOUSSLICES_H
#define MEMPL_LIB_CONVERSION_AMBIGUOUSSLICES_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mempl::ir {

/// Drops dimensions of slices by a reshape of its own where a step is not one
/// and more dimensions have one element than are dropped: upstream looks for
/// those that are by the strides of the whole tensor, finds none, and crashes.
/// Returns the `memref.subview` ops that have a layout that no reshape has.
SmallVector<Operation *> reshapeAmbiguousSlices(RewriterBase &rewriter,
                                                ModuleOp module);

} // namespace mempl::ir

#endif // MEMPL_LIB_CONVERSION_AMBIGUOUSSLICES_H
