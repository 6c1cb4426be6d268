//===- Greedy.h - the heuristic that other solvers start from - -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_GREEDY_H
#define MEMPL_SOLVERS_GREEDY_H

#include "mempl/Solvers/UseIntervalForest.h"

#include <functional>

namespace mempl {

/// How one greedy pass orders and places its candidates: by benefit /
/// (size ^ sizePower * time held ^ timePower).
struct GreedyOrder {
  double sizePower = 1;
  double timePower = 1;
  PlacementStyle style;
  /// Seconds before each step, and after the last, if everything was slow.
  std::vector<double> slowStart;
};

/// The orders worth trying, the best on average first.
std::vector<GreedyOrder> greedyOrders(const AccessIndex &index);

/// Places what is constrained to be fast. False if no way was found; the editor
/// is then not legal.
bool placeConstrained(PlanEditor &editor, const UseIntervalForest &forest);

/// One pass over all intervals.
void greedyPass(PlanEditor &editor, const UseIntervalForest &forest,
                const GreedyOrder &order,
                const std::function<bool()> &cancelled);

} // namespace mempl

#endif // MEMPL_SOLVERS_GREEDY_H
