//===- CompareContents.h - what ops read, before and after ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A placed program that reads the wrong tensor is as valid as any; only the
// program that it was made of tells. This compares the two.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_COMPARECONTENTS_H
#define MEMPL_TRANSFORMS_COMPARECONTENTS_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"

namespace mempl::ir {

/// What the ops of a function on tensors read. Made before the function is
/// rewritten, it finds the ops that read something else after: ops may be added
/// and operands changed meanwhile, and ops that read no tensor erased.
///
/// Copies are what they copy, and views the part of the tensor that they are
/// of; of a copy that the trip before has started, the part that this trip
/// would take. What is put together from several tensors, or passed on by
/// control flow and calls, is not compared.
class ContentsOfOperands {
public:
  explicit ContentsOfOperands(Operation *function);

  /// Emits an error for each op that reads another tensor, or another part of
  /// it, than before.
  LogicalResult compare() const;

private:
  /// A tensor, or the part of a tensor that views lead to.
  struct Contents {
    /// The result of an op, or an argument; null if not known.
    Value base;
    /// A slice with its attributes and operands, or the type that it has
    /// without having moved an element.
    struct Step {
      DictionaryAttr slice;
      SmallVector<Value, 2> operands;
      Type type;
    };
    SmallVector<Step, 2> steps;
    /// The loop of which this is for the next trip; null if it is for this one.
    Operation *aheadIn = nullptr;
  };

  static Contents contentsOf(Value tensor);
  static bool areSame(const Contents &now, const Contents &before);
  static void visit(Operation *function,
                    llvm::function_ref<void(OpOperand &, Contents)> each);

  Operation *function;
  llvm::MapVector<std::pair<Operation *, unsigned>, Contents> known;
};

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_COMPARECONTENTS_H
