//===- AccessIndex.h - who accesses what, by value and by step - -*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The accesses of an instance in the two orders that algorithms walk them, with
// the accesses of one value in one step merged into one use, because a plan
// serves them all from the same memory.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_ACCESSINDEX_H
#define MEMPL_PROBLEM_ACCESSINDEX_H

#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace mempl {

/// All accesses of one value in one step.
struct Use {
  int32_t value;
  int32_t step;
  double bytes; ///< Sum over the accesses.
  bool reads;
  bool writes;
  bool startsByWrite; ///< Writes without reading: a residency may begin here.
  bool mustBeSlow;    ///< Constrained by the value or an access.
  bool mustBeFast;
};

/// An index over a valid instance, which it refers to and must not outlive.
class AccessIndex {
public:
  explicit AccessIndex(InstanceRef instance);

  InstanceRef instance() const { return whole; }
  const Machine &machine() const { return whole.machine; }
  const Program &program() const { return whole.program; }
  int32_t numSteps() const { return whole.numSteps(); }
  int32_t numValues() const { return whole.numValues(); }
  int32_t numUses() const { return static_cast<int32_t>(uses.size()); }

  /// Uses are numbered value by value, in step order.
  const Use &use(int32_t id) const { return uses[id]; }
  int32_t firstUse(int32_t value) const { return valueBegin[value]; }
  int32_t endUse(int32_t value) const { return valueBegin[value + 1]; }
  llvm::ArrayRef<Use> usesOf(int32_t value) const {
    return llvm::ArrayRef(uses).slice(firstUse(value),
                                      endUse(value) - firstUse(value));
  }
  /// Use numbers of one step, by value.
  llvm::ArrayRef<int32_t> usesAt(int32_t step) const {
    return llvm::ArrayRef(stepUses).slice(stepBegin[step], stepBegin[step + 1] -
                                                               stepBegin[step]);
  }
  /// First use of `value` at or after `step`; endUse(value) if none.
  int32_t firstUseFrom(int32_t value, int32_t step) const;

  /// Sum of the bytes of all uses of a step.
  double stepBytes(int32_t step) const { return bytesAt[step]; }
  /// Size of a value rounded up to the alignment.
  int64_t roundedSize(int32_t value) const { return sizes[value]; }
  /// Bytes that a residency holds, rounded up to the alignment.
  int64_t roundedBytes(const Residency &r) const { return sizes[r.value]; }

  /// A use that has another number.
  struct Renumbered {
    int32_t from, to;
  };
  /// Follows the program, whose step first + k is now at first +
  /// `places[k]`, a permutation of the steps from `first` on that keeps all
  /// dependencies. Returns the uses whose numbers change; the numbers that they
  /// get are those that they had.
  llvm::SmallVector<Renumbered, 16> reorder(int32_t first,
                                            llvm::ArrayRef<int32_t> places);
  /// The number that a use had at first, before steps changed places.
  int32_t firstNumber(int32_t id) const {
    return firstNumbers.empty() ? id : firstNumbers[id];
  }
  /// The number that the use has now which had number `id` at first.
  int32_t numberNow(int32_t id) const {
    return numbersNow.empty() ? id : numbersNow[id];
  }

private:
  void renumber(int32_t begin, int32_t end,
                llvm::SmallVectorImpl<Renumbered> &changed);

  InstanceRef whole;
  std::vector<Use> uses;
  std::vector<int32_t> valueBegin, stepUses, stepBegin;
  std::vector<int32_t> firstNumbers, numbersNow; // Empty: as at first.
  std::vector<double> bytesAt;
  std::vector<int64_t> sizes;
};

} // namespace mempl

#endif // MEMPL_PROBLEM_ACCESSINDEX_H
