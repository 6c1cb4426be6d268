//===- RulesTest.cpp - the rules of the game, case by case ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"
#include "HandMade.h"

#include "mempl/Problem/Simulator.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;
using namespace mempl::gametest;

namespace {

/// The node of these uses, which must be one.
int32_t nodeOf(const Game &game, int32_t first, int32_t last) {
  int32_t node = game.nodeWithin(first, last);
  EXPECT_EQ(game.forest().node(node).interval.last, last);
  return node;
}

Residency residency(const GameState &state, size_t k) {
  Plan plan = state.isOver() ? state.finalPlan() : state.profile();
  return k < plan.residencies.size() ? plan.residencies[k] : Residency();
}

size_t numResidencies(const GameState &state) {
  return state.profile().residencies.size();
}

TEST(Place, CopiesInBehindTheStepsBefore) {
  auto game =
      gameOf(program({input("w", 50)}, {step(8), step(2, {read(0, 50)})}));
  GameState state(game);
  EXPECT_EQ(game->slowLatency(), 13);
  EXPECT_EQ(game->numNodes(), 1);
  EXPECT_NEAR(state.apply({Action::Place, 0}), 3, 1e-9);
  EXPECT_EQ(residency(state, 0), Residency::byCopy(0, 0, 0, 1, 1));
  EXPECT_FALSE(state.isLegal({Action::Place, 0}));
  EXPECT_NEAR(state.apply({}), 0, 1e-9);
  EXPECT_TRUE(state.isOver());
  EXPECT_TRUE(state.legalActions().empty());
  state.undo();
  EXPECT_FALSE(state.isOver());
}

TEST(Place, MayLose) {
  GameState state(gameOf(program({input("w", 50)}, {step(0, {read(0, 50)})})));
  EXPECT_NEAR(state.apply({Action::Place, 0}), 5 - 6.5, 1e-9);
}

TEST(Place, ReplacesParts) {
  auto game = gameOf(program({temporary("t", 60)},
                             {step(0, {write(0, 60)}), step(1),
                              step(0, {read(0, 60)}), step(0, {read(0, 60)})}));
  GameState state(game);
  state.apply({Action::Place, nodeOf(*game, 1, 2)});
  EXPECT_TRUE(residency(state, 0).copiedIn());
  state.apply({Action::Place, nodeOf(*game, 0, 2)});
  EXPECT_EQ(numResidencies(state), 1u);
  EXPECT_EQ(residency(state, 0), Residency::byWrite(0, 0, 0, 3));
  EXPECT_NEAR(state.totalReward(), 3 * 5.4, 1e-9);
}

// Beside a residency that leaves 40 bytes free.
TEST(Place, NeedsTheBytes) {
  auto game = gameOf(program({temporary("a", 60), temporary("b", 60)},
                             {step(0, {write(0, 60)}), step(0, {write(1, 60)}),
                              step(0, {read(0, 60)}), step(0, {read(1, 60)})}));
  GameState state(game);
  state.apply({Action::Place, nodeOf(*game, 0, 1)});
  EXPECT_FALSE(state.mayFit(nodeOf(*game, 2, 3)));
  EXPECT_FALSE(state.isLegal({Action::Place, nodeOf(*game, 2, 3)}));
  EXPECT_FALSE(state.isLegal({Action::Place, nodeOf(*game, 2, 2)}));
  EXPECT_TRUE(state.isLegal({Action::Place, nodeOf(*game, 3, 3)}));
}

TEST(Place, NeedsWhatStepsDoNotReserve) {
  std::vector<Step> steps = {step(0, {write(0, 50)}), step(0),
                             step(0, {read(0, 50)})};
  steps[1].reserved = 60;
  auto game = gameOf(program({temporary("t", 50)}, steps));
  GameState state(game);
  EXPECT_FALSE(state.isLegal({Action::Place, nodeOf(*game, 0, 1)}));
  EXPECT_TRUE(state.isLegal({Action::Place, nodeOf(*game, 1, 1)}));
}

// The weight is copied in over steps 0 to 2, which leave little bandwidth. Then
// a temporary needs the bytes at step 1.
TEST(Place, HasCopiesInTheWayIssuedLater) {
  auto game =
      gameOf(program({input("w", 60), temporary("t", 60)},
                     {step(1), step(1, {write(1, 60)}), step(0, {read(1, 60)}),
                      step(2), step(0, {read(0, 60)})}));
  GameState state(game);
  state.apply({Action::Place, nodeOf(*game, 0, 0)});
  EXPECT_EQ(residency(state, 0).start(), 0);
  EXPECT_TRUE(state.mayFit(nodeOf(*game, 1, 2)));
  state.apply({Action::Place, nodeOf(*game, 1, 2)});
  EXPECT_EQ(numResidencies(state), 2u);
  EXPECT_EQ(residency(state, 0).start(), 3);
  state.apply({});
  EXPECT_EQ(state.finalPlan().residencies.size(), 2u);
}

// An output is copied out while another value could be there.
TEST(Place, HasCopiesInTheWayAwaitedSooner) {
  auto game =
      gameOf(program({output("o", 60), temporary("t", 60)},
                     {step(0, {write(0, 60)}), step(1), step(0, {write(1, 60)}),
                      step(0, {read(1, 60)}), step(9)}));
  GameState state(game);
  state.apply({Action::Place, nodeOf(*game, 0, 0)});
  EXPECT_GT(residency(state, 0).end(), 2);
  state.apply({Action::Place, nodeOf(*game, 1, 2)});
  EXPECT_EQ(residency(state, 0).out->done, 2);
}

TEST(Place, HasTheNextCopyOfItsValueIssuedLater) {
  auto game = gameOf(
      program({input("w", 50)}, {step(9), step(2, {read(0, 50)}), step(2),
                                 step(3), step(2, {read(0, 50)})}));
  GameState state(game);
  state.apply({Action::Place, nodeOf(*game, 1, 1)});
  EXPECT_LE(residency(state, 0).start(), 2);
  state.apply({Action::Place, nodeOf(*game, 0, 0)});
  EXPECT_EQ(numResidencies(state), 2u);
}

TEST(Extend, JoinsWhatIsJustBefore) {
  // Gaps of 1, 2 and 1 steps: the pairs are nodes, the first three are not.
  auto game = gameOf(
      program({input("w", 50)},
              {step(9), step(0, {read(0, 50)}), step(0, {read(0, 50)}), step(0),
               step(0, {read(0, 50)}), step(0, {read(0, 50)})}));
  GameState state(game);
  int32_t pair = nodeOf(*game, 0, 1), third = nodeOf(*game, 2, 2);
  EXPECT_FALSE(state.isLegal({Action::Extend, third}));
  state.apply({Action::Place, pair});
  state.apply({Action::Extend, third});
  EXPECT_EQ(numResidencies(state), 1u);
  EXPECT_EQ(residency(state, 0), Residency::byCopy(0, 0, 0, 1, 4));
  // What is extended is taken out as a whole, by its largest node.
  EXPECT_TRUE(state.isLegal({Action::TakeOut, pair}));
  EXPECT_FALSE(state.isLegal({Action::TakeOut, third}));
  state.undo();
  // By itself it would be another residency.
  state.apply({Action::Place, third});
  EXPECT_EQ(numResidencies(state), 2u);
  // Which can be joined as well.
  state.apply({Action::Extend, third});
  EXPECT_EQ(numResidencies(state), 1u);
}

TEST(TakeOut, LeavesTheRest) {
  auto game = gameOf(program({input("w", 50), input("x", 50)},
                             {step(20), step(0, {read(0, 50), read(1, 50)})}));
  GameState state(game);
  uint64_t first = state.hash();
  EXPECT_FALSE(state.isLegal({Action::TakeOut, 0}));
  state.apply({Action::Place, 0});
  uint64_t one = state.hash();
  state.apply({Action::Place, 1});
  state.apply({Action::TakeOut, 1});
  EXPECT_EQ(state.hash(), one);
  state.apply({Action::TakeOut, 0});
  EXPECT_EQ(state.hash(), first);
  EXPECT_EQ(state.numApplied(), 4);
}

TEST(Constraints, ArePlacedBeforePlayAndStay) {
  Instance instance = program(
      {input("large", 120), input("w", 50), input("f", 20), input("s", 20)},
      {step(8), step(0, {read(0, 120), read(1, 50), read(2, 20), read(3, 20)}),
       step(0, {read(1, 50)})});
  instance.program.values[2].space = SpaceConstraint::Fast;
  instance.program.values[3].space = SpaceConstraint::Slow;
  auto game = gameOf(instance);
  GameState state(game);
  EXPECT_EQ(numResidencies(state), 1u);
  EXPECT_EQ(game->constrained().size(), 1u);
  EXPECT_EQ(game->leafOf(0), -1);
  EXPECT_EQ(game->leafOf(4), -1);
  // Only the segments of `w` can be placed.
  for (Action a : state.legalActions())
    if (a.kind != Action::Stop) {
      EXPECT_EQ(a.kind, Action::Place);
      EXPECT_EQ(game->forest().node(a.node).value, 1);
    }
}

TEST(Constraints, AreAnErrorWhereTheyCannotBeKept) {
  Instance instance = program({input("f", 120)}, {step(0, {read(0, 120)})});
  instance.program.values[0].space = SpaceConstraint::Fast;
  auto game = Game::create(instance);
  ASSERT_FALSE(static_cast<bool>(game));
  EXPECT_EQ(llvm::toString(game.takeError()),
            "t: what is constrained to be in fast memory cannot be placed");
}

TEST(Carry, IsForTheWholeProgramOrFetchedAgain) {
  Machine m = machine();
  m.maxCarried = 1;
  Instance instance = program(
      {input("w", 50), input("x", 50), temporary("t", 60)},
      {step(0, {read(0, 50)}), step(0, {read(1, 50)}), step(0, {write(2, 60)}),
       step(0, {read(2, 60)}), step(20), step(20)},
      m);
  auto game = gameOf(instance);
  GameState state(game);
  EXPECT_NEAR(state.apply({Action::Carry, 0}), 4.5, 1e-9);
  EXPECT_EQ(residency(state, 0), carried(0, 0, 5));
  // The limit is reached.
  EXPECT_FALSE(state.isLegal({Action::Carry, 1}));
  state.apply({Action::TakeOut, 0});
  EXPECT_TRUE(state.isLegal({Action::Carry, 1}));
  // Where something else is, the value is fetched again.
  state.apply({Action::Place, nodeOf(*game, 2, 3)});
  EXPECT_NEAR(state.apply({Action::Carry, 0}), 4.5, 1e-9);
  EXPECT_EQ(numResidencies(state), 3u);
  EXPECT_EQ(residency(state, 1), carried(0, 0, 0));
  EXPECT_EQ(residency(state, 2).last, 5);
  state.apply({});
  expectValid(instance, state.finalPlan());
  state.undo();
  state.apply({Action::TakeOut, 0});
  EXPECT_EQ(numResidencies(state), 1u);
}

TEST(Loops, KeepTheirPlans) {
  Instance body = program({temporary("b", 40)},
                          {step(0, {write(0, 40)}), step(0, {read(0, 40)})});
  Instance instance =
      program({temporary("t", 70)},
              {step(0, {write(0, 70)}), loop(3, body), step(0, {read(0, 70)})});
  // Planned first: the body uses 40 bytes and 0.8 s, three times.
  auto game = gameOf(instance);
  EXPECT_NEAR(game->slowLatency(), 14 + 2.4, 1e-9);
  GameState state(game);
  EXPECT_FALSE(state.isLegal({Action::Place, nodeOf(*game, 0, 1)}));
  state.apply({});
  EXPECT_EQ(state.finalPlan().loops.size(), 1u);
  expectValid(instance, state.finalPlan());
  // Given: from slow memory.
  GameOptions options;
  options.loops[1] = bodyPlan(0, {});
  auto other = gameOf(instance, options);
  EXPECT_NEAR(other->slowLatency(), 14 + 24, 1e-9);
  GameState otherState(other);
  EXPECT_NEAR(otherState.apply({Action::Place, nodeOf(*other, 0, 1)}), 2 * 6.3,
              1e-9);
}

// What is streamed into a body is its program's affair: the game of the body
// has it as an input.
TEST(Loops, HaveBodiesWithStreamedValues) {
  Instance body =
      program({input("slice", 40), temporary("b", 20)},
              {step(5, {write(1, 20)}), step(0, {read(0, 40), read(1, 20)})});
  body.program.values[0].streamed = true;
  Instance instance =
      program({temporary("t", 30)},
              {step(0, {write(0, 30)}), loop(4, body), step(0, {read(0, 30)})});
  auto game = gameOf(instance);
  GameState state(game);
  ASSERT_TRUE(state.isLegal({Action::Place, nodeOf(*game, 0, 1)}));
  state.apply({Action::Place, nodeOf(*game, 0, 1)});
  state.apply({});
  expectValid(instance, state.finalPlan());
  EXPECT_EQ(state.latency(), simulateLatency(instance, state.finalPlan()));
  EXPECT_EQ(state.finalPlan().loops.size(), 1u);
}

TEST(Order, IsTheOneOfTheOptions) {
  // The weight is read early; in the other order a long step hides its copy.
  Instance instance =
      program({input("w", 50)}, {step(2, {read(0, 50)}), step(8)});
  instance.program.order = StepOrder::Free;
  GameState asItIs(gameOf(instance));
  EXPECT_LT(asItIs.apply({Action::Place, 0}), 0);
  GameOptions options;
  options.order = {1, 0};
  GameState other(gameOf(instance, options));
  EXPECT_NEAR(other.apply({Action::Place, 0}), 3, 1e-9);
  other.apply({});
  EXPECT_EQ(other.finalPlan().order, options.order);
  expectValid(instance, other.finalPlan());
  EXPECT_NEAR(simulateLatency(instance, other.finalPlan()), 10, 1e-9);

  options.order = {0, 0};
  auto game = Game::create(instance, options);
  ASSERT_FALSE(static_cast<bool>(game));
  EXPECT_EQ(llvm::toString(game.takeError()),
            "t: the program does not allow this order of steps");
}

// There are plans whose steps all have the bytes, and that have no offsets.
TEST(Stop, GivesUpWhatFindsNoOffset) {
  int64_t lost = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed, "no offset");
    RandomInstanceOptions options = tiny();
    options.minSteps = 8;
    options.maxSteps = 14;
    options.maxValues = 10;
    options.maxCapacityUnits = 9;
    options.maxSizeUnits = 4;
    Instance instance = randomInstance(random, options);
    auto game = gameOf(instance);
    GameState state(game);
    for (int32_t node = 0; node < game->numNodes(); ++node)
      state.tryApply({Action::Place, node});
    Plan profile = state.profile();
    state.apply({});
    expectValid(instance, state.finalPlan());
    ASSERT_EQ(state.latency(), simulateLatency(instance, state.finalPlan()));
    lost += profile.residencies.size() > state.finalPlan().residencies.size();
  }
  EXPECT_GT(lost, 0);
}

} // namespace
