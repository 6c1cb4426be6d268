//===- Coverage.h - what a problem leaves out -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bound says what no plan for an instance can beat. Values that cannot be
// placed are slow in every plan: what could be won by making them placeable is
// in no bound, and has to be told beside it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_COVERAGE_H
#define MEMPL_PROBLEM_COVERAGE_H

#include "mempl/Problem/Instance.h"

#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace mempl {

/// Values that cannot be placed for one reason.
struct UncoveredGroup {
  std::string reason; ///< To go on after "it".
  int64_t values = 0;
  double bytes = 0; ///< Of their accesses, in all trips of loops.
};

/// The values of an instance, those of bodies included, that no plan places.
struct Uncovered {
  int64_t values = 0;
  double bytes = 0;    ///< Of their accesses.
  double allBytes = 0; ///< Of the accesses of all values.
  /// By bytes, most first; then by values, then by reason.
  std::vector<UncoveredGroup> groups;
};

/// By value: whether only loops use it, which move no bytes of it themselves.
/// Slices of it are values of their bodies, and what is said of them says all.
std::vector<bool> usedSliceBySlice(const Program &program);

/// Values constrained to slow memory, and those that are larger than fast
/// memory, but for those used slice by slice. Accesses of a loop step to values
/// around it count there, and not again in its body.
Uncovered uncovered(const Instance &instance);

/// "12 values, 3.4 GiB of the 5.0 GiB of traffic", and a line per reason, each
/// after `indent`; at most `mostReasons` of them, and what the rest comes to.
/// Prints nothing where all values can be placed.
void printUncovered(llvm::raw_ostream &os, const Uncovered &uncovered,
                    llvm::StringRef indent, size_t mostReasons = 5);

} // namespace mempl

#endif // MEMPL_PROBLEM_COVERAGE_H
