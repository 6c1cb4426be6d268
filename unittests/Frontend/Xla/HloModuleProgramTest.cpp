//===- HloModuleProgramTest.cpp - what an XLA module does with its memory
//-------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtraData.h"
#include "HloTestUtils.h"

#include "mempl/Problem/Simulator.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

#include "gmock/gmock.h"

using namespace mempl;
using namespace mempl::hlo;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

TEST(HloProgram, StepsReadAndWriteBuffers) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %a = f32[256] negate(%x)\n"
                       "  ROOT %b = f32[256] add(%a, %x)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "b"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "a", "b"));
  EXPECT_EQ(r->value("x").kind, ValueKind::Input);
  EXPECT_EQ(r->value("a").kind, ValueKind::Temporary);
  EXPECT_EQ(r->value("b").kind, ValueKind::Output);
  EXPECT_EQ(r->value("a").size, 1024);
  ASSERT_EQ(r->step("b").accesses.size(), 3u);
  EXPECT_EQ(r->step("b").accesses[0].mode, AccessMode::Read);
  EXPECT_EQ(r->step("b").accesses[2].mode, AccessMode::Write);
  EXPECT_THAT(r->xla.residencies, IsEmpty());
}

TEST(HloProgram, TwoOperandsOfOneBufferAreOneAccess) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  ROOT %b = f32[256] add(%x, %x)\n"));
  ASSERT_EQ(r->step("b").accesses.size(), 2u);
  EXPECT_EQ(r->step("b").accesses[0].bytes, 2048);
}

TEST(HloProgram, TuplesAndBitcastsAreFree) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %p = (f32[256], f32[16,16]) custom-call(%x), "
                       "custom_call_target=\"f\"\n"
                       "  %e = f32[16,16] get-tuple-element(%p), index=1\n"
                       "  %v = f32[256] bitcast(%e)\n"
                       "  %t = (f32[256], f32[256]) tuple(%v, %x)\n"
                       "  %u = f32[256] get-tuple-element(%t), index=0\n"
                       "  ROOT %b = f32[256] negate(%u)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("p", "b"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "p{0}", "p{1}", "b"));
  EXPECT_EQ(r->value(r->step("b").accesses[0]).name, "p{1}");
}

TEST(HloProgram, ScalarsAreNoPartOfTheProblem) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %i = s32[] parameter(1)\n"
                       "  %one = s32[] constant(1)\n"
                       "  %j = s32[] add(%i, %one)\n"
                       "  ROOT %b = f32[256] custom-call(%x, %j), "
                       "custom_call_target=\"f\"\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("b"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "b"));
}

