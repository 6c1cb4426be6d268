//===- TripPipeliningTest.cpp - copies of loops across trips --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TripPipelining.h"

#include "HandMade.h"

#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/Random.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>

using namespace mempl;
using namespace mempl::handmade;

namespace {

/// A loop whose body's inputs, outputs and inouts are streamed.
Instance streaming(int64_t trips, std::vector<Value> values,
                   std::vector<Step> steps, const Machine &m = machine()) {
  for (Value &value : values)
    value.streamed = value.kind != ValueKind::Temporary;
  Instance instance = program(
      {}, {loop(trips, program(std::move(values), std::move(steps)))}, m);
  EXPECT_TRUE(checkInstance(instance).empty());
  return instance;
}

Solution solved(const Instance &instance, const char *solver) {
  SolverContext context;
  return llvm::cantFail(solveVerified(instance, solver, context));
}

Machine large() {
  Machine m = machine();
  m.capacity = 1000;
  m.fastBandwidth = 1000;
  return m;
}

/// Operands that the step reads several times.
Instance matmul(double compute, int64_t capacity) {
  Machine m = large();
  m.capacity = capacity;
  return streaming(16, {input("a", 40), input("b", 40), output("c", 20)},
                   {step(compute, {read(0, 160), read(1, 160), write(2, 20)})},
                   m);
}

TEST(TripPipelining, CopiesOfOneStepAreHidden) {
  // Copies of 2 x (1 + 4) s for each trip of 12 s; the first are waited for.
  for (const char *solver : {"greedy", "search", "portfolio"})
    EXPECT_NEAR(solved(matmul(12, 1000), solver).latency, 10 + 16 * 12, 1e-9);
  // Copies of 10 s take longer than the step, and c shares slow memory.
  EXPECT_LE(solved(matmul(2, 1000), "search").latency, 10 + 16 * 12);
}

TEST(TripPipelining, WhatHasNoRoomForTwoStaysInItsTrip) {
  Instance instance = matmul(12, 120);
  Solution solution = solved(instance, "search");
  const Plan &plan = solution.plan.loops.at(0).plan;
  EXPECT_TRUE(plan.crossesTrips(1));
  // One of the operands comes in behind the step, one before it.
  EXPECT_NEAR(solution.latency, 10 + 16 * 12 + 15 * 5, 1e-9);
  instance = matmul(12, 80);
  solution = solved(instance, "search");
  EXPECT_NEAR(solution.latency, 16 * (10 + 12), 1e-9);
}

TEST(TripPipelining, ResultsGoOutBehind) {
  Instance instance =
      streaming(10, {output("y", 40)}, {step(8, {write(0, 200)})}, large());
  EXPECT_NEAR(solved(instance, "search").latency, 10 * 8 + 5, 1e-9);
}

TEST(TripPipelining, AnAccumulatorGoesInAndOut) {
  Instance instance = streaming(
      10, {inOut("c", 40)},
      {step(10, {update(0, 400)}), step(10, {update(0, 400)})}, large());
  // 5 s in and 5 s out behind 20 s: the first and the last are waited for.
  EXPECT_LE(solved(instance, "search").latency, 5 + 10 * 20 + 5 + 1e-9);
}

TEST(TripPipelining, OneBudgetGivesOnePlan) {
  Instance instance = matmul(12, 150);
  Solution first = solved(instance, "search");
  SolverContext context;
  context.threads = 4;
  Solution again = llvm::cantFail(solveVerified(instance, "search", context));
  EXPECT_EQ(first.plan, again.plan);
  // A loop that copies nothing across trips when it may not search for it.
  Plan base;
  EXPECT_FALSE(pipelineTrips(instance, 0, base, 150, {}));
}

/// Copies of the outer program stand still while an inner loop has some.
TEST(TripPipelining, LoopsInLoops) {
  Instance inner =
      streaming(4, {input("x", 40)}, {step(8, {read(0, 200)})}, large());
  Instance outer =
      streaming(5, {input("w", 100)},
                {step(20, {read(0, 400)}), step(20, {read(0, 400)})}, large());
  auto body = std::make_shared<Program>(*outer.program.steps[0].body);
  body->steps.push_back(inner.program.steps[0]);
  outer.program.steps[0].body = body;
  Solution solution = solved(outer, "search");
  // In the inner loop, 5 s for the first slice; the weights behind the steps.
  EXPECT_LE(solution.latency, 11 + 5 * (40 + 5 + 4 * 8) + 1e-9);
}

//===----------------------------------------------------------------------===//
// All plans of tiny loops
//===----------------------------------------------------------------------===//

/// Tries every plan of the body of a loop that stands alone.
class AllPlans {
public:
  explicit AllPlans(const Instance &loop)
      : loop(loop), body(*loop.program.steps[0].body),
        units(loop.machine.capacity / loop.machine.alignment) {
    for (int32_t v = 0; v < body.numValues(); ++v)
      addOptions(v);
  }

