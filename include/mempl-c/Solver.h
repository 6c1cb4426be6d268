//===-- mempl-c/Solver.h - Policies -------------------------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finding plans.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_SOLVER_H
#define MEMPL_C_SOLVER_H

#include "mempl-c/Problem.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What a policy tells while it runs.
typedef struct MemplSolveProgress {
  const char *policy; ///< Valid during the call.
  double latency;     ///< Seconds, of the best plan so far.
  int64_t evaluated;  ///< Plans evaluated so far.
  int64_t budget;     ///< Plans that it may evaluate; 0 is no limit.
  double seconds;     ///< Since it started.
} MemplSolveProgress;

/// How a policy runs. Begin with memplSolveOptionsGetDefault(), so that fields
/// of later versions have their defaults.
typedef struct MemplSolveOptions {
  int64_t budget;      ///< Plans evaluated at most; 0 is no limit, and needs a
                       ///< time limit.
  int64_t timeLimitMs; ///< Milliseconds; 0 is no limit.
  uint64_t seed;       ///< Of random choices.
  int32_t threads;     ///< At least 1.
  /// File with weights of the policies `muzero`, or "generalist": those that
  /// come with mempl. Null: those too, and `portfolio` runs without them.
  const char *weights;
  /// Constants of the policies `msa`, as in "key=value,key=value", or null.
  const char *msaOptions;
  /// Asked often, in any of the threads; true ends the search with the best
  /// plan so far. Null: never.
  bool (*isCancelled)(void *userData);
  /// Called now and then, from the thread that solves. May be null.
  void (*progress)(const MemplSolveProgress *progress, void *userData);
  void *userData; ///< Handed to the two functions.
} MemplSolveOptions;

/// Longest name of a policy, its null character included.
#define MEMPL_POLICY_NAME_SIZE 64

/// What a run of a policy came to.
typedef struct MemplSolveResult {
  double latency;    ///< Seconds, as memplSimulate() gives it.
  int64_t evaluated; ///< Plans evaluated.
  double seconds;    ///< Measured.
  /// The policy whose plan it is, which `portfolio` chooses.
  char winner[MEMPL_POLICY_NAME_SIZE];
} MemplSolveResult;

/// The names of all policies, sorted, one a line; to be ended with
/// memplStringDestroy().
MEMPL_CAPI_EXPORTED char *memplGetPolicies(void);

MEMPL_CAPI_EXPORTED MemplSolveOptions memplSolveOptionsGetDefault(void);

/// Runs a policy on a valid instance. The plan is valid for it. `options` may
/// be null for the default, `result` if it is not wanted. Null on failure: no
/// such policy, wrong options, something that the policy needs is missing, or
/// what is constrained to be fast does not fit.
MEMPL_CAPI_EXPORTED MemplPlan memplSolve(MemplInstance instance,
                                         const char *policy,
                                         const MemplSolveOptions *options,
                                         MemplSolveResult *result,
                                         char **error);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_SOLVER_H
