//===- Checkpoint.h - the file that training goes on from -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A line of JSON, with the lengths of the parts after it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_CHECKPOINT_H
#define MEMPL_LIB_TRAINING_CHECKPOINT_H

#include "llvm/Support/Error.h"

#include <array>
#include <string>
#include <vector>

namespace mempl {

/// What a run has come to.
struct Checkpoint {
  std::string programs, seed; ///< Which run it is one of.
  int64_t round = 0, games = 0, moves = 0;
  double seconds = 0, cpuSeconds = 0; ///< Over all sessions.
  /// Evaluations since the best one, programs evaluated in each, and steps of
  /// the learner when the last one was made; -1: none.
  int64_t sinceBest = 0, numEvaluated = 0, evaluatedSteps = -1;
  double firstScore = 0, bestScore = 0;
  double evaluationSeconds = 0; ///< The longest.
  bool isTaught = false;        ///< Plans of `search` are known.
  int64_t numEvolved = 0;       ///< Heads of the policy that are new.
  /// Of the budget for refining, and the round that it was last enough in.
  int64_t refineFactor = 1, lastRefined = 0;

  enum Part { Weights, Learner, Replay, Plans, Evolution, kNumParts };
  std::array<std::string, kNumParts> parts;

  std::string serialize() const;
  /// `name` stands for the bytes in errors: they are damaged, or of another
  /// version.
  static llvm::Expected<Checkpoint> deserialize(llvm::StringRef bytes,
                                                llvm::StringRef name);

  /// As a file: the bytes, and a line with their hash. What LibTorch reads of
  /// them is too much to be looked at, so that a bit that has changed is found
  /// here or not at all.
  llvm::Error write(llvm::StringRef path) const;
  static llvm::Expected<Checkpoint> read(llvm::StringRef path);
};

/// The numbers that a part consists of; bytes at its end that make none are
/// left out.
std::vector<double> numbersOf(llvm::StringRef part);

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_CHECKPOINT_H
