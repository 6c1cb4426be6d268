//===- PrepareParts.h - what preparation is made of -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_PREPAREPARTS_H
#define MEMPL_LIB_TRANSFORMS_PREPAREPARTS_H

#include "mempl/IR/Namespace.h"

#include "mlir/Support/LLVM.h"

#include "llvm/ADT/SetVector.h"

namespace mlir {
class Operation;
class RewriterBase;
class Value;
namespace tensor {
class PadOp;
} // namespace tensor
} // namespace mlir

namespace mempl::ir {

/// A `tensor.empty` of the shape of `like`, at the insertion point. It has the
/// constraints of a user that `like` has, if that is one as well.
Value newEmpty(RewriterBase &rewriter, Value like);

/// What a tensor.pad writes everywhere, at the insertion point: the value that
/// it yields, if that is the same for all elements; null if it is not. A
/// constant inside of the op is cloned.
Value uniformPadding(RewriterBase &rewriter, tensor::PadOp pad);

/// Turns loops over tensors whose trips may run in any order (scf.forall
/// without a mapping, scf.parallel) and affine.for into scf.for.
void putLoopsInOrder(RewriterBase &rewriter, Operation *module);

/// Moves what is the same in all trips of an scf.for over tensors before it:
/// numbers, constants and names of tensors, and slices that the trips update in
/// place, which the loop then carries.
void hoistInvariants(RewriterBase &rewriter, Operation *module);

/// Turns ops that bring a buffer of their own into ops that write an operand.
void toDestinationStyle(RewriterBase &rewriter, Operation *module);

/// Undoes what `cse` does to destinations: ops that have nothing to do with
/// each other write into one allocation, or into one tensor that is filled
/// once, and bufferization copies it for all but the last.
void separateDestinations(RewriterBase &rewriter, Operation *module);

/// Makes what is cheap to make again instead of copying it. `copies` are ops
/// `bufferization.alloc_tensor` with a tensor to copy.
void makeInsteadOfCopies(RewriterBase &rewriter,
                         const llvm::SmallSetVector<Operation *, 8> &copies);

/// Loops that make a tensor anew each trip update it in place where all of the
/// old one is read before, and else alternate between two buffers, so that the
/// buffers stay and can be placed around the loop. Returns whether there were
/// any of the latter; without `alternate` they stay as they are.
bool keepCarriedTensors(RewriterBase &rewriter, Operation *module,
                        bool alternate);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_PREPAREPARTS_H
