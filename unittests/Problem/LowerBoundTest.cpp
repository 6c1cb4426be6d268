//===- LowerBoundTest.cpp - tests of the lower bound ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bound is held against the truth three times: hand-made programs whose
// optimum is worked out in a comment, tiny random programs whose optimum an
// exhaustive search finds, and valid plans of larger random programs.
//
//===----------------------------------------------------------------------===//

#include "BruteForce.h"
#include "ExtraData.h"
#include "HandMade.h"
#include "LowerBoundModel.h"

#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/Random.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>
#include <numeric>

using namespace mempl;
using namespace mempl::handmade;

namespace {

/// Relative slack for sums of doubles in a different order.
constexpr double kExact = 1 + 1e-9;

/// That of HandMade.h, whose copies start at once.
Machine simpleMachine() {
  Machine m = machine();
  m.copyLatency = 0;
  return m;
}

/// A program for it.
Instance makeInstance(std::vector<Value> values, std::vector<Step> steps) {
  return program(std::move(values), std::move(steps), simpleMachine());
}

double boundOf(const Instance &instance) { return lowerBound(instance).bound; }

/// What random programs look like.
struct Shape {
  int32_t minSteps, maxSteps, maxValues;
  int32_t maxAccesses; ///< In the whole program.
  int32_t maxAccessesPerValue;
  bool fastOrders = true, loops = true;
};
constexpr Shape kTiny{2, 4, 4, 6, 3};
constexpr Shape kBody{1, 2, 2, 3, 3, true, false};
constexpr Shape kMedium{4, 14, 12, 40, 6, false, true};

SpaceConstraint randomOrder(Random &random, const Shape &shape) {
  if (!random.chance(0.05))
    return SpaceConstraint::None;
  return shape.fastOrders && random.chance(0.5) ? SpaceConstraint::Fast
                                                : SpaceConstraint::Slow;
}

Machine randomMachine(Random &random, int64_t slots) {
  Machine m;
  m.alignment = random.between(1, 3);
  m.capacity = m.alignment * slots;
  m.slowBandwidth = static_cast<double>(random.between(1, 3));
  m.fastBandwidth = m.slowBandwidth * static_cast<double>(random.between(1, 9));
  m.copyBandwidth = random.chance(0.5)
                        ? m.slowBandwidth
                        : (random.uniform() * 2 + 0.1) * m.slowBandwidth;
  m.copyLatency = random.chance(0.5) ? 0 : random.uniform() * 2;
  m.stepOverhead = random.chance(0.5) ? 0 : random.uniform();
  m.maxCopiesIn = random.chance(0.15);
  m.maxCopiesOut = random.chance(0.15);
  m.maxCarried = random.chance(0.25) ? random.between(1, 2) : 0;
  return m;
}

/// A value with random accesses, of which `budget` limits the number.
void addRandomValue(Random &random, const Shape &shape, bool inner,
                    int32_t &budget, Instance &instance) {
  int32_t v = instance.numValues(), n = instance.numSteps();
  Value value;
  value.name = "v" + std::to_string(v);
  int64_t largest = instance.machine.capacity + 4 * random.chance(0.1);
  value.size = random.chance(0.05) ? 0 : random.between(1, largest);
  if (random.chance(0.4))
    value.size = (value.size + 1) / 2;
  value.kind = static_cast<ValueKind>(random.below(4));
  value.space = randomOrder(random, shape);
  bool written = value.isInput();
  // The body of a loop must not write its inputs.
  bool constant = inner && value.kind == ValueKind::Input;
  int32_t left = shape.maxAccessesPerValue;
  for (int32_t k = 0; k != n && left > 0 && budget > 0; ++k) {
    if (!random.chance(n > 5 ? 0.3 : 0.65))
      continue;
    Access access =
        read(v, random.chance(0.7) ? value.size : random.between(0, 20));
    if (!written)
      access.mode = AccessMode::Write;
    else if (!constant && random.chance(0.3))
      access.mode = random.chance(0.5) ? AccessMode::Write : AccessMode::Update;
    if (value.space == SpaceConstraint::None)
      access.space = randomOrder(random, shape);
    instance.program.steps[k].accesses.push_back(access);
    if (written && random.chance(0.05)) { // A second access in the same step.
      access.mode = AccessMode::Read;
      access.bytes = 3;
      instance.program.steps[k].accesses.push_back(access);
    }
    written = true;
    --left;
    --budget;
  }
  if (!written)
    value.kind = ValueKind::Temporary;
  instance.program.values.push_back(value);
}

Instance randomProgram(Random &random, const Machine &machine,
                       const Shape &shape, bool inner = false) {
  Instance instance;
  instance.name = "random";
  instance.machine = machine;
  auto n = static_cast<int32_t>(random.between(shape.minSteps, shape.maxSteps));
  for (int32_t k = 0; k != n; ++k) {
    Step made = step(random.chance(0.3) ? 0 : random.uniform() * 10);
    if (random.chance(0.15))
      made.reserved = random.between(1, machine.capacity / 2);
    instance.program.steps.push_back(made);
  }
  int32_t budget = shape.maxAccesses;
  for (int64_t v = random.between(1, shape.maxValues); v > 0; --v)
    addRandomValue(random, shape, inner, budget, instance);
  bool limited = machine.maxCopiesIn != 0 || machine.maxCopiesOut != 0;
  if (shape.loops && !limited && random.chance(0.15)) {
    Step &step = instance.program.steps[random.below(n)];
    step.trips = random.between(1, 3);
    Shape body = kBody;
    body.fastOrders = shape.fastOrders;
    step.body = std::make_shared<Program>(
        randomProgram(random, machine, body, true).program);
  }
  return instance;
}

/// Adds random residencies as long as the plan stays valid.
Plan randomPlan(Random &random, const Instance &instance, int attempts) {
  const Machine &m = instance.machine;
  int32_t n = instance.numSteps();
  Plan plan;
  plan.instance = instance.name;
  for (int attempt = 0; attempt != attempts; ++attempt) {
    Residency r;
    r.value =
        static_cast<int32_t>(random.below(instance.program.values.size()));
    r.offset = m.alignment *
               static_cast<int64_t>(random.below(m.capacity / m.alignment));
    auto first = static_cast<int32_t>(random.below(n));
    r.last = static_cast<int32_t>(random.between(first, n - 1));
    if (m.maxCarried > 0 && random.chance(0.2)) {
      r.begin = Kept{};
      r.last = n - 1;
    } else if (random.chance(0.5)) {
      r.begin = ByWrite{first};
    } else {
      r.begin = CopyIn{static_cast<int32_t>(random.between(0, first)), first};
    }
    if (random.chance(0.4)) {
      auto back = static_cast<int32_t>(random.between(r.first(), r.last));
      r.out = {back, static_cast<int32_t>(random.between(back + 1, n))};
    }
    size_t place = random.below(plan.residencies.size() + 1);
    plan.residencies.insert(plan.residencies.begin() + place, r);
    if (!verify(instance, plan).empty())
      plan.residencies.erase(plan.residencies.begin() + place);
  }
  return plan;
}

//===----------------------------------------------------------------------===//
// Programs with a known optimum
//===----------------------------------------------------------------------===//

TEST(LowerBound, EmptyPrograms) {
  Instance nothing = makeInstance({}, {});
  LowerBoundResult result = lowerBound(nothing);
  EXPECT_EQ(result.bound, 0);
  EXPECT_TRUE(result.capacityPrice.empty());
  EXPECT_TRUE(result.memoryShare.empty());

  Instance unused = makeInstance({input("v", 50)}, {});
  EXPECT_EQ(boundOf(unused), 0);

  Instance steps = makeInstance({}, {step(2), step(3)});
  steps.machine.stepOverhead = 0.5;
  result = lowerBound(steps);
  EXPECT_DOUBLE_EQ(result.bound, 6);
  EXPECT_EQ(result.capacityPrice.size(), 2u);
  EXPECT_EQ(result.memoryShare.size(), 2u);
}

TEST(LowerBound, CopyNeedsTimeBeforeItsUse) {
  // 3 s of the copy pass behind step 0, 2 s more are waited for: 5.5 s. A
  // mixture of copying (0.6) and reading from slow memory (0.4) takes 5.3 s,
  // and that is what the relaxation cannot tell apart.
  Instance instance =
      makeInstance({input("v", 50)}, {step(3), step(0, {read(0, 50)})});
  EXPECT_NEAR(bruteForceOptimum(instance), 5.5, 1e-9);
  EXPECT_NEAR(boundOf(instance), 5.3, 1e-2);
}

TEST(LowerBound, EarlyTrafficCannotUseLateTime) {
  // The weights are needed in step 0 and 1; the 100 s of step 2 cannot hide
  // their traffic, which one constraint for the whole program would allow.
  Instance instance =
      makeInstance({input("v", 50), input("v", 50)},
                   {step(1, {read(0, 50)}), step(1, {read(1, 50)}), step(100)});
  EXPECT_NEAR(bruteForceOptimum(instance), 110, 1e-9);
  EXPECT_NEAR(boundOf(instance), 110, 1e-2);
}

TEST(LowerBound, TwoLargeValuesExcludeEachOther) {
  // Both temporaries live from step 0 to step 3 and take 60 % of the capacity
  // each. Fractions of 5/6 would fit; only one whole value does.
  Value t = temporary("v", 60);
  Instance instance =
      makeInstance({t, t}, {step(0, {write(0, 60)}), step(0, {write(1, 60)}),
                            step(0, {read(0, 60)}), step(0, {read(1, 60)})});
  double optimum = bruteForceOptimum(instance);
  EXPECT_NEAR(optimum, 6 + 6 + 0.6 + 0.6, 1e-9);
  EXPECT_NEAR(boundOf(instance), optimum, 1e-2);
}

TEST(LowerBound, ValuesOfOneStepHaveToFitTogether) {
  // Three values of 40 % in one step: one of them stays slow. By halves, all of
  // the slow time could hide behind the 2 s of compute.
  Value t = temporary("v", 40);
  std::vector<Access> writes, reads;
  for (int32_t v = 0; v != 3; ++v) {
    writes.push_back(write(v, 0));
    reads.push_back(read(v, 40));
  }
  Instance instance =
      makeInstance({t, t, t}, {step(0, writes), step(2, reads)});
  double optimum = bruteForceOptimum(instance);
  EXPECT_NEAR(optimum, 4.8, 1e-9);
  EXPECT_NEAR(boundOf(instance), optimum, 1e-2);
}

TEST(LowerBound, StepsAndValuesAgreeOnWhatIsSlow) {
  // Three values are written one by one and read together, where 10 of their
  // 110 bytes are too many: one of them is slow there (3 s), and before that it
  // was written slow or copied out. The capacity alone would be content with a
  // tenth of each, and the step alone with a value that is slow nowhere else.
  std::vector<Value> values;
  std::vector<Step> steps;
  Step last = step(0);
  for (int64_t size : {30, 35, 45}) {
    auto v = static_cast<int32_t>(values.size());
    values.push_back(temporary("v", size));
    steps.push_back(step(0, {write(v, size)}));
    last.accesses.push_back(read(v, size));
  }
  steps.push_back(last);
  Instance instance = makeInstance(values, steps);
  instance.machine.alignment = 5;
  double optimum = bruteForceOptimum(instance);
  // The copy of the 30 bytes has 0.35 s of step 1 and waits for the rest.
  EXPECT_NEAR(optimum, 0.3 + 0.35 + 2.65 + 0.45 + 3.8, 1e-9);
  EXPECT_LE(boundOf(instance), optimum * kExact);
  EXPECT_GT(boundOf(instance), 6.8); // 5.5 without agreement.
}

TEST(LowerBound, OutputsHaveToReachSlowMemory) {
  // Written fast and copied out (0.8 + 8 s) or written slow (8 s).
  Instance instance =
      makeInstance({output("v", 80)}, {step(0, {write(0, 80)})});
  EXPECT_NEAR(bruteForceOptimum(instance), 8, 1e-9);
  EXPECT_NEAR(boundOf(instance), 8, 1e-2);
}

TEST(LowerBound, ChannelsSlowerThanSlowMemory) {
  // The value must be fast. Its copy waits 1 s and moves 50 bytes at 2 bytes/s
  // before step 0, although slow memory alone would give 5 s.
  Instance instance = makeInstance({input("v", 50)}, {step(0, {read(0, 50)})});
  instance.program.values[0].space = SpaceConstraint::Fast;
  instance.machine.copyBandwidth = 2;
  instance.machine.copyLatency = 1;
  EXPECT_NEAR(bruteForceOptimum(instance), 26.5, 1e-9);
  EXPECT_NEAR(boundOf(instance), 26.5, 1e-2);
}

TEST(LowerBound, ReservedBytesLeaveNoRoom) {
  Value t = temporary("v", 60);
  Instance instance = makeInstance(
      {t}, {step(0, {write(0, 60)}), step(0), step(0, {read(0, 60)})});
  EXPECT_NEAR(boundOf(instance), 1.2, 1e-9);
  instance.program.steps[1].reserved = 45;
  // It cannot stay during step 1, and a copy costs as much as an access.
  EXPECT_NEAR(bruteForceOptimum(instance), 12, 1e-9);
  EXPECT_NEAR(boundOf(instance), 12, 1e-2);
}

TEST(LowerBound, LoopsAreBoundedThroughTheirBody) {
  // Slow: 3 trips of 2 + 2 s. The body's temporary fits, so 3 x (1 + 1) s.
  Step repeated =
      loop(3, makeInstance({temporary("v", 20)},
                           {step(1, {write(0, 20)}), step(1, {read(0, 20)})}));
  Instance instance = makeInstance({}, {repeated});
  EXPECT_NEAR(boundOf(instance), 6, 1e-9);
  EXPECT_NEAR(bruteForceOptimum(instance), 6, 1e-9);

  // A temporary of the outer program that wants the same bytes all the while:
  // either it or the body is slow. 2 x 9 s against 6 s.
  Value outer = temporary("v", 90);
  instance.program.values = {outer};
  instance.program.steps = {step(0, {write(0, 90)}), repeated,
                            step(0, {read(0, 90)})};
  double optimum = bruteForceOptimum(instance);
  EXPECT_NEAR(optimum, 0.9 + 12 + 0.9, 1e-9);
  EXPECT_LE(boundOf(instance), optimum * kExact);
  EXPECT_GT(boundOf(instance), 11); // Without the body's share: 7.8.
}

TEST(LowerBound, BodiesAreSlowWhereTheProgramNeedsAllOfTheMemory) {
  // A weight of 100 bytes, kept from the run before, fills the memory, so that
  // the temporary of the body has no place: 3 x 2 s. Slow, the weight alone
  // would take 30 s; with 10 bytes more, both would be fast in 3 s.
  Step repeated =
      loop(3,
           makeInstance({temporary("v", 10)},
                        {step(0, {write(0, 10)}), step(0, {read(0, 10)})}),
           {read(0, 300)});
  Instance instance = makeInstance({input("v", 100)}, {repeated});
  instance.machine.maxCarried = 1;
  EXPECT_NEAR(bruteForceOptimum(instance), 6, 1e-9);
  EXPECT_LE(boundOf(instance), 6 * kExact);
  EXPECT_GT(boundOf(instance), 5.9);
}

TEST(LowerBound, TrafficOfALoopSharesSlowMemory) {
  // The body writes 60 bytes to an output in each trip: 12 s in two trips. The
  // loop step reads 40 more bytes that do not fit: 16 s, not 12.
  Step repeated =
      loop(2, makeInstance({output("v", 60)}, {step(0, {write(0, 60)})}),
           {read(0, 40)});
  Instance instance = makeInstance({input("v", 200)}, {repeated});
  EXPECT_NEAR(bruteForceOptimum(instance), 16, 1e-9);
  EXPECT_NEAR(boundOf(instance), 16, 1e-2);
}

TEST(LowerBound, CarriedInputsCostNoCopy) {
  Instance instance = makeInstance({input("v", 50), input("v", 50)},
                                   {step(0, {read(0, 50), read(1, 50)})});
  EXPECT_NEAR(boundOf(instance), 10, 1e-2);
  instance.machine.maxCarried = 1;
  EXPECT_NEAR(bruteForceOptimum(instance), 5.5, 1e-9);
  EXPECT_NEAR(boundOf(instance), 5.5, 1e-2);
  instance.machine.maxCarried = 2;
  EXPECT_NEAR(boundOf(instance), 1, 1e-9);
}

//===----------------------------------------------------------------------===//
// Against exhaustive search and random plans
//===----------------------------------------------------------------------===//

TEST(LowerBound, NeverAboveTheOptimumOfTinyPrograms) {
  double sum = 0, worst = 0;
  int compared = 0, loops = 0, carried = 0, limited = 0;
  for (uint64_t seed = 0; compared != 200; ++seed) {
    Random random(seed, "LowerBoundTest.tiny");
    Machine machine = randomMachine(random, random.between(2, 4));
    Instance instance = randomProgram(random, machine, kTiny);
    // A few outputs are never written; those are not programs.
    if (!checkInstance(instance).empty())
      continue;
    BruteForceResult best = bruteForce(instance);
    if (std::isinf(best.latency))
      continue; // Contradictory constraints: there is no plan.
    ASSERT_TRUE(verify(instance, best.plan).empty()) << "seed " << seed;
    double bound = boundOf(instance);
    EXPECT_LE(bound, best.latency * kExact) << "seed " << seed;
    EXPECT_GE(bound, idealLatency(instance)) << "seed " << seed;
    if (bound > 0) {
      sum += best.latency / bound - 1;
      worst = std::max(worst, best.latency / bound - 1);
    }
    ++compared;
    carried += machine.maxCarried > 0;
    limited += machine.maxCopiesIn + machine.maxCopiesOut > 0;
    loops += llvm::any_of(instance.program.steps,
                          [](const Step &s) { return s.body != nullptr; });
  }
  std::string mean = llvm::formatv("{0:f4}", sum / compared).str();
  std::string most = llvm::formatv("{0:f4}", worst).str();
  RecordProperty("mean_gap", mean);
  RecordProperty("worst_gap", most);
  printf("mean gap %s, worst %s\n", mean.c_str(), most.c_str());
  // The mix has to contain what the bound must be right about.
  EXPECT_GE(loops, 10);
  EXPECT_GE(carried, 20);
  EXPECT_GE(limited, 20);
  EXPECT_LT(sum / compared, 0.05);
}

/// Branch and bound until the end, with linear programs or without, knowing a
/// latency or not.
double branchedBound(const Instance &instance, bool linearPrograms,
                     double knownLatency = 0) {
  LowerBoundOptions options;
  options.maxNodes = 200;
  options.linearPrograms = linearPrograms;
  options.knownLatency = knownLatency;
  return lowerBound(instance, options).bound;
}

TEST(LowerBound, BranchesNeverAboveTheOptimumOfTinyPrograms) {
  double plain = 0, branched = 0;
  int compared = 0, loops = 0, carried = 0, optimal = 0;
  for (uint64_t seed = 0; compared != 150; ++seed) {
    Random random(seed, "LowerBoundTest.branches");
    Machine machine = randomMachine(random, random.between(2, 4));
    Instance instance = randomProgram(random, machine, kTiny);
    if (!checkInstance(instance).empty())
      continue;
    double optimum = bruteForceOptimum(instance);
    if (std::isinf(optimum))
      continue;
    double root = boundOf(instance);
    for (bool linearPrograms : {false, true})
      for (double known : {0.0, optimum}) {
        double bound = branchedBound(instance, linearPrograms, known);
        EXPECT_LE(bound, optimum * kExact) << "seed " << seed;
        EXPECT_GE(bound * kExact, std::min(root, known > 0 ? known : root))
            << "seed " << seed;
      }
    double best = branchedBound(instance, true);
    if (root > 0) {
      plain += optimum / root - 1;
      branched += optimum / best - 1;
    }
    optimal += optimum <= best * (1 + kProvenOptimal);
    ++compared;
    carried += machine.maxCarried > 0;
    loops += llvm::any_of(instance.program.steps,
                          [](const Step &s) { return s.body != nullptr; });
  }
  RecordProperty("optimal", optimal);
  printf("mean gap %.4f, branched %.4f, %d proven optimal\n", plain / compared,
         branched / compared, optimal);
  EXPECT_GE(loops, 10);
  EXPECT_GE(carried, 20);
  EXPECT_GE(optimal, 50);
  EXPECT_LT(branched, plain * 0.8);
}

/// The best plan over all orders of the steps.
double optimumOfOrders(const Instance &instance) {
  std::vector<int32_t> order(instance.program.steps.size());
  std::iota(order.begin(), order.end(), 0);
  double best = HUGE_VAL;
  do {
    if (!isValidOrder(instance.program, order))
      continue;
    Instance fixed = instance;
    fixed.program = inOrder(instance.program, order);
    best = std::min(best, bruteForceOptimum(fixed));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(LowerBound, NeverAboveTheOptimumOfAllOrders) {
  double sum = 0;
  int compared = 0, better = 0, limited = 0, after = 0;
  for (uint64_t seed = 0; compared != 100; ++seed) {
    Random random(seed, "LowerBoundTest.orders");
    Machine machine = randomMachine(random, random.between(2, 4));
    Instance instance = randomProgram(random, machine, kTiny);
    if (!checkInstance(instance).empty())
      continue;
    double fixed = bruteForceOptimum(instance);
    instance.program.order = StepOrder::Free;
    if (random.chance(0.3)) {
      instance.program.steps.back().after = {0};
      ++after;
    }
    double optimum = optimumOfOrders(instance);
    if (std::isinf(optimum))
      continue;
    double bound = boundOf(instance);
    EXPECT_LE(bound, optimum * kExact) << "seed " << seed;
    EXPECT_GE(bound, idealLatency(instance)) << "seed " << seed;
    for (bool linearPrograms : {false, true})
      EXPECT_LE(branchedBound(instance, linearPrograms), optimum * kExact)
          << "seed " << seed;
    if (bound > 0)
      sum += optimum / bound - 1;
    ++compared;
    better += optimum < fixed * (1 - 1e-9);
    limited += machine.maxCopiesIn + machine.maxCopiesOut > 0;
  }
  printf("mean gap %.4f, %d faster in another order\n", sum / compared, better);
  EXPECT_GE(better, 10);
  EXPECT_GE(limited, 10);
  EXPECT_GE(after, 10);
  EXPECT_LT(sum / compared, 0.05);
}

TEST(LowerBound, AnotherOrderIsWorthWhatTheBoundLeavesFree) {
  // Two values of 60 bytes, each read twice, in turns. In order, one of them
  // is slow both times or both are copied twice. One after the other, each is
  // copied once. The bound sees that they do not share a step.
  Access a = read(0, 60), b = read(1, 60);
  Instance instance =
      makeInstance({input("v", 60), input("v", 60)},
                   {step(0, {a}), step(0, {b}), step(0, {a}), step(0, {b})});
  EXPECT_GT(boundOf(instance), 17);
  double fixed = bruteForceOptimum(instance);
  instance.program.order = StepOrder::Free;
  double optimum = optimumOfOrders(instance);
  EXPECT_LT(optimum, fixed);
  EXPECT_LE(boundOf(instance), optimum * kExact);
  EXPECT_GT(boundOf(instance), 11.9);
}

TEST(LowerBound, BranchingProvesWhatMixturesCannot) {
  // Three values of 40 bytes in a memory of 100, read and written all the time:
  // two fit, mixtures have two and a half.
  std::vector<Value> values(3, temporary("v", 40));
  std::vector<Step> steps;
  for (int32_t v = 0; v != 3; ++v)
    steps.push_back(step(0, {write(v, 40)}));
  for (int i = 0; i != 2; ++i)
    for (int32_t v = 0; v != 3; ++v)
      steps.push_back(step(0, {read(v, 40)}));
  Instance instance = makeInstance(values, steps);
  instance.machine.stepOverhead = 1;
  LowerBoundOptions options;
  double root = lowerBound(instance).bound;
  double before = root;
  for (int64_t nodes : {1, 10, 100, 1000}) {
    options.maxNodes = nodes;
    LowerBoundResult result = lowerBound(instance, options);
    EXPECT_GE(result.bound, before);
    EXPECT_LE(result.nodes, nodes);
    EXPECT_EQ(result.bound, lowerBound(instance, options).bound);
    before = result.bound;
  }
  options.linearPrograms = false;
  EXPECT_GE(lowerBound(instance, options).bound, root);
  int64_t asked = 0;
  options.cancelled = [&] { return ++asked > 6000; };
  EXPECT_LT(lowerBound(instance, options).nodes, 1000);
}

TEST(LowerBound, BetweenIdealAndEveryValidPlan) {
  int compared = 0, planned = 0;
  for (uint64_t seed = 0; compared != 500; ++seed) {
    Random random(seed, "LowerBoundTest.medium");
    Machine machine = randomMachine(random, random.between(3, 20));
    Instance instance = randomProgram(random, machine, kMedium);
    if (!checkInstance(instance).empty())
      continue;
    Plan slow;
    slow.instance = instance.name;
    ASSERT_TRUE(verify(instance, slow).empty()) << "seed " << seed;
    LowerBoundOptions options;
    options.maxIterations = 300;
    double bound = lowerBound(instance, options).bound;
    EXPECT_GE(bound, idealLatency(instance)) << "seed " << seed;
    EXPECT_LE(bound, slowLatency(instance) * kExact) << "seed " << seed;
    for (int i = 0; i != 3; ++i) {
      Plan plan = randomPlan(random, instance, 60);
      planned += !plan.residencies.empty();
      EXPECT_LE(bound, simulateLatency(instance, plan) * kExact)
          << "seed " << seed;
    }
    ++compared;
  }
  EXPECT_GT(planned, 1000);
}

TEST(LowerBound, RisesWithIterations) {
  for (uint64_t seed = 0; seed != 30; ++seed) {
    Random random(seed, "LowerBoundTest.medium");
    Machine machine = randomMachine(random, random.between(3, 20));
    Instance instance = randomProgram(random, machine, kMedium);
    if (!checkInstance(instance).empty())
      continue;
    double before = idealLatency(instance);
    for (int64_t iterations : {0, 1, 10, 100, 400, 1000, 3000}) {
      LowerBoundOptions options;
      options.maxIterations = iterations;
      LowerBoundResult result = lowerBound(instance, options);
      EXPECT_GE(result.bound, before) << "seed " << seed;
      EXPECT_LE(result.iterations, iterations);
      before = result.bound;
    }
  }
}

TEST(LowerBound, FallsWithCapacityAndCarriedValues) {
  for (uint64_t seed = 0; seed != 40; ++seed) {
    Random random(seed, "LowerBoundTest.medium");
    Machine machine = randomMachine(random, random.between(3, 20));
    machine.maxCarried = 0;
    Instance instance = randomProgram(random, machine, kMedium);
    if (!checkInstance(instance).empty())
      continue;
    // The ascent ends within some 2 % of the relaxation's optimum.
    double bound = boundOf(instance) * 1.03;
    machine.maxCarried = 2;
    instance.machine = machine;
    EXPECT_LE(boundOf(instance), bound) << "seed " << seed;
    machine.maxCarried = 0;
    machine.capacity *= 2;
    instance.machine = machine;
    EXPECT_LE(boundOf(instance), bound) << "seed " << seed;
  }
}

//===----------------------------------------------------------------------===//
// Results and options
//===----------------------------------------------------------------------===//

/// A program with pressure on the memory: layers of weights and activations.
Instance layers(int32_t count) {
  Instance instance;
  instance.machine = simpleMachine();
  for (int32_t i = 0; i != count; ++i) {
    int32_t weight = 2 * i, activation = 2 * i + 1;
    instance.program.values.push_back(input("v", 20 + i % 3 * 10));
    instance.program.values.push_back(temporary("v", 30));
    Step layer =
        step(2, {read(weight, 20 + i % 3 * 10), write(activation, 30)});
    if (i > 0)
      layer.accesses.push_back(read(activation - 2, 30));
    if (i > 3)
      layer.accesses.push_back(read(activation - 8, 30));
    instance.program.steps.push_back(layer);
  }
  return instance;
}

TEST(LowerBound, PricesAreWithinTheirRanges) {
  Instance instance = layers(24);
  LowerBoundResult result = lowerBound(instance);
  ASSERT_EQ(result.capacityPrice.size(), instance.program.steps.size());
  ASSERT_EQ(result.memoryShare.size(), instance.program.steps.size());
  double total = 0;
  for (double price : result.capacityPrice) {
    EXPECT_GE(price, 0);
    total += price;
  }
  for (double share : result.memoryShare) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  EXPECT_GT(total, 0); // The memory is too small, so it has a price.

  Machine roomy = instance.machine;
  roomy.capacity = 10000;
  instance.machine = roomy;
  for (double price : lowerBound(instance).capacityPrice)
    EXPECT_NEAR(price, 0, 1e-3);
}

TEST(LowerBound, IsDeterministic) {
  Instance instance = layers(24);
  LowerBoundResult first = lowerBound(instance), second = lowerBound(instance);
  EXPECT_EQ(first.bound, second.bound);
  EXPECT_EQ(first.iterations, second.iterations);
  EXPECT_EQ(first.capacityPrice, second.capacityPrice);
  EXPECT_EQ(first.memoryShare, second.memoryShare);
}

TEST(LowerBound, StopsWhenAskedTo) {
  Instance instance = layers(24);
  LowerBoundOptions options;
  int64_t asked = 0;
  options.cancelled = [&] { return ++asked > 25; };
  LowerBoundResult result = lowerBound(instance, options);
  EXPECT_EQ(result.iterations, 25);
  EXPECT_GE(result.bound, idealLatency(instance));

  // Below what the bound reaches: the gap is closed at once.
  LowerBoundOptions known;
  known.knownLatency = idealLatency(instance) * (1 + 1e-3);
  result = lowerBound(instance, known);
  EXPECT_LT(result.iterations, 500);
  EXPECT_GE(result.bound, known.knownLatency * (1 - 1e-9));
}

TEST(LowerBound, StopsInBodiesOfLoops) {
  Step repeated = loop(3, layers(24));
  Instance instance = makeInstance({}, {repeated, repeated, repeated});
  LowerBoundOptions options;
  int64_t asked = 0;
  options.cancelled = [&] {
    ++asked;
    return true;
  };
  LowerBoundResult result = lowerBound(instance, options);
  // Once for each body and share of the memory that it is bounded for, at
  // least, and once for the program: none of the iterations is made.
  EXPECT_GE(asked, 4);
  EXPECT_LE(asked, 100);
  EXPECT_EQ(result.iterations, 0);
  EXPECT_GE(result.bound, idealLatency(instance));
  EXPECT_LE(result.bound, lowerBound(instance).bound);
}

TEST(LowerBound, HandlesManyValues) {
  Instance instance = layers(20000);
  LowerBoundOptions options;
  options.maxIterations = 5;
  LowerBoundResult result = lowerBound(instance, options);
  EXPECT_EQ(result.iterations, 5);
  EXPECT_GE(result.bound, idealLatency(instance));
  EXPECT_LE(result.bound, slowLatency(instance) * kExact);
}

//===----------------------------------------------------------------------===//
// Real programs
//===----------------------------------------------------------------------===//

/// The bounds (milliseconds) that were published with some small programs of
/// the extra data; roofline costs have their own directory.
struct Published {
  const char *path;
  double bound;
};
constexpr Published kPublished[] = {
    {"alexnet_b64", 1.168},        {"lstm_b64", 1.641},
    {"nerf_b65536", 0.568},        {"vgg16_b8", 3.194},
    {"mixer_b16", 3.366},          {"roofline/alexnet_b64", 0.454},
    {"roofline/lstm_b64", 1.397},  {"roofline/mobilenetv2_b32", 0.498},
    {"roofline/vgg16_b8", 1.545},  {"roofline/resnet50_b32", 1.393},
    {"roofline/wavenet_b4", 0.951}};

TEST(LowerBound, ReachesThePublishedBoundsOfRealPrograms) {
  std::string root = extraData("xla_tpu/instances");
  if (root.empty())
    GTEST_SKIP() << kNoExtraData;
  for (const Published &published : kPublished) {
    std::string path = root + "/" + published.path + ".v5e";
    llvm::Expected<Instance> instance =
        readInstance(path + ".instance.json.gz");
    ASSERT_TRUE(!!instance) << llvm::toString(instance.takeError());
    llvm::Expected<Plan> plan = readPlan(path + ".xla_plan.json.gz");
    LowerBoundOptions options;
    options.maxIterations = 600;
    double bound = lowerBound(*instance, options).bound;
    EXPECT_GE(bound * 1e3, published.bound - 0.0005) << published.path;
    EXPECT_LE(bound, slowLatency(*instance) * kExact) << published.path;
    if (!plan) { // XLA's plans may carry a key of their own.
      llvm::consumeError(plan.takeError());
      continue;
    }
    EXPECT_LE(bound, simulateLatency(*instance, *plan) * kExact)
        << published.path;
  }
}

// Few different values, so that equal ones lie in many blocks, and sizes below,
// at and above multiples of a block.
TEST(LowerBound, RangeMinimumIsTheOneOfALoop) {
  for (uint64_t seed = 0; seed != 60; ++seed) {
    Random random(seed, "range minimum");
    auto size = static_cast<int32_t>(random.between(1, seed % 3 ? 50 : 1200));
    std::vector<double> values(size);
    for (double &value : values)
      value = static_cast<double>(random.below(seed % 2 ? 1000 : 6));
    bound::RangeMinimum minimum;
    minimum.build(std::vector<double>(2 * size, -1.0)); // Leaves no trace.
    minimum.build(values);
    for (int i = 0; i != 200; ++i) {
      auto from = static_cast<int32_t>(random.between(0, size));
      auto to = static_cast<int32_t>(random.between(from, size));
      auto begin = values.begin() + from, end = values.begin() + to;
      double least = from == to ? bound::kNever : *std::min_element(begin, end);
      EXPECT_EQ(minimum.minimum(from, to), least);
      double some = from == to ? 0 : values[random.between(from, to - 1)];
      for (double limit : {least, some, least - 1}) {
        auto isAtMost = [&](double value) { return value <= limit; };
        auto first = std::find_if(begin, end, isAtMost);
        EXPECT_EQ(minimum.firstAtMost(from, to, limit), first - values.begin());
        int32_t last = to - 1;
        while (last >= from && !isAtMost(values[last]))
          --last;
        EXPECT_EQ(minimum.lastAtMost(from, to, limit), last);
      }
    }
  }
}

} // namespace
