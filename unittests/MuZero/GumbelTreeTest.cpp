//===- GumbelTreeTest.cpp - tests of Gumbel search in one tree ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Known schedules, the rules at the root and inside, the policy target, and
// what must not happen with few actions, few visits, or large returns.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GumbelTree.h"

#include "mempl/Support/Random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace mempl;
using testing::ElementsAre;

namespace {

constexpr int kNumActions = 3;
using Tree = GumbelTree<kNumActions>;
using Prediction = Tree::Prediction;
using PerAction = Tree::PerAction;
constexpr Tree::Actions kAll = 7;

SearchSettings settingsFor(int32_t simulations, int32_t candidates = 3) {
  SearchSettings s;
  s.simulations = simulations;
  s.maxCandidates = candidates;
  return s;
}

/// Searches one move deep: action `a` always returns `q[a]`.
Tree searchBandit(const SearchSettings &settings, const Prediction &root,
                  Tree::Actions legal, const PerAction &noise,
                  const PerAction &q) {
  Tree tree;
  tree.start(settings, root, legal, noise);
  while (!tree.isDone())
    if (tree.select())
      tree.expand(q[tree.path().back()], Prediction(), 0);
  return tree;
}

std::vector<int32_t> visitCounts(int32_t candidates, int32_t simulations) {
  std::vector<int32_t> visits(candidates);
  for (int32_t at : halvingSchedule(candidates, simulations)) {
    auto it = llvm::find(visits, at);
    EXPECT_NE(it, visits.end());
    if (it != visits.end())
      ++*it;
  }
  return visits;
}

float policyValue(const PerAction &p, const PerAction &q) {
  float sum = 0;
  for (int a = 0; a < kNumActions; ++a)
    sum += p[a] * q[a];
  return sum;
}

PerAction randomValues(Random &random, double spread) {
  PerAction values;
  for (float &x : values)
    x = static_cast<float>(spread * (2 * random.uniform() - 1));
  return values;
}

PerAction softmax(const PerAction &logits, Tree::Actions legal) {
  PerAction p = {};
  float sum = 0;
  for (int a = 0; a < kNumActions; ++a) {
    if ((legal >> a) & 1)
      p[a] = std::exp(logits[a]);
    sum += p[a];
  }
  for (float &x : p)
    x /= sum;
  return p;
}

} // namespace

TEST(GumbelTree, HalvesAsPublished) {
  EXPECT_THAT(visitCounts(3, 16), ElementsAre(7, 7, 2));
  EXPECT_THAT(visitCounts(3, 4), ElementsAre(2, 1, 1));
  EXPECT_THAT(visitCounts(2, 8), ElementsAre(4, 4));
  EXPECT_THAT(visitCounts(1, 5), ElementsAre(5));
  EXPECT_THAT(visitCounts(3, 0), ElementsAre(0, 0, 0));
  EXPECT_THAT(visitCounts(3, 2), ElementsAre(1, 1, 0));
}

TEST(GumbelTree, VisitsTheRootAsTheScheduleSays) {
  PerAction q = {0.1f, 0.9f, 0.5f};
  EXPECT_THAT(searchBandit(settingsFor(16), Prediction(), kAll, {}, q).visits(),
              ElementsAre(2, 7, 7));
  EXPECT_THAT(searchBandit(settingsFor(4), Prediction(), kAll, {}, q).visits(),
              ElementsAre(1, 2, 1));
  EXPECT_THAT(searchBandit(settingsFor(8), Prediction(), 0b101, {}, q).visits(),
              ElementsAre(4, 0, 4));
}

TEST(GumbelTree, LooksAtTheCandidatesWithTheLargestNoisyLogits) {
  Prediction root;
  root.logits = {0, 1, 0.5f};
  PerAction q = {1, 0, 0};
  EXPECT_THAT(searchBandit(settingsFor(8, 2), root, kAll, {}, q).visits(),
              ElementsAre(0, 4, 4));
  // The noise may bring the other one in.
  EXPECT_THAT(
      searchBandit(settingsFor(8, 2), root, kAll, {2, 0, 0}, q).visits(),
      ElementsAre(4, 4, 0));
  EXPECT_EQ(
      searchBandit(settingsFor(8, 2), root, kAll, {2, 0, 0}, q).bestAction(),
      0);
}

