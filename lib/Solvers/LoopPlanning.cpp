//===- LoopPlanning.cpp - plans for the bodies of loops -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Problem/Verifier.h"

using namespace mempl;

/// No body is planned for more amounts of memory than this.
static constexpr int kMostCapacities = 32;

/// Bytes from 0 that a plan of a loop's body needs.
static int64_t usedCapacity(const Instance &body, const Plan &plan) {
  int64_t used = 0;
  for (const Residency &r : plan.residencies)
    used = std::max(used,
                    r.offset + body.machine.roundUp(body.values[r.value].size));
  for (int32_t i = 0; i < body.numSteps(); ++i) {
    const Step &step = body.steps[i];
    used = std::max(used, body.machine.roundUp(step.reserved));
    if (!step.body)
      continue;
    auto it = plan.loops.find(i);
    used =
        std::max(used, body.machine.roundUp(it != plan.loops.end()
                                                ? it->second.capacity
                                                : leastCapacity(*step.body)));
  }
  return used;
}

/// How many loops stand inside each other in `body`: 0 without any.
static int nestingOf(const Instance &body) {
  int nesting = 0;
  for (const Step &step : body.steps)
    if (step.body)
      nesting = std::max(nesting, 1 + nestingOf(*step.body));
  return nesting;
}

static Instance withoutCompute(const Instance &body) {
  Instance idle = body;
  for (Step &step : idle.steps)
    step.compute = 0;
  return idle;
}

/// Plans for `body` made by solving `posed`, which differs in its costs: in all
/// of the memory, then up to `most` times in half of what the last plan used.
static void addPlans(const Instance &body, const Instance &posed, Machine m,
                     int most, const BodySolver &solve,
                     std::vector<std::shared_ptr<const LoopPlan>> &plans) {
  int64_t least = m.roundUp(leastCapacity(body));
  int64_t capacity = m.capacity;
  for (int i = 0; i < most && capacity >= least; ++i) {
    Instance limited = posed;
    m.capacity = capacity;
    setMachine(limited, m);
    llvm::Expected<Plan> plan = solve(limited);
    if (!plan) {
      llvm::consumeError(plan.takeError());
      break;
    }
    plan->instance.clear();
    plan->capacity = usedCapacity(body, *plan);
    capacity = plan->capacity / 2;
    capacity -= capacity % m.alignment;
    if (plan->residencies.empty() && plan->loops.empty())
      break;
    bool isLast = plan->capacity == 0;
    if (llvm::none_of(plans,
                      [&](const auto &other) { return other->plan == *plan; }))
      plans.push_back(
          std::make_shared<LoopPlan>(makeLoopPlan(body, std::move(*plan))));
    if (isLast)
      break;
  }
}

llvm::Expected<std::vector<LoopChoices>>
mempl::planLoops(const AccessIndex &index, const BodySolver &solve) {
  std::vector<LoopChoices> loops;
  const Instance &instance = index.instance();
  Machine m = instance.machine;
  // Nothing is there before the first trip.
  m.maxCarried = 0;
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.steps[i];
    if (!step.body)
      continue;
    LoopChoices choices;
    choices.step = i;
    // The fastest body; and, of an innermost loop, the one that draws least
    // from slow memory, which is what counts where the loop waits for that
    // anyway. Every plan of a body asks for as many of the loops in it, so that
    // bodies with deeper nests get only one.
    const Instance &body = *step.body;
    int nesting = nestingOf(body);
    addPlans(body, body, m, nesting < 2 ? kMostCapacities : 1, solve,
             choices.plans);
    if (nesting == 0)
      addPlans(body, withoutCompute(body), m, kMostCapacities, solve,
               choices.plans);
    if (mayRunWithoutPlan(body))
      choices.plans.push_back(nullptr);
    if (choices.plans.empty())
      return llvm::createStringError(
          "no valid plan found for the loop at step %d (%s)", i,
          step.name.c_str());
    loops.push_back(std::move(choices));
  }
  return loops;
}

ChosenLoops mempl::chooseLoops(PlanEditor &editor,
                               llvm::ArrayRef<LoopChoices> loops) {
  ChosenLoops chosen;
  for (const LoopChoices &loop : loops) {
    std::shared_ptr<const LoopPlan> best;
    double bestLatency = std::numeric_limits<double>::infinity();
    bool bestFits = false;
    for (const auto &plan : loop.plans) {
      editor.setLoopPlan(loop.step, plan);
      bool fits = editor.fitsLimits();
      if (fits < bestFits ||
          (fits == bestFits && editor.latency() > bestLatency))
        continue;
      best = plan;
      bestLatency = editor.latency();
      bestFits = fits;
    }
    editor.setLoopPlan(loop.step, best);
    chosen.push_back(std::move(best));
  }
  return chosen;
}
