//===- Actor.h - games for a learner elsewhere ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plays games of the programs of a training run, with weights that somebody
// else trains, and gives them out as bytes (TrajectoryIO.h).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_ACTOR_H
#define MEMPL_MUZERO_ACTOR_H

#include "mempl/MuZero/Trainer.h"

namespace mempl {

class Actor {
public:
  /// For the programs and options of the run. An error if a program cannot be
  /// played or none is trained on.
  static llvm::Expected<std::unique_ptr<Actor>>
  create(std::vector<TrainingProgram> programs, const TrainerOptions &options);
  ~Actor();

  /// Plays `count` games at a time, at least 1, of the programs in turn. The
  /// noise depends on `seed` and `batch`, which also says with which program
  /// the turn begins. Empty if `cancelled` has returned true, which is asked
  /// between moves.
  std::string play(const Network &network, uint64_t seed, uint64_t batch,
                   int64_t count, const std::function<bool()> &cancelled) const;

  /// How many games of the trained programs there are in `bytes`, each played
  /// again; `name` stands for the bytes in errors. An error if they are
  /// damaged, or a game is none of its program.
  llvm::Expected<int64_t> check(llvm::StringRef bytes,
                                llvm::StringRef name) const;

private:
  Actor();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace mempl

#endif // MEMPL_MUZERO_ACTOR_H
