//===- JsonTest.cpp - JSON with places, and its errors --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mempl;
using ::testing::HasSubstr;
using ::testing::StartsWith;

static std::string errorOf(llvm::StringRef text) {
  auto document = parseJson(text, "f.json");
  return document ? "" : llvm::toString(document.takeError());
}

/// What a cursor at the root complains about.
template <typename Read>
static std::string complaint(llvm::StringRef text, Read read) {
  auto document = parseJson(text, "f.json");
  EXPECT_TRUE(static_cast<bool>(document));
  JsonErrors errors(*document);
  read(JsonCursor(document->root, errors));
  return llvm::toString(errors.take());
}

static std::string integerError(llvm::StringRef text, int64_t least,
                                int64_t most) {
  return complaint(
      text, [&](const JsonCursor &at) { (void)at.integer(least, most); });
}

TEST(Json, KeepsTheOrderAndThePlaceOfEverything) {
  auto document =
      parseJson("{\"b\": [1, 2.50],\n \"a\": {\"c\":\n true}}", "f");
  ASSERT_TRUE(static_cast<bool>(document));
  const JsonNode &root = document->root;
  ASSERT_EQ(root.keys, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(root.elements[0].elements[1].text, "2.50");
  EXPECT_EQ(document->lineOf(document->nodeAt("b[1]").position), 1);
  EXPECT_EQ(document->lineOf(document->nodeAt("a").position), 2);
  EXPECT_EQ(document->lineOf(document->nodeAt("a.c").position), 3);
  // What is not there is looked for as far as the way exists.
  EXPECT_EQ(&document->nodeAt("b[7].x"), &root.elements[0]);
  EXPECT_EQ(&document->nodeAt("zzz"), &root);
}

TEST(Json, WrongSyntaxNamesTheLine) {
  EXPECT_EQ(errorOf(""), "f.json:1: error: expected JSON, found an empty file");
  EXPECT_EQ(errorOf("{\n\"a\" 1}"),
            "f.json:2: error: expected ':' after a key, found '1'");
  EXPECT_EQ(errorOf("[1,\n\n2"),
            "f.json:3: error: expected ',' or ']', found the end of the file");
  EXPECT_EQ(errorOf("{\"a\":1;}"),
            "f.json:1: error: expected ',' or '}', found ';'");
  EXPECT_EQ(errorOf("{a:1}"),
            "f.json:1: error: expected a key in quotes, found 'a'");
  EXPECT_EQ(errorOf("[nul]"),
            "f.json:1: error: expected a JSON value, found ']'");
  EXPECT_EQ(
      errorOf("1 2"),
      "f.json:1: error: expected nothing after the JSON value, found '2'");
  EXPECT_THAT(errorOf("[\"abc"), HasSubstr("at the end of a string"));
  EXPECT_THAT(errorOf("[\"a\nb\"]"), HasSubstr("may have, found '\\x0a'"));
  EXPECT_THAT(errorOf("[\"\xff\"]"), HasSubstr("UTF-8"));
}

TEST(Json, NotANumberIsNotJson) {
  for (const char *text : {"NaN", "Infinity", "-Infinity", "+1", "01", ".5",
                           "1.", "1e", "0x10", "-"})
    EXPECT_THAT(errorOf(text), StartsWith("f.json:1: error: ")) << text;
}

TEST(Json, ZeroBytesAreErrors) {
  EXPECT_EQ(errorOf(llvm::StringRef("1\0", 2)),
            "f.json:1: error: expected JSON, found a zero byte");
  EXPECT_NE(errorOf(llvm::StringRef("\0", 1)), "");
  EXPECT_NE(errorOf(llvm::StringRef("[1,\0]", 5)), "");
  EXPECT_NE(errorOf(llvm::StringRef("[\"\0\"]", 5)), "");
}

TEST(Json, RepeatedKeysNameTheLineOfTheSecond) {
  EXPECT_EQ(errorOf("{\"a\":1,\n\"b\":2,\n\"a\":3}"),
            "f.json:3: error: repeated key \"a\"");
  EXPECT_EQ(errorOf("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"), "");
}

TEST(Json, DeepNestingIsAnErrorAndNoOverflow) {
  EXPECT_EQ(errorOf(std::string(256, '[') + std::string(256, ']')), "");
  EXPECT_THAT(errorOf(std::string(257, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(errorOf(std::string(10000000, '[')),
              HasSubstr("nested too deeply"));
}

TEST(Json, IntegersHaveNoPointAndFit) {
  EXPECT_EQ(integerError("9223372036854775807", 0, INT64_MAX), "");
  EXPECT_EQ(integerError("9223372036854775808", 0, INT64_MAX),
            "f.json:1: error: expected an integer from 0 to 2^63 - 1, found "
            "9223372036854775808");
  EXPECT_EQ(integerError("9.0", 0, INT64_MAX),
            "f.json:1: error: expected an integer from 0 to 2^63 - 1, found "
            "9.0");
  EXPECT_THAT(integerError("1e3", 0, INT64_MAX), HasSubstr("found 1e3"));
  EXPECT_THAT(integerError("-1", 0, 5),
              HasSubstr("an integer from 0 to 5, found -1"));
  EXPECT_THAT(integerError("true", 0, 5), HasSubstr("found true"));
  EXPECT_THAT(integerError("\"3\"", 0, 5), HasSubstr("found \"3\""));
}

TEST(Json, NumbersAreReadToTheLastDigit) {
  auto numberIn = [](llvm::StringRef text) {
    double number = 0;
    EXPECT_EQ(
        complaint(text, [&](const JsonCursor &at) { number = at.number(); }),
        "");
    return number;
  };
  EXPECT_EQ(numberIn("0.1"), 0.1);
  EXPECT_EQ(numberIn("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(numberIn("5e-324"), 5e-324);
  EXPECT_EQ(numberIn("1e-400"), 0);
  EXPECT_EQ(numberIn("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(numberIn("123456789012345678e-17"), 1.23456789012345678);
}

TEST(Json, NumbersTooLargeForADoubleAreErrors) {
  EXPECT_THAT(errorOf("1e400"), HasSubstr("a double can hold"));
  EXPECT_THAT(errorOf(std::string(400, '9')), HasSubstr("a double can hold"));
}

TEST(Json, ErrorsNameThePath) {
  auto read = [](const JsonCursor &at) {
    JsonCursor list = at.required("list");
    (void)list.element(1).required("mode").oneOf({"read", "write"});
  };
  EXPECT_EQ(complaint("{\"list\":[0,\n{\"mode\":\"raed\"}]}", read),
            "f.json:2: error: list[1].mode: expected one of \"read\", "
            "\"write\", found \"raed\"");
  EXPECT_EQ(complaint("{\"list\":[0,\n{}]}", read),
            "f.json:2: error: list[1]: expected the key \"mode\"");
}

TEST(Json, OnlyTheFirstErrorIsKept) {
  EXPECT_EQ(complaint("{\"a\":1,\"b\":2}",
                      [](const JsonCursor &at) {
                        (void)at.required("a").string();
                        (void)at.required("b").string();
                      }),
            "f.json:1: error: a: expected a string, found 1");
}

TEST(Json, UnknownKeysListTheKnownOnes) {
  EXPECT_EQ(complaint("{\"a\":1,\n\"b\\n\":2}",
                      [](const JsonCursor &at) { at.expectKeys({"a", "c"}); }),
            "f.json:2: error: b\\x0a: unknown key, expected one of a, c");
}
