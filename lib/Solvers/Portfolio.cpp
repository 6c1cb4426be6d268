//===- Portfolio.cpp - the best plan of several solvers -------------------===//
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

#include "mempl/Solvers/Solve.h"

using namespace mempl;

namespace {

class PortfolioSolver : public Solver {
public:
  llvm::StringRef name() const override { return "portfolio"; }
  llvm::StringRef description() const override {
    return "the best verified plan of several solvers";
  }
  void declareOptions(SolverOptionTable &table) override {
    for (const char *usual : kUsualSolvers)
      solvers.push_back(llvm::cantFail(createSolver(usual)));
    table.addSolvers(solvers, "those that run, one after the other; they share "
                              "the time, and each has the whole budget");
  }

  llvm::Error check() override {
    for (const auto &solver : solvers)
      if (llvm::Error error = solver->check())
        return error;
    return llvm::Error::success();
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline watch(context);
    std::optional<Solution> best;
    int64_t evaluated = 0;
    llvm::Error errors = llvm::Error::success();
    for (size_t i = 0; i < solvers.size(); ++i) {
      // Who comes later has what those before have left of their shares.
      SolverContext shared = context;
      if (context.timeLimitMs > 0) {
        int64_t left =
            context.timeLimitMs - static_cast<int64_t>(watch.seconds() * 1000);
        if (left <= 0 && best)
          break;
        shared.timeLimitMs = std::max<int64_t>(
            1, left / static_cast<int64_t>(solvers.size() - i));
      }
      auto result = solveWithin(instance, *solvers[i], shared);
      if (!result) {
        errors = llvm::joinErrors(std::move(errors), result.takeError());
        continue;
      }
      evaluated += result->evaluated;
      if (!best || result->latency < best->latency)
        best = std::move(*result);
    }
    if (!best)
      return errors;
    llvm::consumeError(std::move(errors));
    best->evaluated = evaluated;
    best->seconds = watch.seconds();
    return std::move(*best);
  }

private:
  std::vector<std::shared_ptr<Solver>> solvers;
};

} // namespace

void mempl::registerPortfolioSolver() { registerSolver<PortfolioSolver>(); }
