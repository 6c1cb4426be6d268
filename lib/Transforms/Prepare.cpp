//===- Prepare.cpp - copies of bufferization as ops -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the analysis of One-Shot Bufferize and writes down what it would do:
// upstream's insertTensorCopies() for conflicts between reads and writes, and
// our own copies for the places where bufferization copies because of a layout
// (a collapsed strided slice, a returned slice).
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/Prepare.h"

#include "mempl/Analysis/Program.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace mlir::mempl;
using namespace mlir::bufferization;

OneShotBufferizationOptions mlir::mempl::placementBufferizationOptions() {
  OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.allowUnknownOps = true;
  options.setFunctionBoundaryTypeConversion(LayoutMapOption::IdentityLayoutMap);
  // Without it a tensor.empty, which becomes an allocation, counts as strided.
  options.unknownTypeConverterFn = [](TensorType type, Attribute space,
                                      const BufferizationOptions &) {
    return getMemRefTypeWithStaticIdentityLayout(type, space);
  };
  return options;
}

/// One `tensor.dim` per dynamic dimension of `tensor`.
static SmallVector<Value> dynamicSizes(OpBuilder &builder, Location loc,
                                       Value tensor) {
  SmallVector<Value> sizes;
  auto type = cast<RankedTensorType>(tensor.getType());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, tensor, i));
  return sizes;
}

/// Gives every result of a kernel an operand to be written into.
static void tieResults(RewriterBase &rewriter, KernelOp kernel) {
  SmallVector<int64_t> outs;
  SmallVector<Value> operands(kernel.getOperands_());
  SmallVector<int64_t> bytes(operands.size(), -1);
  if (std::optional<ArrayRef<int64_t>> given = kernel.getBytes())
    bytes.assign(given->begin(), given->end());
  bool changed = false;
  for (OpResult result : kernel.getResults()) {
    int64_t tied = kernel.getTiedOperand(result.getResultNumber());
    auto type = cast<RankedTensorType>(result.getType());
    if (tied < 0 && type.hasStaticShape()) {
      tied = operands.size();
      operands.push_back(tensor::EmptyOp::create(rewriter, kernel.getLoc(),
                                                 type, ValueRange()));
      bytes.push_back(kernel.getResultBytes()
                          ? (*kernel.getResultBytes())[result.getResultNumber()]
                          : -1);
      changed = true;
    }
    outs.push_back(tied);
  }
  if (!changed)
    return;
  auto tied = KernelOp::create(
      rewriter, kernel.getLoc(), kernel.getResultTypes(), kernel.getNameAttr(),
      operands, rewriter.getDenseI64ArrayAttr(outs), kernel.getUpdatesAttr(),
      rewriter.getDenseI64ArrayAttr(bytes), kernel.getResultBytesAttr(),
      kernel.getSecondsAttr(), kernel.getMatrixOpsAttr(),
      kernel.getVectorOpsAttr(), kernel.getReservedAttr());
  tied->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  rewriter.replaceOp(kernel, tied);
}

/// A tensor.reshape of a known shape as ops that only name the tensor anew.
static void reshapeAsViews(RewriterBase &rewriter, tensor::ReshapeOp reshape) {
  Location loc = reshape.getLoc();
  Value tensor = reshape.getSource();
  auto source = dyn_cast<RankedTensorType>(tensor.getType());
  auto result = dyn_cast<RankedTensorType>(reshape.getType());
  if (!source || !result || !source.hasStaticShape() ||
      !result.hasStaticShape() || source.getEncoding() || result.getEncoding())
    return;
  auto line =
      RankedTensorType::get(source.getNumElements(), source.getElementType());
  // All dimensions as one; none for a tensor of rank 0.
  auto grouped = [](RankedTensorType type) {
    SmallVector<ReassociationIndices> groups;
    if (type.getRank() > 0)
      groups.push_back(llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
    return groups;
  };
  if (source.getRank() == 0)
    tensor = tensor::ExpandShapeOp::create(rewriter, loc, line, tensor,
                                           grouped(source));
  else if (source.getRank() > 1)
    tensor = tensor::CollapseShapeOp::create(rewriter, loc, line, tensor,
                                             grouped(source));
  if (result.getRank() == 0)
    tensor = tensor::CollapseShapeOp::create(rewriter, loc, result, tensor,
                                             grouped(result));
  else if (result.getRank() > 1)
    tensor = tensor::ExpandShapeOp::create(rewriter, loc, result, tensor,
                                           grouped(result));
  rewriter.replaceOp(reshape, tensor);
}

/// Gives `op`, which is in the place of another, the orders about tensors that
/// that one had. Trips are those of one loop alone.
static void carryUserAttributes(DictionaryAttr attributes, Operation *op) {
  for (StringRef name :
       {StringRef(kPinAttr), StringRef(kForbidAttr), StringRef(kMaxBytesAttr)})
    if (Attribute attribute = attributes.get(name); op && attribute)
      op->setAttr(name, attribute);
}

namespace {

/// What preparation puts in the place of an op has the orders of that op.
class OrderCarrier : public RewriterBase::Listener {
public:
  using Listener::notifyOperationReplaced;
  void notifyOperationReplaced(Operation *op, ValueRange values) override {
    for (Value value : values)
      carryUserAttributes(op->getDiscardableAttrDictionary(),
                          value.getDefiningOp());
  }
};

} // namespace

/// An allocation that a user says something about stays one: what upstream
/// would make of it in its place knows nothing of that.
static void keepOrderedAllocations(RewriterBase &rewriter, Operation *module) {
  SmallVector<tensor::EmptyOp> ordered;
  module->walk([&](tensor::EmptyOp op) {
    if (op.getType().hasStaticShape() &&
        (op->hasAttr(kPinAttr) || op->hasAttr(kForbidAttr)))
      ordered.push_back(op);
  });
  for (tensor::EmptyOp op : ordered) {
    rewriter.setInsertionPoint(op);
    auto storage = AllocTensorOp::create(rewriter, op.getLoc(), op.getType(),
                                         ValueRange());
    storage->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, storage);
  }
}

