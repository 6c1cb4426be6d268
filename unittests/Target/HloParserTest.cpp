//===- HloParserTest.cpp - tests of the reader of HLO text ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small modules, one feature each, and inputs that are wrong.
//
//===----------------------------------------------------------------------===//

#include "mempl/Target/HloParser.h"

#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mempl;
using namespace mempl::hlo;
using testing::ElementsAre;
using testing::HasSubstr;

/// A module whose entry has these lines.
static std::string inEntry(const std::string &lines) {
  return "HloModule m, is_scheduled=true\n\nENTRY %main (a: f32[2]) -> f32[2] "
         "{\n" +
         lines + "\n}\n";
}

static Module parsed(const std::string &text) {
  auto module = parseModule(text, "m.hlo");
  if (!module) {
    ADD_FAILURE() << llvm::toString(module.takeError());
    return {};
  }
  return std::move(*module);
}

static Shape shapeOf(const std::string &shape) {
  Module module = parsed(inEntry("  %a = " + shape + " parameter(0)"));
  if (module.entry < 0)
    return {};
  return module.entryComputation().instructions[0].shape;
}

static std::string errorOf(const std::string &text) {
  auto module = parseModule(text, "m.hlo");
  if (module)
    return "no error";
  return llvm::toString(module.takeError());
}

TEST(HloParser, ReadsInstructionsOperandsAndAttributes) {
  Module module = parsed(inEntry(
      "  %a = f32[2]{0} parameter(0), sharding={replicated}\n"
      "  %c = f32[2]{0} constant({1, /*x*/ 2})\n"
      "  ROOT %s.1 = f32[2]{0:S(1)} add(%a, f32[2]{0} %c), "
      "metadata={op_name=\"a, b)\\\"\" x=1}, control-predecessors={%c}"));
  const Computation &entry = module.entryComputation();
  ASSERT_EQ(entry.instructions.size(), 3u);
  EXPECT_EQ(module.attribute("is_scheduled"), "true");
  EXPECT_EQ(entry.instructions[0].attribute("sharding"), "{replicated}");
  EXPECT_EQ(entry.instructions[1].literal, "{1, /*x*/ 2}");
  const Instruction &add = entry.instructions[2];
  EXPECT_TRUE(add.isRoot);
  EXPECT_EQ(entry.root, 2);
  EXPECT_EQ(add.name, "s.1");
  EXPECT_EQ(add.line, 6);
  EXPECT_EQ(add.shape.layout.memorySpace, 1);
  EXPECT_THAT(add.operands, ElementsAre(0, 1));
  EXPECT_THAT(add.controlPredecessors, ElementsAre(1));
}

TEST(HloParser, ReadsCallsAndBackendConfig) {
  Module module = parsed("HloModule m\n"
                         "%f { ROOT %x = f32[] parameter(0) }\n"
                         "%g (y: f32[]) -> f32[] {\n"
                         "  %y = f32[] parameter(0)\n}\n"
                         "ENTRY %e {\n"
                         "  p = f32[] parameter(0)\n"
                         "  ROOT w = f32[] while(p), condition=%f, body=%g, "
                         "backend_config={\"n\":[\"1\",{\"k\":2}]}\n}\n");
  const Instruction &loop = module.entryComputation().instructions[1];
  EXPECT_EQ(loop.callee("condition"), 0);
  EXPECT_EQ(loop.callee("body"), 1);
  EXPECT_EQ(loop.callee("calls"), -1);
  ASSERT_NE(loop.backendConfig.find("n"), nullptr);
  EXPECT_EQ(loop.backendConfig.find("n")->elements[0].text, "1");
}

TEST(HloParser, ReadsTuplesWithComments) {
  Shape shape =
      shapeOf("((f32[2]{0}, /*index=1*/s32[]), bf16[3,4]{1,0}, token[])");
  ASSERT_EQ(shape.leaves().size(), 4u);
  EXPECT_EQ(shape.leaves()[1]->elementType, "s32");
  EXPECT_EQ(shape.bytes(), 8 + 4 + 24);
}

TEST(HloParser, PadsSizesByTiles) {
  EXPECT_EQ(shapeOf("f32[3,5]").bytes(), 60);
  EXPECT_EQ(shapeOf("f32[3,5]{1,0:T(8,128)}").bytes(), 4096);
  EXPECT_EQ(shapeOf("bf16[256,4]{0,1:T(4,128)(2,1)}").bytes(), 2048);
  EXPECT_EQ(shapeOf("s32[]{:T(128)}").bytes(), 512);
  EXPECT_EQ(shapeOf("bf16[64,224,224,3]{0,3,2,1:T(4,128)(2,1)S(1)}").bytes(),
            224 * 224 * 4 * 128 * 2);
  EXPECT_EQ(shapeOf("s4[256]{0:T(128)E(4)}").bytes(), 128);
  EXPECT_EQ(shapeOf("f32[3,5,130]{2,1,0:T(*,128)}").bytes(), 3 * 6 * 512);
  EXPECT_EQ(shapeOf("f32[0,5]{1,0:T(8,128)}").bytes(), 0);
}

TEST(HloParser, ReadsRareLayoutProperties) {
  EXPECT_EQ(
      shapeOf("f32[2]{0:T(128)L(4)#(u32)M(3)SC(0:6)S(5)}").layout.memorySpace,
      5);
  EXPECT_EQ(shapeOf("f32[<=2]{0}").dims[0], 2);
}

