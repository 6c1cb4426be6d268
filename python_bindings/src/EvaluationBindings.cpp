//===- EvaluationBindings.cpp - simulator, verifier and bound in Python
//--------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// simulate() is safe for plans in which every index is in range, which Python
// cannot promise: what breaks V9 or V11 is refused.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/Explain.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Support/Units.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>

using namespace mempl;
using namespace mempl::python;

static Outcome simulateSafely(const Instance &instance, const Plan &plan,
                              bool traffic) {
  nb::gil_scoped_release release;
  for (const Violation &violation : verify(instance, plan))
    if (violation.rule == Rule::V9 || violation.rule == Rule::V11)
      throw PythonError{"expected a plan that can be simulated: " +
                        violation.str()};
  return simulate(instance, plan, traffic);
}

static std::vector<Decision> explainSafely(const Instance &instance,
                                           const Plan &plan) {
  for (const Violation &violation : verify(instance, plan))
    throw PythonError{"expected a valid plan: " + violation.str()};
  return explain(instance, plan);
}

template <typename T>
static View<T> copyColumn(nb::handle self, const T CopyTiming::*field) {
  const auto &copies = nb::cast<const Outcome &>(self).copies;
  static_assert(sizeof(CopyTiming) % sizeof(T) == 0);
  return columnOf<T>(copies.empty() ? nullptr : &(copies[0].*field),
                     copies.size(), sizeof(CopyTiming), self);
}

static View<double> trafficColumn(nb::handle self,
                                  const double StepTraffic::*field) {
  const auto &traffic = nb::cast<const Outcome &>(self).traffic;
  return columnOf<double>(traffic.empty() ? nullptr : &(traffic[0].*field),
                          traffic.size(), sizeof(StepTraffic), self);
}

static nb::dict trafficColumns(nb::handle self) {
  nb::dict columns;
  columns["slow"] = trafficColumn(self, &StepTraffic::slow);
  columns["fast"] = trafficColumn(self, &StepTraffic::fast);
  columns["in"] = trafficColumn(self, &StepTraffic::in);
  columns["out"] = trafficColumn(self, &StepTraffic::out);
  columns["memory_seconds"] = trafficColumn(self, &StepTraffic::memorySeconds);
  return columns;
}

static nb::dict copyColumns(nb::handle self) {
  nb::dict columns;
  columns["residency"] = copyColumn(self, &CopyTiming::residency);
  columns["back"] = copyColumn(self, &CopyTiming::back);
  columns["issued"] = copyColumn(self, &CopyTiming::issued);
  columns["start"] = copyColumn(self, &CopyTiming::start);
  columns["end"] = copyColumn(self, &CopyTiming::end);
  columns["stall"] = copyColumn(self, &CopyTiming::stall);
  return columns;
}

static void bindOutcome(nb::module_ &m) {
  auto view = [](auto field) {
    return [field](nb::handle self) {
      return viewOf(nb::cast<const Outcome &>(self).*field, self);
    };
  };
  nb::class_<Outcome>(m, "Outcome", "What a simulation says.")
      .def_ro("latency", &Outcome::latency, "Seconds.")
      .def_ro("stall", &Outcome::stall, "Seconds of waiting for copies.")
      .def_ro("slow_bytes", &Outcome::slowBytes,
              "Bytes moved to or from slow memory.")
      .def_ro("busy_in", &Outcome::busyIn,
              "Seconds that the channel in has a copy.")
      .def_ro("busy_out", &Outcome::busyOut,
              "Seconds that the channel out has a copy.")
      .def_ro("peak_bytes", &Outcome::peakBytes,
              "Most bytes of fast memory in use at any step.")
      .def_prop_ro("times", view(&Outcome::times),
                   "Seconds of each step: float64, shape (steps,); a view.")
      .def_prop_ro("waits", view(&Outcome::waits),
                   "Seconds of waiting before each step, and after the last: "
                   "float64, shape (steps + 1,); a view.")
      .def_prop_ro("profile", view(&Outcome::profile),
                   "Bytes of fast memory in use during each step: int64, shape "
                   "(steps,); a view.")
      .def_prop_ro("copies", &copyColumns,
                   "Copies in the order of issue, as a dict of arrays of shape "
                   "(copies,): `residency` (int32, index into "
                   "Plan.residencies), `back` (bool), and seconds (float64) "
                   "`issued`, `start`, `end`, `stall`; views.")
      .def_prop_ro("traffic", &trafficColumns,
                   "Bytes that each step moves, all trips of loops included, "
                   "as a dict of arrays (float64) of shape (steps,): accesses "
                   "in `slow` and in `fast` memory, copies `in` and `out` "
                   "while it is waited for or runs; and `memory_seconds`, for "
                   "which its accesses keep the memories busy. Of shape (0,) "
                   "unless simulate() was asked for it; views.")
      .def("__repr__", [](const Outcome &outcome) {
        return "<mempl.Outcome: " + std::to_string(outcome.latency) + " s>";
      });
}

