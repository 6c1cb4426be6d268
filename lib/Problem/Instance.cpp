//===- Instance.cpp - validity of placement problems ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checks of docs/Problem.md, section "Valid instances".
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Instance.h"

#include "mempl/Problem/Mapping.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/Simulator.h"

#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace mempl;

bool Step::operator==(const Step &other) const {
  if (static_cast<bool>(body) != static_cast<bool>(other.body))
    return false;
  return name == other.name && compute == other.compute &&
         reserved == other.reserved && accesses == other.accesses &&
         after == other.after && trips == other.trips &&
         (!body || *body == *other.body);
}

std::vector<std::string_view> mempl::sourcesOf(const Program &program) {
  std::vector<std::string_view> sources;
  sources.reserve(program.values.size());
  for (const Value &value : program.values)
    sources.push_back(value.source);
  for (const Step &step : program.steps)
    for (const Access &access : step.accesses)
      if (access.writes() && sources[access.value].empty())
        sources[access.value] = step.source;
  return sources;
}

std::string mempl::ruleName(InstanceRule rule) {
  return "I" + std::to_string(static_cast<int>(rule));
}

std::string InstanceFault::inside() const {
  std::string text;
  if (access >= 0)
    text = "accesses[" + std::to_string(access) + "]";
  if (!field.empty())
    text += (text.empty() ? "" : ".") + field;
  return text;
}

std::string InstanceFault::where() const {
  std::string text;
  for (int32_t loop : path)
    text += "steps[" + std::to_string(loop) + "].body.";
  if (step >= 0)
    text += "steps[" + std::to_string(step) + "]";
  else if (value >= 0)
    text += "values[" + std::to_string(value) + "]";
  else
    text += "machine";
  std::string rest = inside();
  return rest.empty() ? text : text + "." + rest;
}

std::string InstanceFault::str() const {
  return where() + ": " + ruleName(rule) + ": " + text;
}

std::string InstanceFault::strInside() const {
  std::string at = inside();
  return (at.empty() ? "" : at + ": ") + ruleName(rule) + ": " + text;
}

namespace {

bool isFinite(double x) { return std::isfinite(x) && x >= 0; }

bool isPositive(double x) { return std::isfinite(x) && x > 0; }

/// Why a figure of a machine cannot be; empty if it can.
std::string whatIsWrong(const Machine &m, const Field &figure, int64_t x) {
  if (figure.key != "capacity")
    return x >= figure.least
               ? ""
               : "expected at least " + std::to_string(figure.least);
  // What to say of the capacity depends on an alignment that is one.
  if (m.alignment < 1 || (x >= 0 && x % m.alignment == 0))
    return "";
  return "expected a multiple of the alignment of " +
         std::to_string(m.alignment) + ", at least 0";
}

std::string whatIsWrong(const Machine &m, const Field &figure, double x) {
  if (!figure.isPositive)
    return isFinite(x) ? "" : "expected a number of at least 0";
  bool isFast = figure.group == "fast";
  bool isSlower = isFast && isPositive(m.slowBandwidth) && x < m.slowBandwidth;
  if (isPositive(x) && !isSlower)
    return "";
  return isFast ? "expected a positive number, at least the slow bandwidth"
                : "expected a positive number";
}

/// Collects the faults of one instance and of its bodies.
class InstanceChecker {
public:
  /// `path`: the loops around the program.
  InstanceChecker(InstanceRef instance, std::vector<int32_t> path,
                  std::vector<InstanceFault> &faults)
      : instance(instance), path(std::move(path)), faults(faults) {}

  void run() {
    if (path.empty())
      checkMachine();
    const std::vector<Value> &values = instance.program.values;
    for (int32_t v = 0; v < instance.numValues(); ++v)
      checkValue(v);
    for (const Value &value : values)
      written.push_back(value.isInput());
    for (int32_t i = 0; i < instance.numSteps(); ++i)
      checkStep(i);
    for (int32_t v = 0; v < instance.numValues(); ++v)
      if (values[v].kind == ValueKind::Output && !written[v])
        report({.rule = InstanceRule::I6, .value = v},
               "an output that no step writes: " + values[v].name);
  }

private:
  void report(InstanceFault fault, const llvm::Twine &text) {
    fault.path = path;
    fault.text = text.str();
    faults.push_back(std::move(fault));
  }

  void checkMachine() {
    Machine m = instance.machine;
    RecordWriter writer([&](const Field &figure, const auto &x) {
      std::string wrong = whatIsWrong(m, figure, *x);
      bool isSize = figure.key == "capacity" || figure.key == "alignment";
      if (!wrong.empty())
        report({.rule = isSize ? InstanceRule::I3 : InstanceRule::I2,
                .field = (figure.group + "." + figure.key).str()},
               wrong);
    });
    mapFields(writer, m);
  }

