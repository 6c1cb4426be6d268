//===- RulesTest.cpp - the rules of mallocGame on tiny programs -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Games with legal actions, plans and rewards worked out by hand, on the
// machine of HandMade.h: a byte takes 0.1 s from slow memory, 0.01 s from fast
// memory and 0.1 s to copy, after a latency of 1 s. The game gives a copy out
// twice the time that it needs.
//
//===----------------------------------------------------------------------===//

#include "GameTestUtils.h"
#include "HandMade.h"

#include "mempl/Problem/Simulator.h"

using namespace mempl;
using namespace mempl::handmade;
using namespace mempl::gametest;

namespace {

constexpr Action N = Action::NoCopy, C = Action::Copy, D = Action::Drop;

ActionMask masks(std::initializer_list<Action> actions) {
  ActionMask mask = 0;
  for (Action a : actions)
    mask |= maskOf(a);
  return mask;
}

/// Plays `a`, which must be asked of `value` at `step` and save `reward`.
void play(GameState &game, Action a, int32_t value, int32_t step,
          double reward) {
  ASSERT_FALSE(game.isOver());
  EXPECT_EQ(game.decision().value, value);
  EXPECT_EQ(game.decision().step, step);
  ASSERT_TRUE(game.isLegal(a)) << actionName(a).str();
  EXPECT_NEAR(game.apply(a), reward, 1e-9);
}

Residency residency(const GameState &game, size_t k) {
  Plan plan = game.planSoFar();
  return k < plan.residencies.size() ? plan.residencies[k] : Residency();
}

void expectOver(GameState &game, size_t numResidencies) {
  EXPECT_TRUE(game.isOver());
  Plan plan = game.planSoFar();
  EXPECT_EQ(plan.residencies.size(), numResidencies);
  expectValid(game.program().instance(), plan);
}

TEST(Copy, HidesBehindTheStepsBefore) {
  GameState game =
      gameOf(program({input("w", 50)}, {step(8), step(2, {read(0, 50)})}));
  EXPECT_EQ(game.program().slowLatency(), 13);
  EXPECT_EQ(game.numDecisions(), 1);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  play(game, C, 0, 1, 3);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0), Residency::byCopy(0, 0, 0, 1, 1));
  game.undo();
  play(game, D, 0, 1, 0);
  expectOver(game, 0);
}

// It needs 6 s: two steps of 4 s.
TEST(Copy, IsIssuedAsLateAsTheChannelAllows) {
  GameState game =
      gameOf(program({input("w", 50)}, {step(4), step(4), step(4), step(4),
                                        step(2, {read(0, 50)})}));
  play(game, C, 0, 4, 3);
  EXPECT_EQ(residency(game, 0).copyIn()->issue, 2);
}

// As before, but there is no room at step 2: 2 s are waited.
TEST(Copy, IsIssuedAsEarlyAsSpaceAllows) {
  GameState game =
      gameOf(program({input("w", 50), temporary("t", 60)},
                     {step(4), step(4, {write(1, 60)}), step(4, {read(1, 60)}),
                      step(4), step(2, {read(0, 50)})}));
  play(game, N, 1, 1, 2);
  play(game, N, 1, 2, 2);
  play(game, C, 0, 4, 3 - 2);
  expectOver(game, 2);
  EXPECT_EQ(residency(game, 1).copyIn()->issue, 3);
}

// The first copy makes the second one start sooner, or wait.
TEST(Copy, GoesAroundOthers) {
  GameState game =
      gameOf(program({input("w", 50), input("x", 50)},
                     {step(7), step(7), step(7), step(2, {read(0, 50)}),
                      step(2, {read(1, 50)})}));
  play(game, C, 0, 3, 3);
  EXPECT_EQ(residency(game, 0).copyIn()->issue, 2);
  play(game, C, 1, 4, 3);
  expectOver(game, 2);
  EXPECT_LE(residency(game, 1).copyIn()->issue, 2);
}

