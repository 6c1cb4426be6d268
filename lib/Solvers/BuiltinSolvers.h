//===- BuiltinSolvers.h - the solvers of this library ----------- -*- C++
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

std::unique_ptr<Solver> createNoneSolver();
std::unique_ptr<Solver> createGreedySolver();
std::unique_ptr<Solver> createSearchSolver();
std::unique_ptr<Solver> createPortfolioSolver();
std::unique_ptr<Solver> createMsaSolver();
std::unique_ptr<Solver> createMsaTestSolver();
std::unique_ptr<Solver> createMsaProductionSolver();
std::unique_ptr<Solver> createMsaFullSolver();
std::unique_ptr<Solver> createMsaTunedSolver();

/// The error for a program whose constraints cannot be met.
llvm::Error ordersError(InstanceRef instance);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_BUILTINSOLVERS_H
