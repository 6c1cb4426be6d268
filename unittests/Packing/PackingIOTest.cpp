//===- PackingIOTest.cpp - packing problems as CSV --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is read, what is written, and one test per error.
//
//===----------------------------------------------------------------------===//

#include "mempl/Packing/PackingIO.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mempl;
using testing::HasSubstr;
using testing::StartsWith;

static PackingProblem parsed(llvm::StringRef text) {
  llvm::Expected<PackingProblem> p = parsePackingCsv(text, "in.csv");
  if (!p) {
    ADD_FAILURE() << llvm::toString(p.takeError());
    return {};
  }
  return std::move(*p);
}

/// The message of the error that `text` must give.
static std::string errorOf(llvm::StringRef text) {
  llvm::Expected<PackingProblem> p = parsePackingCsv(text, "in.csv");
  if (!p)
    return llvm::toString(p.takeError());
  return "no error";
}

TEST(PackingIOTest, ReadsTheFourColumns) {
  PackingProblem p = parsed("id,lower,upper,size\nb1,0,3,4\nb2,-5,9,0\n");
  ASSERT_EQ(p.buffers.size(), 2u);
  EXPECT_EQ(p.capacity, INT64_MAX);
  EXPECT_EQ(p.buffers[0].id, "b1");
  EXPECT_EQ(p.buffers[0].upper, 3);
  EXPECT_EQ(p.buffers[0].size, 4);
  EXPECT_EQ(p.buffers[0].alignment, 1);
  EXPECT_EQ(p.buffers[0].hint, -1);
  EXPECT_EQ(p.buffers[0].fixedOffset, -1);
  EXPECT_EQ(p.buffers[1].lower, -5);
}

TEST(PackingIOTest, ReadsColumnsInAnyOrder) {
  PackingProblem p = parsed("hint,size,id,alignment,upper,offset,lower\n"
                            "7,4,b,2,9,6,1\n,5,c,,9,,1\n");
  ASSERT_EQ(p.buffers.size(), 2u);
  EXPECT_EQ(p.buffers[0].hint, 7);
  EXPECT_EQ(p.buffers[0].size, 4);
  EXPECT_EQ(p.buffers[0].alignment, 2);
  EXPECT_EQ(p.buffers[0].fixedOffset, 6);
  EXPECT_EQ(p.buffers[0].lower, 1);
  EXPECT_EQ(p.buffers[1].hint, -1);
  EXPECT_EQ(p.buffers[1].alignment, 1);
  EXPECT_EQ(p.buffers[1].fixedOffset, -1);
}

TEST(PackingIOTest, ReadsOtherLineEndsBlanksAndAMissingLastOne) {
  PackingProblem p =
      parsed("\xef\xbb\xbfid, lower ,upper,size\r\nb1 ,0, 3,4\r\nb2,0,3,5");
  ASSERT_EQ(p.buffers.size(), 2u);
  EXPECT_EQ(p.buffers[0].id, "b1");
  EXPECT_EQ(p.buffers[1].size, 5);
}

TEST(PackingIOTest, ReadsTheLargestNumber) {
  PackingProblem p = parsed("id,lower,upper,size\nb,0,1,9223372036854775807\n");
  ASSERT_EQ(p.buffers.size(), 1u);
  EXPECT_EQ(p.buffers[0].size, INT64_MAX);
}

TEST(PackingIOTest, AHeaderAloneIsAnEmptyProblem) {
  EXPECT_TRUE(parsed("id,lower,upper,size\n").buffers.empty());
}

TEST(PackingIOTest, WhatIsWrittenCanBeRead) {
  PackingProblem p;
  p.buffers.resize(3);
  p.buffers[0].id = "plain";
  p.buffers[1].id = "with, comma and \"quotes\"";
  p.buffers[2].id = " blanks ";
  for (PackingBuffer &b : p.buffers) {
    b.lower = -2;
    b.upper = 5;
    b.size = 3;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  writePackingCsv(os, p, {0, 3, 6});
  EXPECT_EQ(text, "id,lower,upper,size,offset\n"
                  "plain,-2,5,3,0\n"
                  "\"with, comma and \"\"quotes\"\"\",-2,5,3,3\n"
                  "\" blanks \",-2,5,3,6\n");
  PackingProblem again = parsed(text);
  ASSERT_EQ(again.buffers.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again.buffers[i].id, p.buffers[i].id);
    EXPECT_EQ(again.buffers[i].fixedOffset, static_cast<int64_t>(3 * i));
  }
}

