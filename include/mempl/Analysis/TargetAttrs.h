//===- TargetAttrs.h - the machine that a module names ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_TARGETATTRS_H
#define MEMPL_ANALYSIS_TARGETATTRS_H

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace mempl::ir {

/// The target that `op` or an op around it names, the innermost first:
/// `mempl.target` (a preset, or a dictionary of `preset` and `capacity` in
/// bytes), else the `dlti.target_system_spec` (docs/Targets.md has its keys).
/// Nothing if none does; fails, with a diagnostic, if it is malformed.
FailureOr<std::optional<TargetDescription>> targetFromIR(Operation *op);

/// Makes `target` what all of `module` is for: a preset as `mempl.target`, with
/// the bytes of fast memory if they are not its own, any other machine as a
/// device of `dlti.target_system_spec`, beside the devices of others. What
/// functions and modules inside said is gone.
void attachTarget(ModuleOp module, const TargetDescription &target);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_TARGETATTRS_H
