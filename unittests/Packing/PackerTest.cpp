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

TEST(PackerTest, ExtremeTimesAreFine) {
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
  EXPECT_EQ(
      checkPacking(p, {0, 3}),
      "buffer 'b1' collides with buffer 'b0' in bytes [3, 4) at times [3, 4)");
  EXPECT_EQ(
      checkPacking(p, {0, 0}),
      "buffer 'b1' collides with buffer 'b0' in bytes [0, 4) at times [3, 4)");
  p.buffers[1].lower = 4;
  EXPECT_EQ(checkPacking(p, {0, 3}), "");
}

TEST(PackerTest, FaultsAreAllThere) {
  PackingProblem p = problem({buffer(0, 4, 4), buffer(1, 3, 4), buffer(2, 9, 4),
                              buffer(3, 5, 4, 4), buffer(5, 6, 4)},
                             9);
  std::vector<std::string> found;
  for (const PackingFault &fault : packingFaults(p, {0, 2, 2, 3, 6}))
    found.push_back(fault.str(p, {2, 3, 4, 5, 6}));
  EXPECT_THAT(
      found,
      testing::ElementsAre(
          "buffer 'b1' collides with buffer 'b0' (line 2) in bytes [2, 4) at "
          "times [1, 3)",
          "buffer 'b2' collides with buffer 'b0' (line 2) in bytes [2, 4) at "
          "times [2, 4)",
          "buffer 'b2' collides with buffer 'b1' (line 3) in bytes [2, 6) at "
          "times [2, 3)",
          "buffer 'b3': offset 3 is not a multiple of the alignment 4",
          "buffer 'b3' collides with buffer 'b0' (line 2) in bytes [3, 4) at "
          "times [3, 4)",
          "buffer 'b3' collides with buffer 'b2' (line 4) in bytes [3, 6) at "
          "times [3, 5)",
          "buffer 'b4': offset 6 and size 4 end above the capacity of 9 "
          "bytes"));
}

TEST(PackerTest, InfeasibleProblemsSayWhy) {
  EXPECT_EQ(whyInfeasible(problem({buffer(0, 4, kHuge), buffer(0, 4, kHuge)})),
            "2 buffers at time 0 need 2^63 bytes or more together");
  EXPECT_EQ(whyInfeasible(fiveBuffers(11)),
            "3 buffers at time 0 need 12 bytes together");
  EXPECT_EQ(whyInfeasible(problem({buffer(0, 4, 4, 4, 3)})),
            "buffer 'b0': offset 3 is not a multiple of the alignment 4");
  EXPECT_EQ(whyInfeasible(problem({buffer(0, 4, 4, 1, kHuge - 3)})),
            "buffer 'b0': offset 9223372036854775804 and size 4 end at 2^63 "
            "or above");
  EXPECT_EQ(whyInfeasible(problem({buffer(0, 4, 20)}, 10)),
            "buffer 'b0': size 20 is above the capacity of 10 bytes");
  EXPECT_EQ(whyInfeasible(aboveItsLoad(7)),
            "no offsets do, which the search has proven");
}

TEST(PackerTest, AGapIsRoomForOthers) {
  PackingProblem p = problem({buffer(0, 10, 6), buffer(3, 5, 4)});
  EXPECT_EQ(packedLowest(p).height, 10);
  p.buffers[0].gaps = {{3, 5}};
  EXPECT_EQ(maxLoad(p), 6);
  EXPECT_EQ(packedLowest(p).height, 6);
  p.buffers[1].upper = 6;
  EXPECT_EQ(packedLowest(p).height, 10);
}

TEST(PackerTest, AWindowOfAGapStaysInUse) {
  PackingProblem p = problem({buffer(0, 10, 6), buffer(3, 5, 4)});
  p.buffers[0].gaps = {{3, 5, 0, 2}};
  EXPECT_EQ(maxLoad(p), 6);
  EXPECT_EQ(packedLowest(p).height, 6);
  EXPECT_EQ(checkPacking(p, {0, 2}), "");
  EXPECT_EQ(checkPacking(p, {0, 1}), "buffer 'b1' collides with buffer 'b0' in "
                                     "bytes [1, 2) at times [3, 5)");
  p.buffers[0].gaps = {{3, 5, 2, 4}};
  EXPECT_NE(checkPacking(p, {0, 0}), "");
  EXPECT_EQ(packed(p).status, PackingStatus::Packed);
}

TEST(PackerTest, GapsOutOfRangeAreInfeasible) {
  PackingProblem p = problem({buffer(2, 8, 4)});
  for (std::vector<PackingGap> gaps : {std::vector<PackingGap>{{1, 3}},
                                       {{5, 4}},
                                       {{7, 9}},
                                       {{3, 5}, {4, 6}},
                                       {{5, 6}, {3, 4}},
                                       {{3, 4, 2, 1}},
                                       {{3, 4, -1, 2}},
                                       {{3, 4, 0, 5}}}) {
    p.buffers[0].gaps = gaps;
    EXPECT_NE(checkPacking(p, {0}), "");
    expectInfeasible(p);
  }
}

TEST(PackerTest, CheckFindsAnOverlapAcrossAThirdBuffer) {
  // A large one around a small one: neither neighbour in order of beginning.
  PackingProblem p =
      problem({buffer(0, 4, 10), buffer(0, 4, 2), buffer(1, 4, 2)});
  EXPECT_EQ(checkPacking(p, {0, 10, 12}), "");
  EXPECT_THAT(checkPacking(p, {0, 10, 5}), HasSubstr("collides"));
}

TEST(PackerTest, CheckFindsEveryOtherMistake) {
  PackingProblem p = problem({buffer(0, 4, 4, 2, 6)}, 10);
  EXPECT_EQ(checkPacking(p, {6}), "");
  EXPECT_THAT(checkPacking(p, {}), HasSubstr("0 offsets for 1 buffers"));
  EXPECT_THAT(checkPacking(p, {4}), HasSubstr("has to be 6"));
  EXPECT_THAT(checkPacking(p, {5}),
              HasSubstr("offset 5 is not a multiple of the alignment 2"));
  EXPECT_THAT(checkPacking(p, {-2}), HasSubstr("has no offset"));
  p.capacity = 9;
  EXPECT_THAT(checkPacking(p, {6}), HasSubstr("above the capacity of 9"));
  p.buffers[0].upper = -1;
  EXPECT_THAT(checkPacking(p, {6}), HasSubstr("ends before it begins"));
}
