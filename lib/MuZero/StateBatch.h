//===- StateBatch.h - states of games as tensors ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What acting and learning share: a table of the questions of all programs in
// use, and batches of observations that refer to it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_STATEBATCH_H
#define MEMPL_LIB_MUZERO_STATEBATCH_H

#include "NetworkModules.h"

#include "mempl/Game/Observation.h"

#include "llvm/ADT/DenseMap.h"

namespace mempl {

/// Game::features() as a tensor, a view of them.
torch::Tensor featuresOf(const Game &program);

/// The questions of the programs in use, encoded; row 0 is zeros and stands for
/// none.
class ProgramTable {
public:
  explicit ProgramTable(NetworkModules &modules) : modules(modules) {}

  struct Entry {
    std::shared_ptr<const Game> program; // Keeps the key alive.
    Observer observer;
    int64_t firstRow = -1; ///< -1: not in use.
    torch::Tensor encoded;
  };
  /// The entry of a program, which is in use from now on.
  Entry &of(const std::shared_ptr<const Game> &program);
  /// The row of a question of a program in use; 0 for -1.
  int64_t row(const Game &program, int32_t node) const;
  /// All rows, [1 + questions, C]; encodes what is new. Gradients flow unless
  /// they are switched off.
  const torch::Tensor &encoded();
  /// No program is in use any more, and nothing encoded: for new weights, and
  /// for other programs.
  void clear();

private:
  NetworkModules &modules;
  llvm::DenseMap<const Game *, std::unique_ptr<Entry>> entries;
  std::vector<Entry *> inOrder;
  int64_t rows = 1;
  torch::Tensor all;
};

/// Observations of states, one after the other.
class StateBatch {
public:
  /// Looks at a state, which is not over. Its program is added to the table.
  void add(const GameState &game, ProgramTable &table);
  int64_t size() const { return count; }
  /// The states that were added since the last time, given the encoded table.
  StateInput take(const torch::Tensor &encoded);

private:
  int64_t count = 0;
  std::vector<float> profiles, nears, masks, scalars;
  std::vector<int64_t> nearRows, questions;
  Observation seen;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_STATEBATCH_H
