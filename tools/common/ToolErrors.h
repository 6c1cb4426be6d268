//===- ToolErrors.h - errors and interrupts of tools ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How tools that are no compiler drivers report what went wrong, read their
// command lines, and are stopped.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_COMMON_TOOLERRORS_H
#define MEMPL_TOOLS_COMMON_TOOLERRORS_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace mempl {

/// The name of this tool; each tool defines it.
extern const char *const kToolName;

/// An error of the tool itself: `mempl-solve: error: text`.
llvm::Error toolError(const llvm::Twine &text);

/// Parses the command line of a tool whose options are of `category`. The exit
/// code if the tool is done with that, having said why.
std::optional<int> parseCommandLine(int argc, const char *const *argv,
                                    llvm::cl::OptionCategory &category,
                                    llvm::StringRef overview);

/// The integer, at least `least`, that an option was given.
template <typename T>
llvm::Error readNumber(const llvm::cl::opt<std::string> &flag, T least,
                       T &number) {
  if (!llvm::StringRef(flag).getAsInteger(10, number) && number >= least)
    return llvm::Error::success();
  return toolError("--" + flag.ArgStr + ": expected an integer of at least " +
                   llvm::Twine(least) + ", found '" + flag + "'");
}

/// Prints each error on a line of its own. Returns exit code 1.
int printErrors(llvm::Error errors);

/// From now on SIGINT and SIGTERM ask the tool to stop with what it has; a
/// second one ends the program.
void catchInterrupt();
/// Whether it has come.
bool isInterrupted();

} // namespace mempl

#endif // MEMPL_TOOLS_COMMON_TOOLERRORS_H
