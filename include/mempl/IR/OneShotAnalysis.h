//===- OneShotAnalysis.h - upstream's analysis, checked before --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A hole in upstream's bufferization, which has to be known before it runs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_ONESHOTANALYSIS_H
#define MEMPL_IR_ONESHOTANALYSIS_H

#include "mempl/IR/Namespace.h"

namespace llvm {
struct LogicalResult;
}
namespace mlir {
class Operation;
using llvm::LogicalResult;
namespace bufferization {
class OneShotAnalysisState;
}
} // namespace mlir

namespace mempl::ir {

/// Fails with an error at an op with regions and a tensor result in a loop of
/// blocks: whether such a result is written, One-Shot Analysis asks by way of
/// the result itself, until the stack is exhausted.
mlir::LogicalResult checkLoopsOfBlocks(mlir::Operation *op);

/// One-Shot Analysis of `op`, after this check; of a module the analysis of
/// modules, which knows what calls do.
mlir::LogicalResult
analyzeTensors(mlir::Operation *op,
               mlir::bufferization::OneShotAnalysisState &state);

} // namespace mempl::ir

#endif // MEMPL_IR_ONESHOTANALYSIS_H
