//===- Train.cpp - the module mempl._train --------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Training, which needs LibTorch: a module of its own, so that mempl loads it
// only for that. Instances come as JSON, so the two modules share no types.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Training/Trainer.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <mutex>

using namespace mempl;
using namespace mempl::python;

namespace {

/// Name, JSON of the instance, whether it is for evaluation only.
using ProgramRow = std::tuple<std::string, std::string, bool>;

std::vector<TrainingProgram> programsOf(const std::vector<ProgramRow> &given) {
  std::vector<TrainingProgram> programs;
  for (const auto &[name, json, isValidation] : given)
    programs.push_back({name, unwrap(parseInstance(json, name)), isValidation});
  return programs;
}

/// Reads options out of keyword arguments; what is left over is an error.
class OptionReader {
public:
  explicit OptionReader(const nb::dict &given) : left(given) {}

  template <typename T> bool read(const char *name, T &option) {
    if (!left.contains(name))
      return false;
    try {
      option = nb::cast<T>(left[name]);
    } catch (const nb::cast_error &) {
      throw PythonError{std::string("option ") + name + ": expected " +
                        (std::is_floating_point_v<T> ? "a number"
                         : std::is_integral_v<T>     ? "an integer"
                                                     : "a text")};
    }
    PyDict_DelItemString(left.ptr(), name);
    return true;
  }
  template <typename T> void number(const char *name, T &option, T least) {
    if (read(name, option) && !(option >= least))
      throw PythonError{std::string("option ") + name + ": expected at least " +
                        std::to_string(least)};
  }
  void finish() {
    for (auto [name, value] : left)
      throw PythonError{"unknown option of training: " +
                        nb::cast<std::string>(name)};
  }

private:
  nb::dict left;
};

TrainerOptions optionsOf(const nb::dict &given) {
  // A copy: what is read is removed.
  nb::dict copy;
  for (auto [name, value] : given)
    copy[name] = value;
  OptionReader in(copy);
  TrainerOptions options;
  in.read("weights", options.initialWeights);
  in.number<uint64_t>("seed", options.seed, 0);
  visitNumbers(options, [&](const char *name, int32_t &number, int32_t,
                            int32_t) { in.read(name, number); });
  in.read("learning_rate", options.learner.learningRate);
  in.number<int64_t>("teacher_budget", options.teacherBudget, 0);
  in.number<int64_t>("refine_budget", options.refineBudget, 0);
  in.read("elite_share", options.replay.eliteShare);
  in.number<int64_t>("rounds", options.maxRounds, 0);
  double timeLimitMs = 0;
  in.number("time_limit_ms", timeLimitMs, 0.0);
  options.maxSeconds = timeLimitMs / 1000;
  in.number("seconds_before", options.secondsBefore, 0.0);
  in.finish();
  if (std::string problem = problemWith(options); !problem.empty())
    throw PythonError{"option " + problem};
  return options;
}

nb::dict statusOf(const TrainerStatus &s) {
  nb::dict result;
  result["round"] = s.round;
  result["steps"] = s.steps;
  result["games"] = s.games;
  result["moves"] = s.moves;
  result["seconds"] = s.seconds;
  result["moves_per_second"] = s.movesPerSecond;
  result["mean_return"] = s.meanReturn;
  result["loss"] = s.loss.total;
  result["score"] = s.score;
  result["best_score"] = s.bestScore;
  result["first_score"] = s.firstScore;
  result["greedy_score"] = s.greedyScore;
  result["slow_score"] = s.slowScore;
  result["plan_score"] = s.planScore;
  result["head_score"] = s.headScore;
  result["doing"] = s.doing;
  return result;
}

void runTrainer(Trainer &trainer, const nb::object &progress,
                const nb::object &cancelled) {
  std::mutex mutex;
  std::optional<TrainerStatus> last;
  std::optional<std::string> failure;
  auto tick = [&] {
    std::optional<TrainerStatus> status;
    {
      std::lock_guard<std::mutex> lock(mutex);
      last.swap(status);
    }
    if (status && !progress.is_none())
      progress(statusOf(*status));
  };
  runWatched(cancelled, tick, [&](const std::atomic<bool> &stop) {
    llvm::Error error = trainer.run([&] { return stop.load(); },
                                    [&](const TrainerStatus &status) {
                                      std::lock_guard<std::mutex> lock(mutex);
                                      last = status;
                                    });
    if (error)
      failure = llvm::toString(std::move(error));
  });
  if (failure)
    throw PythonError{*failure};
}

} // namespace

NB_MODULE(_train, m) {
  m.doc() = "Training with LibTorch; mempl.training uses it.";
  registerSupport();
  nb::class_<Trainer>(m, "Trainer", "A training run in a folder.")
      .def(nb::new_([](const std::vector<ProgramRow> &programs,
                       const std::string &folder, const nb::dict &options) {
             TrainerOptions read = optionsOf(options);
             auto list = programsOf(programs);
             nb::gil_scoped_release release;
             return unwrap(Trainer::create(std::move(list), read, folder));
           }),
           nb::arg("programs"), nb::arg("folder"), nb::arg("options"),
           "`programs` are tuples of a name, the JSON of an instance, and "
           "whether it is for evaluation only. Goes on if the folder has a "
           "checkpoint. Raises mempl.Error.")
      .def("run", &runTrainer, nb::arg("progress") = nb::none(),
           nb::arg("cancelled") = nb::none(),
           "Trains until a limit is reached or `cancelled()` is true; "
           "`progress(status)` is called about every 50 ms.")
      .def_prop_ro(
          "status", [](const Trainer &t) { return statusOf(t.status()); },
          "A dict; `score` is the geometric mean of latency / that of "
          "`search`.")
      .def(
          "weights",
          [](const Trainer &t) {
            std::string bytes = t.weights().contents();
            return nb::bytes(bytes.data(), bytes.size());
          },
          "As the file network.mempl has them. Not while it runs.")
      .def(
          "best_plan",
          [](const Trainer &t,
             int32_t program) -> std::optional<std::pair<double, std::string>> {
            if (program < 0 || program >= t.numPrograms())
              throw nb::index_error("program");
            const Trainer::BestPlan *best = t.bestPlan(program);
            if (!best)
              return std::nullopt;
            std::string text;
            llvm::raw_string_ostream os(text);
            writePlan(os, best->plan);
            return std::pair(best->latency, text);
          },
          nb::arg("program"),
          "The best plan known for a program, by its number: seconds, and the "
          "plan as JSON. None for those that are not trained on.");
}
