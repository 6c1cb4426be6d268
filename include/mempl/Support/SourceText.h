//===- SourceText.h - lines of the user's program ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How an instance says where a step or a value was written: `model.py:12`, and
// perhaps what its author calls it: `model.py:12 (jit(step)/attention)`.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_SOURCETEXT_H
#define MEMPL_SUPPORT_SOURCETEXT_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace mempl {

/// Most bytes of such a text, so that a file with one per step stays small.
inline constexpr size_t kMaxSourceBytes = 255;

/// The text for a line, from 1. A long name is cut; empty where there is no
/// file, or no room for its name.
std::string sourceText(llvm::StringRef file, int64_t line,
                       llvm::StringRef name = "");

/// The file that a text names, or empty where it has another form.
llvm::StringRef sourceFile(llvm::StringRef source);

} // namespace mempl

#endif // MEMPL_SUPPORT_SOURCETEXT_H