// As before, but the limit ends sooner: one copy in at a time.
TEST(Copy, IsIssuedAsEarlyAsTheLimitAllows) {
  Machine m = machine();
  m.maxCopiesIn = 1;
  GameState game =
      gameOf(program({input("w", 50), input("x", 20)},
                     {step(8), step(8), step(8), step(8, {read(1, 100)}),
                      step(2, {read(0, 50)})},
                     m));
  play(game, C, 1, 3, 2);
  EXPECT_EQ(residency(game, 0).copyIn()->issue, 2);
  // Boundary 3 awaits the first one, so the next is issued when it is needed.
  play(game, C, 0, 4, 3 - 6);
  EXPECT_EQ(residency(game, 1).copyIn()->issue, 4);
}

// A copy that nothing hides costs more than it saves.
TEST(Copy, MayLose) {
  GameState game = gameOf(program({input("w", 50)}, {step(0, {read(0, 50)})}));
  play(game, C, 0, 0, 5 - 6.5);
  EXPECT_NEAR(game.latency(), 6.5, 1e-9);
}

TEST(NoCopy, BeginsByWriteAndGoesOn) {
  GameState game = gameOf(program(
      {temporary("t", 60)}, {step(0, {write(0, 60)}), step(1),
                             step(0, {read(0, 60)}), step(0, {read(0, 60)})}));
  EXPECT_EQ(game.legalActions(), masks({N, D}));
  play(game, N, 0, 0, 5.4);
  EXPECT_EQ(game.legalActions(), masks({N, C, D}));
  play(game, N, 0, 2, 5.4);
  EXPECT_EQ(residency(game, 0), Residency::byWrite(0, 0, 0, 2));
  play(game, N, 0, 3, 5.4);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0), Residency::byWrite(0, 0, 0, 3));
}

TEST(NoCopy, NeedsTheValueInFastMemory) {
  GameState game = gameOf(program(
      {temporary("t", 60)}, {step(0, {write(0, 60)}), step(9),
                             step(0, {read(0, 60)}), step(0, {read(0, 60)})}));
  play(game, D, 0, 0, 0);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  play(game, D, 0, 2, 0);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  game.undo();
  play(game, C, 0, 2, 5.4);
  EXPECT_EQ(game.legalActions(), masks({N, C, D}));
}

// Where the place was taken in between, and there is no other.
TEST(NoCopy, NeedsThePlaceToBeFree) {
  GameState game =
      gameOf(program({temporary("a", 60), temporary("b", 60)},
                     {step(0, {write(0, 60)}), step(0, {write(1, 60)}),
                      step(0, {read(0, 60)}), step(0, {read(1, 60)})}));
  play(game, N, 0, 0, 5.4);
  play(game, N, 1, 1, 5.4);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  // Its place is taken from step 1 on: the copy out hides behind nothing.
  play(game, D, 0, 2, -7);
  EXPECT_EQ(residency(game, 0),
            copiedOut(Residency::byWrite(0, 0, 0, 0), 1, 0));
  play(game, N, 1, 3, 5.4);
  expectOver(game, 2);
}

// A small value takes another's place only if there is no other one.
TEST(NoCopy, StaysAwayFromWhereOthersMayStay) {
  GameState game =
      gameOf(program({temporary("a", 40), temporary("b", 60)},
                     {step(0, {write(0, 40)}), step(0, {write(1, 60)}),
                      step(0, {read(1, 60)}), step(0, {read(0, 40)})}));
  play(game, N, 0, 0, 3.6);
  play(game, N, 1, 1, 5.4);
  EXPECT_NE(residency(game, 0).offset, residency(game, 1).offset);
  play(game, N, 1, 2, 5.4);
  play(game, N, 0, 3, 3.6);
  expectOver(game, 2);
}

