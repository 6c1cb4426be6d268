//===- Suggest.h - did you mean ---------------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What somebody who mistyped a name may have meant: targets, solvers, columns,
// options, keys of files.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_SUGGEST_H
#define MEMPL_SUPPORT_SUGGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace mempl {

/// The name most like `name`: the one with the fewest letters to change, if
/// those are at most a third of its letters (one letter is always close
/// enough), else the only one that contains it. The case of letters does not
/// count. Of several that are as near, one that begins with `name` wins, else
/// the first. Empty if none is close.
std::string nearestName(llvm::StringRef name,
                        llvm::ArrayRef<llvm::StringRef> names);
std::string nearestName(llvm::StringRef name,
                        llvm::ArrayRef<std::string> names);

/// "; did you mean 'x'?" for the end of an error, or nothing.
std::string didYouMean(llvm::StringRef name,
                       llvm::ArrayRef<llvm::StringRef> names);
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<std::string> names);

/// `message` as it is if it names a file or a tool, else as an error of `tool`.
std::string withPlace(llvm::StringRef message, llvm::StringRef tool);

/// What LLVM's command line parser wrote about an argument, as one line: its
/// complaint, its guess, and where to read more.
std::string commandLineProblem(llvm::StringRef output);

} // namespace mempl

#endif // MEMPL_SUPPORT_SUGGEST_H
