//===- MuZeroSolverBase.h - the solver muzero itself ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_MUZEROSOLVERBASE_H
#define MEMPL_LIB_MUZERO_MUZEROSOLVERBASE_H

#include "mempl/Solvers/Solver.h"

namespace mempl {

/// What `muzero`, or `muzero+search`, is called, in the module and outside.
class MuZeroSolverBase : public Solver {
public:
  explicit MuZeroSolverBase(bool goesOnBySearch)
      : goesOnBySearch(goesOnBySearch) {}

  llvm::StringRef name() const override {
    return goesOnBySearch ? "muzero+search" : "muzero";
  }
  llvm::StringRef description() const override {
    return goesOnBySearch ? "muzero, and search from its plan; needs weights"
                          : "a learned player of mallocGame; needs weights";
  }

protected:
  bool goesOnBySearch;
};

/// `muzero`, or `muzero+search`.
std::unique_ptr<Solver> createMuZeroSolver(bool goesOnBySearch);

/// Adds `tree-search` and `window-search` to the registry.
void registerUntrainedSolvers();

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_MUZEROSOLVERBASE_H
