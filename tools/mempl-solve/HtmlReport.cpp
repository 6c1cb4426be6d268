//===- HtmlReport.cpp - --report and --map-out ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HtmlReport.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Support/FileIO.h"

using namespace mempl;
using llvm::Error;
using llvm::StringRef;

Error mempl::writeHtmlReport(const SolveOptions &options,
                             const Instance &instance,
                             llvm::ArrayRef<ReportPlan> plans,
                             const ReportFacts &facts) {
  if (plans.empty())
    return toolError("--report: no valid plan to show");
  return writeFile(options.reportPath,
                   reportPage(reportData(instance, plans, facts)));
}

Error mempl::writeMaps(const SolveOptions &options, const Instance &instance,
                       const ReportPlan &plan, const ReportFacts &facts) {
  StringRef stem = options.mapPath;
  stem.consume_back(".svg");
  if (Error error =
          writeFile(options.mapPath,
                    memoryMapSvg(instance, plan, facts, /*isDark=*/false)))
    return error;
  return writeFile((stem + "-dark.svg").str(),
                   memoryMapSvg(instance, plan, facts, /*isDark=*/true));
}
