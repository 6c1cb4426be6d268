//===- OriginalFunctions.h - functions before preparation -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Preparation is of no use to functions that are not placed: bufferization
// knows better what it needs. They get back what they were.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_ORIGINALFUNCTIONS_H
#define MEMPL_LIB_TRANSFORMS_ORIGINALFUNCTIONS_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/SmallPtrSet.h"

#include <vector>

namespace mempl::ir {

/// The functions of a module as they were before it was prepared.
class OriginalFunctions {
public:
  OriginalFunctions() = default;

  /// Those of `module` as it is.
  explicit OriginalFunctions(ModuleOp module);

  /// Those that keepIn() has left in `module`, which is without them then. A
  /// function whose original somebody has erased is not among them.
  static OriginalFunctions takeFrom(ModuleOp module);

  /// Leaves them in the module, each beside its function: private, with
  /// `mempl.original` and `_original` behind the name. Nothing is left here.
  void keepIn(ModuleOp module);

  bool empty() const { return originals.empty(); }

  /// The function as it was; null if that is not known.
  Operation *get(Operation *function) const;

  /// Makes `other` what the function was, and gives what it was till then.
  OwningOpRef<Operation *> exchange(Operation *function,
                                    OwningOpRef<Operation *> other);

  /// A copy of `module` in which all functions are as they were.
  OwningOpRef<ModuleOp> module(ModuleOp module) const;

  /// Gives all functions their bodies back but those in `placed`.
  void restore(const llvm::SmallPtrSetImpl<Operation *> &placed);

  /// Gives `restored` its body back.
  void restore(Operation *restored);

private:
  std::vector<std::pair<FunctionOpInterface, OwningOpRef<Operation *>>>
      originals;
};

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_ORIGINALFUNCTIONS_H
