//===- PlanApplication.h - plans, applied and checked -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What learned-memory-placement and mempl-apply-plan do with plans: a plan is
// verified before the function is touched, and the rewritten function is
// replayed after, so that what comes out is valid. A function that is not, by a
// mistake of mempl, gets its body back, or the pass fails.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_PLANAPPLICATION_H
#define MEMPL_LIB_TRANSFORMS_PLANAPPLICATION_H

#include "Fallback.h"
#include "OriginalFunctions.h"
#include "PlacementReport.h"

namespace mempl::ir {

/// What a function that is split is when it is whole.
struct WholeFunction {
  Region body; ///< Prepared.
  PlaceableFunction function;
  Plan plan; ///< Valid for the function's instance.
  /// The function before it was prepared.
  OwningOpRef<Operation *> unprepared;
};

/// A function with a plan for it, and what became of it.
struct PlannedFunction {
  PlaceableFunction *function = nullptr;
  Plan plan; ///< Valid for the function's instance.
  PlacementReport report;
  /// It is in slow memory in spite of its plan.
  bool isSlow = false;
  /// What is placed instead where something is wrong with the function as it
  /// is split; null for one that is whole.
  std::unique_ptr<WholeFunction> whole;
};

/// Applies the plans of a module.
class PlanApplication {
public:
  struct Options {
    /// Replays placed functions, and compares what ops read.
    bool verify = true;
    /// Who made the plans, for a bug report, and what happens after a mistake.
    SolverChoice choice;
  };

  /// Without `originals` the last resort is always an error, and functions that
  /// are not placed stay prepared.
  PlanApplication(ModuleOp module, const TargetDescription &target,
                  OriginalFunctions originals, Options options)
      : module(module), target(target), originals(std::move(originals)),
        options(std::move(options)) {}

  /// Gives `function` the body of `tiled`, which it is to have when plans are
  /// applied, and `unprepared` as what it was before it was prepared. What it
  /// has had till then, with the plan `plan`.
  std::unique_ptr<WholeFunction> replace(PlaceableFunction &function, Plan plan,
                                         PlaceableFunction tiled,
                                         OwningOpRef<Operation *> unprepared);

  /// Makes the report and rewrites the function. Fails with a diagnostic.
  LogicalResult apply(PlannedFunction &planned);

  /// After the last apply(): gives functions that are not placed their bodies
  /// back, among them those by which the module would be worse. Fails with a
  /// diagnostic.
  LogicalResult finish(llvm::MutableArrayRef<PlannedFunction> all);

private:
  LogicalResult fallBack(PlannedFunction &planned, StringRef reason,
                         llvm::ArrayRef<Diagnostic> findings);
  LogicalResult leaveSlow(PlannedFunction &planned, const llvm::Twine &reason,
                          llvm::ArrayRef<Diagnostic> findings = {});
  LogicalResult leaveSlowUntil(llvm::MutableArrayRef<PlannedFunction> all,
                               llvm::function_ref<bool()> isAccepted,
                               const std::vector<Diagnostic> &findings = {});
  LogicalResult placeWhole(PlannedFunction &planned);
  void restore(PlannedFunction &planned);
  LogicalResult checkModule(llvm::MutableArrayRef<PlannedFunction> all);
  LogicalResult keepNeverWorse(llvm::MutableArrayRef<PlannedFunction> all);

  ModuleOp module;
  const TargetDescription &target;
  OriginalFunctions originals;
  Options options;
  llvm::SmallPtrSet<Operation *, 4> placed; ///< Functions that were rewritten.
};

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_PLANAPPLICATION_H
