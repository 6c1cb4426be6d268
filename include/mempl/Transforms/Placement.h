//===- Placement.h - extraction, solving and remarks ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the passes and the tools that place functions share: which target holds,
// which functions can be placed, what a solver makes of one, and how a decision
// is explained.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PLACEMENT_H
#define MEMPL_TRANSFORMS_PLACEMENT_H

#include "mempl/Analysis/CostModel.h"
#include "mempl/Analysis/Program.h"
#include "mempl/Analysis/Target.h"
#include "mempl/Problem/Explain.h"
#include "mempl/Solvers/Solver.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace mlir::mempl {

/// The machine that `module` is placed for: `target` (a preset or a file) if it
/// is not empty, else what the module says; with `capacity`, a size such as
/// "512KiB", instead of its own if that is not empty. Fails with a diagnostic.
FailureOr<TargetDescription>
selectTarget(ModuleOp module, llvm::StringRef target, llvm::StringRef capacity);

/// A cost model for the target, with the measured seconds of the file `profile`
/// if that is not empty. Fails with a diagnostic.
FailureOr<CostModel> selectCostModel(ModuleOp module,
                                     const TargetDescription &target,
                                     llvm::StringRef profile);

/// A function as a problem.
struct PlaceableFunction {
  func::FuncOp function;
  std::unique_ptr<Program> program;
  SmallVector<ProgramNote> notes;
};

/// The programs of all functions of a prepared module that can be placed, in
/// order. `skipped` is called for each that cannot, with the reason.
FailureOr<std::vector<PlaceableFunction>> extractFunctions(
    ModuleOp module, const TargetDescription &target, const CostModel &cost,
    llvm::function_ref<void(func::FuncOp, const llvm::Twine &)> skipped);

/// Prepares a module (prepareForPlacement()) for the target. Loops that make a
/// tensor anew each trip and still read the old one get the form of which
/// `greedy` makes the faster program. Fails with a diagnostic.
LogicalResult prepareForTarget(ModuleOp module, const TargetDescription &target,
                               const CostModel &cost,
                               bool eliminateEmptyTensors = true);

/// A function that is not placed.
struct SkippedFunction {
  std::string name;   ///< Without the @.
  std::string reason; ///< "it has several blocks".
};

/// The function that `name` means among those that are placed: the only one if
/// `name` is empty. If there is no such function the error says what there is,
/// or why that one is not placed; `option` is how to choose: "--function".
llvm::Expected<std::string>
chooseFunction(llvm::StringRef name, llvm::ArrayRef<std::string> placed,
               llvm::ArrayRef<SkippedFunction> skipped, llvm::StringRef option);

using ::mempl::Decision;

/// A decision per value of the program, the bodies of loops left out: what
/// ::mempl::explain() says, and why storages can only be in slow memory.
std::vector<Decision> explain(const Program &program,
                              const ::mempl::Plan &plan);

/// "step 3 (linalg.matmul) needs 300 bytes and 256 are free; largest in use:
/// a (200 bytes), ..": where the storages that are ordered into fast memory, or
/// all of them, need most.
std::string describePressure(const ::mempl::Instance &instance,
                             bool onlyOrdered);

/// "times are relative: the size of 'arg0' is taken as 0 bytes, .."; empty for
/// a program that tells all of its sizes and trips.
std::string describeUnknowns(const Program &program);

/// The decisions about a function as one JSON object.
void writeTrace(llvm::raw_ostream &os, const Program &program,
                const TargetDescription &target, llvm::StringRef policy,
                const ::mempl::Plan &plan, double latency);

} // namespace mlir::mempl

#endif // MEMPL_TRANSFORMS_PLACEMENT_H