TEST(GumbelTree, OneLegalActionNeedsNoSearch) {
  for (Tree::Actions legal : {1, 2, 4}) {
    Tree tree;
    tree.start(settingsFor(16), Prediction(), legal, {});
    EXPECT_TRUE(tree.isDone());
    EXPECT_EQ(1u << tree.bestAction(), legal);
    PerAction p = tree.improvedPolicy();
    EXPECT_EQ(p[static_cast<size_t>(tree.bestAction())], 1);
  }
}

TEST(GumbelTree, ActionsAreNotMovedTogetherWhereOneIsIllegal) {
  PerAction q = {0, 5, 1};
  Tree tree = searchBandit(settingsFor(9), Prediction(), 0b101, {}, q);
  EXPECT_EQ(tree.visits()[1], 0);
  EXPECT_EQ(tree.improvedPolicy()[1], 0);
  EXPECT_EQ(tree.bestAction(), 2);
  EXPECT_EQ(tree.completedValues()[2], 1);
}

TEST(GumbelTree, NoiseIsFreshAndRepeats) {
  EXPECT_EQ(Tree::gumbelNoise(1, 2, 3), Tree::gumbelNoise(1, 2, 3));
  EXPECT_NE(Tree::gumbelNoise(1, 2, 3), Tree::gumbelNoise(1, 2, 4));
  EXPECT_NE(Tree::gumbelNoise(1, 2, 3), Tree::gumbelNoise(1, 3, 3));
  EXPECT_NE(Tree::gumbelNoise(1, 2, 3), Tree::gumbelNoise(2, 2, 3));
  EXPECT_NE(Tree::gumbelNoise(1, 2, 3), Tree::gumbelNoise(1, 3, 2));
  // Its mean is the Euler-Mascheroni constant, its variance pi^2 / 6.
  double sum = 0, squares = 0;
  constexpr int kCount = 40000;
  for (uint64_t i = 0; i < kCount; ++i)
    for (float g : Tree::gumbelNoise(7, i % 200, i / 200)) {
      ASSERT_TRUE(std::isfinite(g));
      sum += g;
      squares += static_cast<double>(g) * g;
    }
  double mean = sum / (3 * kCount);
  EXPECT_NEAR(mean, 0.5772, 0.02);
  EXPECT_NEAR(squares / (3 * kCount) - mean * mean, 1.6449, 0.05);
}

TEST(GumbelTree, WithoutSearchNoisyPlayFollowsThePrior) {
  Prediction root;
  root.logits = {0, 1, 2};
  PerAction expected = softmax(root.logits, kAll);
  std::array<int, kNumActions> played = {};
  constexpr int kCount = 20000;
  for (uint64_t i = 0; i < kCount; ++i) {
    // All are worth the same, so nothing but the noise decides.
    Tree tree = searchBandit(settingsFor(1, 1), root, kAll,
                             Tree::gumbelNoise(3, i, 0), {});
    ++played[static_cast<size_t>(tree.bestAction())];
  }
  for (int a = 0; a < kNumActions; ++a)
    EXPECT_NEAR(static_cast<float>(played[a]) / kCount, expected[a], 0.015);
}

TEST(GumbelTree, AddingAConstantToLogitsChangesNothing) {
  Random random(5, "logits");
  for (int i = 0; i < 100; ++i) {
    Prediction root, shifted;
    root.logits = randomValues(random, 2);
    for (int a = 0; a < kNumActions; ++a)
      shifted.logits[a] = root.logits[a] + 64;
    PerAction q = randomValues(random, 1);
    PerAction noise = Tree::gumbelNoise(1, 1, static_cast<uint64_t>(i));
    Tree one = searchBandit(settingsFor(7), root, kAll, noise, q);
    Tree two = searchBandit(settingsFor(7), shifted, kAll, noise, q);
    EXPECT_EQ(one.visits(), two.visits());
    EXPECT_EQ(one.bestAction(), two.bestAction());
    for (int a = 0; a < kNumActions; ++a)
      EXPECT_NEAR(one.improvedPolicy()[a], two.improvedPolicy()[a], 1e-4);
  }
}

