//===- Report.cpp - results as a table or as JSON -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables have one unit of time per table, so that columns can be compared at a
// glance; JSON has seconds with all digits.
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"
#include "mempl/Support/Units.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Unicode.h"

#include <cmath>
#include <limits>

using namespace mempl;
using llvm::raw_ostream;
using llvm::StringRef;

std::optional<double> Report::recovered(const ReportRow &row) const {
  if (!bound || !(slow > *bound))
    return std::nullopt;
  return (slow - row.latency) / (slow - *bound);
}

std::optional<double> Report::gap(const ReportRow &row) const {
  if (!bound || !(*bound > 0))
    return std::nullopt;
  return row.latency / *bound;
}

bool Report::isOptimal(const ReportRow &row) const {
  return bound && row.latency <= *bound * (1 + kProvenOptimal);
}

const ReportRow *Report::fastest() const {
  const ReportRow *best = nullptr;
  for (const ReportRow &row : rows)
    if (row.violations.empty() && (!best || row.latency < best->latency))
      best = &row;
  return best;
}

//===----------------------------------------------------------------------===//
// Baselines
//===----------------------------------------------------------------------===//

/// Latencies that differ by less than this are the same: machines round
/// differently.
static constexpr double kSameLatency = 1e-9;

double Baseline::growth(double other) const {
  if (latency > 0)
    return other / latency - 1;
  return other > latency ? std::numeric_limits<double>::infinity() : 0;
}

bool Baseline::isExceeded(double other) const {
  return growth(other) > allowed + kSameLatency;
}

llvm::Expected<Baseline> mempl::readBaseline(StringRef path,
                                             StringRef program) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  auto document = parseJson(*text, path);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor root(document->root, errors);
  Baseline baseline;
  baseline.path = path.str();
  std::string name = root.required("program").string();
  if (!errors.any() && name != program)
    root.required("program").expected("\"" + program + "\"");
  JsonCursor rows = root.required("policies");
  bool found = false;
  for (size_t i = 0; rows.expectArray() && i < rows.size(); ++i) {
    // Plans that are not valid have none.
    JsonCursor latency = rows.element(i).optional("latency");
    if (!latency)
      continue;
    double seconds = latency.number();
    baseline.latency = found ? std::min(baseline.latency, seconds) : seconds;
    found = true;
  }
  if (!errors.any() && !found)
    rows.expected("a plan with a latency");
  if (errors.any())
    return errors.take();
  return baseline;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static std::string fixed(std::optional<double> number, int digits) {
  if (!number)
    return "-";
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", digits, *number);
  return text;
}

static int64_t width(StringRef text) {
  int columns = llvm::sys::unicode::columnWidthUTF8(text);
  return columns < 0 ? static_cast<int64_t>(text.size()) : columns;
}

/// Prints lines of cells in columns: the first to the left, the others to the
/// right.
static void printColumns(raw_ostream &os,
                         const std::vector<std::vector<std::string>> &lines) {
  std::vector<int64_t> widths(lines.front().size());
  for (const auto &line : lines)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width(line[i]));
  for (const auto &line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      auto padding = static_cast<unsigned>(widths[i] - width(line[i]));
      if (i == 0)
        os << line[i] << std::string(line.size() > 1 ? padding : 0, ' ');
      else
        os << std::string(padding + 2, ' ') << line[i];
    }
    os << '\n';
  }
}

static std::string rowName(const ReportRow &row) {
  // The lines above the table name the whole path.
  std::string name = row.label.empty() ? row.solverName : row.label;
  if (row.isFile)
    name = llvm::sys::path::filename(name).str();
  if (!row.winner.empty())
    name += " (" + row.winner + ")";
  return escapeForMessage(name);
}

static void printChecks(raw_ostream &os, const Report &report) {
  for (const ReportRow &row : report.rows) {
    if (!row.isFile)
      continue;
    std::string name = escapeForMessage(row.solverName);
    if (row.violations.empty())
      os << name << ": valid, latency " << formatSeconds(row.latency) << '\n';
    for (const std::string &violation : row.violations)
      os << name << ": " << escapeForMessage(violation) << '\n';
  }
}

/// "5.33 % slower": how `latency` is beside `other`.
static std::string beside(double latency, double other) {
  if (!(other > 0))
    return latency > other ? "slower" : "as fast";
  double growth = latency / other - 1;
  if (std::abs(growth) < kSameLatency)
    return "as fast";
  double percent = std::abs(growth) * 100;
  return (percent < 0.01 ? "less than 0.01" : fixed(percent, 2)) + " % " +
         (growth > 0 ? "slower" : "faster");
}

