//===- Solver.h - the interface of all solvers ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver turns an instance into a valid plan. What all have in common is a
// context: limits, seed, threads, and who wants to know. All else is an option
// of the one solver that has it, declared in its file. Solvers are found by
// name in a registry; a library that is linked in adds its own with
// registerSolver(). To run one, see Solve.h.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SOLVER_H
#define MEMPL_SOLVERS_SOLVER_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Solvers/SolverOptionTable.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// What a solver tells while it runs.
struct SolverProgress {
  llvm::StringRef solverName;
  double latency = 0;    ///< Seconds; of the best plan so far.
  int64_t evaluated = 0; ///< Units of the budget used so far.
  int64_t budget = 0;    ///< Those that it may use; 0 = no limit.
  double seconds = 0;    ///< Since the solver started.
};

/// What every solver is given beside the instance.
struct SolverContext {
  /// Plans evaluated at most; 0 = no limit (then give a time limit). One unit
  /// is one move of `search`. What takes longer counts for as many as its time
  /// is about worth, by the size of the program and not by a clock; what is
  /// made once, as in the constructive solvers, does not count.
  int64_t budget = 20000;
  /// Wall-clock limit in milliseconds; 0 = none. With one, results depend on
  /// the speed of the machine.
  int64_t timeLimitMs = 0;
  /// Whether limits and seconds are CPU time of the process, for measurements
  /// on a machine that does other things.
  bool countsCpuTime = false;
  uint64_t seed = 0;
  int threads = 1;
  /// A valid plan for the instance that those who improve plans may begin with,
  /// where it is faster than their own; or null.
  std::shared_ptr<const Plan> start;
  /// Called now and then from the solving thread; may be empty.
  std::function<void(const SolverProgress &)> progress;
  /// Called with every better plan's latency, for anytime curves; may be empty.
  std::function<void(const SolverProgress &)> improved;
  /// Asked often; true makes the solver return the best plan that it has.
  std::function<bool()> cancelled;
};

struct Solution {
  Plan plan;
  double latency = 0;    ///< Seconds, as simulate() gives it.
  int64_t evaluated = 0; ///< Units of the budget used.
  double seconds = 0;    ///< Measured.
  std::string winner;    ///< `portfolio`: label of the solver whose plan it is.
};

class Solver {
public:
  virtual ~Solver();
  /// The name in specifications.
  virtual llvm::StringRef name() const = 0;
  /// One line for lists.
  virtual llvm::StringRef description() const = 0;
  /// Adds the options that it has. Called once, before anything is solved.
  virtual void declareOptions(SolverOptionTable &table);
  /// Whether it can run here with its options: an error where something is
  /// missing that has nothing to do with an instance, like weights.
  virtual llvm::Error check();
  /// A valid plan for a valid instance; an error where there is none that the
  /// solver can find (a value constrained to be fast that does not fit).
  virtual llvm::Expected<Solution> solve(const Instance &instance,
                                         const SolverContext &context) = 0;

  /// The specification that it was made of, in canonical form:
  /// "msa{preset=full,max-retries=3}".
  std::string spec() const { return name().str() + options; }
  /// The same for tables: files have no folders.
  std::string label() const { return name().str() + briefOptions; }

private:
  friend llvm::Expected<std::unique_ptr<Solver>>
  createSolver(const SolverSpec &spec);

  std::string options, briefOptions; ///< As "{a=1}", or nothing.
};

using SolverFactory = std::function<std::unique_ptr<Solver>()>;

/// Adds a solver. A second one of the same name replaces the first. Not
/// thread-safe: call it at start-up.
void registerSolver(llvm::StringRef name, SolverFactory factory);

/// Adds the solver of class `T`, by its name().
template <typename T> void registerSolver() {
  registerSolver(T().name(), [] { return std::make_unique<T>(); });
}

/// A new solver with the options of `spec`, in which solvers may have old
/// names. Errors name the column, and what there is instead.
llvm::Expected<std::unique_ptr<Solver>> createSolver(const SolverSpec &spec);
llvm::Expected<std::unique_ptr<Solver>> createSolver(llvm::StringRef spec);

/// Sorted names of all solvers.
std::vector<std::string> solverNames();

/// All solvers with their options: for people, and as a JSON array.
void printSolvers(llvm::raw_ostream &os);
void printSolversJson(llvm::raw_ostream &os);

} // namespace mempl

#endif // MEMPL_SOLVERS_SOLVER_H
