//===- StepOrder.cpp - the order in which steps run -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;

namespace {

/// Who has accessed a value so far.
struct Accessors {
  int32_t writer = -1;          ///< The last one.
  std::vector<int32_t> readers; ///< Since then.
};

} // namespace

/// The steps that each step depends on, in ascending order.
static std::vector<std::vector<int32_t>>
dependenciesOf(const Program &program) {
  std::vector<std::vector<int32_t>> before(program.steps.size());
  std::vector<Accessors> accessors(program.values.size());
  for (int32_t i = 0; i < program.numSteps(); ++i) {
    const Step &step = program.steps[i];
    before[i] = step.after;
    for (const Access &access : step.accesses) {
      Accessors &others = accessors[access.value];
      if (others.writer >= 0)
        before[i].push_back(others.writer);
      if (access.writes())
        llvm::append_range(before[i], others.readers);
    }
    for (const Access &access : step.accesses) {
      Accessors &others = accessors[access.value];
      if (access.writes())
        others = {i, {}};
      else if (others.writer != i)
        others.readers.push_back(i);
    }
    llvm::erase(before[i], i);
    llvm::sort(before[i]);
    before[i].erase(llvm::unique(before[i]), before[i].end());
  }
  return before;
}

StepDependencies::StepDependencies(const Program &program) {
  std::vector<std::vector<int32_t>> lists[2] = {dependenciesOf(program), {}};
  lists[1].resize(program.steps.size());
  for (int32_t i = 0; i < program.numSteps(); ++i)
    for (int32_t earlier : lists[0][i])
      lists[1][earlier].push_back(i);
  for (int side = 0; side < 2; ++side) {
    begin[side] = {0};
    for (const std::vector<int32_t> &list : lists[side]) {
      llvm::append_range(steps[side], list);
      begin[side].push_back(static_cast<int32_t>(steps[side].size()));
    }
  }
}

bool mempl::isPermutation(llvm::ArrayRef<int32_t> order, int32_t numSteps) {
  if (order.size() != static_cast<size_t>(numSteps))
    return false;
  std::vector<bool> isThere(numSteps, false);
  for (int32_t step : order) {
    if (step < 0 || step >= numSteps || isThere[step])
      return false;
    isThere[step] = true;
  }
  return true;
}

bool mempl::isValidOrder(const Program &program,
                         llvm::ArrayRef<int32_t> order) {
  if (order.empty())
    return true;
  if (!isPermutation(order, program.numSteps()))
    return false;
  if (program.order == StepOrder::Fixed)
    return llvm::is_sorted(order);
  StepDependencies dependencies(program);
  std::vector<bool> hasRun(order.size(), false);
  for (int32_t step : order) {
    if (!llvm::all_of(dependencies.before(step),
                      [&](int32_t earlier) { return hasRun[earlier]; }))
      return false;
    hasRun[step] = true;
  }
  return true;
}

Program mempl::inOrder(const Program &program, llvm::ArrayRef<int32_t> order) {
  Program ordered{program.values, {}, StepOrder::Fixed};
  ordered.steps.reserve(order.size());
  for (int32_t step : order) {
    ordered.steps.push_back(program.steps[step]);
    ordered.steps.back().after.clear();
  }
  return ordered;
}

Plan mempl::withOrder(Plan plan, std::vector<int32_t> order) {
  std::map<int32_t, BodyPlan> loops;
  for (auto &[place, body] : plan.loops)
    loops.emplace(order[place], std::move(body));
  plan.loops = std::move(loops);
  plan.order = std::move(order);
  return plan;
}

Plan mempl::withoutOrder(Plan plan) {
  if (plan.order.empty())
    return plan;
  std::map<int32_t, BodyPlan> loops;
  for (auto [place, step] : llvm::enumerate(plan.order))
    if (auto it = plan.loops.find(step); it != plan.loops.end())
      loops.emplace(static_cast<int32_t>(place), std::move(it->second));
  plan.loops = std::move(loops);
  plan.order.clear();
  return plan;
}

OrderedProblem::OrderedProblem(InstanceRef instance, const Plan &plan)
    : whole(instance), given(&plan) {
  if (plan.order.empty())
    return;
  ordered = inOrder(instance.program, plan.order);
  orderedPlan = withoutOrder(plan);
}
