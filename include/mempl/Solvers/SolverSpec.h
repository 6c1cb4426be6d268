//===- SolverSpec.h - solvers as users name them ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver is named by a specification in the syntax of MLIR's textual
// pipelines: its name and, in braces, its options. A value may itself be a
// specification:
//
//   search
//   msa{preset=full max-retries=3}
//   search{start=muzero{weights='my weights.mempl'}}
//   portfolio{none,greedy,search}
//
// Commas and spaces separate alike. Which names and keys there are is no matter
// of this file, see SolverOptionTable.h.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SOLVERSPEC_H
#define MEMPL_SOLVERS_SOLVERSPEC_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace mempl {

/// A specification, or a value in one.
struct SolverSpec {
  struct Item;

  std::string name;        ///< Of a value that is no solver: its text.
  std::vector<Item> items; ///< What is in braces.
  size_t column = 1;       ///< Where it begins in the text, from 1.

  /// The canonical text: commas between items, quotes where they are needed.
  std::string str() const;
  /// Whether it is a text without braces.
  bool isPlain() const { return items.empty(); }
};

/// `key=value`, or a value without a key.
struct SolverSpec::Item {
  std::string key; ///< Empty if there is none.
  SolverSpec value;
  size_t column = 1; ///< Of the key, or of the value without one.
};

/// The specification that `text` is. Errors name the column and what was
/// expected there.
llvm::Expected<SolverSpec> parseSolverSpec(llvm::StringRef text);

/// Those that `text` lists: `greedy,search{start=muzero}`.
llvm::Expected<std::vector<SolverSpec>> parseSolverSpecs(llvm::StringRef text);

/// An error about a place in a specification. Of the first column it is not
/// said that it is the first.
llvm::Error specError(size_t column, const llvm::Twine &text);

/// What told solvers apart before there were specifications. None of it is
/// given if empty.
struct OldSolverOptions {
  std::string weights;    ///< Of all that learned.
  std::string msaOptions; ///< Of every `msa`: `key=value,key=value`.
  std::vector<std::string> portfolio; ///< What `portfolio` runs.
};

/// `spec` with `old` as options of the solvers in it that have none of their
/// own. A `portfolio` of its usual solvers hands weights on to its search. The
/// only place that knows old options.
llvm::Expected<SolverSpec> withOldOptions(SolverSpec spec,
                                          const OldSolverOptions &old);

/// `spec` with old names of solvers replaced, at any depth: `msa:full` is
/// `msa{preset=full}`, `muzero+search` is `search{start=muzero}`. The only
/// place that knows old names.
SolverSpec withNewNames(SolverSpec spec);

/// The names of `spec` and of all values in it.
std::vector<std::string> namesIn(const SolverSpec &spec);

} // namespace mempl

#endif // MEMPL_SOLVERS_SOLVERSPEC_H
