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

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include <cmath>
#include <cstdlib>

using namespace mempl;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto instance = parseInstance(text, "f");
  if (!instance) {
    // One line, whatever the input has in it.
    if (llvm::toString(instance.takeError()).find('\n') != std::string::npos)
      abort();
    return 0;
  }
  (void)verify(*instance, Plan());
  double latency = simulate(*instance, Plan()).latency;
  if (!(latency >= idealLatency(*instance) * (1 - 1e-9)) ||
      latency != slowLatency(*instance))
    abort();
  std::string written;
  llvm::raw_string_ostream os(written);
  writeInstance(os, *instance);
  auto again = parseInstance(written, "f");
  if (!again || !(*again == *instance))
    abort();
  return 0;
}
