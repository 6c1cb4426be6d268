//===- AllPlaysTest.cpp - games so small that all plays can be tried ------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the rules can say, against all plays and all plans there are.
//
//===----------------------------------------------------------------------===//

#include "BruteForce.h"
#include "GameTestUtils.h"

#include "mempl/Game/PlanReplay.h"
#include "mempl/Problem/Simulator.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

using namespace mempl;
using namespace mempl::gametest;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What may be played, but for taking out: so that plays end.
std::vector<Action> forwardActions(GameState &state) {
  std::vector<Action> legal = state.legalActions();
  llvm::erase_if(legal, [](Action a) { return a.kind == Action::TakeOut; });
  return legal;
}

/// The best latency of all plays that take nothing out, by undo.
double bestPlay(GameState &state) {
  if (state.isOver())
    return state.latency();
  double best = kInfinity;
  for (Action a : forwardActions(state)) {
    state.apply(a);
    best = std::min(best, bestPlay(state));
    state.undo();
  }
  return best;
}

/// The same, each play from the first state, without undo. Counts them.
double bestByPlaying(const std::shared_ptr<const Game> &game, int64_t most,
                     int64_t &plays) {
  double best = kInfinity;
  std::vector<std::vector<Action>> open = {{}};
  for (plays = 0; !open.empty() && plays <= most;) {
    std::vector<Action> path = std::move(open.back());
    open.pop_back();
    GameState state(game);
    for (Action a : path)
      state.apply(a);
    plays += state.isOver();
    if (state.isOver())
      best = std::min(best, state.latency());
    else
      for (Action a : forwardActions(state)) {
        open.push_back(path);
        open.back().push_back(a);
      }
  }
  return best;
}

/// Dynamic programming: the best latency that can be reached from each state,
/// by its hash.
double bestFrom(GameState &state, std::map<uint64_t, double> &known) {
  if (state.isOver())
    return state.latency();
  auto [at, isNew] = known.try_emplace(state.hash(), kInfinity);
  if (!isNew)
    return at->second;
  double best = kInfinity;
  for (Action a : forwardActions(state)) {
    state.apply(a);
    best = std::min(best, bestFrom(state, known));
    state.undo();
  }
  return known[state.hash()] = best;
}

/// All states that can be reached, those by taking out included.
void visitAll(GameState &state, std::set<uint64_t> &seen, double &best) {
  if (!seen.insert(state.hash()).second)
    return;
  if (state.isOver()) {
    best = std::min(best, state.latency());
    return;
  }
  for (Action a : state.legalActions()) {
    state.apply(a);
    visitAll(state, seen, best);
    state.undo();
  }
}

TEST(AllPlays, AreFoundByDynamicProgramming) {
  int games = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "all plays");
    RandomInstanceOptions options = tiny();
    options.maxSteps = 6;
    options.carriedChance = 0.3;
    auto game = gameOf(randomInstance(random, options));
    int64_t plays;
    double best = bestByPlaying(game, 3000, plays);
    if (plays > 3000)
      continue;
    GameState state(game);
    std::string before = describe(state);
    ASSERT_EQ(bestPlay(state), best);
    ASSERT_EQ(describe(state), before);
    std::map<uint64_t, double> known;
    ASSERT_EQ(bestFrom(state, known), best);
    ASSERT_EQ(describe(state), before);
    games += plays > 5;
  }
  EXPECT_GT(games, 40);
}

// What is taken out can be placed in another way: that reaches as much and
// more, but never more than there is.
TEST(AllPlays, ReachMostOfTheBestPlans) {
  int games = 0, equal = 0;
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "best of all plans");
    Instance instance = randomInstance(random, tiny());
    BruteForceResult optimum = bruteForce(instance);
    auto game = gameOf(instance, optionsOf(optimum.plan));
    GameState state(game);
    std::map<uint64_t, double> known;
    double forward = bestFrom(state, known);
    std::set<uint64_t> seen;
    double best = kInfinity;
    visitAll(state, seen, best);
    ASSERT_GE(best, optimum.latency * (1 - 1e-9));
    ASSERT_LE(best, forward);
    for (ReplayOrder order :
         {ReplayOrder::Time, ReplayOrder::List, ReplayOrder::Density}) {
      Replay replay = replayPlan(state, optimum.plan, order);
      state.restart();
      ASSERT_LE(forward, replay.latency);
    }
    if (optimum.latency < slowLatency(instance) * (1 - 1e-9)) {
      ++games;
      equal += best <= optimum.latency * (1 + 1e-9);
    }
  }
  RecordProperty("games", games);
  RecordProperty("equal", equal);
  EXPECT_GT(games, 30);
  EXPECT_GT(equal, games * 9 / 10);
}

} // namespace
