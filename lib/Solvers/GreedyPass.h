//===- GreedyPass.h - places segments one after the other ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What makes a plan of an order of segments, the intervals of
// UseIntervalForest.h. Each is placed if there is room, and kept if the latency
// falls. An interval whose parts are placed already replaces them if that is
// better. Near-linear: a candidate costs what is near to it in time.
//
// While most values are still in slow memory, steps leave no bandwidth to
// copies: a copy then seems to take long, and is worth nothing. So after all
// have been tried copies are timed anew, and those that failed are tried once
// more.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_GREEDYPASS_H
#define MEMPL_LIB_SOLVERS_GREEDYPASS_H

#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/UseIntervalForest.h"

namespace mempl {

/// Units of the budget that a pass over a program counts for, or to load a plan
/// of it; 0 for a small one.
inline int64_t movesPerPass(const AccessIndex &index) {
  constexpr int64_t usesPerMove = 16;
  return index.numUses() / usesPerMove;
}

/// A pass over a plan.
class GreedyPass {
public:
  /// Goes over `nodes` of the forest in their order. `awaitsEarly`: copies out
  /// are awaited as soon as their value is not used any more; where little
  /// bandwidth is left they would hold their memory for long.
  GreedyPass(PlanEditor &editor, const UseIntervalForest &forest,
             llvm::ArrayRef<int32_t> nodes, bool awaitsEarly,
             const Deadline &deadline)
      : editor(editor), index(editor.index()), forest(forest), nodes(nodes),
        deadline(deadline), placer(editor) {
    style.awaitEarly = awaitsEarly;
  }

  void run();

private:
  void tryAll();
  void tryCandidate(int32_t id);
  void timeCopiesAnew();
  void carryOver();
  bool isCarried(int32_t value) const;
  int32_t firstStay(int32_t value) const;
  bool carry(int32_t value, int32_t lastUse);

  PlanEditor &editor;
  const AccessIndex &index;
  const UseIntervalForest &forest;
  llvm::ArrayRef<int32_t> nodes;
  const Deadline &deadline;
  PlacementStyle style;
  UseIntervalPlacer placer;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_GREEDYPASS_H
