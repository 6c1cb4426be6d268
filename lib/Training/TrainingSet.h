//===- TrainingSet.h - programs, and the best plans for them ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Different programs may be changed by different threads.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_TRAININGSET_H
#define MEMPL_LIB_TRAINING_TRAININGSET_H

#include "mempl/Training/Trainer.h"

namespace mempl {

/// How long `search` looks for a plan.
struct SearchLimits {
  int64_t moves; ///< 0: as many as there is time for.
  uint64_t seed;
  std::function<bool()> cancelled;
  int64_t milliseconds = 0; ///< 0 = no limit.
};

class TrainingSet {
public:
  struct Entry {
    std::string name;
    bool isValidation;
    std::shared_ptr<const Game> game;
    double reference = 0; ///< Latency that evaluations compare with; seconds.
    int32_t head = 0;     ///< Of the policy, that which plays best.
    /// The best distinct ones, the best first; none for validation programs.
    std::vector<Trainer::BestPlan> plans;
    /// The best one that came from play and not from `search`.
    std::optional<Trainer::BestPlan> played = std::nullopt;
  };

  /// An error if one of the programs cannot be planned at all.
  static llvm::Expected<TrainingSet>
  create(std::vector<TrainingProgram> programs);

  llvm::ArrayRef<Entry> entries() const { return programs; }
  const Entry &entry(int32_t program) const { return programs[program]; }
  int32_t size() const { return static_cast<int32_t>(programs.size()); }
  /// Those that are not for validation.
  std::vector<int32_t> trainable() const;
  /// Stands for all of them.
  std::string fingerprint() const;

  /// Keeps a plan if it is one of the best. True if it is the best.
  bool offer(int32_t program, Plan plan, double latency);
  /// The same of a plan that came from play.
  void offerPlayed(int32_t program, Plan plan, double latency);
  /// Looks for a plan by `search`, for reference, and to be kept. The game of a
  /// program that is trained on gets its order of steps and plans of loops.
  void teach(int32_t program, const SearchLimits &limits);
  /// What `search` finds from scratch; nothing if there is an error.
  std::optional<Trainer::BestPlan> search(int32_t program,
                                          const SearchLimits &limits) const;
  /// `start`, polished by `search`; the same.
  std::optional<Trainer::BestPlan> refine(int32_t program,
                                          const Trainer::BestPlan &start,
                                          const SearchLimits &limits) const;
  /// Whether the game has the order of steps and the plans of loops of a plan.
  bool hasGameOf(int32_t program, const Plan &plan) const;
  /// The game of such a plan, as near as the game comes to it.
  static LearnedGame imitate(const std::shared_ptr<const GamePolicy> &policy,
                             int32_t program, const Plan &plan,
                             const GamePlayerOptions &options);
  void setHead(int32_t program, int32_t head) { programs[program].head = head; }

  /// References and plans, as text.
  std::string serialize() const;
  /// What serialize() gave; an error names `name`.
  llvm::Error restore(llvm::StringRef text, llvm::StringRef name);

private:
  void setGame(int32_t program, const Plan &plan);

  std::vector<Entry> programs;
  /// Whose order of steps and plans of loops the games have; by program.
  std::vector<Plan> models;
};

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_TRAININGSET_H
