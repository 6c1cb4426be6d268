//===- OneShotAnalysis.h - upstream's analysis, checked before --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One-Shot Analysis as placement and lowering use it, and a hole in it, which
// has to be known before it runs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_ONESHOTANALYSIS_H
#define MEMPL_IR_ONESHOTANALYSIS_H

#include "mempl/IR/Namespace.h"

namespace mlir {
class Operation;
namespace bufferization {
class OneShotAnalysisState;
struct OneShotBufferizationOptions;
} // namespace bufferization
} // namespace mlir

namespace mempl::ir {

/// The options of One-Shot Bufferize that mempl's analysis assumes: function
/// boundaries with identity layouts, loops that may allocate.
bufferization::OneShotBufferizationOptions placementBufferizationOptions();

/// Fails with an error at what One-Shot Analysis does not survive:
///
/// - an op with regions and a tensor result in a loop of blocks: whether such a
///   result is written, it asks by way of the result itself, until the stack is
///   exhausted;
/// - a padding by -2^63, which stands for an operand that is not there.
LogicalResult checkAnalyzable(Operation *op);

/// One-Shot Analysis of `op`, after this check; of a module the analysis of
/// modules, which knows what calls do.
LogicalResult analyzeTensors(Operation *op,
                             bufferization::OneShotAnalysisState &state);

} // namespace mempl::ir

#endif // MEMPL_IR_ONESHOTANALYSIS_H