/// Whether a tensor of the type has no element.
static bool isEmptyType(RankedTensorType type) {
  return llvm::is_contained(type.getShape(), 0);
}

/// A tensor.concat as insertions into one tensor. Pieces without an element are
/// left out: no slice may begin where a tensor ends.
static void concatAsInsertions(RewriterBase &rewriter,
                               tensor::ConcatOp concat) {
  RankedTensorType type = concat.getResultType();
  if (type.getEncoding())
    return;
  SmallVector<Value> inputs =
      llvm::filter_to_vector(concat.getInputs(), [](Value input) {
        return !isEmptyType(cast<RankedTensorType>(input.getType()));
      });
  if (inputs.empty() || isEmptyType(type)) {
    // Its dynamic sizes are those of any input.
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(tensor::DimOp::create(rewriter, concat.getLoc(),
                                              concat.getInputs().front(), i));
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(concat, type, sizes);
    return;
  }
  if (inputs.size() < concat.getInputs().size())
    rewriter.modifyOpInPlace(concat,
                             [&] { concat.getInputsMutable().assign(inputs); });
  FailureOr<SmallVector<Value>> pieces = concat.decomposeOperation(rewriter);
  if (succeeded(pieces))
    rewriter.replaceOp(concat, *pieces);
}

/// What a tensor.pad writes everywhere: the value that it yields, if that is
/// the same for all elements and is known before the op.
static Value uniformPadding(RewriterBase &rewriter, tensor::PadOp pad) {
  Value value =
      cast<tensor::YieldOp>(pad.getBody()->getTerminator()).getValue();
  if (!pad->isAncestor(value.getParentBlock()->getParentOp()))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasTrait<OpTrait::ConstantLike>())
    return {};
  return rewriter.clone(*op)->getResult(0);
}

/// A tensor.pad as an insertion into what it writes around its source. Others
/// that upstream can bufferize as they are stay.
static void padAsInsertion(RewriterBase &rewriter, tensor::PadOp pad) {
  Location loc = pad.getLoc();
  RankedTensorType type = pad.getResultType();
  ReifiedRankedShapedTypeDims sizes;
  if (type.getEncoding() || pad.getSourceType().getEncoding() ||
      !type.getElementType().isIntOrIndexOrFloat() ||
      failed(reifyResultShapes(rewriter, pad, sizes)))
    return;
  // An amount that is a constant gives a size that is one, whatever the type.
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(sizes.front()))
    if (type.isDynamicDim(i))
      dynamic.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, size));
  Value tensor = tensor::EmptyOp::create(rewriter, loc, type, dynamic);
  if (isEmptyType(type)) {
    rewriter.replaceOp(pad, tensor);
    return;
  }
  if (Value value = uniformPadding(rewriter, pad)) {
    tensor = linalg::FillOp::create(rewriter, loc, value, tensor).getResult(0);
  } else {
    AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> loops(type.getRank(),
                                           utils::IteratorType::parallel);
    auto fill = [&](OpBuilder &builder, Location loc, ValueRange) {
      IRMapping mapping;
      for (BlockArgument index : pad.getBody()->getArguments())
        mapping.map(
            index, linalg::IndexOp::create(builder, loc, index.getArgNumber()));
      for (Operation &op : pad.getBody()->without_terminator())
        builder.clone(op, mapping);
      Value value =
          cast<tensor::YieldOp>(pad.getBody()->getTerminator()).getValue();
      linalg::YieldOp::create(builder, loc, mapping.lookupOrDefault(value));
    };
    tensor = linalg::GenericOp::create(rewriter, loc, type, ValueRange(),
                                       tensor, map, loops, fill)
                 .getResult(0);
  }
  if (isEmptyType(pad.getSourceType())) {
    rewriter.replaceOp(pad, tensor);
    return;
  }
  SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
  rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
      pad, pad.getSource(), tensor, pad.getMixedLowPad(),
      tensor::getMixedSizes(rewriter, loc, pad.getSource()), strides);
}

