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

#include "ExtraData.h"

#include "mempl/Frontend/Xla/HloParser.h"

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
  EXPECT_EQ(entry.instructions[1].literal, "{1,  2}");
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

TEST(HloParser, CommentsAndLineBreaksMayStandAnywhere) {
  Module module = parsed("// from a dump\nHloModule /* x */ m,\n"
                         "  is_scheduled=true // yes\n\n// entry\n"
                         "ENTRY e (a: f32[2],\n  b: f32[2]) -> f32[2]{\n"
                         "  a = f32[2] parameter(0) // the input\n"
                         "  /* block */ ROOT y = f32[2]\n"
                         "    /* z */ add(a, /*index=1*/\n a),\n"
                         "    metadata={op_name=\"a // b\"}, // no end\n"
                         "    x={1, /* 2 */ 3} z = f32[2] negate(y)}");
  const Computation &entry = module.entryComputation();
  EXPECT_EQ(module.attribute("is_scheduled"), "true");
  ASSERT_EQ(entry.instructions.size(), 3u);
  const Instruction &add = entry.instructions[1];
  EXPECT_THAT(add.operands, ElementsAre(0, 0));
  EXPECT_EQ(add.line, 9);
  EXPECT_EQ(add.attribute("metadata"), "{op_name=\"a // b\"}");
  EXPECT_EQ(add.attribute("x"), "{1,  3}");
  EXPECT_EQ(entry.root, 1);
}

TEST(HloParser, NeedsNeitherHeaderNorEntry) {
  Module module = parsed("f {\n  ROOT x = f32[] parameter(0)\n}\n"
                         "g {\n  ROOT x = f32[2] parameter(0)\n}\n");
  EXPECT_EQ(module.name, "module");
  EXPECT_EQ(module.entry, 1);
  module = parsed("HloModule a\nf {\n  ROOT x = f32[] parameter(0)\n}\n"
                  "HloModule b\nf {\n  ROOT x = f32[] parameter(0)\n}\n");
  EXPECT_EQ(module.name, "a");
  EXPECT_EQ(module.nextModule, 5);
}

/// The shape that is inferred for an instruction of operands a: f32[4,6],
/// b: f32[6,8], t: (f32[4,6], s32[2]), c: c64[3], i: s32[5,2].
static std::string inferred(const std::string &instruction) {
  Module module = parsed(
      "HloModule m\nmax {\n  x = f32[] parameter(0)\n"
      "  y = f32[] parameter(1)\n  ROOT m = maximum(x, y)\n}\n"
      "same {\n  ROOT x = (f32[4,6], s32[2]) parameter(0)\n}\n"
      "ENTRY e {\n  a = f32[4,6]{1,0:S(1)} parameter(0)\n"
      "  b = f32[6,8] parameter(1)\n"
      "  t = (f32[4,6], s32[2]) parameter(2)\n  c = c64[3] parameter(3)\n"
      "  i = s32[5,2] parameter(4)\n  z = f32[] constant(0)\n"
      "  im = f32[1,8,8,3] parameter(5)\n  ke = f32[3,3,3,16] parameter(6)\n"
      "  ROOT r = " +
      instruction + "\n}\n");
  if (module.entry < 0)
    return "error";
  std::string text;
  const Computation &entry = module.entryComputation();
  for (const Shape *leaf : entry.instructions[entry.root].shape.leaves()) {
    text += (text.empty() ? "" : " ") + leaf->elementType;
    for (int64_t dim : leaf->dims)
      text += "," + std::to_string(dim);
    EXPECT_EQ(leaf->layout.memorySpace, 0);
  }
  return text;
}

TEST(HloParser, InfersShapesThatAreLeftOut) {
  EXPECT_EQ(inferred("add(a, a)"), "f32,4,6");
  EXPECT_EQ(inferred("compare(a, a), direction=LT"), "pred,4,6");
  EXPECT_EQ(inferred("dot(a, b), lhs_contracting_dims={1}, "
                     "rhs_contracting_dims={0}"),
            "f32,4,8");
  EXPECT_EQ(inferred("transpose(a), dimensions={1,0}"), "f32,6,4");
  EXPECT_EQ(inferred("concatenate(a, a), dimensions={0}"), "f32,8,6");
  EXPECT_EQ(inferred("slice(a), slice={[0:4:2], [1:3]}"), "f32,2,2");
  EXPECT_EQ(inferred("pad(a, z), padding=1_0x0_2_1"), "f32,5,13");
  EXPECT_EQ(inferred("reduce(a, z), dimensions={0}, to_apply=max"), "f32,6");
  EXPECT_EQ(inferred("reduce-window(a, z), window={size=2x3 stride=2x1 "
                     "pad=0_0x1_1}, to_apply=max"),
            "f32,2,6");
  EXPECT_EQ(inferred("convolution(im, ke), window={size=3x3 pad=1_1x1_1}, "
                     "dim_labels=b01f_01io->b01f"),
            "f32,1,8,8,16");
  EXPECT_EQ(inferred("gather(b, i), offset_dims={1}, "
                     "collapsed_slice_dims={0}, start_index_map={0,1}, "
                     "index_vector_dim=1, slice_sizes={1,8}"),
            "f32,5,8");
  EXPECT_EQ(inferred("dynamic-slice(a, z, z), dynamic_slice_sizes={1,6}"),
            "f32,1,6");
  EXPECT_EQ(inferred("tuple(a, t)"), "f32,4,6 f32,4,6 s32,2");
  EXPECT_EQ(inferred("get-tuple-element(t), index=1"), "s32,2");
  EXPECT_EQ(inferred("abs(c)"), "f32,3");
  EXPECT_EQ(inferred("while(t), condition=same, body=same"), "f32,4,6 s32,2");
  EXPECT_EQ(inferred("call(z, z), to_apply=max"), "f32");
  EXPECT_EQ(inferred("sort(a, a), dimensions={0}"), "f32,4,6 f32,4,6");
  EXPECT_EQ(inferred("copy-start(a)"), "f32,4,6 f32,4,6 u32");
  EXPECT_EQ(inferred("after-all()"), "token");
}