TEST(HloProgram, CopiesOfTheAssignmentAreUndone) {
  auto r = read(
      module("  %x = f32[256] parameter(0)\n"
             "  %w = f32[256] parameter(1)\n"
             "  %s = (f32[256]{0:S(1)}, f32[256]{0}, u32[]) copy-start(%w)\n"
             "  %a = f32[256]{0:S(1)} negate(%x)\n"
             "  %d = f32[256]{0:S(1)} copy-done(%s)\n"
             "  %b = f32[256]{0:S(1)} add(%a, %d)\n"
             "  %es = (f32[256]{0}, f32[256]{0:S(1)}, u32[]) copy-start(%b)\n"
             "  %c = f32[256] negate(%b)\n"
             "  %ed = f32[256]{0} copy-done(%es)\n"
             "  ROOT %t = (f32[256], f32[256]) tuple(%c, %ed)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "w", "a", "b", "c"));
  EXPECT_EQ(r->value("b").kind, ValueKind::Output);
  ASSERT_EQ(r->xla.residencies.size(), 3u);
  const Residency &a = r->xla.residencies[0], &w = r->xla.residencies[1],
                  &b = r->xla.residencies[2];
  EXPECT_EQ(a.written()->step, 0);
  EXPECT_EQ(a.last, 1);
  EXPECT_EQ(w.copyIn()->issue, 0);
  EXPECT_EQ(w.copyIn()->ready, 1);
  EXPECT_EQ(w.last, 1);
  EXPECT_EQ(b.written()->step, 1);
  EXPECT_EQ(b.last, 2);
  EXPECT_EQ(b.out->back, 1);
  EXPECT_EQ(b.out->done, 3);
}

TEST(HloProgram, SlicedPrefetchesAreOneCopy) {
  auto r = read(module(
      "  %x = f32[256] parameter(0)\n"
      "  %w = f32[4,64] parameter(1)\n"
      "  %s0 = ((f32[4,64]{1,0}), f32[2,64]{1,0:S(1)}, s32[]) "
      "slice-start(%w), slice={[0:2], [0:64]}\n"
      "  %a = f32[256] negate(%x)\n"
      "  %s1 = ((f32[4,64]{1,0}), f32[2,64]{1,0:S(1)}, s32[]) "
      "slice-start(%w), slice={[2:4], [0:64]}\n"
      "  %b = f32[256] negate(%a)\n"
      "  %d0 = f32[2,64]{1,0:S(1)} slice-done(%s0)\n"
      "  %d1 = f32[2,64]{1,0:S(1)} slice-done(%s1)\n"
      "  %j = f32[4,64]{1,0:S(1)} custom-call(%d0, %d1), "
      "custom_call_target=\"ConcatBitcast\"\n"
      "  ROOT %c = f32[256] custom-call(%b, %j), custom_call_target=\"f\"\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(r->program.notes.slicedCopies, 1);
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->xla.residencies[0].copyIn()->issue, 0);
  EXPECT_EQ(r->xla.residencies[0].copyIn()->ready, 2);
}

TEST(HloProgram, ASliceThatIsReadAloneIsAStep) {
  auto r = read(module("  %w = f32[4,64] parameter(0)\n"
                       "  %s = ((f32[4,64]{1,0}), f32[2,64]{1,0:S(1)}, s32[]) "
                       "slice-start(%w), slice={[0:2], [0:64]}\n"
                       "  %d = f32[2,64]{1,0:S(1)} slice-done(%s)\n"
                       "  ROOT %a = f32[2,64] negate(%d)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "a"));
  EXPECT_EQ(r->program.notes.realSlices, 1);
  EXPECT_EQ(r->step("s").accesses[0].bytes, 512);
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->xla.residencies[0].written()->step, 0);
}

TEST(HloProgram, UpdatesInPlaceKeepTheBuffer) {
  auto r =
      read(module("  %x = f32[256] parameter(0)\n"
                  "  %u = f32[16] parameter(1)\n"
                  "  %i = s32[] parameter(2)\n"
                  "  %a = f32[256]{0:S(1)} negate(%x)\n"
                  "  %b = f32[256]{0:S(1)} dynamic-update-slice(%a, %u, %i)\n"
                  "  ROOT %c = f32[256] negate(%b)\n"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "u", "a", "c"));
  const Step &update = r->step("b");
  ASSERT_EQ(update.accesses.size(), 2u);
  EXPECT_EQ(r->value(update.accesses[0]).name, "a");
  EXPECT_EQ(update.accesses[0].mode, AccessMode::Update);
  EXPECT_EQ(update.accesses[0].bytes, 64);
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->xla.residencies[0].written()->step, 0);
  EXPECT_EQ(r->xla.residencies[0].last, 2);
}

TEST(HloProgram, FusionsAccessOnlyWhatTheySlice) {
  auto r = read(module(
      "  %t = f32[1024,16] parameter(0)\n"
      "  %i = s32[] parameter(1)\n"
      "  %o = f32[1024,16] parameter(2)\n"
      "  %g = f32[4,16] fusion(%t, %i), kind=kLoop, calls=%take\n"
      "  %c = f32[1024,16] copy(%o)\n"
      "  ROOT %p = f32[1024,16] fusion(%c, %g, %i), kind=kLoop, calls=%put\n",
      "%take {\n  %a = f32[1024,16] parameter(0)\n  %i = s32[] parameter(1)\n"
      "  %z = s32[] constant(0)\n"
      "  %s = f32[4,16] dynamic-slice(%a, %i, %z), "
      "dynamic_slice_sizes={4,16}\n"
      "  ROOT %n = f32[4,16] negate(%s)\n}\n"
      "%put {\n  %a = f32[1024,16] parameter(0)\n"
      "  %u = f32[4,16] parameter(1)\n  %i = s32[] parameter(2)\n"
      "  %z = s32[] constant(0)\n"
      "  ROOT %d = f32[1024,16] dynamic-update-slice(%a, %u, %i, %z)\n}\n"));
  EXPECT_EQ(r->step("g").accesses[0].bytes, 256);
  const Step &put = r->step("p");
  EXPECT_EQ(r->value(put.accesses[0]).name, "c");
  EXPECT_EQ(put.accesses[0].mode, AccessMode::Update);
  EXPECT_EQ(put.accesses[0].bytes, 256);
  EXPECT_EQ(r->value("c").kind, ValueKind::Output);
}

/// A loop that runs `limit` times and adds %w to what it carries.
std::string loopModule(llvm::StringRef condition, llvm::StringRef space = "") {
  std::string c = ("f32[256]{0" + space + "}").str();
  return module("  %zero = s32[] constant(0)\n"
                "  %x = f32[256] parameter(0)\n"
                "  %w = f32[256] parameter(1)\n"
                "  %a = " +
                    c +
                    " negate(%x)\n"
                    "  %t = (s32[], " +
                    c +
                    ", f32[256]) tuple(%zero, %a, %w)\n"
                    "  %l = (s32[], " +
                    c +
                    ", f32[256]) while(%t), condition=%cond, "
                    "body=%body\n"
                    "  %r = " +
                    c +
                    " get-tuple-element(%l), index=1\n"
                    "  ROOT %b = f32[256] negate(%r)\n",
                "%cond {\n  %p = (s32[], " + c +
                    ", f32[256]) parameter(0)\n"
                    "  %i = s32[] get-tuple-element(%p), index=0\n" +
                    condition.str() +
                    "}\n"
                    "%body {\n  %p = (s32[], " +
                    c +
                    ", f32[256]) parameter(0)\n"
                    "  %i = s32[] get-tuple-element(%p), index=0\n"
                    "  %two = s32[] constant(2)\n"
                    "  %j = s32[] add(%i, %two)\n"
                    "  %v = " +
                    c +
                    " get-tuple-element(%p), index=1\n"
                    "  %w = f32[256] get-tuple-element(%p), index=2\n"
                    "  %m = " +
                    c +
                    " negate(%v)\n"
                    "  %n = " +
                    c +
                    " add(%m, %w)\n"
                    "  ROOT %t = (s32[], " +
                    c + ", f32[256]) tuple(%j, %n, %w)\n}\n");
}

constexpr llvm::StringLiteral kLessThan20 =
    "  %n = s32[] constant(20)\n"
    "  ROOT %c = pred[] compare(%i, %n), direction=LT\n";

TEST(HloProgram, LoopsAreStepsWithBodies) {
  auto r = read(loopModule(kLessThan20, ":S(1)"));
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "l", "b"));
  const Step &loop = r->step("l");
  EXPECT_EQ(loop.trips, 10);
  ASSERT_TRUE(loop.body);
  ASSERT_EQ(loop.body->numSteps(), 2);
  // Only what is made and used in a trip belongs to the body.
  ASSERT_EQ(loop.body->numValues(), 1);
  EXPECT_EQ(loop.body->values[0].name, "m");
  EXPECT_EQ(loop.body->steps[1].accesses.size(), 1u);
  ASSERT_EQ(loop.accesses.size(), 2u);
  EXPECT_EQ(r->value(loop.accesses[0]).name, "a");
  EXPECT_EQ(loop.accesses[0].mode, AccessMode::Update);
  EXPECT_EQ(loop.accesses[0].bytes, 10 * 2 * 1024);
  EXPECT_EQ(r->value(loop.accesses[1]).name, "w");
  EXPECT_EQ(loop.accesses[1].mode, AccessMode::Read);
  EXPECT_EQ(loop.accesses[1].bytes, 10 * 1024);
  // XLA keeps what is carried, and the temporary of the body, in fast memory.
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->xla.residencies[0].written()->step, 0);
  EXPECT_EQ(r->xla.residencies[0].last, 2);
  ASSERT_EQ(r->xla.loops.size(), 1u);
  const BodyPlan &body = r->xla.loops.begin()->second;
  ASSERT_EQ(body.plan.residencies.size(), 1u);
  EXPECT_EQ(body.capacity, 1024);
  EXPECT_GE(r->xla.residencies[0].offset, 1024);
}

