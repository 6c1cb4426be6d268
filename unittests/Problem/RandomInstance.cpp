//===- RandomInstance.cpp - random programs and plans for tests -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomInstance.h"

#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/Twine.h"

#include <optional>

using namespace mempl;

namespace {

template <typename T> T pick(Random &random, std::initializer_list<T> choices) {
  return choices.begin()[random.below(choices.size())];
}

/// Builds one instance and the bodies of its loops.
class InstanceBuilder {
public:
  InstanceBuilder(Random &random, const RandomInstanceOptions &options)
      : random(random), options(options) {
    makeMachine();
  }

  Instance build() { return {"random", machine, makeProgram(0)}; }

private:
  void makeMachine();
  int64_t limit() {
    return random.chance(options.limitChance) ? random.between(1, 2) : 0;
  }
  SpaceConstraint order(int depth) {
    if (random.chance(options.slowOrderChance))
      return SpaceConstraint::Slow;
    if (depth == 0 && random.chance(options.fastOrderChance))
      return SpaceConstraint::Fast;
    return SpaceConstraint::None;
  }
  Program makeProgram(int depth);
  Value makeValue(const std::string &name, int depth);
  Step makeStep(Program &program, std::vector<bool> &written, int depth);
  Access makeAccess(const Program &program, const std::vector<bool> &written,
                    int depth);
  int64_t bytesFor(int64_t size);

  Random &random;
  const RandomInstanceOptions &options;
  Machine machine;
  double second = 1; ///< A time that fits the sizes and bandwidths.
};

} // namespace

void InstanceBuilder::makeMachine() {
  bool isRound = random.chance(0.5);
  double slow = isRound ? 10 : 819e9;
  machine.alignment = isRound ? pick<int64_t>(random, {1, 7, 10})
                              : pick<int64_t>(random, {4096, 1 << 20});
  machine.capacity =
      machine.alignment * random.between(0, options.maxCapacityUnits);
  machine.slowBandwidth = slow;
  machine.fastBandwidth = slow * pick(random, {1.0, 10.0, 22.0});
  machine.copyBandwidth = slow * pick(random, {0.3, 1.0, 1.0, 4.0});
  second = 2 * static_cast<double>(machine.alignment) / slow;
  machine.copyLatency = second * pick(random, {0.0, 0.1, 1.0});
  machine.stepOverhead = second * pick(random, {0.0, 0.0, 0.25});
  machine.maxCopiesIn = limit();
  machine.maxCopiesOut = limit();
  machine.maxCarried =
      random.chance(options.carriedChance) ? random.between(1, 2) : 0;
}

Value InstanceBuilder::makeValue(const std::string &name, int depth) {
  Value value;
  value.name = name;
  value.kind =
      pick(random, {ValueKind::Input, ValueKind::Input, ValueKind::Temporary,
                    ValueKind::Temporary, ValueKind::Output, ValueKind::InOut});
  int64_t unit = machine.alignment;
  value.size = unit * random.between(1, options.maxSizeUnits);
  if (random.chance(0.3)) // Not all sizes are multiples of the alignment.
    value.size -= random.between(0, unit - 1);
  if (random.chance(options.zeroSizeChance))
    value.size = 0;
  value.space = order(depth);
  return value;
}

int64_t InstanceBuilder::bytesFor(int64_t size) {
  switch (random.below(8)) {
  case 0:
    return 0;
  case 1:
    return size / 3;
  case 2:
    return 3 * size + 1;
  default:
    return size;
  }
}

Access InstanceBuilder::makeAccess(const Program &program,
                                   const std::vector<bool> &written,
                                   int depth) {
  Access access;
  access.value = static_cast<int32_t>(random.below(program.values.size()));
  const Value &value = program.values[access.value];
  access.bytes = bytesFor(value.size);
  access.mode = pick(random, {AccessMode::Read, AccessMode::Read,
                              AccessMode::Write, AccessMode::Update});
  if (depth > 0 && value.kind == ValueKind::Input)
    access.mode = AccessMode::Read;
  else if (!written[access.value])
    access.mode = AccessMode::Write;
  access.space = order(depth);
  if (value.space != SpaceConstraint::None &&
      access.space != SpaceConstraint::None)
    access.space = value.space;
  return access;
}

Step InstanceBuilder::makeStep(Program &program, std::vector<bool> &written,
                               int depth) {
  Step step;
  step.name = ("s" + llvm::Twine(program.steps.size())).str();
  step.compute = random.chance(0.2) ? 0 : second * 3 * random.uniform();
  if (random.chance(options.reservedChance))
    step.reserved = random.between(0, machine.capacity / 2);
  for (int64_t k = random.between(0, options.maxAccesses); k > 0; --k)
    step.accesses.push_back(makeAccess(program, written, depth));
  for (const Access &access : step.accesses)
    if (access.writes())
      written[access.value] = true;
  if (depth < options.maxLoopDepth && random.chance(options.loopChance)) {
    step.trips = random.between(1, 4);
    step.body = std::make_shared<const Program>(makeProgram(depth + 1));
  }
  return step;
}