TEST(PackingIOTest, RefusesAnEmptyFile) {
  EXPECT_THAT(errorOf(""), StartsWith("in.csv:1: error: expected a header"));
}

TEST(PackingIOTest, RefusesAMissingColumn) {
  EXPECT_EQ(errorOf("id,lower,size\n"),
            "in.csv:1: error: expected a column 'upper'");
}

TEST(PackingIOTest, RefusesAnUnknownColumn) {
  EXPECT_THAT(errorOf("id,lower,upper,size,colour\n"),
              StartsWith("in.csv:1: error: unknown column 'colour'; expected"));
}

TEST(PackingIOTest, RefusesAColumnTwice) {
  EXPECT_EQ(errorOf("id,lower,upper,size,size\n"),
            "in.csv:1: error: column 'size' appears twice; expected it once");
}

TEST(PackingIOTest, RefusesAnIdTwice) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1,1\nb,0,1,1\na,0,1,1\n"),
            "in.csv:4: error: expected a new id, but 'a' is in line 2 too");
}

TEST(PackingIOTest, RefusesAnEmptyId) {
  EXPECT_EQ(errorOf("id,lower,upper,size\n,0,1,1\n"),
            "in.csv:2: error: expected an id");
}

TEST(PackingIOTest, RefusesWhatIsNoNumber) {
  for (const char *text : {"x", "1.5", "", "-", "0x10", "+3", "1 2"})
    EXPECT_EQ(errorOf(std::string("id,lower,upper,size\na,0,1,") + text + "\n"),
              std::string("in.csv:2: error: expected a whole number in column "
                          "'size', got '") +
                  text + "'");
}

TEST(PackingIOTest, RefusesANumberAboveTheLargest) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1,9223372036854775808\n"),
            "in.csv:2: error: expected a number below 2^63 in column 'size', "
            "got '9223372036854775808'");
}

TEST(PackingIOTest, RefusesANegativeSize) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1,-1\n"),
            "in.csv:2: error: expected at least 0 in column 'size', got '-1'");
}

TEST(PackingIOTest, RefusesAnAlignmentBelowOne) {
  EXPECT_EQ(
      errorOf("id,lower,upper,size,alignment\na,0,1,1,0\n"),
      "in.csv:2: error: expected at least 1 in column 'alignment', got '0'");
}

TEST(PackingIOTest, RefusesANegativeHint) {
  EXPECT_EQ(errorOf("id,lower,upper,size,hint\na,0,1,1,-1\n"),
            "in.csv:2: error: expected at least 0 in column 'hint', got '-1'");
}

TEST(PackingIOTest, RefusesANegativeOffset) {
  EXPECT_EQ(
      errorOf("id,lower,upper,size,offset\na,0,1,1,-1\n"),
      "in.csv:2: error: expected at least 0 in column 'offset', got '-1'");
}

TEST(PackingIOTest, RefusesALifeThatEndsBeforeItBegins) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,2,1,1\n"),
            "in.csv:2: error: expected lower <= upper, got 2 and 1");
}

TEST(PackingIOTest, RefusesAShortRow) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1\n"),
            "in.csv:2: error: expected 4 fields, got 3");
}

TEST(PackingIOTest, RefusesALongRow) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1,2,3\n"),
            "in.csv:2: error: expected 4 fields, got 5");
}

TEST(PackingIOTest, RefusesABlankLine) {
  EXPECT_EQ(errorOf("id,lower,upper,size\na,0,1,2\n\nb,0,1,2\n"),
            "in.csv:3: error: expected 4 fields, got 1");
}

TEST(PackingIOTest, RefusesAnOpenQuote) {
  EXPECT_EQ(errorOf("id,lower,upper,size\n\"a,0,1,2\n"),
            "in.csv:2: error: expected a closing quote");
}

TEST(PackingIOTest, RefusesTextAfterAQuote) {
  EXPECT_EQ(errorOf("id,lower,upper,size\n\"a\"b,0,1,2\n"),
            "in.csv:2: error: expected a comma after the closing quote");
}

TEST(PackingIOTest, NamesAFileThatIsNotThere) {
  llvm::Expected<PackingProblem> p = readPackingCsv("no/such/file.csv");
  ASSERT_FALSE(bool(p));
  EXPECT_THAT(llvm::toString(p.takeError()), HasSubstr("no/such/file.csv"));
}
