//===- HtmlReport.h - --report and --map-out --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans as a page and as figures: mempl/Report/Report.h as files.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H
#define MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H

#include "SolveOptions.h"

#include "mempl/Report/Report.h"

namespace mempl {

/// Writes the page for valid plans to options.reportPath.
llvm::Error writeHtmlReport(const SolveOptions &options,
                            const Instance &instance,
                            llvm::ArrayRef<ReportPlan> plans,
                            const ReportFacts &facts);

/// Writes the figures of a valid plan: to options.mapPath, and the one for dark
/// pages beside it.
llvm::Error writeMaps(const SolveOptions &options, const Instance &instance,
                      const ReportPlan &plan, const ReportFacts &facts);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_SOLVE_HTMLREPORT_H
