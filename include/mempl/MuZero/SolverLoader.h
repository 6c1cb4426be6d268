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
///  - `muzero`: plays mallocGame with the network in SolverOptions::weights;
///  see
///    GamePlayer.h. One unit of budget is one question to the network.
///  - `muzero+search`: 30 % of the limits for `muzero`, 15 % each for `search`
///    from the plan of `greedy` and from that of `muzero`, and the rest for
///    `search` from the better of the two (one unit is one move then).
/// Where the module is not, they are an error that says so.
/// And what they have to beat, the same without a network:
///  - `tree-search`: exact search with a uniform prior and greedy playouts; one
///    unit is one playout.
///  - `window-search`: like `muzero`, with a policy that leans to what greedy
///    play does; one unit is one decision.
/// All are anytime, and deterministic without a time limit.
void registerMuZeroSolvers();

} // namespace mempl

#endif // MEMPL_MUZERO_SOLVERLOADER_H
