//===- Fallback.cpp - what happens where a function is not placed ---------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fallback.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Transforms/Explanations.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;
using mempl::Solution;

FailureOr<Fallback> mempl::ir::fallbackNamed(Location loc, StringRef name) {
  if (name == "slow")
    return Fallback::Slow;
  if (name == "error")
    return Fallback::Error;
  return emitError(loc) << "option 'fallback': expected slow or error, got '"
                        << name << "'";
}

LogicalResult mempl::ir::reportMistake(Location loc, StringRef name,
                                       const llvm::Twine &text, StringRef file,
                                       llvm::ArrayRef<Diagnostic> findings,
                                       Fallback fallback) {
  bool fails = fallback == Fallback::Error;
  InFlightDiagnostic diagnostic = fails ? emitError(loc) : emitWarning(loc);
  diagnostic << "internal error: " << text;
  if (fallback == Fallback::Slow)
    diagnostic << "; '" << name << "' is not placed and stays in slow memory";
  else if (fallback == Fallback::Whole)
    diagnostic << "; '" << name << "' is placed without being split";
  diagnostic << file;
  for (const Diagnostic &finding : findings)
    diagnostic.attachNote(finding.getLocation()) << finding.str();
  return failure(fails);
}

Solution mempl::ir::slowSolution(const Instance &instance) {
  Solution slow;
  slow.plan.instance = instance.name;
  slow.winner = "none";
  slow.latency = mempl::slowLatency(instance);
  return slow;
}

/// Whether something must be in fast memory, at any depth of loops.
static bool isConstrained(const mempl::Program &program) {
  using mempl::SpaceConstraint;
  return llvm::any_of(program.values,
                      [](const mempl::Value &value) {
                        return value.space == SpaceConstraint::Fast;
                      }) ||
         llvm::any_of(program.steps, [](const mempl::Step &step) {
           return llvm::any_of(step.accesses,
                               [](const mempl::Access &access) {
                                 return access.space == SpaceConstraint::Fast;
                               }) ||
                  (step.body && isConstrained(*step.body));
         });
}

FailureOr<SolvedInstance> mempl::ir::solveOrFallBack(Location loc,
                                                     StringRef prefix,
                                                     const Instance &instance,
                                                     const SolverChoice &choice,
                                                     const Storage *pinned) {
  llvm::Expected<Solution> result =
      mempl::solveVerified(instance, choice.solver, choice.context);
  if (result)
    return SolvedInstance{std::move(*result)};
  std::string mistake, file;
  llvm::Error error = llvm::handleErrors(
      result.takeError(), [&](mempl::InvalidPlanError &invalid) {
        invalid.reproducer.tool = "mempl-opt";
        mistake = invalid.what;
        file = mempl::askForReport(invalid.reproducer);
      });
  if (!mistake.empty()) {
    llvm::consumeError(std::move(error));
    if (failed(reportMistake(loc, instance.name, mistake, file, {},
                             choice.fallback)))
      return failure();
    return SolvedInstance{slowSolution(instance), /*fellBack=*/true};
  }
  bool constrained = pinned || isConstrained(instance.program);
  std::string reason = prefix.str() + inOneLine(std::move(error));
  if (std::string pressure = describePressure(instance, constrained);
      !pressure.empty())
    reason += "; " + pressure;
  reason = mempl::escapeForMessage(reason);
  if (pinned)
    return emitError(pinned->pins.front())
           << "'mempl.pin' of these " << pinned->size
           << " bytes cannot be kept: " << reason;
  if (constrained || choice.fallback == Fallback::Error)
    return emitError(loc) << reason;
  emitRemark(loc) << "left in slow memory: " << reason;
  return SolvedInstance{slowSolution(instance), /*fellBack=*/true};
}
