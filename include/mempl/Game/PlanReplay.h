//===- PlanReplay.h - plays a plan in mallocGame ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which actions lead to a plan of any solver, or near to it: what a policy can
// be taught from good plans, and what shows whether the rules can say them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_PLANREPLAY_H
#define MEMPL_GAME_PLANREPLAY_H

#include "mempl/Game/GameState.h"

namespace mempl {

/// The order in which a plan is played.
enum class ReplayOrder : uint8_t {
  Time,   ///< By the step at which a residency takes memory; loses least.
  List,   ///< As the plan lists them.
  Density ///< Those first that gain most per byte and second of their life.
};

struct Replay {
  std::vector<Action> actions; ///< The last one is Stop.
  int32_t numMissed = 0; ///< Residencies of which something was not legal.
  double latency = 0;    ///< Of the final plan, seconds.
};

/// Plays `plan`, a valid one for the instance, with the order of steps and the
/// plans of loops of the game, from the state, which must not be over and is so
/// afterwards.
Replay replayPlan(GameState &state, const Plan &plan, ReplayOrder order);

/// The options of a game in which `plan` can be played.
GameOptions optionsOf(const Plan &plan);

} // namespace mempl

#endif // MEMPL_GAME_PLANREPLAY_H
