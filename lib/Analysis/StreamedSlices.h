//===- StreamedSlices.h - slices that move with the trip --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slice of a loop's body, of a tensor from around the body, at a place that
// moves with the trip, can be a value of the body that is streamed
// (docs/Problem.md): every trip has its own contents in a place of its own.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_ANALYSIS_STREAMEDSLICES_H
#define MEMPL_LIB_ANALYSIS_STREAMEDSLICES_H

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/FunctionProblem.h"

namespace mempl::ir {

struct ExtractionContext;

/// By tensor.extract_slice: the tensor.insert_slice that puts back what the
/// trip writes there; null where it only reads.
using StreamedSlices = llvm::DenseMap<Operation *, Operation *>;

/// The slices in loops of `function` that become values of their own. The
/// function must have been gone through without any. Adds to `notes` why slices
/// of tensors that fast memory cannot hold stay names of a part.
StreamedSlices chooseStreamedSlices(const FunctionProblem &function,
                                    const ExtractionContext &context,
                                    SlicePolicy policy,
                                    SmallVectorImpl<ProgramNote> &notes);

} // namespace mempl::ir

#endif // MEMPL_LIB_ANALYSIS_STREAMEDSLICES_H
