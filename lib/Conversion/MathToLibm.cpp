//===- MathToLibm.cpp - calls of libm for the math ops that it has --------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLMATHTOLIBM
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// Classes of numbers by comparisons, for vectors of any rank.
template <typename Op> struct CompareClass : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value x = op.getOperand();
    auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) {
      return arith::CmpFOp::create(rewriter, loc, predicate, a, b);
    };
    if constexpr (std::is_same_v<Op, math::IsNaNOp>) {
      rewriter.replaceOp(op, compare(arith::CmpFPredicate::UNO, x, x));
      return success();
    }
    auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    auto constant = [&](const APFloat &value) -> Value {
      TypedAttr attribute = FloatAttr::get(element, value);
      if (auto type = dyn_cast<ShapedType>(x.getType()))
        attribute = DenseElementsAttr::get(type, value);
      return arith::ConstantOp::create(rewriter, loc, attribute);
    };
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    Value size = math::AbsFOp::create(rewriter, loc, x);
    Value infinity = constant(APFloat::getInf(semantics));
    if constexpr (std::is_same_v<Op, math::IsInfOp>) {
      rewriter.replaceOp(op,
                         compare(arith::CmpFPredicate::OEQ, size, infinity));
      return success();
    }
    Value finite = compare(arith::CmpFPredicate::OLT, size, infinity);
    if constexpr (std::is_same_v<Op, math::IsNormalOp>) {
      Value smallest = constant(APFloat::getSmallestNormalized(semantics));
      finite = arith::AndIOp::create(
          rewriter, loc, finite,
          compare(arith::CmpFPredicate::OGE, size, smallest));
    }
    rewriter.replaceOp(op, finite);
    return success();
  }
};

struct SplitSincos : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    Value sine = math::SinOp::create(rewriter, op.getLoc(), op.getOperand());
    Value cosine = math::CosOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, {sine, cosine});
    return success();
  }
};

/// Calls of functions of the program, not of declarations; and those of a
/// declaration of another type, which upstream's patterns do not look at.
SmallVector<func::CallOp> callsOfDefinitions(ModuleOp module) {
  SymbolTable table(module);
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    auto callee = table.lookup<func::FuncOp>(call.getCallee());
    if (callee && (!callee.isExternal() ||
                   callee.getFunctionType() != call.getCalleeType()))
      calls.push_back(call);
  });
  return calls;
}

class MemplMathToLibmPass
    : public mempl::ir::impl::MemplMathToLibmBase<MemplMathToLibmPass> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::CallOp> known = callsOfDefinitions(module);
    // Upstream's patterns declare functions in the nearest symbol table, which
    // is not known inside of an op that is not registered.
    WalkResult outside = getOperation()->walk([](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
          SymbolTable::getNearestSymbolTable(op))
        return WalkResult::advance();
      op->emitOpError()
          << "cannot be lowered: it is inside of an op that is not registered";
      return WalkResult::interrupt();
    });
    if (outside.wasInterrupted())
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateMathToLibmConversionPatterns(patterns);
    patterns.add<CompareClass<math::IsFiniteOp>, CompareClass<math::IsInfOp>,
                 CompareClass<math::IsNaNOp>, CompareClass<math::IsNormalOp>,
                 SplitSincos>(&getContext());
    // Without folding: calls that were there stay the same ops.
    GreedyRewriteConfig config;
    config.enableFolding(false).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(module, std::move(patterns), config)))
      return signalPassFailure();
    DenseSet<Operation *> before(known.begin(), known.end());
    for (func::CallOp call : callsOfDefinitions(module)) {
      if (before.contains(call))
        continue;
      // The op may be of a payload without a location.
      module.lookupSymbol(call.getCallee())->emitError()
          << "cannot be lowered: the program needs the function '"
          << call.getCallee()
          << "' of libm, and this has its name; rename it "
             "before";
      return signalPassFailure();
    }
  }
};

} // namespace
