//===- lowering-opt.cpp - an opt tool with a lowering of its own ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemplToNpu.h"

#include "mempl/Register/Register.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  mempl::ir::registerAll(registry);
  lowering::registerMemplToNpu();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "a lowering for an NPU\n", registry));
}
