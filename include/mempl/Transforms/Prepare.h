//===- Prepare.h - copies of bufferization as ops ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PREPARE_H
#define MEMPL_TRANSFORMS_PREPARE_H

#include "mempl/IR/Namespace.h"

#include "mlir/Support/LLVM.h"

#include "llvm/ADT/DenseSet.h"

namespace mlir {
class Value;
class Operation;
class ModuleOp;
} // namespace mlir

namespace mempl::ir {

class CostModel;
struct TargetDescription;

/// What becomes of a loop that makes a tensor anew each trip and still reads
/// the old one while it does.
enum class LoopForm {
  NewBuffers, ///< As it is: the tensor stays in slow memory.
  TwoBuffers, ///< Two trips as one, in which two buffers take turns.
};

/// Brings a module into the form that placement works on: every buffer that
/// One-Shot Bufferize would allocate and every copy that it would make is an op
/// (`bufferization.alloc_tensor`, `mempl.transfer`), and every op writes into
/// an operand. Where tensors flow together (conditionals, while loops) copies
/// may stay with bufferization, if it would make them once more. Results stay
/// the same. With `eliminateEmptyTensors`, slices are
/// computed in their place where bufferization can do that. Fails, with a
/// diagnostic, on programs that bufferization cannot analyse.
/// Loops that make a tensor anew each trip get `loopForm`; `hasTwoForms` is set
/// to whether there are such loops.
LogicalResult prepareForPlacement(Operation *module,
                                  bool eliminateEmptyTensors = true,
                                  LoopForm loopForm = LoopForm::NewBuffers,
                                  bool *hasTwoForms = nullptr);

/// Prepares a module (prepareForPlacement()) for the target. Loops that make a
/// tensor anew each trip and still read the old one get the form of which
/// `greedy` makes the faster program. Fails with a diagnostic.
LogicalResult prepareForTarget(ModuleOp module, const TargetDescription &target,
                               const CostModel &cost,
                               bool eliminateEmptyTensors = true);

/// Takes back that preparation gave ops allocations of their own, where that
/// was of no use: the allocations in `function` but those in `placed`, as far
/// as one of their type was for several ops in `original` (the function before
/// it was prepared), become one `tensor.empty`. Bufferization then decides, and
/// never copies what is undefined.
void shareAllocations(Operation *function, Operation *original,
                      const llvm::DenseSet<Value> &placed);

/// Whether preparation of `module`, which is not prepared, leaves copies to
/// bufferization (prepareForPlacement()). What it copies is not what the
/// placement problem has. Prepares a copy of the module.
bool leavesCopiesToBufferization(ModuleOp module);

/// Whether tensors flow through conditionals or loops. Only there may a
/// prepared module have operands that bufferization does not use in place.
bool hasTensorControlFlow(Operation *module);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_PREPARE_H
