//===- SourceTextTest.cpp - lines of the user's program -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Their form, their bound, and the file in them.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/SourceText.h"

#include "gtest/gtest.h"

using namespace mempl;

namespace {

TEST(SourceText, HasFileLineAndName) {
  EXPECT_EQ(sourceText("net.mlir", 12), "net.mlir:12");
  EXPECT_EQ(sourceText("a/b.py", 3, "jit(f)/add"), "a/b.py:3 (jit(f)/add)");
}

TEST(SourceText, IsEmptyWhereNobodyCanLook) {
  EXPECT_EQ(sourceText("", 1), "");
  EXPECT_EQ(sourceText("-", 1, "x"), "");
  EXPECT_EQ(sourceText("<stdin>", 1), "");
  EXPECT_EQ(sourceText("a.py", 0), "");
}

TEST(SourceText, IsNeverLong) {
  // Characters of two bytes, of which none is cut in two.
  std::string name;
  for (int i = 0; i < 300; ++i)
    name += "\xC3\xA9";
  for (size_t length = 1; length < 300; ++length) {
    std::string file(length, 'f');
    std::string text = sourceText(file, 7, name);
    EXPECT_LE(text.size(), kMaxSourceBytes) << length;
    EXPECT_EQ(text.empty(), length + 2 > kMaxSourceBytes) << length;
    if (!text.empty())
      EXPECT_EQ(sourceFile(text), file);
    size_t dots = text.find("..)");
    if (dots != std::string::npos)
      EXPECT_NE(text[dots - 1], '\xC3') << length;
  }
  std::string exact(kMaxSourceBytes - std::string("f:7 ()").size(), 'n');
  EXPECT_EQ(sourceText("f", 7, exact), "f:7 (" + exact + ")");
}

TEST(SourceText, TheFileIsFoundAgain) {
  EXPECT_EQ(sourceFile("a.py:3 (jit(f)/x:4)"), "a.py");
  EXPECT_EQ(sourceFile("C:/x.mlir:12"), "C:/x.mlir");
  EXPECT_EQ(sourceFile("a:b:12"), "a:b");
  for (const char *other : {"", "a.py", "a.py:", "a.py:x", "a.py:3x", "a:3 (b"})
    EXPECT_EQ(sourceFile(other), "") << other;
}

} // namespace
