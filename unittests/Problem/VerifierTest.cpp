//===- VerifierTest.cpp - each rule broken by itself ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Verifier.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;

namespace {

/// A temporary, an output that is written and then updated, and a weight.
Instance three() {
  return program({temporary("t", 30), output("o", 30), input("w", 60)},
                 {step(1, {write(0, 30)}), step(1, {read(0, 30), write(1, 30)}),
                  step(1, {read(2, 60), update(1, 30)})});
}

std::string textOf(const std::vector<Violation> &found) {
  std::string text;
  for (const Violation &violation : found)
    text += (text.empty() ? "" : "; ") + violation.str();
  return text;
}

std::string check(const Instance &instance,
                  std::vector<Residency> residencies) {
  EXPECT_TRUE(checkInstance(instance).empty());
  return textOf(verify(instance, plan(std::move(residencies))));
}

/// Expects one violation, of this rule, value and step, whose text begins with
/// rule, value, name and step.
void expectOne(const Instance &instance, const Plan &plan, Rule rule,
               int32_t value, int32_t step) {
  ASSERT_TRUE(checkInstance(instance).empty());
  auto found = verify(instance, plan);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, rule) << found[0].str();
  EXPECT_EQ(found[0].value, value) << found[0].str();
  EXPECT_EQ(found[0].step, step) << found[0].str();
  EXPECT_TRUE(found[0].path.empty());
  if (found[0].residency >= 0) {
    ASSERT_LT(static_cast<size_t>(found[0].residency), plan.residencies.size());
    EXPECT_EQ(plan.residencies[found[0].residency].value, value);
  }
  std::string begin = ruleName(rule) + ": ";
  if (value >= 0)
    begin += "value " + std::to_string(value) + " (" +
             instance.program.values[value].name + "), ";
  begin += "step " + std::to_string(step) + ": ";
  EXPECT_TRUE(llvm::StringRef(found[0].str()).starts_with(begin))
      << found[0].str() << "\nexpected to begin with " << begin;
  EXPECT_GT(found[0].str().size(), begin.size());
}

void expectOne(const Instance &instance, std::vector<Residency> residencies,
               Rule rule, int32_t value, int32_t step) {
  expectOne(instance, plan(std::move(residencies)), rule, value, step);
}

TEST(Verifier, RulesHaveTheirNames) {
  EXPECT_EQ(ruleName(Rule::V1), "V1");
  EXPECT_EQ(ruleName(Rule::V11), "V11");
  EXPECT_EQ((Violation{.rule = Rule::V3, .text = "text"}).str(), "V3: text");
}

TEST(Verifier, ValidPlansHaveNoViolations) {
  EXPECT_EQ(check(three(), {}), "");
  EXPECT_EQ(check(three(), {Residency::byWrite(0, 0, 0, 1)}), "");
  EXPECT_EQ(check(three(), {copiedOut(Residency::byWrite(1, 0, 1, 2), 3)}), "");
  EXPECT_EQ(check(three(), {Residency::byWrite(0, 0, 0, 1),
                            Residency::byCopy(2, 40, 0, 2, 2),
                            copiedOut(Residency::byWrite(1, 0, 1, 2), 3)})
                .substr(0, 3),
            "V1:");
  EXPECT_EQ(check(three(), {Residency::byWrite(0, 0, 0, 1),
                            Residency::byCopy(2, 40, 0, 2, 2)}),
            "");
  EXPECT_EQ(check(program({}, {}), {}), "");
}

//===----------------------------------------------------------------------===//
// V1 and V2: space
//===----------------------------------------------------------------------===//

TEST(VerifierV1, ResidenciesShareBytes) {
  expectOne(three(),
            {Residency::byWrite(0, 0, 0, 1), Residency::byCopy(2, 20, 1, 2, 2)},
            Rule::V1, 2, 1);
  // The copy issued one step later finds the bytes free.
  EXPECT_EQ(check(three(), {Residency::byWrite(0, 0, 0, 1),
                            Residency::byCopy(2, 20, 2, 2, 2)}),
            "");
}

TEST(VerifierV1, BytesAreHeldUntilTheCopyOutIsDone) {
  Instance instance =
      program({output("a", 20), input("w", 20)},
              {step(1, {write(0, 20)}), step(1), step(1, {read(1, 20)})});
  Residency a = Residency::byWrite(0, 0, 0, 0);
  expectOne(instance, {copiedOut(a, 2), Residency::byCopy(1, 0, 1, 2, 2)},
            Rule::V1, 1, 1);
  EXPECT_EQ(
      check(instance, {copiedOut(a, 1), Residency::byCopy(1, 0, 1, 2, 2)}), "");
}

TEST(VerifierV1, SizesCountRoundedUp) {
  Instance instance =
      program({temporary("a", 11), temporary("b", 10)},
              {step(1, {write(0, 11), write(1, 10)}), step(1, {read(1, 10)})});
  expectOne(instance,
            {Residency::byWrite(0, 0, 0, 0), Residency::byWrite(1, 10, 0, 1)},
            Rule::V1, 1, 0);
  EXPECT_EQ(check(instance, {Residency::byWrite(0, 0, 0, 0),
                             Residency::byWrite(1, 20, 0, 1)}),
            "");
}

TEST(VerifierV1, ValueOfNoBytesHoldsNone) {
  Instance instance =
      program({temporary("a", 0), temporary("b", 10)},
              {step(1, {write(0, 0), write(1, 10)}), step(1, {read(1, 10)})});
  instance.program.steps[0].reserved = 5;
  EXPECT_EQ(check(instance, {Residency::byWrite(0, 10, 0, 0),
                             Residency::byWrite(1, 10, 0, 1)}),
            "");
  EXPECT_EQ(check(instance, {Residency::byWrite(0, 0, 0, 0)}), "");
}

