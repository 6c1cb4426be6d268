//===- SourceLocation.h - lines of the user's program as MLIR has them ----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Locations as the texts that instances have (mempl/Support/SourceText.h), and
// the other way round.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_SOURCELOCATION_H
#define MEMPL_IR_SOURCELOCATION_H

#include "mempl/IR/Namespace.h"

#include "mlir/IR/Location.h"

#include <string>

namespace mempl::ir {

/// `file:line` of the innermost file: of a call that was inlined that of the
/// callee, of a fused location the first. Empty where there is none.
std::string sourceTextOf(Location loc);

/// The location of an op for a step or value whose source is `text`; `other`
/// where it is empty.
Location locationOf(StringRef text, Location other);

/// The text that locationOf() has made `loc` of, or empty: an op in a file of
/// instances is at a line of that file, which is nobody's program.
std::string locatedSource(Location loc);

/// The same line without its column: what diagnostics say there they say
/// without the whole line, which of a function's head is long.
Location withoutColumn(Location loc);

} // namespace mempl::ir

#endif // MEMPL_IR_SOURCELOCATION_H
