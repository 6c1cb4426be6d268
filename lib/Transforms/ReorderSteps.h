//===- ReorderSteps.h - ops in the order of a plan --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_REORDERSTEPS_H
#define MEMPL_LIB_TRANSFORMS_REORDERSTEPS_H

#include "mempl/IR/Namespace.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace mempl {
struct Plan;
}

namespace mempl::ir {

struct FunctionProblem;

/// Moves the ops of the program's block to where `order`, a valid one for its
/// program, has their steps. Ops that are no steps go right before the first op
/// that needs them, and those that no step needs right behind the last op that
/// they need; constants before the first step stay there. An empty order, and
/// the program's own, move nothing. Bodies are left as they are.
void reorderSteps(FunctionProblem &program, llvm::ArrayRef<int32_t> order);

/// The fewest steps that have to move to come from the order of the program to
/// that of the plan, those of loops' bodies counted once.
int64_t countMovedSteps(const mempl::Plan &plan);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_REORDERSTEPS_H
