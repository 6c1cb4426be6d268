//===- StateBatch.h - states of games as rows of numbers --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What acting and learning share: the questions of all programs in use,
// numbered, and observations of states that refer to them. What is made of them
// for a network is in StateTensors.h.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_STATEBATCH_H
#define MEMPL_LIB_MUZERO_STATEBATCH_H

#include "mempl/Game/Observation.h"

#include "llvm/ADT/DenseMap.h"

namespace mempl {

/// A row for each question of the programs in use; row 0 stands for none.
class QuestionTable {
public:
  struct Entry {
    std::shared_ptr<const Game> program; // Keeps the key alive.
    Observer observer;
    int64_t firstRow = -1; ///< -1: not in use.
  };
  /// The entry of a program, which is in use from now on.
  Entry &of(const std::shared_ptr<const Game> &program);
  /// The row of a question of a program in use; 0 for -1.
  int64_t row(const Game &program, int32_t node) const;
  /// The programs in use, in the order of their rows.
  llvm::ArrayRef<Entry *> inUse() const { return inOrder; }
  /// No program is in use any more.
  void clear();

private:
  llvm::DenseMap<const Game *, std::unique_ptr<Entry>> entries;
  std::vector<Entry *> inOrder;
  int64_t rows = 1;
};

/// Observations of states, one after the other; buffers stay as large as they
/// have been.
struct StateBatch {
  /// Looks at a state, which is not over. Its program is added to the table.
  void add(const GameState &game, QuestionTable &table);
  void clear();

  int64_t count = 0;
  /// As Observation has them, state after state. Masks are 1 where there is a
  /// near value, else 0.
  std::vector<float> profiles, nears, masks, scalars;
  /// Rows of the table: of the near values, and of what is asked.
  std::vector<int64_t> nearRows, questions;

private:
  Observation seen;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_STATEBATCH_H