/// Turns ops that bring a buffer of their own into ops that write an operand.
static void toDestinationStyle(RewriterBase &rewriter, Operation *module) {
  SmallVector<Operation *> ops;
  module->walk([&](Operation *op) {
    if (isa<tensor::PadOp, tensor::ConcatOp, tensor::GenerateOp,
            tensor::FromElementsOp, tensor::ReshapeOp, KernelOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    rewriter.setInsertionPoint(op);
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      padAsInsertion(rewriter, pad);
    } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      // One with several blocks keeps its own buffer.
      (void)linalg::rewriteInDestinationPassingStyle(rewriter, generate);
    } else if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
      (void)linalg::rewriteInDestinationPassingStyle(rewriter, elements);
    } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
      reshapeAsViews(rewriter, reshape);
    } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      concatAsInsertions(rewriter, concat);
    } else {
      tieResults(rewriter, cast<KernelOp>(op));
    }
  }
}

/// A copy of the operand in storage without a layout.
static void copyOperand(RewriterBase &rewriter, OpOperand &operand,
                        const BufferizationOptions &options) {
  Operation *op = operand.getOwner();
  rewriter.setInsertionPoint(op);
  Value tensor = operand.get();
  auto type = cast<RankedTensorType>(tensor.getType());
  auto copy =
      AllocTensorOp::create(rewriter, op->getLoc(), type, ValueRange(), tensor);
  rewriter.modifyOpInPlace(op, [&] { operand.set(copy.getResult()); });
}

/// Copies that bufferization makes because of layouts.
static void copyForLayouts(RewriterBase &rewriter, Operation *module,
                           const BufferizationOptions &options) {
  SmallVector<OpOperand *> operands;
  BufferizationState state;
  auto bufferTypeOf = [&](Value tensor) -> MemRefType {
    FailureOr<BufferLikeType> type = getBufferType(tensor, options, state);
    return succeeded(type) ? dyn_cast<MemRefType>(Type(*type)) : MemRefType();
  };
  module->walk([&](Operation *op) {
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      MemRefType source = bufferTypeOf(collapse.getSrc());
      if (source && !memref::CollapseShapeOp::isGuaranteedCollapsible(
                        source, collapse.getReassociationIndices()))
        operands.push_back(&collapse.getSrcMutable());
    } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
      MemRefType source = bufferTypeOf(reshape.getSource());
      if (source && !source.getLayout().isIdentity())
        operands.push_back(&reshape.getSourceMutable());
    } else if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      for (OpOperand &operand : ret->getOpOperands()) {
        if (!isa<RankedTensorType>(operand.get().getType()))
          continue;
        MemRefType type = bufferTypeOf(operand.get());
        if (type && !type.getLayout().isIdentity())
          operands.push_back(&operand);
      }
    }
  });
  for (OpOperand *operand : operands)
    copyOperand(rewriter, *operand, options);
}

/// Copies as `mempl.transfer`, which nothing folds away.
static void copiesToTransfers(RewriterBase &rewriter, Operation *module) {
  SmallVector<AllocTensorOp> copies;
  module->walk([&](AllocTensorOp op) {
    if (op.getCopy())
      copies.push_back(op);
  });
  for (AllocTensorOp op : copies) {
    if (op->use_empty()) {
      rewriter.eraseOp(op); // As bufferization does.
      continue;
    }
    rewriter.setInsertionPoint(op);
    auto storage = AllocTensorOp::create(
        rewriter, op.getLoc(), cast<RankedTensorType>(op.getType()),
        dynamicSizes(rewriter, op.getLoc(), op.getCopy()), /*copy=*/Value());
    if (op.getMemorySpaceAttr())
      storage.setMemorySpaceAttr(op.getMemorySpaceAttr());
    rewriter.replaceOpWithNewOp<TransferOp>(op, op.getType(), op.getCopy(),
                                            storage.getResult());
  }
}

/// All allocations that are copies of a tensor.
static llvm::SmallSetVector<Operation *, 8> copiesIn(Operation *module) {
  llvm::SmallSetVector<Operation *, 8> copies;
  module->walk([&](AllocTensorOp op) {
    if (op.getCopy())
      copies.insert(op);
  });
  return copies;
}

/// A copy that is an op of its own is no better to One-Shot Analysis where
/// tensors flow together again (the results of a conditional, what a while loop
/// hands over): it copies the copy. There the ops are left as they were, for
/// bufferization to copy what it must. `made` are the copies that preparation
/// made.
static LogicalResult
dropCopiesMadeAgain(RewriterBase &rewriter, Operation *module,
                    llvm::SmallSetVector<Operation *, 8> &made,
                    const OneShotBufferizationOptions &options) {
  auto drop = [&](Operation *op) {
    made.remove(op);
    rewriter.replaceOp(op, cast<AllocTensorOp>(op).getCopy());
  };
  constexpr int rounds = 4;
  for (int round = 0; !made.empty() && round < rounds; ++round) {
    IRMapping mapping;
    OwningOpRef<Operation *> trial = module->clone(mapping);
    llvm::SmallSetVector<Operation *, 8> known = copiesIn(*trial);
    BufferizationState state;
    if (failed(insertTensorCopies(*trial, options, state)))
      return failure();
    llvm::SmallPtrSet<Operation *, 8> again;
    bool more = false;
    for (Operation *op : copiesIn(*trial)) {
      if (known.contains(op))
        continue;
      more = true;
      again.insert(cast<AllocTensorOp>(op).getCopy().getDefiningOp());
    }
    if (!more)
      return success();
    SmallVector<Operation *> useless;
    for (Operation *op : made)
      if (round + 1 == rounds || again.contains(mapping.lookup(op)))
        useless.push_back(op);
    // Copies of something else, which the program did without before.
    if (useless.empty())
      llvm::append_range(useless, made);
    llvm::for_each(useless, drop);
  }
  return success();
}

