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

#include "mempl/Frontend/Packing/PackingIO.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mempl;
using testing::HasSubstr;
using testing::StartsWith;

static PackingTable parsedTable(llvm::StringRef text) {
  llvm::Expected<PackingTable> table = parsePackingCsv(text, "in.csv");
  if (!table) {
    ADD_FAILURE() << llvm::toString(table.takeError());
    return {};
  }
  return std::move(*table);
}

static PackingProblem parsed(llvm::StringRef text) {
  return parsedTable(text).problem;
}

/// What is written for `text` with these offsets.
static std::string rewritten(llvm::StringRef text,
                             const std::vector<int64_t> &offsets) {
  std::string result;
  llvm::raw_string_ostream os(result);
  writePackingCsv(os, parsedTable(text), offsets);
  return result;
}

/// The message of the error that `text` must give.
static std::string errorOf(llvm::StringRef text) {
  llvm::Expected<PackingTable> p = parsePackingCsv(text, "in.csv");
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

TEST(PackingIOTest, ReadsTheNamesOfMiniMalloc) {
  for (const char *id : {"id", "buffer", "buffer_id", "ID"})
    for (const char *lower : {"lower", "start", "begin", "Lower"}) {
      PackingProblem p =
          parsed(std::string(id) + "," + lower + ",upper,size\nb,2,5,4\n");
      ASSERT_EQ(p.buffers.size(), 1u);
      EXPECT_EQ(p.buffers[0].id, "b");
      EXPECT_EQ(p.buffers[0].lower, 2);
      EXPECT_EQ(p.buffers[0].upper, 5);
    }
}

TEST(PackingIOTest, AnEndIsTheLastMoment) {
  PackingProblem p = parsed("buffer_id,start,end,size,gaps\n1,0,3,4,1-2\n"
                            "2,3,9,4,\n3,4,4,4,\n4,5,4,4,\n");
  ASSERT_EQ(p.buffers.size(), 4u);
  EXPECT_EQ(p.buffers[0].upper, 4);
  ASSERT_EQ(p.buffers[0].gaps.size(), 1u);
  EXPECT_EQ(p.buffers[0].gaps[0].lower, 1);
  EXPECT_EQ(p.buffers[0].gaps[0].upper, 3);
  EXPECT_EQ(p.buffers[1].upper, 10);
  EXPECT_EQ(p.buffers[2].upper, 5);
  EXPECT_EQ(p.buffers[3].upper, 5); // It lives in no time.
  EXPECT_EQ(maxLoad(p), 8);
}

TEST(PackingIOTest, ReadsGaps) {
  PackingProblem p = parsed("id,lower,upper,size,gaps\n"
                            "a,0,10,6,3-5\n"
                            "b,-9,10,6,7-9 -5--3@2:4  0-0\n"
                            "c,0,10,6,\n");
  ASSERT_EQ(p.buffers.size(), 3u);
  ASSERT_EQ(p.buffers[0].gaps.size(), 1u);
  EXPECT_EQ(p.buffers[0].gaps[0].lower, 3);
  EXPECT_EQ(p.buffers[0].gaps[0].upper, 5);
  EXPECT_EQ(p.buffers[0].gaps[0].windowUpper, 0);
  ASSERT_EQ(p.buffers[1].gaps.size(), 3u); // In the order of time.
  EXPECT_EQ(p.buffers[1].gaps[0].lower, -5);
  EXPECT_EQ(p.buffers[1].gaps[0].upper, -3);
  EXPECT_EQ(p.buffers[1].gaps[0].windowLower, 2);
  EXPECT_EQ(p.buffers[1].gaps[0].windowUpper, 4);
  EXPECT_EQ(p.buffers[1].gaps[2].lower, 7);
  EXPECT_TRUE(p.buffers[2].gaps.empty());
}

TEST(PackingIOTest, SkipsBlankLines) {
  PackingTable table = parsedTable("\n\nid,lower,upper,size\na,0,4,6\n\n"
                                   " \t\r\nb,2,6,4\n\n\n");
  ASSERT_EQ(table.problem.buffers.size(), 2u);
  EXPECT_EQ(table.lines, (std::vector<int64_t>{4, 7}));
  EXPECT_TRUE(table.warnings.empty());
}

TEST(PackingIOTest, KeepsColumnsThatItDoesNotKnow) {
  PackingTable table = parsedTable("layer,id,lower,upper,size\nconv,a,0,4,6\n");
  ASSERT_EQ(table.problem.buffers.size(), 1u);
  EXPECT_EQ(table.problem.buffers[0].id, "a");
  ASSERT_EQ(table.warnings.size(), 1u);
  EXPECT_EQ(table.warnings[0],
            "in.csv:1: warning: column 'layer' is not known; it is written "
            "back, no more");
}

TEST(PackingIOTest, WritesAllColumnsBack) {
  EXPECT_EQ(rewritten("id,lower,upper,size\nb1,0,3,4\n", {8}),
            "id,lower,upper,size,offset\nb1,0,3,4,8\n");
  EXPECT_EQ(rewritten("name,hint,Size,buffer_id,alignment,end,offset,begin,"
                      "gaps\r\nx,7,4,b,2,9,,1,3-5 7-8@0:2\r\n\r\n"
                      "\"y,\"\"z\"\"\",,4,c,,9,12,1,\r\n",
                      {6, 12}),
            "name,hint,Size,buffer_id,alignment,end,offset,begin,gaps\n"
            "x,7,4,b,2,9,6,1,3-5 7-8@0:2\n"
            "\"y,\"\"z\"\"\",,4,c,,9,12,1,\n");
}

TEST(PackingIOTest, WhatIsWrittenCanBeRead) {
  std::string text = rewritten("id,lower,upper,size\nplain,-2,5,3\n"
                               "\"with, comma and \"\"quotes\"\"\",-2,5,3\n"
                               "\" blanks \",-2,5,3\n",
                               {0, 3, 6});
  EXPECT_EQ(text, "id,lower,upper,size,offset\n"
                  "plain,-2,5,3,0\n"
                  "\"with, comma and \"\"quotes\"\"\",-2,5,3,3\n"
                  "\" blanks \",-2,5,3,6\n");
  PackingProblem again = parsed(text);
  ASSERT_EQ(again.buffers.size(), 3u);
  EXPECT_EQ(again.buffers[1].id, "with, comma and \"quotes\"");
  EXPECT_EQ(again.buffers[2].id, " blanks ");
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(again.buffers[i].fixedOffset, static_cast<int64_t>(3 * i));
}

TEST(PackingIOTest, RefusesAnEmptyFile) {
  EXPECT_THAT(errorOf(""), StartsWith("in.csv:1: error: expected a header"));
}

TEST(PackingIOTest, RefusesAMissingColumn) {
  EXPECT_EQ(errorOf("id,lower,size\n"),
            "in.csv:1: error: expected a column 'upper' or 'end'");
  EXPECT_EQ(errorOf("lower,upper,size\n"),
            "in.csv:1: error: expected a column 'id' or 'buffer' or "
            "'buffer_id'");
}

TEST(PackingIOTest, RefusesAColumnThatLooksLikeAMistake) {
  EXPECT_EQ(errorOf("id,lower,upper,size,aligment\n"),
            "in.csv:1: error: unknown column 'aligment'; did you mean "
            "'alignment'?");
  EXPECT_EQ(errorOf("id,lower,upper,size,gap\n"),
            "in.csv:1: error: unknown column 'gap'; did you mean 'gaps'?");
  EXPECT_EQ(errorOf("id,lower,upper,size,\n"),
            "in.csv:1: error: unknown column ''");
}

TEST(PackingIOTest, RefusesTwoNamesForOneColumn) {
  EXPECT_EQ(errorOf("id,lower,upper,end,size\n"),
            "in.csv:1: error: columns 'upper' and 'end' are the same; "
            "expected one of them");
}

TEST(PackingIOTest, RefusesWrongGaps) {
  auto errorOfGaps = [](const std::string &gaps) {
    return errorOf("id,lower,upper,size,gaps\na,0,9,4," + gaps + "\n");
  };
  for (const char *text : {"3", "x", "3@0:4", "3-5@2", "@"})
    EXPECT_EQ(errorOfGaps(text),
              std::string("in.csv:2: error: expected gaps such as '3-5', or "
                          "'3-5@0:16' with the bytes that stay in use, got '") +
                  text + "'");
  EXPECT_EQ(errorOfGaps("3-x"), "in.csv:2: error: expected a whole number in "
                                "gap '3-x', got 'x'");
  for (const char *text : {"5-3", "8-10", "-1-3"})
    EXPECT_EQ(errorOfGaps(text),
              std::string("in.csv:2: error: expected a gap within the life of "
                          "the buffer, 0 to 9, got '") +
                  text + "'");
  for (const char *text : {"3-5@2:5", "3-5@3:2"})
    EXPECT_EQ(errorOfGaps(text),
              std::string("in.csv:2: error: expected a window within the 4 "
                          "bytes of the buffer, got '") +
                  text + "'");
  EXPECT_EQ(errorOfGaps("4-6 3-5"), "in.csv:2: error: expected gaps that are "
                                    "apart, got '3-5' and '4-6'");
}

TEST(PackingIOTest, RefusesAnEndThatCannotBeExclusive) {
  EXPECT_EQ(errorOf("id,start,end,size\na,0,9223372036854775807,1\n"),
            "in.csv:2: error: expected an end below 2^63 - 1, got "
            "'9223372036854775807'");
  EXPECT_EQ(errorOf("id,start,end,size\na,5,3,1\n"),
            "in.csv:2: error: expected start <= end, got 5 and 3");
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

TEST(PackingIOTest, RefusesAnOpenQuote) {
  EXPECT_EQ(errorOf("id,lower,upper,size\n\"a,0,1,2\n"),
            "in.csv:2: error: expected a closing quote");
}

TEST(PackingIOTest, RefusesTextAfterAQuote) {
  EXPECT_EQ(errorOf("id,lower,upper,size\n\"a\"b,0,1,2\n"),
            "in.csv:2: error: expected a comma after the closing quote");
}

TEST(PackingIOTest, NamesAFileThatIsNotThere) {
  llvm::Expected<PackingTable> p = readPackingCsv("no/such/file.csv");
  ASSERT_FALSE(bool(p));
  EXPECT_THAT(llvm::toString(p.takeError()), HasSubstr("no/such/file.csv"));
}
