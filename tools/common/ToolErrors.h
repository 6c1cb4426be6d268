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

#include <limits>
#include <optional>
#include <string>

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

/// The integer from `least` to `most` that an option was given.
template <typename T>
llvm::Error readNumber(const llvm::cl::opt<std::string> &flag, T least,
                       T &number, T most = std::numeric_limits<T>::max()) {
  if (!llvm::StringRef(flag).getAsInteger(10, number) && number >= least &&
      number <= most)
    return llvm::Error::success();
  std::string range = "of at least " + std::to_string(least);
  if (most < std::numeric_limits<T>::max())
    range = "from " + std::to_string(least) + " to " + std::to_string(most);
  return toolError("--" + flag.ArgStr + ": expected an integer " + range +
                   ", found '" + flag + "'");
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
