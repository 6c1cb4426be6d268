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

#include "FuzzUtils.h"

#include "mempl/Frontend/Packing/PackingIO.h"
#include "mempl/Packing/Packer.h"

using namespace mempl;
using namespace mempl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto table = parsePackingCsv(textOf(data, size), "f");
  if (!table)
    return takeError(table.takeError());
  PackingProblem *problem = &table->problem;
  PackingOptions options;
  options.nodeLimit = 200;
  for (int64_t capacity : {int64_t(16), INT64_MAX}) {
    problem->capacity = capacity;
    options.minimize = capacity == INT64_MAX;
    PackingResult result = pack(*problem, options);
    if (result.status != PackingStatus::Packed)
      continue;
    require(checkPacking(*problem, result.offsets).empty() &&
            result.height >= maxLoad(*problem));
    std::string written;
    llvm::raw_string_ostream os(written);
    writePackingCsv(os, *table, result.offsets);
    auto again = parsePackingCsv(written, "f");
    require(again && again->problem.buffers.size() == problem->buffers.size());
  }
  return 0;
}
