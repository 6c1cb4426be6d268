//===- HloCopiesTest.cpp - copies that unscheduled HLO lacks --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HloTestUtils.h"

#include "gmock/gmock.h"

using namespace mempl;
using namespace mempl::hlo;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A loop over (counter, x, y) whose body is `body` and leaves `next`.
std::string loop(llvm::StringRef init, llvm::StringRef body,
                 llvm::StringRef next, bool scheduled = false) {
  constexpr llvm::StringLiteral kState = "(s32[], f32[256], f32[256])";
  return ("HloModule m" +
          llvm::Twine(scheduled ? ", is_scheduled=true\n" : "\n") +
          "c {\n  p = " + kState +
          " parameter(0)\n  i = s32[] get-tuple-element(p), index=0\n"
          "  n = s32[] constant(7)\n"
          "  ROOT lt = pred[] compare(i, n), direction=LT\n}\n"
          "b {\n  p = " +
          kState +
          " parameter(0)\n  i = s32[] get-tuple-element(p), index=0\n"
          "  x = f32[256] get-tuple-element(p), index=1\n"
          "  y = f32[256] get-tuple-element(p), index=2\n"
          "  one = s32[] constant(1)\n  j = s32[] add(i, one)\n" +
          body + "  ROOT t = " + kState + " tuple(j, " + next +
          ")\n}\n"
          "ENTRY e {\n  a = f32[256] parameter(0)\n"
          "  zero = s32[] constant(0)\n  m = f32[256] negate(a)\n"
          "  k = f32[256] negate(m)\n"
          "  s = " +
          kState + " tuple(zero, " + init + ")\n  w = " + kState +
          " while(s), condition=c, body=b\n"
          "  u = f32[256] get-tuple-element(w), index=1\n"
          "  v = f32[256] get-tuple-element(w), index=2\n"
          "  ROOT r = f32[256] add(u, v)\n}\n")
      .str();
}

TEST(HloCopies, WhatIsSwappedHasTwoStorages) {
  for (bool scheduled : {false, true}) {
    auto r = read(loop("m, k", "", "y, x", scheduled));
    EXPECT_THAT(r->valueNames(), ElementsAre("a", "m", "k", "r"));
    EXPECT_EQ(r->copies, 4);
    const Step &step = r->step("w");
    EXPECT_EQ(step.trips, 7);
    ASSERT_TRUE(step.body);
    EXPECT_EQ(step.body->steps.size(), 4u);
    EXPECT_EQ(step.accesses.size(), 2u);
  }
}

TEST(HloCopies, WhatIsNotNeededAgainIsOverwritten) {
  auto r = read(loop("m, k", "  z = f32[256] add(x, y)\n", "z, y"));
  EXPECT_EQ(r->copies, 0);
  EXPECT_THAT(r->valueNames(), ElementsAre("a", "m", "k", "r"));
  // A product reads its operands again and again while it writes.
  llvm::StringRef product = "  z = f32[256] custom-call(x, y), "
                            "custom_call_target=\"f\"\n";
  EXPECT_EQ(read(loop("m, k", product, "z, y"))->copies, 1);
  EXPECT_EQ(read(loop("m, k", product, "z, y", true))->copies, 0);
}

TEST(HloCopies, WhatIsNeededLaterIsCopied) {
  // x is needed after z is there.
  auto r = read(loop(
      "m, k", "  z = f32[256] negate(y)\n  q = f32[256] add(z, x)\n", "z, q"));
  EXPECT_EQ(r->copies, 1);
  // Both elements begin with the same array, and a parameter cannot be changed.
  llvm::StringRef both = "  z = f32[256] negate(x)\n"
                         "  q = f32[256] negate(y)\n";
  EXPECT_EQ(read(loop("m, k", both, "z, q"))->copies, 0);
  EXPECT_EQ(read(loop("m, m", both, "z, q"))->copies, 2);
  EXPECT_EQ(read(loop("a, m", both, "z, q"))->copies, 1);
  EXPECT_EQ(read(loop("a, m", "", "x, y"))->copies, 0);
  // The next state has the same array twice.
  EXPECT_GE(read(loop("m, k", both, "z, z"))->copies, 1);
}

