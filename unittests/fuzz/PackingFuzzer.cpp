//===- PackingFuzzer.cpp - reading packing problems -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever parses can be packed within a limit of nodes; what the packer calls
// packed is, and reads back after it is written.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Packing/PackingIO.h"
#include "mempl/Packing/Packer.h"

#include <cstdlib>

using namespace mempl;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto table = parsePackingCsv(text, "f");
  if (!table) {
    if (llvm::toString(table.takeError()).find('\n') != std::string::npos)
      abort();
    return 0;
  }
  PackingProblem *problem = &table->problem;
  PackingOptions options;
  options.nodeLimit = 200;
  for (int64_t capacity : {int64_t(16), INT64_MAX}) {
    problem->capacity = capacity;
    options.minimize = capacity == INT64_MAX;
    PackingResult result = pack(*problem, options);
    if (result.status != PackingStatus::Packed)
      continue;
    if (!checkPacking(*problem, result.offsets).empty() ||
        result.height < maxLoad(*problem))
      abort();
    std::string written;
    llvm::raw_string_ostream os(written);
    writePackingCsv(os, *table, result.offsets);
    auto again = parsePackingCsv(written, "f");
    if (!again || again->problem.buffers.size() != problem->buffers.size())
      abort();
  }
  return 0;
}