TEST(VerifierV1, StepsReserveBytes) {
  Instance instance = three();
  instance.program.steps[1].reserved = 15;
  expectOne(instance, {Residency::byWrite(0, 10, 0, 1)}, Rule::V1, 0, 1);
  EXPECT_EQ(check(instance, {Residency::byWrite(0, 20, 0, 1)}), "");
}

/// A weight that stays in fast memory over a loop.
Instance overLoop() {
  Instance body = program({temporary("x", 20)},
                          {step(1, {write(0, 20)}), step(1, {read(0, 20)})});
  return program({input("w", 20)}, {step(1, {read(0, 20)}), loop(3, body),
                                    step(1, {read(0, 20)})});
}

TEST(VerifierV1, LoopsReserveTheCapacityOfTheirPlan) {
  Plan p = plan({Residency::byCopy(0, 20, 0, 0, 2)});
  p.loops[1] = bodyPlan(30, {Residency::byWrite(0, 0, 0, 1)});
  expectOne(overLoop(), p, Rule::V1, 0, 1);
  p.loops[1].capacity = 20;
  EXPECT_EQ(textOf(verify(overLoop(), p)), "");
}

TEST(VerifierV1, LoopsWithoutAPlanReserveWhatTheirStepsReserve) {
  Instance instance = overLoop();
  auto body = std::make_shared<Program>(*instance.program.steps[1].body);
  body->steps[1].reserved = 30;
  instance.program.steps[1].body = body;
  expectOne(instance, {Residency::byCopy(0, 20, 0, 0, 2)}, Rule::V1, 0, 1);
  EXPECT_EQ(check(instance, {Residency::byCopy(0, 30, 0, 0, 2)}), "");
}

TEST(VerifierV2, OffsetsAreInsideAndAligned) {
  for (int64_t bad : {int64_t(80), int64_t(5), int64_t(-10), int64_t(100),
                      INT64_MAX - 7, INT64_MIN + 8})
    expectOne(three(), {Residency::byWrite(0, bad, 0, 1)}, Rule::V2, 0, 0);
  EXPECT_EQ(check(three(), {Residency::byWrite(0, 70, 0, 1)}), "");
}

TEST(VerifierV2, SizesCountRoundedUp) {
  Machine m = machine();
  m.alignment = 50;
  Instance instance =
      program({temporary("t", 60)}, {step(1, {write(0, 60)})}, m);
  EXPECT_EQ(check(instance, {Residency::byWrite(0, 0, 0, 0)}), "");
  expectOne(instance, {Residency::byWrite(0, 50, 0, 0)}, Rule::V2, 0, 0);
}

TEST(VerifierV2, HugeValuesDoNotWrapAround) {
  for (int64_t size : {INT64_MAX, INT64_MAX - 9, int64_t(101)}) {
    Instance instance =
        program({temporary("t", size)}, {step(1, {write(0, 1)})});
    expectOne(instance, {Residency::byWrite(0, 0, 0, 0)}, Rule::V2, 0, 0);
    expectOne(instance, {Residency::byWrite(0, 90, 0, 0)}, Rule::V2, 0, 0);
  }
}

TEST(VerifierV2, SizesThatRoundUpPastEveryCapacityDoNotFit) {
  Machine m = machine();
  m.alignment = 4096;
  m.capacity = INT64_MAX - INT64_MAX % m.alignment;
  Instance instance =
      program({temporary("t", INT64_MAX)}, {step(1, {write(0, 1)})}, m);
  expectOne(instance, {Residency::byWrite(0, 0, 0, 0)}, Rule::V2, 0, 0);
}

TEST(VerifierV2, LoopsReserveNoMoreThanThereIs) {
  Plan p = plan({});
  p.loops[1] = bodyPlan(110, {});
  expectOne(overLoop(), p, Rule::V2, -1, 1);
}

//===----------------------------------------------------------------------===//
// V3, V4 and V5: contents
//===----------------------------------------------------------------------===//

TEST(VerifierV3, ReadFromSlowMemoryAfterItWasDropped) {
  expectOne(three(), {Residency::byWrite(0, 0, 0, 0)}, Rule::V3, 0, 1);
}

TEST(VerifierV3, CopiedInBeforeItIsWritten) {
  expectOne(three(), {Residency::byCopy(0, 0, 0, 0, 1)}, Rule::V3, 0, 0);
}

TEST(VerifierV3, CopiedInBeforeItsCopyOutIsDone) {
  Instance instance =
      program({temporary("t", 20)},
              {step(1, {write(0, 20)}), step(1), step(1, {read(0, 20)})});
  Residency first = Residency::byWrite(0, 0, 0, 0);
  EXPECT_EQ(
      check(instance, {copiedOut(first, 1), Residency::byCopy(0, 20, 1, 2, 2)}),
      "");
  // `done` after the boundary of the copy in breaks V8, too.
  auto found = verify(
      instance, plan({copiedOut(first, 2), Residency::byCopy(0, 20, 1, 2, 2)}));
  ASSERT_EQ(found.size(), 2u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V8);
  EXPECT_EQ(found[1].rule, Rule::V3);
}

