//===- StepOrderTest.cpp - tests of the order of steps --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/PlanEditor.h"
#include "mempl/Problem/Verifier.h"

#include "HandMade.h"

#include "llvm/ADT/STLExtras.h"

#include "gmock/gmock.h"

#include <numeric>
#include <random>

using namespace mempl;
using namespace mempl::handmade;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

/// Reads and writes of two values, and two steps that access nothing.
Instance mixed() {
  Instance instance =
      program({input("a", 10), temporary("b", 10)},
              {step(1, {write(1, 10)}), step(1, {read(1, 10), read(0, 10)}),
               step(1, {read(1, 10)}), step(1, {update(1, 10)}), step(1),
               step(1, {read(1, 10)}), step(1)});
  instance.program.order = StepOrder::Free;
  instance.program.steps[6].after = {4};
  return instance;
}

TEST(StepOrder, StepsDependOnWritersAndOnReadersOfWhatTheyWrite) {
  StepDependencies dependencies(mixed().program);
  EXPECT_EQ(dependencies.numSteps(), 7);
  EXPECT_THAT(dependencies.before(0), IsEmpty());
  EXPECT_THAT(dependencies.before(1), ElementsAre(0));
  EXPECT_THAT(dependencies.before(2), ElementsAre(0));
  EXPECT_THAT(dependencies.before(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(dependencies.before(4), IsEmpty());
  EXPECT_THAT(dependencies.before(5), ElementsAre(3));
  EXPECT_THAT(dependencies.before(6), ElementsAre(4));
  EXPECT_THAT(dependencies.after(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(dependencies.after(6), IsEmpty());
}

/// The verifier knows the rule by itself.
TEST(StepOrder, ValidOrdersAreThoseOfTheVerifier) {
  Instance instance = mixed();
  std::mt19937 random(7);
  std::vector<int32_t> order(instance.program.steps.size());
  std::iota(order.begin(), order.end(), 0);
  int valid = 0;
  for (int k = 0; k < 2000; ++k) {
    std::shuffle(order.begin(), order.end(), random);
    Plan ordered = plan({});
    ordered.order = order;
    bool isValid = isValidOrder(instance.program, order);
    EXPECT_EQ(isValid, verify(instance, ordered).empty());
    valid += isValid;
  }
  EXPECT_GT(valid, 10);
  EXPECT_LT(valid, 1000);
  EXPECT_TRUE(isValidOrder(instance.program, {}));
}

TEST(StepOrder, OrdersHaveEachStepOnce) {
  EXPECT_TRUE(isPermutation({2, 0, 1}, 3));
  EXPECT_TRUE(isPermutation({}, 0));
  EXPECT_FALSE(isPermutation({0, 1}, 3));
  EXPECT_FALSE(isPermutation({0, 1, 2, 3}, 3));
  EXPECT_FALSE(isPermutation({0, 1, 1}, 3));
  EXPECT_FALSE(isPermutation({0, 1, 3}, 3));
  EXPECT_FALSE(isPermutation({-1, 0, 1}, 3));
  // A step in the place of another that nothing waits for.
  Program program = mixed().program;
  EXPECT_TRUE(isValidOrder(program, {0, 1, 2, 3, 4, 5, 6}));
  EXPECT_FALSE(isValidOrder(program, {0, 1, 2, 3, 4, 5, 5}));
  EXPECT_FALSE(isValidOrder(program, {0, 1, 2, 3, 4, 5}));
}

TEST(StepOrder, PlansGoIntoAnOrderAndBack) {
  Instance instance = mixed();
  std::vector<int32_t> order = {0, 4, 2, 1, 6, 3, 5};
  Program ordered = inOrder(instance.program, order);
  EXPECT_EQ(ordered.order, StepOrder::Fixed);
  EXPECT_THAT(ordered.steps[4].after, IsEmpty());
  EXPECT_EQ(ordered.steps[3].accesses, instance.program.steps[1].accesses);
  Plan fixed = plan({Residency::byWrite(1, 0, 0, 3)});
  fixed.loops[4] = {7, {}};
  Plan given = withOrder(fixed, order);
  EXPECT_EQ(given.loops.at(6).capacity, 7);
  EXPECT_EQ(withoutOrder(given), fixed);
  EXPECT_EQ(OrderedProblem(instance, given).plan(), fixed);
  EXPECT_EQ(OrderedProblem(instance, given).stepAt(4), 6);
  EXPECT_EQ(&OrderedProblem(instance, fixed).plan(), &fixed);
}

/// What a loop needs to know of its body is that of the body as it runs.
TEST(StepOrder, PlansOfLoopsFollowTheirOrder) {
  Instance body = program(
      {input("a", 10), input("b", 10)},
      {loop(2, program({input("x", 10)}, {step(1, {read(0, 10)}), step(1)})),
       step(5, {read(0, 10), read(1, 10)}), step(1)});
  body.program.order = StepOrder::Free;
  Plan fixed = plan(
      {Residency::byCopy(0, 50, 0, 2, 2), Residency::byCopy(1, 60, 0, 2, 2)});
  fixed.loops[1] = bodyPlan(20, {Residency::byCopy(0, 0, 0, 0, 0)});
  std::vector<int32_t> order = {2, 0, 1};
  Instance ordered = body;
  ordered.program = inOrder(body.program, order);
  LoopPlan expected =
      makeLoopPlan(program({}, {loop(1, ordered)}), 0, {70, fixed});
  LoopPlan given = makeLoopPlan(program({}, {loop(1, body)}), 0,
                                {70, withOrder(fixed, order)});
  EXPECT_EQ(given.inFlight[0], 3);
  EXPECT_EQ(given.inFlight[0], expected.inFlight[0]);
  EXPECT_EQ(given.cost.latency, expected.cost.latency);
  EXPECT_EQ(given.plan.order, order);
}

} // namespace
