//===- MsaLoopsTest.cpp - unrolled loops ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Repeats are found by what steps look like, and one of them stands for all.
//
//===----------------------------------------------------------------------===//

#include "MsaLoops.h"

#include "HandMade.h"

#include "mempl/Problem/Verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;

namespace {

/// Repeats of five additions of 16-byte values, of which three are needed at a
/// time. The third reserves as much besides; the last takes a weight of its
/// own.
struct FiveAdditions {
  Instance instance;
  MsaOptions options;

  explicit FiveAdditions(int repeats, int noise = 0) {
    Machine m;
    m.capacity = 1024;
    m.alignment = 16;
    m.slowBandwidth = m.copyBandwidth = 32;
    m.fastBandwidth = 128;
    instance.name = "additions";
    instance.machine = m;
    auto add = [&](ValueKind kind) {
      instance.program.values.push_back({"v", 16, kind});
      return instance.numValues() - 1;
    };
    int32_t before3 = add(ValueKind::Input), before4 = add(ValueKind::Input);
    auto addition = [&](int32_t a, int32_t b) {
      int32_t c = add(ValueKind::Temporary);
      instance.program.steps.push_back(
          step(0.25, {read(a, 16), read(b, 16), write(c, 16)}));
      return c;
    };
    for (int i = 0; i < noise; ++i)
      instance.program.steps.push_back(step(i + 1));
    for (int r = 0; r < repeats; ++r) {
      int32_t op0 = addition(before3, before4);
      int32_t op1 = addition(before4, op0);
      int32_t op2 = addition(op0, op1);
      instance.program.steps.back().reserved = 16;
      int32_t op3 = addition(op1, op2);
      int32_t op4 = addition(add(ValueKind::Input), op3);
      before3 = op3;
      before4 = op4;
    }
    options.loopOptimizer = true;
  }
};

TEST(MsaRepeats, AreFoundWhereverTheyBegin) {
  for (int noise : {0, 3, 50}) {
    FiveAdditions program(6, noise);
    AccessIndex index(program.instance);
    auto repeats = findRepeats(index, 3);
    ASSERT_EQ(repeats.size(), 1u);
    EXPECT_EQ(repeats[0].period, 5);
    EXPECT_GE(repeats[0].start, noise);
    EXPECT_LE(repeats[0].start, noise + 5);
    EXPECT_GE(repeats[0].repeats, 5);
    EXPECT_TRUE(findRepeats(index, 7).empty());
  }
}

TEST(MsaRepeats, AreNotSeenInStepsThatDiffer) {
  FiveAdditions program(6);
  double seconds = 1;
  for (Step &step : program.instance.program.steps)
    step.compute = ++seconds;
  AccessIndex index(program.instance);
  EXPECT_TRUE(findRepeats(index, 3).empty());
}

double secondsWith(int64_t capacity, double ratio = 0.7) {
  FiveAdditions program(6);
  program.options.loopCopyRatio = ratio;
  program.options.loopAllowUnsatisfied = false;
  AccessIndex index(program.instance);
  MsaCost cost(index, program.options);
  MsaRepeat loop = findRepeats(index, 3).front();
  // The weight's step last, as it is written above.
  loop.repeats -= loop.start % 5 != 0;
  loop.start = (loop.start + 4) / 5 * 5;
  MsaLoopOptimizer optimizer(index, cost, program.options, loop, capacity);
  optimizer.optimize();
  return optimizer.seconds();
}

TEST(MsaLoops, PrefetchWhatIdleBandwidthCovers) {
  // Five steps of 48 bytes at 128 bytes per second.
  EXPECT_DOUBLE_EQ(secondsWith(80), 1.875);
}

TEST(MsaLoops, AcceptAPrefetchThatIsAlmostCovered) {
  // The weight finds room one step before its use: 0.375 s of the 0.5 s that
  // its copy takes. The rest is waited for.
  EXPECT_DOUBLE_EQ(secondsWith(64), 2.0);
  // Or it is read from slow memory: 0.5 s for its 16 bytes, not 0.125.
  EXPECT_DOUBLE_EQ(secondsWith(64, 0.8), 2.25);
}

TEST(MsaLoops, LeaveOutWhatFindsNoRoom) {
  EXPECT_GT(secondsWith(48), secondsWith(64));
  EXPECT_DOUBLE_EQ(secondsWith(0), 7.5);
}

TEST(MsaLoops, GiveTheSameHintsToAllRepeats) {
  FiveAdditions program(8);
  AccessIndex index(program.instance);
  MsaCost cost(index, program.options);
  MsaStatistics stats;
  auto hints = optimizeLoops(index, cost, program.options, 80, stats);
  ASSERT_EQ(stats.loopsOptimized, 1);
  int prefetches = 0;
  for (int32_t u = 0; u < index.numUses(); ++u)
    if (hints[u].kind == MsaHint::Prefetch) {
      ++prefetches;
      EXPECT_EQ(index.use(u).step - hints[u].start, 3);
    }
  EXPECT_GE(prefetches, 6);
}

TEST(MsaLoops, AreFollowedByThePlan) {
  FiveAdditions program(8);
  program.instance.machine.capacity = 80;
  MsaStatistics stats;
  Plan plan =
      llvm::cantFail(planMsa(program.instance, program.options, &stats));
  EXPECT_EQ(stats.loopsOptimized, 1);
  EXPECT_TRUE(verify(program.instance, plan).empty());
  EXPECT_GE(stats.prefetches, 6);
  EXPECT_EQ(stats.evictions, 0);
}

} // namespace
