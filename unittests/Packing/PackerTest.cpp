//===- PackerTest.cpp - packing within a capacity and lowest ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiny hand-made cases, one behaviour each.
//
//===----------------------------------------------------------------------===//

#include "PackingTestUtils.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mempl;
using namespace mempl::test;
using testing::HasSubstr;

namespace {

constexpr int64_t kHuge = INT64_MAX; // 2^63 - 1.

/// The packing of `p`, which must be possible.
PackingResult packed(const PackingProblem &p, PackingOptions options = {}) {
  PackingResult result = pack(p, options);
  EXPECT_EQ(result.status, PackingStatus::Packed);
  EXPECT_EQ(checkPacking(p, result.offsets), "");
  EXPECT_LE(result.height, p.capacity);
  return result;
}

PackingResult packedLowest(const PackingProblem &p) {
  PackingOptions options;
  options.minimize = true;
  PackingResult result = packed(p, options);
  EXPECT_TRUE(result.optimal);
  return result;
}

void expectInfeasible(const PackingProblem &p) {
  for (bool minimize : {false, true}) {
    PackingOptions options;
    options.minimize = minimize;
    PackingResult result = pack(p, options);
    EXPECT_EQ(result.status, PackingStatus::Infeasible);
    EXPECT_TRUE(result.offsets.empty());
  }
}

/// The example of MiniMalloc's README: five buffers, 12 bytes, no gap.
PackingProblem fiveBuffers(int64_t capacity) {
  return problem({buffer(0, 3, 4), buffer(3, 9, 4), buffer(0, 9, 4),
                  buffer(9, 21, 4), buffer(0, 21, 4)},
                 capacity);
}

} // namespace

TEST(PackerTest, PacksAnEmptyProblem) {
  PackingResult result = packedLowest(problem({}, 0));
  EXPECT_TRUE(result.offsets.empty());
  EXPECT_EQ(result.height, 0);
}

TEST(PackerTest, PacksAtTheLoad) {
  EXPECT_EQ(packed(fiveBuffers(12)).height, 12);
}

TEST(PackerTest, ProvesACapacityBelowTheLoadInfeasible) {
  expectInfeasible(fiveBuffers(11));
}

TEST(PackerTest, ProvesACapacityAtTheLoadInfeasible) {
  PackingProblem p = aboveItsLoad(7);
  EXPECT_EQ(maxLoad(p), 7);
  EXPECT_EQ(bruteForceHeight(p, 9), 8);
  expectInfeasible(p);
}

TEST(PackerTest, MinimisesAboveTheLoad) {
  EXPECT_EQ(packedLowest(aboveItsLoad(100)).height, 8);
}

TEST(PackerTest, BuffersThatNeverMeetShareTheirBytes) {
  PackingResult result =
      packedLowest(problem({buffer(0, 5, 7), buffer(5, 9, 7)}));
  EXPECT_EQ(result.height, 7);
  EXPECT_EQ(result.offsets[0], result.offsets[1]);
}

TEST(PackerTest, OffsetsAreAligned) {
  PackingProblem p =
      problem({buffer(0, 2, 3), buffer(0, 2, 8, 8), buffer(0, 2, 5, 4)});
  PackingResult result = packedLowest(p);
  EXPECT_EQ(result.height, 16); // The 8 bytes at 0 or 8, 5 and 3 together.
}

TEST(PackerTest, AlignmentCanMakeAProblemInfeasible) {
  // Two of 5 bytes at multiples of 4 need 13.
  PackingProblem p = problem({buffer(0, 2, 5, 4), buffer(0, 2, 5, 4)}, 13);
  EXPECT_EQ(packed(p).height, 13);
  p.capacity = 12;
  expectInfeasible(p);
}

TEST(PackerTest, FixedOffsetsAreKept) {
  PackingProblem p =
      problem({buffer(0, 4, 2), buffer(0, 4, 3, 1, 2), buffer(0, 4, 4)}, 9);
  PackingResult result = packed(p);
  EXPECT_EQ(result.offsets[0], 0);
  EXPECT_EQ(result.offsets[1], 2);
  EXPECT_EQ(result.offsets[2], 5);
}

