//===- ProblemIOTest.cpp - instances and plans as JSON --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"

#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <limits>

using namespace mempl;
using ::testing::EndsWith;
using ::testing::HasSubstr;

static const char *const machineText = R"({
  "fast": {"capacity": 100, "alignment": 10, "bandwidth": 100, "max_carried": 2},
  "slow": {"bandwidth": 10.5},
  "copy": {"bandwidth": 1e1, "latency": 0.25, "max_in": 3, "max_out": 4},
  "step": {"overhead": 0.125}})";

/// An instance that uses every key, one record per line.
static std::string instanceText() {
  return std::string(R"({"version": 1, "name": "all",
"machine": )") +
         machineText + R"(,
"values": [
{"name": "w", "size": 50, "kind": "input", "space": "slow", "reason": "is \"passed\" on"},
{"name": "t", "size": 9223372036854775807, "kind": "temporary"},
{"name": "o", "size": 0, "kind": "output", "space": "fast"},
{"name": "io", "size": 7, "kind": "inout"}],
"steps": [
{"name": "first", "compute": 1, "accesses": [{"value": 0, "bytes": 40, "mode": "read", "space": "slow"}, {"value": 2, "bytes": 0, "mode": "write"}]},
{"name": "loop", "compute": 0.5, "reserved": 20, "accesses": [{"value": 3, "bytes": 1, "mode": "update", "space": "fast"}], "trips": 3,
 "body": {"values": [{"name": "x", "size": 5, "kind": "temporary", "reason": "of the body"}],
          "steps": [{"name": "in", "compute": 0, "accesses": [{"value": 0, "bytes": 5, "mode": "write"}]}]}}]
})";
}

static std::string planText() {
  return R"({"version": 1, "instance": "all",
"residencies": [
{"value": 0, "offset": 10, "last": 1, "issue": 0, "ready": 1, "done": 2, "back": 1},
{"value": 2, "offset": 0, "last": 0, "write": 0, "done": 1},
{"value": 3, "offset": 30, "last": 1, "carried": true}],
"loops": {"1": {"capacity": 20, "residencies": [
{"value": 0, "offset": 0, "last": 0, "write": 0}]}},
"cross_program": [0, "w"]})";
}

static std::string instanceError(llvm::StringRef text) {
  auto instance = parseInstance(text, "f.json");
  return instance ? "" : llvm::toString(instance.takeError());
}

static std::string planError(llvm::StringRef text) {
  auto plan = parsePlan(text, "p.json");
  return plan ? "" : llvm::toString(plan.takeError());
}

/// `text` with the one occurrence of `from` replaced.
static std::string with(std::string text, llvm::StringRef from,
                        llvm::StringRef to) {
  size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos) << from.str();
  EXPECT_EQ(text.find(from.str(), at + 1), std::string::npos) << from.str();
  return text.replace(at, from.size(), to.str());
}

/// The error after one change to the instance that uses every key.
static std::string changed(llvm::StringRef from, llvm::StringRef to) {
  return instanceError(with(instanceText(), from, to));
}

static std::string changedPlan(llvm::StringRef from, llvm::StringRef to) {
  return planError(with(planText(), from, to));
}

template <typename T, typename Writer>
static std::string written(const T &what, Writer write) {
  std::string text;
  llvm::raw_string_ostream os(text);
  write(os, what);
  return text;
}

//===----------------------------------------------------------------------===//
// What is read
//===----------------------------------------------------------------------===//

