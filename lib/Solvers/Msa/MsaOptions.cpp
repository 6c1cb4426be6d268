//===- MsaOptions.cpp - presets and names of MSA's constants --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants of the presets are XLA's where XLA publishes them; those of `full`
// were fitted to what the compiler for TPU v5e does.
//
//===----------------------------------------------------------------------===//

#include "MsaSolver.h"

using namespace mempl;

MsaOptions MsaOptions::test() {
  MsaOptions options;
  options.picker = MsaPicker::Count;
  options.costModel = false;
  return options;
}

MsaOptions MsaOptions::production() {
  MsaOptions options;
  options.maxRetries = 3;
  options.maxRepacks = 10;
  options.inefficientRatio = 0.5;
  return options;
}

MsaOptions MsaOptions::full() {
  MsaOptions options = production();
  // Values stay for up to 11 times what a copy of all of the memory takes, and
  // prefetches start about 22 us before their use, whatever their size.
  options.maxOverlap = 11;
  options.sizeOverride = 12000000;
  options.loopOptimizer = true;
  return options;
}

void mempl::declareMsaOptions(SolverOptionTable &table, MsaOptions &o) {
  static constexpr MsaOptions (*kPresets[])() = {
      MsaOptions::test, MsaOptions::production, MsaOptions::full};
  table.addChoice(
      "preset", {"test", "production", "full"}, /*byDefault=*/2,
      [&o](size_t i) { o = kPresets[i](); },
      "all constants at once: those of XLA's tests, those published for "
      "production, or everything on, fitted to TPU v5e. Other options replace "
      "single ones, whose defaults below are those of full");
  table.add("prefetch-interval-picker", o.picker,
            {{"cost", MsaPicker::Cost}, {"count", MsaPicker::Count}},
            "whether prefetches choose their start by the seconds of the steps "
            "in between, or by their number");
  table.add("cost-model", o.costModel,
            "whether the cost model charges bandwidth; if not, every step has "
            "capacity 1 and every copy needs 0.1");
  table
      .add("min-overlap-to-async-copy-ratio", o.minOverlap,
           "share of a copy's seconds that must be hidden")
      .atLeast(0);
  table
      .add("preferred-overlap-to-async-copy-ratio", o.preferredOverlap,
           "where the first try is, per second of copy")
      .atLeast(0);
  table
      .add("max-overlap-to-mem-size-async-copy-ratio", o.maxOverlap,
           "how long fast memory may be held, per second of copying all of it")
      .atLeast(0);
  table
      .add("min-overlap-count", o.minOverlapCount,
           "steps that a copy must overlap, of the count picker")
      .atLeast(0);
  table
      .add("max-overlap-count", o.maxOverlapCount,
           "steps that a copy may overlap, of the count picker")
      .atLeast(0);
  table
      .add("prefetch-interval-picker-size-override", o.sizeOverride,
           "bytes that the picker takes every copy to have; 0 for their own")
      .atLeast(0);
  table.add("max-retries", o.maxRetries, "attempts per value").atLeast(1);
  table
      .add("max-repacks", o.maxRepacks,
           "times that all chunks are laid out anew")
      .atLeast(0);
  table.add("repacker", o.repacker,
            {{"best-fit", MsaRepacker::BestFit}, {"exact", MsaRepacker::Exact}},
            "what lays them out");
  table
      .add("repacker-node-limit", o.repackerNodes,
           "search nodes of the exact repacker")
      .atLeast(1);
  table
      .add("max-outstanding-prefetches", o.maxOutstandingPrefetches,
           "copies in that may overlap a new one; -1 for no limit")
      .atLeast(-1);
  table
      .add("max-outstanding-evictions", o.maxOutstandingEvictions,
           "copies out that may overlap a new one; -1 for no limit")
      .atLeast(-1);
  table
      .add("inefficient-use-to-copy-ratio", o.inefficientRatio,
           "least bytes used in fast memory per byte copied; 0 for any")
      .atLeast(0);
  table.add("enforce-prefetch-fifo-order", o.fifoOrder,
            "forbids one prefetch within another");
  table
      .add("async-copy-bandwidth-scaling-factor", o.copyScale,
           "factor on the copy bandwidth")
      .above(0);
  table.add("sort-order", o.order,
            {{"memory-boundedness", MsaOrder::MemoryBoundedness},
             {"spatial", MsaOrder::Spatial}},
            "which values come first: those that save most seconds, or the "
            "largest and longest");
  table.add("alternate-mem-benefit-scaling-factor-for-large-buffers", o.scaling,
            {{"sqrt", MsaScaling::Sqrt}, {"none", MsaScaling::None}},
            "what of its size divides the seconds that a value saves");
  table.add("while-execution-count", o.loopWeight, "weight of a level of loops")
      .atLeast(1);
  table
      .add("pipeline-overhead-window-size", o.overheadWindow,
           "bytes of slow data that a step waits for before it computes")
      .atLeast(0);
  table
      .add("max-cross-program-prefetches", o.maxCrossProgram,
           "values kept across runs")
      .atLeast(0);
  table.add("enable-cross-program-prefetch-freeing", o.crossProgramFreeing,
            "lets go of such a value after its last use and fetches it again "
            "before the end, where that pays");
  table.add("memory-bound-loop-optimizer", o.loopOptimizer,
            "plans repeated stretches of steps as pipelines before all else");
  table
      .add("loop-optimizer-min-iterations", o.loopMinIterations,
           "fewest repeats")
      .atLeast(3);
  table
      .add("loop-optimizer-desired-copy-ratio", o.loopCopyRatio,
           "share of a copy's seconds that idle bandwidth should cover")
      .atLeast(0);
  table.add("loop-optimizer-allow-unsatisfied", o.loopAllowUnsatisfied,
            "takes a prefetch that starts a whole period early and still hides "
            "less than that");
  table
      .add("fuel", o.fuel,
           "values that are looked at, to find the one that matters by "
           "bisection; -1 for all")
      .atLeast(-1);
}

llvm::Error mempl::applyMsaOptions(llvm::StringRef text, MsaOptions &options) {
  auto spec = parseSolverSpec("msa{" + text.str() + "}");
  if (!spec)
    return spec.takeError();
  SolverOptionTable table;
  declareMsaOptions(table, options);
  return table.assign(*spec);
}
