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

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include <cstdlib>

using namespace mempl;

/// Two loops, one inside the other, limits of copies, constraints, and free
/// orders.
static const char *const kInstance = R"({"name": "loop",
"machine": {"fast": {"capacity": 100, "alignment": 10, "bandwidth": 100, "max_carried": 1},
            "slow": {"bandwidth": 10},
            "copy": {"bandwidth": 10, "latency": 1, "max_in": 2, "max_out": 1},
            "step": {"overhead": 0.5}},
"values": [
{"name": "w", "size": 20, "kind": "input"},
{"name": "state", "size": 30, "kind": "inout"},
{"name": "t", "size": 15, "kind": "temporary"},
{"name": "out", "size": 20, "kind": "output", "space": "slow"}],
"steps": [
{"name": "s0", "compute": 3, "accesses": [{"value": 0, "bytes": 20, "mode": "read"}, {"value": 2, "bytes": 15, "mode": "write"}]},
{"name": "s1", "compute": 1, "reserved": 10, "accesses": [{"value": 1, "bytes": 90, "mode": "update"}],
 "trips": 3, "body": {"order": "free", "values": [{"name": "x", "size": 20, "kind": "temporary"}],
 "steps": [
 {"name": "b0", "compute": 1, "accesses": [{"value": 0, "bytes": 20, "mode": "write"}]},
 {"name": "b1", "compute": 1, "accesses": [{"value": 0, "bytes": 20, "mode": "read"}],
  "trips": 2, "body": {"values": [{"name": "y", "size": 5, "kind": "temporary"}],
  "steps": [{"name": "c0", "compute": 0, "accesses": [{"value": 0, "bytes": 5, "mode": "write"}]}]}}]}},
{"name": "s2", "compute": 2, "after": [1], "accesses": [{"value": 0, "bytes": 20, "mode": "read"}, {"value": 3, "bytes": 20, "mode": "write", "space": "slow"}]},
{"name": "s3", "compute": 2, "accesses": []}], "order": "free"})";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Instance instance =
      llvm::cantFail(parseInstance(kInstance, "i"));
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto plan = parsePlan(text, "f");
  if (!plan) {
    if (llvm::toString(plan.takeError()).find('\n') != std::string::npos)
      abort();
    return 0;
  }
  std::vector<Violation> violations = verify(instance, *plan);
  bool simulable = true;
  for (const Violation &violation : violations)
    simulable &= violation.rule != Rule::V9 && violation.rule != Rule::V11;
  if (simulable &&
      simulate(instance, *plan).latency != simulateLatency(instance, *plan))
    abort();
  if (violations.empty() &&
      simulateLatency(instance, *plan) < idealLatency(instance) * (1 - 1e-9))
    abort();
  std::string written;
  llvm::raw_string_ostream os(written);
  writePlan(os, *plan);
  auto again = parsePlan(written, "f");
  if (!again || !(*again == *plan))
    abort();
  return 0;
}
