//===- HloTransferTest.cpp - transfers under way, and the host ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HloTestUtils.h"

#include "mempl/Problem/Simulator.h"

#include "gmock/gmock.h"

using namespace mempl;
using namespace mempl::hlo;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const Access *accessOf(const Read &r, llvm::StringRef step,
                       llvm::StringRef value) {
  for (const Access &access : r.step(step).accesses)
    if (r.value(access).name == value)
      return &access;
  return nullptr;
}

/// Whether a step may access a value in slow memory only.
void expectSlow(const Read &r, llvm::StringRef step, llvm::StringRef value,
                AccessMode mode, int64_t bytes) {
  const Access *access = accessOf(r, step, value);
  ASSERT_NE(access, nullptr) << step.str() << " " << value.str();
  EXPECT_EQ(access->space, SpaceConstraint::Slow) << step.str();
  EXPECT_EQ(access->mode, mode) << step.str();
  EXPECT_EQ(access->bytes, bytes) << step.str();
}

constexpr llvm::StringLiteral kNegate =
    "%wrapped {\n  %p = f32[256] parameter(0)\n"
    "  ROOT %n = f32[256] negate(%p)\n}\n";

TEST(HloTransfers, StartsAndUpdatesNameTheirOperands) {
  auto r = read(module(
      "  %p = f32[256] parameter(0)\n  %q = f32[256] parameter(1)\n"
      "  %s = ((f32[256]), f32[256], u32[]) async-start(%p), calls=%wrapped\n"
      "  %m = f32[256] add(%q, %q)\n"
      "  %u = ((f32[256]), f32[256], u32[]) async-update(%s)\n"
      "  %d = f32[256] async-done(%u)\n"
      "  ROOT %r = f32[256] add(%d, %m)\n",
      kNegate));
  EXPECT_THAT(r->valueNames(), ElementsAre("p", "q", "s{1}", "m", "r"));
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "m", "d", "r"));
  EXPECT_EQ(r->program.notes.transfers, 1);
  expectSlow(*r, "s", "p", AccessMode::Read, 1024);
  expectSlow(*r, "s", "s{1}", AccessMode::Write, 1024);
  expectSlow(*r, "d", "p", AccessMode::Read, 0);
  expectSlow(*r, "d", "s{1}", AccessMode::Update, 0);
  EXPECT_EQ(r->step("d").compute, 0);
  EXPECT_EQ(accessOf(*r, "r", "s{1}")->space, SpaceConstraint::None);
}

/// What runs from `start` to `done` beside a step, in `text`; the names of the
/// values of the transfer.
void expectHeld(llvm::StringRef start, llvm::StringRef done,
                const std::vector<std::string> &operands,
                const std::vector<std::string> &results) {
  SCOPED_TRACE(start.str());
  std::string text =
      module(("  %a = f32[256] parameter(0)\n  %b = f32[256] parameter(1)\n"
              "  %k = token[] after-all()\n"
              "  %s = " +
              start + "\n  %m = f32[256] multiply(%b, %b)\n  %d = " + done +
              "\n  ROOT %r = f32[256] negate(%m)\n")
                 .str(),
             kNegate);
  auto r = read(text);
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "m", "d", "r"));
  EXPECT_EQ(r->step("s").accesses.size(), operands.size() + results.size());
  for (const std::string &name : operands) {
    expectSlow(*r, "s", name, AccessMode::Read, 1024);
    expectSlow(*r, "d", name, AccessMode::Read, 0);
  }
  for (const std::string &name : results) {
    expectSlow(*r, "s", name, AccessMode::Write, 1024);
    expectSlow(*r, "d", name, AccessMode::Update, 0);
  }
}