bool mlir::mempl::hasTensorControlFlow(Operation *module) {
  return module
      ->walk([](Operation *op) {
        bool flow = isa<RegionBranchOpInterface, SelectLikeOpInterface>(op) &&
                    llvm::any_of(op->getResultTypes(), [](Type type) {
                      return isa<TensorType>(type);
                    });
        return flow ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Upstream's elimination of allocations of which an insertion is made.
static LogicalResult eliminateEmpties(RewriterBase &rewriter,
                                      Operation *module) {
  bool calls = false;
  SmallVector<OpOperand *> sources;
  module->walk([&](Operation *op) {
    calls |= isa<CallOpInterface>(op);
    if (auto insertion = dyn_cast<SubsetInsertionOpInterface>(op))
      sources.push_back(&insertion.getSourceOperand());
  });
  if (sources.empty())
    return success();
  if (calls || hasTensorControlFlow(module))
    return eliminateEmptyTensors(rewriter, module);
  // All that it needs of One-Shot Analysis, which costs as much as the rest of
  // this pass, is that the insertions read their sources where they are.
  OneShotBufferizationOptions options = placementBufferizationOptions();
  OneShotAnalysisState state(module, options);
  for (OpOperand *source : sources)
    state.bufferizeInPlace(*source);
  return eliminateEmptyTensors(rewriter, module, state);
}

//===----------------------------------------------------------------------===//
// Destinations of their own
//===----------------------------------------------------------------------===//

/// Whether the op writes the operand, as a destination or as what a loop
/// carries.
static bool isDestination(OpOperand &use, const AnalysisState &state) {
  Operation *op = use.getOwner();
  return isa<DestinationStyleOpInterface, LoopLikeOpInterface>(op) &&
         isa<BufferizableOpInterface>(op) && state.bufferizesToMemoryWrite(use);
}

/// Whether making the tensor anew takes no longer than copying it: one number
/// everywhere, or the result of an op that reads no tensor.
static bool isCheapToMake(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!op || !type || type.getEncoding())
    return false;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue()) &&
           type.getElementType().isIntOrIndexOrFloat();
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || op->getNumResults() != 1 ||
      !linalgOp.hasPureTensorSemantics() ||
      linalgOp.payloadUsesValueFromOperand(linalgOp.getDpsInitOperand(0)))
    return false;
  auto isTensor = [](Value value) { return isa<TensorType>(value.getType()); };
  if (llvm::any_of(linalgOp.getDpsInputs(), isTensor))
    return false;
  return !op->walk([&](Operation *inner) {
              return inner != op && llvm::any_of(inner->getOperands(), isTensor)
                         ? WalkResult::interrupt()
                         : WalkResult::advance();
            }).wasInterrupted();
}

/// A tensor of the type of `like` that nothing has written.
static Value newEmpty(RewriterBase &rewriter, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  auto empty =
      tensor::EmptyOp::create(rewriter, like.getLoc(), type,
                              dynamicSizes(rewriter, like.getLoc(), like));
  if (auto other = like.getDefiningOp<tensor::EmptyOp>())
    carryUserAttributes(other->getDiscardableAttrDictionary(), empty);
  return empty;
}

/// What is cheap to make, made once more in `dest`.
static Value makeAgain(RewriterBase &rewriter, Value tensor, Value dest) {
  Operation *op = tensor.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat = cast<SplatElementsAttr>(constant.getValue());
    Value scalar = arith::ConstantOp::create(
        rewriter, op->getLoc(),
        cast<TypedAttr>(splat.getSplatValue<Attribute>()));
    return linalg::FillOp::create(rewriter, op->getLoc(), scalar, dest)
        .getResult(0);
  }
  IRMapping mapping;
  mapping.map(cast<linalg::LinalgOp>(op).getDpsInitOperand(0)->get(), dest);
  return rewriter.clone(*op, mapping)->getResult(0);
}

/// The use that runs after all others; null where the order is not clear.
static OpOperand *lastUse(Value value) {
  Block *block = value.getParentBlock();
  OpOperand *last = nullptr;
  for (OpOperand &use : value.getUses()) {
    Operation *op = block->findAncestorOpInBlock(*use.getOwner());
    Operation *best =
        last ? block->findAncestorOpInBlock(*last->getOwner()) : nullptr;
    if (best && best->isBeforeInBlock(op))
      last = &use;
    else if (!last)
      last = &use;
    else if (best == op)
      return nullptr;
  }
  return last && last->getOwner()->getBlock() == block ? last : nullptr;
}

