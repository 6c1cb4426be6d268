//===- RandomOrderSolver.cpp - plans with orders that chance makes --------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solver `random-order`: `greedy` on the program with its steps, and those
// of the bodies in it, in any order that is allowed. For tests of what the
// tools do with orders, which good plans change little.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/StepOrder.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/Random.h"

using namespace mempl;

namespace {

/// A program with its steps in another order, and what that is.
struct ShuffledProgram {
  Program program;
  std::vector<int32_t> order;
  std::map<int32_t, ShuffledProgram> bodies; ///< By place.
};

class RandomOrderSolver : public Solver {
public:
  llvm::StringRef name() const override { return "random-order"; }
  llvm::StringRef description() const override { return "for tests"; }
  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override;
};

} // namespace

/// The next step is any of those that may run.
static std::vector<int32_t> randomOrder(const Program &program,
                                        mempl::Random &random) {
  StepDependencies dependencies(program);
  std::vector<size_t> waitsFor;
  std::vector<int32_t> ready, order;
  for (int32_t step = 0; step < program.numSteps(); ++step) {
    waitsFor.push_back(dependencies.before(step).size());
    if (waitsFor.back() == 0)
      ready.push_back(step);
  }
  while (!ready.empty()) {
    std::swap(ready[random.below(ready.size())], ready.back());
    int32_t step = ready.back();
    ready.pop_back();
    order.push_back(step);
    for (int32_t later : dependencies.after(step))
      if (--waitsFor[later] == 0)
        ready.push_back(later);
  }
  return order;
}

static ShuffledProgram shuffle(const Program &program, mempl::Random &random) {
  ShuffledProgram shuffled;
  shuffled.program = program;
  if (program.order == StepOrder::Free) {
    shuffled.order = randomOrder(program, random);
    shuffled.program = inOrder(program, shuffled.order);
  }
  for (int32_t place = 0; place < program.numSteps(); ++place) {
    Step &step = shuffled.program.steps[place];
    if (!step.body)
      continue;
    ShuffledProgram &body = shuffled.bodies[place];
    body = shuffle(*step.body, random);
    step.body = std::make_shared<Program>(body.program);
  }
  return shuffled;
}

/// A plan for the program out of one for the shuffled one.
static Plan restore(Plan plan, const ShuffledProgram &shuffled) {
  for (auto &[place, body] : plan.loops)
    body.plan = restore(std::move(body.plan), shuffled.bodies.at(place));
  return shuffled.order.empty() ? plan
                                : withOrder(std::move(plan), shuffled.order);
}

llvm::Expected<Solution>
RandomOrderSolver::solve(const Instance &instance,
                         const SolverContext &context) {
  mempl::Random random(context.seed, "random-order");
  ShuffledProgram shuffled = shuffle(instance.program, random);
  Instance ordered = instance;
  ordered.program = shuffled.program;
  llvm::Expected<Solution> solution = solveVerified(ordered, "greedy", context);
  if (!solution)
    return solution.takeError();
  solution->plan = restore(std::move(solution->plan), shuffled);
  solution->winner.clear();
  return solution;
}

/// Registers the solver before main().
static const bool isRegistered = (registerSolver<RandomOrderSolver>(), true);
