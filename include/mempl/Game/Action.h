//===- Action.h - what a player of mallocGame may do ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GameState.h has the rules.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_ACTION_H
#define MEMPL_GAME_ACTION_H

#include <cstdint>

namespace mempl {

/// An action: what to do with a segment, a node of the UseIntervalForest.
struct Action {
  enum Kind : uint8_t {
    Stop,    ///< Ends the game; there is one of it, and its node is -1.
    Place,   ///< Takes the segment into fast memory, by itself.
    Extend,  ///< Takes it into fast memory together with the accesses just
             ///< before, which are there already, and with what is between.
    TakeOut, ///< Leaves in slow memory again what is served with it.
    Carry    ///< Has the run before leave its value in fast memory, up to the
             ///< last access of the segment.
  };
  /// Kinds that are about a segment.
  static constexpr int32_t kNumKinds = 4;

  Kind kind = Stop;
  int32_t node = -1;

  bool operator==(const Action &) const = default;
};

} // namespace mempl

#endif // MEMPL_GAME_ACTION_H
