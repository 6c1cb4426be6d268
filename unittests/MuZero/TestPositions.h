//===- TestPositions.h - positions and networks for tests -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_MUZERO_TESTPOSITIONS_H
#define MEMPL_UNITTESTS_MUZERO_TESTPOSITIONS_H

#include "mempl/MuZero/GameNetwork.h"
#include "mempl/Support/Random.h"

namespace mempl::gametest {

/// A position after some random actions, with random priors.
inline GamePosition somePosition(const std::shared_ptr<const Game> &game,
                                 uint64_t seed) {
  Random random(seed, "position");
  GameState state(game);
  auto legalNow = [&] {
    std::vector<Action> legal = state.legalActions();
    llvm::erase(legal, Action());
    return legal;
  };
  for (uint64_t moves = random.below(6); moves > 0 && !legalNow().empty();
       --moves) {
    std::vector<Action> legal = legalNow();
    state.apply(legal[random.below(legal.size())]);
  }
  GamePosition position;
  state.stateFeatures(position.state);
  for (Action a : legalNow()) {
    if (position.size() == 20 || random.chance(0.3))
      continue;
    position.actions.push_back(a);
    position.around.resize(position.around.size() + kNumNodeFeatures);
    state.nodeFeatures(
        a.node,
        llvm::MutableArrayRef(position.around).take_back(kNumNodeFeatures));
  }
  position.actions.push_back({});
  position.around.resize(position.around.size() + kNumNodeFeatures, 0);
  for (int32_t i = 0; i < position.size(); ++i)
    position.priors.push_back(static_cast<float>(4 * random.uniform() - 2));
  return position;
}

/// A network with random numbers in all arrays.
inline GameNetwork randomNetwork(uint64_t seed) {
  Random random(seed, "network");
  GameNetwork network;
  for (int32_t id = 0; id < GameNetwork::Array::kCount; ++id) {
    auto which = static_cast<GameNetwork::Array::Id>(id);
    std::vector<float> numbers = network.array(which).vec();
    for (float &x : numbers)
      x = static_cast<float>(0.6 * random.uniform() - 0.3);
    network.setArray(which, std::move(numbers));
  }
  return network;
}

} // namespace mempl::gametest

#endif // MEMPL_UNITTESTS_MUZERO_TESTPOSITIONS_H
