//===- LearnedStart.h - plans to begin a search with ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small change of a policy's weights makes a plan that differs everywhere. So
// the weights are searched for the program at hand, from those that were
// learned on others: an evolution strategy with one parent and one child, whose
// steps grow with success and shrink without.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_LEARNEDSTART_H
#define MEMPL_LIB_SOLVERS_LEARNEDSTART_H

#include "mempl/Solvers/PolicyDecoder.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// Plans that the heads of the policy make, and the best one that evolution has
/// found from there, the best first. Heads are asked until most of `share` of
/// the limits is used; the rest is for evolution, if one of their plans is
/// faster than `latencyToBeat` seconds. On the profile, offsets mean nothing.
/// `moves` counts what that takes.
std::vector<DecodedPlan> plansByPolicy(PolicyDecoder &decoder,
                                       double latencyToBeat,
                                       const SolverContext &context,
                                       const Deadline &deadline, double share,
                                       int64_t &moves);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_LEARNEDSTART_H
