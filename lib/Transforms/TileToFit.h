//===- TileToFit.h - runs of ops that are split into parts ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runs of ops of a block that may be worth splitting, by an estimate of the
// time that slow memory takes, and the rewriting of one of them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TILETOFIT_H
#define MEMPL_LIB_TRANSFORMS_TILETOFIT_H

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/Target.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/PatternMatch.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace mempl::ir::tiling {

/// An op of a segment.
struct SplitOp {
  Operation *op = nullptr;
  /// By axis: the dimension of its first result that is split.
  SmallVector<int32_t, 2> dims;

  bool operator==(const SplitOp &) const = default;
};

/// A run of ops that is split, along one dimension of its results or two.
struct Segment {
  /// The ops that are split, in the order of the block. Ops between them that
  /// are not listed use none of their results, and stay before what is made.
  SmallVector<SplitOp> members;
  /// By axis: the number of parts, at least 2.
  SmallVector<int64_t, 2> trips;
  /// By axis: the greatest common divisor of what the members split.
  SmallVector<int64_t, 2> extents;
  /// The trips are written out, each with values of its own, instead of in
  /// loops. There is one axis then; parts of inputs may overlap, and need not
  /// be of one size.
  bool unroll = false;

  bool operator==(const Segment &) const = default;
};

/// What chooseSegments() may count on.
struct TilingLimits {
  /// A tensor of more bytes is in slow memory.
  int64_t capacity = 0;
  /// Bytes of the tensors of a trip that are live at once, at most.
  int64_t budget = 0;
  /// Whether trips are written out where a loop could have them, too.
  bool unroll = false;
};

/// The segments of `block` that take the least time on `target` by an estimate,
/// in order; no two share an op. The sizes are those of `limits`, not those of
/// the target.
std::vector<Segment> chooseSegments(Block &block,
                                    const TargetDescription &target,
                                    const TilingLimits &limits);

/// The same segment in a clone of its block; `mapping` has all its ops.
Segment mapSegment(const Segment &segment, const IRMapping &mapping);

/// Splits the ops of `segment`, which is one that chooseSegments() gives for
/// their block. Other segments of the block stay valid: they can be tiled
/// afterwards, in any order, or be left alone.
void tileSegment(RewriterBase &rewriter, const Segment &segment);

} // namespace mempl::ir::tiling

#endif // MEMPL_LIB_TRANSFORMS_TILETOFIT_H
