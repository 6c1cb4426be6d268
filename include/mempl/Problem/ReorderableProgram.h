//===- ReorderableProgram.h - steps that change places ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a search over orders works on: a program whose steps change places, a
// few neighbouring ones at a time, and its index, which follows. A change costs
// what is accessed at the places that it is about.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_REORDERABLEPROGRAM_H
#define MEMPL_PROBLEM_REORDERABLEPROGRAM_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/StepOrder.h"

namespace mempl {

/// A copy of a program in some order of its steps, with its index.
class ReorderableProgram {
public:
  /// `order` must be valid for the program (isValidOrder()); empty: its own.
  /// What `whole` refers to must outlive this.
  ReorderableProgram(InstanceRef whole, std::vector<int32_t> order);
  ReorderableProgram(const ReorderableProgram &) = delete;

  /// Of the program as its steps stand now.
  const AccessIndex &index() const { return accesses; }
  /// The program of which it is a copy.
  InstanceRef instance() const { return whole; }
  /// Of that program, by its steps.
  const StepDependencies &dependencies() const { return depends; }

  /// The steps in the order in which they stand now.
  const std::vector<int32_t> &order() const { return steps; }
  int32_t stepAt(int32_t place) const { return steps[place]; }
  int32_t placeOf(int32_t step) const { return places[step]; }
  /// The first and the last place at which the step at `place` could be if the
  /// others stayed in their order.
  int32_t firstPlaceFor(int32_t place) const;
  int32_t lastPlaceFor(int32_t place) const;

  /// The step at first + k goes to first + `to[k]`, a permutation that must
  /// keep all dependencies. Returns the uses that have other numbers then.
  llvm::SmallVector<AccessIndex::Renumbered, 16>
  reorder(int32_t first, llvm::ArrayRef<int32_t> to);

private:
  InstanceRef whole;
  StepDependencies depends;
  std::vector<int32_t> steps, places;
  Program ordered;
  AccessIndex accesses;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_REORDERABLEPROGRAM_H
