//===- TrainingSet.h - programs to train on ---------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs made ready for games, and what is done with each of them: plans of
// `search` replayed, plans of games made, games played without search.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_TRAININGSET_H
#define MEMPL_LIB_MUZERO_TRAININGSET_H

#include "mempl/MuZero/Trainer.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// How long `search` looks for a plan.
struct SearchLimits {
  int64_t moves;
  uint64_t seed;
  std::function<bool()> cancelled;
};

class TrainingSet {
public:
  struct Entry {
    std::string name, key;
    std::shared_ptr<const Game> program;
    bool isValidation;
  };

  /// Programs in which there is nothing to decide are left out. An error if one
  /// cannot be planned at all.
  static llvm::Expected<TrainingSet>
  create(std::vector<TrainingProgram> programs, const GameOptions &game);

  llvm::ArrayRef<Entry> entries() const { return programs; }
  int32_t size() const { return static_cast<int32_t>(programs.size()); }
  /// Those that are not for validation.
  std::vector<int32_t> trainable() const;
  /// The program with that key; -1 if there is none.
  int32_t find(llvm::StringRef key) const;
  /// Stands for all of them.
  std::string fingerprint() const;

  /// A plan of `search`, as near as the game comes to it; nothing if there is
  /// none. `start`, if it is not null, is what it begins with.
  std::optional<Trajectory> imitate(int32_t program, const SearchLimits &limits,
                                    const Plan *start = nullptr) const;
  /// The game of a plan, as near as the game comes to it.
  Trajectory trajectoryOfPlan(int32_t program, const Plan &plan) const;
  /// The plan that these actions make.
  Plan planOf(int32_t program, llvm::ArrayRef<Action> actions) const;
  /// Latency of a plan of `search`, found once, seconds.
  double reference(int32_t program, const SearchLimits &limits);
  /// 0 where it has not been found yet.
  llvm::ArrayRef<double> references() const { return found; }
  void restoreReference(int32_t program, double latency) {
    found[program] = latency;
  }
  /// The plan of the reference, which is forgotten with that; none if it has
  /// not been found in this session.
  std::optional<Plan> takeReferencePlan(int32_t program) {
    return std::exchange(plans[program], std::nullopt);
  }

  struct Played {
    double policy; ///< Latency of the best play by policy alone, seconds.
    double best;   ///< The best of that and of the samples.
  };
  /// Plays by the network's policy, without search: once its best, and
  /// `samples` times with some noise, which end when `stop` says so. Nothing if
  /// it has said so before the first game was over.
  std::optional<Played> play(int32_t program, Evaluator &evaluator,
                             int32_t samples, uint64_t seed,
                             const std::function<bool()> &stop) const;

private:
  llvm::Expected<Solution> search(int32_t program, const SearchLimits &limits,
                                  const Plan *start) const;

  std::vector<Entry> programs;
  std::vector<double> found;
  std::vector<std::optional<Plan>> plans; ///< Of `found`.
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_TRAININGSET_H
