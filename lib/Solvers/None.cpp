//===- None.cpp - everything in slow memory -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solver `none`: nothing in fast memory but what is constrained to be
// there.
//
//===----------------------------------------------------------------------===//

#include "BuiltinSolvers.h"
#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Solvers/ConstrainedPlacement.h"

using namespace mempl;

namespace {

class NoneSolver : public Solver {
public:
  llvm::StringRef name() const override { return "none"; }
  llvm::StringRef description() const override {
    return "leaves everything in slow memory";
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline watch(context);
    AccessIndex index(instance);
    PlanEditor editor(index);
    if (!editor.isLegal()) {
      auto loops = planLoops(index, [&](const Instance &body) {
        return planOf(solve(body, context));
      });
      if (!loops)
        return loops.takeError();
      // The plan of a body that needs none is the last.
      for (const LoopChoices &loop : *loops)
        editor.setLoopPlan(loop.step, loop.plans.back());
      if (!placeConstrained(editor,
                            UseIntervalForest(index, editor.capacity())))
        return constraintsError(instance);
    }
    Solution result;
    result.plan = editor.plan();
    result.latency = editor.latency();
    result.evaluated = 1;
    result.seconds = watch.seconds();
    return result;
  }

private:
  static llvm::Expected<Plan> planOf(llvm::Expected<Solution> result) {
    if (!result)
      return result.takeError();
    return std::move(result->plan);
  }
};

} // namespace

void mempl::registerNoneSolver() { registerSolver<NoneSolver>(); }

llvm::Error mempl::constraintsError(InstanceRef instance) {
  return llvm::createStringError(
      "%s: found no way to put into fast memory, of %lld bytes, what is "
      "constrained to be there",
      std::string(instance.name).c_str(),
      static_cast<long long>(instance.machine.capacity));
}