TEST(HloCopies, AnUpdateInPlaceCopiesWhatIsNeededLater) {
  auto text = [](llvm::StringRef last) {
    return ("HloModule m\nENTRY e {\n  x = f32[256] parameter(0)\n"
            "  u = f32[16] parameter(1)\n  i = s32[] parameter(2)\n"
            "  a = f32[256] negate(x)\n"
            "  b = f32[256] dynamic-update-slice(a, u, i)\n"
            "  ROOT c = f32[256] add(b, " +
            last + ")\n}\n")
        .str();
  };
  EXPECT_EQ(read(text("x"))->copies, 0);
  auto r = read(text("a"));
  EXPECT_EQ(r->copies, 1);
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "u", "a", "a.copy", "c"));
}

TEST(HloCopies, ADonatedParameterIsNotOverwrittenTooEarly) {
  auto text = [](llvm::StringRef second) {
    return ("HloModule m, input_output_alias={ {0}: (0, {}) }\nENTRY e {\n"
            "  x = f32[256] parameter(0)\n  a = f32[256] negate(x)\n"
            "  b = f32[256] add(a, " +
            second + ")\n  ROOT t = (f32[256], f32[256]) tuple(a, b)\n}\n")
        .str();
  };
  EXPECT_THAT(read(text("a"))->valueNames(), ElementsAre("x", "b"));
  auto r = read(text("x"));
  EXPECT_EQ(r->copies, 1);
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "a", "b"));
}

TEST(HloCopies, AliasesSpeakOfWhatExists) {
  auto error = [](const std::string &alias, const std::string &operand = "") {
    return errorOf(
        "HloModule m, is_scheduled=true" +
        (alias.empty() ? "" : ", input_output_alias=" + alias) +
        "\nENTRY e {\n  x = f32[256] parameter(0)\n"
        "  y = (f32[256], f32[2]) parameter(1)\n"
        "  a = f32[256] negate(x)" +
        (operand.empty() ? "" : ", output_to_operand_aliasing=" + operand) +
        "\n  ROOT t = (f32[256], f32[256]) tuple(a, x)\n}\n");
  };
  EXPECT_EQ(error("{ {0}: (0, {}, may-alias), {1}: (1, {0}, must-alias) }"),
            "");
  EXPECT_THAT(error("{ {7}: (0, {}) }"),
              HasSubstr("m.hlo:1: error: input_output_alias: expected an "
                        "output that exists, got {7}"));
  EXPECT_THAT(error("{ {0}: (99, {3}, may-alias) }"),
              HasSubstr("expected a parameter that exists, got 99"));
  EXPECT_THAT(error("{ {0}: (1, {2}) }"), HasSubstr("got {2} of 1"));
  EXPECT_THAT(error("{ {0,1}: (0, {}) }"), HasSubstr("got {0,1}"));
  EXPECT_THAT(error("{ {}: (0, {}) }"), HasSubstr("like the output"));
  EXPECT_THAT(error("{ {0}: (0, {}), {0}: (1, {0}) }"),
              HasSubstr("expected each output once, got {0} again"));
  EXPECT_THAT(error("{ {0}: (0, {}), {1}: (0, {}) }"),
              HasSubstr("expected each array of a parameter once, got {} of 0 "
                        "again"));
  EXPECT_THAT(error("{ {0}: (-1, {}) }"),
              HasSubstr("expected the number of an operand"));
  EXPECT_EQ(error("{}, buffer_donor={ (0, {}), (1, {1}) }"), "");
  EXPECT_THAT(
      error("{}, buffer_donor={ (2, {}) }"),
      HasSubstr("m.hlo:1: error: buffer_donor: expected a parameter that "
                "exists, got 2"));
  EXPECT_THAT(error("{}, buffer_donor={ 1 }"),
              HasSubstr("buffer_donor: expected '(' before a parameter"));
  EXPECT_THAT(error("", "{{}: (4, {})}"),
              HasSubstr("m.hlo:5: error: output_to_operand_aliasing: expected "
                        "an operand that exists, got 4"));
}

} // namespace
