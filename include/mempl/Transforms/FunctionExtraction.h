//===- FunctionExtraction.h - the functions that can be placed --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_FUNCTIONEXTRACTION_H
#define MEMPL_TRANSFORMS_FUNCTIONEXTRACTION_H

#include "mempl/Analysis/CostModel.h"
#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/Analysis/Target.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace mempl::ir {

/// Warns of the constraints of users in a function that is not placed; of a
/// `called` one, sizes and trips have an effect all the same.
void warnUselessConstraints(func::FuncOp function, bool called);

/// A function as a problem.
struct PlaceableFunction {
  func::FuncOp function;
  std::unique_ptr<FunctionProblem> program;
  SmallVector<ProgramNote> notes;
};

/// The programs of all functions of a prepared module that can be placed, in
/// order. `skipped` is called for each that cannot, with the reason;
/// constraints of users in it get a warning.
FailureOr<std::vector<PlaceableFunction>> extractFunctions(
    ModuleOp module, const TargetDescription &target, const CostModel &cost,
    llvm::function_ref<void(func::FuncOp, const llvm::Twine &)> skipped,
    SlicePolicy slices = SlicePolicy::Auto);

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

/// What a module is as problems.
struct ModuleProblems {
  std::vector<PlaceableFunction> functions; ///< Those on buffers among them.
  std::vector<SkippedFunction> skipped;
};

/// extractFunctions() with a remark for each function that cannot be placed,
/// and a warning of the keys of `profile` that are of no use. Fails, with a
/// diagnostic, on pins that cannot be kept (checkPins()) as well.
FailureOr<ModuleProblems>
extractProblems(ModuleOp module, const SelectedTarget &target,
                StringRef profile, SlicePolicy slices = SlicePolicy::Auto);

/// fixOrder() for all of them.
void fixOrders(ModuleProblems &problems);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_FUNCTIONEXTRACTION_H
