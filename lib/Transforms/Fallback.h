//===- Fallback.h - what happens where a function is not placed -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_FALLBACK_H
#define MEMPL_LIB_TRANSFORMS_FALLBACK_H

#include "SolverChoice.h"

#include "mempl/Analysis/FunctionProblem.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/Support/Threading.h"

#include <string>
#include <vector>

namespace mempl::ir {

/// The Fallback that the option `fallback` of a pass means; fails, with a
/// diagnostic at `loc`, on another text.
FailureOr<Fallback> fallbackNamed(Location loc, StringRef name);

/// Says that a mistake of mempl, `text`, costs the function `name` its
/// placement: a warning, or an error and a failure. `file` is what to report it
/// with, and `findings` are attached.
LogicalResult reportMistake(Location loc, StringRef name,
                            const llvm::Twine &text, StringRef file,
                            llvm::ArrayRef<Diagnostic> findings,
                            Fallback fallback);

/// A plan that leaves all in slow memory.
Solution slowSolution(const Instance &instance);

/// What there is for an instance.
struct SolvedInstance {
  Solution solution;
  bool fellBack = false; ///< It is slowSolution(), for want of another.
};

/// Solves an instance that was made of something at `loc`. If there is no plan,
/// says so and falls back; fails, with a diagnostic that begins with `prefix`,
/// where the fallback is an error. What is pinned, `pinned` being the largest
/// storage that is (null if that is not known), has no fallback.
FailureOr<SolvedInstance> solveOrFallBack(Location loc, StringRef prefix,
                                          const Instance &instance,
                                          const SolverChoice &choice,
                                          const Storage *pinned);

/// Collects what this thread says while `run` runs.
template <typename Run>
auto collectDiagnostics(MLIRContext *context, std::vector<Diagnostic> &all,
                        Run run) {
  uint64_t thread = llvm::get_threadid();
  ScopedDiagnosticHandler collector(context, [&](Diagnostic &diagnostic) {
    if (llvm::get_threadid() != thread)
      return failure();
    all.push_back(std::move(diagnostic));
    return success();
  });
  return run();
}

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_FALLBACK_H
