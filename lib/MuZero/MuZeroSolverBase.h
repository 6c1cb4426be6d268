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

/// The options of `muzero`. Here and where they are used is all that has to be
/// changed for another one.
struct MuZeroOptions {
  std::string weights =
      "generalist"; ///< A file, or those that come with mempl.

  void declare(SolverOptionTable &table) {
    table.addFile("weights", weights,
                  "the network, as mempl-train makes it; generalist is the one "
                  "that comes with mempl");
  }
};

/// What `muzero` is called and has, in the module and outside.
class MuZeroSolverBase : public Solver {
public:
  explicit MuZeroSolverBase(const MuZeroOptions &options = {})
      : options(options) {}

  llvm::StringRef name() const override { return "muzero"; }
  llvm::StringRef description() const override {
    return "a learned player of mallocGame, which also guides search";
  }
  void declareOptions(SolverOptionTable &table) override {
    options.declare(table);
  }

protected:
  MuZeroOptions options;
};

/// `muzero` itself, with weights that are a file.
std::unique_ptr<Solver> createMuZeroSolver(const MuZeroOptions &options);

/// Adds `tree-search` and `window-search` to the registry.
void registerUntrainedSolvers();

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_MUZEROSOLVERBASE_H