TEST(VerifierV3, WrittenInSlowMemoryWhileItIsCopiedIn) {
  Instance instance = program(
      {inOut("x", 20)}, {step(1, {write(0, 20)}), step(1, {read(0, 20)})});
  expectOne(instance, {Residency::byCopy(0, 0, 0, 1, 1)}, Rule::V3, 0, 0);
  EXPECT_EQ(check(instance, {Residency::byCopy(0, 0, 1, 1, 1)}), "");
}

TEST(VerifierV3, WrittenInSlowMemoryWhileItIsCopiedOut) {
  Instance instance = program(
      {output("o", 20)}, {step(1, {write(0, 20)}), step(1, {write(0, 20)})});
  Residency r = Residency::byWrite(0, 0, 0, 0);
  expectOne(instance, {copiedOut(r, 2)}, Rule::V3, 0, 1);
  EXPECT_EQ(check(instance, {copiedOut(r, 1)}), "");
}

TEST(VerifierV4, UpdateCannotBeginAResidency) {
  expectOne(three(), {copiedOut(Residency::byWrite(1, 0, 2, 2), 3)}, Rule::V4,
            1, 2);
}

TEST(VerifierV4, ReadOfTheSameStepComesBeforeTheWrite) {
  Instance instance =
      program({inOut("x", 20)}, {step(1, {write(0, 20), read(0, 20)})});
  expectOne(instance, {copiedOut(Residency::byWrite(0, 0, 0, 0), 1)}, Rule::V4,
            0, 0);
}

TEST(VerifierV4, ResidencyBeginsByWriteWhereNothingIsWritten) {
  expectOne(three(), {Residency::byWrite(2, 0, 1, 1)}, Rule::V4, 2, 1);
}

TEST(VerifierV4, WrittenAfterItsCopyOutWasIssued) {
  expectOne(three(), {copiedOut(Residency::byWrite(1, 0, 1, 2), 3, 1)},
            Rule::V4, 1, 2);
}

TEST(VerifierV4, CopiedOutWithoutContents) {
  // Nothing has written it by the time of the copy out.
  Instance instance = program({inOut("x", 20)}, {step(1), step(1)});
  auto found =
      verify(instance, plan({copiedOut(Residency::byWrite(0, 0, 0, 0), 2)}));
  ASSERT_EQ(found.size(), 2u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V4);
  EXPECT_EQ(found[1].rule, Rule::V4);
  EXPECT_NE(found[1].text.find("copied out without valid contents"),
            std::string::npos);
}

TEST(VerifierV5, OutputLeftInFastMemory) {
  expectOne(three(), {Residency::byWrite(1, 0, 1, 2)}, Rule::V5, 1, 3);
}

TEST(VerifierV5, InOutLeftInFastMemory) {
  Instance instance = program({inOut("x", 20)}, {step(1, {update(0, 20)})});
  expectOne(instance, {Residency::byCopy(0, 0, 0, 0, 0)}, Rule::V5, 0, 1);
}

//===----------------------------------------------------------------------===//
// V6, V7 and V8: constraints, limits, one at a time
//===----------------------------------------------------------------------===//

TEST(VerifierV6, ValueIsOrderedToBeSlow) {
  Instance instance = program({temporary("t", 30)}, {step(1, {write(0, 30)})});
  instance.program.values[0].space = SpaceConstraint::Slow;
  expectOne(instance, {Residency::byWrite(0, 0, 0, 0)}, Rule::V6, 0, 0);
  EXPECT_EQ(check(instance, {}), "");
}

TEST(VerifierV6, AccessIsOrderedToBeFast) {
  Instance instance = three();
  instance.program.steps[2].accesses[0].space = SpaceConstraint::Fast;
  expectOne(instance, plan({}), Rule::V6, 2, 2);
  EXPECT_EQ(check(instance, {Residency::byCopy(2, 0, 0, 2, 2)}), "");
}

TEST(VerifierV6, AccessIsOrderedToBeSlow) {
  Instance instance = three();
  instance.program.steps[2].accesses[0].space = SpaceConstraint::Slow;
  expectOne(instance, {Residency::byCopy(2, 0, 0, 2, 2)}, Rule::V6, 2, 2);
}

/// Two weights that are read in the last of three steps.
Instance twoWeights(int64_t maxIn, int64_t maxOut = 0) {
  Machine m = machine();
  m.maxCopiesIn = maxIn, m.maxCopiesOut = maxOut;
  return program({input("a", 20), input("b", 20)},
                 {step(1), step(1), step(0, {read(0, 20), read(1, 20)})}, m);
}

TEST(VerifierV7, CopiesInAreInFlightUntilTheyAreAwaited) {
  Residency b = Residency::byCopy(1, 20, 1, 2, 2);
  // Both ends count: a is awaited at the boundary where b is issued.
  expectOne(twoWeights(1), {Residency::byCopy(0, 0, 0, 1, 2), b}, Rule::V7, 1,
            1);
  EXPECT_EQ(check(twoWeights(1), {Residency::byCopy(0, 0, 0, 0, 2), b}), "");
  EXPECT_EQ(check(twoWeights(2), {Residency::byCopy(0, 0, 0, 1, 2), b}), "");
  EXPECT_EQ(check(twoWeights(0), {Residency::byCopy(0, 0, 0, 1, 2), b}), "");
  EXPECT_EQ(check(twoWeights(0, 1), {Residency::byCopy(0, 0, 0, 1, 2), b}), "");
}

