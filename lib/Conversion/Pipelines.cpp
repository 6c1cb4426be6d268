//===- Pipelines.cpp - all the way to an executable module ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Pipelines.h"

#include "Common.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLMATHTOLIBM
#define GEN_PASS_DEF_MEMPLVERIFYLOWERED
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

/// Calls of functions of the program, not of declarations.
SmallVector<func::CallOp> callsOfDefinitions(ModuleOp module) {
  SymbolTable table(module);
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    auto callee = table.lookup<func::FuncOp>(call.getCallee());
    if (callee && !callee.isExternal())
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

class MemplVerifyLoweredPass
    : public mempl::ir::impl::MemplVerifyLoweredBase<MemplVerifyLoweredPass> {
public:
  void runOnOperation() override {
    SmallVector<Operation *> left, casts;
    getOperation()->walk([&](Operation *op) {
      if (isa<UnrealizedConversionCastOp>(op))
        casts.push_back(op);
      else if (!isa<ModuleOp>(op) &&
               !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        left.push_back(op);
    });
    // Casts are there because of the others, if there are others.
    if (left.empty())
      left = std::move(casts);
    if (left.empty())
      return;
    emitNotLowered(left);
    signalPassFailure();
  }
};

} // namespace

void mempl::ir::addLoweringPreparation(OpPassManager &manager) {
  manager.addPass(createMemplMarkDeallocations());
  manager.addPass(createMemplPrepareLowering());
}

void mempl::ir::addDeallocation(OpPassManager &manager) {
  memref::ExpandReallocPassOptions realloc;
  realloc.emitDeallocs = false;
  manager.addPass(memref::createExpandReallocPass(realloc));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createMemplDeallocate());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(bufferization::createBufferDeallocationSimplificationPass());
  manager.addPass(bufferization::createLowerDeallocationsPass());
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createConvertBufferizationToMemRefPass());
}

/// To memrefs, and mempl's ops to calls. Steps are told to the runtime before
/// deallocation adds ops of its own.
static void addBufferization(OpPassManager &manager,
                             const LowerToCpuOptions &options) {
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  manager.addPass(bufferization::createOneShotBufferizePass(bufferize));
  manager.addPass(createConvertMemplToLLVM());
  ConvertMemplSpacesOptions spaces;
  spaces.map = {"*=none"};
  spaces.others = "none";
  manager.addPass(createConvertMemplSpaces(spaces));
  // Removes copies of a buffer to itself, which are no steps: their two sides
  // are views that are the same once CSE has seen them.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  if (options.instrument) {
    MemplInstrumentStepsOptions steps;
    steps.functions = llvm::to_vector(options.functions);
    manager.addPass(createMemplInstrumentSteps(steps));
  }
  addDeallocation(manager);
}

static void addLoops(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(memref::createExpandOpsPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
}

/// Upstream's conversions. Those before finalize-memref-to-llvm may still make
/// memrefs.
static void addConversionsToLLVM(OpPassManager &manager) {
  manager.addPass(createConvertComplexToStandardPass());
  math::MathExpandOpsPassOptions expand;
  expand.opMnemonics = {"rsqrt", "fpowi", "clampf"};
  manager.addPass(math::createMathExpandOpsPass(expand));
  manager.addPass(createMemplMathToLibm());
  manager.addPass(createConvertMathToFuncs());
  manager.addNestedPass<func::FuncOp>(vector::createLowerVectorMaskPass());
  manager.addNestedPass<func::FuncOp>(
      vector::createLowerVectorMultiReductionPass());
  manager.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createSCFToControlFlowPass());
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.useGenericFunctions = true;
  manager.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  manager.addPass(createConvertComplexToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createMemplVerifyLowered());
}

void mempl::ir::buildLowerToCpuPipeline(OpPassManager &manager,
                                        const LowerToCpuOptions &options) {
  addLoweringPreparation(manager);
  addBufferization(manager, options);
  addLoops(manager);
  addConversionsToLLVM(manager);
}

void mempl::ir::registerLoweringPipelines() {
  PassPipelineRegistration<LowerToCpuOptions>(
      "mempl-lower-to-cpu",
      "Lower placed linalg to the LLVM dialect and calls of the runtime "
      "library",
      buildLowerToCpuPipeline);
}
