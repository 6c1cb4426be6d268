//===- MuZeroSolver.h - the policy muzero -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The learned agent as a solver. LibTorch is in a module that is opened only
// when one of these policies runs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_MUZEROSOLVER_H
#define MEMPL_MUZERO_MUZEROSOLVER_H

namespace mempl {

/// Adds to the registry
///  - `muzero`: plays mallocGame with the network in SolverOptions::weights: by
///    its policy, by samples of that, and by search; and greedily. The best
///    plan counts. One unit of budget is one state that the network is asked
///    about.
///  - `muzero+search`: the same with half of the budget and time; with the
///  rest,
///    `search` goes on from its plan (one unit is one move then).
/// Both are anytime, and deterministic without a time limit. Without the
/// module, and without weights, they are an error that says so.
void registerMuZeroSolvers();

} // namespace mempl

#endif // MEMPL_MUZERO_MUZEROSOLVER_H
