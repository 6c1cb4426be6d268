//===- ApplyPlan.h - a plan as IR -------------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_APPLYPLAN_H
#define MEMPL_TRANSFORMS_APPLYPLAN_H

#include "mempl/IR/Namespace.h"

#include "mempl/Problem/Plan.h"

#include "mlir/Support/LLVM.h"

#include "llvm/ADT/StringRef.h"

namespace mempl::ir {

struct FunctionProblem;

/// Lets the loops of the function carry tokens for the copies that the plans of
/// their bodies have across trips, all of them of no copy as yet. `program`
/// stays that of the function, which does what it did. Comes before
/// applyPlan(); apart from it, as it makes ops anew that others may know.
void carryTokens(FunctionProblem &program, const mempl::Plan &plan);

/// Rewrites the function of `program` so that it does what `plan`, a valid plan
/// for the program's instance, says: storage in fast memory as `mempl.alloc`
/// (of space `fastSpace`), copies as `mempl.copy_start` and `copy_wait` in the
/// order of the plan, every access through the tensor in the right memory. Ops
/// move to where the plan's order has their steps; if it has none they stay.
/// Copies across trips are `mempl.copy_start_carried` and `copy_wait_carried`.
/// Storages that the plan leaves alone keep their ops. The program is stale
/// afterwards. Fails, with a diagnostic and the function half rewritten, on a
/// plan that the function cannot express (a copy out of a constant).
LogicalResult applyPlan(FunctionProblem &program, const mempl::Plan &plan,
                        llvm::StringRef fastSpace);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_APPLYPLAN_H
