//===- Reproducer.h - what is needed to repeat a failure ------ -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver that returns an invalid plan is a bug of ours: the user gets a file
// to report it with.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_REPRODUCER_H
#define MEMPL_TOOLS_REPRODUCER_H

#include "SolveOptions.h"

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

namespace mempl {

/// A solver has returned a plan that breaks rules. Writes the instance, the
/// plan and the options to a new file in the current directory, and returns an
/// error that names the file and the first of `violations`.
llvm::Error writeReproducer(const SolveOptions &options, llvm::StringRef policy,
                            const Instance &instance, const Plan &plan,
                            const std::vector<std::string> &violations);

} // namespace mempl

#endif // MEMPL_TOOLS_REPRODUCER_H
