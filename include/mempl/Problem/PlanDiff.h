//===- PlanDiff.h - what differs between two plans --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For those who plan again after a small change: which values are elsewhere, at
// other times or at another offset. Steps are those of the program, so that
// plans with different orders can be compared.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PLANDIFF_H
#define MEMPL_PROBLEM_PLANDIFF_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include <string>
#include <vector>

namespace mempl {

/// A value whose residencies differ.
struct ValueChange {
  /// Steps of the loops that lead to its program; empty for the outermost one.
  std::vector<int32_t> path;
  int32_t value = 0; ///< Index in that program.
  std::string name;  ///< As the program has it.
  /// In the order of their beginnings, with steps and boundaries numbered as in
  /// the program, whatever the plan's order. None: it is in slow memory.
  std::vector<Residency> before, after;

  /// Whether only offsets differ.
  bool isMovedOnly() const;
};

struct PlanDiff {
  std::vector<ValueChange> values; ///< By path, then by value.
  int64_t stepsMoved = 0;          ///< Steps that run at another place.

  int64_t numMovedOnly() const;
};

/// What differs between two plans for an instance, loops' bodies included. Both
/// must be valid.
PlanDiff diffPlans(InstanceRef instance, const Plan &before, const Plan &after);

/// "steps 3 to 9 at 1280, copied in from step 2, copied out by step 11".
std::string describe(const Residency &residency);

} // namespace mempl

#endif // MEMPL_PROBLEM_PLANDIFF_H
