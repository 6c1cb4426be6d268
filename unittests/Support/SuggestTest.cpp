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
#include "mempl/Support/OptionNames.h"

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
  EXPECT_EQ(nearestName("v5", std::vector<std::string>{"v4", "v5e", "v5p"}),
            "v5e"); // As near as v4, but it begins like that.
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
  EXPECT_EQ(commandLineProblem("x: Unknown argument '--solvr=a'.  Try: 'x "
                               "--help'\nx: Did you mean '--solver=a'?\n"),
            "Unknown argument '--solvr=a'; did you mean '--solver=a'? See "
            "--help.");
  EXPECT_EQ(commandLineProblem("x: Unknown argument '--frob'.  Try: 'x "
                               "--help'\nx: Did you mean '--help'?\n"),
            "Unknown argument '--frob'. See --help.");
  EXPECT_EQ(commandLineProblem("x: Too many!\n"), "Too many!");
}

TEST(SuggestTest, OptionsOfPassesHaveNames) {
  EXPECT_EQ(optionNames("a=1 b={c=2 d} e='x y' f g= h=\"{\""),
            (std::vector<std::string>{"a", "b", "e", "f", "g", "h"}));
  auto print = [](llvm::raw_ostream &os) {
    os << "some-pass{budget=20000 map={a b} target=}";
  };
  EXPECT_EQ(wrongOptionName("target=tiny map={c=d} budget=1", print), "");
  EXPECT_EQ(wrongOptionName("", print), "");
  EXPECT_EQ(wrongOptionName("targt=tiny", print),
            "some-pass: no option 'targt'; expected budget, map, target; did "
            "you mean 'target'?");
}

TEST(SuggestTest, AMessageWithoutAPlaceIsTheTools) {
  EXPECT_EQ(withPlace("unknown target", "t"), "t: error: unknown target");
  EXPECT_EQ(withPlace("f.json:1: error: no", "t"), "f.json:1: error: no");
}

TEST(SuggestTest, IsTheEndOfAnError) {
  EXPECT_EQ(didYouMean("serch", kNames), "; did you mean 'search'?");
  EXPECT_EQ(didYouMean("abacus", kNames), "");
}
