//===- ReproducerFuzzer.cpp - reading reproducers -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever parses says the same after it is written and read.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Solvers/Reproducer.h"

using namespace mempl;
using namespace mempl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto reproducer = parseReproducer(textOf(data, size), "f");
  if (!reproducer)
    return takeError(reproducer.takeError());
  std::string text = reproducerText(*reproducer);
  auto again = parseReproducer(text, "f");
  require(again && reproducerText(*again) == text);
  return 0;
}
