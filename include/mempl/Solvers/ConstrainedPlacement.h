//===- ConstrainedPlacement.h - what must be fast ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_CONSTRAINEDPLACEMENT_H
#define MEMPL_SOLVERS_CONSTRAINEDPLACEMENT_H

#include "mempl/Solvers/UseIntervalForest.h"

namespace mempl {

/// Places what is constrained to be fast. False if no way was found; the editor
/// is then not legal.
bool placeConstrained(PlanEditor &editor, const UseIntervalForest &forest);

} // namespace mempl

#endif // MEMPL_SOLVERS_CONSTRAINEDPLACEMENT_H
