//===- Solver.cpp - policies for C ----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Solver.h"

#include "Wrap.h"

#include "mempl/MuZero/SolverLoader.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Msa.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::capi;
using llvm::Expected;
using llvm::StringRef;

/// The policies that are not registered by linking them.
static void registerPolicies() {
  static const bool once = [] {
    registerMuZeroSolvers();
    return true;
  }();
  (void)once;
}

char *memplGetPolicies() {
  registerPolicies();
  return giveString(llvm::join(solverNames(), "\n"));
}

MemplSolveOptions memplSolveOptionsGetDefault() {
  const SolverOptions defaults;
  MemplSolveOptions options = {};
  options.budget = defaults.budget;
  options.timeLimitMs = defaults.timeLimitMs;
  options.seed = defaults.seed;
  options.threads = defaults.threads;
  return options;
}

static Expected<SolverOptions> optionsOf(const MemplSolveOptions &o) {
  SolverOptions options;
  if (o.budget < 0 || o.timeLimitMs < 0 || o.threads < 1)
    return llvm::createStringError("expected a budget and a time limit of at "
                                   "least 0, and at least 1 thread");
  if (o.budget == 0 && o.timeLimitMs == 0)
    return llvm::createStringError("expected a budget or a time limit");
  options.budget = o.budget;
  options.timeLimitMs = o.timeLimitMs;
  options.seed = o.seed;
  options.threads = o.threads;
  options.weights = o.weights ? o.weights : "";
  options.msaOptions = o.msaOptions ? o.msaOptions : "";
  MsaOptions checked;
  if (llvm::Error error = applyMsaOptions(options.msaOptions, checked))
    return std::move(error);
  if (o.isCancelled)
    options.cancelled = [ask = o.isCancelled, data = o.userData] {
      return ask(data);
    };
  if (o.progress)
    options.progress = [tell = o.progress,
                        data = o.userData](const SolverProgress &p) {
      std::string policy = p.solverName.str();
      MemplSolveProgress progress = {policy.c_str(), p.latency, p.evaluated,
                                     p.budget, p.seconds};
      tell(&progress, data);
    };
  return options;
}

static Expected<SolverResult> solve(const Instance &instance, StringRef name,
                                    const MemplSolveOptions &given) {
  registerPolicies();
  auto options = optionsOf(given);
  if (!options)
    return options.takeError();
  auto solver = createSolver(name);
  if (!solver)
    return solver.takeError();
  if (llvm::Error error = (*solver)->check(*options))
    return std::move(error);
  auto result = (*solver)->solve(instance, *options);
  if (!result)
    return result.takeError();
  result->plan.instance = instance.name;
  std::vector<Violation> broken = verify(instance, result->plan);
  if (!broken.empty())
    return llvm::createStringError("internal error: solver " + name +
                                   " returned an invalid plan (" +
                                   broken.front().str() + ")");
  return result;
}

MemplPlan memplSolve(MemplInstance instance, const char *policy,
                     const MemplSolveOptions *options, MemplSolveResult *result,
                     char **error) {
  auto solved = solve(*unwrap(instance), policy,
                      options ? *options : memplSolveOptionsGetDefault());
  if (!solved) {
    fail(error, llvm::toString(solved.takeError()));
    return {nullptr};
  }
  if (result) {
    *result = {solved->latency, solved->evaluated, solved->seconds, {}};
    StringRef winner =
        solved->winner.empty() ? StringRef(policy) : StringRef(solved->winner);
    llvm::copy(winner.take_front(MEMPL_POLICY_NAME_SIZE - 1), result->winner);
  }
  succeed(error);
  return give(std::move(solved->plan));
}
