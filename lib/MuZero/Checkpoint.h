//===- Checkpoint.h - the state of a training run as bytes ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file: a line of JSON with numbers and the lengths of the parts, then the
// parts: weights, optimiser, elites, recent games, their priorities.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_CHECKPOINT_H
#define MEMPL_LIB_MUZERO_CHECKPOINT_H

#include "llvm/Support/Error.h"

#include <array>
#include <string>
#include <vector>

namespace mempl {

/// What a run has come to, but for weights and games.
struct Checkpoint {
  /// Which run it is one of: its programs, its seed, the size of its network.
  std::string programs, seed, size;
  int64_t round = 0, games = 0, moves = 0, simulations = 0;
  double seconds = 0, cpuSeconds = 0; ///< Over all sessions.
  /// Evaluations since the best one, programs evaluated in each, and steps of
  /// the learner when the last one was made; -1: none.
  int32_t sinceBest = 0, numEvaluated = 0;
  int64_t evaluatedSteps = -1;
  double firstScore = 0, bestScore = 0;
  double evaluationSeconds = 0;   ///< The longest.
  std::vector<double> references; ///< By program; 0 = none yet.
  double valueError = 1;          ///< Of the network, in the last round.
  int32_t numTaught = 0;          ///< Plans of teachers.

  enum Part { Weights, Learner, Elites, Recent, Priorities, kNumParts };
  std::array<std::string, kNumParts> parts;

  std::string serialize() const;
  /// `name` stands for the bytes in errors: they are damaged, or of another
  /// version.
  static llvm::Expected<Checkpoint> deserialize(llvm::StringRef bytes,
                                                llvm::StringRef name);
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_CHECKPOINT_H