TEST(HloProgram, TripsComeFromTheCounter) {
  auto trips = [](llvm::StringRef condition) {
    return read(loopModule(condition))->step("l").trips;
  };
  EXPECT_EQ(trips(kLessThan20), 10);
  EXPECT_EQ(trips("  %n = s32[] constant(19)\n"
                  "  ROOT %c = pred[] compare(%i, %n), direction=LT\n"),
            10);
  EXPECT_EQ(trips("  %n = s32[] constant(20)\n"
                  "  ROOT %c = pred[] compare(%i, %n), direction=LE\n"),
            11);
  EXPECT_EQ(trips("  %n = s32[] constant(20)\n"
                  "  ROOT %c = pred[] compare(%n, %i), direction=GT\n"),
            10);
  EXPECT_EQ(trips("  %n = s32[] constant(20)\n"
                  "  ROOT %c = pred[] compare(%i, %n), direction=NE\n"),
            10);
  EXPECT_EQ(trips("  %n = s32[] constant(-3)\n"
                  "  ROOT %c = pred[] compare(%i, %n), direction=LT\n"),
            1);
}

TEST(HloProgram, UnknownTripsAreAssumedAndCounted) {
  auto r = read(loopModule("  %n = s32[] multiply(%i, %i)\n"
                           "  ROOT %c = pred[] compare(%i, %n), "
                           "direction=LT\n"));
  EXPECT_EQ(r->step("l").trips, kAssumedTrips);
  EXPECT_EQ(r->program.notes.assumedTrips, 1);
}

