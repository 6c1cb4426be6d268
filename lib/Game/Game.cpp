//===- Game.cpp - what all games of one program share ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything is counted once, in time linear in the accesses but for one run of
// the solver `greedy`, which plans the loops and gives the scale of rewards.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Game.h"

#include "mempl/Problem/StepOrder.h"
#include "mempl/Solvers/ConstrainedPlacement.h"
#include "mempl/Solvers/LoopPlanning.h"
#include "mempl/Solvers/Solver.h"

#include <algorithm>

using namespace mempl;

/// Smallest scale of rewards, as a share of the latency.
static constexpr double kLeastScale = 1e-3;

Game::Game(Instance instance, GameOptions options)
    : problem(std::move(instance)), config(std::move(options)) {}

llvm::Expected<std::shared_ptr<const Game>> Game::create(Instance instance,
                                                         GameOptions options) {
  std::shared_ptr<Game> result(
      new Game(std::move(instance), std::move(options)));
  if (llvm::Error error = result->prepare())
    return error;
  return result;
}

int32_t Game::nodeWithin(int32_t first, int32_t last) const {
  int32_t node = leaves[first];
  while (node >= 0 && parents[node] >= 0) {
    UseInterval wider = intervals->node(parents[node]).interval;
    if (wider.first != first || wider.last > last)
      break;
    node = parents[node];
  }
  return node;
}

static llvm::Expected<Solution> solveGreedily(const Instance &instance) {
  auto solver = createSolver("greedy");
  if (!solver)
    return solver.takeError();
  return (*solver)->solve(instance, SolverContext());
}

/// The plans of the options, or else those that `greedy` makes.
llvm::Error Game::chooseLoopPlans() {
  InstanceRef whole = accesses->instance();
  if (!config.loops.empty()) {
    for (int32_t i = 0; i < accesses->numSteps(); ++i) {
      auto given =
          config.loops.find(config.order.empty() ? i : config.order[i]);
      if (given != config.loops.end())
        chosenLoops.push_back({i, std::make_shared<LoopPlan>(
                                      makeLoopPlan(whole, i, given->second))});
    }
    return llvm::Error::success();
  }
  auto choices =
      planLoops(*accesses,
                [](const Instance &body) -> llvm::Expected<Plan> {
                  auto result = solveGreedily(body);
                  if (!result)
                    return result.takeError();
                  return std::move(result->plan);
                },
                {kGreedyPipelining, /*seed=*/0, /*cancelled=*/nullptr});
  if (!choices)
    return choices.takeError();
  PlanEditor editor(*accesses);
  ChosenLoops chosen = chooseLoops(editor, *choices);
  for (auto [loop, plan] : llvm::zip_equal(*choices, chosen))
    chosenLoops.push_back({loop.step, plan});
  return llvm::Error::success();
}

llvm::Error Game::prepare() {
  if (!isValidOrder(problem.program, config.order))
    return llvm::createStringError(
        "%s: the program does not allow this order of steps",
        problem.name.c_str());
  if (!config.order.empty())
    ordered = std::make_unique<Program>(inOrder(problem.program, config.order));
  accesses = std::make_unique<AccessIndex>(
      ordered ? InstanceRef(problem.machine, *ordered) : InstanceRef(problem));
  intervals =
      std::make_unique<UseIntervalForest>(*accesses, problem.machine.capacity);
  linkNodes();
  if (llvm::Error error = chooseLoopPlans())
    return error;

  PlanEditor editor(*accesses, -1, Addressing::Offsets);
  for (const ChosenLoop &loop : chosenLoops)
    editor.setLoopPlan(loop.step, loop.plan);
  if (!placeConstrained(editor, *intervals))
    return llvm::createStringError(
        "%s: what is constrained to be in fast memory cannot be placed",
        problem.name.c_str());
  pinned = editor.plan().residencies;
  slow = editor.latency();
  starts.assign(1, 0.0);
  for (int32_t i = 0; i < accesses->numSteps(); ++i)
    starts.push_back(starts.back() + editor.time().waitBefore(i) +
                     editor.time().stepTime(i));

  greedy = config.greedyLatency;
  if (greedy < 0) {
    auto result = solveGreedily(problem);
    if (!result)
      return result.takeError();
    greedy = result->latency;
  }
  unit = std::max(slow - greedy, kLeastScale * slow);
  if (unit <= 0)
    unit = 1;
  return llvm::Error::success();
}

void Game::linkNodes() {
  parents.assign(intervals->nodes().size(), -1);
  leaves.assign(accesses->numUses(), -1);
  carriable.assign(accesses->numValues(), false);
  for (int32_t value : intervals->carriable())
    carriable[value] = true;
  for (int32_t id = 0; id < numNodes(); ++id) {
    const UseIntervalNode &node = intervals->node(id);
    if (node.left < 0) {
      leaves[node.interval.first] = id;
      continue;
    }
    parents[node.left] = id;
    parents[node.right] = id;
  }
}
