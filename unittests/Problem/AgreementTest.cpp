//===- AgreementTest.cpp - simulator and verifier against the model -------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Thousands of instances and plans with the answers of the executable model of
// docs/Problem.md, which test/generate_cases.py has written down.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <map>
#include <set>
#include <tuple>

using namespace mempl;

namespace {

/// The lines of the file, each an object. Failures are the caller's to see: an
/// empty list.
const std::vector<llvm::json::Object> &cases() {
  static const std::vector<llvm::json::Object> all = [] {
    std::vector<llvm::json::Object> result;
    std::string text =
        llvm::cantFail(readFile(MEMPL_TEST_DATA "/agreement.jsonl.gz"));
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(text).split(lines, '\n', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef line : lines)
      result.push_back(
          std::move(*llvm::cantFail(llvm::json::parse(line)).getAsObject()));
    return result;
  }();
  return all;
}

std::string textOf(const llvm::json::Object &line, llvm::StringRef key) {
  return line.getString(key)->str();
}

Instance instanceOf(const llvm::json::Object &line) {
  return llvm::cantFail(parseInstance(textOf(line, "instance"), "instance"));
}

Plan planOf(const llvm::json::Object &line) {
  return llvm::cantFail(parsePlan(textOf(line, "plan"), "plan"));
}

/// Why the plan is refused when it is read, as what no residency can be is;
/// empty if it is not.
std::string refusalOf(const llvm::json::Object &line) {
  llvm::Expected<Plan> plan = parsePlan(textOf(line, "plan"), "plan");
  return plan ? "" : llvm::toString(plan.takeError());
}

bool isReadable(const llvm::json::Object &line) {
  return !line.get("unreadable");
}

/// Rule, value and step of every violation.
using Found = std::vector<std::tuple<int64_t, int64_t, int64_t>>;

Found foundIn(const llvm::json::Object &line) {
  Found found;
  for (const llvm::json::Value &value : *line.getArray("found")) {
    const llvm::json::Array &row = *value.getAsArray();
    found.emplace_back(*row[0].getAsInteger(), *row[1].getAsInteger(),
                       *row[2].getAsInteger());
  }
  return found;
}

/// 1e-9 relative. Below a billionth of the whole, rounding is all there is.
void expectClose(double actual, double expected, double whole,
                 const char *what) {
  EXPECT_LE(std::abs(actual - expected),
            1e-9 * std::max(expected, 1e-6 * whole))
      << what << ": " << actual << ", the model has " << expected;
}

void expectClose(const std::vector<double> &actual,
                 const llvm::json::Array &expected, double whole,
                 const char *what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    SCOPED_TRACE(i);
    expectClose(actual[i], *expected[i].getAsNumber(), whole, what);
  }
}

void expectSameStalls(const Outcome &outcome, const llvm::json::Array &expected,
                      double whole) {
  std::map<std::pair<int64_t, bool>, double> stalls;
  for (const CopyTiming &copy : outcome.copies)
    stalls[{copy.residency, copy.back}] = copy.stall;
  for (const llvm::json::Value &value : expected) {
    const llvm::json::Array &row = *value.getAsArray();
    auto it = stalls.find({*row[0].getAsInteger(), *row[1].getAsBoolean()});
    ASSERT_NE(it, stalls.end());
    expectClose(it->second, *row[2].getAsNumber(), whole, "stall of a copy");
    stalls.erase(it);
  }
  for (const auto &[copy, stall] : stalls)
    expectClose(stall, 0, whole, "stall of a copy that nobody waits for");
}

void expectSameOutcome(const Instance &instance, const Plan &plan,
                       const llvm::json::Object &line) {
  Outcome outcome = simulate(instance, plan);
  double whole = *line.getNumber("latency");
  expectClose(outcome.latency, whole, 0, "latency");
  EXPECT_EQ(simulateLatency(instance, plan), outcome.latency);
  expectClose(outcome.stall, *line.getNumber("stall"), whole, "stall");
  expectClose(outcome.slowBytes, *line.getNumber("slow_bytes"), 0,
              "slow bytes");
  expectClose(outcome.times, *line.getArray("times"), whole, "step times");
  expectClose(outcome.waits, *line.getArray("waits"), whole, "waits");
  EXPECT_EQ(plan.numCopies(), *line.getInteger("copies"));
  expectSameStalls(outcome, *line.getArray("stalls"), whole);
}

/// A residency that is said to break a rule is there, and of that value.
void expectPlace(const Violation &violation, const Plan &outermost) {
  const Plan *plan = &outermost;
  for (int32_t loop : violation.path) {
    const BodyPlan *body = plan->bodyPlan(loop);
    if (!body) {
      EXPECT_EQ(violation.residency, -1) << violation.str();
      return;
    }
    plan = &body->plan;
  }
  if (violation.residency >= 0) {
    ASSERT_LT(static_cast<size_t>(violation.residency),
              plan->residencies.size());
    EXPECT_EQ(plan->residencies[violation.residency].value, violation.value);
  } else if (violation.value >= 0) {
    // Nothing is needed to leave a value in slow memory.
    EXPECT_EQ(violation.rule, Rule::V6) << violation.str();
  }
}

