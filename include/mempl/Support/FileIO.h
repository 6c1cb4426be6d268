//===- FileIO.h - whole files, plain or gzip --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads a file at once, unpacking gzip (recognised by its first bytes, not by
// its name), and writes one so that a reader never sees half of it.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_FILEIO_H
#define MEMPL_SUPPORT_FILEIO_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>

namespace mempl {

/// The unpacked contents of `path`; "-" reads standard input. The error names
/// the file. More than 4 GiB unpacked is an error.
llvm::Expected<std::string> readFile(llvm::StringRef path);

/// Writes `contents` to `path`, packed if the name ends in ".gz" (the same
/// bytes for the same contents). The file appears whole or not at all: it is
/// written to a temporary beside it and renamed. "-" is standard output.
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef contents);

/// An error if `path` could not be written now, as writeFile() has it: its
/// folder is missing or read-only. For what is written after hours; "" and "-"
/// can be.
llvm::Error checkWritable(llvm::StringRef path);

/// Whether two paths are of one file, which what is written to the one would
/// take away from the other. "-" is one; "" and devices are none.
bool isSameFile(llvm::StringRef a, llvm::StringRef b);

/// What is wrong with options, as a message names them, and the paths that they
/// write to: "b: expected another file than that of a, found x"; "" if all are
/// different files.
std::string sameOutputs(
    llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> outputs);

/// An error whose message is `file:line: error: text`, on one line whatever
/// `file` and `text` have in them (escapeForMessage()); `line` 0 leaves the
/// line out.
llvm::Error fileError(llvm::StringRef file, int64_t line,
                      const llvm::Twine &text);

/// `text` as valid UTF-8, with control characters as `\\x0a`: names that come
/// from files cannot break a line of a message or of a table.
std::string escapeForMessage(llvm::StringRef text);

} // namespace mempl

#endif // MEMPL_SUPPORT_FILEIO_H