TEST(HloProgram, ACopyThatALoopOverwritesIsAStep) {
  // The loop must not overwrite the parameter, so the program copies it; the
  // assignment made that copy asynchronous.
  auto r = read(
      module("  %zero = s32[] constant(0)\n"
             "  %x = f32[256] parameter(0)\n"
             "  %s = (f32[256]{0:S(1)}, f32[256]{0}, u32[]) copy-start(%x)\n"
             "  %d = f32[256]{0:S(1)} copy-done(%s)\n"
             "  %t = (s32[], f32[256]{0:S(1)}) tuple(%zero, %d)\n"
             "  %l = (s32[], f32[256]{0:S(1)}) while(%t), condition=%cond, "
             "body=%body\n"
             "  %r = f32[256]{0:S(1)} get-tuple-element(%l), index=1\n"
             "  %es = (f32[256]{0}, f32[256]{0:S(1)}, u32[]) copy-start(%r)\n"
             "  ROOT %ed = f32[256]{0} copy-done(%es)\n",
             "%cond {\n  %p = (s32[], f32[256]{0:S(1)}) parameter(0)\n"
             "  %i = s32[] get-tuple-element(%p), index=0\n"
             "  %n = s32[] constant(3)\n"
             "  ROOT %c = pred[] compare(%i, %n), direction=LT\n}\n"
             "%body {\n  %p = (s32[], f32[256]{0:S(1)}) parameter(0)\n"
             "  %i = s32[] get-tuple-element(%p), index=0\n"
             "  %one = s32[] constant(1)\n"
             "  %j = s32[] add(%i, %one)\n"
             "  %v = f32[256]{0:S(1)} get-tuple-element(%p), index=1\n"
             "  %m = f32[256]{0:S(1)} negate(%v)\n"
             "  ROOT %t = (s32[], f32[256]{0:S(1)}) tuple(%j, %m)\n}\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "l"));
  EXPECT_THAT(r->valueNames(), ElementsAre("x", "s{0}"));
  EXPECT_EQ(r->value("x").kind, ValueKind::Input);
  EXPECT_EQ(r->value("s{0}").kind, ValueKind::Output);
}

TEST(HloProgram, ADonatedParameterIsUpdated) {
  auto r = read("HloModule m, is_scheduled=true, "
                "input_output_alias={ {0}: (0, {}, may-alias) }\n"
                "ENTRY %main {\n"
                "  %x = f32[256] parameter(0)\n"
                "  %u = f32[16] parameter(1)\n"
                "  %i = s32[] parameter(2)\n"
                "  %b = f32[256] dynamic-update-slice(%x, %u, %i)\n"
                "  ROOT %t = (f32[256]) tuple(%b)\n}\n");
  EXPECT_EQ(r->value("x").kind, ValueKind::InOut);
}

TEST(HloProgram, CallsAreInlined) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  ROOT %b = f32[256] call(%x), to_apply=%f\n",
                       "%f {\n  %p = f32[256] parameter(0)\n"
                       "  %m = f32[256]{0:S(1)} negate(%p)\n"
                       "  ROOT %n = f32[256] negate(%m)\n}\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("m", "n"));
  EXPECT_EQ(r->xla.residencies.size(), 1u);
}

TEST(HloProgram, WhatIsCalledTwiceIsOneStepPerCall) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %a = f32[256] call(%x), to_apply=%f\n"
                       "  ROOT %b = f32[256] call(%a), to_apply=%f\n",
                       "%f {\n  %p = f32[256] parameter(0)\n"
                       "  ROOT %m = f32[256] negate(%p)\n}\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "b"));
}

