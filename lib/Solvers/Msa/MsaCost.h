//===- MsaCost.h - seconds and benefits that MSA goes by --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a step takes with everything in slow memory, what one use in fast memory
// saves, and in which order values are proposed.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSACOST_H
#define MEMPL_LIB_SOLVERS_MSA_MSACOST_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Solvers/Msa.h"

namespace mempl {

/// Seconds are computed once, with everything in slow memory, and never
/// adjusted to what has been placed: that is the algorithm.
class MsaCost {
public:
  MsaCost(const AccessIndex &index, const MsaOptions &options);

  /// Seconds of a step; those of a loop are for the weight of a loop, not for
  /// its trips.
  double elapsed(int32_t step) const { return seconds[step]; }
  /// Seconds that copies can overlap with during a step.
  double copyCapacity(int32_t step) const;
  /// Seconds during which a step leaves slow memory alone.
  double idle(int32_t step) const;
  /// Seconds of the step's memory traffic with so many bytes of it fast.
  double memory(int32_t step, double fastBytes = 0) const;
  /// Seconds of a plain step with so many bytes of its traffic fast.
  double elapsedWith(int32_t step, double fastBytes) const;
  /// Seconds that a step is shorter with one use in fast memory.
  double saving(int32_t use) const;
  /// Benefit of one use: saved seconds of a memory-bound step, or what is
  /// missing for one to be memory-bound, negative.
  double benefit(int32_t use) const;
  /// Benefit of a value, not yet scaled by its size.
  double boundedness(int32_t value) const;
  double copySeconds(int64_t bytes) const;
  /// Bytes per second of a copy.
  double copyBandwidth() const { return bandwidth; }

  /// All values in the order in which they are proposed.
  std::vector<int32_t> order() const;

private:
  const AccessIndex &index;
  const MsaOptions &options;
  double bandwidth;
  std::vector<double> seconds;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSACOST_H