TEST(HloParser, AShapeThatNothingTellsIsAnError) {
  auto error = [](const std::string &instruction) {
    return errorOf(
        inEntry("  a = f32[4,6] parameter(0)\n  r = " + instruction));
  };
  for (const char *text :
       {"reshape(a)", "convert(a)", "iota(), iota_dimension=0",
        "get-tuple-element(a), index=0", "transpose(a), dimensions={0,2}",
        "slice(a), slice={[0:4]}", "custom-call(a)", "constant({1})",
        "concatenate(a), dimensions={7}", "pad(a, a), padding=x"})
    EXPECT_THAT(error(text),
                HasSubstr("m.hlo:5: error: expected a shape before '"))
        << text;
  EXPECT_THAT(error("f32[?,2] negate(a)"),
              HasSubstr("m.hlo:5: error: expected a dimension with a bound, "
                        "got '?'"));
}

TEST(HloParser, ReadsWhatIsJsonInTheConfigurationsOfBackends) {
  auto config = [](const std::string &text) {
    return parsed(inEntry("  %a = f32[2] parameter(0), backend_config=" + text))
        .entryComputation()
        .instructions[0]
        .backendConfig;
  };
  JsonNode node = config(
      "{alpha = 2.0 : f32, n = 3 : i64, flag, \"k v\" = "
      "{\"known_trip_count\":{\"n\":\"5\"}}, d = #x.y<1, 2>, last = true}");
  ASSERT_NE(node.find("n"), nullptr);
  EXPECT_EQ(node.find("n")->text, "3");
  EXPECT_EQ(node.find("alpha")->text, "2.0");
  EXPECT_NE(node.find("k v")->find("known_trip_count"), nullptr);
  EXPECT_EQ(node.find("d"), nullptr);
  EXPECT_NE(node.find("last"), nullptr);
  EXPECT_EQ(config("{}").kind, JsonNode::Kind::Object);
  node = config("\"{\\\"a\\\":{\\\"b\\\":1}}\"");
  ASSERT_NE(node.find("a"), nullptr);
  EXPECT_EQ(config("\"opaque {\"").kind, JsonNode::Kind::Null);
  EXPECT_EQ(config("\"{no json\"").kind, JsonNode::Kind::Null);
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
  expectError("  %a = f32[2]{0:T(8)x} parameter(0)",
              "m.hlo:4: error: expected T(..), S(..)");
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

TEST(HloParser, RefusesCallsWithAnotherNumberOfOperands) {
  auto call = [](llvm::StringRef instruction) {
    return ("HloModule m\n\n%callee {\n  %p = f32[2] parameter(0)\n"
            "  ROOT %q = f32[2] parameter(1)\n}\n\nENTRY %main {\n"
            "  %a = f32[2] parameter(0)\n  ROOT %r = f32[2] " +
            instruction + "\n}\n")
        .str();
  };
  for (llvm::StringRef instruction :
       {"fusion(%a), kind=kLoop, calls=%callee", "call(%a), to_apply=%callee"})
    EXPECT_THAT(errorOf(call(instruction)),
                HasSubstr("m.hlo:10: error: expected an operand for each "
                          "parameter of 'callee', 2, got 1"));
  EXPECT_EQ(errorOf(call("fusion(%a, %a), kind=kLoop, calls=%callee")),
            "no error");
}

TEST(HloParser, RefusesLoopsOfMoreThanOneOperand) {
  std::string text =
      "HloModule m\n\n%body {\n  ROOT %p = f32[2] parameter(0)\n}\n\n"
      "%condition {\n  %p = f32[2] parameter(0)\n"
      "  ROOT %c = pred[] constant(true)\n}\n\nENTRY %main {\n"
      "  %a = f32[2] parameter(0)\n  ROOT %w = f32[2] while(%a, %a), "
      "condition=%condition, body=%body\n}\n";
  EXPECT_THAT(errorOf(text),
              HasSubstr("m.hlo:14: error: expected an operand for each "
                        "parameter of 'body', 1, got 2"));
}

TEST(HloParser, RefusesCopiesThatEndTwice) {
  std::string text =
      "HloModule m\n\nENTRY %main {\n  %a = f32[2] parameter(0)\n"
      "  %s = (f32[2], f32[2], u32[]) copy-start(%a)\n"
      "  %b = f32[2] copy-done(%s)\n  %c = f32[2] copy-done(%s)\n"
      "  ROOT %r = f32[2] add(%b, %c)\n}\n";
  EXPECT_THAT(errorOf(text),
              HasSubstr("m.hlo:7: error: expected one copy-done of 's', got a "
                        "second"));
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

TEST(HloParser, ReadsEveryProgramOfTheExtraData) {
  std::error_code error;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(extraData("xla_tpu"), error), end;
       it != end && !error; it.increment(error)) {
    if (!llvm::StringRef(it->path()).ends_with(".hlo.txt.gz"))
      continue;
    ++files;
    auto module = readModule(it->path());
    EXPECT_TRUE(static_cast<bool>(module))
        << llvm::toString(module.takeError());
  }
  if (files == 0)
    GTEST_SKIP() << kNoExtraData;
}
