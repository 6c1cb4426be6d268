//===- Register.h - everything of mempl, for a tool -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_REGISTER_REGISTER_H
#define MEMPL_REGISTER_REGISTER_H

namespace mlir {
class DialectRegistry;
}

#include "mempl/IR/Namespace.h"

namespace mempl::ir {

/// Registers the dialect and the interfaces that mempl's passes ask of upstream
/// ops.
void registerDialect(DialectRegistry &registry);

/// Registers all passes and pipelines of mempl, and the solvers that are loaded
/// when they are needed. The only list of them.
void registerMemplPasses();

/// Both.
void registerAll(DialectRegistry &registry);

} // namespace mempl::ir

#endif // MEMPL_REGISTER_REGISTER_H
