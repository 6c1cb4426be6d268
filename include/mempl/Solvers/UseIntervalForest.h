//===- UseIntervalForest.h - the intervals of uses worth a residency ----- -*-
// C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each value the intervals of neighbouring uses that a residency may serve:
// every single use, and every union that merging neighbours in the order of
// their distance goes through. That is a binary tree per value (the Cartesian
// tree of the gaps), so there are fewer than two intervals per use, and the
// large ones leave out no gap that is shorter than one they span.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_USEINTERVALFOREST_H
#define MEMPL_SOLVERS_USEINTERVALFOREST_H

#include "mempl/Solvers/UseIntervalPlacer.h"

namespace mempl {

/// A node of a value's tree.
struct UseIntervalNode {
  UseInterval interval;
  int32_t value;
  int32_t left = -1, right = -1; ///< Children; -1 for a single use.
  int32_t gap = 0; ///< Longest distance between neighbours, in steps.
  /// Seconds saved if all uses were fast and everything else slow: the share of
  /// the bytes in what their steps lose by being all slow.
  double benefit = 0;
  /// Steps from the first use to the last one, both included.
  int32_t steps(const AccessIndex &index) const {
    return index.use(interval.last).step - index.use(interval.first).step + 1;
  }
};

/// The trees of all values.
class UseIntervalForest {
public:
  /// Runs across uses that are constrained to be slow are left out, and so is
  /// every value that cannot fit into `capacity` bytes.
  UseIntervalForest(const AccessIndex &index, int64_t capacity);

  llvm::ArrayRef<UseIntervalNode> nodes() const { return all; }
  const UseIntervalNode &node(int32_t id) const { return all[id]; }
  /// Roots of the trees of one value, in the order of time: more than one where
  /// uses constrained to be slow lie between.
  llvm::ArrayRef<int32_t> rootsOf(int32_t value) const {
    return llvm::ArrayRef(roots).slice(rootBegin[value],
                                       rootBegin[value + 1] - rootBegin[value]);
  }
  /// Values that a run may leave for the next one (rule V10) and that gain from
  /// it, in the order of their first use; none where the machine allows none.
  llvm::ArrayRef<int32_t> carriable() const { return carried; }
  /// Seconds saved by one use alone; see UseIntervalNode::benefit.
  double useBenefit(int32_t use) const { return benefits[use]; }

private:
  void addTree(const AccessIndex &index, int32_t first, int32_t end);
  void findCarriable(const AccessIndex &index);

  std::vector<UseIntervalNode> all;
  std::vector<int32_t> roots, rootBegin, carried;
  std::vector<double> benefits;
};

/// Nodes of the forest, the one with the highest priority first; those that
/// gain nothing are left out. `priority`: one finite number per node. Of equal
/// ones, the earlier in the program, then the longer.
std::vector<int32_t> nodesByPriority(const AccessIndex &index,
                                     const UseIntervalForest &forest,
                                     llvm::ArrayRef<double> priority);

} // namespace mempl

#endif // MEMPL_SOLVERS_USEINTERVALFOREST_H