std::string Baseline::compare(double other) const {
  std::string how = beside(other, latency);
  return formatSeconds(other) + ", " + how +
         (how == "as fast" ? " as " : " than ") + "the " +
         formatSeconds(latency) + " of " + escapeForMessage(path);
}

/// Where a value is, in the words of a list.
static std::string describeAll(const std::vector<Residency> &residencies) {
  std::string text;
  for (const Residency &residency : residencies)
    text += (text.empty() ? "" : "; ") + describe(residency);
  return text.empty() ? "slow memory" : text;
}

/// Differences that are listed; JSON has all.
static constexpr size_t kMostListed = 20;

static void printComparison(raw_ostream &os, const PlanComparison &comparison,
                            int64_t values) {
  const PlanDiff &diff = comparison.diff;
  os << escapeForMessage(comparison.name) << " beside "
     << escapeForMessage(comparison.path) << " ("
     << formatSeconds(comparison.latency)
     << "): " << beside(comparison.found, comparison.latency) << "; "
     << diff.values.size() << " of " << values << " values differ, "
     << diff.numMovedOnly() << " by offset alone";
  if (diff.stepsMoved > 0)
    os << "; " << diff.stepsMoved << " steps run at another place";
  os << '\n';
  for (size_t i = 0; i < std::min(diff.values.size(), kMostListed); ++i) {
    const ValueChange &change = diff.values[i];
    os << "  value " << change.value;
    if (!change.name.empty())
      os << " (" << escapeForMessage(change.name) << ')';
    for (int32_t step : llvm::reverse(change.path))
      os << " of the loop at step " << step;
    os << ": " << describeAll(change.before) << " -> "
       << describeAll(change.after) << '\n';
  }
  if (diff.values.size() > kMostListed)
    os << "  and " << diff.values.size() - kMostListed
       << " more; --format=json has all\n";
}

void mempl::printTable(raw_ostream &os, const Report &report, bool timing) {
  printChecks(os, report);
  TimeUnit unit = timeUnitFor(report.slow);
  auto in = [&](StringRef what) { return (what + " " + unit.name).str(); };
  std::vector<std::vector<std::string>> lines = {
      {"solver", in("latency"), in("slow"), in("ideal"), in("bound"),
       "recovered", "latency/bound", "copies", in("stalls")}};
  if (timing)
    lines.front().push_back("seconds");
  for (const ReportRow &row : report.rows) {
    if (!row.violations.empty())
      continue;
    lines.push_back(
        {rowName(row), formatTime(row.latency, unit),
         formatTime(report.slow, unit), formatTime(report.ideal, unit),
         report.bound ? formatTime(*report.bound, unit) : "-",
         fixed(report.recovered(row), 4),
         report.isOptimal(row) ? "optimal" : fixed(report.gap(row), 4),
         std::to_string(row.copiesIn + row.copiesBack),
         formatTime(row.stall, unit)});
    if (timing)
      lines.back().push_back(row.isFile ? "-" : fixed(row.seconds, 3));
  }
  if (lines.size() == 1)
    return;
  os << escapeForMessage(report.program) << ": " << report.steps << " steps, "
     << report.values << " values, " << formatBytes(report.capacity)
     << " of fast memory\n";
  printColumns(os, lines);
  const ReportRow *fastest = report.fastest();
  os << rowName(*fastest) << ": " << report.headline << '\n';
  if (report.uncovered.values > 0) {
    os << "not placeable: ";
    printUncovered(os, report.uncovered, "  ");
  }
  if (report.baseline)
    os << "baseline: " << report.baseline->compare(fastest->latency) << '\n';
  if (report.comparison)
    printComparison(os, *report.comparison, report.values);
}

