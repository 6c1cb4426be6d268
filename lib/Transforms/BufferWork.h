//===- BufferWork.h - what bufferization allocates and copies ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_BUFFERWORK_H
#define MEMPL_LIB_TRANSFORMS_BUFFERWORK_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/StringMap.h"

#include <optional>
#include <string>

namespace mempl::ir {

/// Ops of a bufferized function that cost time and are no part of a plan.
struct BufferWork {
  int64_t allocations = 0, copies = 0;
  /// Those of them that are inside of loops.
  int64_t allocationsInLoops = 0, copiesInLoops = 0;

  /// What there is more of than in `other`, in words; empty if nothing is.
  std::string moreThan(const BufferWork &other) const;
};

/// What the functions of `module` do, by name, after One-Shot Bufferize and
/// canonicalization; the module itself stays as it is. Nothing where
/// bufferization fails.
std::optional<llvm::StringMap<BufferWork>> bufferWorkOf(ModuleOp module);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_BUFFERWORK_H
