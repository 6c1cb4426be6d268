//===- mempl-opt.cpp - MLIR's opt tool with mempl in it -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir-opt with the mempl dialect and its passes: all upstream dialects and
// passes are there, so that they can stand before, between and after mempl's.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/GPUPasses.h"
#include "mempl/Transforms/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllGPUToLLVMIRTranslations(registry);
  mlir::registerAllPasses();
  mlir::mempl::registerAll(registry);
  mlir::mempl::registerGPUConversionPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "mempl: learned memory placement\n", registry));
}
