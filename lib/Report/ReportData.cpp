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
#include "mempl/Problem/Simulator.h"
#include "mempl/Report/Report.h"
#include "mempl/Support/Units.h"

#include "llvm/Support/JSON.h"

#include <cmath>

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

StringRef kindName(const Value &value) {
  switch (value.kind) {
  case ValueKind::Input:
    return "input";
  case ValueKind::Temporary:
    return "temporary";
  case ValueKind::Output:
    return "output";
  case ValueKind::InOut:
    return "inout";
  }
  return "";
}

void writeLevel(OStream &json, const Level &level) {
  InstanceRef instance = level.instance;
  json.attribute("name", llvm::json::fixUTF8(level.name));
  column(json, "names", instance.program.values,
         [](const Value &v) { return StringRef(v.name); });
  column(json, "sizes", instance.program.values,
         [](const Value &v) { return v.size; });
  column(json, "kinds", instance.program.values, kindName);
  column(json, "steps", instance.program.steps,
         [](const Step &s) { return StringRef(s.name); });
  column(json, "reserved", instance.program.steps,
         [](const Step &s) { return s.reserved; });
}

/// A stretch of time: from `begin` to the begin of the next one.
struct Stretch {
  double begin;
  size_t step;  ///< Step that runs, or that is waited for.
  double spare; ///< Bytes per second of slow memory left to copies.
};

/// Bytes that the two channels move while each step is waited for or runs.
struct Flow {
  std::vector<double> in, out;
};

/// The program as waits and steps. What it waits for after the last step counts
/// as that one's.
std::vector<Stretch> stretchesOf(InstanceRef instance, const Outcome &outcome,
                                 llvm::ArrayRef<double> slowBytes) {
  std::vector<Stretch> stretches;
  double now = 0, all = instance.machine.slowBandwidth;
  for (size_t i = 0; i < slowBytes.size(); ++i) {
    double time = outcome.times[i];
    stretches.push_back({now, i, all});
    now += outcome.waits[i];
    stretches.push_back(
        {now, i, time > 0 ? std::max(0.0, all - slowBytes[i] / time) : all});
    now += time;
  }
  if (!stretches.empty())
    stretches.push_back({now, slowBytes.size() - 1, all});
  return stretches;
}

/// Follows the copies through time with the rates of docs/Problem.md.
Flow flowOf(const Machine &machine, const Outcome &outcome,
            llvm::ArrayRef<Stretch> stretches, size_t numSteps) {
  Flow flow{std::vector<double>(numSteps, 0), std::vector<double>(numSteps, 0)};
  std::vector<double> events;
  for (const Stretch &stretch : stretches)
    events.push_back(stretch.begin);
  std::vector<std::pair<double, double>> spans[2]; // In, out: when bytes move.
  for (const CopyTiming &copy : outcome.copies)
    if (std::isfinite(copy.end)) {
      double begin = std::min(copy.start + machine.copyLatency, copy.end);
      spans[copy.back].push_back({begin, copy.end});
      events.push_back(begin);
      events.push_back(copy.end);
    }
  llvm::sort(events);
  size_t at = 0, next[2] = {0, 0};
  for (size_t e = 0; e + 1 < events.size() && !stretches.empty(); ++e) {
    double begin = events[e], end = events[e + 1];
    while (at + 1 < stretches.size() && stretches[at + 1].begin <= begin)
      ++at;
    bool moves[2];
    for (int channel : {0, 1}) {
      size_t &i = next[channel];
      while (i < spans[channel].size() && spans[channel][i].second <= begin)
        ++i;
      moves[channel] =
          i < spans[channel].size() && spans[channel][i].first <= begin;
    }
    double rate = std::min(machine.copyBandwidth,
                           stretches[at].spare / (moves[0] + moves[1]));
    if (moves[0])
      flow.in[stretches[at].step] += rate * (end - begin);
    if (moves[1])
      flow.out[stretches[at].step] += rate * (end - begin);
  }
  return flow;
}

void writeTraffic(OStream &json, InstanceRef instance, const Plan &plan,
                  const Outcome &outcome) {
  size_t n = instance.program.steps.size();
  std::vector<double> slow(n, 0);
  for (size_t i = 0; i < n; ++i)
    for (const Access &access : instance.program.steps[i].accesses)
      slow[i] += static_cast<double>(access.bytes);
  for (const Residency &residency : plan.residencies)
    for (int32_t i = residency.first(); i <= residency.last; ++i)
      for (const Access &access : instance.program.steps[i].accesses)
        if (access.value == residency.value)
          slow[i] -= static_cast<double>(access.bytes);
  Flow flow = flowOf(instance.machine, outcome,
                     stretchesOf(instance, outcome, slow), n);
  auto self = [](double x) { return x; };
  column(json, "times", outcome.times, self);
  column(json, "waits", outcome.waits, self);
  column(json, "profile", outcome.profile, [](int64_t x) { return x; });
  column(json, "slow_bytes", slow, self);
  column(json, "in", flow.in, self);
  column(json, "out", flow.out, self);
}

void writeResidencies(OStream &json, const Plan &plan, const Outcome &outcome) {
  std::vector<double> stalls(plan.residencies.size(), 0);
  for (const CopyTiming &copy : outcome.copies)
    stalls[copy.residency] += copy.stall;
  const std::vector<Residency> &rows = plan.residencies;
  column(json, "value", rows, [](const Residency &r) { return r.value; });
  column(json, "offset", rows, [](const Residency &r) { return r.offset; });
  column(json, "start", rows, [](const Residency &r) { return r.start(); });
  column(json, "end", rows, [](const Residency &r) { return r.end(); });
  column(json, "first", rows, [](const Residency &r) { return r.first(); });
  column(json, "last", rows, [](const Residency &r) { return r.last; });
  column(json, "done", rows, [](const Residency &r) { return r.done; });
  column(json, "begins", rows, [](const Residency &r) {
    return StringRef(r.carried      ? "carried"
                     : r.copiedIn() ? "copied in"
                                    : "written");
  });
  column(json, "stall", stalls, [](double x) { return x; });
}

void writePlanLevel(OStream &json, const Level &level, const Plan &plan) {
  InstanceRef instance = level.instance;
  Outcome outcome = simulate(instance, plan);
  json.attributeObject("residencies",
                       [&] { writeResidencies(json, plan, outcome); });
  writeTraffic(json, instance, plan, outcome);
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
