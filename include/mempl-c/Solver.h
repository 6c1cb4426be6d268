//===-- mempl-c/Solver.h - Solvers --------------------------------*- C -*-===//
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

/// What a solver tells while it runs.
typedef struct MemplSolveProgress {
  union {
    const char *solver; ///< Its name, valid during the call.
    const char *policy; ///< The old name of that.
  };
  double latency;    ///< Seconds, of the best plan so far.
  int64_t evaluated; ///< Plans evaluated so far.
  int64_t budget;    ///< Plans that it may evaluate; 0 is no limit.
  double seconds;    ///< Since it started.
} MemplSolveProgress;

/// How a solver runs. Begin with memplSolveOptionsGetDefault(), so that fields
/// of later versions have their defaults.
typedef struct MemplSolveOptions {
  int64_t budget;      ///< Plans evaluated at most; 0 is no limit, and needs a
                       ///< time limit.
  int64_t timeLimitMs; ///< Milliseconds; 0 is no limit.
  uint64_t seed;       ///< Of random choices.
  int32_t threads;     ///< At least 1.
  /// Before solvers had options of their own; null, or those of all solvers
  /// that are named and learned, or are `msa`. A `portfolio` of its usual
  /// solvers hands weights on to its search.
  const char *weights;
  const char *msaOptions; ///< As in "key=value,key=value".
  /// Asked often, in any of the threads; true ends the search with the best
  /// plan so far. Null: never.
  bool (*isCancelled)(void *userData);
  /// Called now and then, from the thread that solves. May be null.
  void (*progress)(const MemplSolveProgress *progress, void *userData);
  void *userData; ///< Handed to the two functions.
} MemplSolveOptions;

/// Longest label of a solver, its null character included.
#define MEMPL_SOLVER_LABEL_SIZE 256

/// What a run of a solver came to.
typedef struct MemplSolveResult {
  double latency;    ///< Seconds, as memplSimulate() gives it.
  int64_t evaluated; ///< Plans evaluated.
  double seconds;    ///< Measured.
  /// The solver whose plan it is, which `portfolio` chooses: its specification
  /// without the folders of files.
  char winner[MEMPL_SOLVER_LABEL_SIZE];
} MemplSolveResult;

/// The names of all solvers, sorted, one a line; to be ended with
/// memplStringDestroy().
MEMPL_CAPI_EXPORTED char *memplGetSolvers(void);
/// Its old name.
MEMPL_CAPI_EXPORTED char *memplGetPolicies(void);
/// All solvers with their options as JSON, an array of objects; to be ended
/// with memplStringDestroy().
MEMPL_CAPI_EXPORTED char *memplDescribeSolvers(void);

MEMPL_CAPI_EXPORTED MemplSolveOptions memplSolveOptionsGetDefault(void);

/// Runs a solver on a valid instance: one of memplGetSolvers(), with options in
/// braces, as in "search{start=muzero}" (docs/Solvers.md). The plan is valid
/// for the instance. `options` may be null for the default, `result` if it is
/// not wanted. Null on failure: no such solver, wrong options, something that
/// the solver needs is missing, or what is constrained to be fast does not fit.
MEMPL_CAPI_EXPORTED MemplPlan memplSolve(MemplInstance instance,
                                         const char *solver,
                                         const MemplSolveOptions *options,
                                         MemplSolveResult *result,
                                         char **error);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_SOLVER_H
