//===- GameBindings.cpp - mallocGame in Python ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Game/Features.h"
#include "mempl/Game/GameState.h"

#include "llvm/ADT/StringExtras.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

using namespace mempl;
using namespace mempl::python;

namespace {

std::unique_ptr<GameState> makeGame(const Instance &instance,
                                    std::vector<int32_t> order) {
  GameOptions options;
  options.order = std::move(order);
  nb::gil_scoped_release release;
  return std::make_unique<GameState>(
      unwrap(Game::create(instance, std::move(options))));
}

Action actionOf(const GameState &state, int64_t number) {
  int32_t count = state.game().numActions();
  if (number < 0 || number >= count)
    throw PythonError{"expected an action from 0 to " +
                      std::to_string(count - 1) + ", found " +
                      std::to_string(number)};
  return state.game().action(static_cast<int32_t>(number));
}

const char *kindName(Action::Kind kind) {
  switch (kind) {
  case Action::Stop:
    return "Stop";
  case Action::Place:
    return "Place";
  case Action::Extend:
    return "Extend";
  case Action::TakeOut:
    return "TakeOut";
  case Action::Carry:
    return "Carry";
  }
  return "";
}

/// Kind, segment, value, first and last step.
std::tuple<std::string, int32_t, int32_t, int32_t, int32_t>
describe(const GameState &state, int64_t number) {
  Action a = actionOf(state, number);
  if (a.kind == Action::Stop)
    return {kindName(a.kind), -1, -1, -1, -1};
  const UseIntervalNode &node = state.game().forest().node(a.node);
  const AccessIndex &index = state.game().index();
  return {kindName(a.kind), a.node, node.value,
          index.use(node.interval.first).step,
          index.use(node.interval.last).step};
}

double apply(GameState &state, int64_t number) {
  std::optional<double> reward = state.tryApply(actionOf(state, number));
  if (!reward)
    throw PythonError{"expected a legal action, found " +
                      std::to_string(number) + " (" +
                      std::get<0>(describe(state, number)) + ")"};
  return *reward;
}

/// An array that Python owns.
template <typename T, size_t N>
nb::ndarray<nb::numpy, T, nb::ndim<N>> ownedArray(std::unique_ptr<T[]> numbers,
                                                  std::array<size_t, N> shape) {
  nb::capsule owner(numbers.get(),
                    [](void *p) noexcept { delete[] static_cast<T *>(p); });
  return {numbers.release(), N, shape.data(), owner};
}

auto legalActions(GameState &state) {
  auto count = static_cast<size_t>(state.game().numActions());
  auto mask = std::make_unique<bool[]>(count);
  for (Action a : state.legalActions())
    mask[state.game().numberOf(a)] = true;
  return ownedArray<bool, 1>(std::move(mask), {count});
}

/// A dict by names of groups: rows of segments, or one row.
nb::dict observe(GameState &state) {
  nb::dict result;
  for (FeatureGroup group : kFeatureGroups) {
    size_t count = state.numObserved(group), columns = featuresOf(group).size();
    auto numbers = std::make_unique<float[]>(count);
    state.observe(group, {numbers.get(), count});
    const char *name = featureGroupName(group).data();
    if (group == FeatureGroup::Segment || group == FeatureGroup::Node)
      result[name] =
          ownedArray<float, 2>(std::move(numbers), {count / columns, columns});
    else
      result[name] = ownedArray<float, 1>(std::move(numbers), {count});
  }
  return result;
}

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

void bindFeature(nb::module_ &m) {
  nb::class_<Feature>(m, "Feature", "A number that a network sees of a game.")
      .def_prop_ro(
          "name",
          [](const Feature &f) {
            return llvm::convertToSnakeFromCamelCase(f.name);
          },
          "As docs/Observation.md has it.")
      .def_prop_ro(
          "description", [](const Feature &f) { return f.description.str(); },
          "What it is.")
      .def("__repr__", [](const Feature &f) {
        return "Feature(" + llvm::convertToSnakeFromCamelCase(f.name) + ")";
      });
}

void bindPlay(nb::class_<GameState> &game) {
  game.def("apply", &apply, nb::arg("action"), nb::lock_self(),
           "Plays an action by its number. Returns the reward, seconds of "
           "latency saved. Raises mempl.Error for an illegal one.")
      .def(
          "undo",
          [](GameState &state) {
            if (state.numApplied() == 0)
              throw PythonError{"nothing to undo"};
            state.undo();
          },
          nb::lock_self(), "Takes back the last action.")
      .def("restart", &GameState::restart, nb::lock_self(),
           "Takes back everything.")
      .def("clone", &GameState::clone, nb::lock_self(),
           "The same state, independent of this one.")
      .def("legal_actions", &legalActions, nb::lock_self(),
           "Whether each action may be played: a bool array. Tries each: about "
           "a microsecond per segment.")
      .def(
          "is_legal",
          [](GameState &state, int64_t number) {
            return state.isLegal(actionOf(state, number));
          },
          nb::arg("action"), nb::lock_self(),
          "Whether one action may be played.")
      .def("observe", &observe, nb::lock_self(),
           "What a network sees: a dict of float32 arrays, `segment` and "
           "`node` (segment, feature), `program` and `state` (feature). Those "
           "of `segment` and `program` are the same in all states. "
           "feature_table() says what the numbers are.")
      .def("plan", &GameState::planIfStopped, nb::lock_self(),
           "The plan of a game that is over; of another one, that which Stop "
           "would give now.");
}

} // namespace