static void bindVerifier(nb::module_ &m) {
  nb::class_<Violation>(m, "Violation", "A rule that a plan breaks.")
      .def_prop_ro(
          "rule", [](const Violation &v) { return ruleName(v.rule); },
          "\"V1\" to \"V11\", see docs/Problem.md.")
      .def_ro("path", &Violation::path,
              "Steps of the loops that lead to the plan that it is about, as a "
              "list; empty for the outermost one.")
      .def_ro("residency", &Violation::residency,
              "Index in that plan; -1: about no residency.")
      .def_ro("value", &Violation::value, "Index; -1: about no value.")
      .def_ro("step", &Violation::step, "Step or boundary; -1: about none.")
      .def_ro("text", &Violation::text)
      .def("__str__", &Violation::str)
      .def("__repr__", [](const Violation &v) {
        return "<mempl.Violation " + v.str() + ">";
      });
  nb::class_<Decision>(m, "Decision", "What a plan does with a value, and why.")
      .def_ro("value", &Decision::value, "Index into `Instance.values`.")
      .def_ro("fast", &Decision::fast, "In fast memory for some time.")
      .def_ro("text", &Decision::text)
      .def_ro("traffic", &Decision::traffic,
              "Bytes that its accesses move, trips of loops not counted.")
      .def_ro("served", &Decision::served, "Of those, in fast memory.")
      .def("__repr__", [](const Decision &d) { return d.text; });
}

static LowerBoundResult boundOf(const Instance &instance, int64_t iterations,
                                int64_t nodes, double seconds,
                                double knownLatency,
                                const nb::object &cancelled) {
  if (iterations < 0 || nodes < 0 || !(seconds >= 0) || !(knownLatency >= 0))
    throw PythonError{"lower_bound: expected iterations, nodes, seconds and "
                      "known_latency of at least 0"};
  LowerBoundResult result;
  LowerBoundOptions options;
  options.maxIterations = iterations;
  options.maxNodes = seconds > 0 ? std::numeric_limits<int64_t>::max() : nodes;
  options.knownLatency = knownLatency;
  Stopwatch watch;
  runWatched(cancelled, {}, [&](const std::atomic<bool> &stop) {
    options.cancelled = [&] {
      return stop.load() || (seconds > 0 && watch.seconds() >= seconds);
    };
    result = lowerBound(instance, options);
  });
  return result;
}