  void checkValue(int32_t v) {
    const Value &value = instance.program.values[v];
    if (value.size < 0)
      report({.rule = InstanceRule::I1, .value = v, .field = "size"},
             "expected a size of at least 0");
    bool canStream = !path.empty() && value.kind != ValueKind::Temporary;
    if (value.streamed && !canStream)
      report({.rule = InstanceRule::I12, .value = v, .field = "streamed"},
             "expected only inputs, outputs and inouts of a loop's body to be "
             "streamed");
  }

  void checkStep(int32_t i) {
    const Step &step = instance.program.steps[i];
    if (!isFinite(step.compute))
      report({.rule = InstanceRule::I1, .step = i, .field = "compute"},
             "expected finite seconds of at least 0");
    const Machine &m = instance.machine;
    if (step.reserved < 0 ||
        (m.alignment >= 1 && m.roundUp(step.reserved) > m.capacity))
      report({.rule = InstanceRule::I8, .step = i, .field = "reserved"},
             "expected from 0 to the capacity of fast memory, " +
                 llvm::Twine(m.capacity) + " bytes");
    if (step.trips < 1)
      report({.rule = InstanceRule::I9, .step = i, .field = "trips"},
             "expected at least 1");
    for (int32_t earlier : step.after)
      if (earlier < 0 || earlier >= i)
        report({.rule = InstanceRule::I11, .step = i, .field = "after"},
               "expected earlier steps, not " + llvm::Twine(earlier));
    for (size_t k = 0; k < step.accesses.size(); ++k)
      checkAccess(i, static_cast<int32_t>(k));
    for (const Access &access : step.accesses)
      if (isValue(access) && access.writes())
        written[access.value] = true;
    if (!step.body)
      return;
    std::vector<int32_t> inner = path;
    inner.push_back(i);
    InstanceChecker(instance.bodyOf(i), std::move(inner), faults).run();
  }

  bool isValue(const Access &access) const {
    return access.value >= 0 && access.value < instance.numValues();
  }

  void checkAccess(int32_t i, int32_t k) {
    const Access &access = instance.program.steps[i].accesses[k];
    auto fault = [&](InstanceRule rule, const char *field = "") {
      return InstanceFault{.rule = rule,
                           .value = isValue(access) ? access.value : -1,
                           .step = i,
                           .access = k,
                           .field = field};
    };
    if (!isValue(access)) {
      report(fault(InstanceRule::I4, "value"),
             "no such value: expected from 0 to " +
                 llvm::Twine(instance.numValues() - 1));
      return;
    }
    const Value &value = instance.program.values[access.value];
    std::string name =
        "value " + std::to_string(access.value) + " (" + value.name + ")";
    if (access.bytes < 0)
      report(fault(InstanceRule::I1, "bytes"), "expected at least 0");
    if (access.space != SpaceConstraint::None &&
        value.space != SpaceConstraint::None && access.space != value.space)
      report(fault(InstanceRule::I7, "space"),
             "contradicts the space constraint of " + name);
    if (access.reads() && !written[access.value])
      report(fault(InstanceRule::I5),
             "reads " + name + ", which nothing has written");
    if (access.writes() && !path.empty() && value.kind == ValueKind::Input)
      report(fault(InstanceRule::I10),
             "writes " + name +
                 ", an input of a loop's body; what goes from trip to trip is "
                 "an access of the loop step");
  }

  InstanceRef instance;
  std::vector<int32_t> path;
  std::vector<InstanceFault> &faults;
  std::vector<bool> written;
};

} // namespace

/// The fault of a valid program that takes longer than a number can say.
static void checkLatency(const Instance &instance,
                         std::vector<InstanceFault> &faults) {
  if (std::isfinite(slowLatency(instance)))
    return;
  double total = 0;
  int32_t step = -1;
  for (double seconds : simulate(instance, Plan()).times) {
    ++step;
    total += seconds;
    if (!std::isfinite(total))
      break;
  }
  faults.push_back({.rule = InstanceRule::I1,
                    .step = step,
                    .text = "in slow memory alone the program takes more "
                            "seconds up to here than a double can hold"});
}

std::vector<InstanceFault> mempl::checkInstance(const Instance &instance) {
  std::vector<InstanceFault> faults;
  InstanceChecker(instance, {}, faults).run();
  if (faults.empty())
    checkLatency(instance, faults);
  return faults;
}
