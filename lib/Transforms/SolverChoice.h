//===- SolverChoice.h - the options of passes that solve --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_SOLVERCHOICE_H
#define MEMPL_LIB_TRANSFORMS_SOLVERCHOICE_H

#include "mempl/IR/Namespace.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Support/OptionNames.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mempl::ir {

/// What passes do where a solver gives no plan, or where a mistake of mempl
/// spoils it.
enum class Fallback {
  Slow,  ///< The function stays in slow memory, with a remark or warning.
  Whole, ///< It is placed without being split, with a warning.
  Error
};

/// How an instance is solved: the options of a pass that does.
struct SolverChoice {
  std::string solver; ///< Specification.
  SolverContext context;
  Fallback fallback = Fallback::Slow;
};

/// The context that the options of a pass say which has SolvingOptions
/// (Passes.td).
SolverContext contextOf(int64_t budget, int64_t timeLimitMs, uint64_t seed,
                        int threads);

/// The options of such a pass, `key=value key=value`, with today's keys: MLIR
/// has no aliases, so old names are replaced before options are read, and help
/// and printed pipelines have the new ones only.
llvm::Expected<std::string> withNewNames(llvm::StringRef options);

} // namespace mempl::ir

/// Within such a pass: MEMPL_NAMED_OPTIONS, with old names.
#define MEMPL_SOLVING_OPTIONS                                                  \
  llvm::LogicalResult initializeOptions(                                       \
      llvm::StringRef options,                                                 \
      llvm::function_ref<llvm::LogicalResult(const llvm::Twine &)>             \
          errorHandler) override {                                             \
    llvm::Expected<std::string> renamed = mempl::ir::withNewNames(options);    \
    if (!renamed)                                                              \
      return errorHandler(getArgument() +                                      \
                          ": solver: " + llvm::toString(renamed.takeError())); \
    std::string wrong = mempl::wrongOptionName(                                \
        *renamed, [&](llvm::raw_ostream &os) { printAsTextualPipeline(os); }); \
    return wrong.empty() ? Pass::initializeOptions(*renamed, errorHandler)     \
                         : errorHandler(wrong);                                \
  }

#endif // MEMPL_LIB_TRANSFORMS_SOLVERCHOICE_H
