//===- ProgressTest.cpp - the progress display ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Progress.h"

#include "gtest/gtest.h"

using namespace mempl;

TEST(Progress, IsSilentWhereNobodyLooks) {
  std::string text;
  llvm::raw_string_ostream os(text);
  int made = 0;
  for (ProgressMode mode : {ProgressMode::Auto, ProgressMode::Never}) {
    Progress progress(mode, os);
    EXPECT_FALSE(progress.isShown());
    progress.update([&] {
      ++made;
      return std::string("x");
    });
    progress.clear();
  }
  EXPECT_EQ(text, "");
  EXPECT_EQ(made, 0);
}

TEST(Progress, ShowsLinesWhereAsked) {
  std::string text;
  llvm::raw_string_ostream os(text);
  int made = 0;
  {
    Progress progress(ProgressMode::Always, os);
    EXPECT_TRUE(progress.isShown());
    for (int i = 0; i < 1000; ++i)
      progress.update([&] {
        ++made;
        return std::string("first\nsecond");
      });
  }
  // Far fewer lines than updates; only the first line of each text.
  EXPECT_GE(made, 1);
  EXPECT_LT(made, 100);
  EXPECT_EQ(text.substr(0, 6), "first\n");
  EXPECT_EQ(text.size(), 6u * made);
}
