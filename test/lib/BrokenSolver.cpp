//===- BrokenSolver.cpp - a policy whose plans are wrong ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The policy `broken`, for tests of what mempl-solve does with an invalid plan.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Solver.h"

using namespace mempl;

namespace {

class BrokenSolver : public Solver {
public:
  llvm::StringRef name() const override { return "broken"; }
  llvm::StringRef description() const override { return "for tests"; }
  llvm::Expected<SolverResult> solve(const Instance &instance,
                                     const SolverOptions &) override {
    SolverResult result;
    result.plan.instance = instance.name;
    result.plan.residencies = {Residency::byCopy(0, -10, 0, 0, 0)};
    return result;
  }
};

/// Registers the policy before main().
struct Registration {
  Registration() {
    registerSolver("broken", [] { return std::make_unique<BrokenSolver>(); });
  }
} registration;

} // namespace
