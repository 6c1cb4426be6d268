//===- HtmlReport.h - the option --report -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans as a page: mempl/Report/Report.h with the plotly.js of this machine.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H
#define MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H

#include "SolveOptions.h"

#include "mempl/Report/Report.h"

namespace mempl {

/// The text of plotly.min.js: from `path`, or, if that is empty, from the file
/// in the environment variable MEMPL_PLOTLY_JS, or from the plotly package of
/// the `python3` in PATH. An error that says how to get one.
llvm::Expected<std::string> readPlotly(llvm::StringRef path);

/// Writes the page for valid plans to options.reportPath. `bound` as in
/// reportData().
llvm::Error writeHtmlReport(const SolveOptions &options,
                            const Instance &instance,
                            llvm::ArrayRef<ReportPlan> plans,
                            std::optional<double> bound,
                            llvm::StringRef plotly);

/// Writes the figures of the fastest of valid plans: to options.mapPath, and
/// the one for dark pages beside it.
llvm::Error writeMaps(const SolveOptions &options, const Instance &instance,
                      llvm::ArrayRef<ReportPlan> plans,
                      const ReportFacts &facts);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H
