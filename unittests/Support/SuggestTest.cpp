//===- SuggestTest.cpp - did you mean -------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names that are close, and names that are not.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Suggest.h"

#include "gtest/gtest.h"

#include <vector>

using namespace mempl;

static const std::vector<std::string> kNames = {
    "greedy", "search", "portfolio", "tpu-v5e", "tpu-v5p", "edge-npu", "x"};

TEST(SuggestTest, FindsTheNearest) {
  EXPECT_EQ(nearestName("gredy", kNames), "greedy");
  EXPECT_EQ(nearestName("Search", kNames), "search");
  EXPECT_EQ(nearestName("portfoilo", kNames), "portfolio");
  EXPECT_EQ(nearestName("tpu-v5", kNames), "tpu-v5e"); // The first of two.
  EXPECT_EQ(nearestName("edge_npu", kNames), "edge-npu");
}

TEST(SuggestTest, APartIsEnoughIfOnlyOneNameHasIt) {
  EXPECT_EQ(nearestName("npu", kNames), "edge-npu");
  EXPECT_EQ(nearestName("tpu", kNames), "");
  EXPECT_EQ(nearestName("ed", kNames), "");
}

TEST(SuggestTest, SaysNothingIfNothingIsClose) {
  EXPECT_EQ(nearestName("abacus", kNames), "");
  EXPECT_EQ(nearestName("", kNames), "");
  EXPECT_EQ(nearestName("y", kNames), "");
  EXPECT_EQ(nearestName("greedy", std::vector<std::string>()), "");
}

TEST(SuggestTest, ACommandLineProblemIsOneLine) {
  EXPECT_EQ(commandLineProblem("x: Unknown argument '--polcy=a'.  Try: 'x "
                               "--help'\nx: Did you mean '--policy=a'?\n"),
            "Unknown argument '--polcy=a'; did you mean '--policy=a'? See "
            "--help.");
  EXPECT_EQ(commandLineProblem("x: Unknown argument '--frob'.  Try: 'x "
                               "--help'\nx: Did you mean '--help'?\n"),
            "Unknown argument '--frob'. See --help.");
  EXPECT_EQ(commandLineProblem("x: Too many!\n"), "Too many!");
}

TEST(SuggestTest, IsTheEndOfAnError) {
  EXPECT_EQ(didYouMean("serch", kNames), "; did you mean 'search'?");
  EXPECT_EQ(didYouMean("abacus", kNames), "");
}
