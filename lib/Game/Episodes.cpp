//===- Episodes.cpp - ways to play without a network ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Greedy, random and noisy play, replay of plans, and depth-first search over
// all plays with undo. Greedy play costs up to three actions and undos per
// question; the exhaustive search up to three to the number of questions.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Episodes.h"

#include "mempl/Problem/Simulator.h"

#include <cmath>
#include <limits>

using namespace mempl;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The action of `mask`, a subset of the legal ones, with the largest reward.
static Action bestOf(GameState &game, ActionMask mask) {
  Action best = Action::Drop;
  double bestReward = -kInfinity;
  for (Action a : {Action::NoCopy, Action::Drop, Action::Copy}) {
    if (!contains(mask, a))
      continue;
    if (mask == maskOf(a))
      return a;
    double reward = game.apply(a);
    game.undo();
    if (reward > bestReward) {
      best = a;
      bestReward = reward;
    }
  }
  return best;
}

Action mempl::greedyAction(GameState &game) {
  return bestOf(game, game.legalActions());
}

static Action randomAction(const GameState &game, Random &random) {
  Action legal[kNumActions];
  size_t count = 0;
  for (Action a : kActions)
    if (game.isLegal(a))
      legal[count++] = a;
  return legal[random.below(count)];
}

template <typename F> static EpisodeResult playBy(GameState &game, F choose) {
  EpisodeResult result;
  while (!game.isOver()) {
    Action a = choose();
    game.apply(a);
    result.actions.push_back(a);
  }
  result.latency = game.latency();
  return result;
}

EpisodeResult mempl::playGreedily(GameState &game) {
  return playBy(game, [&] { return greedyAction(game); });
}

EpisodeResult mempl::playRandomly(GameState &game, Random &random) {
  return playBy(game, [&] { return randomAction(game, random); });
}

EpisodeResult mempl::playNoisily(GameState &game, Random &random,
                                 double noise) {
  return playBy(game, [&] {
    return random.chance(noise) ? randomAction(game, random)
                                : greedyAction(game);
  });
}

EpisodeResult mempl::bestOfSamples(GameState &game, int32_t count,
                                   uint64_t seed) {
  EpisodeResult best;
  best.latency = kInfinity;
  int32_t here = game.numApplied();
  for (int32_t k = 0; k < count; ++k) {
    Random random(seed + static_cast<uint64_t>(k) * 0x9e3779b97f4a7c15u,
                  "game samples");
    double noise = std::exp2(-8 * random.uniform());
    EpisodeResult episode =
        k == 0 ? playGreedily(game) : playNoisily(game, random, noise);
    while (game.numApplied() > here)
      game.undo();
    if (episode.latency < best.latency)
      best = std::move(episode);
  }
  return best;
}

double mempl::playActions(GameState &game, llvm::ArrayRef<Action> actions) {
  double sum = 0;
  for (Action a : actions)
    sum += game.apply(a);
  return sum;
}

//===----------------------------------------------------------------------===//
// Replay
//===----------------------------------------------------------------------===//

namespace {

/// What a plan says about the accesses of a program.
class PlanReader {
public:
  PlanReader(const AccessIndex &index, const Plan &plan)
      : index(index), byValue(index.numValues()) {
    for (const Residency &r : plan.residencies)
      byValue[r.value].push_back(&r);
  }

  bool isEverFast(int32_t value) const { return !byValue[value].empty(); }

  Action actionFor(const DecisionNode &node) const {
    if (node.use < 0) {
      for (const Residency *r : byValue[node.value])
        if (r->isKept())
          return r->last == index.numSteps() - 1 ? Action::NoCopy
                                                 : Action::Copy;
      return Action::Drop;
    }
    const Residency *r = server(node.use);
    if (!r)
      return Action::Drop;
    bool begins =
        node.use == index.firstUse(node.value) || server(node.use - 1) != r;
    return begins && r->copiedIn() ? Action::Copy : Action::NoCopy;
  }

private:
  const Residency *server(int32_t u) const {
    const Use &use = index.use(u);
    for (const Residency *r : byValue[use.value])
      if (r->serves(use.step))
        return r;
    return nullptr;
  }

  const AccessIndex &index;
  std::vector<llvm::SmallVector<const Residency *, 2>> byValue;
};

} // namespace

std::vector<Action> mempl::actionsOfPlan(const GameState &game) {
  Plan plan = game.planSoFar();
  PlanReader reader(game.index(), plan);
  std::vector<Action> actions;
  for (const DecisionNode &node : game.program().nodes())
    actions.push_back(reader.actionFor(node));
  return actions;
}

PlayedPlan mempl::playPlan(GameState &game, const Plan &plan) {
  PlayedPlan result;
  PlanReader reader(game.index(), plan);
  result.planLatency = simulateLatency(game.program().instance(), plan);
  bool byValue = game.program().options().moves == MoveSize::Value;
  result.episode = playBy(game, [&] {
    const DecisionNode &node = game.decision();
    Action wanted = reader.actionFor(node);
    if (byValue && node.use >= 0) {
      Action fast =
          game.isLegal(Action::NoCopy) ? Action::NoCopy : Action::Copy;
      wanted = reader.isEverFast(node.value) ? fast : Action::Drop;
    }
    ++result.numAsked;
    if (game.isLegal(wanted))
      return wanted;
    ++result.numMissed;
    return bestOf(game, game.legalActions());
  });
  return result;
}

//===----------------------------------------------------------------------===//
// All plays
//===----------------------------------------------------------------------===//

static void searchAll(GameState &game, std::vector<Action> &path,
                      EpisodeResult &best) {
  if (game.isOver()) {
    if (game.latency() < best.latency) {
      best.latency = game.latency();
      best.actions = path;
    }
    return;
  }
  for (Action a : kActions) {
    if (!game.isLegal(a))
      continue;
    game.apply(a);
    path.push_back(a);
    searchAll(game, path, best);
    path.pop_back();
    game.undo();
  }
}

EpisodeResult mempl::exhaustiveBest(GameState &game) {
  EpisodeResult best;
  best.latency = kInfinity;
  std::vector<Action> path;
  searchAll(game, path, best);
  return best;
}
