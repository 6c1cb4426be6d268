//===- MsaLoops.h - repeated stretches of steps as pipelines ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The memory-bound loop optimizer of memory space assignment. An unrolled loop,
// such as the layers of a network, is found as a stretch of steps that repeats;
// one repeat is planned as the steady state of a pipeline, and what comes out
// is said of all repeats, as hints to the pass over all values.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSALOOPS_H
#define MEMPL_LIB_SOLVERS_MSA_MSALOOPS_H

#include "MsaAllocator.h"

namespace mempl {

/// Steps [start, start + period * repeats), of which each but the first
/// `period` is like the one a period before it.
struct MsaRepeat {
  int32_t start = 0, period = 0, repeats = 0;
};

/// A value of the repeat that is planned.
struct MsaLoopValue {
  enum Kind : uint8_t {
    Temporary, ///< Made here; uses in the loop are within one period.
    Pinned,    ///< Made before the loop, used alike in every repeat.
    Prefetch   ///< Made before the loop; every repeat has its own.
  } kind = Temporary;
  int32_t value = 0;
  int64_t size = 0; ///< Rounded up.
  /// First and last use, in steps from the start of the repeat.
  int32_t first = 0, last = 0;
  double accessed = 0; ///< Bytes of its uses in the repeat.
  double saving = 0;   ///< Bytes of slow traffic that fast memory saves.
  bool isFast = false; ///< What was decided.
  int32_t start = 0;   ///< Prefetch: starts after this step, -period or more.
};

/// Plans the steady state of one repeat.
class MsaLoopOptimizer {
public:
  MsaLoopOptimizer(const AccessIndex &index, const MsaCost &cost,
                   const MsaOptions &options, MsaRepeat loop, int64_t capacity);

  void optimize();
  llvm::ArrayRef<MsaLoopValue> values() const { return loopValues; }
  /// Seconds of one repeat in the steady state: the third of three simulated
  /// ones, unfinished copies waited for.
  double seconds() const;

private:
  /// A chunk that comes back every two periods, or every one.
  struct Chunk {
    int32_t start, end; // Steps; end - start below two periods.
    int64_t offset, size;
    bool isEveryPeriod;
  };
  using Span = std::pair<int32_t, int32_t>;
  void classify();
  std::vector<int32_t> madeAt(int32_t step) const;
  llvm::SmallVector<Span, 4> spans(int32_t start, int32_t end,
                                   bool isEveryPeriod) const;
  int64_t bestFit(int32_t start, int32_t end, int64_t size,
                  bool isEveryPeriod) const;
  bool place(int32_t start, int32_t end, int64_t size, bool isEveryPeriod);
  bool placePrefetch(MsaLoopValue &value);
  void computeIdle();
  double stepSeconds(int32_t k, double &slowBytes) const;

  const AccessIndex &index;
  const MsaCost &cost;
  const MsaOptions &options;
  MsaRepeat loop;
  int32_t base; // First step of the repeat that is planned.
  int64_t capacity;
  std::vector<MsaLoopValue> loopValues;
  std::vector<Chunk> chunks;
  std::vector<double> idle;
  std::vector<int32_t> fastValues; // By value: 1 + index in loopValues, or 0.
};

/// Finds repeated stretches, in program order and disjoint.
std::vector<MsaRepeat> findRepeats(const AccessIndex &index,
                                   int64_t minRepeats);

/// Hints for all uses, by number; empty if nothing repeats.
std::vector<MsaHint> optimizeLoops(const AccessIndex &index,
                                   const MsaCost &cost,
                                   const MsaOptions &options, int64_t capacity,
                                   MsaStatistics &statistics);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSALOOPS_H
