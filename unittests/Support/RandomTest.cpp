//===- RandomTest.cpp - random numbers that never change ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Random.h"

#include "gtest/gtest.h"

#include <array>

using namespace mempl;

TEST(Random, StreamsAreRepeatedAndDiffer) {
  Random a(1, "x"), b(1, "x"), otherSeed(2, "x"), otherPurpose(1, "y");
  int equalSeed = 0, equalPurpose = 0;
  for (int i = 0; i < 100; ++i) {
    uint64_t number = a.next();
    EXPECT_EQ(number, b.next());
    equalSeed += number == otherSeed.next();
    equalPurpose += number == otherPurpose.next();
  }
  EXPECT_EQ(equalSeed, 0);
  EXPECT_EQ(equalPurpose, 0);
}

TEST(Random, StaysInRangeAndReachesItsEnds) {
  Random random(0, "test");
  std::array<int, 4> seen{};
  for (int i = 0; i < 1000; ++i) {
    int64_t number = random.between(-2, 1);
    ASSERT_GE(number, -2);
    ASSERT_LE(number, 1);
    ++seen[number + 2];
    double uniform = random.uniform();
    ASSERT_GE(uniform, 0);
    ASSERT_LT(uniform, 1);
    EXPECT_EQ(random.below(1), 0u);
  }
  for (int count : seen)
    EXPECT_GT(count, 150); // 250 expected.
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

TEST(Random, IsNormalOfMeanZeroAndVarianceOne) {
  Random random(0, "normal test");
  constexpr int count = 20000;
  double sum = 0, squares = 0;
  int within = 0;
  for (int i = 0; i < count; ++i) {
    double x = random.normal();
    sum += x;
    squares += x * x;
    within += std::abs(x) < 1;
  }
  EXPECT_NEAR(sum / count, 0, 0.03);
  EXPECT_NEAR(squares / count, 1, 0.05);
  EXPECT_NEAR(static_cast<double>(within) / count, 0.6827, 0.02);
}
