//===- PrepareLowering.cpp - ops that upstream's passes would leave -------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-prepare-lowering: what neither One-Shot Bufferize nor the conversion of
// linalg to loops knows is written in ops that they know, into the same
// destination, so that storage in fast memory stays where it is. Patterns run
// in one walk, without folding: placed programs keep their form.
//
//===----------------------------------------------------------------------===//

#include "AmbiguousSlices.h"
#include "NotLowered.h"

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Utils.h"
#include "mempl/IR/OneShotAnalysis.h"
#include "mempl/IR/YieldedTensors.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ControlFlowToSCF/ControlFlowToSCF.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/RegionGraphTraits.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include "llvm/ADT/SCCIterator.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLPREPARELOWERING
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

/// Whether upstream can write the op in simpler ones: of integers it makes no
/// softmax, but a crash.
static bool isOfFloats(Operation *op) {
  auto softmax = dyn_cast<linalg::SoftmaxOp>(op);
  return !softmax || isa<FloatType>(getElementTypeOrSelf(softmax.getInput()));
}

/// The parts of a softmax have the type of its input, its result that of its
/// output, which may know more or less of the shape.
static Value asOutput(RewriterBase &rewriter, Location loc, Value input,
                      Value output) {
  return input.getType() == output.getType()
             ? input
             : tensor::CastOp::create(rewriter, loc, output.getType(), input);
}

namespace {

/// Softmax and what else says how it is made of simpler ops.
struct DecomposeAggregate
    : OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() == 0 || !isOfFloats(op))
      return failure();
    if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op.getOperation())) {
      Value input = asOutput(rewriter, op->getLoc(), softmax.getInput(),
                             softmax.getOutput());
      rewriter.modifyOpInPlace(
          op, [&] { softmax.getInputMutable().assign(input); });
    }
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return failure();
    rewriter.replaceOp(op, *results);
    return success();
  }
};

/// A softmax of buffers as one of tensors in these buffers: it is decomposed on
/// tensors only.
struct SoftmaxOnTensors : OpRewritePattern<linalg::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 0 || !isOfFloats(op))
      return failure();
    auto tensorOf = [&](Value buffer) {
      return bufferization::ToTensorOp::create(
          rewriter, op.getLoc(),
          memref::getTensorTypeFromMemRefType(buffer.getType()), buffer,
          /*restrict=*/true, /*writable=*/true);
    };
    Value input = tensorOf(op.getInput());
    Value output =
        op.getInput() == op.getOutput() ? input : tensorOf(op.getOutput());
    input = asOutput(rewriter, op.getLoc(), input, output);
    auto softmax =
        linalg::SoftmaxOp::create(rewriter, op.getLoc(), output.getType(),
                                  input, output, op.getDimension());
    FailureOr<SmallVector<Value>> results =
        softmax.decomposeOperation(rewriter);
    if (failed(results))
      return failure();
    bufferization::MaterializeInDestinationOp::create(
        rewriter, op.getLoc(), /*result=*/Type(), results->front(),
        op.getOutput(), /*restrict=*/true, /*writable=*/true);
    rewriter.eraseOp(softmax);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerPack : OpRewritePattern<linalg::PackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::PackOp op,
                                PatternRewriter &rewriter) const override {
    // Upstream pads with a zero, also where nothing is to be padded. It doesn't
    // verify that packing keeps the type of elements.
    Type element = op.getSourceType().getElementType();
    if (element != op.getDestType().getElementType() ||
        (!op.getPaddingValue() && !rewriter.getZeroAttr(element)))
      return failure();
    return linalg::lowerPack(rewriter, op);
  }
};

struct LowerUnPack : OpRewritePattern<linalg::UnPackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::UnPackOp op,
                                PatternRewriter &rewriter) const override {
    return linalg::lowerUnPack(rewriter, op);
  }
};

/// Bits of one element type as those of another, element by element.
struct LowerBitcast : OpRewritePattern<tensor::BitcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::BitcastOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !isa<RankedTensorType>(op.getSource().getType()))
      return failure();
    Location loc = op.getLoc();
    Value empty = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, op.getSource()),
        type.getElementType());
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, empty.getType(), op.getSource(), empty,
        ArrayRef<AffineMap>{identity, identity}, loops,
        [&](OpBuilder &nested, Location at, ValueRange elements) {
          Value bits = arith::BitcastOp::create(
              nested, at, type.getElementType(), elements.front());
          linalg::YieldOp::create(nested, at, bits);
        });
    return success();
  }
};

