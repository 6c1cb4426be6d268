//===- EvolutionTest.cpp - tests of the evolution strategy ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Evolution.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mempl;

/// A bowl around (1, 2, 3, ..), the steeper the later the direction.
static double bowl(llvm::ArrayRef<double> x) {
  double sum = 0;
  for (size_t k = 0; k < x.size(); ++k)
    sum += std::pow(10.0, static_cast<double>(k) / 2) *
           std::pow(x[k] - static_cast<double>(k + 1), 2);
  return sum;
}

static void evolve(Evolution &evolution, int generations) {
  for (int g = 0; g < generations; ++g) {
    std::vector<double> costs;
    for (const auto &x : evolution.ask())
      costs.push_back(bowl(x));
    evolution.tell(costs);
  }
}

TEST(Evolution, FindsTheMinimumOfAnUnevenBowl) {
  for (uint64_t seed : {0, 1, 2}) {
    Evolution evolution(std::vector<double>(8, 0), 0.5, 16, seed);
    evolve(evolution, 300);
    EXPECT_LT(evolution.bestCost(), 1e-8);
    EXPECT_EQ(evolution.bestCost(), bowl(evolution.best()));
    EXPECT_LT(evolution.step(), 0.5);
    EXPECT_EQ(evolution.generation(), 300);
  }
}

TEST(Evolution, BeginsWithTheMean) {
  std::vector<double> mean = {1, -2, 3};
  Evolution evolution(mean, 0.1, 4, 0);
  auto vectors = evolution.ask();
  ASSERT_EQ(vectors.size(), 4u);
  EXPECT_EQ(vectors[0], mean);
  EXPECT_NE(vectors[1], mean);
  EXPECT_EQ(evolution.ask(), vectors);
}

TEST(Evolution, GoesOnFromItsNumbers) {
  Evolution one(std::vector<double>(5, 0), 0.5, 8, 3);
  evolve(one, 7);
  Evolution two;
  ASSERT_TRUE(two.restore(one.numbers()));
  evolve(one, 5);
  evolve(two, 5);
  EXPECT_EQ(one.numbers(), two.numbers());
  // A seed is kept to the last bit.
  Evolution large({0, 0}, 1, 4, UINT64_MAX - 1);
  ASSERT_TRUE(two.restore(large.numbers()));
  EXPECT_EQ(large.ask(), two.ask());
  // Numbers that evolution would crash on.
  for (auto [at, bad] : {std::pair(0, 0.0),
                         {0, double(NAN)},
                         {1, double(NAN)},
                         {2, -1.0},
                         {3, 1e9},
                         {3, double(NAN)},
                         {5, double(INFINITY)},
                         {7, -1.0}}) {
    std::vector<double> numbers = large.numbers();
    numbers[static_cast<size_t>(at)] = bad;
    EXPECT_FALSE(two.restore(numbers)) << at << ": " << bad;
  }
  EXPECT_FALSE(two.restore({1, 2, 3}));
  EXPECT_FALSE(two.restore(std::vector<double>(8, 0)));
}

// It counts which is better, not by how much.
TEST(Evolution, DependsOnTheOrderOfCostsAlone) {
  Evolution one(std::vector<double>(3, 0), 1, 8, 1);
  Evolution two = one;
  for (int g = 0; g < 20; ++g) {
    std::vector<double> costs, others;
    for (const auto &x : one.ask()) {
      costs.push_back(bowl(x));
      others.push_back(std::log(bowl(x)));
    }
    one.tell(costs);
    two.tell(others);
  }
  EXPECT_EQ(one.ask(), two.ask());
}
