//===- PackingRun.cpp - packing buffers at offsets ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-solve on a packing problem: within a capacity, or as low as possible;
// and on files that have offsets already.
//
//===----------------------------------------------------------------------===//

#include "HtmlReport.h"
#include "Report.h"
#include "SolveOptions.h"

#include "mempl/Frontend/Packing/PackingIO.h"
#include "mempl/Packing/Packer.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mempl;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// One run of the tool over one packing problem.
class PackingRun {
public:
  explicit PackingRun(const SolveOptions &options) : options(options) {}

  Error prepare();
  Error solve();
  /// Evaluates the files that were given, all of them.
  Error check();

private:
  llvm::Expected<PackingTable> read(StringRef path) const;
  Error checkFile(StringRef path);
  Error offsetsOf(const PackingTable &table, StringRef path,
                  std::vector<int64_t> &offsets,
                  std::vector<int64_t> &lines) const;
  Error statusError(const PackingResult &result) const;
  Error writeOffsets(const std::vector<int64_t> &offsets) const;
  Error writeReport(StringRef file, const std::vector<int64_t> &offsets,
                    const PackingReport &report) const;
  void print(const PackingReport &report) const;

  const SolveOptions &options;
  PackingTable table;
};

} // namespace

static const char *nameOf(PackingStatus status) {
  switch (status) {
  case PackingStatus::Packed:
    return "packed";
  case PackingStatus::Infeasible:
    return "infeasible";
  case PackingStatus::LimitReached:
    return "limit";
  }
  llvm_unreachable("covered switch");
}

/// Faults as errors, each at the line of its buffer.
static Error faultErrors(StringRef file, const PackingProblem &problem,
                         const std::vector<PackingFault> &faults,
                         const std::vector<int64_t> &lines) {
  Error errors = Error::success();
  for (const PackingFault &fault : faults)
    errors = llvm::joinErrors(
        std::move(errors),
        fileError(file, lines[fault.buffer], fault.str(problem, lines)));
  return errors;
}

llvm::Expected<PackingTable> PackingRun::read(StringRef path) const {
  auto result = readPackingCsv(path);
  if (!result)
    return result.takeError();
  for (const std::string &warning : result->warnings)
    llvm::errs() << warning << '\n';
  if (options.capacity)
    result->problem.capacity = *options.capacity;
  return result;
}

Error PackingRun::prepare() {
  if (options.input.empty())
    return Error::success();
  auto result = read(options.input);
  if (!result)
    return result.takeError();
  table = std::move(*result);
  return Error::success();
}

Error PackingRun::writeOffsets(const std::vector<int64_t> &offsets) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePackingCsv(os, table, offsets);
  return writeFile(options.planPath, text);
}

Error PackingRun::writeReport(StringRef file,
                              const std::vector<int64_t> &offsets,
                              const PackingReport &report) const {
  std::string result = report.status + (report.optimal ? ", optimal" : "");
  return writeFile(options.reportPath,
                   packingPage(packingData(llvm::sys::path::filename(file),
                                           table.problem, offsets, result)));
}

void PackingRun::print(const PackingReport &report) const {
  llvm::raw_ostream &os = options.planPath == "-" ? llvm::errs() : llvm::outs();
  if (options.json)
    printJson(os, report, options.timing);
  else
    printTable(os, report, options.timing);
  os.flush();
}

/// Why there is no packing to show; success if there is one.
Error PackingRun::statusError(const PackingResult &result) const {
  switch (result.status) {
  case PackingStatus::Packed:
    return Error::success();
  case PackingStatus::Infeasible: {
    std::string what = "cannot be packed";
    if (options.capacity)
      what += " into " + std::to_string(*options.capacity) + " bytes";
    return fileError(options.input, 0,
                     what + ": " + whyInfeasible(table.problem));
  }
  case PackingStatus::LimitReached:
    return fileError(
        options.input, 0,
        (hasWindows(table.problem)
             ? "no packing found, though there may be one (gaps with windows "
               "are not searched exactly); the lowest has "
             : "no packing found within the limits; the lowest has ") +
            Twine(result.height) + " bytes");
  }
  llvm_unreachable("covered switch");
}

