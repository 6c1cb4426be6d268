//===- Report.h - results as a table or as JSON --------------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What mempl-solve prints, apart from how it comes about. The same report gives
// the same bytes: measured seconds are printed only where they are asked for.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_SOLVE_REPORT_H
#define MEMPL_TOOLS_MEMPL_SOLVE_REPORT_H

#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/PlanDiff.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// One plan and what it costs.
struct ReportRow {
  std::string solverName; ///< Or the file of a plan that was checked.
  std::string label;      ///< For tables, if not the same.
  std::string winner;     ///< Of a portfolio.
  bool isFile = false;    ///< `solver` is a file.
  /// Broken rules; the plan is valid if there are none. The figures below mean
  /// nothing otherwise.
  std::vector<std::string> violations;
  double latency = 0; ///< Seconds.
  double stall = 0;   ///< Seconds.
  int64_t copiesIn = 0, copiesBack = 0;
  int64_t evaluated = 0; ///< Plans.
  double seconds = 0;    ///< Measured.
};

/// What an earlier run has found for the program, and what may be lost.
struct Baseline {
  std::string path;
  double latency = 0; ///< Of its fastest plan, seconds.
  double allowed = 0; ///< How much slower a plan may be: 0.01 is 1 %.

  /// How much slower a plan is; negative if it is faster.
  double growth(double other) const;
  /// Whether a plan is slower than is allowed, by more than rounding.
  bool isExceeded(double other) const;
  /// "4.6386 us, 2.31 % slower than the 4.5339 us of old.json".
  std::string compare(double other) const;
};

/// Reads what --format=json has printed for `program`.
llvm::Expected<Baseline> readBaseline(llvm::StringRef path,
                                      llvm::StringRef program);

/// What a plan has that another one has not.
struct PlanComparison {
  std::string path;   ///< Of the other plan.
  double latency = 0; ///< Of the other plan, seconds.
  std::string name;   ///< Of the plan.
  double found = 0;   ///< Latency of the plan, seconds.
  PlanDiff diff;      ///< From the other plan to the plan.
};

/// A program, its yardsticks, and a row per plan.
struct Report {
  std::string program;
  int64_t steps = 0, values = 0;
  int64_t capacity = 0;        ///< Bytes.
  double slow = 0, ideal = 0;  ///< Seconds.
  std::optional<double> bound; ///< Seconds.
  Uncovered uncovered;         ///< What the bound leaves out.
  std::vector<ReportRow> rows;
  std::string headline; ///< Of the fastest plan, one line.
  std::optional<Baseline> baseline;
  std::optional<PlanComparison> comparison;

  /// The fastest of the valid plans; null if there is none.
  const ReportRow *fastest() const;
  /// (slow - latency) / (slow - bound); nothing if there is no bound or
  /// nothing to win.
  std::optional<double> recovered(const ReportRow &row) const;
  /// latency / bound; nothing if there is no bound above zero.
  std::optional<double> gap(const ReportRow &row) const;
  /// Whether the bound proves that no plan is faster.
  bool isOptimal(const ReportRow &row) const;
};

/// What packing has found, or a file with offsets is.
struct PackingReport {
  int64_t buffers = 0;
  std::optional<int64_t> capacity; ///< Bytes; nothing = as low as possible.
  int64_t peak = 0;                ///< Bytes; no packing is lower.
  int64_t height = 0;              ///< Bytes.
  /// "packed", "infeasible" or "limit"; of a file "valid" or "invalid".
  std::string status;
  bool optimal = false;            ///< No packing is lower than `height`.
  std::optional<int64_t> nodes;    ///< Nothing if nothing was searched.
  std::vector<std::string> faults; ///< Of offsets that are given.
  std::optional<double> seconds;   ///< Measured.
};

/// For people. Measured seconds are left out unless `timing`.
void printTable(llvm::raw_ostream &os, const Report &report, bool timing);
void printTable(llvm::raw_ostream &os, const PackingReport &report,
                bool timing);

/// For programs: seconds and bytes, with all digits.
void printJson(llvm::raw_ostream &os, const Report &report, bool timing);
void printJson(llvm::raw_ostream &os, const PackingReport &report, bool timing);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_SOLVE_REPORT_H
