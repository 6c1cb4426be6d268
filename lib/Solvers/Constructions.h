//===- Constructions.h - the best plan of several passes --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solvers that construct plans without a search. A pass (GreedyPass.h)
// decides what is in fast memory when, and offsets follow (ProfilePacking.h);
// what that has to drop, a pass with offsets mends. Small programs are passed
// over several times, each time in another order, and the best plan counts.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_CONSTRUCTIONS_H
#define MEMPL_LIB_SOLVERS_CONSTRUCTIONS_H

#include "GreedyPass.h"

#include "mempl/Solvers/Solver.h"

namespace mempl {

/// How one pass goes over the segments of a program.
struct PassOrder {
  std::vector<int32_t> nodes; ///< Of the forest, see GreedyPass.
  bool awaitsEarly = false;
};

/// Orders for the passes over one program: the first ones are the best by
/// themselves, and each adds what those before miss.
class PassOrders {
public:
  virtual ~PassOrders() = default;
  virtual size_t size() const = 0; ///< At least 1.
  virtual PassOrder order(size_t k) const = 0;
};

/// The orders of the solver `greedy`.
std::unique_ptr<PassOrders> ordersByDensity(const AccessIndex &index,
                                            const UseIntervalForest &forest);

/// Solves by passes in given orders.
class ConstructiveSolver : public Solver {
public:
  void declareOptions(SolverOptionTable &table) override;
  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override;

protected:
  /// Refers to both, which outlive it.
  virtual std::unique_ptr<PassOrders>
  makeOrders(const AccessIndex &index,
             const UseIntervalForest &forest) const = 0;

private:
  int64_t mostPasses = 100;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_CONSTRUCTIONS_H
