//===- SeparateDestinations.cpp - a destination for each op ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PrepareParts.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

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
    if (!op)
      return nullptr;
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

void mempl::ir::separateDestinations(RewriterBase &rewriter,
                                     Operation *module) {
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

void mempl::ir::makeInsteadOfCopies(
    RewriterBase &rewriter,
    const llvm::SmallSetVector<Operation *, 8> &copies) {
  for (Operation *op : copies) {
    Value tensor = cast<AllocTensorOp>(op).getCopy();
    if (!isCheapToMake(tensor))
      continue;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op,
                       makeAgain(rewriter, tensor, newEmpty(rewriter, tensor)));
  }
}
