//===- ReportData.cpp - what a report shows -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables as columns: a page of a thousand values stays small and is quick to
// parse. The body of a loop is a level of its own, simulated once by itself.
//
//===----------------------------------------------------------------------===//

#include "Columns.h"

#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/Explain.h"
#include "mempl/Problem/Mapping.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Report/Report.h"
#include "mempl/Support/Units.h"

#include "llvm/Support/JSON.h"

using namespace mempl;
using namespace mempl::report;
using llvm::StringRef;
using llvm::json::OStream;

namespace {

/// The outermost program, or the body of a loop.
struct Level {
  std::string name;
  InstanceRef instance;
  std::vector<int32_t> path; ///< Loop steps that lead to it.
};

void collectLevels(InstanceRef instance, const std::string &name,
                   const std::vector<int32_t> &path,
                   std::vector<Level> &levels) {
  levels.push_back({name, instance, path});
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      continue;
    std::vector<int32_t> inner = path;
    inner.push_back(i);
    collectLevels(instance.bodyOf(i),
                  "body of step " + std::to_string(i) + " (" + step.name +
                      "), " + std::to_string(step.trips) + " trips",
                  inner, levels);
  }
}

/// The plan of a level; null if its loop runs without one.
const Plan *planOf(const Plan &outermost, const std::vector<int32_t> &path) {
  const Plan *plan = &outermost;
  for (int32_t step : path) {
    const BodyPlan *body = plan->bodyPlan(step);
    if (!body)
      return nullptr;
    plan = &body->plan;
  }
  return plan;
}

void writeLevel(OStream &json, const Level &level) {
  InstanceRef instance = level.instance;
  json.attribute("name", llvm::json::fixUTF8(level.name));
  column(json, "names", instance.program.values,
         [](const Value &v) { return StringRef(v.name); });
  column(json, "sizes", instance.program.values,
         [](const Value &v) { return v.size; });
  column(json, "kinds", instance.program.values,
         [](const Value &v) { return wordFor(v.kind); });
  column(json, "steps", instance.program.steps,
         [](const Step &s) { return StringRef(s.name); });
  column(json, "reserved", instance.program.steps,
         [](const Step &s) { return s.reserved; });
}

void writeTraffic(OStream &json, const Outcome &outcome) {
  auto self = [](auto x) { return x; };
  column(json, "times", outcome.times, self);
  column(json, "waits", outcome.waits, self);
  column(json, "profile", outcome.profile, self);
  using T = StepTraffic;
  column(json, "slow_bytes", outcome.traffic,
         [](const T &t) { return t.slow; });
  column(json, "in", outcome.traffic, [](const T &t) { return t.in; });
  column(json, "out", outcome.traffic, [](const T &t) { return t.out; });
}

/// Every field of residencies by name: numbers, -1 for what is not given.
std::vector<std::pair<StringRef, std::vector<int64_t>>>
fieldColumns(const std::vector<Residency> &rows) {
  std::vector<std::pair<StringRef, std::vector<int64_t>>> columns;
  Residency any;
  RecordWriter names([&](const Field &field, const auto &) {
    columns.push_back({field.key, {}});
  });
  mapFields(names, any);
  for (Residency row : rows) {
    size_t next = 0;
    RecordWriter writer([&](const Field &, const auto &x) {
      columns[next++].second.push_back(x ? static_cast<int64_t>(*x) : -1);
    });
    mapFields(writer, row);
  }
  return columns;
}

void writeResidencies(OStream &json, const Plan &plan, const Outcome &outcome) {
  std::vector<double> stalls(plan.residencies.size(), 0);
  for (const CopyTiming &copy : outcome.copies)
    stalls[copy.residency] += copy.stall;
  const std::vector<Residency> &rows = plan.residencies;
  for (const auto &[name, numbers] : fieldColumns(rows))
    column(json, name, numbers, [](int64_t x) { return x; });
  column(json, "start", rows, [](const Residency &r) { return r.start(); });
  column(json, "end", rows, [](const Residency &r) { return r.end(); });
  column(json, "first", rows, [](const Residency &r) { return r.first(); });
  column(json, "begins", rows, [](const Residency &r) {
    return StringRef(r.isKept()     ? "carried"
                     : r.copiedIn() ? "copied in"
                                    : "written");
  });
  column(json, "stall", stalls, [](double x) { return x; });
}

void writePlanLevel(OStream &json, const Level &level, const Plan &plan) {
  InstanceRef instance = level.instance;
  if (!plan.order.empty())
    column(json, "order", plan.order, [](int32_t step) { return step; });
  Outcome outcome = simulate(instance, plan, /*withTraffic=*/true);
  json.attributeObject("residencies",
                       [&] { writeResidencies(json, plan, outcome); });
  writeTraffic(json, outcome);
  std::vector<Decision> decisions = explain(instance, plan);
  column(json, "why", decisions,
         [](const Decision &d) { return StringRef(d.text); });
  column(json, "traffic", decisions,
         [](const Decision &d) { return d.traffic; });
  column(json, "served", decisions, [](const Decision &d) { return d.served; });
}

void writePlan(OStream &json, const Instance &instance, const ReportPlan &shown,
               llvm::ArrayRef<Level> levels) {
  Outcome outcome = simulate(instance, shown.plan);
  json.attribute("name", llvm::json::fixUTF8(shown.name));
  number(json, "latency", outcome.latency);
  number(json, "stall", outcome.stall);
  json.attribute("peak", outcome.peakBytes);
  json.attribute("copies_in", shown.plan.numCopiesIn());
  json.attribute("copies_out", shown.plan.numCopiesOut());
  json.attributeArray("levels", [&] {
    for (const Level &level : levels) {
      const Plan *plan = planOf(shown.plan, level.path);
      json.object([&] { writePlanLevel(json, level, plan ? *plan : Plan()); });
    }
  });
}

} // namespace

std::string mempl::reportData(const Instance &instance,
                              llvm::ArrayRef<ReportPlan> plans,
                              std::optional<double> bound) {
  std::vector<Level> levels;
  collectLevels(instance, "program", {}, levels);
  std::string text;
  llvm::raw_string_ostream os(text);
  OStream json(os);
  json.object([&] {
    json.attribute("program", llvm::json::fixUTF8(instance.name));
    json.attribute("capacity", instance.machine.capacity);
    number(json, "slow_bandwidth", instance.machine.slowBandwidth);
    number(json, "slow", slowLatency(instance));
    number(json, "ideal", idealLatency(instance));
    number(json, "bound", bound);
    std::string notPlaceable;
    llvm::raw_string_ostream lines(notPlaceable);
    printUncovered(lines, uncovered(instance), "");
    json.attribute("not_placeable", llvm::json::fixUTF8(notPlaceable));
    json.attributeArray("levels", [&] {
      for (const Level &level : levels)
        json.object([&] { writeLevel(json, level); });
    });
    json.attributeArray("plans", [&] {
      for (const ReportPlan &plan : plans)
        json.object([&] { writePlan(json, instance, plan, levels); });
    });
  });
  return safeInPage(text);
}
