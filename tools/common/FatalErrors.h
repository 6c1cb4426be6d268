//===- FatalErrors.h - errors that nobody can go on after -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_COMMON_FATALERRORS_H
#define MEMPL_TOOLS_COMMON_FATALERRORS_H

namespace mempl {

/// From now on a lack of memory, and output that cannot be written, are one
/// line on standard error, `tool: error: text`, and exit code 1; temporary
/// files are removed. To be called first of all; `tool` must stay.
void reportFatalErrors(const char *tool);

} // namespace mempl

#endif // MEMPL_TOOLS_COMMON_FATALERRORS_H
