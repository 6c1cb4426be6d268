//===- LowerBoundTree.h - branch and bound on the relaxation ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prices let a value be half in fast memory: what a mixture of its paths costs
// is all that they can ask for. The tree asks for whole decisions. A node is a
// set of plans: those that agree with a few decisions (a visit is slow or fast,
// a value has its bytes throughout a gap or not: what is a fact of a plan, and
// not of the paths that it is made of). Its children decide one more, so that
// every plan of a node is in one of them, and the least of the bounds of the
// leaves is a bound for all plans. The leaf with the least one is always the
// next to be branched.
//
// The bound of a node is the dual function at some prices, which is valid
// whatever they are: no tolerance of a solver of linear programs comes in.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_LOWERBOUNDTREE_H
#define MEMPL_LIB_PROBLEM_LOWERBOUNDTREE_H

#include "LowerBoundAscent.h"
#include "LowerBoundMaster.h"

#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace mempl::bound {

class Tree {
public:
  /// `root` has been climbed; its best prices are where the tree starts.
  Tree(const Model &model, const LowerBoundOptions &options,
       const Ascent &root);

  /// Branches until the options say stop.
  void grow();

  double best = 0;        ///< No plan is faster, seconds.
  int64_t iterations = 0; ///< Evaluations of the dual function.
  int64_t nodes = 0;      ///< Sets of plans that were bounded.

private:
  using SharedPrices = std::shared_ptr<const std::vector<double>>;
  struct Node {
    double bound = 0;
    int64_t number = 0; ///< Ties go to the older one.
    SharedPrices prices;
    std::vector<Decision> decisions;
  };
  struct IsLess {
    bool operator()(const Node &a, const Node &b) const {
      return a.bound != b.bound ? a.bound > b.bound : a.number > b.number;
    }
  };

  bool isDone() const;
  /// A set of plans that are no faster is not branched.
  double target() const {
    return options.knownLatency > 0
               ? options.knownLatency * (1 - kProvenOptimal / 2)
               : kNever;
  }
  Summit climb(const Node &node, const Model &restricted);
  bool isLeaf(const Node &node, const Model &restricted, const Summit &summit);
  void branch(const Node &node);

  const Model &model;
  const LowerBoundOptions &options;
  std::priority_queue<Node, std::vector<Node>, IsLess> open;
  double closed = kNever; ///< Least bound of leaves that are not branched.
  int64_t made = 0;
  std::optional<Master> master;
};

} // namespace mempl::bound

#endif // MEMPL_LIB_PROBLEM_LOWERBOUNDTREE_H
