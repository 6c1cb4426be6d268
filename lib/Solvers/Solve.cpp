//===- Solve.cpp - a plan that is known to be valid -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Solve.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

char InvalidPlanError::ID = 0;

void InvalidPlanError::log(llvm::raw_ostream &os) const {
  os << "internal error: " << what;
}

std::error_code InvalidPlanError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}

Error mempl::checkContext(const SolverContext &context) {
  auto atLeast = [](StringRef what, int64_t least, int64_t found) {
    return llvm::createStringError(what + ": expected at least " +
                                   llvm::Twine(least) + ", found " +
                                   llvm::Twine(found));
  };
  if (context.budget < 0)
    return atLeast("budget", 0, context.budget);
  if (context.timeLimitMs < 0)
    return atLeast("time limit", 0, context.timeLimitMs);
  if (context.threads < 1)
    return atLeast("threads", 1, context.threads);
  if (context.budget == 0 && context.timeLimitMs == 0)
    return llvm::createStringError(
        "budget: 0 means no limit; give a time limit with it");
  return Error::success();
}

Expected<std::unique_ptr<Solver>>
mempl::readySolver(StringRef spec, const SolverContext &context) {
  if (Error error = checkContext(context))
    return error;
  auto solver = createSolver(spec);
  if (!solver)
    return solver.takeError();
  if (Error error = (*solver)->check())
    return llvm::createStringError((*solver)->label() + ": " +
                                   llvm::toString(std::move(error)));
  return solver;
}

/// The error for a plan that breaks rules.
static Error invalidPlan(const Instance &instance, const Solver &solver,
                         const SolverContext &context, Plan plan,
                         const std::vector<Violation> &violations) {
  Reproducer reproducer;
  reproducer.solvers = {solver.spec()};
  reproducer.context = context;
  reproducer.instance = instance;
  reproducer.failedSolver = solver.spec();
  for (const Violation &violation : violations)
    reproducer.violations.push_back(violation.str());
  reproducer.failedPlan = std::move(plan);
  return llvm::make_error<InvalidPlanError>(
      "solver " + solver.label() + " returned an invalid plan (" +
          reproducer.violations.front() + ")",
      std::move(reproducer));
}

Expected<Solution> mempl::solveVerified(const Instance &instance,
                                        Solver &solver,
                                        const SolverContext &context) {
  if (Error error = checkContext(context))
    return error;
  std::vector<InstanceFault> faults = checkInstance(instance);
  if (!faults.empty())
    return llvm::createStringError(
        instance.name + ": not a valid instance: " + faults.front().str());
  if (Error error = solver.check())
    return error;
  return solveWithin(instance, solver, context);
}

Expected<Solution> mempl::solveWithin(const Instance &instance, Solver &solver,
                                      const SolverContext &context) {
  auto solution = solver.solve(instance, context);
  if (!solution)
    return solution.takeError();
  solution->plan.instance = instance.name;
  std::vector<Violation> violations = verify(instance, solution->plan);
  if (!violations.empty())
    return invalidPlan(instance, solver, context, std::move(solution->plan),
                       violations);
  // Evaluated by the simulator, not by what the solver says.
  solution->latency = simulateLatency(instance, solution->plan);
  if (solution->winner.empty())
    solution->winner = solver.label();
  return solution;
}

Expected<Solution> mempl::solveVerified(const Instance &instance,
                                        StringRef spec,
                                        const SolverContext &context) {
  auto solver = createSolver(spec);
  if (!solver)
    return solver.takeError();
  return solveVerified(instance, **solver, context);
}

std::string mempl::askForReport(const Reproducer &reproducer, StringRef path) {
  Expected<std::string> name = path.str();
  if (path.empty())
    name = writeReproducer(reproducer);
  else if (Error error = writeFile(path, reproducerText(reproducer)))
    name = std::move(error);
  if (!name)
    return "; " + llvm::toString(name.takeError());
  return "; please report it with the file " + *name;
}

Error mempl::withReport(Error error, StringRef tool, StringRef input,
                        StringRef path) {
  return llvm::handleErrors(
      std::move(error), [&](InvalidPlanError &invalid) -> Error {
        invalid.reproducer.tool = tool.str();
        invalid.reproducer.input = input.str();
        return llvm::createStringError("internal error: " + invalid.what +
                                       askForReport(invalid.reproducer, path));
      });
}
