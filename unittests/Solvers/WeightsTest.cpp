//===- WeightsTest.cpp - files of weights, whole and damaged --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Weights.h"

#include "gtest/gtest.h"

#include <limits>

using namespace mempl;

namespace {

/// What parsing says; "" if nothing is wrong.
std::string errorOf(llvm::StringRef contents) {
  auto weights = Weights::parse(contents, "w.mempl");
  return weights ? "" : llvm::toString(weights.takeError());
}

Weights some(float number = 0.5F) {
  Weights weights;
  weights.set("b", {{2, 3}, {1, 2, 3, 4, 5, number}});
  weights.set("a", {{1}, {3e-20F}});
  return weights;
}

/// The contents of weights up to their first array.
std::string head() { return Weights().contents(); }

TEST(Weights, AreReadAsTheyWereWritten) {
  std::string contents = some().contents();
  auto weights = Weights::parse(contents, "w");
  ASSERT_TRUE(bool(weights));
  EXPECT_EQ(weights->contents(), contents);
  ASSERT_TRUE(weights->has("b"));
  EXPECT_EQ(weights->find("b")->numbers, some().find("b")->numbers);
  EXPECT_FALSE(weights->has("c"));
}

TEST(Weights, NumbersHaveALimit) {
  EXPECT_EQ(errorOf(some(1e6F).contents()), "");
  EXPECT_EQ(errorOf(some(-1e6F).contents()), "");
  for (float number : {1.1e6F, -1.1e6F, std::numeric_limits<float>::infinity(),
                       std::numeric_limits<float>::quiet_NaN()})
    EXPECT_EQ(errorOf(some(number).contents()),
              "w.mempl: error: damaged weights");
}

TEST(Weights, ShapesAreHeldAgainstTheSizeOfTheFile) {
  const char *const damaged = "w.mempl: error: damaged weights";
  EXPECT_EQ(errorOf(head() + "a 1\n0000"), "");
  for (const char *array :
       {"a 2\n0000", "a 0\n", "a -1\n", "a 1\n000", "a x\n0000", " 1\n0000",
        "a 268435457\n", "a 4294967296 4294967296\n",
        "a 9223372036854775807 9223372036854775807\n",
        "a 99999999999999999999\n", "a"})
    EXPECT_EQ(errorOf(head() + array), damaged) << array;
  std::string contents = some().contents();
  for (size_t size = head().size() + 1; size < contents.size(); ++size)
    if (size != contents.find("b 2 3"))
      EXPECT_EQ(errorOf(llvm::StringRef(contents).take_front(size)), damaged)
          << size;
}

TEST(Weights, OtherFilesAreTold) {
  const char *const none =
      "w.mempl: error: expected weights, as mempl-train writes them";
  EXPECT_EQ(errorOf(""), none);
  EXPECT_EQ(errorOf("{}"), none);
  EXPECT_EQ(errorOf("mempl-weights five 0123456789abcdef\n"), none);
  EXPECT_EQ(errorOf("mempl-network 4\n"),
            "w.mempl: error: these weights are of an earlier mempl, for a game "
            "that is gone: train them anew");
  EXPECT_EQ(errorOf("mempl-weights 6 0123456789abcdef\n"),
            "w.mempl: error: weights of version 6; this mempl reads up to 5");
  EXPECT_EQ(errorOf("mempl-weights 5 0123456789abcdef\n"),
            "w.mempl: error: these weights see other features than this mempl "
            "has: train them anew");
}

TEST(Weights, UsersSayTheShapeThatTheyExpect) {
  Weights weights = some();
  auto array = weights.get("b", {-1, 3});
  ASSERT_TRUE(bool(array));
  EXPECT_EQ(*array, weights.find("b"));
  auto text = [&](llvm::StringRef name, llvm::ArrayRef<int64_t> shape) {
    auto got = weights.get(name, shape);
    return got ? "" : llvm::toString(got.takeError());
  };
  EXPECT_EQ(text("b", {3, 3}), "weights b are of another shape than expected");
  EXPECT_EQ(text("b", {6}), "weights b are of another shape than expected");
  EXPECT_EQ(text("c", {1}), "these weights have no c");
}

} // namespace