/// An elementwise op that One-Shot Bufferize makes another name of a buffer of
/// stays one: written element by element it would move a tensor out of fast
/// memory. Has to go before the pattern that does so.
template <typename Op> struct KeepName : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getType()))
      return failure();
    if constexpr (std::is_same_v<Op, arith::SelectOp>)
      if (!op.getCondition().getType().isInteger(1))
        return failure();
    rewriter.modifyOpInPlace(op, [] {});
    return success();
  }
};

/// A gather, element by element.
struct LowerGather : OpRewritePattern<tensor::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::GatherOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    auto sourceType = cast<RankedTensorType>(op.getSource().getType());
    int64_t batch =
        cast<RankedTensorType>(op.getIndices().getType()).getRank() - 1;
    // Dimensions that are gathered may stay, with a size of 1.
    bool reduced = type.getRank() < batch + sourceType.getRank();
    SmallVector<int64_t> sourceDims;
    for (int64_t dim = 0; dim < sourceType.getRank(); ++dim)
      if (!reduced || !llvm::is_contained(op.getGatherDims(), dim))
        sourceDims.push_back(dim);
    Location loc = op.getLoc();
    SmallVector<Value> extents;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        extents.push_back(rewriter.createOrFold<tensor::DimOp>(
            loc, dim < batch ? op.getIndices() : op.getSource(),
            dim < batch ? dim : sourceDims[dim - batch]));
    auto element = [&](OpBuilder &nested, Location at, ValueRange point) {
      SmallVector<Value> coordinates(sourceType.getRank());
      for (auto [dim, index] : llvm::zip(sourceDims, point.drop_front(batch)))
        coordinates[dim] = index;
      for (auto [i, dim] : llvm::enumerate(op.getGatherDims())) {
        SmallVector<Value> where(point.take_front(batch));
        where.push_back(arith::ConstantIndexOp::create(nested, at, i));
        Value index =
            tensor::ExtractOp::create(nested, at, op.getIndices(), where);
        coordinates[dim] = nested.createOrFold<arith::IndexCastOp>(
            at, nested.getIndexType(), index);
      }
      Value value =
          tensor::ExtractOp::create(nested, at, op.getSource(), coordinates);
      tensor::YieldOp::create(nested, at, value);
    };
    rewriter.replaceOpWithNewOp<tensor::GenerateOp>(op, type, extents, element);
    return success();
  }
};

/// A tensor of any values.
struct LowerPoison : OpRewritePattern<ub::PoisonOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ub::PoisonOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !type.hasStaticShape())
      return failure();
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(op, type.getShape(),
                                                 type.getElementType());
    return success();
  }
};

/// Loops and switches of blocks as ops with regions, which deallocation knows.
class Structuring : public ControlFlowToSCFTransformation {
public:
  Value getUndefValue(Location loc, OpBuilder &builder, Type type) override {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.hasStaticShape())
      return tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                     tensor.getElementType());
    return ControlFlowToSCFTransformation::getUndefValue(loc, builder, type);
  }
};

class MemplPrepareLoweringPass
    : public mempl::ir::impl::MemplPrepareLoweringBase<
          MemplPrepareLoweringPass> {
public:
  void runOnOperation() override;
};

} // namespace

/// Whether control flow between blocks is more than branches forward, or there
/// are tensors: One-Shot Bufferize does not see that what one block writes in
/// place is read in a later one that it does not dominate.
static bool needsStructure(Region &region) {
  for (auto it = llvm::scc_begin(&region); !it.isAtEnd(); ++it)
    if (it.hasCycle())
      return true;
  auto isOnTensors = [](Operation *op) {
    return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  };
  return region.walk(isOnTensors).wasInterrupted() ||
         llvm::any_of(region, [](Block &block) {
           return block.getNumSuccessors() > 1 &&
                  !isa<cf::CondBranchOp>(block.getTerminator());
         });
}

