//===- GameTestUtils.h - what tests of the game share --------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H
#define MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H

#include "RandomInstance.h"

#include "mempl/Game/GameState.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

namespace mempl::gametest {

/// Everything that can be seen of a state, as text.
inline std::string describe(GameState &state) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << state.hash() << ' ' << state.isOver() << ' '
     << llvm::format("%.17g %.17g", state.latency(), state.totalReward())
     << '\n';
  writePlan(os, state.isOver() ? state.finalPlan() : state.profile());
  const Game &game = state.game();
  float numbers[kNumNodeFeatures], all[kNumStateFeatures];
  for (int32_t node = 0; node < game.numNodes(); ++node) {
    os << state.mayFit(node);
    state.nodeFeatures(node, numbers);
    for (float x : numbers)
      os << ' ' << llvm::format("%.9g", x);
    os << '\n';
  }
  state.stateFeatures(all);
  for (float x : all)
    os << ' ' << llvm::format("%.9g", x);
  for (Action a : state.legalActions())
    os << ' ' << game.numberOf(a);
  return text;
}

inline void expectValid(const Instance &instance, const Plan &plan) {
  for (const Violation &violation : verify(instance, plan))
    ADD_FAILURE() << violation.str();
}

/// A game of `instance`, which must have one.
inline std::shared_ptr<const Game> gameOf(Instance instance,
                                          GameOptions options = {}) {
  return llvm::cantFail(Game::create(std::move(instance), std::move(options)));
}

inline Instance realProgram(llvm::StringRef name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name.str() + ".v5e.instance.json.gz"));
}

/// Programs so small that all plays of them can be tried.
inline RandomInstanceOptions tiny() {
  RandomInstanceOptions options;
  options.minSteps = 3;
  options.maxSteps = 5;
  options.maxValues = 3;
  options.maxAccesses = 2;
  options.maxCapacityUnits = 6;
  options.maxSizeUnits = 3;
  options.maxLoopDepth = 0;
  options.fastOrderChance = 0;
  options.carriedChance = 0;
  return options;
}

/// A random legal action; Stop rarely.
inline Action anyAction(GameState &state, Random &random) {
  std::vector<Action> legal = state.legalActions();
  if (legal.size() == 1 || random.chance(0.03))
    return {};
  // Each kind that there is as often.
  std::vector<Action> ofKind;
  while (ofKind.empty()) {
    auto kind = static_cast<Action::Kind>(1 + random.below(Action::kNumKinds));
    for (Action a : legal)
      if (a.kind == kind)
        ofKind.push_back(a);
  }
  return ofKind[random.below(ofKind.size())];
}

} // namespace mempl::gametest

#endif // MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H
