//===- Tries.h - searches with several seeds --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a random search finds depends on its seed. Several searches that are
// alike but for that share the limits, and the best plan counts. They have
// nothing in common while they run, so some may run at a time; how many
// changes nothing where the budget is what limits them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_TRIES_H
#define MEMPL_LIB_SOLVERS_TRIES_H

#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// A search under the limits, with the seed and for the observers of a context.
/// Called in several threads at once.
using LimitedSearch =
    llvm::function_ref<llvm::Expected<Solution>(const SolverContext &)>;

/// How many tries to make where the user asked for `asked`, or for nothing in
/// particular if that is 0: then one, or, where nothing but a time limit holds,
/// one per thread.
int64_t numTries(int64_t asked, const SolverContext &context);

/// The best plan of `tries` (>= 1) searches, the first of equal ones, with the
/// evaluations of all. Each has an equal part of the budget, and of the time
/// that `deadline` has left of the limit if `context.threads` of them run at a
/// time; the first one has the seed of `context`. An error only if all fail.
/// Whoever observes the search is called in the calling thread alone.
llvm::Expected<Solution> bestOfTries(int64_t tries,
                                     const SolverContext &context,
                                     const Deadline &deadline,
                                     LimitedSearch search);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_TRIES_H