void mempl::python::bindGame(nb::module_ &m) {
  bindFeature(m);
  nb::class_<GameState> game(
      m, "Game",
      "A state of mallocGame: a plan under construction. The player takes one "
      "segment after the other, neighbouring accesses of one value, into fast "
      "memory or out of it. See include/mempl/Game/GameState.h.");
  // What changes, or reads what changes, locks the state: threads that share
  // one without a GIL take turns.
  game.def(nb::new_(&makeGame), nb::arg("instance"), nb::kw_only(),
           nb::arg("order") = std::vector<int32_t>(),
           "The first state. `order` has the steps as they run, for a program "
           "whose order is free. Raises mempl.Error if what is constrained to "
           "be fast does not fit.");
  bindPlay(game);
  game.def_prop_ro("is_over", &GameState::isOver, nb::lock_self(),
                   "Stop was played.")
      .def_prop_ro(
          "num_actions",
          [](const GameState &state) { return state.game().numActions(); },
          "Actions have numbers below this; 0 is Stop.")
      .def("action", &describe, nb::arg("action"),
           "What the number of an action stands for: \"Stop\", \"Place\", "
           "\"Extend\", \"TakeOut\" or \"Carry\"; segment, value, and the "
           "steps of its first and last access. All are -1 for Stop.")
      .def_prop_ro("num_applied", &GameState::numApplied, nb::lock_self(),
                   "Actions played so far.")
      .def_prop_ro("latency", &GameState::latency, nb::lock_self(),
                   "Seconds; what is not placed is in slow memory.")
      .def_prop_ro("total_reward", &GameState::totalReward, nb::lock_self(),
                   "Sum of the rewards so far, seconds.")
      .def_prop_ro("hash", &GameState::hash, nb::lock_self(),
                   "Equal for equal states.")
      .def_prop_ro(
          "slow_latency",
          [](const GameState &state) { return state.game().slowLatency(); },
          "Seconds when nothing is placed.")
      .def_prop_ro(
          "greedy_latency",
          [](const GameState &state) { return state.game().greedyLatency(); },
          "Seconds; of the plan of the solver `greedy`.")
      .def_prop_ro(
          "scale", [](const GameState &state) { return state.game().scale(); },
          "Seconds that returns are measured in: what `greedy` gains, or a "
          "thousandth of `slow_latency` where that is more.")
      .def_static("feature_table", &featureTable,
                  "A dict of lists of Feature, by the names that observe() "
                  "gives their arrays.");
}