TEST(HloParser, ErrorsNameTheLineAndWhatWasExpected) {
  auto expectError = [](const std::string &lines, const std::string &error) {
    EXPECT_EQ(errorOf(inEntry(lines)).substr(0, error.size()), error) << lines;
  };
  expectError("  %a = f32[2] parameter(0)\n  %b = f32[2] negate(%c)",
              "m.hlo:5: error: expected an instruction above, got 'c'");
  expectError("  %a = f32[2 parameter(0)",
              "m.hlo:4: error: expected ',' between dimensions, got "
              "'parameter(0)'");
  expectError("  %a = q[2] parameter(0)",
              "m.hlo:4: error: expected an element type, got 'q'");
  expectError("  %a = f32[2]{1} parameter(0)",
              "m.hlo:4: error: expected each dimension of the shape once");
  expectError("  %a = f32[2]{0:T(0)} parameter(0)",
              "m.hlo:4: error: expected a tile dimension of at least 1");
  expectError("  %a = f32[2]{0:T(8)", "m.hlo:4: error: expected T(..), S(..)");
  expectError("  %a = f32[4294967296,4294967296] parameter(0)",
              "m.hlo:4: error: expected a shape of less than 2^63 bytes");
  expectError("  %a = f32[2] parameter(x)",
              "m.hlo:4: error: expected the number of the parameter");
  expectError("  %a = f32[2] parameter(1)",
              "m.hlo:3: error: expected parameter 0 in computation 'main'");
  expectError("  %a = f32[2] parameter(0)\n  %a = f32[2] parameter(1)",
              "m.hlo:5: error: expected a new name, got 'a' again");
  expectError("  %a = f32[2] parameter(0), calls=%nothing",
              "m.hlo:4: error: calls: expected the name of a computation");
  expectError("  %a = f32[2] parameter(0), backend_config={\"a\":}",
              "m.hlo:4: error: backend_config: ");
  expectError("  %a = f32[2] parameter(0), metadata={op_name=\"x}",
              "m.hlo:4: error: expected a closing quote");
  expectError("  %a = f32[2] parameter(0) /* x",
              "m.hlo:4: error: expected '*/'");
  expectError("  %a = f32[2] constant({1, 2)", "m.hlo:4: error: expected '}'");
}

TEST(HloParser, RefusesFilesThatAreNoModule) {
  EXPECT_THAT(errorOf(""), HasSubstr("m.hlo:1: error: expected 'HloModule'"));
  EXPECT_THAT(errorOf("HloModule m\n"),
              HasSubstr("expected an ENTRY computation"));
  EXPECT_THAT(errorOf("HloModule m\nENTRY %e {\n}\n"),
              HasSubstr("m.hlo:2: error: expected at least one instruction"));
  EXPECT_THAT(errorOf("HloModule m\nENTRY %e {\n  %a = f32[] parameter(0)\n"),
              HasSubstr("m.hlo:4: error: expected an instruction or '}', got "
                        "the end of the file"));
}

TEST(HloParser, RefusesComputationsThatCallThemselves) {
  EXPECT_THAT(errorOf("HloModule m\n"
                      "%f {\n  %x = f32[] parameter(0)\n"
                      "  ROOT %y = f32[] call(%x), to_apply=%g\n}\n"
                      "%g {\n  %x = f32[] parameter(0)\n"
                      "  ROOT %y = f32[] call(%x), to_apply=%f\n}\n"
                      "ENTRY %e {\n  ROOT %x = f32[] parameter(0)\n}\n"),
              HasSubstr("m.hlo:2: error: expected computations that do not "
                        "call themselves, got 'f'"));
}

TEST(HloParser, DeepNestingIsNoProblem) {
  std::string open(100000, '('), close(100000, ')');
  EXPECT_THAT(errorOf(inEntry("  %a = " + open + close + " parameter(0)")),
              HasSubstr("expected at most 64 tuples inside each other"));
  std::string braces = std::string(100000, '{') + std::string(100000, '}');
  parsed(inEntry("  %a = f32[2] constant(" + braces + ")"));
}

TEST(HloParser, EveryPrefixAndEveryLostByteGivesAnAnswer) {
  std::string text =
      inEntry("  %a = (f32[2]{0:T(8)S(1)}, s32[]) parameter(0), x={\"q\"}\n"
              "  %c = f32[2] constant({1, 2}) /* c */\n"
              "  ROOT %n = f32[2] negate(%c), backend_config={\"a\":[1]}");
  for (size_t i = 0; i < text.size(); ++i) {
    llvm::consumeError(parseModule(text.substr(0, i), "m").takeError());
    std::string without = text;
    without.erase(i, 1);
    llvm::consumeError(parseModule(without, "m").takeError());
  }
}

TEST(HloParser, ReadsEveryProgramOfTheSharedData) {
  std::error_code error;
  int files = 0;
  for (llvm::sys::fs::directory_iterator
           it(MEMPL_SHARED_DATA "/xla_tpu", error),
       end;
       it != end && !error; it.increment(error)) {
    if (!llvm::StringRef(it->path()).ends_with(".hlo.txt.gz"))
      continue;
    ++files;
    auto module = readModule(it->path());
    EXPECT_TRUE(static_cast<bool>(module))
        << llvm::toString(module.takeError());
  }
  if (files == 0)
    GTEST_SKIP() << "no shared data";
}
