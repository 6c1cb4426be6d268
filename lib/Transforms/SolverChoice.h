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

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace mempl::ir {

/// The context that the options of a pass say which has SolvingOptions
/// (Passes.td).
SolverContext contextOf(int64_t budget, int64_t timeLimitMs, uint64_t seed,
                        int threads);

/// The options of such a pass, `key=value key=value`, with today's keys: MLIR
/// has no aliases, so old names are replaced before options are read, and help
/// and printed pipelines have the new ones only.
llvm::Expected<std::string> withNewNames(llvm::StringRef options);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_SOLVERCHOICE_H