/// Gives every op that writes into `tensor`, which is cheap to make and used
/// several times, one of its own. The last one gets it in the old storage, if
/// others have read that.
static void makePerDestination(RewriterBase &rewriter, Value tensor,
                               const AnalysisState &state) {
  SmallVector<OpOperand *> destinations;
  bool others = false;
  for (OpOperand &use : tensor.getUses()) {
    if (isa<tensor::ExtractSliceOp>(use.getOwner()))
      return; // Perhaps the slice that an insertion puts back.
    if (isDestination(use, state))
      destinations.push_back(&use);
    else
      others = true;
  }
  Operation *op = tensor.getDefiningOp();
  bool constant = isa<arith::ConstantOp>(op);
  if (destinations.empty() || (tensor.hasOneUse() && !constant))
    return;
  OpOperand *last = others && !constant ? lastUse(tensor) : nullptr;
  for (OpOperand *use : destinations) {
    rewriter.setInsertionPoint(use->getOwner());
    Value own = use == last ? tensor : newEmpty(rewriter, tensor);
    if (state.bufferizesToMemoryRead(*use))
      own = makeAgain(rewriter, tensor, own);
    rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(own); });
  }
  if (tensor.use_empty())
    rewriter.eraseOp(op);
}

/// Gives every op that writes into `empty` an allocation of its own.
static void allocatePerDestination(RewriterBase &rewriter,
                                   tensor::EmptyOp empty,
                                   const AnalysisState &state) {
  if (empty->hasOneUse())
    return;
  // A slice of it may be what an insertion puts back.
  bool sliced = llvm::any_of(empty->getUsers(), [](Operation *user) {
    return isa<tensor::ExtractSliceOp>(user);
  });
  SmallVector<OpOperand *> destinations;
  for (OpOperand &use : empty->getUses())
    if (isDestination(use, state) &&
        (!sliced || isa<linalg::LinalgOp>(use.getOwner())))
      destinations.push_back(&use);
  for (OpOperand *use : destinations) {
    Operation *op = use->getOwner();
    rewriter.setInsertionPoint(op);
    Value own = rewriter.clone(*empty)->getResult(0);
    // What the op reads of it is undefined, here or there.
    rewriter.modifyOpInPlace(op, [&] {
      for (OpOperand &other : op->getOpOperands())
        if (&other == use ||
            (other.get() == empty && !isDestination(other, state)))
          other.set(own);
    });
  }
  if (empty->use_empty())
    rewriter.eraseOp(empty);
}

/// Undoes what `cse` does to destinations: ops that have nothing to do with
/// each other write into one allocation, or into one tensor that is filled
/// once, and bufferization copies it for all but the last.
static void separateDestinations(RewriterBase &rewriter, Operation *module) {
  BufferizationOptions options;
  AnalysisState state(options);
  SmallVector<Value> cheap;
  SmallVector<tensor::EmptyOp> empties;
  module->walk([&](Operation *op) {
    if (op->getNumResults() == 1 && isCheapToMake(op->getResult(0)))
      cheap.push_back(op->getResult(0));
    else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      empties.push_back(empty);
  });
  for (Value tensor : cheap)
    makePerDestination(rewriter, tensor, state);
  for (tensor::EmptyOp empty : empties)
    allocatePerDestination(rewriter, empty, state);
}

/// Makes what is cheap to make again instead of copying it.
static void
makeInsteadOfCopies(RewriterBase &rewriter,
                    const llvm::SmallSetVector<Operation *, 8> &made) {
  for (Operation *op : made) {
    Value tensor = cast<AllocTensorOp>(op).getCopy();
    if (!isCheapToMake(tensor))
      continue;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op,
                       makeAgain(rewriter, tensor, newEmpty(rewriter, tensor)));
  }
}

//===----------------------------------------------------------------------===//
// Tensors that loops carry
//===----------------------------------------------------------------------===//

namespace {

/// A tensor that a loop makes anew each trip and hands to the next.
struct NewEachTrip {
  unsigned number = 0;    ///< Of the iter_arg.
  tensor::EmptyOp empty;  ///< In the body: where the new tensor is written.
  Operation *firstWriter; ///< The op of the body that first writes there.
};

} // namespace

