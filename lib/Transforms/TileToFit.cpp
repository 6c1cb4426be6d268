//===- TileToFit.cpp - temporaries that fit into fast memory --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-tile-to-fit: runs of ops of every function are split, by an estimate.
//
//===----------------------------------------------------------------------===//

#include "TileToFit.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLTILETOFIT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using tiling::Segment;

//===----------------------------------------------------------------------===//
// mempl-tile-to-fit
//===----------------------------------------------------------------------===//

namespace {

struct MemplTileToFitPass
    : mempl::ir::impl::MemplTileToFitBase<MemplTileToFitPass> {
  using MemplTileToFitBase::MemplTileToFitBase;
  MEMPL_NAMED_OPTIONS

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!(share > 0 && share <= 1)) {
      emitError(module.getLoc())
          << "option 'share': expected a number above 0 and at most 1";
      return signalPassFailure();
    }
    FailureOr<TargetDescription> description =
        selectTarget(module, {target, capacity});
    if (failed(description))
      return signalPassFailure();
    tiling::TilingLimits limits;
    limits.capacity = description->machine.capacity;
    limits.budget =
        static_cast<int64_t>(share * static_cast<double>(limits.capacity));
    limits.unroll = unroll;
    IRRewriter rewriter(&getContext());
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal() || !function.getBody().hasOneBlock())
        continue;
      for (const Segment &segment : tiling::chooseSegments(
               function.getBody().front(), *description, limits)) {
        tiling::tileSegment(rewriter, segment);
        ++numRuns;
        numOps += segment.members.size();
      }
    }
  }
};

} // namespace
