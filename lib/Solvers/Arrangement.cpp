//===- Arrangement.cpp - a program in an order of steps -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"

#include "mempl/Solvers/ConstrainedPlacement.h"

using namespace mempl;

void mempl::sortByLatency(std::vector<DecodedPlan> &plans) {
  llvm::stable_sort(plans, [](const DecodedPlan &a, const DecodedPlan &b) {
    return a.latency < b.latency;
  });
}

DecodedPlan mempl::planByPass(Arrangement &arrangement, Addressing addressing,
                              llvm::ArrayRef<LoopChoices> loops,
                              const Plan &begin, const PassOrder &order,
                              const Deadline &deadline) {
  PlanEditor editor = arrangement.editor(addressing);
  loadPlan(editor, loops, begin);
  const UseIntervalForest &forest = arrangement.intervals();
  if (!editor.isLegal() && !placeConstrained(editor, forest))
    return {};
  GreedyPass(editor, forest, order.nodes, order.awaitsEarly, deadline).run();
  return {editor.plan(), editor.latency()};
}
