//===- CoverageTest.cpp - what a problem leaves out -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Coverage.h"

#include "gtest/gtest.h"

using namespace mempl;

static std::string textOf(const Instance &instance, size_t mostReasons = 5) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printUncovered(os, uncovered(instance), "  ", mostReasons);
  return text;
}

/// A program of two steps; the second is a loop of ten trips.
static Instance program() {
  Instance instance;
  instance.machine.capacity = 64;
  instance.program.values = {
      {"fits", 32, ValueKind::Input},
      {"large", 65, ValueKind::Input},
      {"called", 8, ValueKind::Input, SpaceConstraint::Slow},
      {"pinned", 8, ValueKind::Input, SpaceConstraint::Slow}};
  instance.program.values[2].reason = "is passed to a call";
  Step first;
  first.accesses = {{0, 32}, {1, 65}, {2, 8}, {2, 8}, {3, 8}};
  Program body;
  body.values = {{"called", 16, ValueKind::Temporary, SpaceConstraint::Slow}};
  body.values[0].reason = "is passed to a call";
  Step inside;
  inside.accesses = {{0, 16, AccessMode::Write}};
  body.steps = {inside};
  Step loop;
  loop.trips = 10;
  loop.accesses = {{0, 320}};
  loop.body = std::make_shared<Program>(body);
  instance.program.steps = {first, loop};
  return instance;
}

/// Of a tensor that a loop takes slice by slice, the slices tell all.
TEST(Coverage, LeavesOutWhatIsUsedSliceBySlice) {
  Instance instance = program();
  instance.program.values[2].reason = "is used slice by slice";
  instance.program.steps[0].accesses = {{0, 32}, {1, 65}, {3, 8}};
  instance.program.steps[1].accesses.push_back({2, 0});
  EXPECT_EQ(usedSliceBySlice(instance.program),
            (std::vector<bool>{false, false, true, false}));
  EXPECT_EQ(uncovered(instance).values, 3);
}

TEST(Coverage, AddsUpByReasonAndInAllTrips) {
  Uncovered result = uncovered(program());
  EXPECT_EQ(result.values, 4);
  EXPECT_EQ(result.bytes, 65 + 16 + 8 + 160);
  EXPECT_EQ(result.allBytes, 32 + 65 + 16 + 8 + 320 + 160);
  ASSERT_EQ(result.groups.size(), 3u);
  EXPECT_EQ(result.groups[0].reason, "is passed to a call");
  EXPECT_EQ(result.groups[0].values, 2);
  EXPECT_EQ(result.groups[0].bytes, 16 + 160);
  EXPECT_EQ(result.groups[1].reason, "is larger than fast memory");
  EXPECT_EQ(result.groups[1].bytes, 65);
  EXPECT_EQ(result.groups[2].reason, "is constrained to slow memory");
}

TEST(Coverage, PrintsTheWorstFirstAndTheRestTogether) {
  EXPECT_EQ(textOf(program(), 1),
            "4 values, 249 B of the 601 B of traffic\n"
            "  176 B, 2 values: each is passed to a call\n"
            "  73 B, 2 values: for 2 other reasons\n");
}

TEST(Coverage, PrintsNothingWhereAllCanBePlaced) {
  Instance instance = program();
  instance.program.values.resize(1);
  instance.program.steps.resize(1);
  instance.program.steps[0].accesses.resize(1);
  EXPECT_EQ(uncovered(instance).values, 0);
  EXPECT_EQ(textOf(instance), "");
}
