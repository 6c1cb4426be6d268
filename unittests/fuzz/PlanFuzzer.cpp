//===- PlanFuzzer.cpp - reading plans -------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever parses can be verified against a small instance, and reads back as
// the same after it is written. What is valid can be simulated.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;
using namespace mempl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Instance instance =
      llvm::cantFail(parseInstance(kInstance, "i"));
  auto plan = parsePlan(textOf(data, size), "f");
  if (!plan)
    return takeError(plan.takeError());
  std::vector<Violation> violations = verify(instance, *plan);
  bool simulable = true;
  for (const Violation &violation : violations)
    simulable &= violation.rule != Rule::V9 && violation.rule != Rule::V11;
  require(!simulable || simulate(instance, *plan).latency ==
                            simulateLatency(instance, *plan));
  require(!violations.empty() || simulateLatency(instance, *plan) >=
                                     idealLatency(instance) * (1 - 1e-9));
  std::string written;
  llvm::raw_string_ostream os(written);
  writePlan(os, *plan);
  auto again = parsePlan(written, "f");
  require(again && *again == *plan);
  return 0;
}
