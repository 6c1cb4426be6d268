//===- PlanBindings.cpp - plans in Python ---------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan does not change either; another one is made of a list of residencies.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Records.h"

#include "mempl/Problem/PlanTransfer.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"

#include <nanobind/operators.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

using namespace mempl;
using namespace mempl::python;

static std::string toJson(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, plan);
  return text;
}

static void bindResidency(nb::module_ &m) {
  static const std::string signature = signatureOf<Residency>();
  nb::class_<Residency> type(m, "Residency",
                             "A time during which a value is in fast memory. "
                             "Begins by `write`, by copy in (`issue` and "
                             "`ready`), or `carried`, and in one way only; -1 "
                             "stands for what is not given.");
  type.def(
      "__init__",
      [](Residency *self, const nb::kwargs &arguments) {
        new (self) Residency(recordFrom<Residency>(arguments, "V9: "));
      },
      nb::sig(signature.c_str()));
  defFields(type);
  type.def(nb::self == nb::self, kEqualSignature)
      .def("__repr__", [](const Residency &r) {
        return "<mempl.Residency of value " + std::to_string(r.value) + " at " +
               std::to_string(r.offset) + ", steps " +
               std::to_string(r.start()) + " to " + std::to_string(r.end()) +
               ">";
      });
}

static void bindTransfer(nb::module_ &m) {
  nb::class_<TransferredPlan>(m, "TransferredPlan",
                              "A plan for a changed program. Values and "
                              "residencies of loops are counted, too.")
      .def_ro("plan", &TransferredPlan::plan, "Valid for the new program.")
      .def_ro("matched", &TransferredPlan::matched, "Values of both programs.")
      .def_ro("fresh", &TransferredPlan::fresh,
              "Values of the new program alone.")
      .def_ro("gone", &TransferredPlan::gone,
              "Values of the earlier program alone.")
      .def_ro("kept", &TransferredPlan::kept, "Residencies in `plan`.")
      .def_ro("dropped", &TransferredPlan::dropped, "Those that are not.")
      .def("__repr__", [](const TransferredPlan &transferred) {
        return "<mempl.TransferredPlan, " + transferred.str() + ">";
      });
  m.def(
      "transfer",
      [](const Plan &plan, const Instance &before, const Instance &after) {
        nb::gil_scoped_release release;
        if (auto violation = whyNotFor(before, plan))
          throw PythonError{"not a plan for " + before.name + ": " +
                            violation->str()};
        TransferredPlan result = transferPlan(before, plan, after);
        if (!result.isValid)
          throw PythonError{"nothing of the plan is valid for " + after.name +
                            ", where values have to be in fast memory"};
        return result;
      },
      nb::arg("plan"), nb::arg("before"), nb::arg("after"),
      "What is still valid of a plan for `before` in `after`, which a program "
      "has become by a change: for solve(start=..), which then starts from "
      "what was known. Steps are matched by name and by how they access "
      "values. Raises mempl.Error if it is not a plan for `before`, or if "
      "`after` wants values in fast memory that the plan does not have there.");
}

void mempl::python::bindPlan(nb::module_ &m) {
  bindResidency(m);
  nb::class_<Plan> plan(m, "Plan",
                        "Which values are in fast memory when, at which "
                        "offsets, with which copies. Does not change.");
  nb::class_<BodyPlan>(m, "BodyPlan", "The plan of a loop's body.")
      .def(
          "__init__",
          [](BodyPlan *self, int64_t capacity, const Plan &plan) {
            new (self) BodyPlan{capacity, plan};
          },
          nb::arg("capacity"), nb::arg("plan"))
      .def_ro("capacity", &BodyPlan::capacity,
              "Bytes that the plan may use, from offset 0.")
      .def_ro("plan", &BodyPlan::plan);
  plan.def(
          "__init__",
          [](Plan *self, const std::string &instance,
             std::vector<Residency> residencies,
             std::map<int32_t, BodyPlan> loops, std::vector<int32_t> order) {
            new (self) Plan{instance, std::move(residencies), std::move(loops),
                            std::move(order)};
          },
          nb::arg("instance"),
          nb::arg("residencies") = std::vector<Residency>(),
          nb::arg("loops") = std::map<int32_t, BodyPlan>(),
          nb::arg("order") = std::vector<int32_t>(),
          "A plan for the instance of that name; without residencies, the one "
          "that leaves everything in slow memory. `loops` has plans for the "
          "bodies of loops by step. `order` has the steps as they run, where "
          "that is not as they stand in the program.")
      .def_static(
          "from_json",
          [](const std::string &text, const std::string &file) {
            return unwrap(parsePlan(text, file));
          },
          nb::arg("text"), nb::arg("file") = "<json>",
          "Parses the JSON of a plan; `file` is its name in errors. Checks its "
          "form, not the rules: see mempl.verify. Raises mempl.Error.")
      .def_static(
          "read",
          [](const std::string &path) { return unwrap(readPlan(path)); },
          nb::arg("path"),
          "Reads a JSON file, plain or gzip. Raises mempl.Error.")
      .def("to_json", &toJson, "The JSON that from_json() reads back as equal.")
      .def(
          "write",
          [](const Plan &plan, const std::string &path) {
            if (llvm::Error error = writeFile(path, toJson(plan)))
              raise(std::move(error));
          },
          nb::arg("path"),
          "Writes JSON; packed if the name ends in .gz. Raises mempl.Error.")
      .def_ro("instance", &Plan::instance, "Name of the instance it is for.")
      .def_prop_ro(
          "residencies", [](const Plan &plan) { return plan.residencies; },
          "List of Residency, copies, in the order in which copies issued at "
          "the same point are served.")
      .def_prop_ro(
          "loops", [](const Plan &plan) { return plan.loops; },
          "Plans of the bodies of loops by step: a dict of BodyPlan, copies.")
      .def_ro("order", &Plan::order,
              "The steps as they run; empty where that is as they stand in the "
              "program. Steps and boundaries of residencies are places in it.")
      .def_prop_ro(
          "columns",
          [](const Plan &plan) { return fieldColumns(plan.residencies); },
          "The residencies as a dict of arrays by field, each of shape "
          "(residencies,), int32 but for `offset` (int64, bytes) and `carried` "
          "(bool); copies.")
      .def_prop_ro("num_copies_in", &Plan::numCopiesIn,
                   "Copies in, those of loops counted once.")
      .def_prop_ro("num_copies_out", &Plan::numCopiesOut,
                   "Copies out, those of loops counted once.")
      .def_prop_ro("num_copies_back", &Plan::numCopiesOut,
                   "Old name of `num_copies_out`.")
      // A copy out after the last step can be written in two ways.
      .def(
          "__eq__",
          [](const Plan &a, const Plan &b) { return toJson(a) == toJson(b); },
          nb::is_operator(), kEqualSignature)
      .def("__getstate__", &toJson)
      .def("__setstate__",
           [](Plan &self, const std::string &state) {
             new (&self) Plan(unwrap(parsePlan(state, "<pickle>")));
           })
      .def("__len__", [](const Plan &plan) { return plan.residencies.size(); })
      .def("__repr__", [](const Plan &plan) {
        return "<mempl.Plan for " + plan.instance + ": " +
               std::to_string(plan.residencies.size()) + " residencies>";
      });
  bindTransfer(m);
}
