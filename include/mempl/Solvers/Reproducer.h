//===- Reproducer.h - what is needed to repeat a run ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One JSON file with the version, the options and the instance of a run, and,
// where a solver has returned an invalid plan, that plan and what is wrong with
// it. The file stands alone but for files that options name (weights). Instance
// and plan are in the form that the tools read.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_REPRODUCER_H
#define MEMPL_SOLVERS_REPRODUCER_H

#include "mempl/Problem/Instance.h"
#include "mempl/Solvers/Solver.h"

#include <optional>

namespace mempl {

/// A run of solvers on an instance.
struct Reproducer {
  std::string tool;                 ///< As in "mempl-solve".
  std::string input;                ///< Where the instance came from.
  std::vector<std::string> solvers; ///< Specifications, in the order of runs.
  SolverContext context;            ///< Of this the numbers are kept.
  Instance instance;
  /// What went wrong, if something did. Written, not read.
  std::string failedSolver;
  std::vector<std::string> violations; ///< Broken rules of `failedPlan`.
  std::optional<Plan> failedPlan;
};

/// The file as text.
std::string reproducerText(const Reproducer &reproducer);

/// Writes a file `TOOL-reproducer.json`, or with a number behind it if there is
/// one already, in the current directory. Its name, or why it could not be
/// written.
llvm::Expected<std::string> writeReproducer(const Reproducer &reproducer);

/// Parses a file that reproducerText() wrote. Errors name `file`, line and what
/// was expected; a file of a newer schema is refused, one of another version of
/// mempl is not.
llvm::Expected<Reproducer> parseReproducer(llvm::StringRef json,
                                           llvm::StringRef file);

} // namespace mempl

#endif // MEMPL_SOLVERS_REPRODUCER_H
