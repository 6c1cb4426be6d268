//===- TargetSelection.h - the machine of a run of a pass -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_TARGETSELECTION_H
#define MEMPL_TRANSFORMS_TARGETSELECTION_H

#include "mempl/Analysis/CostModel.h"
#include "mempl/Analysis/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>

namespace mempl::ir {

/// The options `target`, `capacity` and `profile`, which several passes have.
struct TargetOptions {
  /// A preset or a file; empty for what the module says.
  std::string target = {};
  /// Bytes of fast memory instead of the target's, such as "512KiB"; empty for
  /// the target's.
  std::string capacity = {};
  /// A file with measured seconds of ops; empty for none.
  std::string profile = {};
};

/// The machine that the options or the module say; nothing if neither does.
/// Fails with a diagnostic.
FailureOr<std::optional<TargetDescription>>
findTarget(ModuleOp module, const TargetOptions &options);

/// findTarget(), which fails if there is none.
FailureOr<TargetDescription> selectTarget(ModuleOp module,
                                          const TargetOptions &options);

/// A cost model for the target, with the measured seconds of the file `profile`
/// if that is not empty. Fails with a diagnostic.
FailureOr<CostModel> selectCostModel(ModuleOp module,
                                     const TargetDescription &target,
                                     llvm::StringRef profile);

/// A machine, and what the steps of programs cost on it.
struct SelectedTarget {
  TargetDescription target;
  CostModel cost;
};

/// selectTarget() and selectCostModel().
FailureOr<SelectedTarget> selectTargetAndCosts(ModuleOp module,
                                               const TargetOptions &options);

/// Warns, at the file, of the keys of `profile` under which no op of `module`
/// was found while programs were extracted.
void warnUnmatchedKeys(ModuleOp module, const CostModel &cost,
                       llvm::StringRef profile);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_TARGETSELECTION_H
