//===- LoopPlanning.cpp - plans for the bodies of loops -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopPlanning.h"

#include "mempl/Problem/Verifier.h"

using namespace mempl;

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
    int64_t least = m.roundUp(leastCapacity(*step.body));
    // All of the memory, then always half of what the last plan used.
    for (int64_t capacity = m.capacity; capacity >= least;) {
      Instance limited = *step.body;
      Machine machine = m;
      machine.capacity = capacity;
      setMachine(limited, machine);
      llvm::Expected<Plan> plan = solve(limited);
      if (!plan) {
        llvm::consumeError(plan.takeError());
        break;
      }
      plan->instance.clear();
      plan->capacity = usedCapacity(*step.body, *plan);
      bool usesMemory = !plan->residencies.empty() || !plan->loops.empty();
      if (usesMemory)
        choices.plans.push_back(std::make_shared<LoopPlan>(
            makeLoopPlan(*step.body, std::move(*plan))));
      if (!usesMemory || capacity == 0)
        break;
      capacity = choices.plans.back()->plan.capacity / 2;
      capacity -= capacity % m.alignment;
    }
    if (mayRunWithoutPlan(*step.body))
      choices.plans.push_back(nullptr);
    if (choices.plans.empty())
      return llvm::createStringError(
          "no valid plan found for the loop at step %d (%s)", i,
          step.name.c_str());
    loops.push_back(std::move(choices));
  }
  return loops;
}

void mempl::chooseLoops(PlanEditor &editor, llvm::ArrayRef<LoopChoices> loops) {
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
  }
}
