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

#ifndef MEMPL_PACKING_PACKINGIO_H
#define MEMPL_PACKING_PACKINGIO_H

#include "mempl/Packing/Packer.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace mempl {

/// Reads the file at `path`, plain or gzip; "-" is standard input. Errors as
/// parsePackingCsv.
llvm::Expected<PackingProblem> readPackingCsv(llvm::StringRef path);

/// Reads a problem from `text`; `file` is its name in errors. The first line
/// names the columns, in any order:
///   id         any text, no two alike; quoted as in RFC 4180 if need be
///   lower      first moment of the life
///   upper      first moment after it; lower <= upper
///   size       bytes, 0 or more
///   alignment  optional; bytes, 1 or more (empty: 1)
///   hint       optional; bytes, 0 or more (empty: none)
///   offset     optional; where the buffer has to be (empty: anywhere)
/// Numbers are decimal and below 2^63. The capacity is left at "none". The
/// error of the first offending line is `file:line: error: ...`.
llvm::Expected<PackingProblem> parsePackingCsv(llvm::StringRef text,
                                               llvm::StringRef file);

/// Writes id,lower,upper,size,offset, one row per buffer in their order.
/// `offsets` has one entry per buffer.
void writePackingCsv(llvm::raw_ostream &os, const PackingProblem &problem,
                     const std::vector<int64_t> &offsets);

} // namespace mempl

#endif // MEMPL_PACKING_PACKINGIO_H