// The last step reserves the bytes where the value is; too late to be foreseen.
TEST(NoCopy, MovesAsAWholeIfAllowed) {
  std::vector<Step> steps = {step(0, {write(0, 30)})};
  for (int i = 0; i < 5; ++i)
    steps.push_back(step(0, {read(0, 30)}));
  steps.back().reserved = 30;
  for (bool moves : {true, false}) {
    GameOptions options;
    options.repacks = moves;
    GameState game = gameOf(program({temporary("t", 30)}, steps), options);
    for (int32_t i = 0; i < 5; ++i)
      play(game, N, 0, i, 2.7);
    EXPECT_EQ(residency(game, 0).offset, 0);
    EXPECT_EQ(game.isLegal(N), moves);
    if (!moves)
      continue;
    play(game, N, 0, 5, 2.7);
    EXPECT_EQ(residency(game, 0), Residency::byWrite(0, 30, 0, 5));
    expectOver(game, 1);
    game.undo();
    EXPECT_EQ(residency(game, 0), Residency::byWrite(0, 0, 0, 4));
  }
}

// `b` is in the middle of the memory when `c` comes, and goes up.
TEST(NoCopy, MovesWhatIsInTheWay) {
  for (bool moves : {true, false}) {
    GameOptions options;
    options.repacks = moves;
    options.fit = Fit::Lowest;
    GameState game = gameOf(
        program({temporary("a", 30), temporary("b", 20), temporary("c", 80)},
                {step(0, {write(0, 30)}), step(0, {read(0, 30), write(1, 20)}),
                 step(0, {read(1, 20), write(2, 80)})}),
        options);
    play(game, N, 0, 0, 2.7);
    play(game, N, 0, 1, 2.7);
    play(game, N, 1, 1, 1.8);
    EXPECT_EQ(residency(game, 1).offset, 30);
    play(game, N, 1, 2, 1.8);
    EXPECT_EQ(!game.isOver() && game.isLegal(N), moves);
    if (!moves)
      continue;
    play(game, N, 2, 2, 7.2);
    expectOver(game, 3);
    EXPECT_EQ(residency(game, 1).offset, 80);
    game.undo();
    EXPECT_EQ(residency(game, 1).offset, 30);
  }
}

// Cleaned while it is still read: issued after the write, awaited at the slow
// read, and complete in between.
TEST(Drop, CopiesOutEarly) {
  GameState game = gameOf(program(
      {temporary("t", 60)}, {step(0, {write(0, 60)}), step(0, {read(0, 60)}),
                             step(10), step(0, {read(0, 60)})}));
  play(game, N, 0, 0, 5.4);
  play(game, N, 0, 1, 5.4);
  play(game, D, 0, 3, 0);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0),
            copiedOut(Residency::byWrite(0, 0, 0, 1), 3, 0));
}

TEST(Drop, IsFreeOfCopiesWhereContentsAreDead) {
  GameState game = gameOf(program(
      {temporary("t", 60)}, {step(0, {write(0, 60)}), step(0, {write(0, 60)}),
                             step(0, {read(0, 60)})}));
  play(game, N, 0, 0, 5.4);
  play(game, D, 0, 1, 0);
  play(game, D, 0, 2, 0);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0), Residency::byWrite(0, 0, 0, 0));
}

TEST(Outputs, AreCopiedOutWithTheirLastAccess) {
  GameState game =
      gameOf(program({output("o", 50)}, {step(0, {write(0, 50)}), step(20)}));
  play(game, N, 0, 0, 4.5);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0),
            copiedOut(Residency::byWrite(0, 0, 0, 0), 2, 0));
}

TEST(Updates, AreCopiedInAndBack) {
  GameState game = gameOf(program(
      {inOut("w", 40)}, {step(10), step(0, {update(0, 80)}), step(20)}));
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  play(game, C, 0, 1, 7.2);
  expectOver(game, 1);
  EXPECT_EQ(residency(game, 0),
            copiedOut(Residency::byCopy(0, 0, 0, 1, 1), 3, 1));
}

TEST(Copy, ClosesWhatIsDirtyFirst) {
  GameState game =
      gameOf(program({temporary("t", 60)}, {step(0, {write(0, 60)}), step(20),
                                            step(20), step(0, {read(0, 60)})}));
  play(game, N, 0, 0, 5.4);
  play(game, C, 0, 3, 5.4);
  expectOver(game, 2);
  EXPECT_EQ(residency(game, 0),
            copiedOut(Residency::byWrite(0, 0, 0, 0), 2, 0));
  EXPECT_EQ(residency(game, 1).copyIn()->issue, 2);
}