// If some actions' values are exact and the others stand for the value of the
// prior policy, the improved policy is at least as good as the prior.
TEST(GumbelTree, ImprovesThePolicy) {
  Random random(6, "policy improvement");
  for (int i = 0; i < 3000; ++i) {
    SCOPED_TRACE(i);
    SearchSettings settings =
        settingsFor(1 + static_cast<int>(random.below(12)),
                    1 + static_cast<int>(random.below(3)));
    settings.minRange = 1e-6f;
    Prediction root;
    root.logits = randomValues(random, 3);
    PerAction q = randomValues(random, random.chance(0.5) ? 1 : 1e-3);
    Tree::Actions legal = i % 4 ? kAll : i % 8 ? 0b101 : 0b011;
    PerAction prior = softmax(root.logits, legal);
    root.value = policyValue(prior, q);
    Tree tree =
        searchBandit(settings, root, legal, Tree::gumbelNoise(2, 2, i), q);
    // v_mix estimates the value of the prior policy; only where all legal
    // actions were visited, or none is completed, is the bound exact.
    bool isExact = true;
    for (int a = 0; a < kNumActions; ++a)
      isExact &= !((legal >> a) & 1) || tree.visits()[a] > 0;
    if (isExact)
      EXPECT_GE(policyValue(tree.improvedPolicy(), q), root.value - 1e-5);
  }
}

TEST(GumbelTree, CompletesValuesByWhatWasSeen) {
  // Visits 0 and 1, never 2: v_mix = (v + sumN / (p0 + p1) *
  // (p0 q0 + p1 q1)) / (1 + sumN).
  Prediction root;
  root.logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  root.value = 0.7f;
  Tree tree = searchBandit(settingsFor(2, 2), root, kAll, {}, {0.2f, 0.6f, 9});
  EXPECT_THAT(tree.visits(), ElementsAre(1, 1, 0));
  float seen = (0.5f * 0.2f + 0.3f * 0.6f) / 0.8f;
  EXPECT_NEAR(tree.completedValues()[2], (0.7f + 2 * seen) / 3, 1e-6);
}

TEST(GumbelTree, TargetIsSoftmaxOfLogitsAndScaledValues) {
  Prediction root;
  root.logits = {0.3f, -0.2f, 0};
  SearchSettings settings = settingsFor(3);
  PerAction q = {1, 3, 2};
  Tree tree = searchBandit(settings, root, kAll, {5, 0, 0}, q);
  // One visit each: (50 + 1) * 0.1, on values scaled to [0, 1].
  PerAction logits = {0.3f, -0.2f + 5.1f, 0.5f * 5.1f};
  PerAction expected = softmax(logits, kAll);
  for (int a = 0; a < kNumActions; ++a)
    EXPECT_NEAR(tree.improvedPolicy()[a], expected[a], 1e-5);
  EXPECT_NEAR(tree.improvedValue(), policyValue(expected, q), 1e-5);
}

TEST(GumbelTree, SmallDifferencesAreNotSpread) {
  SearchSettings settings = settingsFor(3);
  settings.minRange = 0.1f;
  Tree tree =
      searchBandit(settings, Prediction(), kAll, {}, {0.5f, 0.501f, 0.5f});
  // Without the floor the second one would have a probability of 0.99.
  EXPECT_NEAR(tree.improvedPolicy()[1], 1.0 / 3, 0.02);
}

TEST(GumbelTree, LargeAndEqualReturnsAreFinite) {
  for (float scale : {0.0f, 1e-9f, 1.0f, 1e9f})
    for (Tree::Actions legal = 1; legal <= kAll; ++legal)
      for (int32_t simulations : {1, 2, 3, 17}) {
        Prediction root;
        root.value = -scale;
        root.logits = {-1e9f, 0, 60};
        Tree tree = searchBandit(settingsFor(simulations), root, legal, {},
                                 {-scale, scale, scale});
        float sum = 0;
        for (float p : tree.improvedPolicy()) {
          ASSERT_TRUE(std::isfinite(p));
          sum += p;
        }
        EXPECT_NEAR(sum, 1, 1e-5);
        ASSERT_TRUE(std::isfinite(tree.improvedValue()));
      }
}

