//===- Metrics.h - lines about training -------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_METRICS_H
#define MEMPL_LIB_TRAINING_METRICS_H

#include "mempl/Training/Trainer.h"

#include "llvm/Support/JSON.h"

namespace mempl {

llvm::json::Object roundMetrics(const TrainerStatus &status, double cpuSeconds);
llvm::json::Object evaluationMetrics(const TrainerStatus &status,
                                     double cpuSeconds,
                                     llvm::json::Object programs);

/// Adds a line to a file.
llvm::Error appendMetrics(const std::string &path, llvm::json::Object line);

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_METRICS_H
