//===- PlanDiff.cpp - what differs between two plans ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Residencies are compared value by value, after their places in the order of
// their plan have become steps of the program.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanDiff.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;

static std::vector<Residency> withoutOffsets(std::vector<Residency> list) {
  for (Residency &r : list) {
    r.offset = 0;
    r.offset2 = std::nullopt;
  }
  return list;
}

bool ValueChange::isMovedOnly() const {
  return withoutOffsets(before) == withoutOffsets(after);
}

int64_t PlanDiff::numMovedOnly() const {
  return llvm::count_if(
      values, [](const ValueChange &change) { return change.isMovedOnly(); });
}

std::string mempl::describe(const Residency &r) {
  auto text = [](int64_t number) { return std::to_string(number); };
  std::string what = r.first() == r.last
                         ? "step " + text(r.last)
                         : "steps " + text(r.first()) + " to " + text(r.last);
  what += " at " + text(r.offset);
  if (r.offset2)
    what += " and " + text(*r.offset2);
  if (const CopyIn *in = r.copyIn())
    what += ", copied in from step " + text(in->issue);
  if (r.isKept())
    what += ", kept from the run before";
  if (r.out)
    what += ", copied out by step " + text(r.out->done);
  return what;
}

namespace {

/// Two plans of one program.
class Comparison {
public:
  Comparison(PlanDiff &diff, std::vector<int32_t> path)
      : diff(diff), path(std::move(path)) {}

  void compare(InstanceRef instance, const Plan &before, const Plan &after);

private:
  using ByValue = std::vector<std::vector<Residency>>;
  ByValue residenciesOf(const Program &program, const Plan &plan) const;
  int32_t stepAt(int32_t place, const Plan &plan, int32_t numSteps) const;
  void compareLoops(InstanceRef instance, const Plan &before,
                    const Plan &after);

  PlanDiff &diff;
  std::vector<int32_t> path;
};

} // namespace

/// The step of the program at a place; in a body, with its trip.
int32_t Comparison::stepAt(int32_t place, const Plan &plan,
                           int32_t numSteps) const {
  if (plan.order.empty() || (path.empty() && place == numSteps))
    return place;
  return place - place % numSteps + plan.order[place % numSteps];
}

Comparison::ByValue Comparison::residenciesOf(const Program &program,
                                              const Plan &plan) const {
  ByValue lists(program.values.size());
  std::vector<Residency> sorted = plan.residencies;
  llvm::stable_sort(sorted, [](const Residency &a, const Residency &b) {
    return a.start() < b.start();
  });
  auto renumber = [&](int32_t &place) {
    place = stepAt(place, plan, program.numSteps());
  };
  for (Residency &r : sorted) {
    // What is not said is the last step that it serves.
    if (r.out && r.out->back == r.last)
      r.out->back = std::nullopt;
    renumber(r.last);
    if (ByWrite *write = std::get_if<ByWrite>(&r.begin))
      renumber(write->step);
    if (CopyIn *in = r.copyIn()) {
      renumber(in->issue);
      renumber(in->ready);
    }
    if (r.out) {
      renumber(r.out->done);
      if (r.out->back)
        renumber(*r.out->back);
    }
    lists[r.value].push_back(r);
  }
  return lists;
}

void Comparison::compareLoops(InstanceRef instance, const Plan &before,
                              const Plan &after) {
  static const Plan kNone;
  for (int32_t step = 0; step < instance.numSteps(); ++step) {
    if (!instance.program.steps[step].body)
      continue;
    const BodyPlan *old = before.bodyPlan(step), *now = after.bodyPlan(step);
    std::vector<int32_t> inner = path;
    inner.push_back(step);
    Comparison(diff, std::move(inner))
        .compare(instance.bodyOf(step), old ? old->plan : kNone,
                 now ? now->plan : kNone);
  }
}

void Comparison::compare(InstanceRef instance, const Plan &before,
                         const Plan &after) {
  const Program &program = instance.program;
  ByValue old = residenciesOf(program, before);
  ByValue now = residenciesOf(program, after);
  for (int32_t v = 0; v < program.numValues(); ++v)
    if (old[v] != now[v])
      diff.values.push_back({path, v, program.values[v].name, std::move(old[v]),
                             std::move(now[v])});
  for (int32_t place = 0; place < program.numSteps(); ++place)
    diff.stepsMoved += stepAt(place, before, program.numSteps()) !=
                       stepAt(place, after, program.numSteps());
  compareLoops(instance, before, after);
}

PlanDiff mempl::diffPlans(InstanceRef instance, const Plan &before,
                          const Plan &after) {
  PlanDiff diff;
  Comparison(diff, {}).compare(instance, before, after);
  return diff;
}
