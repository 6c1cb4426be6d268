//===- SolveOptions.h - what the user asks for ---------------- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the files of mempl-solve have in common: the parsed command line and the
// two things that the tool is used for.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_SOLVE_SOLVEOPTIONS_H
#define MEMPL_TOOLS_MEMPL_SOLVE_SOLVEOPTIONS_H

#include "ToolErrors.h"

#include "mempl/Solvers/Solver.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// The command line of mempl-solve, parsed.
struct SolveOptions {
  std::string input;
  bool isMlir = false;             ///< The input is MLIR.
  bool isHlo = false;              ///< The input is XLA's HLO text.
  std::string cost = "compiler";   ///< Of HLO: see --cost.
  bool reserveScoped = false;      ///< Of HLO: scoped memory is in fast memory.
  bool freeOrder = false;          ///< Of HLO: steps may run in another order.
  bool xla = false;                ///< Of HLO: evaluate XLA's own plan, too.
  std::string function;            ///< Of MLIR; empty = the only one.
  std::string profile;             ///< Of MLIR; empty = none.
  bool reorder = true;             ///< Of MLIR: steps may run in another order.
  std::string target;              ///< Preset or file; empty = none.
  std::optional<int64_t> capacity; ///< Bytes, instead of the file's.
  std::optional<int64_t> maxCarried;   ///< Values, instead of the file's.
  std::vector<SolverSpec> specs;       ///< Solvers to run, in this order.
  OldSolverOptions old;                ///< For them.
  std::vector<std::string> checkPaths; ///< Plans to evaluate.
  /// A plan to begin with; empty = none.
  std::string startPath;
  static constexpr const char *kStartOfXla = "xla"; ///< XLA's own.
  /// The program as it was when those two were made; empty = as it is.
  std::string earlierPath;
  std::string diffPath;       ///< A plan to compare with; empty = none.
  std::string baselinePath;   ///< What --format=json printed; empty = none.
  double maxRegression = 0;   ///< How much slower a plan may be: 0.01 is 1 %.
  std::string planPath;       ///< For the best plan; empty = none.
  std::string anytimePath;    ///< For improvements; empty = none.
  std::string reproducerPath; ///< For --reproducer; empty = none.
  /// The instance of a reproducer that is run; null = read the input.
  std::shared_ptr<const Instance> given;
  std::string mapPath;    ///< For a figure of the best plan; empty = none.
  std::string reportPath; ///< For a page; empty = none.
  bool json = false;
  bool timing = false; ///< Measured seconds in the output.
  bool bound = true;
  int64_t boundIterations = 4000;
  int64_t boundNodes = 0;
  double boundSeconds = 0; ///< For the bound; 0 = it ends by itself.
  SolverContext context;
  std::vector<std::shared_ptr<Solver>> solvers; ///< Those of `specs`.
  bool budgetGiven = false; ///< The budget is not the default.
};

/// Reads an instance, solves it, evaluates plans, prints. The exit code.
int runInstance(const SolveOptions &options);

/// Reads a packing problem, packs it, prints. The exit code.
int runPacking(const SolveOptions &options);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_SOLVE_SOLVEOPTIONS_H