Error PackingRun::solve() {
  const PackingProblem &problem = table.problem;
  PackingReport report;
  report.buffers = static_cast<int64_t>(problem.buffers.size());
  report.capacity = options.capacity;
  report.peak = maxLoad(problem);
  std::vector<PackingFault> faults = orderFaults(problem);
  if (!faults.empty()) {
    report.status = nameOf(PackingStatus::Infeasible);
    report.nodes = 0;
    for (const PackingFault &fault : faults)
      report.faults.push_back(fault.str(problem, table.lines));
    print(report);
    return faultErrors(options.input, problem, faults, table.lines);
  }
  PackingOptions packing;
  packing.minimize = !options.capacity;
  packing.nodeLimit = options.budgetGiven ? options.context.budget : 0;
  packing.timeLimitMs = options.context.timeLimitMs;
  packing.cancelled = isInterrupted;
  auto start = std::chrono::steady_clock::now();
  PackingResult result = pack(problem, packing);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;

  report.height = result.height;
  report.status = nameOf(result.status);
  report.optimal = result.optimal;
  report.nodes = result.nodes;
  report.seconds = seconds.count();
  if (result.status == PackingStatus::Packed) {
    std::string fault = checkPacking(problem, result.offsets);
    if (!fault.empty())
      return toolError("internal error: the packer returned an invalid packing "
                       "of " +
                       options.input + ": " + fault);
    if (!options.planPath.empty())
      if (Error error = writeOffsets(result.offsets))
        return error;
    if (!options.reportPath.empty())
      if (Error error = writeReport(options.input, result.offsets, report))
        return error;
  }
  print(report);
  return statusError(result);
}

/// The offsets that a file gives to the buffers of the problem, by their ids,
/// and the lines where it does; -1 for a buffer that it leaves out.
Error PackingRun::offsetsOf(const PackingTable &file, StringRef path,
                            std::vector<int64_t> &offsets,
                            std::vector<int64_t> &lines) const {
  Error errors = Error::success();
  auto complain = [&](int64_t line, const Twine &text) {
    errors = llvm::joinErrors(std::move(errors), fileError(path, line, text));
  };
  const std::vector<PackingBuffer> &buffers = table.problem.buffers;
  llvm::StringMap<size_t> indexOf;
  for (size_t i = 0; i < buffers.size(); ++i)
    indexOf[buffers[i].id] = i;
  offsets.assign(buffers.size(), -1);
  lines.assign(buffers.size(), 0);
  for (size_t k = 0; k < file.lines.size(); ++k) {
    const PackingBuffer &given = file.problem.buffers[k];
    auto found = indexOf.find(given.id);
    if (found == indexOf.end()) {
      complain(file.lines[k],
               "buffer '" + given.id + "' is not in " + options.input);
      continue;
    }
    const PackingBuffer &buffer = buffers[found->second];
    offsets[found->second] = given.fixedOffset;
    lines[found->second] = file.lines[k];
    if (given.lower != buffer.lower || given.upper != buffer.upper ||
        given.size != buffer.size)
      complain(file.lines[k], "buffer '" + given.id +
                                  "' has other times or another size than in "
                                  "line " +
                                  Twine(table.lines[found->second]) + " of " +
                                  options.input);
  }
  for (size_t i = 0; i < buffers.size(); ++i)
    if (lines[i] == 0)
      complain(0, "buffer '" + buffers[i].id + "' of " + options.input +
                      " is missing");
  return errors;
}

Error PackingRun::checkFile(StringRef path) {
  auto file = read(path);
  if (!file)
    return file.takeError();
  if (!file->offsetColumn)
    return fileError(path, 1, "expected a column 'offset' to check");
  std::vector<int64_t> offsets, lines;
  if (options.input.empty()) {
    // The file is its own problem.
    table = std::move(*file);
    lines = table.lines;
    for (PackingBuffer &buffer : table.problem.buffers) {
      offsets.push_back(buffer.fixedOffset);
      buffer.fixedOffset = -1;
    }
  } else if (Error errors = offsetsOf(*file, path, offsets, lines)) {
    return errors;
  }
  const PackingProblem &problem = table.problem;
  std::vector<PackingFault> faults = packingFaults(problem, offsets);
  PackingReport report;
  report.buffers = static_cast<int64_t>(offsets.size());
  report.capacity = options.capacity;
  report.peak = maxLoad(problem);
  for (size_t i = 0; i < offsets.size(); ++i)
    if (offsets[i] >= 0 && offsets[i] <= INT64_MAX - problem.buffers[i].size)
      report.height =
          std::max(report.height, offsets[i] + problem.buffers[i].size);
  report.status = faults.empty() ? "valid" : "invalid";
  report.optimal = faults.empty() && report.height == report.peak;
  for (const PackingFault &fault : faults)
    report.faults.push_back(fault.str(problem, lines));
  bool hasAll = llvm::all_of(offsets, [](int64_t o) { return o >= 0; });
  if (!options.reportPath.empty() && hasAll)
    if (Error error = writeReport(path, offsets, report))
      return error;
  print(report);
  return faultErrors(path, problem, faults, lines);
}

Error PackingRun::check() {
  if (!options.reportPath.empty() && options.checkPaths.size() > 1)
    return toolError("--report: shows one packing; give one --check");
  Error errors = Error::success();
  for (const std::string &path : options.checkPaths)
    errors = llvm::joinErrors(std::move(errors), checkFile(path));
  return errors;
}

int mempl::runPacking(const SolveOptions &options) {
  PackingRun run(options);
  Error errors = run.prepare();
  if (!errors)
    errors = options.checkPaths.empty() ? run.solve() : run.check();
  if (errors)
    return printErrors(std::move(errors));
  return 0;
}