/// What is handed over at `number`, if it is computed in an allocation of the
/// body and the argument that it replaces is only read.
static std::optional<NewEachTrip> newEachTrip(scf::ForOp loop, unsigned number,
                                              const AnalysisState &state) {
  BlockArgument argument = loop.getRegionIterArg(number);
  Value tensor = loop.getYieldedValues()[number];
  Block *body = loop.getBody();
  if (!isa<RankedTensorType>(argument.getType()) ||
      !llvm::all_of(argument.getUsers(),
                    [&](Operation *user) {
                      return isa<DestinationStyleOpInterface>(user) &&
                             isa<BufferizableOpInterface>(user);
                    }) ||
      llvm::any_of(argument.getUses(),
                   [&](OpOperand &use) {
                     return state.bufferizesToMemoryWrite(use) ||
                            !state.getAliasingValues(use).getAliases().empty();
                   }) ||
      llvm::count(loop.getYieldedValues(), tensor) > 1)
    return std::nullopt;
  NewEachTrip found;
  found.number = number;
  found.firstWriter = nullptr;
  while (auto op = tensor.getDefiningOp<DestinationStyleOpInterface>()) {
    OpOperand *init = op.getTiedOpOperand(cast<OpResult>(tensor));
    if (op->getBlock() != body || !init)
      return std::nullopt;
    found.firstWriter = op;
    tensor = init->get();
  }
  found.empty = tensor.getDefiningOp<tensor::EmptyOp>();
  if (!found.empty || !found.firstWriter || !found.empty->hasOneUse() ||
      found.empty->getBlock() != body ||
      found.empty.getType() != argument.getType() ||
      !found.empty.getType().hasStaticShape())
    return std::nullopt;
  return found;
}

/// Whether no element of the argument is read after the new tensor has got
/// its own in the same place.
static bool isReadBefore(BlockArgument argument, Operation *writer) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(writer);
  return llvm::all_of(argument.getUses(), [&](OpOperand &use) {
    Operation *op = writer->getBlock()->findAncestorOpInBlock(*use.getOwner());
    if (op != writer)
      return op && op->isBeforeInBlock(writer);
    return linalgOp && linalg::isElementwise(linalgOp) &&
           linalgOp.getMatchingIndexingMap(&use) ==
               linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  });
}

/// The body of `loop` once more, at the insertion point: with the induction
/// variable `iv` and the arguments `arguments`. `into` has what is written in
/// the place of allocations of the body. Returns what it hands over.
static SmallVector<Value>
cloneBody(RewriterBase &rewriter, scf::ForOp loop, Value iv,
          ValueRange arguments,
          ArrayRef<std::pair<tensor::EmptyOp, Value>> into) {
  IRMapping mapping;
  mapping.map(loop.getInductionVar(), iv);
  mapping.map(loop.getRegionIterArgs(), arguments);
  for (auto [empty, dest] : into)
    mapping.map(empty.getResult(), dest);
  for (Operation &op : loop.getBody()->without_terminator())
    if (!mapping.contains(&op) &&
        !(op.getNumResults() == 1 && mapping.contains(op.getResult(0))))
      rewriter.clone(op, mapping);
  return llvm::map_to_vector(loop.getYieldedValues(), [&](Value value) {
    return mapping.lookupOrDefault(value);
  });
}

/// Two trips of the loop as one, in which the tensors `alternating` go from one
/// buffer to another and back. The last of an odd number of trips follows.
static void alternateBuffers(RewriterBase &rewriter, scf::ForOp loop,
                             ArrayRef<NewEachTrip> alternating, int64_t lower,
                             int64_t step, int64_t trips) {
  Location loc = loop.getLoc();
  Type type = loop.getInductionVar().getType();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getIntegerAttr(type, value));
  };
  rewriter.setInsertionPoint(loop);
  SmallVector<Value> inits(loop.getInitArgs());
  unsigned carried = inits.size();
  for (const NewEachTrip &tensor : alternating)
    inits.push_back(newEmpty(rewriter, loop.getInitArgs()[tensor.number]));
  int64_t pairs = trips / 2;
  auto twice = scf::ForOp::create(
      rewriter, loc, constant(lower), constant(lower + 2 * pairs * step),
      constant(2 * step), inits,
      [](OpBuilder &, Location, Value, ValueRange) {});
  twice->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  if (loop->hasAttr(kTripsAttr))
    twice->setAttr(kTripsAttr, rewriter.getI64IntegerAttr(pairs));
  rewriter.setInsertionPointToEnd(twice.getBody());
  ValueRange arguments = twice.getRegionIterArgs();
  SmallVector<std::pair<tensor::EmptyOp, Value>> there, back;
  for (auto [i, tensor] : llvm::enumerate(alternating)) {
    there.push_back({tensor.empty, arguments[carried + i]});
    back.push_back({tensor.empty, arguments[tensor.number]});
  }
  Value iv = twice.getInductionVar();
  SmallVector<Value> first =
      cloneBody(rewriter, loop, iv, arguments.take_front(carried), there);
  Value next = arith::AddIOp::create(rewriter, loc, iv, constant(step));
  SmallVector<Value> second = cloneBody(rewriter, loop, next, first, back);
  for (const NewEachTrip &tensor : alternating)
    second.push_back(first[tensor.number]);
  scf::YieldOp::create(rewriter, loc, second);

  rewriter.setInsertionPointAfter(twice);
  SmallVector<Value> results(twice.getResults().take_front(carried));
  if (trips % 2 == 1) {
    SmallVector<std::pair<tensor::EmptyOp, Value>> last;
    for (auto [i, tensor] : llvm::enumerate(alternating))
      last.push_back({tensor.empty, twice.getResult(carried + i)});
    results = cloneBody(rewriter, loop, constant(lower + 2 * pairs * step),
                        results, last);
  }
  rewriter.replaceOp(loop, results);
}