void mempl::printTable(raw_ostream &os, const PackingReport &report,
                       bool timing) {
  std::vector<std::vector<std::string>> lines = {
      {"buffers", "capacity", "peak", "height", "result"},
      {std::to_string(report.buffers),
       report.capacity ? std::to_string(*report.capacity) : "-",
       std::to_string(report.peak), std::to_string(report.height),
       report.status + (report.optimal ? ", optimal" : "")}};
  if (report.nodes) {
    lines[0].push_back("nodes");
    lines[1].push_back(std::to_string(*report.nodes));
  }
  if (timing && report.seconds) {
    lines[0].push_back("seconds");
    lines[1].push_back(fixed(report.seconds, 3));
  }
  printColumns(os, lines);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// A number, or null for one that is not there or not finite.
static void number(llvm::json::OStream &json, StringRef key,
                   std::optional<double> value) {
  json.attributeBegin(key);
  json.rawValue(value && std::isfinite(*value) ? formatNumber(*value) : "null");
  json.attributeEnd();
}

static void string(llvm::json::OStream &json, StringRef key, StringRef text) {
  json.attribute(key, llvm::json::fixUTF8(text));
}

static void printRow(llvm::json::OStream &json, const Report &report,
                     const ReportRow &row, bool timing) {
  string(json, "policy", row.solverName);
  if (!row.winner.empty())
    string(json, "winner", row.winner);
  if (row.violations.empty()) {
    number(json, "latency", row.latency);
    number(json, "recovered", report.recovered(row));
    number(json, "gap", report.gap(row));
    json.attribute("optimal", report.isOptimal(row));
    json.attribute("copies_in", row.copiesIn);
    json.attribute("copies_back", row.copiesBack);
    number(json, "stall", row.stall);
    if (!row.isFile)
      json.attribute("evaluated", row.evaluated);
    if (timing && !row.isFile)
      number(json, "seconds", row.seconds);
  } else {
    json.attributeArray("violations", [&] {
      for (const std::string &violation : row.violations)
        json.value(llvm::json::fixUTF8(violation));
    });
  }
  json.attribute("verified", row.violations.empty());
}

static void writeUncovered(llvm::json::OStream &json,
                           const Uncovered &uncovered) {
  json.attribute("values", uncovered.values);
  number(json, "bytes", uncovered.bytes);
  number(json, "all_bytes", uncovered.allBytes);
  json.attributeArray("reasons", [&] {
    for (const UncoveredGroup &group : uncovered.groups)
      json.object([&] {
        string(json, "reason", group.reason);
        json.attribute("values", group.values);
        number(json, "bytes", group.bytes);
      });
  });
}

static void writeResidencies(llvm::json::OStream &json, StringRef key,
                             const std::vector<Residency> &residencies) {
  json.attributeArray(key, [&] {
    for (const Residency &residency : residencies) {
      std::string text;
      llvm::raw_string_ostream os(text);
      writeResidency(os, residency);
      json.rawValue(text);
    }
  });
}

static void writeComparison(llvm::json::OStream &json,
                            const PlanComparison &comparison) {
  string(json, "plan", comparison.path);
  number(json, "latency", comparison.latency);
  json.attribute("steps_moved", comparison.diff.stepsMoved);
  json.attributeArray("values", [&] {
    for (const ValueChange &change : comparison.diff.values)
      json.object([&] {
        json.attributeArray("loops", [&] {
          for (int32_t step : change.path)
            json.value(step);
        });
        json.attribute("value", change.value);
        string(json, "name", change.name);
        writeResidencies(json, "before", change.before);
        writeResidencies(json, "after", change.after);
      });
  });
}

static void writeBaseline(llvm::json::OStream &json, const Baseline &baseline,
                          double latency) {
  string(json, "file", baseline.path);
  number(json, "latency", baseline.latency);
  number(json, "growth", baseline.growth(latency));
  number(json, "allowed", baseline.allowed);
  json.attribute("exceeded", baseline.isExceeded(latency));
}

void mempl::printJson(raw_ostream &os, const Report &report, bool timing) {
  llvm::json::OStream json(os, 2);
  json.object([&] {
    string(json, "program", report.program);
    json.attribute("steps", report.steps);
    json.attribute("values", report.values);
    json.attribute("capacity", report.capacity);
    number(json, "slow", report.slow);
    number(json, "ideal", report.ideal);
    number(json, "bound", report.bound);
    json.attributeObject("not_placeable",
                         [&] { writeUncovered(json, report.uncovered); });
    json.attributeArray("policies", [&] {
      for (const ReportRow &row : report.rows)
        json.object([&] { printRow(json, report, row, timing); });
    });
    const ReportRow *fastest = report.fastest();
    if (report.baseline && fastest)
      json.attributeObject("baseline", [&] {
        writeBaseline(json, *report.baseline, fastest->latency);
      });
    if (report.comparison)
      json.attributeObject("diff",
                           [&] { writeComparison(json, *report.comparison); });
  });
  os << '\n';
}

void mempl::printJson(raw_ostream &os, const PackingReport &report,
                      bool timing) {
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attribute("buffers", report.buffers);
    if (report.capacity)
      json.attribute("capacity", *report.capacity);
    else
      json.attribute("capacity", nullptr);
    json.attribute("peak", report.peak);
    json.attribute("height", report.height);
    json.attribute("packed",
                   report.status == "packed" || report.status == "valid");
    json.attribute("status", report.status);
    json.attribute("optimal", report.optimal);
    if (!report.faults.empty())
      json.attributeArray("faults", [&] {
        for (const std::string &fault : report.faults)
          json.value(llvm::json::fixUTF8(fault));
      });
    if (report.nodes)
      json.attribute("nodes", *report.nodes);
    if (timing && report.seconds)
      number(json, "seconds", report.seconds);
  });
  os << '\n';
}
