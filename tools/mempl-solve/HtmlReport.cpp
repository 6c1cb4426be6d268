//===- HtmlReport.cpp - the option --report -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// plotly.js is larger than mempl, and Debian has no package of it alone: it is
// taken from where Python has it.
//
//===----------------------------------------------------------------------===//

#include "HtmlReport.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <cstdlib>

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// The path of plotly.min.js in the plotly package of python3; empty if there
/// is none.
static std::string plotlyOfPython() {
  auto python = llvm::sys::findProgramByName("python3");
  llvm::SmallString<64> answer;
  if (!python || llvm::sys::fs::createTemporaryFile("mempl", "txt", answer))
    return "";
  auto remove = llvm::make_scope_exit([&] { llvm::sys::fs::remove(answer); });
  StringRef code =
      "import importlib.util as u\n"
      "s = u.find_spec('plotly')\n"
      "print(s.submodule_search_locations[0] if s else '', end='')";
  std::optional<StringRef> redirects[] = {StringRef(""), answer.str(),
                                          StringRef("")};
  if (llvm::sys::ExecuteAndWait(*python, {*python, "-c", code}, std::nullopt,
                                redirects, /*SecondsToWait=*/20) != 0)
    return "";
  Expected<std::string> folder = readFile(answer);
  if (!folder) {
    llvm::consumeError(folder.takeError());
    return "";
  }
  return folder->empty() ? "" : *folder + "/package_data/plotly.min.js";
}

Expected<std::string> mempl::readPlotly(StringRef path) {
  if (!path.empty())
    return readFile(path);
  if (const char *given = std::getenv("MEMPL_PLOTLY_JS"))
    return readFile(given);
  std::string found = plotlyOfPython();
  if (!found.empty() && llvm::sys::fs::exists(found))
    return readFile(found);
  return toolError("--report: expected plotly.js: 'pip install plotly', or "
                   "name a plotly.min.js with --plotly-js");
}

Error mempl::writeHtmlReport(const SolveOptions &options,
                             const Instance &instance,
                             llvm::ArrayRef<ReportPlan> plans,
                             std::optional<double> bound, StringRef plotly) {
  if (plans.empty())
    return toolError("--report: no valid plan to show");
  return writeFile(options.reportPath,
                   reportPage(reportData(instance, plans, bound), plotly));
}

Error mempl::writeMaps(const SolveOptions &options, const Instance &instance,
                       llvm::ArrayRef<ReportPlan> plans,
                       const ReportFacts &facts) {
  if (plans.empty())
    return toolError("--map-out: no valid plan to show");
  const ReportPlan *best = nullptr;
  double latency = 0;
  for (const ReportPlan &shown : plans) {
    double its = simulateLatency(instance, shown.plan);
    if (best && its >= latency)
      continue;
    best = &shown;
    latency = its;
  }
  StringRef stem = options.mapPath;
  stem.consume_back(".svg");
  if (Error error =
          writeFile(options.mapPath,
                    memoryMapSvg(instance, *best, facts, /*isDark=*/false)))
    return error;
  return writeFile((stem + "-dark.svg").str(),
                   memoryMapSvg(instance, *best, facts, /*isDark=*/true));
}
