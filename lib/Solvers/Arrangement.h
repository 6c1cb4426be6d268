//===- Arrangement.h - a program in the order of a plan ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What those need who improve plans, for a program whose order is fixed and for
// one whose order is free.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_ARRANGEMENT_H
#define MEMPL_LIB_SOLVERS_ARRANGEMENT_H

#include "Annealer.h"
#include "Constructions.h"

#include "mempl/Solvers/PolicyDecoder.h"

namespace mempl {

/// A program as it stands, or free to change its order, which is that of a plan
/// to begin with.
class Arrangement {
public:
  /// The index is of the program as it stands, and must outlive this.
  Arrangement(const AccessIndex &own, const Plan &plan, bool isFree)
      : own(own), program(isFree ? std::make_unique<ReorderableProgram>(
                                       own.instance(), plan.order)
                                 : nullptr),
        forest(index(), own.machine().capacity) {}

  const AccessIndex &index() const { return program ? program->index() : own; }
  const UseIntervalForest &intervals() const { return forest; }

  // Of these, at most one at a time may change the order.
  Annealer annealer(llvm::ArrayRef<LoopChoices> loops,
                    const SolverContext &context, const Deadline &deadline,
                    Addressing addressing) {
    if (!program)
      return {own, forest, loops, context, deadline, addressing};
    return {*program, forest, loops, context, deadline, addressing};
  }
  PlanEditor editor(Addressing addressing) {
    if (!program)
      return PlanEditor(own, -1, addressing);
    return PlanEditor(*program, -1, addressing);
  }

private:
  const AccessIndex &own;
  std::unique_ptr<ReorderableProgram> program;
  UseIntervalForest forest;
};

/// Puts the fastest first.
void sortByLatency(std::vector<DecodedPlan> &plans);

/// What one pass adds to a plan in the order of the arrangement.
DecodedPlan planByPass(Arrangement &arrangement, Addressing addressing,
                       llvm::ArrayRef<LoopChoices> loops, const Plan &begin,
                       const PassOrder &order, const Deadline &deadline);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_ARRANGEMENT_H
