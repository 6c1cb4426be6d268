//===- Coverage.cpp - what a problem leaves out ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Coverage.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Units.h"

#include <algorithm>
#include <map>

using namespace mempl;

std::vector<bool> mempl::usedSliceBySlice(const Program &program) {
  std::vector<bool> inLoops(program.values.size()),
      elsewhere(program.values.size());
  for (const Step &step : program.steps)
    for (const Access &access : step.accesses)
      (step.body && access.bytes == 0 ? inLoops : elsewhere)[access.value] =
          true;
  for (size_t v = 0; v < inLoops.size(); ++v)
    inLoops[v] = inLoops[v] && !elsewhere[v];
  return inLoops;
}

namespace {

/// Adds up values and traffic by reason, bodies included.
class Collector {
public:
  explicit Collector(const Machine &machine) : machine(machine) {}

  void add(const Program &program, double trips) {
    std::vector<double> bytes(program.values.size(), 0);
    for (const Step &step : program.steps) {
      for (const Access &access : step.accesses)
        bytes[access.value] += trips * static_cast<double>(access.bytes);
      if (step.body)
        add(*step.body, trips * static_cast<double>(step.trips));
    }
    std::vector<bool> bySlices = usedSliceBySlice(program);
    for (size_t v = 0; v < bytes.size(); ++v) {
      result.allBytes += bytes[v];
      std::string reason = reasonOf(program.values[v]);
      if (reason.empty() || bySlices[v])
        continue;
      UncoveredGroup &group = groups[reason];
      ++group.values;
      group.bytes += bytes[v];
    }
  }

  Uncovered take() {
    for (auto &[reason, group] : groups) {
      group.reason = reason;
      result.values += group.values;
      result.bytes += group.bytes;
      result.groups.push_back(std::move(group));
    }
    // Stable: the map has them in the order of their reasons.
    std::stable_sort(result.groups.begin(), result.groups.end(),
                     [](const UncoveredGroup &a, const UncoveredGroup &b) {
                       return a.bytes != b.bytes ? a.bytes > b.bytes
                                                 : a.values > b.values;
                     });
    return std::move(result);
  }

private:
  /// Why a value cannot be placed; empty if it can be.
  std::string reasonOf(const Value &value) const {
    if (value.space == SpaceConstraint::Slow)
      return value.reason.empty() ? "is constrained to slow memory"
                                  : value.reason;
    if (machine.roundUp(value.size) > machine.capacity)
      return "is larger than fast memory";
    return "";
  }

  const Machine &machine;
  Uncovered result;
  std::map<std::string, UncoveredGroup> groups;
};

} // namespace

Uncovered mempl::uncovered(const Instance &instance) {
  Collector collector(instance.machine);
  collector.add(instance.program, 1);
  return collector.take();
}

static std::string countOf(int64_t values) {
  return std::to_string(values) + (values == 1 ? " value" : " values");
}

void mempl::printUncovered(llvm::raw_ostream &os, const Uncovered &uncovered,
                           llvm::StringRef indent, size_t mostReasons) {
  if (uncovered.values == 0)
    return;
  os << countOf(uncovered.values) << ", " << formatTraffic(uncovered.bytes)
     << " of the " << formatTraffic(uncovered.allBytes) << " of traffic\n";
  size_t shown = std::min(uncovered.groups.size(), mostReasons);
  UncoveredGroup rest;
  for (size_t i = 0; i < uncovered.groups.size(); ++i) {
    const UncoveredGroup &group = uncovered.groups[i];
    if (i < shown) {
      os << indent << formatTraffic(group.bytes) << ", "
         << countOf(group.values) << ": "
         << (group.values == 1 ? "it " : "each ")
         << escapeForMessage(group.reason) << '\n';
      continue;
    }
    rest.values += group.values;
    rest.bytes += group.bytes;
  }
  if (rest.values > 0)
    os << indent << formatTraffic(rest.bytes) << ", " << countOf(rest.values)
       << ": for " << uncovered.groups.size() - shown << " other reason"
       << (uncovered.groups.size() - shown == 1 ? "" : "s") << '\n';
}
