//===- OneShotAnalysis.cpp - upstream's analysis, checked before ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/OneShotAnalysis.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/RegionGraphTraits.h"

#include "llvm/ADT/SCCIterator.h"

using namespace mlir;
using namespace mempl::ir;

bufferization::OneShotBufferizationOptions
mempl::ir::placementBufferizationOptions() {
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.allowUnknownOps = true;
  options.setFunctionBoundaryTypeConversion(
      bufferization::LayoutMapOption::IdentityLayoutMap);
  // Without it a tensor.empty, which becomes an allocation, counts as strided.
  options.unknownTypeConverterFn =
      [](TensorType type, Attribute space,
         const bufferization::BufferizationOptions &) {
        return bufferization::getMemRefTypeWithStaticIdentityLayout(type,
                                                                    space);
      };
  return options;
}

/// An op whose tensor result may reach the op's own region, from block to
/// block.
static Operation *findRecursion(Region &region) {
  // Most regions are one block, and no block of it can be branched to.
  if (region.empty() || region.hasOneBlock())
    return nullptr;
  for (auto blocks = llvm::scc_begin(&region); !blocks.isAtEnd(); ++blocks) {
    if (!blocks.hasCycle())
      continue;
    for (Block *block : *blocks)
      for (Operation &op : *block)
        if (op.getNumRegions() > 0 &&
            llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>))
          return &op;
  }
  return nullptr;
}

/// Whether an amount stands for an operand that is not there.
static bool lacksAmounts(tensor::PadOp pad) {
  auto lacks = [](ArrayRef<int64_t> amounts, ValueRange operands) {
    return llvm::count(amounts, ShapedType::kDynamic) !=
           static_cast<int64_t>(operands.size());
  };
  return lacks(pad.getStaticLow(), pad.getLow()) ||
         lacks(pad.getStaticHigh(), pad.getHigh());
}

LogicalResult mempl::ir::checkAnalyzable(Operation *op) {
  WalkResult walked = op->walk([](Operation *nested) {
    for (Region &region : nested->getRegions())
      if (Operation *recursion = findRecursion(region)) {
        recursion->emitOpError()
            << "has a tensor result in a loop of blocks, which bufferization "
               "cannot analyze; --lift-cf-to-scf makes an scf.while of it";
        return WalkResult::interrupt();
      }
    if (auto pad = dyn_cast<tensor::PadOp>(nested); pad && lacksAmounts(pad)) {
      // Without the op, which cannot be printed.
      emitError(pad.getLoc())
          << "expected amounts of padding above -2^63, which stands for an "
             "operand";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult
mempl::ir::analyzeTensors(Operation *op,
                          bufferization::OneShotAnalysisState &state) {
  if (failed(checkAnalyzable(op)))
    return failure();
  if (auto module = dyn_cast<ModuleOp>(op))
    return bufferization::analyzeModuleOp(module, state);
  return bufferization::analyzeOp(op, state);
}