Program InstanceBuilder::makeProgram(int depth) {
  Program program;
  for (int64_t v = random.between(1, options.maxValues), k = 0; k < v; ++k)
    program.values.push_back(makeValue(("v" + llvm::Twine(k)).str(), depth));
  std::vector<bool> written;
  for (const Value &value : program.values)
    written.push_back(value.isInput());
  int64_t most = depth == 0 ? options.maxSteps : (options.maxSteps + 1) / 2;
  int64_t count =
      random.between(std::min<int64_t>(options.minSteps, most), most);
  for (int64_t i = 0; i < count; ++i)
    program.steps.push_back(makeStep(program, written, depth));
  // An output that nothing has written would be a fault.
  for (size_t v = 0; v < program.values.size(); ++v)
    if (program.values[v].kind == ValueKind::Output && !written[v])
      program.values[v].kind = ValueKind::Temporary;
  return program;
}

Instance mempl::randomInstance(Random &random,
                               const RandomInstanceOptions &options) {
  return InstanceBuilder(random, options).build();
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// A step that accesses `value`, or any other if none does.
static int32_t anyUse(const Instance &instance, int32_t value, Random &random) {
  std::vector<int32_t> uses;
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    for (const Access &access : instance.program.steps[i].accesses)
      if (access.value == value)
        uses.push_back(i);
  if (uses.empty() || random.chance(0.1))
    return static_cast<int32_t>(random.below(instance.program.steps.size()));
  return uses[random.below(uses.size())];
}

/// A number in [low, high], rather near `low`.
static int32_t near(int32_t low, int32_t high, Random &random) {
  return static_cast<int32_t>(
      random.between(low, random.chance(0.7) ? std::min(low + 2, high) : high));
}

/// A residency that keeps V9 and may break any other rule, rather at the
/// accesses of values. The instance must have a value and a step.
static Residency anyResidency(const Instance &instance, Random &random) {
  int32_t n = instance.numSteps();
  const Machine &m = instance.machine;
  Residency r;
  r.value = static_cast<int32_t>(random.below(instance.program.values.size()));
  int32_t first = anyUse(instance, r.value, random);
  int32_t last = anyUse(instance, r.value, random);
  if (first > last)
    std::swap(first, last);
  r.last = last;
  uint64_t begin = random.below(m.maxCarried > 0 ? 5 : 4);
  if (begin < 2) {
    r.begin = ByWrite{first};
  } else if (begin < 4) {
    r.begin = CopyIn{first - near(0, first, random), first};
  } else {
    r.begin = Kept{};
    if (random.chance(0.6))
      r.last = n - 1;
  }
  if (random.chance(0.5)) {
    r.out.emplace();
    if (random.chance(0.4))
      r.out->back = static_cast<int32_t>(random.between(r.first(), r.last));
    r.out->done = near(r.copiedAfter() + 1, n, random);
  }
  int64_t room =
      std::max<int64_t>(0, m.capacity - m.roundUp(r.bytes(instance.program)));
  r.offset = m.alignment * random.between(0, room / m.alignment);
  return r;
}

/// Violations of constraints to be fast, or nothing if other rules are broken.
static std::optional<size_t> unmetOrders(const Instance &instance,
                                         const Plan &plan) {
  auto found = verify(instance, plan);
  for (const Violation &violation : found)
    if (violation.rule != Rule::V6)
      return std::nullopt;
  return found.size();
}

/// Gives some loops of `plan` a plan of their own.
static void addLoopPlans(const Instance &instance, Plan &plan, Random &random,
                         int attempts) {
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    if (!step.body || random.chance(0.4))
      continue;
    // The body has the capacity for itself that its plan will name.
    Instance body{step.name, instance.machine, *step.body};
    Machine &machine = body.machine;
    int64_t least = machine.roundUp(leastCapacity(body.program));
    machine.capacity =
        least +
        machine.alignment *
            random.between(0, (machine.capacity - least) / machine.alignment);
    BodyPlan inner{machine.capacity,
                   randomValidPlan(body, random, attempts / 2)};
    inner.plan.instance.clear();
    Plan with = plan;
    with.loops[i] = std::move(inner);
    auto unmet = unmetOrders(instance, with);
    if (unmet && *unmet <= *unmetOrders(instance, plan))
      plan = std::move(with);
  }
}

Plan mempl::randomValidPlan(const Instance &instance, Random &random,
                            int attempts) {
  Plan plan;
  plan.instance = instance.name;
  addLoopPlans(instance, plan, random, attempts);
  if (instance.program.values.empty() || instance.program.steps.empty())
    return plan;
  size_t unmet = *unmetOrders(instance, plan);
  // Orders to be fast get some more attempts.
  for (int k = 0; k < attempts || (unmet > 0 && k < 20 * attempts); ++k) {
    auto at = static_cast<ptrdiff_t>(random.below(plan.residencies.size() + 1));
    Plan with = plan;
    with.residencies.insert(with.residencies.begin() + at,
                            anyResidency(instance, random));
    auto now = unmetOrders(instance, with);
    if (!now || *now > unmet)
      continue;
    unmet = *now;
    plan = std::move(with);
  }
  return plan;
}