TEST(HloProgram, TheLargerSpaceIsFilledWhereThereIsOne) {
  // CMEM is S(3); what is in S(1) then is scratch of the kernels.
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %a = f32[256]{0:S(3)} negate(%x)\n"
                       "  %b = f32[256]{0:S(1)} negate(%a)\n"
                       "  ROOT %c = f32[256] negate(%b)\n"));
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->instance().program.values[r->xla.residencies[0].value].name,
            "a");
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

TEST(HloCost, ConvolutionsCountProductsThatExist) {
  // 8 batched products of 4x16 by 16x32, written with wide padding.
  ImportOptions roofline;
  roofline.cost = CostModel::Roofline;
  auto r = read(module("  %a = bf16[8,4,16] parameter(0)\n"
                       "  %b = bf16[8,16,32] parameter(1)\n"
                       "  ROOT %c = bf16[8,4,32] convolution(%a, %b), "
                       "window={size=8 stride=7 pad=0_0 lhs_dilate=8}, "
                       "dim_labels=0bf_0io->0bf\n"),
                roofline);
  EXPECT_DOUBLE_EQ(r->step("c").compute, 2.0 * 8 * 4 * 16 * 32 / 1e12);
}

TEST(HloCost, DotsAndElementsInFusionsCount) {
  ImportOptions roofline;
  roofline.cost = CostModel::Roofline;
  auto r = read(module("  %a = bf16[64,128] parameter(0)\n"
                       "  %b = bf16[128,32] parameter(1)\n"
                       "  %d = bf16[64,32] fusion(%a, %b), kind=kOutput, "
                       "calls=%f\n"
                       "  ROOT %e = bf16[64,32] exponential(%d)\n",
                       "%f {\n  %a = bf16[64,128] parameter(0)\n"
                       "  %b = bf16[128,32] parameter(1)\n"
                       "  %m = bf16[64,32] dot(%a, %b), "
                       "lhs_contracting_dims={1}, rhs_contracting_dims={0}\n"
                       "  ROOT %n = bf16[64,32] negate(%m)\n}\n"),
                roofline);
  EXPECT_DOUBLE_EQ(r->step("d").compute, 2.0 * 64 * 128 * 32 / 1e12);
  EXPECT_DOUBLE_EQ(r->step("e").compute, 4.0 * 64 * 32 / 1e11);
}

TEST(HloCost, AWindowOverAllThereIsCountsAsOneReduction) {
  ImportOptions roofline;
  roofline.cost = CostModel::Roofline;
  auto r = read(module("  %x = f32[16,64] parameter(0)\n"
                       "  %m = f32[] constant(0)\n"
                       "  %a = f32[16,64] reduce-window(%x, %m), "
                       "window={size=1x127 pad=0_0x63_63}, to_apply=%f\n"
                       "  ROOT %b = f32[16,64] reduce-window(%a, %m), "
                       "window={size=3x3 pad=1_1x1_1}, to_apply=%f\n",
                       "%f {\n  %p = f32[] parameter(0)\n"
                       "  %q = f32[] parameter(1)\n"
                       "  ROOT %r = f32[] add(%p, %q)\n}\n"),
                roofline);
  EXPECT_DOUBLE_EQ(r->step("a").compute, 16 * 64 / 1e11);
  EXPECT_DOUBLE_EQ(r->step("b").compute, 9 * 16 * 64 / 1e11);
}

