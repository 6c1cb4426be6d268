//===- MlirFuzzer.cpp - arbitrary text as MLIR with mempl in it -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text says: diagnostics, or a module that reads back as the same
// after it is printed. Its instances and plans can be read, its targets too,
// and its functions can be checked and placed.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/Register/Register.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace mempl::fuzz;
using namespace mempl::ir;

/// Attributes and types are never forgotten: a context is for so many inputs.
static constexpr int kInputsPerContext = 1000;

static std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registerDialect(registry);
  registry
      .insert<arith::ArithDialect, bufferization::BufferizationDialect,
              DLTIDialect, func::FuncDialect, linalg::LinalgDialect,
              memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect>();
  return std::make_unique<MLIRContext>(registry,
                                       MLIRContext::Threading::DISABLED);
}

static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

static void readProblems(ModuleOp module) {
  module.walk([](InstanceOp op) {
    auto instance = readInstance(op);
    if (failed(instance))
      return;
    for (auto plan : op->getParentRegion()->getOps<PlanOp>()) {
      if (plan.getInstance() != op.getSymName())
        continue;
      auto read = readPlan(plan, *instance);
      if (succeeded(read))
        (void)verifyPlan(plan, *read, *instance);
    }
  });
  module.walk([](Operation *op) {
    if (op->hasAttr("mempl.target") || isa<ModuleOp>(op))
      (void)targetFromIR(op);
  });
}

/// Fails or succeeds; what succeeds verifies.
static void run(ModuleOp module, StringRef pipeline, int &numErrors) {
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager passes(module.getContext());
  passes.enableVerifier(false);
  require(succeeded(parsePassPipeline(pipeline, passes, llvm::nulls())));
  int before = numErrors;
  if (failed(passes.run(*copy)))
    require(numErrors > before);
  else
    require(succeeded(verify(*copy)));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const bool isRegistered = [] {
    registerMemplPasses();
    return true;
  }();
  (void)isRegistered;
  static std::unique_ptr<MLIRContext> context;
  static int left = 0;
  if (left-- == 0) {
    context = makeContext();
    left = kInputsPerContext;
  }
  int numErrors = 0;
  ScopedDiagnosticHandler count(context.get(), [&](Diagnostic &diagnostic) {
    numErrors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
  });
  auto module = parseSourceString<ModuleOp>(
      mempl::fuzz::terminatedTextOf(data, size), context.get(), "f");
  if (!module) {
    require(numErrors > 0);
    return 0;
  }
  std::string printed = textOf(*module);
  auto again = parseSourceString<ModuleOp>(printed, context.get(), "f");
  require(again && textOf(*again) == printed);
  readProblems(*module);
  for (StringRef pipeline :
       {"func.func(mempl-check-placement)", "mempl-verify-plan",
        "learned-memory-placement{target=tiny solver=greedy}"})
    run(*module, pipeline, numErrors);
  return 0;
}
