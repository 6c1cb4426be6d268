//===- PackingStressTest.cpp - random, tight and real problems --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The packer against brute force, on rectangles cut into pieces, under limits,
// and on problems of others where they are at hand.
//
//===----------------------------------------------------------------------===//

#include "ExtraData.h"
#include "PackingTestUtils.h"

#include "mempl/Frontend/Packing/PackingIO.h"

#include "gtest/gtest.h"

using namespace mempl;
using namespace mempl::test;

TEST(PackingStressTest, MinimalHeightsAgreeWithBruteForce) {
  Random random(11, "packer-minimal");
  PackingOptions options;
  options.minimize = true;
  int infeasible = 0, aboveLoad = 0;
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomSmall(random, /*constraints=*/round % 2 == 1);
    int64_t expected = bruteForceHeight(p, p.capacity);
    PackingResult result = pack(p, options);
    if (expected < 0) {
      ++infeasible;
      ASSERT_EQ(result.status, PackingStatus::Infeasible);
      continue;
    }
    ASSERT_EQ(result.status, PackingStatus::Packed);
    ASSERT_EQ(checkPacking(p, result.offsets), "");
    ASSERT_TRUE(result.optimal);
    ASSERT_EQ(result.height, expected);
    aboveLoad += expected > maxLoad(p);
  }
  // The sample has to contain what the test is about.
  EXPECT_GT(infeasible, 20);
  EXPECT_GT(aboveLoad, 20);
}

TEST(PackingStressTest, FeasibilityAgreesWithBruteForce) {
  Random random(12, "packer-feasible");
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomSmall(random, /*constraints=*/round % 2 == 1);
    bool expected = bruteForceHeight(p, p.capacity) >= 0;
    PackingResult result = pack(p);
    ASSERT_EQ(result.status,
              expected ? PackingStatus::Packed : PackingStatus::Infeasible);
    if (expected) {
      ASSERT_EQ(checkPacking(p, result.offsets), "");
    }
  }
}

TEST(PackingStressTest, MinimalHeightsWithGapsAgreeWithBruteForce) {
  Random random(21, "packer-gaps");
  PackingOptions options;
  options.minimize = true;
  int searched = 0, aboveLoad = 0, withoutGapsHigher = 0;
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomWithGaps(random, /*constraints=*/round % 2 == 1,
                                      /*windows=*/false);
    int64_t expected = bruteForceHeight(p, p.capacity);
    PackingResult result = pack(p, options);
    PackingResult within = pack(p);
    if (expected < 0) {
      ASSERT_EQ(result.status, PackingStatus::Infeasible);
      ASSERT_EQ(within.status, PackingStatus::Infeasible);
      continue;
    }
    ASSERT_EQ(result.status, PackingStatus::Packed);
    ASSERT_EQ(within.status, PackingStatus::Packed);
    ASSERT_EQ(checkPacking(p, result.offsets), "");
    ASSERT_EQ(checkPacking(p, within.offsets), "");
    ASSERT_TRUE(result.optimal);
    ASSERT_EQ(result.height, expected);
    searched += result.nodes > 0;
    aboveLoad += expected > maxLoad(p);
    for (PackingBuffer &b : p.buffers)
      b.gaps.clear();
    p.capacity = INT64_MAX;
    withoutGapsHigher += pack(p, options).height > expected;
  }
  EXPECT_GT(searched, 10);
  EXPECT_GT(aboveLoad, 30);
  EXPECT_GT(withoutGapsHigher, 30);
}

TEST(PackingStressTest, WindowsAreEnclosedAndWhatIsProvenIsTrue) {
  Random random(22, "packer-windows");
  PackingOptions options;
  options.minimize = true;
  int proven = 0, open = 0, infeasible = 0;
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomWithGaps(random, /*constraints=*/round % 2 == 1,
                                      /*windows=*/true);
    int64_t expected = bruteForceHeight(p, p.capacity);
    for (PackingResult result : {pack(p, options), pack(p)}) {
      if (result.status == PackingStatus::Infeasible) {
        ASSERT_LT(expected, 0);
        ++infeasible;
      }
      if (result.status == PackingStatus::Packed) {
        ASSERT_EQ(checkPacking(p, result.offsets), "");
        ASSERT_GE(result.height, expected);
        ASSERT_GE(expected, 0);
      }
      if (result.optimal) {
        ASSERT_EQ(result.height, expected);
        ++proven;
      }
      open += result.status == PackingStatus::LimitReached;
    }
  }
  EXPECT_GT(proven, 300);
  EXPECT_GT(infeasible, 20);
  EXPECT_LT(open, 60);
}

TEST(PackingStressTest, CheckAgreesWithTimeAfterTime) {
  Random random(23, "packer-check");
  int valid = 0;
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = randomWithGaps(random, /*constraints=*/false, true);
    p.capacity = INT64_MAX;
    std::vector<int64_t> offsets;
    for (size_t i = 0; i < p.buffers.size(); ++i)
      offsets.push_back(random.between(0, 9));
    std::vector<std::pair<size_t, size_t>> expected, found;
    for (size_t i = 0; i < offsets.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (collide(p.buffers[i], offsets[i], p.buffers[j], offsets[j]))
          expected.push_back({i, j});
    for (const PackingFault &fault : packingFaults(p, offsets))
      found.push_back({fault.buffer, *fault.other});
    ASSERT_EQ(found, expected);
    valid += expected.empty();
  }
  EXPECT_GT(valid, 100);
}

