//===- mempl-lsp-server.cpp - MLIR's language server with mempl in it -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What editors talk to: diagnostics, definitions, uses, hover and completion in
// files with ops of upstream and of mempl. docs/Editors.md has how to set it
// up.
//
//===----------------------------------------------------------------------===//

#include "mempl/Register/Register.h"
#include "mempl/Support/Version.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Support/LLVM.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mempl::ir::registerDialect(registry);
  llvm::cl::SetVersionPrinter(mempl::printVersion);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
