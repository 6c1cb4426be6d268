//===- PrepareForTarget.cpp - loops in the form that is faster ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/Prepare.h"

#include "mempl/Solvers/Solve.h"
#include "mempl/Transforms/FunctionExtraction.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace mempl::ir;

/// The latency that `greedy` reaches for each function that can be placed.
static llvm::StringMap<double> greedyLatencies(ModuleOp module,
                                               const TargetDescription &target,
                                               const CostModel &cost) {
  // Who extracts the functions afterwards says what is wrong with them.
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  llvm::StringMap<double> latencies;
  FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
      module, target, cost, [](func::FuncOp, const llvm::Twine &) {});
  if (failed(functions))
    return latencies;
  for (PlaceableFunction &function : *functions) {
    fixOrder(*function.program);
    llvm::Expected<mempl::Solution> result =
        mempl::solveVerified(function.program->instance, "greedy", {});
    if (result)
      latencies[function.function.getName()] = result->latency;
    else
      llvm::consumeError(result.takeError());
  }
  return latencies;
}

LogicalResult mempl::ir::prepareForTarget(ModuleOp module,
                                          const TargetDescription &target,
                                          const CostModel &cost,
                                          bool eliminateEmptyTensors) {
  bool loops = module
                   ->walk([](LoopLikeOpInterface loop) {
                     return loop.getInits().empty() ? WalkResult::advance()
                                                    : WalkResult::interrupt();
                   })
                   .wasInterrupted();
  OwningOpRef<ModuleOp> other = loops ? module.clone() : ModuleOp();
  bool hasTwoForms = false;
  if (failed(prepareForPlacement(module, eliminateEmptyTensors,
                                 LoopForm::NewBuffers, &hasTwoForms)))
    return failure();
  if (!hasTwoForms)
    return success();
  if (failed(prepareForPlacement(*other, eliminateEmptyTensors,
                                 LoopForm::TwoBuffers)))
    return failure();
  llvm::StringMap<double> one = greedyLatencies(module, target, cost);
  llvm::StringMap<double> two = greedyLatencies(*other, target, cost);
  // A form that is no better only makes the program larger.
  constexpr double worthwhile = 0.999;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    StringRef name = function.getName();
    if (two.contains(name) && one.contains(name) &&
        two[name] < worthwhile * one[name])
      function.getBody().takeBody(
          other->lookupSymbol<func::FuncOp>(name).getBody());
  }
  return success();
}
