//===- Msa.h - memory space assignment as XLA does it -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// XLA for TPU decides what is in fast memory by "memory space assignment": one
// greedy pass over the values in a fixed order, in which each use is served by
// staying, by a prefetch, or from slow memory. This is that algorithm for the
// problem of docs/Problem.md: the solver that users of XLA have today, as a
// baseline to measure against and as a good plan in little time.
//
// Names of options are those that XLA uses in public. Words: an "allocation
// value" is the life of a value from one write or update to the next; a
// "segment" is the time from a use to the next; a "proposal" is all that is
// decided for one value, kept or taken back as a whole.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_MSA_H
#define MEMPL_SOLVERS_MSA_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>
#include <vector>

namespace mempl {

/// How prefetches choose their start.
enum class MsaPicker : uint8_t {
  Cost, ///< By seconds that the steps in between take.
  Count ///< By their number.
};

/// What lays committed chunks out anew when space runs out.
enum class MsaRepacker : uint8_t {
  BestFit, ///< By duration and size, tightest gap.
  Exact    ///< The search of Packing/Packer.h, started from best fit.
};

/// In which order values are proposed.
enum class MsaOrder : uint8_t {
  MemoryBoundedness, ///< By seconds saved, scaled by size.
  Spatial            ///< Largest first, then longest.
};

/// What divides the benefit of a value in MsaOrder::MemoryBoundedness.
enum class MsaScaling : uint8_t {
  Sqrt, ///< The square root of its size.
  None  ///< Nothing.
};

/// Constants of one pass. As options of the solver `msa` each has the name that
/// stands in brackets, which is XLA's where XLA has it, with `-` or `_`. Ranges
/// are what text may give; defaults are those of the open XLA sources, and of
/// its tests where the sources have none.
struct MsaOptions {
  /// [prefetch_interval_picker] `cost` or `count`.
  MsaPicker picker = MsaPicker::Cost;
  /// [cost_model] Whether bandwidth is charged by the cost model; `false` gives
  /// every step capacity 1 and every copy need 0.1.
  bool costModel = true;
  /// [min_overlap_to_async_copy_ratio] Share of a copy's seconds that must be
  /// hidden; >= 0.
  double minOverlap = 0.8;
  /// [preferred_overlap_to_async_copy_ratio] Where the first try is; >= 0.
  double preferredOverlap = 1.5;
  /// [max_overlap_to_mem_size_async_copy_ratio] How long fast memory may be
  /// held, in units of the seconds to copy all of it; >= 0.
  double maxOverlap = 10;
  /// [min_overlap_count], [max_overlap_count] The same for the count picker, in
  /// steps; >= 0.
  int64_t minOverlapCount = 2;
  int64_t maxOverlapCount = 10;
  /// [prefetch_interval_picker_size_override] Bytes that the picker takes every
  /// copy to have; 0 = their own.
  int64_t sizeOverride = 0;
  /// [max_retries] Attempts for one value; >= 1.
  int64_t maxRetries = 1;
  /// [max_repacks] Times that all chunks are laid out anew; >= 0.
  int64_t maxRepacks = 0;
  /// [repacker] `best_fit` or `exact`.
  MsaRepacker repacker = MsaRepacker::BestFit;
  /// [repacker_node_limit] Search nodes of the exact repacker; >= 1.
  int64_t repackerNodes = 20000;
  /// [max_outstanding_prefetches], [max_outstanding_evictions] Copies that may
  /// overlap a new one; -1 = no limit. Rule V7 holds besides.
  int64_t maxOutstandingPrefetches = -1;
  int64_t maxOutstandingEvictions = -1;
  /// [inefficient_use_to_copy_ratio] Least bytes that steps use in fast memory
  /// per byte copied; 0 = any; >= 0.
  double inefficientRatio = 0;
  /// [enforce_prefetch_fifo_order] Forbids one prefetch within another.
  bool fifoOrder = false;
  /// [async_copy_bandwidth_scaling_factor] Of the copy bandwidth; > 0.
  double copyScale = 1;
  /// [sort_order] `memory_boundedness` or `spatial`.
  MsaOrder order = MsaOrder::MemoryBoundedness;
  /// [alternate_mem_benefit_scaling_factor_for_large_buffers] `sqrt`, `none`.
  MsaScaling scaling = MsaScaling::Sqrt;
  /// [while_execution_count] Weight of one level of loops; >= 1.
  double loopWeight = 5;
  /// [pipeline_overhead_window_size] Bytes of slow data that a step waits for
  /// before it computes; >= 0.
  double overheadWindow = 0;
  /// [max_cross_program_prefetches] Values kept over from run to run; >= 0. The
  /// machine's `max_carried` holds besides.
  int64_t maxCrossProgram = 1;
  /// [enable_cross_program_prefetch_freeing] Lets go of such a value after its
  /// last use and fetches it again before the end, where that pays.
  bool crossProgramFreeing = true;
  /// [memory_bound_loop_optimizer] Plans repeated stretches of steps as one
  /// iteration of a pipeline before anything else.
  bool loopOptimizer = false;
  /// [loop_optimizer_min_iterations] Fewest repeats; >= 3.
  int64_t loopMinIterations = 3;
  /// [loop_optimizer_desired_copy_ratio] Share of a copy's seconds that idle
  /// bandwidth should cover; >= 0.
  double loopCopyRatio = 0.7;
  /// [loop_optimizer_allow_unsatisfied] Takes a prefetch that starts a whole
  /// period early though that hides less than the ratio.
  bool loopAllowUnsatisfied = true;
  /// [fuel] Values that are looked at; -1 = all. For finding the one that
  /// matters by bisection.
  int64_t fuel = -1;
  /// Replaces the order: values in the order in which they are proposed; those
  /// that it leaves out come after it. Not in text form.
  std::vector<int32_t> permutation;

