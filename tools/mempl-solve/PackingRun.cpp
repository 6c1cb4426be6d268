//===- PackingRun.cpp - packing buffers at offsets ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-solve on a packing problem: within a capacity, or as low as possible.
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "SolveOptions.h"

#include "mempl/Packing/Packer.h"
#include "mempl/Packing/PackingIO.h"
#include "mempl/Support/FileIO.h"

#include <chrono>

using namespace mempl;
using llvm::Error;

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

static Error writeOffsets(const SolveOptions &options,
                          const PackingProblem &problem,
                          const PackingResult &result) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePackingCsv(os, problem, result.offsets);
  return writeFile(options.planPath, text);
}

/// Why there is no packing to show; success if there is one.
static Error statusError(const SolveOptions &options,
                         const PackingResult &result) {
  switch (result.status) {
  case PackingStatus::Packed:
    return Error::success();
  case PackingStatus::Infeasible:
    return fileError(options.input, 0,
                     options.capacity
                         ? "cannot be packed into " +
                               llvm::Twine(*options.capacity) + " bytes"
                         : llvm::Twine("cannot be packed: fixed offsets "
                                       "contradict each other"));
  case PackingStatus::LimitReached:
    return fileError(options.input, 0,
                     "no packing found within the limits; the lowest has " +
                         llvm::Twine(result.height) + " bytes");
  }
  llvm_unreachable("covered switch");
}

int mempl::runPacking(const SolveOptions &options) {
  auto problem = readPackingCsv(options.input);
  if (!problem)
    return printErrors(problem.takeError());
  if (options.capacity)
    problem->capacity = *options.capacity;
  PackingOptions packing;
  packing.minimize = !options.capacity;
  packing.nodeLimit = options.budgetGiven ? options.solver.budget : 0;
  packing.timeLimitMs = options.solver.timeLimitMs;
  packing.cancelled = isInterrupted;
  auto start = std::chrono::steady_clock::now();
  PackingResult result = pack(*problem, packing);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;

  bool packed = result.status == PackingStatus::Packed;
  if (packed) {
    std::string fault = checkPacking(*problem, result.offsets);
    if (!fault.empty())
      return printErrors(toolError("internal error: the packer returned an "
                                   "invalid packing of " +
                                   options.input + ": " + fault));
    if (!options.planPath.empty())
      if (Error error = writeOffsets(options, *problem, result))
        return printErrors(std::move(error));
  }
  PackingReport report;
  report.buffers = static_cast<int64_t>(problem->buffers.size());
  report.capacity = options.capacity;
  report.peak = maxLoad(*problem);
  report.height = result.height;
  report.status = nameOf(result.status);
  report.optimal = result.optimal;
  report.nodes = result.nodes;
  report.seconds = seconds.count();
  llvm::raw_ostream &os = options.planPath == "-" ? llvm::errs() : llvm::outs();
  if (options.json)
    printJson(os, report, options.timing);
  else
    printTable(os, report, options.timing);
  os.flush();
  if (Error error = statusError(options, result))
    return printErrors(std::move(error));
  return 0;
}
