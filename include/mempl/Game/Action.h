//===- Action.h - what a player of mallocGame may answer --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The three answers, sets of them, and one number for each of them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_ACTION_H
#define MEMPL_GAME_ACTION_H

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>

namespace mempl {

/// How an access is served; GameState.h has the rules.
enum class Action : uint8_t { NoCopy = 0, Copy = 1, Drop = 2 };
inline constexpr int kNumActions = 3;
inline constexpr std::array<Action, kNumActions> kActions = {
    Action::NoCopy, Action::Copy, Action::Drop};

/// A set of actions: bit `1 << action`.
using ActionMask = uint8_t;
constexpr ActionMask maskOf(Action a) {
  return static_cast<ActionMask>(1 << static_cast<int>(a));
}
constexpr bool contains(ActionMask mask, Action a) {
  return (mask & maskOf(a)) != 0;
}

/// A number for each action, by its value.
using PerAction = std::array<float, kNumActions>;

/// "NoCopy", "Copy" or "Drop".
llvm::StringRef actionName(Action a);

} // namespace mempl

#endif // MEMPL_GAME_ACTION_H
