//===- SoftmaxCost.h - the cost of an op ------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef STANDALONE_SOFTMAXCOST_H
#define STANDALONE_SOFTMAXCOST_H

#include "mlir/IR/DialectRegistry.h"

namespace standalone {

/// Tells mempl what linalg.softmax computes; without it, it counts as the bytes
/// that it moves and no arithmetic.
void registerSoftmaxCost(mlir::DialectRegistry &registry);

} // namespace standalone

#endif // STANDALONE_SOFTMAXCOST_H