TEST(HloTransfers, EveryStartHoldsItsOperands) {
  expectHeld("(f32[256], f32[256], u32[], u32[]) collective-permute-start(%a), "
             "source_target_pairs={{0,1}}",
             "f32[256] collective-permute-done(%s)", {"a"}, {"s{1}"});
  expectHeld("f32[256] all-reduce-start(%a), to_apply=%wrapped",
             "f32[256] all-reduce-done(%s)", {"a"}, {"s"});
  expectHeld("(f32[256], f32[256]) all-reduce-start(%a, %b)",
             "(f32[256], f32[256]) all-reduce-done(%s)", {"a", "b"},
             {"s{0}", "s{1}"});
  expectHeld("((f32[256], f32[256]), (f32[256], f32[256])) "
             "all-gather-start(%a, %b), dimensions={0}",
             "(f32[256], f32[256]) all-gather-done(%s)", {"a", "b"},
             {"s{2}", "s{3}"});
  expectHeld("(f32[256], f32[256], u32[]) copy-start(%a)",
             "f32[256] copy-done(%s)", {"a"}, {"s{0}"});
  expectHeld("(f32[256], u32[], token[]) send(%a, %k), channel_id=1",
             "token[] send-done(%s), channel_id=1", {"a"}, {});
  expectHeld("(f32[256], u32[], token[]) recv(%k), channel_id=1",
             "(f32[256], token[]) recv-done(%s), channel_id=1", {}, {"s{0}"});
  expectHeld("((f32[256]), f32[256], s32[]) custom-call-start(%a), "
             "custom_call_target=\"f\"",
             "f32[256] custom-call-done(%s)", {"a"}, {"s{1}"});
  expectHeld("((f32[256]), f32[256]) call-start(%a), to_apply=%wrapped",
             "f32[256] call-done(%s)", {"a"}, {"s{1}"});
  expectHeld("((f32[256]), f32[256], u32[]) slice-start(%a), slice={[0:256]}",
             "f32[256] slice-done(%s)", {"a"}, {"s{1}"});
}