/// Loops that make a tensor anew each trip update it in place where all of the
/// old one is read before, and else alternate between two buffers, so that the
/// buffers stay and can be placed around the loop. Returns whether there were
/// any of the latter; without `alternate` they stay as they are.
static bool keepCarriedTensors(RewriterBase &rewriter, Operation *module,
                               bool alternate) {
  constexpr int64_t largestBody = 400;
  BufferizationOptions options;
  AnalysisState state(options);
  SmallVector<scf::ForOp> loops;
  module->walk([&](scf::ForOp loop) { loops.push_back(loop); });
  bool found = false;
  for (scf::ForOp loop : loops) {
    SmallVector<NewEachTrip> alternating;
    for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i) {
      std::optional<NewEachTrip> tensor = newEachTrip(loop, i, state);
      if (!tensor)
        continue;
      if (isReadBefore(loop.getRegionIterArg(i), tensor->firstWriter))
        rewriter.replaceOp(tensor->empty, loop.getRegionIterArg(i));
      else
        alternating.push_back(*tensor);
    }
    std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound());
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    std::optional<APInt> trips = loop.getStaticTripCount();
    if (alternating.empty() || !lower || !step || !trips ||
        trips->getActiveBits() > 31 || trips->getZExtValue() < 4 ||
        loop.getUnsignedCmp())
      continue;
    int64_t ops = 0;
    loop.getBody()->walk([&](Operation *) { ++ops; });
    if (ops > largestBody)
      continue;
    found = true;
    if (alternate)
      alternateBuffers(rewriter, loop, alternating, *lower, *step,
                       trips->getZExtValue());
  }
  return found;
}

/// A slice of an allocation that nothing else uses as an allocation of its own.
/// Upstream's elimination leaves such behind where a tensor is a piece of a
/// piece, and then cannot see through them. Returns whether there were any.
static bool foldSlicesOfEmpty(RewriterBase &rewriter, Operation *module) {
  SmallVector<tensor::ExtractSliceOp> slices;
  module->walk([&](tensor::ExtractSliceOp op) {
    auto empty = op.getSource().getDefiningOp<tensor::EmptyOp>();
    if (empty && empty->hasOneUse())
      slices.push_back(op);
  });
  for (tensor::ExtractSliceOp op : slices) {
    rewriter.setInsertionPoint(op);
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    llvm::SmallBitVector dropped = op.getDroppedDims();
    SmallVector<OpFoldResult> kept;
    for (auto [i, size] : llvm::enumerate(sizes))
      if (!dropped[i])
        kept.push_back(size);
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(
        op, kept, op.getType().getElementType(), op.getType().getEncoding());
  }
  return !slices.empty();
}

/// The op that first writes the allocation in which `tensor` is computed; null
/// where there is none.
static Operation *firstWriterOf(Value tensor) {
  Operation *writer = nullptr;
  while (auto op = tensor.getDefiningOp<DestinationStyleOpInterface>()) {
    if (writer && op->getBlock() != writer->getBlock())
      return nullptr;
    writer = op;
    tensor = op.getTiedOpOperand(cast<OpResult>(tensor))->get();
  }
  auto empty = tensor.getDefiningOp<tensor::EmptyOp>();
  return empty && empty->hasOneUse() ? writer : nullptr;
}

/// Fills the tensor that a slice is inserted into before the slice is computed.
/// Upstream's elimination moves the fill there otherwise, in time proportional
/// to the size of the function for each.
static void fillBeforeSlices(RewriterBase &rewriter, Operation *module) {
  SmallVector<tensor::InsertSliceOp> inserts;
  module->walk([&](tensor::InsertSliceOp op) { inserts.push_back(op); });
  for (tensor::InsertSliceOp insert : inserts) {
    auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
    Operation *writer = firstWriterOf(insert.getSource());
    if (!fill || !writer || !fill->hasOneUse() ||
        fill->getBlock() != writer->getBlock() || fill->isBeforeInBlock(writer))
      continue;
    auto empty =
        fill.getDpsInitOperand(0)->get().getDefiningOp<tensor::EmptyOp>();
    Operation *value = fill.getInputs().front().getDefiningOp();
    bool constant = value && value->hasTrait<OpTrait::ConstantLike>();
    if (!empty || !empty->hasOneUse() || !empty.getType().hasStaticShape() ||
        (value && !constant &&
         (value->getBlock() != writer->getBlock() ||
          !value->isBeforeInBlock(writer))))
      continue;
    // New ops instead of moved ones, as those make the block count its ops.
    rewriter.setInsertionPoint(writer);
    IRMapping mapping;
    if (constant)
      rewriter.clone(*value, mapping);
    rewriter.clone(*empty, mapping);
    rewriter.replaceOp(fill, rewriter.clone(*fill, mapping));
    rewriter.eraseOp(empty);
    if (constant && value->use_empty())
      rewriter.eraseOp(value);
  }
}

