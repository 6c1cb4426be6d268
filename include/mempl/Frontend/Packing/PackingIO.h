//===- PackingIO.h - packing problems as CSV --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CSV of MiniMalloc, which idealloc and others share: one row per buffer,
// a header that names the columns. Strict: whatever is not understood is an
// error that names file and line.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_PACKING_PACKINGIO_H
#define MEMPL_FRONTEND_PACKING_PACKINGIO_H

#include "mempl/Packing/Packer.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// A packing file: its problem, and what it takes to write the file again.
struct PackingTable {
  PackingProblem problem;
  std::vector<std::string> columns; ///< Names, as the header has them.
  /// The fields of each buffer, one per column, without quotes.
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines; ///< Of each buffer in the file, from 1.
  std::optional<size_t> offsetColumn;
  /// What the user should know: `file:line: warning: ...`.
  std::vector<std::string> warnings;
};

/// Reads the file at `path`, plain or gzip; "-" is standard input. Errors as
/// parsePackingCsv.
llvm::Expected<PackingTable> readPackingCsv(llvm::StringRef path);

/// Reads a problem from `text`; `file` is its name in errors. The first line
/// names the columns, in any order and in any case:
///   id         any text, no two alike; quoted as in RFC 4180 if need be. Also
///              named buffer or buffer_id
///   lower      first time of the life. Also start or begin
///   upper      first time after it; lower <= upper. With the name end, the
///              last time of the life, which is one before upper
///   size       bytes, 0 or more
///   alignment  optional; bytes, 1 or more (empty: 1)
///   hint       optional; bytes, 0 or more (empty: none)
///   gaps       optional; times within the life in which others may have the
///              bytes: "3-5 7-9", each from its first time to the first one
///              after it (with end, to its last one). "3-5@0:16" leaves the
///              bytes from 0 to before 16 of the buffer in use
///   offset     optional; where the buffer has to be (empty: anywhere)
/// Other columns are kept for writing, with a warning, but for names that look
/// like mistakes in these. Numbers are decimal and below 2^63. Blank lines are
/// skipped. The capacity is left at "none". The error of the first offending
/// line is `file:line: error: ...`.
llvm::Expected<PackingTable> parsePackingCsv(llvm::StringRef text,
                                             llvm::StringRef file);

/// Writes every column of `table`, one row per buffer in their order, with
/// `offsets`, one per buffer, in the column offset: where it was, else at the
/// end.
void writePackingCsv(llvm::raw_ostream &os, const PackingTable &table,
                     const std::vector<int64_t> &offsets);

} // namespace mempl

#endif // MEMPL_FRONTEND_PACKING_PACKINGIO_H