TEST(Limits, ForbidTwoCopiesOutIssuedTogether) {
  Machine m = machine();
  m.maxCopiesOut = 1;
  GameState game = gameOf(program({output("a", 20), output("b", 20)},
                                  {step(0, {write(0, 20), write(1, 20)})}, m));
  EXPECT_EQ(game.numDecisions(), 2);
  // The second is not asked about: it could only be dropped.
  play(game, N, 0, 0, 1.8 - 3);
  expectOver(game, 1);
  game.undo();
  play(game, D, 0, 0, 0);
  play(game, N, 1, 0, 1.8 - 3);
  expectOver(game, 1);
}

TEST(Limits, MakeEarlierCopiesBeAwaitedEarlier) {
  Machine m = machine();
  m.maxCopiesOut = 1;
  GameState game = gameOf(program(
      {output("a", 20), output("b", 20)},
      {step(0, {write(0, 20)}), step(1), step(1, {write(1, 20)}), step(20)},
      m));
  play(game, N, 0, 0, 1.8);
  EXPECT_EQ(residency(game, 0).out->done, 4);
  game.apply(N);
  expectOver(game, 2);
  EXPECT_EQ(residency(game, 0).out->done, 2);
  EXPECT_EQ(residency(game, 1).out->done, 4);
  game.undo();
  EXPECT_EQ(residency(game, 0).out->done, 4);
}

// While a place is kept free for a copy out that may come, no other takes it.
TEST(Limits, KeepAPlaceForWhatMayBeDropped) {
  Machine m = machine();
  m.maxCopiesOut = 1;
  GameState game = gameOf(program(
      {temporary("a", 20), output("b", 20)},
      {step(0, {write(0, 20), write(1, 20)}), step(9), step(0, {read(0, 20)})},
      m));
  play(game, N, 0, 0, 1.8);
  EXPECT_EQ(game.decision().value, 0);
  play(game, D, 0, 2, 0);
  expectOver(game, 1);
}

TEST(Questions, AreNotAskedWithOneAnswer) {
  Instance instance = program(
      {input("large", 120), input("w", 50), input("f", 20), input("s", 20)},
      {step(8), step(0, {read(0, 120), read(1, 50), read(2, 20), read(3, 20)}),
       step(0, {read(1, 50)})});
  instance.program.values[2].space = SpaceConstraint::Fast;
  instance.program.values[3].space = SpaceConstraint::Slow;
  instance.program.steps[2].reserved = 60;
  GameState game = gameOf(instance);
  // Only the first use of `w`, and the second not: the step needs the room.
  EXPECT_EQ(game.numDecisions(), 1);
  EXPECT_EQ(game.decision().value, 1);
  EXPECT_EQ(game.planSoFar().residencies.size(), 1u);
  game.apply(C);
  expectOver(game, 2);
}

TEST(Questions, FailWhereOrdersCannotBeKept) {
  Instance instance = program({input("f", 120)}, {step(0, {read(0, 120)})});
  instance.program.values[0].space = SpaceConstraint::Fast;
  auto game = Game::create(instance);
  ASSERT_FALSE(static_cast<bool>(game));
  EXPECT_FALSE(llvm::toString(game.takeError()).empty());
}

TEST(Carried, IsAskedFirst) {
  Machine m = machine();
  m.maxCarried = 1;
  Instance instance = program(
      {input("w", 50), input("x", 50)},
      {step(0, {read(0, 50)}), step(0, {read(1, 50)}), step(20), step(20)}, m);
  GameState game = gameOf(instance);
  EXPECT_EQ(game.decision().use, -1);
  EXPECT_EQ(game.legalActions(), masks({N, C, D}));
  // For the whole program.
  play(game, N, 0, 0, 4.5);
  EXPECT_EQ(residency(game, 0), carried(0, 0, 3));
  // The limit is reached: the next question is the read of x.
  EXPECT_EQ(game.decision().use, 1);
  play(game, D, 1, 1, 0);
  expectOver(game, 1);
  game.restart();
  // Up to its first use, and again at the end.
  play(game, C, 0, 0, 4.5);
  EXPECT_EQ(residency(game, 0), carried(0, 0, 0));
  EXPECT_EQ(residency(game, 1).last, 3);
  play(game, D, 1, 1, 0);
  expectOver(game, 2);
  game.restart();
  play(game, D, 0, 0, 0);
  EXPECT_EQ(game.decision().value, 1);
  EXPECT_EQ(game.decision().use, -1);
}

