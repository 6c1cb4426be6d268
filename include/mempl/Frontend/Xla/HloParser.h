//===- HloParser.h - reader of XLA's HLO text -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the text that XLA prints for a module (`compiled.as_text()`, dumps),
// with or without layouts, and what people write by hand: comments and line
// breaks anywhere, results without a shape, no header. Attributes that mean
// nothing to mempl are kept as text.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOPARSER_H
#define MEMPL_FRONTEND_XLA_HLOPARSER_H

#include "mempl/Frontend/Xla/HloModule.h"

namespace mempl::hlo {

/// Parses a module. `file` is its name in errors, which are
/// `file:line: error: what was expected`. Operands must be defined above their
/// uses, as XLA prints them. Where no computation is the entry, the last one
/// is. Of a file with several modules the first is read.
llvm::Expected<Module> parseModule(llvm::StringRef text, llvm::StringRef file);

/// Reads a plain or gzip file; "-" is standard input.
llvm::Expected<Module> readModule(llvm::StringRef path);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_HLOPARSER_H