TEST(PackerTest, AFixedBufferCanSplitTheSpaceTooFinely) {
  expectInfeasible(
      problem({buffer(0, 4, 2, 1, 3), buffer(0, 4, 4)}, 8)); // 3 and 3 left.
}

TEST(PackerTest, ContradictoryFixedOffsetsAreInfeasible) {
  expectInfeasible(problem({buffer(0, 4, 4, 1, 0), buffer(3, 9, 4, 1, 2)}));
  expectInfeasible(problem({buffer(0, 4, 4, 4, 2)}));
  expectInfeasible(problem({buffer(0, 4, 4, 1, 7)}, 10));
  expectInfeasible(problem({buffer(0, 4, 4, 1, kHuge - 3)}));
}

TEST(PackerTest, HintsAreFollowedWherePossible) {
  PackingProblem p = problem(
      {buffer(0, 4, 2, 1, -1, 6), buffer(0, 4, 2, 1, -1, 3), buffer(0, 4, 2)},
      8);
  PackingResult result = packed(p);
  EXPECT_EQ(result.offsets[0], 6);
  EXPECT_EQ(result.offsets[1], 3);
}

TEST(PackerTest, HintsThatDoNotFitAreNoHarm) {
  PackingProblem p =
      problem({buffer(0, 4, 4, 1, -1, 2), buffer(0, 4, 4, 1, -1, 2),
               buffer(0, 4, 4, 4, -1, kHuge)},
              12);
  packed(p);
}

TEST(PackerTest, WhatOccupiesNothingConflictsWithNothing) {
  PackingProblem p = problem({buffer(0, 4, 8), buffer(1, 3, 0), buffer(2, 2, 8),
                              buffer(1, 3, 0, 1, 5), buffer(2, 2, 3, 1, 5)},
                             8);
  PackingResult result = packedLowest(p);
  EXPECT_EQ(result.height, 8);
  EXPECT_EQ(result.offsets[3], 5);
  EXPECT_EQ(result.offsets[4], 5);
}

TEST(PackerTest, AnEmptyLifeStillHasToEndBelowTheCapacity) {
  expectInfeasible(problem({buffer(2, 2, 8)}, 7));
  expectInfeasible(problem({buffer(2, 2, 8, 1, 2)}, 9));
  EXPECT_EQ(packedLowest(problem({buffer(2, 2, 8, 1, 2)}, 90)).height, 10);
}

TEST(PackerTest, SizesNearTheLargestNumber) {
  EXPECT_EQ(packedLowest(problem({buffer(0, 1, kHuge)})).height, kHuge);
  EXPECT_EQ(
      packedLowest(problem({buffer(0, 1, kHuge - 1), buffer(0, 1, 1)})).height,
      kHuge);
  PackingProblem p = problem(
      {buffer(0, 3, kHuge / 2), buffer(2, 5, kHuge / 2), buffer(4, 7, kHuge)});
  expectInfeasible(p); // The last two together are above 2^63 - 1.
}

TEST(PackerTest, HugeSizesThatDoNotFitAreInfeasible) {
  expectInfeasible(problem({buffer(0, 1, kHuge), buffer(0, 1, kHuge)}));
  expectInfeasible(problem({buffer(0, 1, kHuge), buffer(0, 1, 1)}));
  expectInfeasible(problem({buffer(0, 1, kHuge, kHuge), buffer(0, 1, kHuge)}));
  expectInfeasible(problem({buffer(0, 1, kHuge / 2 + 2, 1 << 20),
                            buffer(0, 1, kHuge / 2 + 2, 1 << 20)}));
}

TEST(PackerTest, HugeAlignmentsDoNotOverflow) {
  // One at 0; the other would have to be at 2^62, which leaves it no room.
  int64_t half = int64_t(1) << 62;
  expectInfeasible(
      problem({buffer(0, 1, half + 1, half), buffer(0, 1, half - 1, half)}));
  EXPECT_EQ(
      packedLowest(problem({buffer(0, 1, 1, half), buffer(0, 1, 1, half)}))
          .height,
      half + 1);
}

