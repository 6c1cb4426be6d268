//===- Solver.cpp - solvers for C -----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Solver.h"

#include "Wrap.h"

#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Solvers/Solve.h"

#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::capi;
using llvm::Expected;
using llvm::StringRef;

/// The solvers that are not registered by linking them.
static void registerSolvers() {
  static const bool once = [] {
    registerMuZeroSolvers();
    return true;
  }();
  (void)once;
}

char *memplGetSolvers() {
  registerSolvers();
  return giveString(llvm::join(solverNames(), "\n"));
}

char *memplGetPolicies() { return memplGetSolvers(); }

char *memplDescribeSolvers() {
  registerSolvers();
  std::string text;
  llvm::raw_string_ostream os(text);
  printSolversJson(os);
  return giveString(text);
}

MemplSolveOptions memplSolveOptionsGetDefault() {
  const SolverContext defaults;
  MemplSolveOptions options = {};
  options.budget = defaults.budget;
  options.timeLimitMs = defaults.timeLimitMs;
  options.seed = defaults.seed;
  options.threads = defaults.threads;
  return options;
}

static SolverContext contextOf(const MemplSolveOptions &o) {
  SolverContext context;
  context.budget = o.budget;
  context.timeLimitMs = o.timeLimitMs;
  context.seed = o.seed;
  context.threads = o.threads;
  if (o.isCancelled)
    context.cancelled = [ask = o.isCancelled, data = o.userData] {
      return ask(data);
    };
  if (o.progress)
    context.progress = [tell = o.progress,
                        data = o.userData](const SolverProgress &p) {
      std::string solver = p.solverName.str();
      MemplSolveProgress progress = {
          {solver.c_str()}, p.latency, p.evaluated, p.budget, p.seconds};
      tell(&progress, data);
    };
  return context;
}

static Expected<Solution> solve(const Instance &instance, StringRef solver,
                                const MemplSolveOptions &options) {
  registerSolvers();
  auto text = [](const char *s) { return std::string(s ? s : ""); };
  auto spec = parseSolverSpec(solver);
  if (spec)
    spec =
        withOldOptions(std::move(*spec),
                       {text(options.weights), text(options.msaOptions), {}});
  if (!spec)
    return spec.takeError();
  return solveVerified(instance, spec->str(), contextOf(options));
}

MemplPlan memplSolve(MemplInstance instance, const char *solver,
                     const MemplSolveOptions *options, MemplSolveResult *result,
                     char **error) {
  auto solved = solve(*unwrap(instance), solver,
                      options ? *options : memplSolveOptionsGetDefault());
  if (!solved) {
    fail(error, llvm::toString(solved.takeError()));
    return {nullptr};
  }
  if (result) {
    *result = {solved->latency, solved->evaluated, solved->seconds, {}};
    llvm::copy(
        StringRef(solved->winner).take_front(MEMPL_SOLVER_LABEL_SIZE - 1),
        result->winner);
  }
  succeed(error);
  return give(std::move(solved->plan));
}