  double best() {
    chooseFrom(0);
    return least;
  }

private:
  using Residencies = std::vector<Residency>;

  bool breaksAlone(const Residencies &list, int32_t value) const {
    for (const Violation &violation : verify(loop, planOf(list)))
      if (violation.value == value && violation.rule != Rule::V1 &&
          violation.rule != Rule::V2 &&
          !(violation.rule == Rule::V8 &&
            violation.text.find("meets itself") != std::string::npos))
        return true;
    return false;
  }

  Plan planOf(Residencies list) const {
    return bodyPlanOf({loop.machine.capacity, {"", std::move(list), {}}});
  }
  static Plan bodyPlanOf(BodyPlan body) {
    Plan outer = plan({});
    outer.loops[0] = std::move(body);
    return outer;
  }

  bool isUsedAt(int32_t value, int32_t place) const {
    return llvm::any_of(
        body.steps[place % body.numSteps()].accesses,
        [&](const Access &access) { return access.value == value; });
  }

  void addOptions(int32_t value) {
    int32_t n = body.numSteps();
    Residencies singles;
    auto addEnds = [&](Residency r) {
      if (!isUsedAt(value, r.first()) || !isUsedAt(value, r.last))
        return;
      singles.push_back(r);
      for (int32_t back = r.first(); back <= r.last; ++back)
        for (int32_t done = back + 1; done <= 3 * n; ++done) {
          r.out = {back, done};
          if (r.end() - r.start() < 2 * n)
            singles.push_back(r);
        }
    };
    for (int32_t first = 0; first < 2 * n; ++first)
      for (int32_t last = first; last < 2 * n; ++last) {
        if (first < n && last < n)
          addEnds(Residency::byWrite(value, 0, first, last));
        for (int32_t issue = 0; issue <= std::min(first, n - 1); ++issue)
          addEnds(Residency::byCopy(value, 0, issue, first, last));
      }
    std::vector<Residencies> all = {{}};
    for (const Residency &r : singles)
      all.push_back({r});
    if (singles.size() < 60)
      for (const Residency &a : singles)
        for (const Residency &b : singles)
          if (a.first() % n < b.first() % n)
            all.push_back({a, b});
    std::vector<Residencies> &kept = options.emplace_back();
    for (const Residencies &list : all)
      if (!breaksAlone(list, value))
        kept.push_back(list);
  }

  void chooseFrom(int32_t value) {
    if (value < body.numValues()) {
      for (const Residencies &option : options[value]) {
        size_t before = list.size();
        llvm::append_range(list, option);
        chooseFrom(value + 1);
        list.resize(before);
      }
      return;
    }
    std::vector<size_t> order(list.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      Residencies ordered;
      for (size_t k : order)
        ordered.push_back(list[k]);
      double latency = simulateLatency(loop, planOf(ordered));
      if (latency < least * (1 - 1e-12) && findOffsets(ordered, 0))
        least = latency;
    } while (std::next_permutation(order.begin(), order.end()));
  }