TEST(Loops, AreGamesOfTheirOwn) {
  Instance body = program({temporary("b", 40)},
                          {step(0, {write(0, 40)}), step(0, {read(0, 40)})});
  Instance instance =
      program({temporary("t", 70)},
              {step(0, {write(0, 70)}), loop(3, body), step(0, {read(0, 70)})});
  // Planned first: the body uses 40 bytes and 0.8 s, three times.
  GameState game = gameOf(instance);
  EXPECT_NEAR(game.program().slowLatency(), 14 + 2.4, 1e-9);
  play(game, N, 0, 0, 6.3);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  // Given: from slow memory.
  GameOptions options;
  options.loops[1] = bodyPlan(0, {});
  GameState other = gameOf(instance, options);
  EXPECT_NEAR(other.program().slowLatency(), 14 + 24, 1e-9);
  play(other, N, 0, 0, 6.3);
  EXPECT_EQ(other.legalActions(), masks({N, C, D}));
}

TEST(Order, ByDensityGoesValueByValue) {
  Instance instance =
      program({input("a", 50), input("b", 10)},
              {step(8, {read(1, 10)}), step(0, {read(0, 50)}), step(8),
               step(0, {read(1, 100)}), step(0, {read(0, 50)})});
  GameOptions options;
  options.order = DecisionOrder::ValueDensity;
  GameState game = gameOf(instance, options);
  std::vector<int32_t> values;
  while (!game.isOver()) {
    values.push_back(game.decision().value);
    game.apply(Action::Drop);
  }
  EXPECT_EQ(values, (std::vector<int32_t>{1, 1, 0, 0}));
  EXPECT_EQ(game.program().nodes()[0].value, 1);
  EXPECT_EQ(game.program().nodes()[1].value, 0);
}

TEST(Moves, OfValuesDecideAboutAllTheirAccesses) {
  // Value 0 could be read in fast memory at steps 1, 3 and 4; value 1 fills the
  // memory at step 2.
  Instance instance =
      program({input("a", 50), temporary("b", 100)},
              {step(8), step(0, {read(0, 50)}), step(10, {write(1, 100)}),
               step(0, {read(0, 50)}), step(0, {read(0, 50)})});
  GameOptions options;
  options.moves = MoveSize::Value;
  GameState game = gameOf(instance, options);
  uint64_t first = game.hash();
  EXPECT_EQ(game.program().nodeAfter(0), 1);
  EXPECT_EQ(game.program().nodeAfter(1), -1);

  // Fast: served at step 1; then one question about b; a is copied in again
  // where nothing is in the way, and stays.
  EXPECT_EQ(game.decision().value, 0);
  EXPECT_EQ(game.legalActions(), masks({C, D}));
  game.apply(C);
  uint64_t copied = game.hash();
  EXPECT_EQ(game.decision().value, 1);
  game.apply(D);
  EXPECT_TRUE(game.isOver());
  expectValid(instance, game.planSoFar());
  EXPECT_NEAR(game.latency(), simulateLatency(instance, game.planSoFar()),
              1e-9);
  for (int32_t u = 0; u < 3; ++u)
    EXPECT_TRUE(game.time().isServed(u)) << u;
  game.undo();
  EXPECT_EQ(game.hash(), copied);
  game.undo();
  EXPECT_EQ(game.hash(), first);

  // Slow: for good.
  game.apply(D);
  EXPECT_EQ(game.decision().value, 1);
  EXPECT_NE(game.hash(), first);
  game.apply(D);
  EXPECT_TRUE(game.isOver());
  EXPECT_TRUE(game.planSoFar().residencies.empty());
}

} // namespace
