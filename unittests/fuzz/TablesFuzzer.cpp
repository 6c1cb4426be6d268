//===- TablesFuzzer.cpp - tables that XLA writes beside a program ---------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text says: an error of one line, or a table, which is compared
// with a program that has nothing to do with it.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Frontend/Xla/HloParser.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;
using namespace mempl::fuzz;
using namespace mempl::hlo;

static const char *const kModule = R"(HloModule m, is_scheduled=true
ENTRY %e (p: f32[256], q: f32[256]) -> f32[256] {
  %p = f32[256]{0} parameter(0)
  %q = f32[256]{0} parameter(1)
  %a = f32[256]{0:S(1)} add(f32[256]{0} %p, f32[256]{0} %q)
  %b = f32[256]{0:S(1)} multiply(f32[256]{0:S(1)} %a, f32[256]{0} %q)
  ROOT %c = f32[256]{0} add(f32[256]{0:S(1)} %b, f32[256]{0:S(1)} %a)
})";

namespace {
struct Fixed {
  Module module = llvm::cantFail(parseModule(kModule, "m"));
  ModuleProgram program = llvm::cantFail(readProgram(module));
  Imported imported;

  Fixed() {
    ImportTarget target;
    target.machine.capacity = 1 << 20;
    target.machine.alignment = 512;
    target.clock = 1e9;
    ImportOptions options;
    options.cost = CostModel::Roofline;
    imported = llvm::cantFail(buildInstance(module, program, target, options));
  }
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Fixed fixed;
  AssignmentTables tables;
  // A program has up to three tables; here they are in one file.
  llvm::SmallVector<llvm::StringRef, 3> parts;
  textOf(data, size).split(parts, '\f', 2);
  for (llvm::StringRef part : parts)
    if (llvm::Error error = parseTable(part, "f", tables))
      return takeError(std::move(error));
  (void)checkTables(fixed.module, fixed.program, tables);
  XlaPlanNotes notes;
  auto plan =
      buildXlaPlan(fixed.module, fixed.program, fixed.imported, tables, notes);
  if (!plan)
    return takeError(plan.takeError());
  require(verify(fixed.imported.instance, *plan).empty());
  return 0;
}