  bool findOffsets(Residencies &placed, size_t next) const {
    if (next == placed.size())
      return verify(loop, planOf(placed)).empty();
    Residency &r = placed[next];
    Residencies sofar(placed.begin(), placed.begin() + next + 1);
    for (int64_t unit = 0; unit < units; ++unit)
      for (int64_t second = -1; second < units; ++second) {
        r.offset = unit * loop.machine.alignment;
        r.offset2 = std::nullopt;
        if (second >= 0)
          r.offset2 = second * loop.machine.alignment;
        sofar.back() = r;
        bool collides = llvm::any_of(
            verify(loop, planOf(sofar)), [](const Violation &violation) {
              return violation.rule == Rule::V1 || violation.rule == Rule::V2 ||
                     violation.rule == Rule::V8;
            });
        if (!collides && findOffsets(placed, next + 1))
          return true;
      }
    return false;
  }

  const Instance &loop;
  const Program &body;
  int64_t units;
  std::vector<std::vector<Residencies>> options;
  Residencies list;
  double least = std::numeric_limits<double>::infinity();
};

/// Adds values to the steps of a body that use it; each step leaves out a value
/// with a chance of `rest`.
void addValues(Random &random, Program &body, int64_t number, double rest) {
  for (int32_t v = 0; v < number; ++v) {
    int64_t size = 10 * random.between(1, 2);
    const ValueKind kinds[] = {ValueKind::Input, ValueKind::Input,
                               ValueKind::Output, ValueKind::InOut,
                               ValueKind::Temporary};
    Value value{"v", size, kinds[random.below(5)]};
    value.streamed = value.kind != ValueKind::Temporary && random.chance(0.9);
    bool isDefined = value.isInput();
    for (int32_t i = 0; i < body.numSteps(); ++i) {
      bool isNeeded = i + 1 == body.numSteps() && !isDefined;
      if (!isNeeded && random.chance(rest))
        continue;
      int64_t bytes = size * random.between(1, 5);
      bool writes =
          !isDefined || (value.kind != ValueKind::Input && random.chance(0.5));
      AccessMode mode = !writes              ? AccessMode::Read
                        : !isDefined         ? AccessMode::Write
                        : random.chance(0.5) ? AccessMode::Update
                                             : AccessMode::Write;
      body.steps[i].accesses.push_back({v, bytes, mode});
      isDefined |= writes;
    }
    body.values.push_back(value);
  }
}

Instance loopOf(Program body, int64_t trips, const Machine &m) {
  Instance alone = program({}, {step(0)}, m);
  alone.program.steps[0].trips = trips;
  alone.program.steps[0].body = std::make_shared<Program>(std::move(body));
  return alone;
}

Machine randomMachine(Random &random, int64_t units) {
  Machine m = machine();
  m.capacity = 10 * units;
  m.copyLatency = random.chance(0.5) ? 0.3 : 0;
  m.copyBandwidth = random.chance(0.5) ? 10 : 7;
  m.maxCopiesIn = random.chance(0.2) ? random.between(1, 2) : 0;
  m.maxCopiesOut = random.chance(0.2) ? 1 : 0;
  return m;
}

Instance tinyLoop(uint64_t seed) {
  Random random(seed, "tiny loops");
  Machine m = randomMachine(random, random.between(3, 6));
  auto number = static_cast<int32_t>(random.between(1, 2));
  Program body;
  for (int32_t i = 0; i < number; ++i)
    body.steps.push_back(step(static_cast<double>(random.between(0, 6))));
  addValues(random, body, random.between(2, number == 1 ? 3 : 2), 0.25);
  int64_t trips = random.between(1, 8);
  return loopOf(std::move(body), trips, m);
}

/// Steps that reserve bytes, loops in loops, and orders that are free.
Instance largerLoop(uint64_t seed, bool isStreamed) {
  Random random(seed, "larger loops");
  Machine m = randomMachine(random, random.between(6, 20));
  auto makeBody = [&](int64_t steps, int64_t values) {
    Program body;
    for (int64_t i = 0; i < steps; ++i) {
      body.steps.push_back(step(static_cast<double>(random.between(0, 9))));
      if (random.chance(0.15))
        body.steps.back().reserved = 10 * random.between(1, 3);
    }
    addValues(random, body, values, 0.6);
    for (Value &value : body.values)
      value.streamed &= isStreamed;
    if (random.chance(0.4))
      body.order = StepOrder::Free;
    return body;
  };
  Program body = makeBody(random.between(3, 9), random.between(3, 10));
  if (random.chance(0.4)) {
    Step &inner = body.steps[random.below(body.steps.size())];
    inner.trips = random.between(2, 5);
    inner.body = std::make_shared<Program>(
        makeBody(random.between(1, 3), random.between(1, 4)));
  }
  return loopOf(std::move(body), random.between(2, 9), m);
}

TEST(TripPipelining, LoopsOfAllKindsGetFasterAndStayValid) {
  double logs = 0;
  int64_t across = 0;
  const int64_t kLoops = 60;
  for (uint64_t seed = 0; seed < kLoops; ++seed) {
    SCOPED_TRACE(seed);
    Instance instance = largerLoop(seed, true);
    ASSERT_TRUE(checkInstance(instance).empty());
    for (const char *solver : {"greedy", "search"}) {
      // A plan that is not valid is an error.
      Solution with = solved(instance, solver);
      Solution without = solved(largerLoop(seed, false), solver);
      EXPECT_LE(with.latency, without.latency * (1 + 1e-9)) << solver;
      EXPECT_GE(with.latency, lowerBound(instance).bound * (1 - 1e-9));
      logs += std::log(with.latency / without.latency) / 2;
      auto it = with.plan.loops.find(0);
      across += it != with.plan.loops.end() &&
                it->second.plan.crossesTrips(
                    instance.program.steps[0].body->numSteps());
    }
  }
  std::cout << across << " of " << 2 * kLoops
            << " plans with copies across trips; latency times "
            << std::exp(logs / static_cast<double>(kLoops)) << "\n";
  EXPECT_GE(across, kLoops / 2);
  EXPECT_LE(logs, 0);
}

TEST(TripPipelining, TinyLoopsAreAsFastAsTheyCanBe) {
  const char *asked = std::getenv("MEMPL_TINY_LOOPS");
  uint64_t number = asked ? std::strtoull(asked, nullptr, 10) : 60;
  int64_t compared = 0, optimal = 0, across = 0;
  double worst = 1, logs = 0;
  for (uint64_t seed = 0; seed < number; ++seed) {
    SCOPED_TRACE(seed);
    Instance instance = tinyLoop(seed);
    ASSERT_TRUE(checkInstance(instance).empty());
    Solution solution = solved(instance, "search");
    double least = AllPlans(instance).best();
    EXPECT_GE(solution.latency, least * (1 - 1e-9));
    EXPECT_LE(lowerBound(instance).bound, least * (1 + 1e-9));
    double gap = least > 0 ? solution.latency / least : 1;
    auto it = solution.plan.loops.find(0);
    across += it != solution.plan.loops.end() &&
              it->second.plan.crossesTrips(
                  instance.program.steps[0].body->numSteps());
    ++compared;
    optimal += gap < 1 + 1e-9;
    worst = std::max(worst, gap);
    logs += std::log(gap);
    if (asked && gap > 1 + 1e-9)
      std::cout << "seed " << seed << ": " << gap << "\n";
  }
  double mean = std::exp(logs / static_cast<double>(compared));
  std::cout << compared << " loops, " << across
            << " with copies across trips; optimal: " << optimal
            << "; mean gap " << mean << ", worst " << worst << "\n";
  EXPECT_GE(across, compared / 5);
  EXPECT_GE(optimal, compared * 95 / 100);
  EXPECT_LE(mean, 1.002);
}

} // namespace
