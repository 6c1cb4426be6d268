//===- Finish.h - from a profile to a plan ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What Stop does. While most values are still in slow memory, steps leave no
// bandwidth to copies, and when they are best issued shows at the end only: all
// copies are timed anew, one after the other, each in the best of a few ways.
// Then residencies get offsets. Those that find none are given up, and tried
// once more beside the others.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_GAME_FINISH_H
#define MEMPL_LIB_GAME_FINISH_H

#include "mempl/Game/Game.h"

namespace mempl {

/// Times the copies of a profile anew; it gets no slower.
void timeCopiesAnew(PlanEditor &editor);

struct FinishedPlan {
  Plan plan; ///< For the program in the order of the game.
  double latency = 0;
};

/// A valid plan for a legal profile of the game.
FinishedPlan pack(const Game &game, PlanEditor &profile);

} // namespace mempl

#endif // MEMPL_LIB_GAME_FINISH_H