TEST(HloProgram, AFusionWritesOnlyAPartOfStorageThatItMakes) {
  auto r = read(module(
      "  %u = f32[4,16] parameter(0)\n"
      "  %i = s32[] parameter(1)\n"
      "  ROOT %p = f32[1024,16] fusion(%u, %i), kind=kLoop, calls=%put\n",
      "%put {\n  %u = f32[4,16] parameter(0)\n  %i = s32[] parameter(1)\n"
      "  %z = s32[] constant(0)\n"
      "  %a = f32[1024,16] custom-call(), "
      "custom_call_target=\"AllocateBuffer\"\n"
      "  ROOT %d = f32[1024,16] dynamic-update-slice(%a, %u, %i, %z)\n}\n"));
  ASSERT_EQ(r->step("p").accesses.size(), 2u);
  EXPECT_EQ(r->step("p").accesses[1].bytes, 256);
  EXPECT_EQ(r->step("p").accesses[1].mode, AccessMode::Write);
}

std::string estimated(int64_t cycles) {
  return ", backend_config={\"window_config\":{\"estimated_cycles\":\"" +
         std::to_string(cycles) +
         "\"},\"used_scoped_memory_configs\":[{\"memory_space\":\"1\","
         "\"offset\":\"0\",\"size\":\"3000\"}]}";
}

TEST(HloCost, EstimatesOfStepsWithFewSlowBytesAreCompute) {
  std::string text = module("  %x = f32[256]{0} parameter(0)\n"
                            "  %a = f32[256]{0:S(1)} negate(%x)" +
                            estimated(2000) +
                            "\n"
                            "  %b = f32[256]{0:S(1)} negate(%a)" +
                            estimated(700) +
                            "\n"
                            "  %c = f32[256]{0:S(1)} negate(%b)" +
                            estimated(600) +
                            "\n"
                            "  %d = f32[256]{0:S(1)} sine(%c)" +
                            estimated(99999999999999999) +
                            "\n"
                            "  ROOT %e = f32[256] cosine(%d)" +
                            estimated(40000) + "\n");
  auto r = read(text);
  // a reads slow memory; b and c are of its kind and do not.
  EXPECT_DOUBLE_EQ(r->step("a").compute, 600e-9);
  EXPECT_DOUBLE_EQ(r->step("b").compute, 600e-9);
  // No estimate; and one that only slow bytes were seen with.
  EXPECT_DOUBLE_EQ(r->step("d").compute, 4 * 256 / 1e11);
  EXPECT_DOUBLE_EQ(r->step("e").compute, 4 * 256 / 1e11);
}

TEST(HloCost, CalibrationScalesBytesToTheEstimates) {
  // 2048 bytes at 1e9 bytes/s are 2048 cycles. The first copy takes three times
  // as long; the second is of its kind, the third only of its class; the last
  // is seen in fast memory only.
  std::string text = module("  %x = f32[256]{0} parameter(0)\n"
                            "  %a = f32[256]{0} copy(%x)" +
                            estimated(3 * 2048) +
                            "\n"
                            "  %b = f32[256]{0:S(1)} copy(%a)" +
                            estimated(3 * 1024) +
                            "\n"
                            "  %c = f32[16,16]{1,0:S(1)} copy(%b)" +
                            estimated(100) +
                            "\n"
                            "  %d = f32[16,16]{1,0:S(1)} negate(%c)" +
                            estimated(50) +
                            "\n"
                            "  ROOT %e = f32[16,16]{1,0} sine(%d)\n");
  ImportOptions options;
  options.cost = CostModel::Calibrated;
  auto r = read(text, options);
  EXPECT_EQ(r->step("a").accesses[0].bytes, 3 * 1024);
  EXPECT_EQ(r->step("b").accesses[0].bytes, 3 * 1024);
  EXPECT_EQ(r->step("c").accesses[0].bytes, 3 * 1024);
  EXPECT_EQ(r->step("d").accesses[0].bytes, 1024);
  EXPECT_DOUBLE_EQ(r->step("d").compute, 50e-9);
  EXPECT_EQ(read(text)->step("a").accesses[0].bytes, 1024);
}

TEST(HloCost, ScopedMemoryIsReservedBeyondWhatTheMachineLeavesOut) {
  std::string text = module("  %x = f32[256] parameter(0)\n"
                            "  ROOT %a = f32[256] negate(%x)" +
                            estimated(2000) + "\n");
  EXPECT_EQ(read(text)->step("a").reserved, 0);
  ImportOptions options;
  options.scopedOutside = 0;
  EXPECT_EQ(read(text, options)->step("a").reserved, 3072);
  options.scopedOutside = 2000;
  EXPECT_EQ(read(text, options)->step("a").reserved, 1024);
}

