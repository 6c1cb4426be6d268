//===- MsaPartsTest.cpp - channels, heap, picker and costs of MSA ---------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Figures are those of XLA's own tests of the same parts, where it has them.
//
//===----------------------------------------------------------------------===//

#include "MsaCopies.h"
#include "MsaCost.h"
#include "MsaHeap.h"
#include "MsaIntervals.h"

#include "HandMade.h"

#include "mempl/Support/Random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;
using testing::ElementsAre;

namespace {

//===----------------------------------------------------------------------===//
// MsaChannel
//===----------------------------------------------------------------------===//

TEST(MsaChannel, TakesWhatStillCompletesInTime) {
  MsaChannel channel({2, 3, 1, 6, 7, 1, 7, 2, 2, 4});
  EXPECT_TRUE(channel.add(-1, 3, 5));
  EXPECT_TRUE(channel.add(1, 4, 4));
  EXPECT_TRUE(channel.add(5, 9, 10));
  EXPECT_FALSE(channel.add(4, 9, 3));
  EXPECT_TRUE(channel.add(4, 8, 2));
}

TEST(MsaChannel, PushesLaterCopiesOut) {
  MsaChannel channel(std::vector<double>(10, 2));
  for (int start = 6; start >= 1; --start)
    EXPECT_TRUE(channel.add(start, start + 4, 2));
  EXPECT_TRUE(channel.add(0, 4, 3));
  EXPECT_TRUE(channel.add(0, 4, 3));
  EXPECT_THAT(channel.unused(), ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_FALSE(channel.add(0, 4, 1));
}

TEST(MsaChannel, RefusesWhatWouldMakeAnotherLate) {
  MsaChannel channel(std::vector<double>(10, 2));
  EXPECT_TRUE(channel.add(5, 10, 2));
  EXPECT_TRUE(channel.add(4, 7, 2));
  EXPECT_TRUE(channel.add(4, 8, 4));
  EXPECT_FALSE(channel.add(3, 6, 4));

  MsaChannel nested(std::vector<double>(10, 2));
  EXPECT_TRUE(nested.add(1, 3, 2));
  EXPECT_FALSE(nested.add(0, 4, 4));
}

TEST(MsaChannel, ForgetsWhatIsRemoved) {
  struct Copy {
    int start, done;
    double need;
  };
  std::vector<Copy> copies = {{5, 10, 2}, {4, 7, 2}, {4, 8, 4}};
  std::vector<int> order = {0, 1, 2};
  do {
    MsaChannel channel(std::vector<double>(10, 2));
    for (const Copy &c : copies)
      channel.force(c.start, c.done, c.need);
    for (int i : order) {
      std::vector<double> with = channel.unused();
      channel.remove(copies[i].start, copies[i].done, copies[i].need);
      EXPECT_NE(channel.unused(), with);
    }
    EXPECT_EQ(channel.unused(), std::vector<double>(10, 2));
    EXPECT_TRUE(channel.add(3, 6, 4));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(MsaChannel, AgreesWithAServerRunStepByStep) {
  Random random(5, "msa channel");
  for (int round = 0; round < 300; ++round) {
    int n = static_cast<int>(random.between(1, 20));
    std::vector<double> capacity;
    for (int i = 0; i < n; ++i)
      capacity.push_back(static_cast<double>(random.between(0, 5)));
    MsaChannel channel(capacity);
    struct Copy {
      int start, done;
      double need;
    };
    std::vector<Copy> copies; // In the order in which they are served.
    auto allComplete = [&](const std::vector<Copy> &all) {
      std::vector<double> left = capacity;
      size_t from = 0;
      for (const Copy &c : all) {
        double need = c.need;
        from = std::max<size_t>(from, static_cast<size_t>(c.start + 1));
        while (need > 0) {
          if (from >= static_cast<size_t>(c.done))
            return false;
          double part = std::min(need, left[from]);
          need -= part;
          left[from] -= part;
          if (need > 0)
            ++from;
        }
      }
      return true;
    };
    for (int k = 0; k < 30; ++k) {
      if (!copies.empty() && random.chance(0.2)) {
        size_t i = random.below(copies.size());
        channel.remove(copies[i].start, copies[i].done, copies[i].need);
        // Of equal ones it forgets the last; they are the same.
        copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      Copy c;
      c.start = static_cast<int>(random.between(-1, n - 1));
      c.done = static_cast<int>(random.between(c.start + 1, n));
      c.need = static_cast<double>(random.between(1, 6));
      auto next = copies;
      auto at = std::upper_bound(
          next.begin(), next.end(), c,
          [](const Copy &a, const Copy &b) { return a.start < b.start; });
      next.insert(at, c);
      bool fits = allComplete(next);
      ASSERT_EQ(channel.add(c.start, c.done, c.need), fits);
      if (fits)
        copies = next;
    }
  }
}

TEST(MsaChannel, KnowsWhichCopiesWouldNest) {
  MsaChannel channel(std::vector<double>(20, 1));
  for (auto [start, done] : {std::pair(3, 11), {1, 8}, {5, 14}, {7, 14}})
    channel.force(start, done, 0);
  EXPECT_TRUE(channel.breaksConstraint(2, 16));
  EXPECT_TRUE(channel.breaksConstraint(9, 12));
  EXPECT_TRUE(channel.breaksConstraint(6, 17));
  EXPECT_FALSE(channel.breaksConstraint(5, 13));
  EXPECT_FALSE(channel.breaksConstraint(5, 14));
}

TEST(MsaChannel, CountsCopiesThatMeetInTime) {
  MsaChannel channel(std::vector<double>(20, 1));
  channel.force(-1, 4, 0);
  channel.force(3, 11, 0);
  EXPECT_EQ(channel.numOverlapping(-1, 2), 1);
  EXPECT_EQ(channel.numOverlapping(4, 5), 2);
  EXPECT_EQ(channel.numOverlapping(5, 6), 1);
  EXPECT_EQ(channel.numOverlapping(12, 20), 0);
}

//===----------------------------------------------------------------------===//
// RangeCounts and MsaHeap
//===----------------------------------------------------------------------===//

TEST(RangeCounts, AgreesWithAList) {
  Random random(3, "range counts");
  for (int n : {1, 2, 7, 33}) {
    RangeCounts counts(n);
    std::vector<int64_t> list(n);
    for (int k = 0; k < 400; ++k) {
      auto a = static_cast<int32_t>(random.below(n));
      auto b = static_cast<int32_t>(random.between(a, n - 1));
      int64_t amount = random.between(-3, 5);
      counts.add(a, b, amount);
      for (int i = a; i <= b; ++i)
        list[i] += amount;
      a = static_cast<int32_t>(random.below(n));
      b = static_cast<int32_t>(random.between(a, n - 1));
      ASSERT_EQ(counts.max(a, b),
                *std::max_element(list.begin() + a, list.begin() + b + 1));
      int64_t limit = random.between(-5, 60);
      int32_t last = b;
      while (last >= 0 && list[last] <= limit)
        --last;
      ASSERT_EQ(counts.lastAbove(b, limit), last);
    }
  }
}

TEST(MsaHeap, TakesTheSmallestHoleThatFits) {
  MsaHeap heap(10, 128, 8);
  heap.add({0, 9, 0, 16});
  heap.add({0, 9, 48, 16}); // A hole of 32 below.
  heap.add({0, 9, 80, 8});  // One of 16 below, and the rest above.
  EXPECT_EQ(heap.bestFit(2, 3, 16), 64);
  EXPECT_EQ(heap.bestFit(2, 3, 24), 16);
  EXPECT_EQ(heap.bestFit(2, 3, 40), 88);
  EXPECT_EQ(heap.bestFit(2, 3, 48), -1);
  // The rest above is endless, so any other hole is smaller.
  EXPECT_EQ(heap.bestFit(2, 3, 32), 16);
}

TEST(MsaHeap, RepacksAFragmentedHeapKeepingTimes) {
  for (MsaRepacker repacker : {MsaRepacker::BestFit, MsaRepacker::Exact}) {
    MsaHeap heap(10, 128, 8);
    MsaOptions options;
    options.repacker = repacker;
    int32_t a = heap.add({0, 2, 0, 32});
    int32_t b = heap.add({1, 9, 32, 32});
    EXPECT_EQ(heap.bestFit(3, 9, 96), -1);
    EXPECT_TRUE(heap.repack(options));
    EXPECT_NE(heap.bestFit(3, 9, 96), -1);
    EXPECT_EQ(heap.chunk(a).end, 2);
    EXPECT_EQ(heap.chunk(b).start, 1);
  }
}

TEST(MsaHeap, LeavesFixedChunksInPlace) {
  for (MsaRepacker repacker : {MsaRepacker::BestFit, MsaRepacker::Exact}) {
    MsaHeap heap(10, 128, 8);
    heap.setReserved(5, 8);
    MsaOptions options;
    options.repacker = repacker;
    int32_t fixed = heap.add({0, 9, 64, 32, true});
    heap.add({0, 3, 32, 32});
    EXPECT_TRUE(heap.repack(options));
    EXPECT_EQ(heap.chunk(fixed).offset, 64);
  }
}

TEST(MsaHeap, SaysHowLongBytesStayFree) {
  MsaHeap heap(10, 128, 8);
  heap.setReserved(7, 16);
  heap.add({5, 6, 32, 16});
  EXPECT_EQ(heap.freeUntil(0, 9, 40, 16), 4);
  EXPECT_EQ(heap.freeUntil(0, 9, 8, 16), 6);
  EXPECT_EQ(heap.freeUntil(0, 9, 64, 64), 9);
  EXPECT_EQ(heap.freeUntil(5, 9, 32, 8), 4);
  EXPECT_EQ(heap.roomSince(9, 120), 8);
  EXPECT_EQ(heap.roomSince(4, 128), 0);
}

//===----------------------------------------------------------------------===//
// MsaIntervals
//===----------------------------------------------------------------------===//

/// Steps of given seconds, memory of 32 bytes that takes 3 s to copy.
struct PickerCase {
  Instance instance;
  MsaOptions options;

  explicit PickerCase(const std::vector<double> &seconds) {
    Machine m;
    m.capacity = 32;
    m.slowBandwidth = m.fastBandwidth = 1000;
    m.copyBandwidth = 32.0 / 3;
    std::vector<Step> steps;
    for (double s : seconds)
      steps.push_back(step(s));
    instance = program({}, std::move(steps), m);
    options.minOverlap = 1;
    options.preferredOverlap = 2;
    options.maxOverlap = 4;
  }

  std::vector<int32_t> starts(int32_t earliest, int32_t done) const {
    AccessIndex index(instance);
    MsaCost cost(index, options);
    MsaIntervals picker(cost, index.numSteps(), 32, options);
    picker.begin(32, 0.5, earliest, done);
    std::vector<int32_t> result;
    while (auto start = picker.next())
      result.push_back(*start);
    return result;
  }
};

TEST(MsaIntervals, GoOutwardsFromThePreferredStart) {
  PickerCase c(std::vector<double>(23, 1));
  EXPECT_THAT(c.starts(0, 22),
              ElementsAre(15, 16, 14, 17, 13, 18, 12, 11, 10, 9));
  EXPECT_THAT(c.starts(19, 22), ElementsAre());
}

TEST(MsaIntervals, OfferOneStartWhereOneStepIsLongerThanBothLimits) {
  std::vector<double> seconds(23, 1);
  seconds[21] = 20;
  EXPECT_THAT(PickerCase(seconds).starts(0, 22), ElementsAre(20));
}

TEST(MsaIntervals, TakeALoopForFiveTripsOfItsBody) {
  PickerCase c(std::vector<double>(12, 1));
  Instance body = program({}, {step(1), step(1)}, c.instance.machine);
  c.instance.program.steps[6].body = std::make_shared<Program>(body.program);
  c.instance.program.steps[6].trips = 100;
  AccessIndex index(c.instance);
  MsaCost cost(index, c.options);
  MsaIntervals picker(cost, index.numSteps(), 32, c.options);
  EXPECT_EQ(picker.between(5, 7), 10);
  EXPECT_EQ(cost.copyCapacity(6), 0);
  // A copy starts before the loop or after it, never within.
  EXPECT_THAT(c.starts(0, 9), ElementsAre(5));
  EXPECT_THAT(c.starts(0, 11), ElementsAre(6, 7));
}

TEST(MsaIntervals, CountStepsWhereAsked) {
  PickerCase c(std::vector<double>(23, 1));
  c.options.picker = MsaPicker::Count;
  EXPECT_THAT(c.starts(0, 7), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(c.starts(15, 20), ElementsAre(15, 16, 17));
  EXPECT_THAT(c.starts(18, 20), ElementsAre());
}

//===----------------------------------------------------------------------===//
// MsaCost
//===----------------------------------------------------------------------===//

TEST(MsaCost, IsTheLongerOfComputeAndTraffic) {
  Machine m = machine();
  m.slowBandwidth = 32;
  m.fastBandwidth = 128;
  Instance instance =
      program({input("a", 32), input("b", 32), temporary("c", 32)},
              {step(1, {read(0, 32), read(1, 32), write(2, 32)})}, m);
  AccessIndex index(instance);
  MsaOptions options;
  MsaCost cost(index, options);
  EXPECT_DOUBLE_EQ(cost.memory(0), 3);
  EXPECT_DOUBLE_EQ(cost.memory(0, 32), 2.25);
  EXPECT_DOUBLE_EQ(cost.memory(0, 64), 1.5);
  EXPECT_DOUBLE_EQ(cost.memory(0, 96), 0.75);
  EXPECT_DOUBLE_EQ(cost.elapsedWith(0, 96), 1);
  EXPECT_DOUBLE_EQ(cost.saving(0), 0.75);
  EXPECT_DOUBLE_EQ(cost.benefit(0), 0.75);
  EXPECT_DOUBLE_EQ(cost.boundedness(0), 0.75);

  options.overheadWindow = 64;
  EXPECT_DOUBLE_EQ(cost.elapsedWith(0, 0), 3 + 2.0 / 3);
  EXPECT_DOUBLE_EQ(cost.elapsedWith(0, 32), 2.25 + 2.0 / 3);
  EXPECT_DOUBLE_EQ(cost.elapsedWith(0, 64), 1.5 + 1.0 / 3);
  EXPECT_DOUBLE_EQ(cost.elapsedWith(0, 96), 1);
}

TEST(MsaCost, OrdersByBenefitThenSizeThenTime) {
  // Step 0 is bound by memory, step 2 by computation.
  Instance instance =
      program({input("late", 10), input("bound", 20), input("big", 40),
               input("used twice", 20)},
              {step(0, {read(1, 20), read(3, 20)}), step(0, {read(3, 20)}),
               step(100, {read(0, 10), read(2, 40)})});
  AccessIndex index(instance);
  MsaOptions options;
  EXPECT_THAT(MsaCost(index, options).order(), ElementsAre(3, 1, 2, 0));
  options.order = MsaOrder::Spatial;
  EXPECT_THAT(MsaCost(index, options).order(), ElementsAre(2, 3, 1, 0));
  options.permutation = {0, 1};
  EXPECT_THAT(MsaCost(index, options).order(), ElementsAre(0, 1, 2, 3));
}

} // namespace