TEST(VerifierV7, CopiesOutAreInFlightUntilTheyAreDone) {
  Machine m = machine();
  m.maxCopiesOut = 1;
  Instance instance =
      program({output("a", 20), output("b", 20)},
              {step(1, {write(0, 20)}), step(1, {write(1, 20)}), step(1)}, m);
  Residency a = Residency::byWrite(0, 0, 0, 0);
  Residency b = copiedOut(Residency::byWrite(1, 20, 1, 1), 3);
  expectOne(instance, {copiedOut(a, 2), b}, Rule::V7, 1, 2);
  EXPECT_EQ(check(instance, {copiedOut(a, 1), b}), "");
}

TEST(VerifierV7, CopiesOfALoopAndOverItCountTogether) {
  Machine m = machine();
  m.maxCopiesIn = 1;
  Instance body = program({input("y", 10)}, {step(1, {read(0, 10)})}, m);
  Instance instance = program(
      {input("w", 20)}, {step(1), loop(2, body), step(1, {read(0, 20)})}, m);
  Plan p = plan({Residency::byCopy(0, 20, 0, 2, 2)});
  p.loops[1] = bodyPlan(10, {Residency::byCopy(0, 0, 0, 0, 0)});
  auto found = verify(instance, p);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V7);
  EXPECT_EQ(found[0].value, 0);
  EXPECT_EQ(found[0].step, 0);
  EXPECT_TRUE(llvm::StringRef(found[0].str())
                  .starts_with("V7: in the loop at step 1: value 0 (y), "
                               "step 0: "))
      << found[0].str();
  // Awaited just before the loop, or issued just after it.
  p.residencies = {Residency::byCopy(0, 20, 0, 1, 2)};
  EXPECT_EQ(textOf(verify(instance, p)), "");
  p.residencies = {Residency::byCopy(0, 20, 2, 2, 2)};
  EXPECT_EQ(textOf(verify(instance, p)), "");
}

TEST(VerifierV7, CopiesOutOfALoopAndOverItCountTogether) {
  Machine m = machine();
  m.maxCopiesOut = 1;
  Instance body = program({output("y", 10)}, {step(1, {write(0, 10)})}, m);
  Instance instance = program(
      {output("o", 20)}, {step(1, {write(0, 20)}), loop(2, body), step(1)}, m);
  Plan p = plan({});
  p.loops[1] = bodyPlan(10, {copiedOut(Residency::byWrite(0, 0, 0, 0), 1)});
  auto ofOuter = [&](int32_t last, int32_t done) {
    p.residencies = {copiedOut(Residency::byWrite(0, 20, 0, last), done)};
    return textOf(verify(instance, p));
  };
  EXPECT_EQ(ofOuter(0, 1), ""); // Done just before the loop.
  EXPECT_EQ(ofOuter(0, 2).substr(0, 47),
            "V7: in the loop at step 1: value 0 (y), step 1:");
  EXPECT_EQ(ofOuter(0, 3).substr(0, 3), "V7:");
  EXPECT_EQ(ofOuter(1, 2), ""); // Issued just after it.
}

TEST(VerifierV7, CopiesOverLoopsInLoopsCountTogether) {
  Machine m = machine();
  m.maxCopiesIn = 1;
  Instance inner = program({input("y", 10)}, {step(1, {read(0, 10)})}, m);
  Instance outer = program({}, {loop(2, inner)}, m);
  Instance instance =
      program({input("w", 20)}, {loop(2, outer), step(1, {read(0, 20)})}, m);
  Plan p = plan({Residency::byCopy(0, 20, 0, 1, 1)});
  p.loops[0] = bodyPlan(10, {});
  p.loops[0].plan.loops[0] = bodyPlan(10, {Residency::byCopy(0, 0, 0, 0, 0)});
  auto found = verify(instance, p);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V7);
  p.residencies = {Residency::byCopy(0, 20, 1, 1, 1)};
  EXPECT_EQ(textOf(verify(instance, p)), "");
}

TEST(VerifierV8, ResidenciesOfOneValueFollowEachOther) {
  Residency first = Residency::byCopy(0, 0, 0, 0, 2);
  expectOne(twoWeights(0), {first, Residency::byCopy(0, 40, 1, 2, 2)}, Rule::V8,
            0, 1);
  // In the list the order does not matter.
  expectOne(twoWeights(0), {Residency::byCopy(0, 40, 1, 2, 2), first}, Rule::V8,
            0, 1);
  // Still there when the next one is issued; and when it goes, so do the
  // contents (V4).
  first.last = 1;
  auto found =
      verify(twoWeights(0), plan({first, Residency::byCopy(0, 40, 1, 2, 2)}));
  ASSERT_EQ(found.size(), 2u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V8);
  EXPECT_EQ(found[0].step, 1);
  EXPECT_EQ(found[1].rule, Rule::V4);
  first.last = 0;
  EXPECT_EQ(check(twoWeights(0), {first, Residency::byCopy(0, 40, 1, 2, 2)}),
            "");
}

//===----------------------------------------------------------------------===//
// V9: fields
//===----------------------------------------------------------------------===//

/// Expects one violation, of V9, in a plan of one residency.
void expectBadFields(const Residency &r) {
  auto found = verify(three(), plan({r}));
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V9);
}

TEST(VerifierV9, ValueExists) {
  expectBadFields(Residency::byWrite(-1, 0, 0, 1));
  expectBadFields(Residency::byWrite(3, 0, 0, 1));
  expectBadFields(Residency::byWrite(INT32_MAX, 0, 0, 1));
}