TEST(PackerTest, FieldsOutOfRangeAreInfeasible) {
  expectInfeasible(problem({buffer(0, 1, -1)}));
  expectInfeasible(problem({buffer(2, 1, 1)}));
  expectInfeasible(problem({buffer(0, 1, 1, 0)}));
  expectInfeasible(problem({}, -1));
}

TEST(PackerTest, ExtremeMomentsAreFine) {
  PackingProblem p = problem({buffer(INT64_MIN, INT64_MAX, 3),
                              buffer(INT64_MIN, 0, 2), buffer(0, INT64_MAX, 2)},
                             5);
  EXPECT_EQ(packedLowest(p).height, 5);
}

TEST(PackerTest, MaxLoadCountsEndsBeforeBeginnings) {
  EXPECT_EQ(maxLoad(problem({buffer(0, 5, 7), buffer(5, 9, 6)})), 7);
  EXPECT_EQ(maxLoad(problem({buffer(0, 6, 7), buffer(5, 9, 6)})), 13);
  EXPECT_EQ(maxLoad(problem({buffer(3, 3, 7)})), 0);
  EXPECT_EQ(maxLoad(problem({buffer(0, 6, kHuge), buffer(5, 9, 6)})), kHuge);
}

TEST(PackerTest, BestFitIgnoresTheCapacity) {
  PackingProblem p = fiveBuffers(5);
  PackingResult result = packBestFit(p);
  EXPECT_EQ(result.status, PackingStatus::LimitReached);
  EXPECT_EQ(result.height, 12);
  p.capacity = INT64_MAX;
  EXPECT_EQ(checkPacking(p, result.offsets), "");
}

TEST(PackerTest, BestFitHasNoAnswerAboveTheLargestNumber) {
  PackingResult result =
      packBestFit(problem({buffer(0, 1, kHuge), buffer(0, 1, kHuge)}));
  EXPECT_NE(result.status, PackingStatus::Packed);
  EXPECT_TRUE(result.offsets.empty());
}

TEST(PackerTest, CheckFindsAnOverlap) {
  PackingProblem p = problem({buffer(0, 4, 4), buffer(3, 9, 4)});
  EXPECT_EQ(checkPacking(p, {0, 4}), "");
  EXPECT_EQ(checkPacking(p, {0, 3}), "buffers 'b0' and 'b1' overlap");
  EXPECT_EQ(checkPacking(p, {0, 0}), "buffers 'b0' and 'b1' overlap");
  p.buffers[1].lower = 4;
  EXPECT_EQ(checkPacking(p, {0, 3}), "");
}

TEST(PackerTest, CheckFindsAnOverlapAcrossAThirdBuffer) {
  // A large one around a small one: neither neighbour in order of beginning.
  PackingProblem p =
      problem({buffer(0, 4, 10), buffer(0, 4, 2), buffer(1, 4, 2)});
  EXPECT_EQ(checkPacking(p, {0, 10, 12}), "");
  EXPECT_THAT(checkPacking(p, {0, 10, 5}), HasSubstr("overlap"));
}

TEST(PackerTest, CheckFindsEveryOtherMistake) {
  PackingProblem p = problem({buffer(0, 4, 4, 2, 6)}, 10);
  EXPECT_EQ(checkPacking(p, {6}), "");
  EXPECT_THAT(checkPacking(p, {}), HasSubstr("0 offsets for 1 buffers"));
  EXPECT_THAT(checkPacking(p, {4}), HasSubstr("has to be at 6"));
  EXPECT_THAT(checkPacking(p, {5}), HasSubstr("not aligned to 2"));
  EXPECT_THAT(checkPacking(p, {-2}), HasSubstr("has no place"));
  p.capacity = 9;
  EXPECT_THAT(checkPacking(p, {6}), HasSubstr("above the capacity of 9"));
  p.buffers[0].upper = -1;
  EXPECT_THAT(checkPacking(p, {6}), HasSubstr("ends before it begins"));
}