TEST(GumbelTree, ReturnsAddUpAlongThePath) {
  // A chain: the reward of every action is 1, and the game is over after four.
  Tree tree;
  tree.start(settingsFor(40), Prediction(), 0b11, {});
  while (!tree.isDone())
    if (tree.select())
      tree.expand(1, Prediction(), tree.path().size() < 4 ? 0b11 : 0);
  // Whatever was evaluated below is between one reward and all four.
  for (int a = 0; a < 2; ++a) {
    EXPECT_GT(tree.completedValues()[a], 2);
    EXPECT_LT(tree.completedValues()[a], 4);
  }
  EXPECT_EQ(tree.visits()[0] + tree.visits()[1], 40);
}

TEST(GumbelTree, MayGoByTheBestReturn) {
  for (bool usesBest : {false, true}) {
    SearchSettings settings = settingsFor(8, 1);
    settings.usesBest = usesBest;
    Tree tree;
    tree.start(settings, Prediction(), kAll, {});
    Prediction state;
    for (int i = 0; !tree.isDone(); ++i)
      if (tree.select()) {
        state.value = i == 3 ? 8 : 0;
        tree.expand(0, state, kAll);
      }
    EXPECT_NEAR(tree.completedValues()[0], usesBest ? 8 : 1, 1e-6);
  }
}

TEST(GumbelTree, InsideVisitsFollowTheImprovedPolicy) {
  // One action at the root, so that every simulation goes through its child;
  // below that all returns are equal and so visits follow the prior.
  Prediction inner;
  inner.logits = {std::log(0.5f), std::log(0.25f), std::log(0.25f)};
  Tree tree;
  tree.start(settingsFor(81, 1), Prediction(), kAll, {});
  std::array<int, kNumActions> below = {};
  while (!tree.isDone()) {
    bool isNew = tree.select();
    if (tree.path().size() > 1)
      ++below[static_cast<size_t>(tree.path()[1])];
    if (isNew)
      tree.expand(0, inner, tree.path().size() < 2 ? kAll : 0);
  }
  EXPECT_THAT(below, ElementsAre(40, 20, 20));
}

TEST(GumbelTree, ActionsThatTheNetworkRulesOutAreNotPlayed) {
  Prediction root;
  root.logits = {-1e9f, 0, 0};
  Tree tree = searchBandit(settingsFor(8), root, kAll, {}, {9, 1, 2});
  EXPECT_EQ(tree.visits()[0], 0);
  EXPECT_EQ(tree.improvedPolicy()[0], 0);
  // Unless it rules out everything.
  root.logits = {-1e9f, -1e9f, -1e9f};
  tree = searchBandit(settingsFor(8), root, kAll, {}, {9, 1, 2});
  EXPECT_EQ(tree.bestAction(), 0);
}

// Illegal actions that are only found out when they are tried change nothing:
// the others are visited as if they had been known.
TEST(GumbelTree, WhatIsRuledOutLaterIsAsIfItHadNeverBeen) {
  Random random(8, "ruled out");
  for (int i = 0; i < 200; ++i) {
    Prediction root, inner;
    root.logits = randomValues(random, 1);
    inner.logits = randomValues(random, 2);
    PerAction q = randomValues(random, 1);
    auto play = [&](bool isKnown) {
      Tree tree;
      tree.start(settingsFor(12, 2), root, kAll, {});
      int32_t ruledOut = 0;
      while (!tree.isDone()) {
        if (!tree.select())
          continue;
        if (tree.path().size() == 1)
          tree.expand(0, inner, isKnown ? 0b101 : kAll);
        else if (tree.path().back() == 1) {
          tree.ruleOut();
          ++ruledOut;
        } else
          tree.expand(q[tree.path().back()], Prediction(), 0);
      }
      // Once below each of the two candidates.
      EXPECT_LE(ruledOut, isKnown ? 0 : 2);
      return tree;
    };
    Tree known = play(true), found = play(false);
    EXPECT_EQ(known.visits(), found.visits());
    for (int a = 0; a < kNumActions; ++a)
      EXPECT_NEAR(known.completedValues()[a], found.completedValues()[a], 1e-4);
  }
}

