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

#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace mempl;

bool Step::operator==(const Step &other) const {
  if (static_cast<bool>(body) != static_cast<bool>(other.body))
    return false;
  return name == other.name && compute == other.compute &&
         reserved == other.reserved && accesses == other.accesses &&
         trips == other.trips && (!body || *body == *other.body);
}

namespace {

bool isFinite(double x, double least) { return std::isfinite(x) && x >= least; }

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
    return isFinite(x, 0) ? "" : "expected a number of at least 0";
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
  InstanceChecker(InstanceRef instance, std::string prefix, bool inner,
                  std::vector<InstanceFault> &faults)
      : instance(instance), prefix(std::move(prefix)), inner(inner),
        faults(faults) {}

  void run() {
    if (!inner)
      checkMachine();
    for (int32_t v = 0; v < instance.numValues(); ++v)
      if (instance.program.values[v].size < 0)
        report("values[" + llvm::Twine(v) + "].size",
               "expected a size of at least 0");
    for (const Value &value : instance.program.values)
      written.push_back(value.isInput());
    for (int32_t i = 0; i < instance.numSteps(); ++i)
      checkStep(i);
    for (int32_t v = 0; v < instance.numValues(); ++v)
      if (instance.program.values[v].kind == ValueKind::Output && !written[v])
        report("values[" + llvm::Twine(v) + "]",
               "an output that no step writes: " +
                   instance.program.values[v].name);
  }

private:
  void report(const llvm::Twine &where, const llvm::Twine &text) {
    faults.push_back({prefix + where.str(), text.str()});
  }

  void checkMachine() {
    Machine m = instance.machine;
    RecordWriter writer([&](const Field &figure, const auto &x) {
      std::string wrong = whatIsWrong(m, figure, *x);
      if (!wrong.empty())
        report("machine." + figure.group + "." + figure.key, wrong);
    });
    mapFields(writer, m);
  }

  void checkStep(int32_t i) {
    const Step &step = instance.program.steps[i];
    std::string at = ("steps[" + llvm::Twine(i) + "]").str();
    if (!isFinite(step.compute, 0))
      report(at + ".compute", "expected finite seconds of at least 0");
    const Machine &m = instance.machine;
    if (step.reserved < 0 ||
        (m.alignment >= 1 && m.roundUp(step.reserved) > m.capacity))
      report(at + ".reserved",
             "expected from 0 to the capacity of fast memory, " +
                 llvm::Twine(m.capacity) + " bytes");
    if (step.trips < 1)
      report(at + ".trips", "expected at least 1");
    for (size_t k = 0; k < step.accesses.size(); ++k)
      checkAccess(step.accesses[k],
                  (at + ".accesses[" + llvm::Twine(k) + "]").str());
    for (const Access &access : step.accesses)
      if (isValue(access) && access.writes())
        written[access.value] = true;
    if (step.body)
      InstanceChecker(instance.bodyOf(i), prefix + at + ".body.", true, faults)
          .run();
  }

  bool isValue(const Access &access) const {
    return access.value >= 0 && access.value < instance.numValues();
  }

  void checkAccess(const Access &access, const std::string &at) {
    if (!isValue(access)) {
      report(at + ".value", "no such value: expected from 0 to " +
                                llvm::Twine(instance.numValues() - 1));
      return;
    }
    const Value &value = instance.program.values[access.value];
    if (access.bytes < 0)
      report(at + ".bytes", "expected at least 0");
    if (access.space != SpaceConstraint::None &&
        value.space != SpaceConstraint::None && access.space != value.space)
      report(at + ".space", "contradicts the space constraint of value " +
                                llvm::Twine(access.value) + " (" + value.name +
                                ")");
    if (access.reads() && !written[access.value])
      report(at, "reads value " + llvm::Twine(access.value) + " (" +
                     value.name + "), which nothing has written");
    if (access.writes() && inner && value.kind == ValueKind::Input)
      report(at, "writes value " + llvm::Twine(access.value) + " (" +
                     value.name +
                     "), an input of a loop's body; what goes from trip to "
                     "trip is an access of the loop step");
  }

  InstanceRef instance;
  std::string prefix;
  bool inner;
  std::vector<InstanceFault> &faults;
  std::vector<bool> written;
};

} // namespace

std::vector<InstanceFault> mempl::checkInstance(const Instance &instance) {
  std::vector<InstanceFault> faults;
  InstanceChecker(instance, "", false, faults).run();
  return faults;
}