TEST(VerifierV9, StepsAreInRangeAndInOrder) {
  expectBadFields(Residency::byCopy(2, 0, 0, 2, 3));  // last = n
  expectBadFields(Residency::byCopy(2, 0, 2, 1, 2));  // ready before issue
  expectBadFields(Residency::byCopy(2, 0, 0, 2, 1));  // last before ready
  expectBadFields(Residency::byCopy(2, 0, -2, 2, 2)); // no step
  expectBadFields(Residency::byWrite(0, 0, -2, 1));
  expectBadFields(Residency::byWrite(0, 0, 2, 1));
  expectBadFields(Residency::byWrite(0, 0, 0, INT32_MAX));
  expectBadFields(Residency::byWrite(0, 0, 0, -1));
}

TEST(VerifierV9, CopyOutIsInRangeAndInOrder) {
  Residency o = Residency::byWrite(1, 0, 1, 2);
  EXPECT_EQ(check(three(), {copiedOut(o, 3)}), "");
  auto expectBad = [](const Residency &r) {
    auto found = verify(three(), plan({r}));
    // Nothing is left of the plan, which is valid without it.
    ASSERT_EQ(found.size(), 1u) << textOf(found);
    EXPECT_EQ(found[0].rule, Rule::V9);
  };
  expectBad(copiedOut(o, 4));            // done > n
  expectBad(copiedOut(o, 2));            // done = last
  expectBad(copiedOut(o, 0));            //
  expectBad(copiedOut(o, -2));           //
  expectBad(copiedOut(o, 3, 0));         // back before first
  expectBad(copiedOut(o, 3, -2));        //
  expectBad(copiedOut(o, INT32_MAX, 2)); //
  o.last = 1;
  expectBad(copiedOut(o, 3, 2)); // back after last
}

TEST(VerifierV9, IsReportedAlone) {
  Residency bad = Residency::byWrite(0, 12345, 0, 7);
  expectOne(three(), {bad}, Rule::V9, 0, 0);
}

TEST(VerifierV9, LoopPlansAreForLoops) {
  for (int32_t step : {0, 3, -1, INT32_MAX}) {
    Plan p = plan({});
    p.loops[step] = bodyPlan(0, {});
    expectOne(overLoop(), p, Rule::V9, -1, step);
  }
}

//===----------------------------------------------------------------------===//
// V10: carried values
//===----------------------------------------------------------------------===//

Instance carrying(int64_t maxCarried) {
  Machine m = machine();
  m.maxCarried = maxCarried;
  return program({input("w", 20), input("x", 20)},
                 {step(1, {read(0, 20)}), step(1, {read(1, 20)})}, m);
}

TEST(VerifierV10, NoMoreThanAllowedAreCarried) {
  EXPECT_EQ(check(carrying(1), {carried(0, 0, 1)}), "");
  expectOne(carrying(0), {carried(0, 0, 1)}, Rule::V10, 0, 0);
  expectOne(carrying(1), {carried(0, 0, 1), carried(1, 20, 1)}, Rule::V10, 1,
            0);
  EXPECT_EQ(check(carrying(2), {carried(0, 0, 1), carried(1, 20, 1)}), "");
}

TEST(VerifierV10, CarriedValueIsLeftForTheNextRun) {
  expectOne(carrying(1), {carried(0, 0, 0)}, Rule::V10, 0, 1);
  EXPECT_EQ(
      check(carrying(1), {carried(0, 0, 0), Residency::byCopy(0, 0, 1, 1, 1)}),
      "");
  // At another offset, or not up to the end.
  expectOne(carrying(1), {carried(0, 0, 0), Residency::byCopy(0, 40, 1, 1, 1)},
            Rule::V10, 0, 1);
  // One that is copied out is gone.
  expectOne(carrying(1), {copiedOut(carried(0, 0, 1), 2)}, Rule::V10, 0, 1);
}

TEST(VerifierV10, OnlyInputsThatAreNeverWrittenAreCarried) {
  Instance instance = carrying(1);
  instance.program.steps[0].accesses[0].mode = AccessMode::Update;
  expectOne(instance, {carried(0, 0, 1)}, Rule::V10, 0, 0);
  Instance inner = carrying(1);
  inner.program.values[0].kind = ValueKind::InOut;
  expectOne(inner, {carried(0, 0, 1)}, Rule::V10, 0, 0);
  Machine m = machine();
  m.maxCarried = 1;
  Instance written =
      program({temporary("t", 20)},
              {step(1, {write(0, 20)}), step(1, {read(0, 20)})}, m);
  expectOne(written, {carried(0, 0, 1)}, Rule::V10, 0, 0);
}

//===----------------------------------------------------------------------===//
// Loops, and all at once
//===----------------------------------------------------------------------===//

TEST(VerifierLoops, BodiesArePlannedInTheirOwnCapacity) {
  Plan p = plan({});
  p.loops[1] = bodyPlan(20, {Residency::byWrite(0, 10, 0, 1)});
  auto found = verify(overLoop(), p);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V2);
  EXPECT_TRUE(llvm::StringRef(found[0].str())
                  .starts_with("V2: in the loop at step 1: value 0 (x), "
                               "step 0: "))
      << found[0].str();
}

TEST(VerifierLoops, OrdersInABodyWithoutAPlanAreChecked) {
  Instance instance = overLoop();
  auto body = std::make_shared<Program>(*instance.program.steps[1].body);
  body->steps[1].accesses[0].space = SpaceConstraint::Fast;
  instance.program.steps[1].body = body;
  auto found = verify(instance, plan({}));
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V6);
}

