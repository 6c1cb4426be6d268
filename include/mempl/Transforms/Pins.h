//===- Pins.h - pins that cannot be kept, or cost time ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PINS_H
#define MEMPL_TRANSFORMS_PINS_H

#include "mempl/Analysis/FunctionProblem.h"

#include "mlir/Support/LLVM.h"

namespace mempl::ir {

/// Fails, with one diagnostic at a pin, where steps use more pinned bytes than
/// fast memory has.
LogicalResult checkPins(const FunctionProblem &program);

/// The pinned storage that needs most, of the program or the body of a loop;
/// null where nothing is pinned.
const Storage *largestPinned(const FunctionProblem &program);

/// Remarks, at their pins, the pins without which the program is faster than
/// `latency`, as far as the solver `greedy` finds that out.
void remarkCostlyPins(const FunctionProblem &program, double latency);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_PINS_H
