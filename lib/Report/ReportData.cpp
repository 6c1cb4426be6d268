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
#include "Headline.h"
#include "MemoryMap.h"

#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/Explain.h"
#include "mempl/Problem/Mapping.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Report/Report.h"
#include "mempl/Support/SourceText.h"
#include "mempl/Support/Version.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace mempl;
using namespace mempl::report;
using llvm::StringRef;
using llvm::json::OStream;

/// The address of a file in a page, relative and with all that could mean
/// something else escaped. Both are paths as this process sees them.
static std::string addressFrom(StringRef page, StringRef file) {
  namespace path = llvm::sys::path;
  llvm::SmallString<256> folder(page), target(file);
  for (llvm::SmallString<256> *each : {&folder, &target}) {
    llvm::sys::fs::make_absolute(*each);
    path::remove_dots(*each, /*remove_dot_dot=*/true);
  }
  path::remove_filename(folder);
  auto from = path::begin(folder), fromEnd = path::end(folder);
  auto to = path::begin(target), toEnd = path::end(target);
  while (from != fromEnd && to != toEnd && *from == *to)
    ++from, ++to;
  std::string address = from == fromEnd ? "." : "..";
  if (from != fromEnd)
    for (++from; from != fromEnd; ++from)
      address += "/..";
  for (; to != toEnd; ++to) {
    address += '/';
    for (unsigned char c : *to) {
      if (llvm::isAlnum(c) || StringRef("-._~").contains(c))
        address += static_cast<char>(c);
      else
        address += "%" + llvm::utohexstr(c, /*LowerCase=*/false, 2);
    }
  }
  return address;
}

namespace {

/// The outermost program, or the body of a loop.
struct Level {
  std::string name;
  InstanceRef instance;
  std::vector<int32_t> path; ///< Loop steps that lead to it.
  /// Of each step the level of its body; -1 if it has none.
  std::vector<int64_t> bodies;
};

void collectLevels(InstanceRef instance, const std::string &name,
                   const std::vector<int32_t> &path,
                   std::vector<Level> &levels) {
  size_t index = levels.size();
  levels.push_back({name, instance, path, {}});
  levels[index].bodies.assign(instance.program.steps.size(), -1);
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      continue;
    std::vector<int32_t> inner = path;
    inner.push_back(i);
    levels[index].bodies[i] = static_cast<int64_t>(levels.size());
    collectLevels(instance.bodyOf(i),
                  "body of step " + std::to_string(i) + " (" + step.name +
                      "), " + std::to_string(step.trips) + " trips",
                  inner, levels);
  }
}

/// What a level has of the plan of the whole program.
struct LevelPlan {
  const Plan *plan;
  int64_t capacity; ///< Bytes that it may use.
};

LevelPlan planOf(const Plan &outermost, const Level &level) {
  static const Plan none;
  LevelPlan its = {&outermost, level.instance.machine.capacity};
  for (int32_t step : level.path) {
    const BodyPlan *body = its.plan->bodyPlan(step);
    if (!body)
      return {&none, 0};
    its = {&body->plan, body->capacity};
  }
  return its;
}

/// Files that sources name and that are there, by how the page finds them.
class SourceFiles {
public:
  explicit SourceFiles(StringRef page) : page(page) {}

  /// Index of the file of a source, or -1.
  int64_t indexOf(StringRef source) {
    StringRef file = sourceFile(source);
    if (file.empty() || page.empty())
      return -1;
    auto [it, isNew] = indices.try_emplace(file, -1);
    if (isNew && llvm::sys::fs::is_regular_file(file)) {
      it->second = static_cast<int64_t>(addresses.size());
      addresses.push_back(addressFrom(page, file));
    }
    return it->second;
  }

  std::vector<std::string> addresses;

private:
  StringRef page;
  llvm::StringMap<int64_t> indices;
};

/// Sources as text, and the files to link; nothing where none is known.
template <typename Sources>
void writeSources(OStream &json, StringRef what, const Sources &sources,
                  SourceFiles &files) {
  if (llvm::all_of(sources, [](StringRef source) { return source.empty(); }))
    return;
  column(json, (what + "_sources").str(), sources,
         [](StringRef source) { return source; });
  column(json, (what + "_files").str(), sources,
         [&](StringRef source) { return files.indexOf(source); });
}

