//===- MuZeroSolver.h - the solver muzero -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_MUZEROSOLVER_H
#define MEMPL_MUZERO_MUZEROSOLVER_H

#include "mempl/MuZero/GamePlayer.h"
#include "mempl/Solvers/Deadline.h"

namespace mempl {

/// Adds to the registry `muzero`, which plays mallocGame with learned weights.
/// A unit of budget is an action that is tried. Anytime, and deterministic
/// without a time limit.
void registerMuZeroSolvers();

/// What `muzero` does for a game, a plan for which is in `best`: plays within
/// the limits of `context`, and makes `best` the best plan. An error if arrays
/// of the weights have wrong shapes.
llvm::Error playWithin(std::shared_ptr<const Game> game, const Weights &weights,
                       const GamePlayerOptions &options,
                       const SolverContext &context, const Deadline &deadline,
                       Solution &best);

} // namespace mempl

#endif // MEMPL_MUZERO_MUZEROSOLVER_H