/// Computes slices in the tensor that they are inserted into.
static LogicalResult computeInPlace(RewriterBase &rewriter, Operation *module) {
  fillBeforeSlices(rewriter, module);
  // A piece of a piece of a piece needs a round each.
  for (int round = 0; round < 4; ++round) {
    if (failed(eliminateEmpties(rewriter, module)))
      return failure();
    if (!foldSlicesOfEmpty(rewriter, module))
      break;
  }
  return success();
}

/// Erases names of tensors that nothing uses: they are no accesses, but would
/// look like some where they stand.
static void eraseUnusedViews(RewriterBase &rewriter, Operation *module) {
  SmallVector<Operation *> views;
  module->walk([&](Operation *op) {
    if (isViewOp(op) || isAliasCast(op))
      views.push_back(op);
  });
  for (Operation *op : llvm::reverse(views))
    if (op->use_empty())
      rewriter.eraseOp(op);
}

LogicalResult mlir::mempl::prepareForPlacement(Operation *module,
                                               bool eliminateEmpty,
                                               LoopForm loopForm,
                                               bool *hasTwoForms) {
  OrderCarrier carrier;
  IRRewriter rewriter(module->getContext(), &carrier);
  toDestinationStyle(rewriter, module);
  eraseUnusedViews(rewriter, module);
  separateDestinations(rewriter, module);
  keepOrderedAllocations(rewriter, module);
  bool alternating =
      keepCarriedTensors(rewriter, module, loopForm == LoopForm::TwoBuffers);
  if (hasTwoForms)
    *hasTwoForms = alternating;
  if (eliminateEmpty && failed(computeInPlace(rewriter, module)))
    return failure();
  OneShotBufferizationOptions options = placementBufferizationOptions();
  llvm::SmallSetVector<Operation *, 8> own = copiesIn(module);
  copyForLayouts(rewriter, module, options);
  BufferizationState state;
  if (failed(insertTensorCopies(module, options, state)))
    return failure();
  llvm::SmallSetVector<Operation *, 8> made = copiesIn(module);
  made.set_subtract(own);
  if (hasTensorControlFlow(module) &&
      failed(dropCopiesMadeAgain(rewriter, module, made, options)))
    return failure();
  makeInsteadOfCopies(rewriter, made);
  copiesToTransfers(rewriter, module);
  // Allocations that nothing writes are no part of the problem; the others keep
  // their identity, and are known to be dense, whatever runs later. Those of a
  // dynamic shape stay: upstream can prove a bound only for a tensor.empty.
  SmallVector<tensor::EmptyOp> empties;
  module->walk([&](tensor::EmptyOp op) { empties.push_back(op); });
  for (tensor::EmptyOp op : empties) {
    rewriter.setInsertionPoint(op);
    if (op->use_empty()) {
      rewriter.eraseOp(op);
    } else if (op.getType().hasStaticShape()) {
      auto storage = AllocTensorOp::create(rewriter, op.getLoc(), op.getType(),
                                           ValueRange());
      storage->setDiscardableAttrs(op->getDiscardableAttrDictionary());
      rewriter.replaceOp(op, storage);
    }
  }
  return success();
}

/// Whether what is written into `tensor`, or the tensor, may leave its region.
static bool leavesRegion(Value tensor) {
  SmallVector<Value> worklist(1, tensor);
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (OpOperand &use : value.getUses()) {
      Operation *op = use.getOwner();
      auto writer = dyn_cast<DestinationStyleOpInterface>(op);
      if (writer && !writer.isDpsInit(&use))
        continue;
      if (writer)
        worklist.push_back(writer.getTiedOpResult(&use));
      else if (isViewOp(op) || isAliasCast(op))
        worklist.push_back(op->getResult(0));
      else if (op->hasTrait<OpTrait::IsTerminator>() || op->getNumRegions() > 0)
        return true;
    }
  }
  return false;
}

void mlir::mempl::shareAllocations(Operation *function, Operation *original,
                                   const llvm::DenseSet<Value> &placed) {
  llvm::SmallDenseSet<Type> shared;
  original->walk([&](tensor::EmptyOp op) {
    if (op.getType().hasStaticShape() &&
        (!llvm::hasNItemsOrLess(op->getUses(), 1) ||
         llvm::any_of(op->getUsers(), [&](Operation *user) {
           return user->getBlock() != op->getBlock();
         })))
      shared.insert(op.getType());
  });
  llvm::MapVector<Type, SmallVector<AllocTensorOp>> groups;
  function->walk([&](AllocTensorOp op) {
    if (shared.contains(op.getType()) && !placed.contains(op.getResult()) &&
        op->getNumOperands() == 0 && !op.getMemorySpace() &&
        op->getDiscardableAttrs().empty() &&
        (op->getBlock() == &function->getRegion(0).front() ||
         !leavesRegion(op.getResult())))
      groups[op.getType()].push_back(op);
  });
  IRRewriter rewriter(function->getContext());
  for (auto &[type, allocations] : groups) {
    Block &entry = function->getRegion(0).front();
    rewriter.setInsertionPointToStart(&entry);
    Value one = tensor::EmptyOp::create(rewriter, allocations.front().getLoc(),
                                        type, ValueRange());
    for (AllocTensorOp op : allocations)
      rewriter.replaceOp(op, one);
  }
}
