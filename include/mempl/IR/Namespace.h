//===- Namespace.h - where everything that knows of MLIR is -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The placement problem is in namespace mempl, which knows nothing of MLIR. The
// dialect, the analyses and the passes are in mempl::ir, where MLIR's names are
// known, also those that the placement problem has too.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_NAMESPACE_H
#define MEMPL_IR_NAMESPACE_H

#include "mlir/Support/LLVM.h"

namespace mlir {
class Value;
} // namespace mlir

namespace mempl::ir {
using namespace mlir;
using mlir::Value;
} // namespace mempl::ir

#endif // MEMPL_IR_NAMESPACE_H
