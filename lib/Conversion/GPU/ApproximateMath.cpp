//===- ApproximateMath.cpp - math of kernels without libdevice ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLGPUAPPROXIMATEMATH
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplGPUApproximateMath
    : mempl::ir::impl::MemplGPUApproximateMathBase<MemplGPUApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    math::populateExpansionPatterns(
        patterns, {"rsqrt", "sinh", "cosh", "tan", "asinh", "acosh", "atanh",
                   "powf", "exp2", "fpowi", "ipowi", "clampf"});
    // These are instructions; the expansions of some go through integers.
    auto approximated = [](StringRef name) {
      return name != "math.sqrt" && name != "math.floor" &&
             name != "math.ceil" && name != "math.absf" && name != "math.fma" &&
             name != "math.trunc" && name != "math.roundeven" &&
             name != "math.round" && name != "math.rsqrt";
    };
    populateMathF32ExpansionPatterns(patterns, approximated);
    populateMathPolynomialApproximationPatterns(patterns, approximated);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
