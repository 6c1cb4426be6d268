//===- Metrics.h - what training writes down about itself -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file metrics.jsonl of a run: a line of JSON per round and evaluation.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_METRICS_H
#define MEMPL_LIB_MUZERO_METRICS_H

#include "mempl/MuZero/Trainer.h"

#include "llvm/Support/JSON.h"

namespace mempl {

/// A line about the round that ended last.
llvm::json::Object roundMetrics(const TrainerStatus &status, double cpuSeconds);
/// A line about the evaluation that ended last; `programs` has an object for
/// each of its programs.
llvm::json::Object evaluationMetrics(const TrainerStatus &status,
                                     double cpuSeconds,
                                     llvm::json::Object programs);

/// Adds a line to a file, which is made if it is not there.
llvm::Error appendMetrics(const std::string &path, llvm::json::Object line);

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_METRICS_H