static void bindCoverage(nb::module_ &m) {
  nb::class_<UncoveredGroup>(m, "UncoveredGroup",
                             "Values that cannot be placed for one reason.")
      .def_ro("reason", &UncoveredGroup::reason, "To go on after \"it\".")
      .def_ro("values", &UncoveredGroup::values, "How many.")
      .def_ro("bytes", &UncoveredGroup::bytes,
              "Of their accesses, in all trips of loops.")
      .def("__repr__", [](const UncoveredGroup &group) {
        return "<mempl.UncoveredGroup " + std::to_string(group.values) +
               " values, " + formatTraffic(group.bytes) + ": " + group.reason +
               ">";
      });
  nb::class_<Uncovered>(m, "Uncovered", "The values that no plan places.")
      .def_ro("values", &Uncovered::values,
              "How many, those in loops included.")
      .def_ro("bytes", &Uncovered::bytes, "Of their accesses.")
      .def_ro("all_bytes", &Uncovered::allBytes,
              "Of the accesses of all values.")
      .def_ro("groups", &Uncovered::groups, "By reason, most bytes first.")
      .def("__str__", [](const Uncovered &uncovered) {
        std::string text;
        llvm::raw_string_ostream os(text);
        printUncovered(os, uncovered, "  ");
        return text;
      });
  m.def("uncovered", &uncovered, nb::arg("instance"),
        "What the bound leaves out: the values that no plan for the instance "
        "can place, and why. Empty text where there are none.");
}

static void bindBound(nb::module_ &m) {
  nb::class_<LowerBoundResult>(m, "LowerBound",
                               "A latency that no plan is below.")
      .def_ro("bound", &LowerBoundResult::bound, "Seconds.")
      .def_ro("iterations", &LowerBoundResult::iterations)
      .def_ro("nodes", &LowerBoundResult::nodes, "Of branch and bound.")
      .def_prop_ro(
          "capacity_price",
          [](nb::handle self) {
            return viewOf(
                nb::cast<const LowerBoundResult &>(self).capacityPrice, self);
          },
          "Price of a byte of fast memory during each step, seconds per byte: "
          "float64, shape (steps,); a view.")
      .def_prop_ro(
          "memory_share",
          [](nb::handle self) {
            return viewOf(nb::cast<const LowerBoundResult &>(self).memoryShare,
                          self);
          },
          "Share of each step's time that is memory time, from 0 to 1: "
          "float64, "
          "shape (steps,); a view.");
  m.def("lower_bound", &boundOf, nb::arg("instance"), nb::kw_only(),
        nb::arg("iterations") = 4000, nb::arg("nodes") = 0,
        nb::arg("seconds") = 0.0, nb::arg("known_latency") = 0.0,
        nb::arg("cancelled") = nb::none(),
        "The best bound that `iterations` find, and after them `nodes` of "
        "branch and bound, or as many as `seconds` allow. Stops when it "
        "reaches `known_latency` (seconds, of a valid plan; 0: none), or when "
        "`cancelled()`, called about every 50 ms, is true.");
}

void mempl::python::bindEvaluation(nb::module_ &m) {
  bindOutcome(m);
  bindVerifier(m);
  bindBound(m);
  bindCoverage(m);
  m.def("simulate", &simulateSafely, nb::arg("instance"), nb::arg("plan"),
        nb::kw_only(), nb::arg("traffic") = false,
        "What the plan costs, with `Outcome.traffic` if asked for. Means "
        "something for a valid plan only (see "
        "verify). Raises mempl.Error for a plan that names what the instance "
        "does not have.");
  m.def(
      "verify",
      [](const Instance &instance, const Plan &plan) {
        return verify(instance, plan);
      },
      nb::arg("instance"), nb::arg("plan"),
      nb::call_guard<nb::gil_scoped_release>(),
      "Every rule that the plan breaks; an empty list for a valid one.");
  m.def("explain", &explainSafely, nb::arg("instance"), nb::arg("plan"),
        "What a valid plan does with each value of the outermost program, and "
        "why, in the order of values. Raises mempl.Error for an invalid one.");
  m.def(
      "slow_latency",
      [](const Instance &instance) { return slowLatency(instance); },
      nb::arg("instance"), "Seconds with everything in slow memory.");
  m.def(
      "ideal_latency",
      [](const Instance &instance) { return idealLatency(instance); },
      nb::arg("instance"),
      "Seconds with everything in fast memory, whatever its capacity.");
}
