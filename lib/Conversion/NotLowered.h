//===- NotLowered.h - errors about ops that are left ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_NOTLOWERED_H
#define MEMPL_LIB_CONVERSION_NOTLOWERED_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Operation.h"

namespace mempl::ir {

/// What lowers the ops of a dialect to those that are lowered here; empty if
/// nothing does.
StringRef whatLowers(StringRef dialect);

/// A type of an op or of the values that it has that is of a dialect that is
/// not registered; null if there is none.
Type unknownTypeOf(Operation *op);

/// Emits one error for ops that mempl-lower-to-cpu leaves (at least one): the
/// name of the first, what to run before if a pass for its dialect is known,
/// and the names of the others in a note.
void emitNotLowered(ArrayRef<Operation *> left);

} // namespace mempl::ir

#endif // MEMPL_LIB_CONVERSION_NOTLOWERED_H
