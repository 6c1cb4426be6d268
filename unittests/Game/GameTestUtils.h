//===- GameTestUtils.h - what tests of the game share -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H
#define MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H

#include "RandomInstance.h"

#include "mempl/Game/Episodes.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

#include <deque>

namespace mempl::gametest {

/// Everything that can be seen of a state, as text.
inline std::string describe(const GameState &game) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << game.hash() << ' ' << llvm::format_hex(game.legalActions(), 4) << ' '
     << game.decisionNode() << ' ' << llvm::format("%.17g", game.latency())
     << '\n';
  writePlan(os, game.planSoFar());
  const PartialPlan &plan = game.partialPlan();
  for (size_t i = 0; i < plan.usedBytes().size(); ++i)
    os << plan.usedBytes()[i] << ' ' << plan.claimedBytes()[i] << '\n';
  return text;
}

/// A random legal action; in odd rounds rather a fast one.
inline Action anyAction(const GameState &game, Random &random, int round) {
  for (;;) {
    Action a = kActions[random.below(kNumActions)];
    if (!game.isLegal(a) ||
        (round % 2 == 1 && a == Action::Drop && random.chance(0.8)))
      continue;
    return a;
  }
}

inline void expectValid(const Instance &instance, const Plan &plan) {
  for (const Violation &violation : verify(instance, plan))
    ADD_FAILURE() << violation.str();
}

/// A game of `instance`, which must have one.
inline GameState gameOf(Instance instance, GameOptions options = {}) {
  return GameState(llvm::cantFail(Game::create(std::move(instance), options)));
}

/// Games of random programs with that many decisions on some way.
inline std::deque<GameState> someGames(size_t count, int32_t least,
                                       int32_t most, llvm::StringRef purpose) {
  std::deque<GameState> games;
  RandomInstanceOptions options;
  options.minSteps = 4;
  options.maxSteps = 8;
  options.maxValues = 5;
  options.fastOrderChance = 0;
  for (uint64_t seed = 0; games.size() < count; ++seed) {
    Random random(seed, purpose);
    auto program = Game::create(randomInstance(random, options));
    if (!program) {
      llvm::consumeError(program.takeError());
      continue;
    }
    if ((*program)->numNodes() < least || (*program)->numNodes() > most)
      continue;
    if (games.emplace_back(*program).isOver())
      games.pop_back();
  }
  return games;
}

} // namespace mempl::gametest

#endif // MEMPL_UNITTESTS_GAME_GAMETESTUTILS_H
