//===- LowerBound.h - what no plan can beat ---------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A provable lower bound on the latency of every valid plan, by Lagrangian
// relaxation of the capacity of fast memory at each step, of the agreement of
// steps and values on which accesses are slow, and of the time that copies need
// of the slow memory and of their channels in every window of time. Offsets,
// the order of copies and rule V7 are relaxed away; choices of single values
// are mixed, unless branch and bound decides them. Of a program in a free order
// it is a bound for all orders. lib/Problem/LowerBoundModel.h has the
// relaxation and why it is valid.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_LOWERBOUND_H
#define MEMPL_PROBLEM_LOWERBOUND_H

#include "mempl/Problem/Instance.h"

#include <functional>
#include <vector>

namespace mempl {

struct LowerBoundOptions {
  /// Supergradient iterations at most; the result never falls as they grow, and
  /// rarely rises after three thousand. One takes time linear in the number of
  /// accesses, and n log n in the number of steps.
  int64_t maxIterations = 4000;
  /// Sets of plans that branch and bound may bound after that; 0 = none. The
  /// bound never falls as they grow. With Clp, which makes it stronger, one
  /// takes some 10 ms on a program of 50 steps.
  int64_t maxNodes = 0;
  /// Whether linear programs may propose prices for branch and bound, if mempl
  /// was built with Clp.
  bool linearPrograms = true;
  /// Stops when the gap to this known latency is closed (a valid plan's
  /// latency, seconds); 0 = none.
  double knownLatency = 0;
  /// Asked once per iteration, and that of bodies of loops; true stops the
  /// computation with what it has.
  std::function<bool()> cancelled;
};

/// The bound and the multipliers that prove it.
struct LowerBoundResult {
  double bound = 0;       ///< Seconds; at least idealLatency().
  int64_t iterations = 0; ///< Of the ascent, nodes not counted.
  int64_t nodes = 0;      ///< Sets of plans that were bounded.
  /// Price of a byte of fast memory during each step, seconds per byte.
  std::vector<double> capacityPrice;
  /// Share of each step's time that counts as memory time, in [0, 1]: a byte
  /// moved from slow to fast memory in step i is worth
  /// memoryShare[i] * (1 / slowBandwidth - 1 / fastBandwidth) seconds.
  std::vector<double> memoryShare;
};

/// A latency that a bound misses by so little, relatively, is proven optimal.
inline constexpr double kProvenOptimal = 1e-6;

/// Deterministic; anytime: any number of iterations gives a valid bound.
/// `instance` must be valid.
LowerBoundResult lowerBound(const Instance &instance,
                            const LowerBoundOptions &options = {});

} // namespace mempl

#endif // MEMPL_PROBLEM_LOWERBOUND_H
