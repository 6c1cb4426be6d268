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

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/CostModel.h"
#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/Analysis/Target.h"
#include "mempl/Problem/Explain.h"
#include "mempl/Solvers/Solver.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace mempl::ir {

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

/// Warns, at the file, of the keys of `profile` under which no op of `module`
/// was found while programs were extracted.
void warnUnmatchedKeys(ModuleOp module, const CostModel &cost,
                       llvm::StringRef profile);

/// Warns of the orders of users in a function that is not placed; of a `called`
/// one, sizes and trips have an effect all the same.
void warnUselessConstraints(func::FuncOp function, bool called);

/// A function as a problem.
struct PlaceableFunction {
  func::FuncOp function;
  std::unique_ptr<FunctionProblem> program;
  SmallVector<ProgramNote> notes;
};

/// The programs of all functions of a prepared module that can be placed, in
/// order. `skipped` is called for each that cannot, with the reason; orders of
/// users in it get a warning.
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

using mempl::Decision;

/// The decisions about the values of one program, of a function or of the body
/// of a loop.
struct ProgramDecisions {
  const FunctionProblem *program = nullptr;
  int64_t trips = 1; ///< Of the body, the loops around it included.
  std::vector<Decision> decisions;
};

/// What mempl::explain() says about `program` and, after it, the bodies of
/// its loops, with why storages can only be in slow memory and what helps.
std::vector<ProgramDecisions> explain(const FunctionProblem &program,
                                      const mempl::Plan &plan);

/// "step 3 (linalg.matmul) needs 300 bytes and 256 are free; largest in use:
/// a (200 bytes), ..": where the storages that are constrained to fast memory,
/// or all of them, need most. Empty where that is no more than is free.
std::string describePressure(const mempl::Instance &instance,
                             bool onlyConstrained);

/// "times are relative: the size of 'arg0' is taken as 0 bytes, .."; empty for
/// a program that tells all of its sizes and trips.
std::string describeUnknowns(const FunctionProblem &program);

/// The messages of an error in one line, each once.
std::string inOneLine(llvm::Error error);

/// Fails, with one diagnostic at a pin, where steps use more pinned bytes than
/// fast memory has.
LogicalResult checkPins(const FunctionProblem &program);

/// The pinned storage that needs most, of the program or the body of a loop;
/// null where nothing is pinned.
const Storage *largestPinned(const FunctionProblem &program);

/// Remarks, at their pins, the pins without which the program is faster than
/// `latency`, as far as the solver `greedy` finds that out.
void remarkCostlyPins(const FunctionProblem &program, double latency);

/// The decisions about a function as one JSON object.
void writeTrace(llvm::raw_ostream &os, const FunctionProblem &program,
                const TargetDescription &target, llvm::StringRef solverName,
                const mempl::Plan &plan, double latency);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_PLACEMENT_H