TEST(VerifierLoops, LoopsInLoopsAreNamedFromTheOutside) {
  Instance inner = program({temporary("x", 20)},
                           {step(1, {write(0, 20)}), step(1, {read(0, 20)})});
  Instance outer = program({}, {step(1), loop(3, inner)});
  Instance instance = program({}, {loop(2, outer)});
  Plan p = plan({});
  p.loops[0] = bodyPlan(40, {});
  p.loops[0].plan.loops[1] = bodyPlan(20, {Residency::byWrite(0, 0, 0, 0)});
  auto found = verify(instance, p);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V3);
  EXPECT_TRUE(llvm::StringRef(found[0].str())
                  .starts_with("V3: in the loop at step 0: in the loop at step "
                               "1: value 0 (x), step 1: "))
      << found[0].str();
  p.loops[0].capacity = 10; // Less than the inner plan.
  EXPECT_EQ(verify(instance, p).front().rule, Rule::V2);
}

/// Value, residency and step of each violation, with the loops around it.
std::string placesOf(const std::vector<Violation> &found) {
  std::string text;
  for (const Violation &x : found) {
    text += (text.empty() ? "" : ", ") + ruleName(x.rule) + " [";
    for (int32_t loop : x.path)
      text += std::to_string(loop) + " ";
    text += "r" + std::to_string(x.residency) + " v" + std::to_string(x.value) +
            " s" + std::to_string(x.step) + "]";
  }
  return text;
}

TEST(VerifierPlaces, OfSeveralResidenciesTheOneAtFaultIsNamed) {
  // Written in fast memory by the first and dropped: the others are not to
  // blame for the slow read and for the missing output.
  Instance instance =
      program({temporary("t", 10), output("o", 10), input("w", 10)},
              {step(1, {write(0, 10), write(1, 10)}), step(1, {read(2, 10)}),
               step(1, {read(0, 10), read(2, 10)}), step(1, {read(2, 10)})});
  EXPECT_EQ(placesOf(verify(instance, plan({Residency::byCopy(2, 20, 0, 1, 2),
                                            Residency::byWrite(0, 0, 0, 0),
                                            Residency::byWrite(1, 10, 0, 1)}))),
            "V3 [r1 v0 s2], V5 [r2 v1 s4]");
  // Two that start too early, by a copy in and by their list.
  EXPECT_EQ(placesOf(verify(instance, plan({Residency::byCopy(2, 0, 2, 3, 3),
                                            Residency::byCopy(2, 20, 0, 1, 2),
                                            Residency::byWrite(2, 5, 0, 9)}))),
            "V9 [r2 v2 s0], V8 [r0 v2 s2], V4 [r0 v2 s3]");
  // What no residency serves.
  instance.program.values[2].space = SpaceConstraint::Fast;
  EXPECT_EQ(
      placesOf(verify(instance, plan({Residency::byCopy(2, 0, 0, 1, 2)}))),
      "V6 [r-1 v2 s3]");
}

TEST(VerifierPlaces, APlanForAnotherInstanceIsThatAndNothingElse) {
  Plan p = plan({Residency::byWrite(7, 0, 0, 0)});
  p.instance = "other";
  auto found = verify(three(), p);
  EXPECT_EQ(placesOf(found), "V9 [r-1 v-1 s-1]");
  EXPECT_EQ(textOf(found), "V9: the plan is for \"other\", not for \"t\"");
}

TEST(VerifierPlaces, ViolationsInLoopsNameTheLoops) {
  Instance inner = program({temporary("x", 20), input("y", 20)},
                           {step(1, {write(0, 20)}), step(1, {read(1, 20)})});
  Instance outer = program({}, {step(1), loop(3, inner)});
  Instance instance = program({}, {loop(2, outer)});
  Plan p = plan({});
  p.loops[0] = bodyPlan(40, {});
  p.loops[0].plan.loops[1] = bodyPlan(
      40, {Residency::byCopy(1, 0, 0, 1, 1), Residency::byWrite(0, 25, 0, 0)});
  EXPECT_EQ(placesOf(verify(instance, p)), "V2 [0 1 r1 v0 s0]");
  p.loops[0].plan.loops[0] = bodyPlan(0, {});
  p.loops[0].plan.loops[1].plan.residencies.pop_back();
  EXPECT_EQ(placesOf(verify(instance, p)), "V9 [0 r-1 v-1 s0]");
}

TEST(Verifier, FindsAllViolations) {
  Instance instance = three();
  auto found = verify(instance, plan({Residency::byWrite(0, 5, 0, 0),
                                      Residency::byWrite(1, 0, 1, 2),
                                      Residency::byWrite(7, 0, 0, 0)}));
  std::vector<Rule> rules;
  for (const Violation &violation : found)
    rules.push_back(violation.rule);
  EXPECT_EQ(rules, (std::vector<Rule>{Rule::V9, Rule::V2, Rule::V3, Rule::V5}))
      << textOf(found);
}

TEST(Verifier, AcceptsRandomPlansThatWereGrownUnderIt) {
  int64_t residencies = 0, loopPlans = 0, invalid = 0;
  for (uint64_t seed = 0; seed != 500; ++seed) {
    Random random(seed, "verifier test");
    Instance instance = randomInstance(random);
    Plan p = randomValidPlan(instance, random);
    residencies += static_cast<int64_t>(p.residencies.size());
    loopPlans += static_cast<int64_t>(p.loops.size());
    auto found = verify(instance, p);
    // Orders to be fast can be impossible to meet.
    for (const Violation &violation : found)
      EXPECT_EQ(violation.rule, Rule::V6) << textOf(found);
    invalid += !found.empty();
  }
  EXPECT_GE(residencies, 500);
  EXPECT_GE(loopPlans, 50);
  EXPECT_LE(invalid, 100);
}

