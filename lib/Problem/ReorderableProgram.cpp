//===- ReorderableProgram.cpp - steps that change places ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ReorderableProgram.h"

#include <algorithm>
#include <cassert>
#include <numeric>

using namespace mempl;

static std::vector<int32_t> orderOr(std::vector<int32_t> order,
                                    int32_t numSteps) {
  if (order.empty()) {
    order.resize(numSteps);
    std::iota(order.begin(), order.end(), 0);
  }
  return order;
}

ReorderableProgram::ReorderableProgram(InstanceRef whole,
                                       std::vector<int32_t> order)
    : whole(whole), depends(whole.program),
      steps(orderOr(std::move(order), whole.numSteps())), places(steps.size()),
      ordered(inOrder(whole.program, steps)),
      accesses(InstanceRef(whole.machine, ordered)) {
  assert(isPermutation(steps, whole.numSteps()) && "not an order");
  for (size_t k = 0; k < steps.size(); ++k)
    places[steps[k]] = static_cast<int32_t>(k);
}

int32_t ReorderableProgram::firstPlaceFor(int32_t place) const {
  int32_t first = 0;
  for (int32_t step : depends.before(steps[place]))
    first = std::max(first, places[step] + 1);
  return first;
}

int32_t ReorderableProgram::lastPlaceFor(int32_t place) const {
  int32_t last = whole.numSteps() - 1;
  for (int32_t step : depends.after(steps[place]))
    last = std::min(last, places[step] - 1);
  return last;
}

llvm::SmallVector<AccessIndex::Renumbered, 16>
ReorderableProgram::reorder(int32_t first, llvm::ArrayRef<int32_t> to) {
  auto count = static_cast<int32_t>(to.size());
  llvm::SmallVector<Step, 16> moved;
  llvm::SmallVector<int32_t, 32> numbers(steps.begin() + first,
                                         steps.begin() + first + count);
  for (int32_t k = 0; k < count; ++k)
    moved.push_back(std::move(ordered.steps[first + k]));
  for (int32_t k = 0; k < count; ++k) {
    ordered.steps[first + to[k]] = std::move(moved[k]);
    steps[first + to[k]] = numbers[k];
    places[numbers[k]] = first + to[k];
  }
  return accesses.reorder(first, to);
}
