//===- StepOrder.h - the order in which steps run ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which steps of a program have to stay before which, and a program whose steps
// stand in the order of a plan. Whoever looks at a plan with an order looks at
// it through OrderedProblem: everything else sees programs that run as they
// stand.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_STEPORDER_H
#define MEMPL_PROBLEM_STEPORDER_H

#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace mempl {

/// The dependencies of a program: step j depends on an earlier step i if both
/// access one value and one of them writes it, or if `after` of j has i. Those
/// that follow from others are left out where that is easy to see, so that
/// there are about as many as accesses.
class StepDependencies {
public:
  explicit StepDependencies(const Program &program);

  int32_t numSteps() const { return static_cast<int32_t>(begin[0].size()) - 1; }
  /// Earlier steps that `step` depends on, in ascending order.
  llvm::ArrayRef<int32_t> before(int32_t step) const { return of(0, step); }
  /// Later steps that depend on `step`, in ascending order.
  llvm::ArrayRef<int32_t> after(int32_t step) const { return of(1, step); }

private:
  llvm::ArrayRef<int32_t> of(int side, int32_t step) const {
    return llvm::ArrayRef(steps[side])
        .slice(begin[side][step], begin[side][step + 1] - begin[side][step]);
  }

  std::vector<int32_t> begin[2], steps[2];
};

/// Whether `order` has each of the steps 0 .. numSteps - 1 once.
bool isPermutation(llvm::ArrayRef<int32_t> order, int32_t numSteps);

/// Whether a plan may run the steps so: a permutation that keeps all
/// dependencies, and of a program with a fixed order the program's own. An
/// empty order is.
bool isValidOrder(const Program &program, llvm::ArrayRef<int32_t> order);

/// The program with a fixed order that runs the steps so. `order` must be a
/// permutation.
Program inOrder(const Program &program, llvm::ArrayRef<int32_t> order);

/// A plan for inOrder(program, order) as one for the program, and back. Bodies
/// keep their orders.
Plan withOrder(Plan plan, std::vector<int32_t> order);
Plan withoutOrder(Plan plan);

/// A program and a plan for it, with the steps as the plan runs them: what
/// residencies speak of. Both are copied only where the plan has an order, so
/// that they must outlive this.
class OrderedProblem {
public:
  /// The order of the plan, if it has one, must be a permutation.
  OrderedProblem(InstanceRef instance, const Plan &plan);

  InstanceRef instance() const {
    return ordered ? InstanceRef(whole.machine, *ordered) : whole;
  }
  const Plan &plan() const { return orderedPlan ? *orderedPlan : *given; }
  bool isOrdered() const { return !given->order.empty(); }
  /// The step of the program that runs at a place.
  int32_t stepAt(int32_t place) const {
    return isOrdered() ? given->order[place] : place;
  }

private:
  InstanceRef whole;
  const Plan *given;
  std::optional<Program> ordered;
  std::optional<Plan> orderedPlan;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_STEPORDER_H
