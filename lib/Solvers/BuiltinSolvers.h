//===- BuiltinSolvers.h - the solvers of this library ---------- -*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_BUILTINSOLVERS_H
#define MEMPL_LIB_SOLVERS_BUILTINSOLVERS_H

#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

// registerXSolver() of each solver X, at the end of its file. CMakeLists.txt
// has the list.
#define MEMPL_SOLVER(NAME) void register##NAME##Solver();
#include "BuiltinSolvers.def"

/// Those that a plain `portfolio` runs. Search begins with the plan of greedy,
/// which alone would cost time twice.
inline constexpr const char *kUsualSolvers[] = {"none", "search"};

/// The error for a program whose constraints cannot be met.
llvm::Error constraintsError(InstanceRef instance);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_BUILTINSOLVERS_H
