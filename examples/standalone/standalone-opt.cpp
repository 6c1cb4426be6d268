//===- standalone-opt.cpp - an opt tool with mempl and more of its own ----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CountFastBytes.h"
#include "SoftmaxCost.h"
#include "WholeValues.h"

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
  standalone::registerPasses();
  standalone::registerSoftmaxCost(registry);
  standalone::registerSolvers();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "standalone\n", registry));
}
