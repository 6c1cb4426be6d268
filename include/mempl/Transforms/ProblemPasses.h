//===- ProblemPasses.h - passes on problems and plans -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes that work on mempl.instance and mempl.plan alone, whatever the
// instances were made of. ProblemPasses.td says what each does.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PROBLEMPASSES_H
#define MEMPL_TRANSFORMS_PROBLEMPASSES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace mempl::ir {

/// createMemplSolve() with MemplSolveOptions, and createMemplVerifyPlan().
#define GEN_PASS_DECL
#include "mempl/Transforms/ProblemPasses.h.inc"

/// Registers mempl-solve and mempl-verify-plan.
void registerProblemPasses();

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_PROBLEMPASSES_H
