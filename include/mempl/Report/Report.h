//===- Report.h - plans as a page to look at --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that a report shows, as JSON, and the HTML page around it: one
// file that needs nothing else. Its style and scripts are those of
// lib/Report/Page.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_REPORT_REPORT_H
#define MEMPL_REPORT_REPORT_H

#include "mempl/Packing/Packer.h"
#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// A plan that a report shows.
struct ReportPlan {
  std::string name; ///< Of the solver or the file that it is of.
  Plan plan;        ///< Valid for the instance.
};

/// What a report says beside plans.
struct ReportFacts {
  /// Seconds that no plan is below, as lowerBound() has them, if known.
  std::optional<double> bound;
  std::string target; ///< The machine as the user calls it; empty if unknown.
  /// Where the page will be, for links to the program's files beside it; empty:
  /// it has none.
  std::string page = {};
};

/// A valid plan in one line: how it compares with slow memory alone and with
/// the bound, if that is known, and what most of the rest of the time goes to.
std::string headlineText(const Instance &instance, const Plan &plan,
                         std::optional<double> bound);

/// Fast memory over time with one plan, which is valid, as an SVG file: a
/// rectangle per residency, the copies on their channels, stalls, and what the
/// steps are limited by. It has no background of its own and is legible on a
/// light page, or on a dark one if `isDark`.
std::string memoryMapSvg(const Instance &instance, const ReportPlan &shown,
                         const ReportFacts &facts, bool isDark);

/// The data of a report: one object of JSON, in UTF-8, without `<`, so that it
/// can stand in a page.
///  - `program`, `target`, `version` (of mempl), `machine` (`capacity` in
///  bytes,
///    bandwidths, `copy_latency`), `slow`, `ideal`, `bound` (seconds; null if
///    it is not known), `not_placeable`, `files` (of sources that are there:
///    addresses relative to the page);
///  - `levels`: the outermost program and the bodies of its loops at any depth,
///    with columns for values (`names`, `sizes` in bytes, `kinds`) and steps
///    (`steps`: names, `compute`: seconds, `bodies`: levels, or -1), and, where
///    any is known, `value_sources` and `step_sources`, with `value_files` and
///    `step_files` (indices of `files`, or -1);
///  - `plans`: `name`, `latency` and `stall` in seconds, `headline` and `rest`
///    (sentences), `copies_in`, `copies_out`, and for each level the
///    `residencies`, what explain() says of the values, and for steps `times`,
///    `waits` (seconds, one more), `limits` (compute, slow, fast, overhead),
///    `profile` (bytes of fast memory in use), and bytes moved from when the
///    wait before the step begins to when it ends (of the last one, the wait
///    after it as well): `slow_bytes` and `fast_bytes` by its own accesses,
///    `in` and `out` by copies. Steps are in the order of the plan, which is in
///    `order` where it is not that of the program. What is drawn, of a body two
///    trips in steady state: `points` (seconds; two for each boundary of a
///    trip, before and after the waits at it), columns for rectangles (`of`: a
///    residency or, of reserved bytes, a place; `phase`: 0 copy in, 1 use, 2
///    copy out, 3 reserved; `begin`, `end`: points; `offset`, `size`), and
///    `copies` with `start` and `end` in seconds.
std::string reportData(const Instance &instance,
                       llvm::ArrayRef<ReportPlan> plans,
                       const ReportFacts &facts);

/// The data of a report on a packing, in the same form:
///  - `file`, `capacity` (bytes, or null), `height` and `peak` (bytes),
///  `result`
///    (a few words);
///  - columns for buffers (`names`, `lower`, `upper`, `sizes`, `alignments`,
///    `offsets`, and `faults`: what is wrong with them, mostly nothing);
///  - columns for the rectangles that they occupy, several for one with gaps:
///    `pieces` with `buffer`, `lower`, `upper`, `begin`, `end`;
///  - `load`: bytes that are needed from each of its `moments` on.
std::string packingData(llvm::StringRef file, const PackingProblem &problem,
                        const std::vector<int64_t> &offsets,
                        llvm::StringRef result);

/// The pages for `data`, which reportData() or packingData() made: HTML with
/// its style and script, which asks for nothing else.
std::string reportPage(llvm::StringRef data);
std::string packingPage(llvm::StringRef data);

} // namespace mempl

#endif // MEMPL_REPORT_REPORT_H