TEST(HloTransfers, WithNothingBesideThemTheyAreSteps) {
  auto r = read(module(
      "  %a = f32[256] parameter(0)\n"
      "  %s = (f32[256], f32[256]) all-gather-start(%a), dimensions={0}\n"
      "  %d = f32[256] all-gather-done(%s)\n"
      "  ROOT %r = f32[256] negate(%d)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "r"));
  EXPECT_EQ(accessOf(*r, "s", "a")->space, SpaceConstraint::None);
  EXPECT_EQ(r->program.notes.transfers, 0);
}

TEST(HloTransfers, OneThatEndsNowhereIsHeldToo) {
  auto r = read(module("  %a = f32[256] parameter(0)\n"
                       "  %s = (f32[256], f32[256]) all-gather-start(%a)\n"
                       "  ROOT %r = f32[256] negate(%a)\n"));
  expectSlow(*r, "s", "a", AccessMode::Read, 1024);
}

TEST(HloTransfers, InALoopTheLoopHoldsWhatIsFromOutside) {
  auto r = read(module(
      "  %i = s32[] constant(0)\n  %x = f32[256] parameter(0)\n"
      "  %w = f32[256] parameter(1)\n"
      "  %t = (s32[], f32[256], f32[256]) tuple(%i, %x, %w)\n"
      "  %l = (s32[], f32[256], f32[256]) while(%t), condition=%c, body=%b\n"
      "  %y = f32[256] get-tuple-element(%l), index=1\n"
      "  ROOT %r = f32[256] negate(%y)\n",
      "%c {\n  %p = (s32[], f32[256], f32[256]) parameter(0)\n"
      "  ROOT %t = pred[] constant(true)\n}\n"
      "%b {\n  %p = (s32[], f32[256], f32[256]) parameter(0)\n"
      "  %i = s32[] get-tuple-element(%p), index=0\n"
      "  %v = f32[256] get-tuple-element(%p), index=1\n"
      "  %w = f32[256] get-tuple-element(%p), index=2\n"
      "  %s = (f32[256], f32[256]) all-gather-start(%w), dimensions={0}\n"
      "  %n = f32[256] negate(%v)\n"
      "  %d = f32[256] all-gather-done(%s)\n"
      "  %m = f32[256] add(%n, %d)\n"
      "  ROOT %t = (s32[], f32[256], f32[256]) tuple(%i, %m, %w)\n}\n"));
  expectSlow(*r, "l", "w", AccessMode::Read, 5 * 1024);
  const Program &body = *r->step("l").body;
  ASSERT_EQ(body.steps.size(), 4u);
  EXPECT_EQ(body.steps[0].accesses[0].space, SpaceConstraint::Slow);
}

TEST(HloTransfers, OneTripMayStartWhatTheNextOneEnds) {
  std::string state = "(s32[], f32[256], (f32[256], u32[], token[]))";
  std::string recv = "  k = token[] after-all()\n  rs = (f32[256], u32[], "
                     "token[]) recv(k), channel_id=1\n";
  std::string done = "(f32[256], u32[], token[]) get-tuple-element(";
  auto r =
      read("HloModule m, is_scheduled=true\n"
           "c {\n  p = " +
           state +
           " parameter(0)\n"
           "  ROOT t = pred[] constant(true)\n}\n"
           "b {\n  p = " +
           state +
           " parameter(0)\n"
           "  i = s32[] get-tuple-element(p), index=0\n"
           "  v = f32[256] get-tuple-element(p), index=1\n"
           "  ctx = " +
           done +
           "p), index=2\n"
           "  rd = (f32[256], token[]) recv-done(ctx), channel_id=1\n"
           "  g = f32[256] get-tuple-element(rd), index=0\n"
           "  w = f32[256] add(v, g)\n" +
           recv + "  ROOT t = " + state +
           " tuple(i, w, rs)\n}\n"
           "ENTRY e {\n  x = f32[256] parameter(0)\n  y = f32[256] copy(x)\n"
           "  z = s32[] constant(0)\n" +
           recv + "  t = " + state +
           " tuple(z, y, rs)\n"
           "  l = " +
           state +
           " while(t), condition=c, body=b\n"
           "  v = f32[256] get-tuple-element(l), index=1\n"
           "  u = f32[256] negate(v)\n  ctx = " +
           done +
           "l), index=2\n"
           "  rd = (f32[256], token[]) recv-done(ctx), channel_id=1\n"
           "  g = f32[256] get-tuple-element(rd), index=0\n"
           "  ROOT o = f32[256] add(u, g)\n}\n");
  EXPECT_THAT(r->stepNames(), ElementsAre("y", "rs", "l", "u", "rd", "o"));
  expectSlow(*r, "rs", "rs{0}", AccessMode::Write, 1024);
  EXPECT_EQ(accessOf(*r, "l", "rs{0}")->space, SpaceConstraint::Slow);
  EXPECT_EQ(accessOf(*r, "l", "y")->space, SpaceConstraint::None);
  expectSlow(*r, "rd", "rs{0}", AccessMode::Update, 0);
  EXPECT_EQ(accessOf(*r, "o", "rs{0}")->space, SpaceConstraint::None);
}

TEST(HloTransfers, WhatXlaKeepsFastDuringThemIsNoPartOfItsPlan) {
  auto r =
      read(module("  %a = f32[256] parameter(0)\n"
                  "  %s = (f32[256], f32[256]{0:S(1)}) all-gather-start(%a)\n"
                  "  %m = f32[256]{0:S(1)} negate(%a)\n"
                  "  %d = f32[256]{0:S(1)} all-gather-done(%s)\n"
                  "  ROOT %r = f32[256] add(%d, %m)\n"));
  EXPECT_EQ(r->notes.inTransfers, 1);
  ASSERT_EQ(r->xla.residencies.size(), 1u);
  EXPECT_EQ(r->instance().program.values[r->xla.residencies[0].value].name,
            "m");
}

TEST(HloTransfers, APlanThatOverwritesAnOperandInFlightIsNotValid) {
  auto r = read(module(
      "  %p = f32[256] parameter(0)\n  %q = f32[256] parameter(1)\n"
      "  %a = f32[256] add(%p, %p)\n"
      "  %s = (f32[256], f32[256], u32[], u32[]) collective-permute-start(%a), "
      "source_target_pairs={{0,1}}\n"
      "  %b = f32[256] multiply(%q, %q)\n"
      "  %d = f32[256] collective-permute-done(%s)\n"
      "  ROOT %r = f32[256] add(%d, %b)\n"));
  auto valueNumber = [&](llvm::StringRef name) {
    return static_cast<int32_t>(&r->value(name) -
                                r->instance().program.values.data());
  };
  auto violations = [&](std::vector<Residency> residencies) {
    Plan plan;
    plan.instance = r->instance().name;
    plan.residencies = std::move(residencies);
    std::string text;
    for (const Violation &violation : verify(r->instance(), plan))
      text += violation.str() + "\n";
    return text;
  };
  // The operand is in fast memory when the transfer starts, and b takes its
  // place before the transfer is done.
  Residency a = Residency::byWrite(valueNumber("a"), 0, 0, 1);
  Residency b = Residency::byWrite(valueNumber("b"), 0, 2, 4);
  EXPECT_THAT(violations({a, b}), HasSubstr("V6"));
  EXPECT_EQ(violations({b}), "");
  // Copied out before the start, it gives its place away.
  a.last = 0, a.out = {0, 1};
  EXPECT_EQ(violations({a, b}), "");
  // The result is fetched before it is complete; after that, it may be.
  Residency d = Residency::byCopy(valueNumber("s{1}"), 4096, 2, 3, 4);
  EXPECT_NE(violations({d}), "");
  d.begin = CopyIn{2, 4};
  EXPECT_THAT(violations({d}), HasSubstr("V3"));
  d.begin = CopyIn{4, 4};
  EXPECT_EQ(violations({d}), "");
  // It is left in fast memory by the start.
  d = Residency::byWrite(valueNumber("s{1}"), 4096, 1, 4);
  EXPECT_THAT(violations({d}), HasSubstr("V6"));
}

TEST(HloTransfers, TheMemoryOfTheHostIsNotPlanned) {
  auto r = read(module(
      "  %w = f32[4,256]{1,0:S(5)} parameter(0)\n"
      "  %u = f32[256] parameter(1)\n"
      "  %s = (f32[4,256]{1,0}, f32[4,256]{1,0:S(5)}, u32[]) copy-start(%w)\n"
      "  %a = f32[256] negate(%u)\n"
      "  %d = f32[4,256]{1,0} copy-done(%s)\n"
      "  ROOT %r = f32[256] custom-call(%d, %w, %a), "
      "custom_call_target=\"f\"\n"));
  EXPECT_EQ(r->value("w").space, SpaceConstraint::Slow);
  EXPECT_EQ(r->value("w").reason, "is in the memory of the host");
  EXPECT_EQ(r->value("s{0}").space, SpaceConstraint::None);
  EXPECT_EQ(r->program.notes.onHost, 1);
  EXPECT_THAT(r->valueNames(), ElementsAre("w", "u", "s{0}", "a", "r"));
}

TEST(HloTransfers, TheHeaderAndOffloadingTellWhatIsOnTheHost) {
  auto r = read("HloModule m, entry_computation_layout={(f32[256]{0:S(5)}, "
                "f32[256]{0})->f32[256]{0:S(5)}}\nENTRY e {\n"
                "  w = f32[256] parameter(0)\n  x = f32[256] parameter(1)\n"
                "  a = f32[256] add(w, x)\n"
                "  h = f32[256] custom-call(a), "
                "custom_call_target=\"annotate_device_placement\", "
                "frontend_attributes={_xla_buffer_placement=\"pinned_host\"}\n"
                "  d = f32[256] custom-call(h), "
                "custom_call_target=\"annotate_device_placement\", "
                "frontend_attributes={_xla_buffer_placement=\"device\"}\n"
                "  ROOT r = f32[256] negate(d)\n}\n");
  for (const char *name : {"w", "h", "r"})
    EXPECT_EQ(r->value(name).space, SpaceConstraint::Slow) << name;
  for (const char *name : {"x", "a", "d"})
    EXPECT_EQ(r->value(name).space, SpaceConstraint::None) << name;
  EXPECT_THAT(errorOf("HloModule m, entry_computation_layout={(f32[2])}\n"
                      "ENTRY e {\n  w = f32[2] parameter(0)\n"
                      "  ROOT r = f32[2] negate(w)\n}\n"),
              HasSubstr("m.hlo:1: error: entry_computation_layout: "));
}

} // namespace
