//===- SelfPlay.cpp - games played by search ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slot goes on with its next move as soon as its search is finished; searches
// of different sizes do not wait for each other.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/SelfPlay.h"

#include <cassert>

using namespace mempl;

SelfPlay::SelfPlay(Evaluator &evaluator, const SelfPlayOptions &options,
                   uint64_t seed)
    : options(options),
      search(evaluator, options.mode, options.slots,
             std::max(options.search.simulations, options.quickSimulations)),
      seed(seed), slots(options.slots) {}

SelfPlay::NextGame SelfPlay::gamesOf(std::shared_ptr<const Game> program,
                                     int32_t count) {
  return [program = std::move(program), count](
             uint64_t k, uint64_t &, int32_t &) -> std::shared_ptr<const Game> {
    return k < static_cast<uint64_t>(count) ? program : nullptr;
  };
}

void SelfPlay::beginMove(int32_t index) {
  Slot &slot = slots[index];
  auto move = static_cast<uint64_t>(slot.trajectory.length());
  SearchSettings settings = options.search;
  slot.isFull = true;
  if (options.fullShare < 1) {
    Random random(seed ^ (slot.number * 0x9e3779b97f4a7c15u) ^ move,
                  "full search");
    slot.isFull = random.chance(options.fullShare);
    if (!slot.isFull)
      settings.simulations = options.quickSimulations;
  }
  PerAction noise = {};
  if (options.noise > 0) {
    noise = GameTree::gumbelNoise(seed, slot.number, move);
    for (float &g : noise)
      g *= options.noise;
  }
  search.begin(index, *slot.game, settings, noise);
}

void SelfPlay::endMove(int32_t index) {
  Slot &slot = slots[index];
  const GameTree &tree = search.tree(index);
  Trajectory &t = slot.trajectory;
  auto a = static_cast<Action>(tree.bestAction());
  bool hasTarget = slot.isFull && options.search.simulations > 0;
  t.actions.push_back(a);
  t.policies.push_back(hasTarget ? tree.improvedPolicy() : PerAction{});
  t.values.push_back(tree.improvedValue());
  t.rewards.push_back(
      static_cast<float>(slot.game->apply(a) / slot.game->program().scale()));
  for (int32_t n : tree.visits())
    simulations += n;
  ++moves;
}

bool SelfPlay::step(const NextGame &next, const Finished &finished) {
  bool isPlaying = false;
  for (int32_t i = 0; i < options.slots; ++i) {
    Slot &slot = slots[i];
    while (!slot.game && !isExhausted) {
      Trajectory fresh;
      slot.number = numBegun;
      auto program = next(numBegun, slot.number, fresh.program);
      if (!program) {
        isExhausted = true;
        break;
      }
      fresh.weightsVersion = version;
      ++numBegun;
      slot.trajectory = std::move(fresh);
      slot.game = std::make_unique<GameState>(std::move(program));
      if (!slot.game->isOver()) {
        beginMove(i);
        break;
      }
      slot.trajectory.latency = slot.game->latency();
      finished(*slot.game, slot.number, std::move(slot.trajectory));
      slot.game.reset();
    }
    isPlaying |= slot.game != nullptr;
  }
  if (!isPlaying)
    return false;
  done.clear();
  search.step(done);
  for (int32_t i : done) {
    Slot &slot = slots[i];
    endMove(i);
    if (!slot.game->isOver()) {
      beginMove(i);
      continue;
    }
    Trajectory &t = slot.trajectory;
    t.latency = slot.game->latency();
    t.totalReturn = static_cast<float>(slot.game->totalReward() /
                                       slot.game->program().scale());
    finished(*slot.game, slot.number, std::move(t));
    slot.game.reset();
  }
  return true;
}