TEST(GumbelTree, IsOverWhereEverythingIsRuledOut) {
  Tree tree;
  tree.start(settingsFor(5, 1), Prediction(), 0b001, {});
  EXPECT_TRUE(tree.isDone());
  tree.start(settingsFor(5, 1), Prediction(), 0b011, {});
  while (!tree.isDone())
    if (tree.select()) {
      if (tree.path().size() == 1)
        tree.expand(2, Prediction(), kAll);
      else
        tree.ruleOut();
    }
  EXPECT_EQ(tree.visits()[0], 5);
  EXPECT_NEAR(tree.completedValues()[0], 2, 1e-6);
}

//===----------------------------------------------------------------------===//
// Another problem, with another number of actions
//===----------------------------------------------------------------------===//

namespace {

/// Operations on a number, which shall end near a target. No two of them
/// are alike, and some are not always legal.
class Countdown {
public:
  static constexpr int kNumActions = 5, kNumMoves = 4;
  using Tree = GumbelTree<kNumActions>;

  explicit Countdown(int target) : target(target) {}

  bool isOver() const { return numMoves == kNumMoves; }
  static int after(int x, int action) {
    switch (action) {
    case 0:
      return x + 1;
    case 1:
      return 2 * x;
    case 2:
      return x - 7;
    case 3:
      return 3 * x;
    default:
      return x % 2 == 0 ? x / 2 : -1;
    }
  }
  Tree::Actions legalActions() const {
    Tree::Actions legal = 0;
    for (int a = 0; !isOver() && a < kNumActions; ++a)
      if (after(number, a) >= 0)
        legal |= 1u << a;
    return legal;
  }
  /// The reward comes at the end, and is at most 1.
  float apply(int action) {
    number = after(number, action);
    ++numMoves;
    auto off = static_cast<float>(std::abs(target - number));
    return isOver() ? 1 - off / 1000 : 0;
  }
  /// The largest return that there is.
  float best() const {
    float most = isOver() ? 0 : -INFINITY;
    for (int a = 0; a < kNumActions; ++a)
      if ((legalActions() >> a) & 1) {
        Countdown next = *this;
        float reward = next.apply(a);
        most = std::max(most, reward + next.best());
      }
    return most;
  }

private:
  int target, number = 5, numMoves = 0;
};

/// Searches from a state of the problem; nothing is predicted of any state.
int searched(const Countdown &root, Countdown::Tree &tree) {
  // Values that hardly count inside, so that every way is gone: a root has five
  // children, and below each of them there are at most 156 states.
  SearchSettings settings = settingsFor(3 * 5 * 160, Countdown::kNumActions);
  settings.usesBest = true;
  settings.valueScale = 1e-4f;
  tree.start(settings, {}, root.legalActions(), {});
  while (!tree.isDone())
    if (tree.select()) {
      Countdown state = root;
      float reward = 0;
      for (int a : tree.path())
        reward = state.apply(a);
      tree.expand(reward, {}, state.legalActions());
    }
  return tree.bestAction();
}

} // namespace

TEST(GumbelTree, FindsTheBestOfAnotherProblem) {
  Countdown::Tree tree;
  for (int target = 0; target < 200; target += 7) {
    Countdown state(target);
    float best = state.best(), sum = 0;
    while (!state.isOver()) {
      int action = searched(state, tree);
      ASSERT_TRUE((state.legalActions() >> action) & 1);
      sum += state.apply(action);
    }
    EXPECT_EQ(sum, best) << target;
  }
}

TEST(GumbelTree, OfOneActionHasNothingToSearch) {
  GumbelTree<1> tree;
  tree.start(settingsFor(16), {}, 1, {});
  EXPECT_TRUE(tree.isDone());
  EXPECT_EQ(tree.bestAction(), 0);
}
