//===- SolverBindings.cpp - policies in Python ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver runs without the GIL; what it tells is kept until the thread that
// waits for it comes by.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Msa.h"
#include "mempl/Solvers/Solver.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>

using namespace mempl;
using namespace mempl::python;

namespace {

/// SolverProgress that outlives the call.
struct Progress {
  std::string policy;
  double latency = 0, seconds = 0;
  int64_t evaluated = 0, budget = 0;
};

/// The last thing that a solver told, from any of its threads.
class Mailbox {
public:
  void put(const SolverProgress &p) {
    std::lock_guard<std::mutex> lock(mutex);
    last = {p.solverName.str(), p.latency, p.seconds, p.evaluated, p.budget};
    isNew = true;
  }
  std::optional<Progress> take() {
    std::lock_guard<std::mutex> lock(mutex);
    if (!std::exchange(isNew, false))
      return std::nullopt;
    return last;
  }

private:
  std::mutex mutex;
  Progress last;
  bool isNew = false;
};

/// Of solve().
struct Limits {
  int64_t budget;
  std::optional<double> milliseconds;
};

} // namespace

static SolverOptions makeOptions(const Limits &limits, uint64_t seed,
                                 int threads, const std::string &weights,
                                 const std::vector<std::string> &policies,
                                 const std::string &msaOptions) {
  SolverOptions options;
  if (limits.budget < 0 || (limits.milliseconds && !(*limits.milliseconds > 0)))
    throw PythonError{
        "expected a budget of at least 0 and a time_limit_ms above 0"};
  if (limits.budget == 0 && !limits.milliseconds)
    throw PythonError{
        "budget=0 means no limit: expected a time_limit_ms with it"};
  if (threads < 1)
    throw PythonError{"expected at least 1 thread"};
  options.budget = limits.budget;
  if (limits.milliseconds)
    options.timeLimitMs = static_cast<int64_t>(
        std::min(std::max(1.0, *limits.milliseconds), 1e15));
  options.seed = seed;
  options.threads = threads;
  options.weights = weights;
  options.solverNames = policies;
  options.msaOptions = msaOptions;
  MsaOptions checked;
  if (llvm::Error error = applyMsaOptions(msaOptions, checked))
    throw PythonError{"msa_options: " + llvm::toString(std::move(error))};
  return options;
}

static SolverResult
solve(const Instance &instance, const std::string &policy, int64_t budget,
      std::optional<double> timeLimitMs, uint64_t seed, int threads,
      const std::string &weights, const std::vector<std::string> &policies,
      const std::string &msaOptions, const Plan *start,
      const nb::object &progress, const nb::object &cancelled) {
  auto solver = unwrap(createSolver(policy));
  SolverOptions options = makeOptions({budget, timeLimitMs}, seed, threads,
                                      weights, policies, msaOptions);
  if (start) {
    for (const Violation &violation : verify(instance, *start))
      throw PythonError{"start: expected a valid plan: " + violation.str()};
    options.start = std::make_shared<Plan>(*start);
  }
  Mailbox mailbox;
  if (!progress.is_none()) {
    auto put = [&](const SolverProgress &p) { mailbox.put(p); };
    options.progress = put;
    options.improved = put;
  }
  std::optional<llvm::Expected<SolverResult>> result;
  auto tick = [&] {
    if (auto last = mailbox.take())
      progress(*last);
  };
  try {
    runWatched(cancelled, tick, [&](const std::atomic<bool> &stop) {
      options.cancelled = [&] { return stop.load(); };
      result.emplace(solver->solve(instance, options));
    });
  } catch (...) {
    if (result && !*result)
      llvm::consumeError(result->takeError());
    throw;
  }
  if (!*result)
    throw PythonError{"policy " + policy + ": " +
                      llvm::toString(result->takeError())};
  SolverResult &solved = **result;
  solved.plan.instance = instance.name;
  for (const Violation &violation : verify(instance, solved.plan))
    throw PythonError{"internal error: policy " + policy +
                      " made a plan that breaks " + violation.str()};
  return std::move(solved);
}

void mempl::python::bindSolvers(nb::module_ &m) {
  nb::class_<Progress>(m, "Progress", "What a policy tells while it runs.")
      .def_ro("policy", &Progress::policy)
      .def_ro("latency", &Progress::latency,
              "Seconds; of the best plan so far.")
      .def_ro("evaluated", &Progress::evaluated, "Plans evaluated so far.")
      .def_ro("budget", &Progress::budget,
              "Plans that it may evaluate; 0: no limit.")
      .def_ro("seconds", &Progress::seconds, "Since the policy started.");
  nb::class_<SolverResult>(m, "Solution", "A valid plan and how it came about.")
      .def_prop_ro(
          "plan", [](const SolverResult &r) { return r.plan; }, "A copy.")
      .def_ro("latency", &SolverResult::latency, "Seconds.")
      .def_ro("evaluated", &SolverResult::evaluated, "Plans evaluated.")
      .def_ro("seconds", &SolverResult::seconds, "Measured.")
      .def_ro("winner", &SolverResult::winner,
              "Of `portfolio`: the policy whose plan it is.")
      .def("__repr__", [](const SolverResult &r) {
        return "<mempl.Solution: " + std::to_string(r.latency) + " s, " +
               std::to_string(r.plan.residencies.size()) + " residencies>";
      });
  m.def("solve", &solve, nb::arg("instance"), nb::arg("policy"), nb::kw_only(),
        nb::arg("budget"), nb::arg("time_limit_ms") = nb::none(),
        nb::arg("seed"), nb::arg("threads"), nb::arg("weights"),
        nb::arg("policies"), nb::arg("msa_options"),
        nb::arg("start") = nb::none(), nb::arg("progress") = nb::none(),
        nb::arg("cancelled") = nb::none(), "What mempl.solve() calls.");
  m.def(
      "policies",
      [] {
        std::map<std::string, std::string> list;
        for (const std::string &name : solverNames())
          list[name] = unwrap(createSolver(name))->description().str();
        return list;
      },
      "A line about each policy, by its name.");
}
