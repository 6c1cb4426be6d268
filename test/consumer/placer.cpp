//===- placer.cpp - placement inside of another compiler ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"
#include "mempl/Register/Register.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

static const char *const kProgram = R"mlir(
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>)
                  outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>)
                  outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
})mlir";

int main() {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mempl::ir::registerDialect(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(kProgram, &context);
  if (!module)
    return 1;
  mempl::ir::LearnedMemoryPlacementOptions options;
  options.target = "tiny";
  mlir::PassManager passes(&context);
  passes.addPass(mempl::ir::createLearnedMemoryPlacement(options));
  if (failed(passes.run(*module)))
    return 1;
  int storages = 0;
  module->walk([&](mempl::ir::AllocOp) { ++storages; });
  llvm::outs() << storages << " in fast memory\n";
  return storages == 1 ? 0 : 1;
}