TEST(HloCost, ScopedMemoryThatDoesNotFitIsAnError) {
  ImportOptions options;
  options.scopedOutside = 0;
  auto error = [&](const std::string &configs) {
    Read ignored;
    std::string text =
        module("  %x = f32[256] parameter(0)\n"
               "  ROOT %a = f32[256] negate(%x), "
               "backend_config={\"used_scoped_memory_configs\":[" +
               configs + "]}\n");
    return llvm::toString(readInto(text, ignored, testTarget(), options));
  };
  EXPECT_EQ(error("{\"offset\":\"0\",\"size\":\"1048576\"}"), "");
  EXPECT_THAT(error("{\"offset\":\"0\",\"size\":\"1048577\"}"),
              HasSubstr("m.hlo:4: error: expected at most 1048576 bytes of "
                        "scoped memory, the capacity of fast memory, got "
                        "1048577"));
  for (const char *configs :
       {"{\"size\":\"-1\"}", "{\"size\":\"x\"}", "{\"offset\":\"0\"}",
        "{\"offset\":\"-4\",\"size\":\"4\"}",
        "{\"offset\":\"4\",\"size\":\"9223372036854775807\"}"})
    EXPECT_THAT(error(configs), HasSubstr("m.hlo:4: error: "
                                          "used_scoped_memory_configs: "))
        << configs;
}

//===----------------------------------------------------------------------===//
// Errors and tables
//===----------------------------------------------------------------------===//

TEST(HloProgram, WhatCannotBeIsAnErrorWithItsLine) {
  EXPECT_THAT(errorOf(module("  %x = f32[256] parameter(0)\n"
                             "  ROOT %e = f32[256] get-tuple-element(%x), "
                             "index=1\n")),
              HasSubstr("m.hlo:4: error: expected the index of an element"));
  EXPECT_THAT(errorOf(module("  %x = f32[256] parameter(0)\n"
                             "  ROOT %t = (f32[256]) tuple(%x, %x)\n")),
              HasSubstr("m.hlo:4: error: expected a tuple of its operands"));
  EXPECT_THAT(errorOf(module("  ROOT %x = f32[256] parameter(0)\n")),
              HasSubstr("m.hlo:2: error: expected an entry computation that "
                        "runs at least one step"));
  EXPECT_THAT(
      errorOf(module("  %x = f32[256] parameter(0)\n"
                     "  ROOT %l = f32[256] while(%x), condition=%c, body=%b\n",
                     "%c {\n  %p = f32[256] parameter(0)\n"
                     "  ROOT %t = pred[] constant(true)\n}\n"
                     "%b {\n  ROOT %p = (f32[256], f32[2]) parameter(0)\n}\n")),
      HasSubstr("error: expected the arguments and results that 'b' has"));
}

TEST(HloProgram, ArgumentsAreLikeParameters) {
  EXPECT_THAT(
      errorOf(module("  %x = f32[] parameter(0)\n"
                     "  ROOT %l = f32[256] call(%x), to_apply=%b\n",
                     "%b {\n  %p = f32[256] parameter(0)\n"
                     "  ROOT %n = f32[256] negate(%p)\n}\n")),
      HasSubstr("m.hlo:8: error: expected the arguments and results that "
                "'b' has"));
}

TEST(HloProgram, EveryPrefixAndEveryLostByteGivesAnAnswer) {
  std::string text = loopModule(kLessThan20, ":S(1)");
  for (size_t i = 0; i < text.size(); ++i) {
    Read prefix, less;
    llvm::consumeError(
        readInto(text.substr(0, i) + "\n}\n", prefix, testTarget(), {}));
    std::string without = text;
    without.erase(i, 1);
    llvm::consumeError(readInto(without, less, testTarget(), {}));
  }
}

