//===- Solve.h - a plan that is known to be valid ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one way in which passes, tools, C, Python and `portfolio` run a solver.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SOLVE_H
#define MEMPL_SOLVERS_SOLVE_H

#include "mempl/Solvers/Reproducer.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// What is wrong with the limits and numbers of a context, if something is:
/// a budget or time limit below 0, no limit at all, fewer than one thread.
llvm::Error checkContext(const SolverContext &context);

/// The solver that `spec` names, if it can run here; or what is wrong with that
/// or the context. For those who want to know before there is an instance.
llvm::Expected<std::unique_ptr<Solver>>
readySolver(llvm::StringRef spec, const SolverContext &context);

/// A solver has returned a plan that breaks rules: a mistake of ours.
class InvalidPlanError : public llvm::ErrorInfo<InvalidPlanError> {
public:
  static char ID;

  /// "solver x returned an invalid plan (V2: ..)".
  std::string what;
  Reproducer reproducer; ///< All that a bug report needs.

  InvalidPlanError(std::string what, Reproducer reproducer)
      : what(std::move(what)), reproducer(std::move(reproducer)) {}
  /// "internal error: " and what.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;
};

/// Runs `solver` on `instance`: checks context and instance, and that the
/// solver can run; names the plan, verifies it, and simulates it for its
/// latency; and says whose plan it is. Errors: what is wrong with any of
/// these; that of the solver, where it finds no plan; or InvalidPlanError.
llvm::Expected<Solution> solveVerified(const Instance &instance, Solver &solver,
                                       const SolverContext &context);
llvm::Expected<Solution> solveVerified(const Instance &instance,
                                       llvm::StringRef spec,
                                       const SolverContext &context);

/// The same for a context and an instance that are known to be right, as those
/// of a solver that runs others.
llvm::Expected<Solution> solveWithin(const Instance &instance, Solver &solver,
                                     const SolverContext &context);

/// Writes the file for a bug report: to `path`, or, if that is empty, as
/// writeReproducer() does. The end of a message, which names the file or says
/// why there is none.
std::string askForReport(const Reproducer &reproducer,
                         llvm::StringRef path = "");

/// `error` as it is, but an InvalidPlanError as text with the file that is to
/// be reported, which is written for `tool` (see askForReport()).
llvm::Error withReport(llvm::Error error, llvm::StringRef tool,
                       llvm::StringRef input = "", llvm::StringRef path = "");

} // namespace mempl

#endif // MEMPL_SOLVERS_SOLVE_H
