//===- ProblemIR.h - instances and plans to IR and back ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The door between the core, which knows nothing of MLIR, and the ops
// mempl.instance and mempl.plan. Both forms say the same: what is built reads
// back equal, doubles to the last bit.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_PROBLEM_PROBLEMIR_H
#define MEMPL_FRONTEND_PROBLEM_PROBLEMIR_H

#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "mlir/IR/Builders.h"

namespace mempl::ir {

/// Makes the op of an instance where `builder` stands. `instance` must be
/// valid (mempl::checkInstance). Values get symbols that are their names
/// where those are not empty and not taken. An empty `symbol` stands for the
/// name of the instance.
InstanceOp buildInstance(OpBuilder &builder, Location loc,
                         const mempl::Instance &instance, StringRef symbol);

/// Reads an instance and checks it; each fault is an error at the op that it is
/// about.
FailureOr<mempl::Instance> readInstance(InstanceOp op);

/// Makes the op of a plan for `instance` where `builder` stands. Fails, with an
/// error at `loc`, for a plan that has residencies of values or plans of loops
/// that the instance does not have, which IR cannot say. An empty `symbol`
/// stands for the symbol of the instance with `_plan` behind it.
FailureOr<PlanOp> buildPlan(OpBuilder &builder, Location loc,
                            const mempl::Plan &plan, InstanceOp instance,
                            StringRef symbol);

/// Reads a plan. `instance` is what the instance of the plan reads as; the
/// plan is not verified against it.
FailureOr<mempl::Plan> readPlan(PlanOp op, const mempl::Instance &instance);

/// Verifies `plan`, read from `op`, for `instance` (mempl::verify). Each
/// broken rule is an error at the residency that breaks it, or, where there is
/// none, at the plan. Returns the number of errors.
int64_t verifyPlan(PlanOp op, const mempl::Plan &plan,
                   const mempl::Instance &instance);

/// The values and the steps of a program, an instance or a loop, in order: the
/// ops behind the indices of the core.
SmallVector<ValueOp> valuesOf(Operation *program);
SmallVector<Operation *> stepsOf(Operation *program);

} // namespace mempl::ir

#endif // MEMPL_FRONTEND_PROBLEM_PROBLEMIR_H
