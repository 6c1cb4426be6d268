//===- Metrics.cpp - what training writes down about itself ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Metrics.h"

#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"

using namespace mempl;

namespace json = llvm::json;

json::Object mempl::roundMetrics(const TrainerStatus &s, double cpuSeconds) {
  return json::Object{{"round", s.round},
                      {"steps", s.steps},
                      {"seconds", s.seconds},
                      {"cpu_seconds", cpuSeconds},
                      {"games", s.games},
                      {"moves", s.moves},
                      {"moves_per_second", s.movesPerSecond},
                      {"mean_return", s.meanReturn},
                      {"plan_score", s.planScore},
                      {"head_score", s.headScore},
                      {"loss", json::Object{{"total", s.loss.total},
                                            {"policy", s.loss.policy},
                                            {"value", s.loss.value}}},
                      {"value_error", s.loss.valueError}};
}

json::Object mempl::evaluationMetrics(const TrainerStatus &s, double cpuSeconds,
                                      json::Object programs) {
  return json::Object{{"evaluation", std::move(programs)},
                      {"round", s.round},
                      {"seconds", s.seconds},
                      {"cpu_seconds", cpuSeconds},
                      {"score", s.score},
                      {"greedy_score", s.greedyScore},
                      {"slow_score", s.slowScore}};
}

llvm::Error mempl::appendMetrics(const std::string &path, json::Object line) {
  std::error_code ec;
  llvm::raw_fd_ostream os(path, ec, llvm::sys::fs::CD_OpenAlways,
                          llvm::sys::fs::FA_Write, llvm::sys::fs::OF_Append);
  if (ec)
    return fileError(path, 0, ec.message());
  os << json::Value(std::move(line)) << '\n';
  os.close();
  ec = os.error();
  os.clear_error();
  return ec ? fileError(path, 0, "cannot be written: " + ec.message())
            : llvm::Error::success();
}
