//===- HloSlices.h - slices that move with the trip of a loop ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop over layers has the weights of all of them in one array, of which a
// trip takes those of its own: a dynamic-slice whose indices depend on the
// counter of the loop alone. So does what a loop puts together of the results
// of its trips: a dynamic-update-slice of an array that it carries.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOSLICES_H
#define MEMPL_LIB_FRONTEND_XLA_HLOSLICES_H

#include "HloAliases.h"

#include "llvm/ADT/DenseSet.h"

#include <optional>
#include <string>

namespace mempl::hlo {

/// A part of an array that is another one in each trip.
struct MovingSlice {
  int64_t bytes = 0;
  std::string indices; ///< Equal for slices at the same place.
};

/// The slices of one `while`.
class LoopSlices {
public:
  LoopSlices(const Module &module, const Aliases &aliases, const Site &loop);

  /// What an instruction of the body reads of an operand, if that is one slice
  /// in all of its uses. The loop does not change the array.
  std::optional<MovingSlice> read(const Site &at, int32_t operand) const;
  /// What it writes of the only array in its output, if that is an operand
  /// changed in one slice, which nothing in the loop reads.
  std::optional<MovingSlice> written(const Site &at) const;

private:
  /// A computation that runs in the body, and who runs it.
  struct Frame {
    const Frame *outer = nullptr; ///< Null for the body.
    int32_t computation = -1;
    int32_t caller = -1; ///< In the outer computation.
  };
  using Frames = llvm::SmallVector<Frame, 4>;
  bool framesOf(int32_t computation, Frames &frames) const;
  bool addSlices(const Frame &frame, int32_t user, size_t operand,
                 std::optional<MovingSlice> &found) const;
  std::optional<MovingSlice> slice(const Frame &frame, const Instruction &of,
                                   size_t firstIndex, int64_t bytes) const;
  std::optional<std::string> index(const Frame &frame, int32_t instruction,
                                   bool &moves, int depth = 0) const;
  void countAccesses(int32_t computation, int depth);

  const Module &module;
  const Aliases &aliases;
  const Instruction &loop;
  int32_t body;
  llvm::DenseMap<int32_t, int32_t> reads, writes; ///< Steps, by group.
};

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOSLICES_H