  /// The constants of XLA's own tests.
  static MsaOptions test();
  /// Those that XLA documents or publishes for production.
  static MsaOptions production();
  /// Everything on, with the constants that come closest to what the compiler
  /// for TPU v5e is seen to do.
  static MsaOptions full();
};

/// Changes `options` by text of the form `key=value,key=value`, the options of
/// the solver `msa`. An error for an unknown key, a value outside its range, or
/// a key without a value.
llvm::Error applyMsaOptions(llvm::StringRef text, MsaOptions &options);

/// What a pass did.
struct MsaStatistics {
  int64_t proposals = 0;      ///< Values looked at.
  int64_t attempts = 0;       ///< Proposals made, retries included.
  int64_t rolledBack = 0;     ///< Proposals that left a value in slow memory.
  int64_t stays = 0;          ///< Segments served without a copy.
  int64_t prefetches = 0;     ///< Copies in.
  int64_t evictions = 0;      ///< Copies out.
  int64_t slowSegments = 0;   ///< Segments served from slow memory.
  int64_t repacks = 0;        ///< Layouts tried,
  int64_t goodRepacks = 0;    ///< and taken.
  int64_t inefficient = 0;    ///< Residencies taken back as not worth a copy.
  int64_t crossProgram = 0;   ///< Values kept over.
  int64_t loopsOptimized = 0; ///< Repeated stretches planned as pipelines.
  double pressure = 0;        ///< Bytes of all values that may be moved.
};

/// A plan for a valid instance; an error if something that is constrained to be
/// in fast memory does not fit. `statistics` may be null. `cancelled` may be
/// empty; when it says true the values that are left stay in slow memory.
llvm::Expected<Plan> planMsa(const Instance &instance,
                             const MsaOptions &options,
                             MsaStatistics *statistics = nullptr,
                             const std::function<bool()> &cancelled = {});

} // namespace mempl

#endif // MEMPL_SOLVERS_MSA_H
