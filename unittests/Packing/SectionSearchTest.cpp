//===- SectionSearchTest.cpp - the exact search by itself -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The search without the best-fit in front of it, at every height, against the
// packer that tries everything.
//
//===----------------------------------------------------------------------===//

#include "../../lib/Packing/SectionSearch.h"
#include "PackingTestUtils.h"

#include "gtest/gtest.h"

using namespace mempl;
using namespace mempl::packing;
using namespace mempl::test;

namespace {

/// Searches at `height` and checks what is found.
SearchOutcome searchAt(PackingProblem p, int64_t height,
                       ItemOrder order = ItemOrder::Area) {
  p.capacity = height;
  PackingModel model = buildPackingModel(p);
  SectionSearch search(model);
  SearchOutcome outcome = search.run(height, order, 0, nullptr);
  if (outcome == SearchOutcome::Found) {
    std::vector<int64_t> offsets(p.buffers.size());
    for (size_t i = 0; i < offsets.size(); ++i)
      offsets[i] = std::max<int64_t>(p.buffers[i].fixedOffset, 0);
    for (size_t i = 0; i < model.items.size(); ++i)
      offsets[model.items[i].buffer] = search.offsets()[i];
    EXPECT_EQ(checkPacking(p, offsets), "");
  }
  return outcome;
}

/// Whether the search is right about every height around the smallest.
void compareWithBruteForce(const PackingProblem &p) {
  int64_t best = bruteForceHeight(p, p.capacity);
  for (ItemOrder order :
       {ItemOrder::Area, ItemOrder::Lifetime, ItemOrder::Size}) {
    for (int64_t height = 0; height <= p.capacity; ++height) {
      // Buffers that occupy nothing are not the search's business.
      bool emptyFits = true;
      for (const PackingBuffer &b : p.buffers)
        emptyFits &= std::max<int64_t>(b.fixedOffset, 0) + b.size <= height;
      if (!emptyFits)
        continue;
      SearchOutcome expected = best >= 0 && height >= best
                                   ? SearchOutcome::Found
                                   : SearchOutcome::Excluded;
      ASSERT_EQ(searchAt(p, height, order), expected) << "height " << height;
    }
  }
}

} // namespace

TEST(SectionSearchTest, AgreesWithBruteForceOnRandomProblems) {
  Random random(1, "section-search-plain");
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    compareWithBruteForce(randomSmall(random, /*constraints=*/false));
  }
}

TEST(SectionSearchTest, AgreesWithBruteForceWhereTheLoadIsNotReached) {
  Random random(6, "section-search-above-load");
  int aboveLoad = 0;
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = nearlyAboveItsLoad(random);
    aboveLoad += bruteForceHeight(p, 12) > maxLoad(p);
    compareWithBruteForce(p);
  }
  EXPECT_GT(aboveLoad, 20);
}

TEST(SectionSearchTest, AgreesWithBruteForceOnAlignedAndFixedBuffers) {
  Random random(2, "section-search-orders");
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomSmall(random, /*constraints=*/true);
    bool misaligned = false;
    for (const PackingBuffer &b : p.buffers)
      misaligned |= b.fixedOffset > 0 && b.fixedOffset % b.alignment != 0;
    ASSERT_FALSE(misaligned);
    compareWithBruteForce(p);
  }
}

TEST(SectionSearchTest, AgreesWithBruteForceOnBuffersWithGaps) {
  Random random(7, "section-search-gaps");
  for (int round = 0; round < 600 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomWithGaps(random, /*constraints=*/round % 2 == 1,
                                      /*windows=*/false);
    if (round % 3 == 2) {
      p.capacity = 14;
      for (PackingBuffer &b : p.buffers) {
        b.alignment = 2;
        b.fixedOffset = -1;
      }
    }
    compareWithBruteForce(p);
  }
}

TEST(SectionSearchTest, AgreesWithBruteForceWhereAllShareAnAlignment) {
  Random random(3, "section-search-unit");
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomSmall(random, /*constraints=*/false);
    p.capacity = 14;
    for (PackingBuffer &b : p.buffers)
      b.alignment = 3;
    compareWithBruteForce(p);
  }
}

TEST(SectionSearchTest, PacksCutRectanglesWithoutAGap) {
  Random random(4, "section-search-cut");
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = cutRectangle(random, 24, 60, 8 + round);
    EXPECT_EQ(searchAt(p, 60), SearchOutcome::Found);
    EXPECT_EQ(searchAt(p, 59), SearchOutcome::Excluded);
  }
}

TEST(SectionSearchTest, ARunCanBeRepeatedAtAnotherHeight) {
  Random random(5, "section-search-again");
  PackingProblem p = cutRectangle(random, 24, 60, 20);
  PackingModel model = buildPackingModel(p);
  SectionSearch search(model);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(search.run(59, ItemOrder::Size, 0, nullptr),
              SearchOutcome::Excluded);
    EXPECT_EQ(search.run(60, ItemOrder::Size, 0, nullptr),
              SearchOutcome::Found);
    EXPECT_EQ(checkPacking(p,
                           [&] {
                             std::vector<int64_t> offsets(p.buffers.size());
                             for (size_t i = 0; i < model.items.size(); ++i)
                               offsets[model.items[i].buffer] =
                                   search.offsets()[i];
                             return offsets;
                           }()),
              "");
  }
}

TEST(SectionSearchTest, ModelHasOneSectionPerMaximalSet) {
  // a and b meet, b and c meet; the time of b alone adds nothing.
  PackingModel model = buildPackingModel(
      problem({buffer(0, 4, 1), buffer(2, 9, 1), buffer(6, 12, 1)}));
  EXPECT_EQ(model.numSections, 2);
  ASSERT_EQ(model.items.size(), 3u);
  EXPECT_EQ(model.items[1].first, 0);
  EXPECT_EQ(model.items[1].last, 2);
}

TEST(SectionSearchTest, ModelLeavesOutWhatOccupiesNothing) {
  PackingModel model = buildPackingModel(
      problem({buffer(0, 4, 0), buffer(2, 2, 5), buffer(0, 4, 5)}));
  ASSERT_EQ(model.items.size(), 1u);
  EXPECT_EQ(model.items[0].buffer, 2);
}

TEST(SectionSearchTest, ModelRoundsSizesUpToTheCommonAlignment) {
  PackingModel model =
      buildPackingModel(problem({buffer(0, 4, 5, 8), buffer(0, 4, 13, 12)}));
  EXPECT_EQ(model.unit, 4);
  EXPECT_EQ(model.items[0].size, 8);
  EXPECT_EQ(model.items[1].size, 16);
}
