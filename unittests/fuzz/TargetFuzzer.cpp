//===- TargetFuzzer.cpp - arbitrary bytes as targets ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text says: an error of one line, or a target that can be written
// into IR and read back.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Analysis/TargetAttrs.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"

using namespace mempl::fuzz;
using namespace mempl::ir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto target = parseTarget(textOf(data, size), "f");
  if (!target)
    return takeError(target.takeError());
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<mlir::DLTIDialect>();
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  attachTarget(*module, *target);
  auto again = targetFromIR(module->getOperation());
  require(mlir::failed(again) || *again);
  return 0;
}