TEST(ProblemIO, EveryKeyOfAnInstanceIsRead) {
  auto read = parseInstance(instanceText(), "f.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  Machine machine{100, 10, 100, 10.5, 10, 0.25, 3, 4, 0.125, 2};
  auto body = std::make_shared<Program>();
  body->values = {{"x", 5, ValueKind::Temporary, SpaceConstraint::None}};
  body->steps.resize(1);
  body->steps[0].name = "in";
  body->steps[0].accesses = {{0, 5, AccessMode::Write, SpaceConstraint::None}};
  Instance expected;
  expected.name = "all";
  expected.machine = machine;
  expected.program.values = {
      {"w", 50, ValueKind::Input, SpaceConstraint::Slow},
      {"t", INT64_MAX, ValueKind::Temporary, SpaceConstraint::None},
      {"o", 0, ValueKind::Output, SpaceConstraint::Fast},
      {"io", 7, ValueKind::InOut, SpaceConstraint::None}};
  expected.program.steps.resize(2);
  expected.program.steps[0].name = "first";
  expected.program.steps[0].compute = 1;
  expected.program.steps[0].accesses = {
      {0, 40, AccessMode::Read, SpaceConstraint::Slow},
      {2, 0, AccessMode::Write, SpaceConstraint::None}};
  expected.program.steps[1].name = "loop";
  expected.program.steps[1].compute = 0.5;
  expected.program.steps[1].reserved = 20;
  expected.program.steps[1].accesses = {
      {3, 1, AccessMode::Update, SpaceConstraint::Fast}};
  expected.program.steps[1].trips = 3;
  expected.program.steps[1].body = body;
  EXPECT_EQ(*read, expected);
  EXPECT_EQ(read->program.values[0].reason, "is \"passed\" on");
  EXPECT_EQ(read->program.values[1].reason, "");
  EXPECT_EQ(read->program.steps[1].body->values[0].reason, "of the body");
}

TEST(ProblemIO, ReasonsAreWrittenAndMakeNoDifference) {
  auto read = parseInstance(instanceText(), "f.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, *read);
  auto again = parseInstance(text, "g.json");
  ASSERT_TRUE(static_cast<bool>(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(again->program.values[0].reason, "is \"passed\" on");
  EXPECT_EQ(again->program.steps[1].body->values[0].reason, "of the body");
  // Only what has a reason says so.
  EXPECT_EQ(llvm::StringRef(text).count("reason"), 2u);
  again->program.values[0].reason = "is something else";
  EXPECT_EQ(*again, *read);
}

TEST(ProblemIO, DefaultsOfAnInstance) {
  auto read = parseInstance(
      R"({"name":"","machine":{"fast":{"capacity":0,"alignment":1,"bandwidth":1},
      "slow":{"bandwidth":1},"copy":{"bandwidth":1,"latency":0},
      "step":{"overhead":0}},"values":[],"steps":[
      {"name":"s","compute":0,"accesses":[]}]})",
      "f.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->machine, Machine());
  EXPECT_EQ(read->program.steps[0].reserved, 0);
  EXPECT_EQ(read->program.steps[0].trips, 1);
  EXPECT_EQ(read->program.steps[0].body, nullptr);
}

TEST(ProblemIO, EveryKeyOfAPlanIsRead) {
  auto read = parsePlan(planText(), "p.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  Plan expected;
  expected.instance = "all";
  expected.residencies = {Residency::byCopy(0, 10, 0, 1, 1),
                          Residency::byWrite(2, 0, 0, 0),
                          Residency::kept(3, 30, 1)};
  expected.residencies[0].out = {1, 2};
  expected.residencies[1].out = {std::nullopt, 1};
  expected.loops[1].capacity = 20;
  expected.loops[1].plan.residencies = {Residency::byWrite(0, 0, 0, 0)};
  EXPECT_EQ(*read, expected);
}

TEST(ProblemIO, WhatIsWrittenReadsBackAsTheSame) {
  auto instance = parseInstance(instanceText(), "f.json");
  ASSERT_TRUE(static_cast<bool>(instance));
  instance->name = "quotes \" \\ and \n lines \x01 and \xc3\xa9";
  instance->machine.copyLatency = 5e-324;
  instance->machine.slowBandwidth = 1.0 / 3;
  instance->machine.fastBandwidth = std::numeric_limits<double>::max();
  instance->machine = instance->machine;
  std::string text = written(*instance, writeInstance);
  auto again = parseInstance(text, "f.json");
  ASSERT_TRUE(static_cast<bool>(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(*again, *instance);
  EXPECT_EQ(written(*again, writeInstance), text);

  auto plan = parsePlan(planText(), "p.json");
  ASSERT_TRUE(static_cast<bool>(plan));
  plan->loops[1].plan.loops[0].plan.instance = "inner";
  text = written(*plan, writePlan);
  auto planAgain = parsePlan(text, "p.json");
  ASSERT_TRUE(static_cast<bool>(planAgain))
      << llvm::toString(planAgain.takeError());
  EXPECT_EQ(*planAgain, *plan);
  EXPECT_EQ(written(*planAgain, writePlan), text);
}

TEST(ProblemIO, WritesOneRecordPerLineAndNoDefaults) {
  Plan plan;
  plan.instance = "t";
  plan.residencies = {Residency::byCopy(0, 10, 0, 1, 1),
                      Residency::byWrite(2, 0, 0, 0)};
  EXPECT_EQ(written(plan, writePlan), R"({"version":1,
"instance":"t",
"residencies":[
{"value":0,"offset":10,"last":1,"issue":0,"ready":1},
{"value":2,"offset":0,"last":0,"write":0}]}
)");
  Instance instance;
  instance.program.values = {{"v", 1, ValueKind::Input, SpaceConstraint::None}};
  instance.program.steps.resize(1);
  instance.program.steps[0].name = "s";
  EXPECT_THAT(written(instance, writeInstance), EndsWith(R"("values":[
{"name":"v","size":1,"kind":"input"}],
"steps":[
{"name":"s","compute":0,"accesses":[]}]}
)"));
}

TEST(ProblemIO, RealProgramsAndPlansReadBackAsTheSame) {
  std::error_code ec;
  int files = 0;
  for (llvm::sys::fs::recursive_directory_iterator
           it(MEMPL_TEST_DATA "/xla_tpu", ec),
       end;
       it != end && !ec; it.increment(ec)) {
    llvm::StringRef path = it->path();
    if (!path.consume_back(".instance.json.gz"))
      continue;
    ++files;
    auto instance = readInstance(it->path());
    ASSERT_TRUE(static_cast<bool>(instance))
        << llvm::toString(instance.takeError());
    auto plan = readPlan((path + ".xla_plan.json.gz").str());
    ASSERT_TRUE(static_cast<bool>(plan)) << llvm::toString(plan.takeError());
    auto again = parseInstance(written(*instance, writeInstance), "i");
    auto planAgain = parsePlan(written(*plan, writePlan), "p");
    ASSERT_TRUE(again && planAgain);
    EXPECT_EQ(*again, *instance);
    EXPECT_EQ(*planAgain, *plan);
    EXPECT_TRUE(verify(*instance, *plan).empty()) << path.str();
  }
  EXPECT_EQ(files, 38);
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

TEST(ProblemIO, ErrorsNameFileLinePathAndBothSides) {
  EXPECT_EQ(changed(R"("mode": "update")", R"("mode": "raed")"),
            "f.json:14: error: steps[1].accesses[0].mode: expected one of "
            "\"read\", \"write\", \"update\", found \"raed\"");
  EXPECT_EQ(changed(R"("size": 50)", R"("size": 9.0)"),
            "f.json:8: error: values[0].size: expected an integer from 0 to "
            "2^63 - 1, found 9.0");
  EXPECT_EQ(changed(R"("size": 50, )", ""),
            "f.json:8: error: values[0]: expected the key \"size\"");
}

TEST(ProblemIO, NewerVersionsAreRefused) {
  EXPECT_EQ(changed(R"("version": 1)", R"("version": 4)"),
            "f.json:1: error: version: version 4 is newer than 3, the newest "
            "that this program reads");
  EXPECT_THAT(changed(R"("version": 1)", R"("version": 0)"),
              HasSubstr("version: expected an integer"));
  EXPECT_THAT(changedPlan(R"("version": 1)", R"("version": 4)"),
              HasSubstr("version 4 is newer"));
}

TEST(ProblemIO, FilesAreOfTheOldestVersionThatHasTheirKeys) {
  Instance instance;
  instance.name = "i";
  instance.program.steps.resize(2);
  auto text = [](auto write, const auto &x) {
    std::string result;
    llvm::raw_string_ostream os(result);
    write(os, x);
    return result;
  };
  EXPECT_THAT(text(writeInstance, instance), HasSubstr("\"version\":1"));
  instance.program.order = StepOrder::Free;
  instance.program.steps[1].after = {0};
  std::string ofInstance = text(writeInstance, instance);
  EXPECT_THAT(ofInstance, HasSubstr("\"version\":2"));
  EXPECT_EQ(llvm::cantFail(parseInstance(ofInstance, "f.json")), instance);

  Plan plan;
  plan.instance = "i";
  EXPECT_THAT(text(writePlan, plan), HasSubstr("\"version\":1"));
  plan.loops[0].plan.order = {1, 0};
  EXPECT_THAT(text(writePlan, plan), HasSubstr("\"version\":2"));
  plan.order = {1, 0};
  std::string ofPlan = text(writePlan, plan);
  EXPECT_THAT(ofPlan, HasSubstr("\"version\":2"));
  EXPECT_EQ(llvm::cantFail(parsePlan(ofPlan, "f.json")), plan);
}

TEST(ProblemIO, UnknownAndRepeatedKeysAreErrors) {
  EXPECT_THAT(changed(R"("overhead": 0.125)", R"("overhead": 0, "x": 1)"),
              HasSubstr("machine.step.x: unknown key, expected one of "
                        "overhead"));
  EXPECT_THAT(changed(R"("overhead": 0.125)", R"("overhead":0, "overhead":0)"),
              HasSubstr("f.json:6: error: repeated key \"overhead\""));
  EXPECT_THAT(changedPlan(R"("last": 1, "carried")", R"("lst": 1, "carried")"),
              HasSubstr("residencies[2].lst: unknown key"));
}

TEST(ProblemIO, WrongTypesAreErrors) {
  EXPECT_THAT(instanceError("[]"), HasSubstr("expected an object, found an "
                                             "array"));
  EXPECT_THAT(instanceError("3"), HasSubstr("expected an object, found 3"));
  EXPECT_THAT(changed(R"("name": "all")", R"("name": null)"),
              HasSubstr("name: expected a string, found null"));
  EXPECT_THAT(changed(R"("latency": 0.25)", R"("latency": "0.25")"),
              HasSubstr("machine.copy.latency: expected a number"));
  EXPECT_THAT(changed(R"("step": {"overhead": 0.125})", R"("step": [])"),
              HasSubstr("machine.step: expected an object, found an array"));
  EXPECT_THAT(changed(R"([{"value": 0, "bytes": 5, "mode": "write"}])", "{}"),
              HasSubstr("steps[1].body.steps[0].accesses: expected an array, "
                        "found an object"));
  EXPECT_THAT(changed(R"("kind": "inout")", R"("kind": true)"),
              HasSubstr("values[3].kind: expected one of"));
}

TEST(ProblemIO, NumbersOutOfRangeAreErrors) {
  EXPECT_THAT(changed("9223372036854775807", "9223372036854775808"),
              HasSubstr("values[1].size: expected an integer from 0 to 2^63"));
  EXPECT_THAT(changed(R"("reserved": 20)", R"("reserved": -20)"),
              HasSubstr("steps[1].reserved: expected an integer"));
  EXPECT_THAT(changed(R"("trips": 3)", R"("trips": 0)"),
              HasSubstr("steps[1].trips: expected an integer from 1"));
  EXPECT_THAT(changed(R"("alignment": 10)", R"("alignment": 0)"),
              HasSubstr("machine.fast.alignment: expected an integer from 1"));
  EXPECT_THAT(changed(R"({"value": 3, "bytes": 1)",
                      R"({"value": 4294967299, "bytes": 1)"),
              HasSubstr("accesses[0].value: expected an integer from 0 to "
                        "2147483647"));
  EXPECT_THAT(changed(R"("compute": 0.5)", R"("compute": NaN)"),
              HasSubstr("f.json:14: error: expected a JSON value"));
  EXPECT_THAT(changed(R"("compute": 0.5)", R"("compute": 1e999)"),
              HasSubstr("f.json:14: error: "));
}

TEST(ProblemIO, FaultsOfAnInstanceNameTheirLine) {
  EXPECT_EQ(
      changed(R"("capacity": 100)", R"("capacity": 101)"),
      "f.json:3: error: machine.fast.capacity: I3: expected a multiple of "
      "the alignment of 10, at least 0");
  EXPECT_THAT(
      changed(R"({"value": 3, "bytes": 1)", R"({"value": 4, "bytes": 1)"),
      HasSubstr("f.json:14: error: steps[1].accesses[0].value: I4: no such "
                "value"));
  EXPECT_THAT(changed(R"("value": 0, "bytes": 5, "mode": "write")",
                      R"("value": 0, "bytes": 5, "mode": "read")"),
              HasSubstr("f.json:16: error: steps[1].body.steps[0].accesses[0]: "
                        "I5: reads value 0 (x), which nothing has written"));
  EXPECT_THAT(changed(R"("compute": 0.5)", R"("compute": -0.5)"),
              HasSubstr("f.json:14: error: steps[1].compute: "));
  EXPECT_THAT(changed(R"("alignment": 10, "bandwidth": 100)",
                      R"("alignment": 7, "bandwidth": 1)"),
              HasSubstr("(the first of "));
}

TEST(ProblemIO, LoopsNestSoDeepAndNoDeeper) {
  auto nested = [](int depth) {
    std::string open = R"({"values":[],"steps":[)", close = "]}";
    std::string text = open + close;
    for (int i = 0; i < depth; ++i)
      text = open +
             R"({"name":"s","compute":0,"accesses":[],"trips":1,"body":)" +
             text + "}" + close;
    return R"({"name":"n","machine":)" + std::string(machineText) + "," +
           text.substr(1);
  };
  EXPECT_EQ(instanceError(nested(64)), "");
  EXPECT_THAT(instanceError(nested(65)),
              HasSubstr("expected at most 64 loops inside each other"));
  auto nestedPlan = [](int depth) {
    std::string text = R"({"capacity":0,"residencies":[]})";
    for (int i = 0; i < depth; ++i)
      text = R"({"capacity":0,"residencies":[],"loops":{"0":)" + text + "}}";
    return R"({"instance":"n")" + text.substr(13);
  };
  EXPECT_EQ(planError(nestedPlan(64)), "");
  EXPECT_THAT(planError(nestedPlan(65)),
              HasSubstr("expected at most 64 loops inside each other"));
}

TEST(ProblemIO, FieldsOfAResidencyThatCannotBeAreV9) {
  EXPECT_EQ(changedPlan(R"("issue": 0)", R"("issue": -1)"),
            "p.json:3: error: residencies[0].issue: V9: expected an integer "
            "from 0 to 2147483647, found -1");
  for (const char *field : {"write", "done"})
    EXPECT_THAT(
        changedPlan(R"("last": 0, "write": 0, "done": 1)",
                    R"("last": 0, ")" + std::string(field) + R"(": -1)"),
        HasSubstr("V9: expected an integer"));
  EXPECT_THAT(changedPlan(R"("ready": 1)", R"("ready": 1.0)"),
              HasSubstr("residencies[0].ready: V9: "));
  EXPECT_THAT(changedPlan(R"("back": 1)", R"("back": "1")"),
              HasSubstr("residencies[0].back: V9: "));
  EXPECT_THAT(changedPlan(R"("offset": 10)", R"("offset": 1e1)"),
              HasSubstr("residencies[0].offset: V9: "));
  EXPECT_THAT(changedPlan(R"("value": 3)", R"("value": 4294967296)"),
              HasSubstr("residencies[2].value: V9: "));
  EXPECT_THAT(changedPlan(R"("carried": true)", R"("carried": false)"),
              HasSubstr("residencies[2].carried: expected true"));
  EXPECT_THAT(changedPlan(R"("carried": true)", R"("carried": 1)"),
              HasSubstr("residencies[2].carried: expected true"));
}

TEST(ProblemIO, AResidencyBeginsInOneWay) {
  auto errorOf = [](const std::string &fields) {
    return planError(R"({"instance": "p", "residencies": [
{"value": 0, "offset": 0, "last": 2)" +
                     fields + "}]}");
  };
  const std::string text =
      "p.json:2: error: residencies[0]: V9: a residency begins by `write`, or "
      "by `issue` and `ready`, or is `carried`";
  for (const char *fields :
       {"", R"(, "write": 0, "issue": 0, "ready": 2)",
        R"(, "issue": 0, "ready": 2, "carried": true)", R"(, "ready": 2)",
        R"(, "issue": 0)", R"(, "write": 0, "ready": 1)"})
    EXPECT_EQ(errorOf(fields), text) << fields;
  EXPECT_EQ(errorOf(R"(, "write": 0, "back": 1)"),
            "p.json:2: error: residencies[0]: V9: `back` without `done`");
  EXPECT_EQ(errorOf(R"(, "write": 0)"), "");
}

TEST(ProblemIO, WhatTheStructCanSayIsLeftToTheVerifier) {
  EXPECT_EQ(changedPlan(R"("value": 3)", R"("value": -3)"), "");
  EXPECT_EQ(changedPlan(R"("offset": 30)", R"("offset": -30)"), "");
  EXPECT_EQ(changedPlan(R"("value": 3)", R"("value": 333)"), "");
}

TEST(ProblemIO, LoopsOfAPlanAreNamedByTheirStep) {
  for (const char *key : {"-1", "01", "+1", "1.0", "x", "", " 1", "4294967296"})
    EXPECT_THAT(changedPlan(R"("1": {)", "\"" + std::string(key) + "\": {"),
                HasSubstr("V9: expected the number of a step as the key"))
        << key;
  EXPECT_THAT(changedPlan(R"("capacity": 20, )", ""),
              HasSubstr("loops.1: expected the key \"capacity\""));
  EXPECT_THAT(changedPlan(R"("capacity": 20, )", R"("capacity": -1, )"),
              HasSubstr("loops.1.capacity: expected an integer"));
}

TEST(ProblemIO, WhatAPlanNeedsIsMissed) {
  EXPECT_THAT(planError(R"({"residencies": []})"),
              HasSubstr("expected the key \"instance\""));
  EXPECT_THAT(planError(R"({"instance": "x"})"),
              HasSubstr("expected the key \"residencies\""));
  EXPECT_THAT(changedPlan(R"([0, "w"])", R"([0, 1.5])"),
              HasSubstr("cross_program[1]: expected an integer"));
  EXPECT_THAT(changedPlan(R"([0, "w"])", "0"),
              HasSubstr("cross_program: expected an array"));
}

TEST(ProblemIO, MachinesAreReadAlone) {
  auto machine = parseMachine(machineText, "m.json");
  ASSERT_TRUE(static_cast<bool>(machine));
  EXPECT_EQ(*machine, (Machine{100, 10, 100, 10.5, 10, 0.25, 3, 4, 0.125, 2}));
  EXPECT_EQ(
      llvm::toString(parseMachine(with(machineText, "10.5", "-10.5"), "m.json")
                         .takeError()),
      "m.json:3: error: slow.bandwidth: I2: expected a positive number");
  EXPECT_THAT(llvm::toString(parseMachine("{}", "m.json").takeError()),
              HasSubstr("m.json:1: error: expected the key \"fast\""));
}
