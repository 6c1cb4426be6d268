//===- UseIntervalForestTest.cpp - the intervals of uses worth a residency
//-----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/UseIntervalForest.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

/// One input read at the given steps of a program of 20 steps.
Instance readAt(std::initializer_list<int32_t> steps) {
  Instance instance;
  instance.machine = {100, 10, 100, 10, 10, 1};
  instance.program.values = {{"w", 50, ValueKind::Input}};
  instance.program.steps.resize(20);
  for (int32_t i : steps)
    instance.program.steps[i].accesses.push_back({0, 50, AccessMode::Read});
  return instance;
}

TEST(UseIntervalForest, MergesNeighboursInTheOrderOfTheirDistance) {
  Instance instance = readAt({0, 1, 8, 10, 19});
  AccessIndex index(instance);
  UseIntervalForest forest(index, 100);
  ASSERT_EQ(forest.rootsOf(0).size(), 1u);
  const UseIntervalNode &root = forest.node(forest.rootsOf(0)[0]);
  EXPECT_EQ(forest.nodes().size(), 9u);
  EXPECT_EQ(root.interval.first, 0);
  EXPECT_EQ(root.interval.last, 4);
  EXPECT_EQ(root.gap, 9);
  // 19 is the farthest from the others, then {0, 1} from {8, 10}.
  const UseIntervalNode &rest = forest.node(root.left);
  EXPECT_EQ(rest.interval.last, 3);
  EXPECT_EQ(rest.gap, 7);
  EXPECT_EQ(forest.node(rest.left).interval.last, 1);
  EXPECT_EQ(forest.node(rest.left).gap, 1);
  EXPECT_EQ(forest.node(rest.right).gap, 2);
  EXPECT_EQ(forest.node(root.right).left, -1);
}

TEST(UseIntervalForest, SharesTheLossOfAStepByBytes) {
  Instance instance = readAt({3});
  instance.program.values.push_back({"x", 30, ValueKind::Input});
  instance.program.steps[3].accesses.push_back({1, 30, AccessMode::Read});
  instance.program.steps[3].compute = 2;
  AccessIndex index(instance);
  UseIntervalForest forest(index, 100);
  // 8 s in slow memory, 2 s of compute are left: 6 s, 5 : 3.
  EXPECT_DOUBLE_EQ(forest.useBenefit(index.firstUse(0)), 6.0 * 5 / 8);
  EXPECT_DOUBLE_EQ(forest.useBenefit(index.firstUse(1)), 6.0 * 3 / 8);
}

TEST(UseIntervalForest, LeavesOutWhatCannotBeFast) {
  Instance instance = readAt({1, 2, 3});
  instance.program.steps[2].accesses[0].space = SpaceConstraint::Slow;
  AccessIndex index(instance);
  EXPECT_EQ(UseIntervalForest(index, 100).rootsOf(0).size(), 2u);
  EXPECT_TRUE(UseIntervalForest(index, 40).rootsOf(0).empty());
}

} // namespace
