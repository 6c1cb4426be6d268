//===- GameBindings.cpp - mallocGame in Python ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A game with the arrays of its observation, which are filled over and over.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Game/Episodes.h"
#include "mempl/Game/Observation.h"

#include "llvm/ADT/StringExtras.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>

using namespace mempl;
using namespace mempl::python;

namespace {

struct GameHandle {
  explicit GameHandle(std::unique_ptr<GameState> state)
      : state(std::move(state)), observer(this->state->sharedProgram()) {}

  Action checked(int action) const {
    if (action >= 0 && action < kNumActions &&
        state->isLegal(static_cast<Action>(action)))
      return static_cast<Action>(action);
    std::string legal;
    for (Action a : kActions)
      if (state->isLegal(a))
        legal += (legal.empty() ? "" : ", ") +
                 std::to_string(static_cast<int>(a)) + " (" +
                 actionName(a).str() + ")";
    throw PythonError{"expected a legal action, " +
                      (legal.empty() ? "none: the game is over" : legal) +
                      "; found " + std::to_string(action)};
  }

  std::unique_ptr<GameState> state;
  Observer observer;
  Observation seen;
};

template <typename T>
T found(std::optional<T> value, const char *option, const char *expected,
        const std::string &name) {
  if (value)
    return *value;
  throw PythonError{std::string(option) + ": expected " + expected +
                    ", found '" + name + "'"};
}

std::unique_ptr<GameHandle> makeGame(const Instance &instance,
                                     const std::string &order,
                                     const std::string &moves, bool repacks) {
  GameOptions options;
  options.order =
      found(decisionOrderByName(order), "order", "program or density", order);
  options.moves = found(moveSizeByName(moves), "moves", "use or value", moves);
  options.repacks = repacks;
  nb::gil_scoped_release release;
  auto program = unwrap(Game::create(instance, options));
  return std::make_unique<GameHandle>(std::make_unique<GameState>(program));
}

using Floats = nb::ndarray<nb::numpy, const float, nb::ndim<1>>;
using Matrix = nb::ndarray<nb::numpy, const float, nb::ndim<2>>;
using Nodes = nb::ndarray<nb::numpy, const int32_t, nb::ndim<1>>;

nb::dict observe(nb::handle self) {
  GameHandle &game = nb::cast<GameHandle &>(self);
  game.observer.observe(*game.state, game.seen);
  Observation &o = game.seen;
  nb::dict result;
  result["profile"] =
      Matrix(o.profile.data(),
             {Observation::kNumChannels, Observation::kNumBins}, self);
  result["near"] = Matrix(
      o.near.data(), {Observation::kNumNear, Observation::kNearScalars}, self);
  result["near_nodes"] =
      Nodes(o.nearNodes.data(), {Observation::kNumNear}, self);
  result["scalars"] =
      Floats(o.scalars.data(), {Observation::kNumScalars}, self);
  return result;
}

Matrix features(nb::handle self) {
  const ProgramFeatures &rows =
      nb::cast<GameHandle &>(self).state->program().features();
  return Matrix(rows.values().data(),
                {static_cast<size_t>(rows.numRows()),
                 static_cast<size_t>(ProgramFeatures::kNumColumns)},
                self);
}

/// By the name of an array, what its numbers are.
nb::dict featureTable() {
  nb::dict table;
  for (FeatureGroup group : kFeatureGroups) {
    nb::list features;
    for (const Feature &feature : featuresOf(group))
      features.append(feature);
    table[featureGroupName(group).data()] = features;
  }
  return table;
}

nb::tuple actionNames() {
  nb::list names;
  for (Action a : kActions)
    names.append(actionName(a).str());
  return nb::tuple(names);
}

void bindFeature(nb::module_ &m) {
  nb::class_<Feature>(m, "Feature", "A number that a network sees of a game.")
      .def_prop_ro(
          "name",
          [](const Feature &f) {
            return llvm::convertToSnakeFromCamelCase(f.name);
          },
          "As docs/Observation.md has it.")
      .def_ro("low", &Feature::low, "The smallest that it can be.")
      .def_ro("high", &Feature::high, "The largest.")
      .def_prop_ro(
          "description", [](const Feature &f) { return f.description.str(); },
          "What it is.")
      .def("__repr__", [](const Feature &f) {
        return "Feature(" + llvm::convertToSnakeFromCamelCase(f.name) + ")";
      });
}

void bindPlay(nb::class_<GameHandle> &game) {
  game.def(
          "apply",
          [](GameHandle &g, int action) {
            return g.state->apply(g.checked(action));
          },
          nb::arg("action"),
          "Plays a legal action: its place in `action_names`. Returns the "
          "reward, seconds of latency saved. Raises mempl.Error for an illegal "
          "one.")
      .def(
          "undo",
          [](GameHandle &g) {
            if (g.state->numApplied() == 0)
              throw PythonError{"nothing to undo"};
            g.state->undo();
          },
          "Takes back the last action.")
      .def(
          "restart", [](GameHandle &g) { g.state->restart(); },
          "Takes back everything.")
      .def(
          "clone",
          [](const GameHandle &g) {
            return std::make_unique<GameHandle>(g.state->clone());
          },
          "The same state, independent of this one.")
      .def(
          "greedy_action",
          [](GameHandle &g) -> std::optional<int> {
            if (g.state->isOver())
              return std::nullopt;
            return static_cast<int>(greedyAction(*g.state));
          },
          "The legal action with the largest reward; None if the game is over.")
      .def("observe", &observe,
           "What a network sees of the state: a dict of float32 arrays, "
           "`profile` (feature, bin), `near` (value, feature) and `scalars` "
           "(feature), and `near_nodes`, int32: for each row of `near` the row "
           "of `features`, or -1. feature_table() says what the numbers are. "
           "Views: the next call changes them.");
}

} // namespace