void writeLevel(OStream &json, const Level &level, SourceFiles &files) {
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
  column(json, "compute", instance.program.steps,
         [](const Step &s) { return s.compute; });
  column(json, "bodies", level.bodies, [](int64_t body) { return body; });
  writeSources(json, "value", sourcesOf(instance.program), files);
  std::vector<StringRef> ofSteps;
  for (const Step &step : instance.program.steps)
    ofSteps.push_back(step.source);
  writeSources(json, "step", ofSteps, files);
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
  column(json, "fast_bytes", outcome.traffic,
         [](const T &t) { return t.fast; });
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

void writeMap(OStream &json, const MemoryMap &map) {
  json.attribute("capacity", map.capacity);
  column(json, "points", map.points, [](double x) { return x; });
  using P = MapPiece;
  column(json, "of", map.pieces, [](const P &p) { return p.of; });
  column(json, "phase", map.pieces,
         [](const P &p) { return static_cast<int64_t>(p.phase); });
  column(json, "begin", map.pieces, [](const P &p) { return p.begin; });
  column(json, "end", map.pieces, [](const P &p) { return p.end; });
  column(json, "offset", map.pieces, [](const P &p) { return p.offset; });
  column(json, "size", map.pieces, [](const P &p) { return p.size; });
  json.attributeObject("copies", [&] {
    using C = MapCopy;
    column(json, "residency", map.copies,
           [](const C &c) { return c.residency; });
    column(json, "out", map.copies, [](const C &c) { return c.out; });
    column(json, "start", map.copies, [](const C &c) { return c.start; });
    column(json, "end", map.copies, [](const C &c) { return c.end; });
  });
}

void writePlanLevel(OStream &json, const Level &level, LevelPlan its) {
  InstanceRef instance = level.instance;
  const Plan &plan = *its.plan;
  if (!plan.order.empty())
    column(json, "order", plan.order, [](int32_t step) { return step; });
  Outcome outcome = simulate(instance, plan, /*withTraffic=*/true);
  writeMap(json, memoryMap(instance, plan, outcome, its.capacity,
                           /*isBody=*/!level.path.empty()));
  json.attributeObject("residencies",
                       [&] { writeResidencies(json, plan, outcome); });
  writeTraffic(json, outcome);
  column(json, "limits", limitsOf(instance, outcome),
         [](const char *limit) { return StringRef(limit); });
  std::vector<Decision> decisions = explain(instance, plan);
  column(json, "why", decisions,
         [](const Decision &d) { return StringRef(d.text); });
  column(json, "traffic", decisions,
         [](const Decision &d) { return d.traffic; });
  column(json, "served", decisions, [](const Decision &d) { return d.served; });
}

void writePlan(OStream &json, const Instance &instance, const ReportPlan &shown,
               const ReportFacts &facts, llvm::ArrayRef<Level> levels) {
  Outcome outcome = simulate(instance, shown.plan, /*withTraffic=*/true);
  Headline headline = headlineOf(instance, shown.plan, outcome, facts.bound);
  json.attribute("name", llvm::json::fixUTF8(shown.name));
  number(json, "latency", outcome.latency);
  json.attribute("headline", headline.text);
  json.attribute("rest", headline.rest);
  number(json, "stall", outcome.stall);
  json.attribute("peak", outcome.peakBytes);
  json.attribute("copies_in", shown.plan.numCopiesIn());
  json.attribute("copies_out", shown.plan.numCopiesOut());
  json.attributeArray("levels", [&] {
    for (const Level &level : levels)
      json.object(
          [&] { writePlanLevel(json, level, planOf(shown.plan, level)); });
  });
}

void writeMachine(OStream &json, const Machine &machine) {
  json.attribute("capacity", machine.capacity);
  number(json, "slow_bandwidth", machine.slowBandwidth);
  number(json, "fast_bandwidth", machine.fastBandwidth);
  number(json, "copy_bandwidth", machine.copyBandwidth);
  number(json, "copy_latency", machine.copyLatency);
}

} // namespace

std::string mempl::reportData(const Instance &instance,
                              llvm::ArrayRef<ReportPlan> plans,
                              const ReportFacts &facts) {
  std::vector<Level> levels;
  collectLevels(instance, "program", {}, levels);
  SourceFiles files(facts.page);
  std::string text;
  llvm::raw_string_ostream os(text);
  OStream json(os);
  json.object([&] {
    json.attribute("program", llvm::json::fixUTF8(instance.name));
    json.attribute("target", llvm::json::fixUTF8(facts.target));
    json.attribute("version", version());
    json.attributeObject("machine",
                         [&] { writeMachine(json, instance.machine); });
    number(json, "slow", slowLatency(instance));
    number(json, "ideal", idealLatency(instance));
    number(json, "bound", facts.bound);
    std::string notPlaceable;
    llvm::raw_string_ostream lines(notPlaceable);
    printUncovered(lines, uncovered(instance), "");
    json.attribute("not_placeable", llvm::json::fixUTF8(notPlaceable));
    json.attributeArray("levels", [&] {
      for (const Level &level : levels)
        json.object([&] { writeLevel(json, level, files); });
    });
    column(json, "files", files.addresses,
           [](const std::string &address) { return StringRef(address); });
    json.attributeArray("plans", [&] {
      for (const ReportPlan &plan : plans)
        json.object([&] { writePlan(json, instance, plan, facts, levels); });
    });
  });
  return safeInPage(text);
}
