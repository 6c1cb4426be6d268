//===- HloFuzzer.cpp - arbitrary bytes as HLO text ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text says: an error of one line, or a valid instance, and a
// valid plan of XLA's for it.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Frontend/Xla/HloParser.h"
#include "mempl/Frontend/Xla/XlaOverrides.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;
using namespace mempl::fuzz;
using namespace mempl::hlo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto module = parseModule(textOf(data, size), "f");
  if (!module)
    return takeError(module.takeError());
  auto program = readProgram(*module);
  if (!program)
    return takeError(program.takeError());
  ImportTarget target;
  target.machine.capacity = 1 << 20;
  target.machine.alignment = 512;
  target.clock = 1e9;
  target.machine.maxCarried = 1;
  for (CostModel cost : {CostModel::Roofline, CostModel::Calibrated}) {
    ImportOptions options;
    options.cost = cost;
    options.freeOrder = cost == CostModel::Roofline;
    auto imported = buildInstance(*module, *program, target, options);
    if (!imported)
      return takeError(imported.takeError());
    XlaPlanNotes notes;
    auto plan =
        buildXlaPlan(*module, *program, *imported, AssignmentTables(), notes);
    if (!plan)
      return takeError(plan.takeError());
    require(verify(imported->instance, *plan).empty());
    (void)xlaDecisions(*module, *program, *imported, *plan);
  }
  return 0;
}