void mempl::python::bindGame(nb::module_ &m) {
  bindFeature(m);
  nb::class_<GameHandle> game(
      m, "Game",
      "A state of mallocGame: a plan under construction, and the access of a "
      "value that is asked about. See include/mempl/Game/GameState.h.");
  game.def(
      nb::new_(&makeGame), nb::arg("instance"), nb::kw_only(),
      nb::arg("order") = "program", nb::arg("moves") = "use",
      nb::arg("repacks") = true,
      "The first state. `order` is \"program\" (by time) or \"density\" "
      "(the most valuable values first); an action decides about an access "
      "(`moves` \"use\") or about a whole value (\"value\"); with `repacks`, "
      "residencies may "
      "move to other offsets. Raises mempl.Error if what is constrained to be "
      "fast does not fit.");
  bindPlay(game);
  game.def_prop_ro(
          "is_over", [](const GameHandle &g) { return g.state->isOver(); },
          "Nothing is left to decide.")
      .def_prop_ro(
          "legal_actions",
          [](const GameHandle &g) {
            nb::list legal;
            for (Action a : kActions)
              legal.append(g.state->isLegal(a));
            return nb::tuple(legal);
          },
          "Whether each of `action_names` may be played; Drop always, until "
          "the game is over.")
      .def_prop_ro(
          "decision",
          [](const GameHandle &g) -> std::optional<std::tuple<int, int, int>> {
            if (g.state->isOver())
              return std::nullopt;
            const DecisionNode &node = g.state->decision();
            return std::make_tuple(g.state->decisionNode(), node.value,
                                   node.step);
          },
          "What is asked about: row of `features`, value, step; None if the "
          "game is over.")
      .def_prop_ro(
          "num_decisions",
          [](const GameHandle &g) { return g.state->numDecisions(); },
          "Most questions that a game of this program asks.")
      .def_prop_ro(
          "num_applied",
          [](const GameHandle &g) { return g.state->numApplied(); },
          "Actions played so far.")
      .def_prop_ro(
          "latency", [](const GameHandle &g) { return g.state->latency(); },
          "Seconds; what is undecided is in slow memory.")
      .def_prop_ro(
          "total_reward",
          [](const GameHandle &g) { return g.state->totalReward(); },
          "Sum of the rewards so far, seconds.")
      .def_prop_ro(
          "slow_latency",
          [](const GameHandle &g) { return g.state->program().slowLatency(); },
          "Seconds when nothing is decided.")
      .def_prop_ro(
          "greedy_latency",
          [](const GameHandle &g) {
            return g.state->program().greedyLatency();
          },
          "Seconds; of the plan of the solver `greedy`.")
      .def_prop_ro(
          "scale",
          [](const GameHandle &g) { return g.state->program().scale(); },
          "Seconds that returns are measured in: what `greedy` gains.")
      .def_prop_ro("features", &features,
                   "What a network sees of the program: float32, a row per "
                   "question; a view.")
      .def_static("feature_table", &featureTable,
                  "A dict of lists of Feature: of the columns of `features` "
                  "(\"program\") and, by the names that observe() gives them, "
                  "of the rows of `profile`, the columns of `near`, and of "
                  "`scalars`.")
      .def_prop_ro_static(
          "action_names", [](nb::handle) { return actionNames(); },
          "Of the actions, by their numbers.")
      .def(
          "plan", [](GameHandle &g) { return g.state->plan(); },
          "A valid plan: what is undecided is dropped.");
}
