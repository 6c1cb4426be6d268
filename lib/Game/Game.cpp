//===- Game.cpp - what all games of one program share ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which accesses a game asks about, and in which order. Everything is counted
// once, in time linear in the accesses but for one run of the solver `greedy`,
// which plans the loops and gives the scale of rewards.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Game.h"
#include "mempl/Game/Observation.h"

#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Solvers/Greedy.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <numeric>

using namespace mempl;

/// Values that may be asked about before the first step. What is used late
/// hides its copy anyway.
static constexpr size_t kMostCarried = 256;
/// Smallest scale of rewards, as a share of the latency.
static constexpr double kLeastScale = 1e-3;

std::optional<DecisionOrder> mempl::decisionOrderByName(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<DecisionOrder>>(name)
      .Case("program", DecisionOrder::Program)
      .Case("density", DecisionOrder::ValueDensity)
      .Default(std::nullopt);
}

std::optional<MoveSize> mempl::moveSizeByName(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<MoveSize>>(name)
      .Case("use", MoveSize::Use)
      .Case("value", MoveSize::Value)
      .Default(std::nullopt);
}

/// The same problem for plans that run the steps as they stand. Bodies, whose
/// plans are given, keep what they allow.
static Instance withFixedOrder(Instance instance) {
  instance.program.order = StepOrder::Fixed;
  return instance;
}

Game::Game(Instance instance, GameOptions options)
    : problem(withFixedOrder(std::move(instance))), config(std::move(options)),
      accesses(problem), intervals(accesses, problem.machine.capacity) {}

llvm::Expected<std::shared_ptr<const Game>> Game::create(Instance instance,
                                                         GameOptions options) {
  std::shared_ptr<Game> result(
      new Game(std::move(instance), std::move(options)));
  if (llvm::Error error = result->prepare())
    return std::move(error);
  return result;
}

static llvm::Expected<Solution> solveGreedily(const Instance &instance) {
  auto solver = createSolver("greedy");
  if (!solver)
    return solver.takeError();
  return (*solver)->solve(instance, SolverContext());
}

llvm::Error Game::chooseLoopPlans() {
  if (!config.loops.empty()) {
    for (const auto &[step, body] : config.loops)
      chosenLoops.push_back({step, std::make_shared<LoopPlan>(
                                       makeLoopPlan(problem, step, body))});
    return llvm::Error::success();
  }
  auto choices = planLoops(accesses,
                           [](const Instance &body) -> llvm::Expected<Plan> {
                             auto result = solveGreedily(body);
                             if (!result)
                               return result.takeError();
                             return std::move(result->plan);
                           },
                           {kGreedyPipelining});
  if (!choices)
    return choices.takeError();
  PlanEditor editor(accesses);
  chooseLoops(editor, *choices);
  for (const LoopChoices &loop : *choices)
    for (const auto &plan : loop.plans)
      if (plan.get() == editor.loopPlan(loop.step)) {
        chosenLoops.push_back({loop.step, plan});
        break;
      }
  return llvm::Error::success();
}

llvm::Error Game::prepare() {
  if (llvm::Error error = chooseLoopPlans())
    return error;
  PlanEditor editor(accesses);
  for (const ChosenLoop &loop : chosenLoops)
    editor.setLoopPlan(loop.step, loop.plan);
  if (!placeConstrained(editor, intervals))
    return llvm::createStringError(
        "%s: what is constrained to be in fast memory cannot be placed",
        problem.name.c_str());
  slow = editor.latency();
  starts.assign(1, 0.0);
  for (int32_t i = 0; i < accesses.numSteps(); ++i)
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

  lastWrite.assign(accesses.numUses(), -1);
  for (int32_t v = 0; v < accesses.numValues(); ++v)
    for (int32_t u = accesses.firstUse(v) + 1; u < accesses.endUse(v); ++u)
      lastWrite[u] = accesses.use(u - 1).writes ? u - 1 : lastWrite[u - 1];
  listNodes(editor);
  orderItems();
  std::vector<bool> isFirst(questions.size(), true);
  if (config.moves == MoveSize::Value) {
    std::vector<bool> isSeen(accesses.numValues());
    for (const Item &item : turns)
      if (item.node >= 0 && item.use >= 0) {
        isFirst[item.node] = !isSeen[item.value];
        isSeen[item.value] = true;
      }
  }
  nextNode.assign(questions.size(), -1);
  int32_t next = -1;
  for (const Item &item : llvm::reverse(turns))
    if (item.node >= 0) {
      nextNode[item.node] = next;
      if (isFirst[item.node])
        next = item.node;
    }
  return llvm::Error::success();
}

void Game::listNodes(PlanEditor &editor) {
  if (problem.machine.maxCarried > 0 && config.asksCarried)
    for (int32_t v : intervals.carriable().take_front(kMostCarried)) {
      questions.push_back({v, -1, 0});
      turns.push_back({v, -1, static_cast<int32_t>(questions.size()) - 1});
    }

  // A use is asked about if the value alone would fit at its step. A value
  // whose uses move nothing cannot matter.
  auto mayBeAsked = [&](int32_t u) {
    const Use &use = accesses.use(u);
    int64_t reserved = editor.occupancy().reserved(use.step);
    return !use.mustBeSlow && !editor.time().isServed(u) &&
           reserved <= editor.capacity() &&
           accesses.roundedSize(use.value) <= editor.capacity() - reserved;
  };
  std::vector<bool> isCandidate(accesses.numValues());
  for (int32_t u = 0; u < accesses.numUses(); ++u)
    if (accesses.use(u).bytes > 0 && mayBeAsked(u))
      isCandidate[accesses.use(u).value] = true;
  for (int32_t i = 0; i < accesses.numSteps(); ++i)
    for (int32_t u : accesses.usesAt(i)) {
      const Use &use = accesses.use(u);
      if (!isCandidate[use.value])
        continue;
      int32_t node = -1;
      if (mayBeAsked(u)) {
        node = numNodes();
        questions.push_back({use.value, u, i});
      }
      turns.push_back({use.value, u, node});
    }
}

void Game::orderItems() {
  if (config.order == DecisionOrder::Program)
    return;
  std::vector<double> density(accesses.numValues(), 0.0);
  for (int32_t v = 0; v < accesses.numValues(); ++v) {
    llvm::ArrayRef<Use> uses = accesses.usesOf(v);
    if (uses.empty())
      continue;
    double benefit = 0;
    for (int32_t u = accesses.firstUse(v); u < accesses.endUse(v); ++u)
      benefit += intervals.useBenefit(u);
    auto size = static_cast<double>(accesses.roundedSize(v)) + 1;
    double held = starts[uses.back().step + 1] - starts[uses.front().step];
    if (!uses.front().startsByWrite)
      held += size / problem.machine.copyBandwidth;
    density[v] = benefit / (size * (held + 1e-12));
  }
  // Stable: equals stay in program order, as do the uses of one value.
  auto begin = turns.begin();
  while (begin != turns.end() && begin->use < 0)
    ++begin;
  std::stable_sort(begin, turns.end(), [&](const Item &a, const Item &b) {
    if (density[a.value] != density[b.value])
      return density[a.value] > density[b.value];
    return a.value < b.value;
  });
}
