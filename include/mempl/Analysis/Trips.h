//===- Trips.h - how often loops run ----------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_TRIPS_H
#define MEMPL_ANALYSIS_TRIPS_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Operation.h"

#include <cstdint>

namespace mempl::ir {

/// How often the body of a loop runs.
struct Trips {
  int64_t count = 1; ///< At least 1; INT32_MAX where it is 2^63 or more.
  /// It was told, or is the largest that the bounds allow; else it is a guess.
  bool known = true;
};

/// The trips of a loop (any LoopLikeOpInterface): what `mempl.trips` tells, or
/// the product over its dimensions of the largest extents that can be proved
/// over their steps, or those of a counting scf.while. The body of an scf.while
/// is its `do` region, or the other one where that does nothing.
Trips tripsOf(Operation *loop);

/// How often `region` runs when its op runs once: the trips of a loop (once
/// more for the condition of an scf.while), else 1.
int64_t timesOf(Region &region);

/// `bytes` in one trip, in all of them; far above every memory where that
/// overflows, but so that several can be added up.
int64_t bytesOfTrips(int64_t bytes, int64_t trips);
/// Adds to a sum, which stays below the same limit.
void addBytes(int64_t &sum, int64_t bytes);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_TRIPS_H