/// Makes structured control flow of the blocks of a function, and of those of
/// an execute_region, which has one yield in what follows.
static LogicalResult structure(Operation *op) {
  Region &region = op->getRegion(0);
  if (region.empty() || region.hasOneBlock() ||
      (isa<func::FuncOp>(op) && !needsStructure(region)))
    return success();
  Structuring structuring;
  DominanceInfo dominance(op);
  if (failed(transformCFGToSCF(region, structuring, dominance)))
    return op->emitError() << "the control flow between the blocks of '"
                           << op->getName()
                           << "' cannot be lowered; run lift-cf-to-scf before";
  return success();
}

/// Whether One-Shot Bufferize makes an op on buffers of it.
static bool isBufferized(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (isa<bufferization::BufferizableOpInterface, FunctionOpInterface>(op))
    return true;
  return llvm::none_of(op->getOperandTypes(), isTensor) &&
         llvm::none_of(op->getResultTypes(), isTensor);
}

/// Constraints on placement, which is over: patterns would copy them from an
/// op on tensors to one on their elements.
static void eraseConstraints(ModuleOp module) {
  module.walk([](Operation *op) {
    for (StringRef name : {kPinAttr, kForbidAttr, kMaxBytesAttr})
      op->removeAttr(name);
  });
}

/// Ops that would be errors, but whose results nobody needs.
static void eraseUnusedThatStay(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op) &&
        (!isBufferized(op) ||
         !whatLowers(op->getName().getDialectNamespace()).empty()))
      op->erase();
}

/// Programs for the transform-interpreter, and modules of nothing else, are
/// nothing that runs.
static void eraseTransforms(ModuleOp module) {
  SmallVector<Operation *> programs;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->getName().getDialectNamespace() != "transform")
      return WalkResult::advance();
    programs.push_back(op);
    return WalkResult::skip();
  });
  for (Operation *op : programs) {
    auto library = dyn_cast<ModuleOp>(op->getParentOp());
    op->erase();
    if (library && library != module && library.getBody()->empty())
      library.erase();
  }
}

/// Whether an op makes several dynamic dimensions of one: upstream's
/// expand-strided-metadata computes the size of one of them at most, and ends
/// in a null attribute with more.
template <typename ExpandOp> static bool expandsToDynamic(Operation *op) {
  auto expand = dyn_cast<ExpandOp>(op);
  return expand &&
         llvm::any_of(
             expand.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
               return llvm::count_if(group, [&](int64_t dim) {
                        return expand.getResultType().isDynamicDim(dim);
                      }) > 1;
             });
}

void MemplPrepareLoweringPass::runOnOperation() {
  ModuleOp module = getOperation();
  eraseTransforms(module);
  eraseConstraints(module);
  auto structured = module.walk([](Operation *op) {
    return isa<func::FuncOp, scf::ExecuteRegionOp>(op) && failed(structure(op))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (structured.wasInterrupted() || failed(checkAnalyzable(module)))
    return signalPassFailure();
  RewritePatternSet patterns(&getContext());
  patterns.add<DecomposeAggregate, SoftmaxOnTensors, LowerPack, LowerUnPack,
               LowerBitcast, LowerGather, LowerPoison>(&getContext());
  patterns.add<KeepName<arith::IndexCastOp>, KeepName<arith::IndexCastUIOp>,
               KeepName<arith::SelectOp>>(&getContext(), /*benefit=*/2);
  linalg::populateDecomposeWinogradOpsPatterns(patterns);
  linalg::populateElementwiseToLinalgConversionPatterns(patterns);
  // lower-affine itself folds tensors: a release of a slice in fast memory
  // would become one of what was written there.
  populateAffineToStdConversionPatterns(patterns);
  populateAffineToVectorConversionPatterns(patterns);
  walkAndApplyPatterns(module, std::move(patterns));

  eraseUnusedThatStay(module);
  IRRewriter rewriter(&getContext());
  SmallVector<Operation *> left = reshapeAmbiguousSlices(rewriter, module);
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    if (!isBufferized(op) || !op->isRegistered() ||
        isa<linalg::PackOp, linalg::UnPackOp>(op) ||
        !whatLowers(dialect).empty() || unknownTypeOf(op) ||
        expandsToDynamic<tensor::ExpandShapeOp>(op) ||
        expandsToDynamic<memref::ExpandShapeOp>(op))
      left.push_back(op);
  });
  if (!left.empty()) {
    emitNotLowered(left);
    return signalPassFailure();
  }
  copyYieldedFromOutside(rewriter, module);
  copyTensorsHandedOnTwice(rewriter, module);
}
