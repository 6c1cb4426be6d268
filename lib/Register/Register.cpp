//===- Register.cpp - everything of mempl, for a tool ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Register/Register.h"

#include "mempl/Analysis/CostOpInterface.h"
#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Pipelines.h"
#include "mempl/IR/Mempl.h"
#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/IR/DialectRegistry.h"

void mempl::ir::registerDialect(DialectRegistry &registry) {
  registry.insert<MemplDialect>();
  registerCostModels(registry);
}

void mempl::ir::registerMemplPasses() {
  mempl::registerMuZeroSolvers();
  registerMemplTransformsPasses();
  registerMemplConversionPasses();
  registerLoweringPipelines();
}

void mempl::ir::registerAll(DialectRegistry &registry) {
  registerDialect(registry);
  registerMemplPasses();
}
