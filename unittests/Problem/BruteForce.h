//===- BruteForce.h - the best plan of a tiny instance ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tries all plans of a tiny instance (up to about 5 steps, 4 values and a
// capacity of a few times the alignment), to check bounds and solvers against
// the truth. Every set of residencies with all starts, issues, awaits, ends and
// copies out is built; verify() says whether a plan is valid and simulate()
// what it costs.
//
// Only plans are left out that another plan equals or beats: residencies that
// serve no access (nor stand for a carried one), copies out of contents that
// slow memory has anyway, awaiting a copy in before the first access that it
// serves (except where rule V7 could reward it), and staying after the last
// access (except to be copied out later). Partial choices are cut off where
// the times of the steps, the traffic of the slow memory or the time of a
// channel alone reach the best latency found so far.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_PROBLEM_BRUTEFORCE_H
#define MEMPL_UNITTESTS_PROBLEM_BRUTEFORCE_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

namespace mempl {

/// The best plan and its latency in seconds; infinite if no plan is valid.
struct BruteForceResult {
  double latency = 0;
  Plan plan;
};

/// Exhaustive search. The instance must be valid, have at most 8 steps, and not
/// both loops and limits of copies in flight.
BruteForceResult bruteForce(const Instance &instance);

/// Smallest latency of all valid plans.
double bruteForceOptimum(const Instance &instance);

} // namespace mempl

#endif // MEMPL_UNITTESTS_PROBLEM_BRUTEFORCE_H
