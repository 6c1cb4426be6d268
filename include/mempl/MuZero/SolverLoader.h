//===- SolverLoader.h - the solver muzero -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The learned agent as a solver. LibTorch is in a module that is opened only
// when one of these solvers runs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_SOLVERLOADER_H
#define MEMPL_MUZERO_SOLVERLOADER_H

namespace mempl {

/// Adds to the registry
///  - `muzero`: plays mallocGame with a network, see GamePlayer.h. One question
///    to the network is 10 units of budget. It also guides `search`. Where the
///    module is not, it is an error that says so.
/// And what it has to beat, the same without a network:
///  - `tree-search`: exact search with a uniform prior and greedy playouts; one
///    unit is one decision in a playout.
///  - `window-search`: like `muzero`, with a policy that leans to what greedy
///    play does; one unit is one decision.
/// All are anytime, and deterministic without a time limit.
void registerMuZeroSolvers();

} // namespace mempl

#endif // MEMPL_MUZERO_SOLVERLOADER_H