/// Whether a copy goes from one trip of a loop into the next.
bool hasCopyAcrossTrips(const Program &program, const Plan &plan) {
  return llvm::any_of(plan.loops, [&](const auto &loop) {
    const Program &body = *program.steps[loop.first].body;
    const Plan &inner = loop.second.plan;
    return inner.crossesTrips(body.numSteps()) ||
           hasCopyAcrossTrips(body, inner);
  });
}

TEST(Agreement, VerifierFindsTheSameViolations) {
  std::map<int64_t, int64_t> broken;
  int64_t valid = 0, ordered = 0, across = 0, pairs = 0, number = 0,
          refused = 0;
  for (const llvm::json::Object &line : cases()) {
    ++number;
    if (!isReadable(line))
      continue;
    ++pairs;
    Found expected = foundIn(line), actual;
    if (std::string refusal = refusalOf(line); !refusal.empty()) {
      EXPECT_NE(refusal.find("V9: "), std::string::npos) << refusal;
      EXPECT_TRUE(llvm::any_of(
          expected,
          [](const auto &violation) { return std::get<0>(violation) == 9; }))
          << "line " << number << ": " << refusal;
      ++refused;
      continue;
    }
    std::string all;
    Instance instance = instanceOf(line);
    Plan plan = planOf(line);
    for (const Violation &violation : verify(instance, plan)) {
      expectPlace(violation, plan);
      actual.emplace_back(static_cast<int64_t>(violation.rule), violation.value,
                          violation.step);
      all += violation.str() + "\n";
    }
    llvm::sort(actual);
    EXPECT_EQ(actual, expected) << "line " << number << "\n"
                                << all << textOf(line, "instance") << "\n"
                                << textOf(line, "plan");
    valid += expected.empty();
    ordered += expected.empty() && !llvm::is_sorted(plan.order);
    across += expected.empty() && hasCopyAcrossTrips(instance.program, plan);
    std::set<int64_t> rules;
    for (auto [rule, value, step] : expected)
      rules.insert(rule);
    for (int64_t rule : rules)
      ++broken[rule];
  }
  std::cout << number << " cases, " << valid << " valid plans, " << ordered
            << " in another order, " << across
            << " with copies across trips; broken:";
  for (auto [rule, count] : broken)
    std::cout << " V" << rule << " by " << count;
  std::cout << "; refused: " << refused << "\n";
  EXPECT_GE(pairs, 3000);
  EXPECT_GE(2 * valid, pairs);
  EXPECT_GE(ordered, 450);
  EXPECT_GE(across, 100);
  EXPECT_EQ(broken.size(), 11u);
  for (auto [rule, count] : broken)
    EXPECT_GE(count, 60) << "V" << rule;
}

TEST(Agreement, SimulatorGetsTheSameTimes) {
  int64_t simulated = 0, number = 0;
  for (const llvm::json::Object &line : cases()) {
    ++number;
    if (!line.get("latency"))
      continue;
    SCOPED_TRACE("line " + std::to_string(number));
    expectSameOutcome(instanceOf(line), planOf(line), line);
    ++simulated;
    if (HasFailure())
      FAIL() << textOf(line, "instance") << "\n" << textOf(line, "plan");
  }
  std::cout << simulated << " plans simulated\n";
  EXPECT_GE(simulated, 2500);
}

TEST(Agreement, IdealIsTheSame) {
  for (const llvm::json::Object &line : cases())
    if (isReadable(line))
      expectClose(idealLatency(instanceOf(line)), *line.getNumber("ideal"), 0,
                  "ideal");
}

TEST(Agreement, PlansThatAreNotExactlyInTheSchemaAreRefused) {
  int64_t refused = 0;
  for (const llvm::json::Object &line : cases()) {
    if (isReadable(line))
      continue;
    Instance instance = instanceOf(line);
    llvm::Expected<Plan> plan = parsePlan(textOf(line, "plan"), "plan.json");
    // What a struct can say, the verifier finds.
    if (plan) {
      auto found = verify(instance, *plan);
      ASSERT_FALSE(found.empty()) << textOf(line, "plan");
      for (const Violation &violation : found)
        EXPECT_EQ(violation.rule, Rule::V9) << textOf(line, "plan");
    } else {
      std::string message = llvm::toString(plan.takeError());
      EXPECT_TRUE(llvm::StringRef(message).starts_with("plan.json:1: error: "))
          << message;
    }
    ++refused;
  }
  EXPECT_GE(refused, 50);
}

/// Plans that were read come out as the same text whenever they are written.
TEST(Agreement, CasesSurviveWritingAndReading) {
  for (const llvm::json::Object &line : cases()) {
    if (!isReadable(line) || !refusalOf(line).empty())
      continue;
    Instance instance = instanceOf(line);
    Plan plan = planOf(line);
    std::string instanceText, planText;
    llvm::raw_string_ostream instanceStream(instanceText), planStream(planText);
    writeInstance(instanceStream, instance);
    writePlan(planStream, plan);
    EXPECT_EQ(llvm::cantFail(parseInstance(instanceText, "again")), instance);
    // A loop's plan for a step that is no loop is written, too.
    EXPECT_EQ(llvm::cantFail(parsePlan(planText, "again")), plan);
  }
}

} // namespace
