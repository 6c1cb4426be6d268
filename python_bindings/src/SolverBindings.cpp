//===- SolverBindings.cpp - solvers in Python -----------------------------===//
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
#include "mempl/Solvers/Solve.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>

using namespace mempl;
using namespace mempl::python;

namespace {

/// SolverProgress that outlives the call.
struct Progress {
  std::string solver;
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

} // namespace

static SolverContext makeContext(int64_t budget,
                                 std::optional<double> timeLimitMs,
                                 uint64_t seed, int threads) {
  SolverContext context;
  context.budget = budget;
  if (timeLimitMs && !(*timeLimitMs > 0))
    throw PythonError{"time_limit_ms: expected a number above 0"};
  if (timeLimitMs)
    context.timeLimitMs =
        static_cast<int64_t>(std::min(std::max(1.0, *timeLimitMs), 1e15));
  context.seed = seed;
  context.threads = threads;
  return context;
}

static Solution solve(const Instance &instance, const std::string &name,
                      int64_t budget, std::optional<double> timeLimitMs,
                      uint64_t seed, int threads, const Plan *start,
                      const nb::object &progress, const nb::object &cancelled) {
  SolverContext context = makeContext(budget, timeLimitMs, seed, threads);
  auto solver = unwrap(readySolver(name, context));
  if (start) {
    for (const Violation &violation : verify(instance, *start))
      throw PythonError{"start: expected a valid plan: " + violation.str()};
    context.start = std::make_shared<Plan>(*start);
  }
  Mailbox mailbox;
  if (!progress.is_none()) {
    auto put = [&](const SolverProgress &p) { mailbox.put(p); };
    context.progress = put;
    context.improved = put;
  }
  std::optional<llvm::Expected<Solution>> result;
  auto tick = [&] {
    if (auto last = mailbox.take())
      progress(*last);
  };
  try {
    runWatched(cancelled, tick, [&](const std::atomic<bool> &stop) {
      context.cancelled = [&] { return stop.load(); };
      result.emplace(solveVerified(instance, *solver, context));
    });
  } catch (...) {
    if (result && !*result)
      llvm::consumeError(result->takeError());
    throw;
  }
  if (!*result)
    throw PythonError{solver->label() + ": " +
                      llvm::toString(result->takeError())};
  return std::move(**result);
}

/// The specification that a name and old options mean, and all names in it.
static std::pair<std::string, std::vector<std::string>>
resolve(const std::string &solver, const std::string &weights,
        const std::vector<std::string> &portfolio,
        const std::string &msaOptions) {
  SolverSpec spec = unwrap(withOldOptions(unwrap(parseSolverSpec(solver)),
                                          {weights, msaOptions, portfolio}));
  return {spec.str(), namesIn(spec)};
}

void mempl::python::bindSolvers(nb::module_ &m) {
  nb::class_<Progress>(m, "Progress", "What a solver tells while it runs.")
      .def_ro("solver", &Progress::solver)
      .def_ro("latency", &Progress::latency,
              "Seconds; of the best plan so far.")
      .def_ro("evaluated", &Progress::evaluated, "Plans evaluated so far.")
      .def_ro("budget", &Progress::budget,
              "Plans that it may evaluate; 0: no limit.")
      .def_ro("seconds", &Progress::seconds, "Since the solver started.");
  nb::class_<Solution>(m, "Solution", "A valid plan and how it came about.")
      .def_prop_ro(
          "plan", [](const Solution &r) { return r.plan; }, "A copy.")
      .def_ro("latency", &Solution::latency, "Seconds.")
      .def_ro("evaluated", &Solution::evaluated, "Plans evaluated.")
      .def_ro("seconds", &Solution::seconds, "Measured.")
      .def_ro(
          "winner", &Solution::winner,
          "The solver whose plan it is; of `portfolio`, the best of its own.")
      .def("__repr__", [](const Solution &r) {
        return "<mempl.Solution: " + std::to_string(r.latency) + " s, " +
               std::to_string(r.plan.residencies.size()) + " residencies>";
      });
  m.def("solve", &solve, nb::arg("instance"), nb::arg("solver"), nb::kw_only(),
        nb::arg("budget"), nb::arg("time_limit_ms") = nb::none(),
        nb::arg("seed"), nb::arg("threads"), nb::arg("start") = nb::none(),
        nb::arg("progress") = nb::none(), nb::arg("cancelled") = nb::none(),
        "What mempl.solve() calls.");
  m.def("resolve_solver", &resolve, nb::arg("solver"), nb::arg("weights") = "",
        nb::arg("portfolio") = std::vector<std::string>(),
        nb::arg("msa_options") = "",
        "The specification that a name and old options mean, and all names in "
        "it.");
  m.def(
      "solvers",
      [] {
        std::string text;
        llvm::raw_string_ostream os(text);
        printSolversJson(os);
        return text;
      },
      "All solvers and their options, as JSON.");
}