TEST(PackingStressTest, CutRectanglesArePackedWithoutAGap) {
  Random random(13, "packer-cut");
  int searched = 0;
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = cutRectangle(random, 200, 1 << 20, 20 + 2 * round);
    PackingResult result = pack(p);
    ASSERT_EQ(result.status, PackingStatus::Packed);
    ASSERT_EQ(checkPacking(p, result.offsets), "");
    searched += result.nodes > 0;
    p.capacity -= 1;
    ASSERT_EQ(pack(p).status, PackingStatus::Infeasible);
  }
  EXPECT_GT(searched, 10);
}

TEST(PackingStressTest, MinimisingFindsTheCutRectangle) {
  Random random(14, "packer-cut-minimize");
  PackingOptions options;
  options.minimize = true;
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    PackingProblem p = cutRectangle(random, 100, 5000, 40);
    p.capacity = INT64_MAX;
    PackingResult result = pack(p, options);
    ASSERT_EQ(result.status, PackingStatus::Packed);
    EXPECT_EQ(result.height, 5000);
    EXPECT_TRUE(result.optimal);
  }
}

TEST(PackingStressTest, SameInputSameAnswer) {
  Random random(15, "packer-deterministic");
  PackingProblem p = cutRectangle(random, 200, 1 << 20, 60);
  PackingResult first = pack(p), second = pack(p);
  EXPECT_GT(first.nodes, 0);
  EXPECT_EQ(first.nodes, second.nodes);
  EXPECT_EQ(first.offsets, second.offsets);
}

/// A tight problem that best-fit does not solve.
static PackingProblem tightProblem() {
  Random random(16, "packer-limits");
  while (true) {
    PackingProblem p = cutRectangle(random, 400, 1 << 20, 150);
    if (packBestFit(p).status != PackingStatus::Packed)
      return p;
  }
}

static void expectBestFitAnswer(PackingProblem p, const PackingResult &result) {
  EXPECT_EQ(result.status, PackingStatus::LimitReached);
  EXPECT_FALSE(result.optimal);
  EXPECT_GT(result.height, p.capacity);
  p.capacity = result.height;
  EXPECT_EQ(checkPacking(p, result.offsets), "");
}

TEST(PackingStressTest, ANodeLimitGivesTheBestFitAnswer) {
  PackingProblem p = tightProblem();
  PackingOptions options;
  options.nodeLimit = 3;
  PackingResult result = pack(p, options);
  expectBestFitAnswer(p, result);
  EXPECT_EQ(result.nodes, 3);
}

TEST(PackingStressTest, CancellingGivesTheBestFitAnswer) {
  PackingProblem p = tightProblem();
  PackingOptions options;
  options.cancelled = [] { return true; };
  expectBestFitAnswer(p, pack(p, options));
}

// On a large problem the heuristic's orders take seconds: the first one counts
// where there is time for no more.
TEST(PackingStressTest, CancellingEndsTheHeuristicAfterOnePacking) {
  Random random(23, "packer-cancelled");
  PackingProblem p = cutRectangle(random, 3000, int64_t(1) << 40, 300);
  p.capacity = INT64_MAX;
  int64_t asked = 0;
  PackingOptions options;
  options.minimize = true;
  options.cancelled = [&] { return ++asked > 0; };
  PackingResult result = pack(p, options);
  EXPECT_EQ(result.status, PackingStatus::Packed);
  EXPECT_FALSE(result.optimal);
  EXPECT_EQ(checkPacking(p, result.offsets), "");
  EXPECT_GT(result.height, packBestFit(p).height);
}

TEST(PackingStressTest, ALimitedMinimisationKeepsWhatItHas) {
  PackingProblem p = tightProblem();
  p.capacity = INT64_MAX;
  PackingOptions options;
  options.minimize = true;
  options.nodeLimit = 3;
  PackingResult result = pack(p, options);
  EXPECT_EQ(result.status, PackingStatus::Packed);
  EXPECT_FALSE(result.optimal);
  EXPECT_EQ(checkPacking(p, result.offsets), "");
}

TEST(PackingStressTest, BestFitTakesThousandsOfBuffers) {
  Random random(17, "packer-large");
  PackingProblem p = cutRectangle(random, 100000, int64_t(1) << 40, 6000);
  PackingResult result = packBestFit(p);
  p.capacity = INT64_MAX;
  EXPECT_EQ(checkPacking(p, result.offsets), "");
  EXPECT_LT(result.height, int64_t(2) << 40);
}

class ExtraPackingTest : public testing::TestWithParam<const char *> {};

TEST_P(ExtraPackingTest, IsPackedAtItsCapacity) {
  std::string path = extraData(GetParam());
  if (path.empty())
    GTEST_SKIP() << kNoExtraData;
  llvm::Expected<PackingTable> table = readPackingCsv(path);
  ASSERT_TRUE(bool(table)) << llvm::toString(table.takeError());
  PackingProblem *p = &table->problem;
  bool challenging = llvm::StringRef(GetParam()).starts_with("minimalloc");
  p->capacity = challenging ? 1048576 : maxLoad(*p);
  PackingResult result = pack(*p);
  EXPECT_EQ(result.status, PackingStatus::Packed);
  EXPECT_EQ(checkPacking(*p, result.offsets), "");
}

INSTANTIATE_TEST_SUITE_P(
    Fast, ExtraPackingTest,
    testing::Values("minimalloc/B.1048576.csv", "minimalloc/C.1048576.csv",
                    "minimalloc/D.1048576.csv", "minimalloc/E.1048576.csv",
                    "minimalloc/G.1048576.csv", "minimalloc/H.1048576.csv",
                    "minimalloc/I.1048576.csv", "minimalloc/K.1048576.csv",
                    "somas/resnet50.csv", "iopddl/G_1.csv",
                    "iree_packs/wavenet.csv"));
