//===- ProfilePacking.h - offsets for a plan that has none ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan that was made on the profile of fast memory (Addressing::Profile) says
// what is in fast memory when, but not where. Here its residencies get offsets.
//
// Offsets that the residencies have already, say of the plan of one layer that
// was put into many, are kept where most of them can be. Otherwise they are
// placed one after the other, each in the tightest gap, in the order of their
// bytes and steps. Those that find no gap are more urgent in the next round:
// squeaky wheel optimization (Joslin and Clements, J. Artif. Intell. Res.
// 1999). A round costs little, so there can be many. Plans of some hundred
// residencies that leave no byte of some steps free are mostly packed in less
// than 50; the exact packer of Packing/Packer.h, which proves what cannot be
// packed, takes longer for the same.
//
// In a long program there is always something that finds no gap, and a round
// costs much. There, what is left out after few rounds is mended: all that is
// near to it in time is placed anew in the same manner, but in several orders,
// while the rest of the program stays where it is. Windows get wider until
// nothing is left out.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_PROFILEPACKING_H
#define MEMPL_SOLVERS_PROFILEPACKING_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/Plan.h"

#include <functional>

namespace mempl {

/// How packProfile() ended.
struct ProfilePacking {
  Plan plan; ///< Without the residencies that were dropped.
  /// Residencies for which no offset was found; the two of a value that is kept
  /// across runs are dropped together.
  int64_t dropped = 0;
  int64_t rounds = 0; ///< In which all were placed.
  int64_t placed = 0; ///< How often one was placed, or could not be.
};

/// Offsets in [0, capacity) for the residencies of `profile`, a plan for the
/// program of `index`. It takes the best of at most `rounds` (>= 1) rounds,
/// that which drops the fewest bytes that residencies serve, and mends that for
/// at most twice as long; it stops as soon as none is dropped. Where some are,
/// the plan may be slower, or break constraints. Deterministic unless
/// `cancelled`, which may be empty and is asked between rounds, says true.
ProfilePacking packProfile(const AccessIndex &index, const Plan &profile,
                           int64_t capacity, int64_t rounds,
                           const std::function<bool()> &cancelled);

} // namespace mempl

#endif // MEMPL_SOLVERS_PROFILEPACKING_H
