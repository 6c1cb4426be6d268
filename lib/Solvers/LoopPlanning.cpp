//===- LoopPlanning.cpp - plans for the bodies of loops -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/LoopPlanning.h"

#include "TripPipelining.h"

#include "mempl/Problem/TimeModel.h"
#include "mempl/Problem/Verifier.h"

using namespace mempl;

/// No body is planned for more amounts of memory than this.
static constexpr int kMostCapacities = 32;

/// Bytes from 0 that a plan of a loop's body needs.
static int64_t usedCapacity(InstanceRef body, const Plan &plan) {
  int64_t used = 0;
  for (const Residency &r : plan.residencies)
    used = std::max(used, std::max(r.offset, r.offset2.value_or(0)) +
                              body.machine.roundUp(r.bytes(body.program)));
  for (int32_t i = 0; i < body.numSteps(); ++i)
    used = std::max(used, body.machine.roundUp(reservedBytes(
                              body.program.steps[i], plan.bodyPlan(i))));
  return used;
}

/// How many loops stand inside each other in `body`: 0 without any.
static int nestingOf(const Program &body) {
  int nesting = 0;
  for (const Step &step : body.steps)
    if (step.body)
      nesting = std::max(nesting, 1 + nestingOf(*step.body));
  return nesting;
}

/// Whether two programs differ in names alone, which no plan depends on.
static bool areAlike(const Program &a, const Program &b) {
  auto isSameValue = [](const Value &x, const Value &y) {
    return x.size == y.size && x.kind == y.kind && x.space == y.space &&
           x.streamed == y.streamed;
  };
  auto isSameStep = [](const Step &x, const Step &y) {
    return x.compute == y.compute && x.reserved == y.reserved &&
           x.accesses == y.accesses && x.trips == y.trips &&
           x.after == y.after && !x.body == !y.body &&
           (!x.body || areAlike(*x.body, *y.body));
  };
  return a.order == b.order &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(),
                    b.values.end(), isSameValue) &&
         std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(),
                    b.steps.end(), isSameStep);
}

static Program withoutCompute(const Program &body) {
  Program idle = body;
  for (Step &step : idle.steps)
    step.compute = 0;
  return idle;
}

/// The best plan with copies across trips from `plan`, a plan for `posed`, and
/// from one for what streamed values leave to the others.
static std::optional<BodyPlan> acrossTrips(InstanceRef outer, int32_t step,
                                           const Instance &posed,
                                           const Plan &plan,
                                           const BodySolver &solve,
                                           const PipeliningLimits &limits) {
  if (limits.budget == 0 || !hasStreamedValues(posed.program))
    return std::nullopt;
  int64_t capacity = posed.machine.capacity;
  auto best = pipelineTrips(outer, step, plan, capacity, limits);
  std::optional<Instance> rest = withoutStreamedValues(posed);
  if (!rest)
    return best;
  llvm::Expected<Plan> ofRest = solve(*rest);
  if (!ofRest) {
    llvm::consumeError(ofRest.takeError());
    return best;
  }
  llvm::erase_if(ofRest->residencies, [&](const Residency &r) {
    return posed.program.values[r.value].streamed;
  });
  auto other = pipelineTrips(outer, step, *ofRest, capacity, limits);
  auto costOf = [&](const BodyPlan &each) {
    LoopCost cost = loopCost(outer, step, each.plan);
    return std::max(cost.latency, cost.slowBytes / posed.machine.slowBandwidth);
  };
  return other && (!best || costOf(*other) < costOf(*best)) ? other : best;
}

/// Plans for the body of the loop at `step` made by solving `posed`, which
/// differs in its costs: in all of the memory, then up to `most` times in half
/// of what the last plan used.
static void addPlans(InstanceRef outer, int32_t step, Instance posed, int most,
                     const BodySolver &solve,
                     const PipeliningLimits &pipelining,
                     std::vector<std::shared_ptr<const LoopPlan>> &plans) {
  InstanceRef body = outer.bodyOf(step);
  const Machine &m = outer.machine;
  int64_t least = m.roundUp(leastCapacity(body.program));
  int64_t capacity = m.capacity;
  for (int i = 0; i < most && capacity >= least; ++i) {
    posed.machine.capacity = capacity;
    llvm::Expected<Plan> plan = solve(posed);
    if (!plan) {
      llvm::consumeError(plan.takeError());
      break;
    }
    plan->instance.clear();
    int64_t used = 0;
    auto add = [&](BodyPlan planned) {
      used = std::max(used, planned.capacity);
      if (llvm::none_of(plans, [&](const auto &other) {
            return static_cast<const BodyPlan &>(*other) == planned;
          }))
        plans.push_back(std::make_shared<LoopPlan>(
            makeLoopPlan(outer, step, std::move(planned))));
    };
    if (auto across = acrossTrips(outer, step, posed, *plan, solve, pipelining))
      add(std::move(*across));
    if (!plan->residencies.empty() || !plan->loops.empty())
      add({usedCapacity(body, *plan), std::move(*plan)});
    if (used == 0)
      break;
    capacity = used / 2;
    capacity -= capacity % m.alignment;
  }
}

llvm::Expected<std::vector<LoopChoices>>
mempl::planLoops(const AccessIndex &index, const BodySolver &solve,
                 const PipeliningLimits &pipelining) {
  std::vector<LoopChoices> loops;
  const Program &program = index.program();
  Machine m = index.machine();
  // Nothing is there before the first trip.
  m.maxCarried = 0;
  for (int32_t i = 0; i < program.numSteps(); ++i) {
    const Step &step = program.steps[i];
    if (!step.body)
      continue;
    LoopChoices choices;
    choices.step = i;
    // Layers that are alike have loops that are.
    auto alike = llvm::find_if(loops, [&](const LoopChoices &other) {
      const Step &earlier = program.steps[other.step];
      return earlier.trips == step.trips && areAlike(*earlier.body, *step.body);
    });
    if (alike != loops.end()) {
      choices.plans = alike->plans;
      loops.push_back(std::move(choices));
      continue;
    }
    // The fastest body; and, of an innermost loop, the one that draws least
    // from slow memory, which is what counts where the loop waits for that
    // anyway. Every plan of a body asks for as many of the loops in it, so that
    // bodies with deeper nests get only one.
    const Program &body = *step.body;
    int nesting = nestingOf(body);
    addPlans(index.instance(), i, {step.name, m, body},
             nesting < 2 ? kMostCapacities : 1, solve, pipelining,
             choices.plans);
    if (nesting == 0)
      addPlans(index.instance(), i, {step.name, m, withoutCompute(body)},
               kMostCapacities, solve, {}, choices.plans);
    if (mayRunWithoutPlan({m, body}))
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
