//===- Train.cpp - the module mempl._train --------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Training and acting, which need LibTorch: a module of its own, so that mempl
// loads it only for that. Instances come as JSON and weights as bytes, so the
// two modules share no types.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "mempl/MuZero/Actor.h"
#include "mempl/Problem/ProblemIO.h"

#include <nanobind/stl/optional.h>
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
  std::string size = "s", mode = "hybrid";
  in.read("size", size);
  auto layers = networkSizeByName(size);
  if (!layers)
    throw PythonError{"option size: expected s or m, found '" + size + "'"};
  options.size = *layers;
  in.read("mode", mode);
  auto searchMode = searchModeByName(mode);
  if (!searchMode)
    throw PythonError{"option mode: expected exact, latent or hybrid, found '" +
                      mode + "'"};
  options.selfPlay.mode = *searchMode;
  std::string order = "program", moves = "use";
  in.read("order", order);
  auto decisions = decisionOrderByName(order);
  if (!decisions)
    throw PythonError{"option order: expected program or density, found '" +
                      order + "'"};
  options.game.order = *decisions;
  in.read("moves", moves);
  auto moveSize = moveSizeByName(moves);
  if (!moveSize)
    throw PythonError{"option moves: expected use or value, found '" + moves +
                      "'"};
  options.game.moves = *moveSize;
  in.read("weights", options.initialWeights);
  in.number<uint64_t>("seed", options.seed, 0);
  in.number("threads", options.workers, 1);
  in.number("games", options.gamesPerRound, 0);
  in.number("steps", options.stepsPerRound, 1);
  in.number("batch", options.learner.batch, 1);
  in.number("simulations", options.selfPlay.search.simulations, 0);
  in.number("slots", options.selfPlay.slots, 1);
  in.number("learning_rate", options.learner.learningRate, 0.0);
  in.number<int64_t>("teacher_budget", options.teacherBudget, 0);
  in.number<int64_t>("refine_budget", options.refineBudget, 0);
  in.number<int64_t>("polish_budget", options.refineBudget, 0); // Its old name.
  in.number("elite_share", options.replay.eliteShare, 0.0);
  in.number<int64_t>("rounds", options.maxRounds, 0);
  double timeLimitMs = 0;
  in.number("time_limit_ms", timeLimitMs, 0.0);
  options.maxSeconds = timeLimitMs / 1000;
  in.number("seconds_before", options.secondsBefore, 0.0);
  in.number("evaluate_every", options.evaluateEvery, 1);
  in.number("patience", options.patience, 0);
  in.finish();
  return options;
}

nb::dict statusOf(const TrainerStatus &s) {
  nb::dict result;
  result["round"] = s.round;
  result["steps"] = s.steps;
  result["games"] = s.games;
  result["moves"] = s.moves;
  result["simulations"] = s.simulations;
  result["seconds"] = s.seconds;
  result["simulations_per_second"] = s.simulationsPerSecond;
  result["mean_return"] = s.meanReturn;
  result["loss"] = s.loss.total;
  result["score"] = s.score;
  result["best_score"] = s.bestScore;
  result["first_score"] = s.firstScore;
  result["greedy_score"] = s.greedyScore;
  result["slow_score"] = s.slowScore;
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

nb::bytes play(const Actor &actor, const nb::bytes &weights, uint64_t seed,
               uint64_t batch, int64_t count, const nb::object &cancelled) {
  if (count < 1)
    throw PythonError{"expected at least 1 game"};
  llvm::StringRef text(weights.c_str(), weights.size());
  std::string games;
  std::optional<std::string> failure;
  runWatched(cancelled, {}, [&](const std::atomic<bool> &stop) {
    auto network = Network::deserialize(text, "<weights>");
    if (!network) {
      failure = llvm::toString(network.takeError());
      return;
    }
    games =
        actor.play(*network, seed, batch, count, [&] { return stop.load(); });
  });
  if (failure)
    throw PythonError{*failure};
  return nb::bytes(games.data(), games.size());
}

} // namespace

NB_MODULE(_train, m) {
  m.doc() = "Training with LibTorch; mempl.training and mempl.ray use it.";
  registerErrors();
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
            std::string bytes = t.network().serialize();
            return nb::bytes(bytes.data(), bytes.size());
          },
          "The network, as the file network.mempl has it. Not while it runs.")
      .def("best_latency", &Trainer::bestLatency, nb::arg("program"),
           "Seconds; of the best plan known for a program, by its number. None "
           "for those that are not trained on.");
  nb::class_<Actor>(m, "Actor", "Plays games for a learner elsewhere.")
      .def(nb::new_([](const std::vector<ProgramRow> &programs,
                       const nb::dict &options) {
             TrainerOptions read = optionsOf(options);
             auto list = programsOf(programs);
             nb::gil_scoped_release release;
             return unwrap(Actor::create(std::move(list), read));
           }),
           nb::arg("programs"), nb::arg("options"),
           "For the programs and options of the learner's Trainer.")
      .def("play", &play, nb::arg("weights"), nb::arg("seed"), nb::arg("batch"),
           nb::arg("count"), nb::arg("cancelled") = nb::none(),
           "Bytes of `count` games, played with these weights; their noise "
           "depends on `seed` and `batch`. Empty if cancelled.")
      .def(
          "check",
          [](const Actor &actor, const nb::bytes &games) {
            return unwrap(actor.check(
                llvm::StringRef(games.c_str(), games.size()), "<games>"));
          },
          nb::arg("games"),
          "How many games there are; raises mempl.Error for what is none.");
}
