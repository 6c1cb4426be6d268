//===- TileToFitSegments.h - which runs of ops to split ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choice of the runs of ops of a block that are split, by an estimate of
// the bytes of slow memory that are moved.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TILETOFITSEGMENTS_H
#define MEMPL_LIB_TRANSFORMS_TILETOFITSEGMENTS_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace mempl::ir::tiling {

/// A run of ops that becomes a loop.
struct Segment {
  /// The ops that go into the loop, in the order of the block. Ops between them
  /// that are not listed use none of their results, and stay before the loop.
  SmallVector<Operation *> members;
  int64_t trips = 1;
  /// The greatest common divisor of the dimensions 0 in the run.
  int64_t extent = 1;
};

/// The segments of `block` that move the fewest bytes of slow memory, in order.
/// A tensor fits if it has at most `capacity` bytes; the tensors of a trip that
/// are live at once have at most `budget` bytes.
std::vector<Segment> chooseSegments(Block &block, int64_t capacity,
                                    int64_t budget);

} // namespace mempl::ir::tiling

#endif // MEMPL_LIB_TRANSFORMS_TILETOFITSEGMENTS_H