//===----------------------------------------------------------------------===//
// V11: the order of steps
//===----------------------------------------------------------------------===//

/// A weight and a temporary in step 0, nothing in step 1, the temporary in
/// step 2.
Instance freeProgram() {
  Instance instance = program(
      {input("w", 50), temporary("t", 10)},
      {step(2, {read(0, 50), write(1, 10)}), step(8), step(1, {read(1, 10)})});
  instance.program.order = StepOrder::Free;
  return instance;
}

Plan inOrderOf(std::vector<int32_t> order,
               std::vector<Residency> residencies = {}) {
  Plan result = plan(std::move(residencies));
  result.order = std::move(order);
  return result;
}

TEST(VerifierV11, OrdersThatKeepDependenciesAreValid) {
  // Residencies count places: the copy is hidden behind step 1.
  std::vector<Residency> residencies = {Residency::byCopy(0, 0, 0, 1, 1),
                                        Residency::byWrite(1, 50, 1, 2)};
  EXPECT_EQ(textOf(verify(freeProgram(), inOrderOf({1, 0, 2}, residencies))),
            "");
  EXPECT_EQ(textOf(verify(freeProgram(), inOrderOf({0, 1, 2}))), "");
  Instance fixed = freeProgram();
  fixed.program.order = StepOrder::Fixed;
  EXPECT_EQ(textOf(verify(fixed, inOrderOf({0, 1, 2}))), "");
}

TEST(VerifierV11, DependenciesAreKept) {
  expectOne(freeProgram(), inOrderOf({1, 2, 0}), Rule::V11, -1, 2);
  Instance instance = freeProgram();
  instance.program.steps[1].after = {0};
  // Nothing else is reported: what residencies mean is not known.
  expectOne(instance, inOrderOf({1, 0, 2}, {Residency::byCopy(7, 0, 0, 1, 1)}),
            Rule::V11, -1, 1);
}

TEST(VerifierV11, AnOrderIsAPermutationOfAFreeProgram) {
  for (const std::vector<int32_t> &order : {std::vector<int32_t>{1, 0},
                                            {0, 1, 1},
                                            {0, 1, 3},
                                            {-1, 0, 1},
                                            {0, 1, 2, 2}})
    EXPECT_EQ(textOf(verify(freeProgram(), inOrderOf(order))),
              "V11: the order is not a permutation of the 3 steps");
  Instance fixed = freeProgram();
  fixed.program.order = StepOrder::Fixed;
  EXPECT_EQ(textOf(verify(fixed, inOrderOf({1, 0, 2}))),
            "V11: the order of this program is fixed");
}

TEST(VerifierV11, OtherRulesNamePlaceAndStep) {
  EXPECT_EQ(
      textOf(verify(freeProgram(),
                    inOrderOf({1, 0, 2}, {Residency::byWrite(1, 5, 1, 2)}))),
      "V2: value 1 (t), place 1 of the order, which is step 0: offset 5, "
      "size 10 is misaligned or outside the capacity of 100");
  EXPECT_EQ(
      textOf(verify(freeProgram(),
                    inOrderOf({0, 1, 2}, {Residency::byWrite(1, 5, 0, 2)}))),
      "V2: value 1 (t), place 0 of the order, which is step 0: offset 5, "
      "size 10 is misaligned or outside the capacity of 100");
}

TEST(VerifierV11, LoopsAreNamedBySteps) {
  Instance instance = freeProgram();
  instance.program.steps.push_back(
      loop(3, program({temporary("x", 20)},
                      {step(1, {write(0, 20)}), step(1, {read(0, 20)})})));
  Plan ordered = inOrderOf({3, 1, 0, 2});
  ordered.loops[3] = {20, plan({Residency::byWrite(0, 0, 0, 1)})};
  ordered.loops[3].plan.instance.clear();
  EXPECT_EQ(textOf(verify(instance, ordered)), "");
  ordered.loops[3].plan.residencies[0].offset = 10;
  auto found = verify(instance, ordered);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].path, std::vector<int32_t>{3});
  ordered.loops[2] = {0, {}};
  EXPECT_EQ(verify(instance, ordered)[0].rule, Rule::V9);
  // The order of a body is its own.
  ordered = inOrderOf({3, 1, 0, 2});
  ordered.loops[3].plan.order = {1, 0};
  EXPECT_EQ(textOf(verify(instance, ordered)),
            "V11: in the loop at step 3: the order of this program is fixed");
}

//===----------------------------------------------------------------------===//
// Copies across trips
//===----------------------------------------------------------------------===//

/// Rules that the plan of a body breaks.
std::vector<Rule> rulesOf(const Instance &body, std::vector<Residency> r) {
  Instance instance = program({}, {loop(3, body, {})});
  EXPECT_TRUE(checkInstance(instance).empty());
  Plan outer = plan({});
  outer.loops[0] = {100, {"", std::move(r), {}}};
  std::vector<Rule> rules;
  for (const Violation &violation : verify(instance, outer))
    rules.push_back(violation.rule);
  return rules;
}

Instance withStreamed(Instance body) {
  body.program.values[0].streamed = true;
  return body;
}

Residency at2(Residency r, int64_t offset2) {
  r.offset2 = offset2;
  return r;
}

