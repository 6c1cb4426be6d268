//===- PlanReplay.cpp - plays a plan in mallocGame ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/PlanReplay.h"

#include "mempl/Problem/StepOrder.h"

#include <algorithm>

using namespace mempl;

GameOptions mempl::optionsOf(const Plan &plan) {
  GameOptions options;
  options.order = plan.order;
  options.loops = plan.loops;
  return options;
}

namespace {

/// The actions for one residency.
struct Item {
  llvm::SmallVector<Action, 2> actions;
  double density = 0;
  int32_t start = 0;
};

class Replayer {
public:
  Replayer(GameState &state, const Plan &plan)
      : state(state), game(state.game()), index(game.index()) {
    for (const Residency &r : plan.residencies)
      addItem(r);
  }

  Replay run(ReplayOrder order) {
    sort(order);
    std::vector<bool> isDone(items.size());
    // What found no bytes may find them beside what came later.
    for (int round = 0; round < 2; ++round)
      for (size_t k = 0; k < items.size(); ++k)
        if (!isDone[k])
          isDone[k] = play(items[k]);
    result.numMissed = static_cast<int32_t>(llvm::count(isDone, false));
    result.actions.push_back({});
    state.apply({});
    result.latency = state.latency();
    return std::move(result);
  }

private:
  void addItem(const Residency &r) {
    int32_t first = index.firstUseFrom(r.value, r.first()),
            end = index.firstUseFrom(r.value, r.last + 1);
    Item item;
    double benefit = 0;
    for (int32_t u = first; u < end;) {
      int32_t node = game.nodeWithin(u, end - 1);
      if (node < 0)
        return;
      Action::Kind kind = u > first    ? Action::Extend
                          : r.isKept() ? Action::Carry
                                       : Action::Place;
      item.actions.push_back({kind, node});
      benefit += game.forest().node(node).benefit;
      u = game.forest().node(node).interval.last + 1;
    }
    if (item.actions.empty())
      return;
    item.start = r.start();
    double held = game.slowStart()[r.end() + 1] - game.slowStart()[r.start()];
    item.density =
        benefit / ((static_cast<double>(index.roundedSize(r.value)) + 1) *
                   (held + 1e-12));
    items.push_back(std::move(item));
  }

  void sort(ReplayOrder order) {
    switch (order) {
    case ReplayOrder::List:
      return;
    case ReplayOrder::Time:
      llvm::stable_sort(items, [](const Item &a, const Item &b) {
        return a.start < b.start;
      });
      return;
    case ReplayOrder::Density:
      llvm::stable_sort(items, [](const Item &a, const Item &b) {
        return a.density > b.density;
      });
      return;
    }
  }

  bool play(const Item &item) {
    for (Action a : item.actions) {
      if (!state.tryApply(a))
        return false;
      result.actions.push_back(a);
    }
    return true;
  }

  GameState &state;
  const Game &game;
  const AccessIndex &index;
  std::vector<Item> items;
  Replay result;
};

} // namespace

Replay mempl::replayPlan(GameState &state, const Plan &plan,
                         ReplayOrder order) {
  Plan ordered = withoutOrder(plan);
  return Replayer(state, ordered).run(order);
}