TEST(HloTables, RowsAreFoundByTheirDefinition) {
  auto r = read(module("  %x = f32[256] parameter(0)\n"
                       "  %a = f32[256] negate(%x)\n"
                       "  ROOT %b = f32[256] negate(%a)\n"));
  AssignmentTables tables;
  AssignmentTables::BufferRow row;
  row.name = "a", row.size = 1024, row.useNames = {"b, operand 0"};
  tables.buffers.push_back(row);
  row.name = "x", row.size = 2048, row.useNames = {"a, operand 0"};
  tables.buffers.push_back(row);
  row.name = "gone", row.size = 4096;
  tables.buffers.push_back(row);
  tables.timeOf = {{"a", 2}, {"b", 1}};
  TableCheck check = checkTables(r->module, r->program, tables);
  EXPECT_EQ(check.rows, 3);
  EXPECT_EQ(check.found, 2);
  EXPECT_EQ(check.foundBytes, 3072);
  EXPECT_EQ(check.sameSize, 1);
  EXPECT_EQ(check.sameUses, 2);
  EXPECT_EQ(check.outOfOrder, 1);
  EXPECT_EQ(check.differences.size(), 3u);
}

//===----------------------------------------------------------------------===//
// Real programs
//===----------------------------------------------------------------------===//

/// Files of HLO text in a folder, sorted.
std::vector<std::string> programsIn(const std::string &folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end;
       it != end && !error; it.increment(error))
    if (llvm::StringRef(it->path()).ends_with(".hlo.txt.gz"))
      paths.push_back(it->path());
  llvm::sort(paths);
  return paths;
}

/// Copies that XLA's assignment saw in the program and that are not there.
int64_t copiesTurned(const Module &module, const AssignmentTables &tables) {
  llvm::StringSet<> names;
  for (const Computation &computation : module.computations)
    for (const Instruction &instruction : computation.instructions)
      names.insert(instruction.name);
  return llvm::count_if(tables.buffers, [&](const auto &row) {
    return llvm::StringRef(row.name).starts_with("copy") &&
           !names.contains(row.name);
  });
}

/// Every buffer that XLA's assignment saw is there, of the same size and read
/// by the same steps, and XLA's own plan is valid.
void checkProgram(const std::string &path) {
  SCOPED_TRACE(path);
  auto module = readModule(path);
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  EXPECT_TRUE(isScheduled(*module) && hasAssignment(*module));
  EXPECT_EQ(insertCopies(*module), 0);
  auto program = readProgram(*module);
  ASSERT_TRUE(static_cast<bool>(program))
      << llvm::toString(program.takeError());
  ImportTarget target = testTarget();
  target.machine.capacity = 128 << 20;
  target.machine.alignment = 4096;
  auto imported = buildInstance(*module, *program, target, {});
  ASSERT_TRUE(static_cast<bool>(imported))
      << llvm::toString(imported.takeError());
  auto tables = readTablesBeside(path);
  ASSERT_TRUE(static_cast<bool>(tables)) << llvm::toString(tables.takeError());
  TableCheck check = checkTables(*module, *program, *tables);
  // Where XLA turned a copy of the program into one of its own, the copy has
  // another name, and may be made in four slices.
  int64_t turned = copiesTurned(*module, *tables);
  EXPECT_EQ(check.found, check.rows - turned);
  EXPECT_EQ(check.sameSize, check.found);
  EXPECT_EQ(check.shared, 0);
  EXPECT_EQ(check.usesFound, check.uses);
  EXPECT_LE(check.usesExtra, 4 * turned);
  EXPECT_EQ(check.outOfOrder, 0);
  for (int32_t carried : {0, 1}) {
    imported->instance.machine.maxCarried = carried;
    XlaPlanNotes notes;
    auto plan = buildXlaPlan(*module, *program, *imported, *tables, notes);
    ASSERT_TRUE(static_cast<bool>(plan)) << llvm::toString(plan.takeError());
    EXPECT_EQ(notes.dropped, 0);
    EXPECT_EQ(notes.inTransfers, 0);
    EXPECT_FALSE(plan->residencies.empty() && plan->loops.empty());
    for (const Violation &violation : verify(imported->instance, *plan))
      ADD_FAILURE() << violation.str();
  }
}

TEST(HloProgram, EveryProgramOfTheCorpusIsAsXlaSawIt) {
  std::vector<std::string> paths = programsIn(MEMPL_CORPUS);
  EXPECT_GE(paths.size(), 60u);
  for (const std::string &path : paths)
    checkProgram(path);
}

TEST(HloProgram, EveryProgramOfTheExtraDataIsAsXlaSawIt) {
  std::vector<std::string> paths = programsIn(extraData("xla_tpu"));
  if (paths.empty())
    GTEST_SKIP() << kNoExtraData;
  for (const std::string &path : paths)
    checkProgram(path);
}

} // namespace
