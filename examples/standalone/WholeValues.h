//===- WholeValues.h - a solver of one's own -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef STANDALONE_WHOLEVALUES_H
#define STANDALONE_WHOLEVALUES_H

namespace standalone {

/// Registers the solver `whole-values`, which keeps a value in fast memory from
/// its first access to its last or not at all.
void registerSolvers();

} // namespace standalone

#endif // STANDALONE_WHOLEVALUES_H
