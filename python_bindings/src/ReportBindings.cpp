//===- ReportBindings.cpp - reports in Python -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The data and the page of lib/Report.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Problem/Verifier.h"
#include "mempl/Report/Report.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

using namespace mempl;
using namespace mempl::python;

static std::string
dataOf(const Instance &instance,
       const std::vector<std::pair<std::string, Plan>> &plans,
       std::optional<double> bound, const std::string &target,
       const std::string &page) {
  std::vector<ReportPlan> shown;
  for (const auto &[name, plan] : plans) {
    for (const Violation &violation : verify(instance, plan))
      throw PythonError{"plan '" + name +
                        "': expected a valid plan: " + violation.str()};
    shown.push_back({name, plan});
  }
  nb::gil_scoped_release release;
  return reportData(instance, shown, {bound, target, page});
}

void mempl::python::bindReport(nb::module_ &m) {
  m.def(
      "report_data", &dataOf, nb::arg("instance"), nb::arg("plans"),
      nb::arg("bound") = nb::none(), nb::arg("target") = "",
      nb::arg("page") = "",
      "The data of a report, JSON: see include/mempl/Report/Report.h. `plans` "
      "are pairs of a name and a valid plan, `bound` is seconds, `target` what "
      "the machine is called, `page` the path of the page to be, for links to "
      "the program's files. Raises mempl.Error for an invalid plan.");
  m.def(
      "report_page", [](const std::string &data) { return reportPage(data); },
      nb::arg("data"), "The HTML page for report_data().");
}
