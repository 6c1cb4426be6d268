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

#include "Effort.h"

#include "mempl/Solvers/PolicyDecoder.h"

namespace mempl {

/// The best plan after annealing several for a share of the limits. `openings`:
/// plans on the profile of the program of `index`, whose order is free, the
/// best first and at least one; `effortPerPass`: what a pass over it takes of
/// the limits.
DecodedPlan bestOfTrials(const AccessIndex &index,
                         llvm::ArrayRef<LoopChoices> loops,
                         std::vector<DecodedPlan> openings,
                         double effortPerPass, Effort &effort);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_ORDERTRIALS_H