TEST(VerifierTrips, ACopyAheadIsOfAStreamedInput) {
  Instance slice = program({input("x", 40)}, {step(2, {read(0, 40)})});
  Residency ahead = at2(Residency::byCopy(0, 0, 0, 1, 1), 40);
  using Rules = std::vector<Rule>;
  EXPECT_EQ(rulesOf(withStreamed(slice), {ahead}), Rules());
  // The same contents in every trip: nothing to fetch ahead.
  EXPECT_EQ(rulesOf(slice, {ahead}), Rules{Rule::V9});
  // It would meet itself in the next trip.
  EXPECT_EQ(rulesOf(withStreamed(slice), {Residency::byCopy(0, 0, 0, 1, 1)}),
            Rules{Rule::V8});
  EXPECT_EQ(rulesOf(withStreamed(slice), {at2(ahead, 30)}), Rules{Rule::V8});
  EXPECT_EQ(rulesOf(withStreamed(slice), {at2(ahead, 70)}), Rules{Rule::V2});
  EXPECT_EQ(rulesOf(withStreamed(slice), {copiedOut(ahead, 2)}),
            Rules{Rule::V9});
  // Outside of a body there is no next trip.
  Residency twice = at2(Residency::byCopy(0, 0, 0, 0, 0), 40);
  EXPECT_EQ(check(slice, {twice}).substr(0, 3), "V9:");
}

TEST(VerifierTrips, TwoTripsShareTheMemory) {
  Instance body = withStreamed(
      program({input("x", 40), temporary("t", 40)},
              {step(2, {read(0, 40), write(1, 40)}), step(6, {read(1, 40)})}));
  Residency ahead = Residency::byCopy(0, 0, 1, 2, 2);
  using Rules = std::vector<Rule>;
  EXPECT_EQ(rulesOf(body, {ahead, Residency::byWrite(1, 40, 0, 1)}), Rules());
  EXPECT_EQ(rulesOf(body, {ahead, Residency::byWrite(1, 0, 0, 1)}),
            Rules{Rule::V1});
  // Two residencies of a streamed value serve different steps.
  EXPECT_EQ(rulesOf(body, {ahead, Residency::byCopy(0, 40, 0, 0, 0)}),
            Rules{Rule::V8});
  body.program.steps[0].reserved = 10;
  EXPECT_EQ(rulesOf(body, {ahead}), Rules{Rule::V1});
}

TEST(VerifierTrips, AnInOutGoesInAheadAndOutBehind) {
  Instance one = withStreamed(
      program({inOut("c", 20)}, {step(2, {update(0, 40)}), step(5)}));
  using Rules = std::vector<Rule>;
  Residency here = copiedOut(Residency::byCopy(0, 0, 0, 0, 0), 1);
  Residency ahead = Residency::byCopy(0, 0, 1, 2, 2);
  EXPECT_EQ(rulesOf(one, {here}), Rules());
  EXPECT_EQ(rulesOf(one, {copiedOut(ahead, 3)}), Rules());
  // What goes out of the trip that reads it, or into the one after that.
  EXPECT_EQ(rulesOf(one, {at2(copiedOut(ahead, 4), 20)}), Rules());
  EXPECT_EQ(rulesOf(one, {at2(copiedOut(ahead, 5), 20)}), Rules());
  EXPECT_EQ(rulesOf(one, {copiedOut(ahead, 4)}), Rules{Rule::V8});
  // It would meet itself two trips later.
  EXPECT_EQ(rulesOf(one, {at2(copiedOut(ahead, 6), 20)}), Rules{Rule::V8});
  EXPECT_EQ(rulesOf(one, {at2(copiedOut(ahead, 7), 20)}), Rules{Rule::V9});
  EXPECT_EQ(rulesOf(one, {ahead}), Rules{Rule::V5});
  one.program.steps[1].accesses = {read(0, 20)};
  EXPECT_EQ(rulesOf(one, {copiedOut(ahead, 3)}), Rules());
  EXPECT_EQ(rulesOf(one, {at2(copiedOut(ahead, 4), 20)}), Rules{Rule::V3});
}

TEST(VerifierTrips, ContentsThatAreWrittenAreInOnePlace) {
  // The copy out of the first residency would end the second one's contents.
  Instance body = withStreamed(program(
      {output("y", 20)}, {step(1, {write(0, 20)}), step(1, {write(0, 20)})}));
  using Rules = std::vector<Rule>;
  EXPECT_EQ(rulesOf(body, {copiedOut(Residency::byWrite(0, 0, 0, 0), 2),
                           Residency::byWrite(0, 20, 1, 1)}),
            Rules{Rule::V8});
}

TEST(VerifierTrips, CopiesOfTwoTripsAreInFlightTogether) {
  Instance body =
      withStreamed(program({output("y", 20)}, {step(5, {write(0, 20)})}));
  Residency out = at2(copiedOut(Residency::byWrite(0, 0, 0, 0), 2), 20);
  using Rules = std::vector<Rule>;
  EXPECT_EQ(rulesOf(body, {out}), Rules());
  EXPECT_EQ(rulesOf(body, {copiedOut(Residency::byWrite(0, 0, 0, 0), 2)}),
            Rules{Rule::V8});
  EXPECT_EQ(rulesOf(body, {at2(copiedOut(out, 3), 20)}), Rules{Rule::V9});
  Instance instance = program({}, {loop(3, body, {})});
  instance.machine.maxCopiesOut = 1;
  Plan outer = plan({});
  outer.loops[0] = {100, {"", {out}, {}}};
  auto found = verify(instance, outer);
  ASSERT_EQ(found.size(), 1u) << textOf(found);
  EXPECT_EQ(found[0].rule, Rule::V7);
}

} // namespace
