//===- Solver.h - the interface of all solvers -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver turns an instance into a valid plan. Solvers are found by name in a
// registry; a library that is linked in adds its own with registerSolver().
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SOLVER_H
#define MEMPL_SOLVERS_SOLVER_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mempl {

/// What a solver tells while it runs.
struct SolverProgress {
  llvm::StringRef solverName;
  double latency = 0;    ///< Seconds; of the best plan so far.
  int64_t evaluated = 0; ///< Plans evaluated so far.
  int64_t budget = 0;    ///< Plans it may evaluate; 0 = no limit.
  double seconds = 0;    ///< Since the solver started.
};

/// Stands for the weights that come with mempl, which were trained on many
/// programs.
inline constexpr llvm::StringLiteral kShippedWeights = "generalist";

/// What somebody who has seen many programs expects of the good plans of one:
/// chances, from 0 to 1, one per use (AccessIndex::use()).
struct SearchGuide {
  std::vector<float> fast; ///< That the use is served in fast memory.
  /// That the residency which serves it served the use before as well, or
  /// begins with it by a write: that no copy in is made for it.
  std::vector<float> kept;
};

struct SolverOptions {
  /// Plans evaluated at most; 0 = no limit (then give a time limit). One unit
  /// is one move of `search`; the constructive solvers do not count.
  int64_t budget = 20000;
  /// Wall-clock limit in milliseconds; 0 = none. With one, results depend on
  /// the speed of the machine.
  int64_t timeLimitMs = 0;
  /// Whether limits and seconds are CPU time of the process, for measurements
  /// on a machine that does other things.
  bool countsCpuTime = false;
  uint64_t seed = 0;
  int threads = 1;
  /// Solvers that `portfolio` runs; empty = all that it has by default.
  std::vector<std::string> solverNames;
  /// `msa` and its settings: constants that replace those of the setting, as
  /// `key=value,key=value`; see Msa.h.
  std::string msaOptions;
  /// `search`: where it begins, if that is faster than the plan of `greedy`; a
  /// valid plan for the instance, or null.
  std::shared_ptr<const Plan> start;
  /// `search`: what its moves lean to, of the size of the instance, or null.
  std::shared_ptr<const SearchGuide> guide;
  /// `muzero` and `muzero+search`: the file with the network's weights; empty
  /// or kShippedWeights: those that come with mempl. If this is not empty,
  /// `portfolio` runs `muzero+search` in place of `search`.
  std::string weights;
  /// Called now and then from the solving thread; may be empty.
  std::function<void(const SolverProgress &)> progress;
  /// Called with every better plan's latency, for anytime curves; may be empty.
  std::function<void(const SolverProgress &)> improved;
  /// Asked often; true makes the solver return the best plan that it has.
  std::function<bool()> cancelled;
};

struct SolverResult {
  Plan plan;
  double latency = 0;    ///< Seconds, as simulate() gives it.
  int64_t evaluated = 0; ///< Plans evaluated.
  double seconds = 0;    ///< Measured.
  std::string winner;    ///< `portfolio`: the solver whose plan it is.
};

class Solver {
public:
  virtual ~Solver();
  /// The name in flags and tables.
  virtual llvm::StringRef name() const = 0;
  /// One line for --help.
  virtual llvm::StringRef description() const = 0;
  /// Whether it can run with these options here: an error where something is
  /// missing that has nothing to do with an instance, like weights.
  virtual llvm::Error check(const SolverOptions &options);
  /// A valid plan for a valid instance; an error where there is none that the
  /// solver can find (a value constrained to be fast that does not fit).
  virtual llvm::Expected<SolverResult> solve(const Instance &instance,
                                             const SolverOptions &options) = 0;
};

using SolverFactory = std::function<std::unique_ptr<Solver>()>;

/// Adds a solver. A second one of the same name replaces the first. Not
/// thread-safe: call it at start-up.
void registerSolver(llvm::StringRef name, SolverFactory factory);

/// A new solver, or an error that lists the names that exist.
llvm::Expected<std::unique_ptr<Solver>> createSolver(llvm::StringRef name);

/// Sorted names of all solvers.
std::vector<std::string> solverNames();

} // namespace mempl

#endif // MEMPL_SOLVERS_SOLVER_H
