//===- CheckPlacement.h - replay of a placed function -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_CHECKPLACEMENT_H
#define MEMPL_TRANSFORMS_CHECKPLACEMENT_H

#include "mempl/IR/Namespace.h"

#include "mlir/Support/LLVM.h"

#include <cstdint>

namespace mlir {
class FunctionOpInterface;
}

namespace mempl::ir {

/// Replays `function`, on tensors or on buffers, and emits an error for each
/// misuse of fast memory (see the pass `mempl-check-placement`). `capacity` is
/// in bytes, negative for no limit; offsets are multiples of `alignment`. With
/// `outdated`, reads of old versions are looked for in functions without
/// control flow on tensors, too, which costs a run of One-Shot Analysis.
LogicalResult checkPlacement(FunctionOpInterface function, int64_t capacity,
                             int64_t alignment, bool outdated = false);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_CHECKPLACEMENT_H
