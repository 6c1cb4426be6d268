//===- BrokenSolver.cpp - a solver whose plans are wrong ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solvers `broken`, whose plans break rules, and `oversized`, whose plans
// break none that can be seen before they are applied, and `oversized-loops`,
// which is so for programs with loops only: for tests of what the tools do with
// them.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"

using namespace mempl;

namespace {

class BrokenSolver : public Solver {
public:
  llvm::StringRef name() const override { return "broken"; }
  llvm::StringRef description() const override { return "for tests"; }
  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &) override {
    Solution result;
    result.plan.instance = instance.name;
    result.plan.residencies = {Residency::byCopy(0, -10, 0, 0, 0)};
    return result;
  }
};

/// Plans for a machine with more fast memory than the target has.
class OversizedSolver : public Solver {
public:
  llvm::StringRef name() const override { return "oversized"; }
  llvm::StringRef description() const override { return "for tests"; }
  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &) override {
    constexpr int64_t more = int64_t(1) << 40;
    // Those who call it made it, and it is no constant there.
    const_cast<Instance &>(instance).machine.capacity = 2 * more;
    Solution result;
    result.plan.instance = instance.name;
    result.plan.residencies = {Residency::byCopy(0, more, 0, 0, 0)};
    result.latency = slowLatency(instance);
    return result;
  }
};

/// The plans of `greedy`; those of programs with loops for a machine with more
/// fast memory than the target has.
class OversizedLoopsSolver : public Solver {
public:
  llvm::StringRef name() const override { return "oversized-loops"; }
  llvm::StringRef description() const override { return "for tests"; }
  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    auto greedy = createSolver("greedy");
    if (!greedy)
      return greedy.takeError();
    auto result = (*greedy)->solve(instance, context);
    if (!result || result->plan.loops.empty())
      return result;
    constexpr int64_t more = int64_t(1) << 40;
    const_cast<Instance &>(instance).machine.capacity = 4 * more;
    for (auto &[step, loop] : result->plan.loops) {
      loop.capacity += more;
      for (Residency &residency : loop.plan.residencies)
        residency.offset += more;
    }
    for (Residency &residency : result->plan.residencies)
      residency.offset += 2 * more;
    return result;
  }
};

/// Registers the solvers before main().
struct Registration {
  Registration() {
    registerSolver<OversizedSolver>();
    registerSolver<OversizedLoopsSolver>();
    registerSolver<BrokenSolver>();
  }
} registration;

} // namespace
