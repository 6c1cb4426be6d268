//===- TileSearch.h - what of a function is split -----------------*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiling as a decision: which runs of ops of a function are split, and into how
// many parts, so that its placement is faster than that of the whole function.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_TILESEARCH_H
#define MEMPL_LIB_TRANSFORMS_TILESEARCH_H

#include "SolverChoice.h"

#include "mempl/Transforms/FunctionExtraction.h"

#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>

namespace mempl::ir {

/// How functions are placed, split or whole.
struct TileSearchOptions {
  const SelectedTarget &machine;
  SolverChoice choice;
  bool reorder = true;
  bool eliminateEmptyTensors = true;
};

/// A function that is split, in a module of its own, and its placement.
struct TiledFunction {
  OwningOpRef<ModuleOp> module;
  PlaceableFunction function; ///< Prepared, in `module`.
  Solution solution;          ///< By the solver of the options.
  /// The function as it was before it was prepared, but split.
  OwningOpRef<Operation *> unprepared;
  int64_t numRuns = 0, numOps = 0;       ///< Runs that are split; ops in them.
  int64_t leastParts = 0, mostParts = 0; ///< Of a run.
  int64_t evaluated = 0; ///< Ways to split the function that were tried.

  /// "24 runs of 312 ops in 2 to 8 parts".
  std::string str() const;
};

/// Looks for a way to split `function` of `module`, which is not prepared,
/// with which it is faster than `whole`, its placement without. Nothing where
/// there is none. Says nothing, and changes nothing. The result depends on the
/// options only, unless they have a limit on time.
std::optional<TiledFunction>
searchTiling(ModuleOp module, func::FuncOp function, const Instance &instance,
             const Solution &whole, const TileSearchOptions &options);

/// The part of a time limit that is left to the solver for the whole function,
/// where tiling is searched for.
SolverContext contextBesideSearch(const SolverContext &context);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_TILESEARCH_H
