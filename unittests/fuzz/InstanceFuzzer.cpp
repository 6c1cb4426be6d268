//===- InstanceFuzzer.cpp - reading instances -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever parses can be verified and simulated, and reads back as the same
// after it is written.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;
using namespace mempl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto instance = parseInstance(textOf(data, size), "f");
  if (!instance)
    return takeError(instance.takeError());
  (void)verify(*instance, Plan());
  double latency = simulate(*instance, Plan()).latency;
  require(latency >= idealLatency(*instance) * (1 - 1e-9) &&
          latency == slowLatency(*instance));
  std::string written;
  llvm::raw_string_ostream os(written);
  writeInstance(os, *instance);
  auto again = parseInstance(written, "f");
  require(again && *again == *instance);
  return 0;
}
