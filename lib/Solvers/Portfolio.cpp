//===- Portfolio.cpp - the best plan of several solvers ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solver `portfolio`: runs the solvers that it is given, or all that are
// worth running, verifies each plan and returns the best. The budget goes to
// the ones that can use it.
//
//===----------------------------------------------------------------------===//

#include "BuiltinSolvers.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;

namespace {

class PortfolioSolver : public Solver {
public:
  llvm::StringRef name() const override { return "portfolio"; }
  llvm::StringRef description() const override {
    return "the best verified plan of several solvers";
  }

  llvm::Error check(const SolverOptions &options) override {
    for (const std::string &solverName : solversOf(options)) {
      auto solver = createSolver(solverName);
      if (!solver)
        return solver.takeError();
      if (llvm::Error error = (*solver)->check(options))
        return error;
    }
    return llvm::Error::success();
  }

  llvm::Expected<SolverResult> solve(const Instance &instance,
                                     const SolverOptions &options) override {
    Deadline watch(options);
    if (llvm::Error error = check(options))
      return std::move(error);
    SolverResult best;
    int64_t evaluated = 0;
    llvm::Error errors = llvm::Error::success();
    std::vector<std::string> solverNames = solversOf(options);
    for (size_t i = 0; i < solverNames.size(); ++i) {
      const std::string &solverName = solverNames[i];
      // Who comes later has what those before have left of their shares.
      SolverOptions shared = options;
      if (options.timeLimitMs > 0) {
        int64_t left =
            options.timeLimitMs - static_cast<int64_t>(watch.seconds() * 1000);
        if (left <= 0 && !best.winner.empty())
          break;
        shared.timeLimitMs = std::max<int64_t>(
            1, left / static_cast<int64_t>(solverNames.size() - i));
      }
      auto result =
          llvm::cantFail(createSolver(solverName))->solve(instance, shared);
      if (!result) {
        errors = llvm::joinErrors(std::move(errors), result.takeError());
        continue;
      }
      evaluated += result->evaluated;
      auto violations = verify(instance, result->plan);
      if (!violations.empty()) {
        errors = llvm::joinErrors(
            std::move(errors),
            llvm::createStringError("solver %s made an invalid plan: %s",
                                    solverName.c_str(),
                                    violations.front().str().c_str()));
        continue;
      }
      // Compared by the simulator, not by what the solver says.
      result->latency = simulateLatency(instance, result->plan);
      if (best.winner.empty() || result->latency < best.latency) {
        best = std::move(*result);
        best.winner = solverName;
      }
    }
    if (best.winner.empty())
      return errors;
    llvm::consumeError(std::move(errors));
    best.evaluated = evaluated;
    best.seconds = watch.seconds();
    return best;
  }

private:
  static std::vector<std::string> solversOf(const SolverOptions &options) {
    if (!options.solverNames.empty())
      return options.solverNames;
    return {"none", "greedy",
            options.weights.empty() ? "search" : "muzero+search"};
  }
};

} // namespace

std::unique_ptr<Solver> mempl::createPortfolioSolver() {
  return std::make_unique<PortfolioSolver>();
}
