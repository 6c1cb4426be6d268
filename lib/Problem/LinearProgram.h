//===- LinearProgram.h - solved by a library that is loaded ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A linear program of least cost, which Clp solves by its primal simplex
// method. Clp is loaded when the first one is wanted, not with mempl: it brings
// OpenBLAS, which starts threads as soon as it is there, and where these find
// no memory, they wait for it for ever, also at the end of the process.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_LINEARPROGRAM_H
#define MEMPL_LIB_PROBLEM_LINEARPROGRAM_H

#include "llvm/ADT/ArrayRef.h"

#include <limits>
#include <vector>

namespace mempl {

class LinearProgram {
public:
  /// No bound.
  static constexpr double kInfinity = std::numeric_limits<double>::max();

  /// Whether mempl was built with Clp, and it can be loaded. Only then may
  /// there be any.
  static bool isAvailable();

  /// Without columns; rows have no entries. solve() takes `maxPivots` at most.
  LinearProgram(int numRows, int maxPivots);
  ~LinearProgram();
  LinearProgram(const LinearProgram &) = delete;
  LinearProgram &operator=(const LinearProgram &) = delete;

  void setRowBounds(int row, double lower, double upper);
  /// From 0 on.
  void setUpperBound(int column, double upper);
  /// Adds one with any amount from 0 on.
  void addColumn(llvm::ArrayRef<int> rows, llvm::ArrayRef<double> entries,
                 double cost);
  void deleteColumns(llvm::ArrayRef<int> columns);
  int numColumns() const;

  /// Goes on from the last solution.
  void solve();
  /// Whether the last solve() found the optimum; false before the first.
  bool isSolved() const;
  double value() const;
  /// Of each row and column; valid until anything changes.
  const double *duals() const;
  const double *solution();
  bool isBasic(int column);

private:
  void flush();

  void *const model;
  /// Columns that the model has not been given yet: each call copies all of its
  /// matrix. By column where its entries begin, and its cost.
  std::vector<int> newStarts, newRows;
  std::vector<double> newEntries, newCosts;
};

} // namespace mempl

#endif // MEMPL_LIB_PROBLEM_LINEARPROGRAM_H
