//===- OrderTrials.h - which order of steps to go on with -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How good the plans in an order can become shows only when they are annealed:
// orders in which a greedy pass is slow may become the best. So all orders of
// StartingOrders.h, and the program's own, are annealed for a while; then the
// better half of them, and so on until one is left (successive halving:
// Jamieson and Talwalkar, AISTATS 2016).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_ORDERTRIALS_H
#define MEMPL_LIB_SOLVERS_ORDERTRIALS_H

#include "mempl/Solvers/PolicyDecoder.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// The best plan on the profile, with its order, after trying several orders of
/// the program of `index`, whose order is free, for a share of the limits of
/// `context`. `start` is a plan on the profile, in its order or the program's
/// own, and so are `others`, which a policy made. `moves` counts all that was
/// made under the limits, this included.
Plan planInGoodOrder(const AccessIndex &index,
                     llvm::ArrayRef<LoopChoices> loops,
                     const SolverContext &context, const Deadline &deadline,
                     Plan start, std::vector<DecodedPlan> others,
                     int64_t &moves);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_ORDERTRIALS_H
