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

#include "PrepareParts.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"
#include "mempl/IR/OneShotAnalysis.h"
#include "mempl/IR/YieldedTensors.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

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

/// Gives `op`, which is in the place of another, the constraints on tensors
/// that that one had. Trips are those of one loop alone.
static void carryUserAttributes(DictionaryAttr attributes, Operation *op) {
  for (StringRef name :
       {StringRef(kPinAttr), StringRef(kForbidAttr), StringRef(kMaxBytesAttr)})
    if (Attribute attribute = attributes.get(name); op && attribute)
      op->setAttr(name, attribute);
}

Value mempl::ir::newEmpty(RewriterBase &rewriter, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  auto empty =
      tensor::EmptyOp::create(rewriter, like.getLoc(), type,
                              dynamicSizes(rewriter, like.getLoc(), like));
  if (auto other = like.getDefiningOp<tensor::EmptyOp>())
    carryUserAttributes(other->getDiscardableAttrDictionary(), empty);
  return empty;
}

namespace {

/// What preparation puts in the place of an op has the constraints of that op.
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
static void keepConstrainedAllocations(RewriterBase &rewriter,
                                       Operation *module) {
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

/// Makes the copies that bufferization of `module` would make, and returns
/// them.
static FailureOr<SmallVector<Operation *>>
makeCopies(Operation *module, const OneShotBufferizationOptions &options) {
  llvm::SmallSetVector<Operation *, 8> known = copiesIn(module);
  BufferizationState state;
  if (failed(insertTensorCopies(module, options, state)))
    return failure();
  llvm::SmallSetVector<Operation *, 8> copies = copiesIn(module);
  copies.set_subtract(known);
  return llvm::to_vector(copies);
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
    FailureOr<SmallVector<Operation *>> more = makeCopies(*trial, options);
    if (failed(more))
      return failure();
    if (more->empty())
      return success();
    llvm::SmallPtrSet<Operation *, 8> again;
    for (Operation *op : *more)
      again.insert(cast<AllocTensorOp>(op).getCopy().getDefiningOp());
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

bool mempl::ir::hasTensorControlFlow(Operation *module) {
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

/// Upstream's choice of what an allocation is a part of, without what is not
/// there yet: the result of an op that the allocation is inside of.
static Value partInstead(RewriterBase &rewriter, SubsetInsertionOpInterface op,
                         tensor::EmptyOp empty, Operation *user) {
  bool isInside = llvm::any_of(
      op.getValuesNeededToBuildSubsetExtraction(), [&](Value value) {
        Operation *maker = value.getDefiningOp();
        return maker && (maker->isProperAncestor(empty) ||
                         maker->isProperAncestor(user));
      });
  return isInside ? Value() : buildSubsetExtraction(rewriter, op, empty, user);
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
  OneShotBufferizationOptions options = placementBufferizationOptions();
  OneShotAnalysisState state(module, options);
  if (calls || hasTensorControlFlow(module)) {
    if (failed(analyzeTensors(module, state)))
      return failure();
  } else {
    // All that is needed of One-Shot Analysis, which costs as much as the rest
    // of this pass, is that the insertions read their sources where they are.
    for (OpOperand *source : sources)
      state.bufferizeInPlace(*source);
  }
  return eliminateEmptyTensors(rewriter, module, state, partInstead);
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

/// Whether a slice is all of a tensor of the type `whole`, with no dimension
/// dropped.
static bool isWhole(OffsetSizeAndStrideOpInterface slice, Type part,
                    RankedTensorType whole) {
  return part == whole && whole.hasStaticShape() &&
         llvm::all_of(slice.getMixedOffsets(), isZeroInteger) &&
         llvm::all_of(slice.getMixedStrides(), isOneInteger) &&
         llvm::equal(slice.getMixedSizes(), whole.getShape(),
                     [](OpFoldResult size, int64_t all) {
                       return isConstantIntValue(size, all);
                     });
}

/// A slice that is all of a tensor is another name for it. Where anything folds
/// after placement, it goes, and what is computed in fast memory with it.
static void foldWholeSlices(RewriterBase &rewriter, Operation *module) {
  SmallVector<OffsetSizeAndStrideOpInterface> slices;
  module->walk([&](Operation *op) {
    if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op))
      slices.push_back(cast<OffsetSizeAndStrideOpInterface>(op));
  });
  for (OffsetSizeAndStrideOpInterface slice : slices) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(*slice);
    Value source = slice->getOperand(0);
    auto whole = insert ? insert.getDestType()
                        : cast<tensor::ExtractSliceOp>(*slice).getSourceType();
    Type part = insert ? source.getType() : slice->getResult(0).getType();
    if (isWhole(slice, part, whole))
      rewriter.replaceOp(slice, source);
  }
}

/// Asks for sizes where a tensor begins, which are those of what was written in
/// it since: a name that only a `tensor.dim` needs would stay one of the slow
/// tensor when the others move to fast memory, with the writes between.
static void askWhereTensorsBegin(RewriterBase &rewriter, Operation *module) {
  SmallVector<tensor::DimOp> dims;
  module->walk([&](tensor::DimOp op) { dims.push_back(op); });
  for (tensor::DimOp dim : dims) {
    Value tensor = dim.getSource();
    while (Operation *op = tensor.getDefiningOp()) {
      if (auto renamed = dyn_cast<tensor::CastOp>(op)) {
        if (!isa<RankedTensorType>(renamed.getSource().getType()))
          break;
        tensor = renamed.getSource();
      } else if (auto writer = dyn_cast<DestinationStyleOpInterface>(op)) {
        tensor = writer.getTiedOpOperand(cast<OpResult>(tensor))->get();
      } else {
        break;
      }
    }
    // Sizes of slices fold to operands.
    if (tensor == dim.getSource() &&
        !tensor.getDefiningOp<tensor::ExtractSliceOp>())
      continue;
    rewriter.setInsertionPoint(dim);
    rewriter.replaceOp(dim, rewriter.createOrFold<tensor::DimOp>(
                                dim.getLoc(), tensor, dim.getIndex()));
  }
}

LogicalResult mempl::ir::prepareForPlacement(Operation *module,
                                             bool eliminateEmpty,
                                             LoopForm loopForm,
                                             bool *hasTwoForms) {
  if (failed(checkAnalyzable(module)))
    return failure();
  OrderCarrier carrier;
  IRRewriter rewriter(module->getContext(), &carrier);
  putLoopsInOrder(rewriter, module);
  toDestinationStyle(rewriter, module);
  foldWholeSlices(rewriter, module);
  hoistInvariants(rewriter, module);
  eraseUnusedViews(rewriter, module);
  separateDestinations(rewriter, module);
  keepConstrainedAllocations(rewriter, module);
  bool alternating =
      keepCarriedTensors(rewriter, module, loopForm == LoopForm::TwoBuffers);
  if (hasTwoForms)
    *hasTwoForms = alternating;
  if (eliminateEmpty && failed(computeInPlace(rewriter, module)))
    return failure();
  OneShotBufferizationOptions options = placementBufferizationOptions();
  copyTensorsHandedOnTwice(rewriter, module);
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
  askWhereTensorsBegin(rewriter, module);
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

bool mempl::ir::leavesCopiesToBufferization(ModuleOp module) {
  if (!hasTensorControlFlow(module))
    return false;
  OwningOpRef<ModuleOp> prepared = module.clone();
  ScopedDiagnosticHandler silent(module.getContext(),
                                 [](Diagnostic &) { return success(); });
  if (failed(prepareForPlacement(*prepared)))
    return false;
  FailureOr<SmallVector<Operation *>> left =
      makeCopies(*prepared, placementBufferizationOptions());
  return succeeded(left) && !left->empty();
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

void mempl::ir::shareAllocations(Operation *function, Operation *original,
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
  // What must be written in place cannot get a buffer of its own where another
  // tensor of the same allocation is still read.
  OneShotBufferizationOptions options = placementBufferizationOptions();
  AnalysisState state(options);
  auto isWrittenInPlace = [&](OpOperand &use) {
    BufferizableOpInterface user =
        options.dynCastBufferizableOp(use.getOwner());
    return user && user.mustBufferizeInPlace(use, state);
  };
  llvm::MapVector<Type, SmallVector<AllocTensorOp>> groups;
  function->walk([&](AllocTensorOp op) {
    if (shared.contains(op.getType()) &&
        llvm::none_of(op->getUses(), isWrittenInPlace) &&
        !placed.contains(op.getResult()) && op->getNumOperands() == 0 &&
        !op.getMemorySpace() && op->getDiscardableAttrs().empty() &&
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
