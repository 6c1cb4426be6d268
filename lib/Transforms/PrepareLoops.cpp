//===- PrepareLoops.cpp - loops over slices in the form to place ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trips that run one behind the other can share places in fast memory, and what
// the next one needs can come while one runs: loops over tensors that would not
// have to be in order become scf.for. What is the same in all trips goes before
// the loop, and slices that all trips update are carried from trip to trip, so
// that they can stay in fast memory.
//
//===----------------------------------------------------------------------===//

#include "PrepareParts.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/SubsetOpInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;
using namespace mempl::ir;

/// Whether the loop, or an op inside of it, works on tensors.
static bool isOverTensors(Operation *loop) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  return loop
      ->walk([&](Operation *op) {
        return llvm::any_of(op->getOperandTypes(), isTensor)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

//===----------------------------------------------------------------------===//
// Loops in order
//===----------------------------------------------------------------------===//

/// Gives a nest of loops, of which there is one, what was said of `from`.
static void takeAttributes(Operation *from, ArrayRef<scf::ForOp> nest) {
  if (nest.size() == 1)
    nest.front()->setDiscardableAttrs(from->getDiscardableAttrDictionary());
}

/// Of a nest, nobody can say how many of the trips each loop has.
static bool hasOneLoopOrNoTrips(Operation *loop, unsigned rank) {
  return rank == 1 || (rank > 1 && !loop->hasAttr(kTripsAttr));
}

static void forallToFor(RewriterBase &rewriter, scf::ForallOp forall) {
  auto isInsertion = [](Operation &op) {
    return isa<tensor::ParallelInsertSliceOp>(op);
  };
  if (forall.getMapping() || !hasOneLoopOrNoTrips(forall, forall.getRank()) ||
      !llvm::all_of(forall.getTerminator().getYieldingOps(), isInsertion))
    return;
  rewriter.setInsertionPoint(forall);
  auto body = [&](OpBuilder &builder, Location, ValueRange ivs,
                  ValueRange tensors) {
    IRMapping mapping;
    mapping.map(forall.getInductionVars(), ivs);
    mapping.map(forall.getRegionIterArgs(), tensors);
    for (Operation &op : forall.getBody()->without_terminator())
      builder.clone(op, mapping);
    SmallVector<Value> updated(tensors);
    for (Operation &op : forall.getTerminator().getYieldingOps()) {
      auto insert = cast<tensor::ParallelInsertSliceOp>(op);
      auto lookup = [&](ArrayRef<OpFoldResult> places) {
        return llvm::map_to_vector(places, [&](OpFoldResult place) {
          auto value = dyn_cast<Value>(place);
          return value ? OpFoldResult(mapping.lookupOrDefault(value)) : place;
        });
      };
      // Upstream's getTiedOpResult() counts insertions, of which a tensor may
      // have several, or none.
      size_t number = std::distance(
          forall.getRegionIterArgs().begin(),
          llvm::find(forall.getRegionIterArgs(), insert.getDest()));
      updated[number] = tensor::InsertSliceOp::create(
          builder, insert.getLoc(), mapping.lookupOrDefault(insert.getSource()),
          updated[number], lookup(insert.getMixedOffsets()),
          lookup(insert.getMixedSizes()), lookup(insert.getMixedStrides()));
    }
    return scf::ValueVector(updated.begin(), updated.end());
  };
  scf::LoopNest nest = scf::buildLoopNest(
      rewriter, forall.getLoc(), forall.getLowerBound(rewriter),
      forall.getUpperBound(rewriter), forall.getStep(rewriter),
      forall.getOutputs(), body);
  takeAttributes(forall, nest.loops);
  rewriter.replaceOp(forall, nest.results);
}

static void parallelToFor(RewriterBase &rewriter, scf::ParallelOp parallel) {
  if (!hasOneLoopOrNoTrips(parallel, parallel.getNumLoops()))
    return;
  rewriter.setInsertionPoint(parallel);
  auto body = [&](OpBuilder &builder, Location, ValueRange ivs,
                  ValueRange carried) {
    IRMapping mapping;
    mapping.map(parallel.getInductionVars(), ivs);
    for (Operation &op : parallel.getBody()->without_terminator())
      builder.clone(op, mapping);
    auto reduce = cast<scf::ReduceOp>(parallel.getBody()->getTerminator());
    scf::ValueVector results;
    for (auto [region, operand, old] : llvm::zip_equal(
             reduce.getReductions(), reduce.getOperands(), carried)) {
      Block &block = region.front();
      mapping.map(block.getArgument(0), old);
      mapping.map(block.getArgument(1), mapping.lookupOrDefault(operand));
      for (Operation &op : block.without_terminator())
        builder.clone(op, mapping);
      results.push_back(
          mapping.lookupOrDefault(block.getTerminator()->getOperand(0)));
    }
    return results;
  };
  scf::LoopNest nest =
      scf::buildLoopNest(rewriter, parallel.getLoc(), parallel.getLowerBound(),
                         parallel.getUpperBound(), parallel.getStep(),
                         parallel.getInitVals(), body);
  takeAttributes(parallel, nest.loops);
  rewriter.replaceOp(parallel, nest.results);
}

static void affineToFor(RewriterBase &rewriter, affine::AffineForOp loop) {
  // These name their places in terms of affine loops.
  bool needed =
      loop.getBody()
          ->walk([](Operation *op) {
            return isa<affine::AffineReadOpInterface,
                       affine::AffineWriteOpInterface, affine::AffineIfOp,
                       affine::AffineParallelOp, affine::AffineDmaStartOp>(op)
                       ? WalkResult::interrupt()
                       : WalkResult::advance();
          })
          .wasInterrupted();
  if (needed)
    return;
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  Value lower = lowerAffineLowerBound(loop, rewriter),
        upper = lowerAffineUpperBound(loop, rewriter);
  if (!lower || !upper)
    return;
  Value step =
      arith::ConstantIndexOp::create(rewriter, loc, loop.getStepAsInt());
  auto yields = [&](OpBuilder &builder, Location loc, Value iv,
                    ValueRange carried) {
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), iv);
    mapping.map(loop.getRegionIterArgs(), carried);
    for (Operation &op : loop.getBody()->without_terminator())
      builder.clone(op, mapping);
    SmallVector<Value> yielded;
    for (Value value : loop.getBody()->getTerminator()->getOperands())
      yielded.push_back(mapping.lookupOrDefault(value));
    scf::YieldOp::create(builder, loc, yielded);
  };
  auto made = scf::ForOp::create(rewriter, loc, lower, upper, step,
                                 loop.getInits(), yields);
  made->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  rewriter.replaceOp(loop, made.getResults());
}

void mempl::ir::putLoopsInOrder(RewriterBase &rewriter, Operation *module) {
  // Inner loops first: the outer ones copy them.
  SmallVector<Operation *> loops;
  module->walk([&](Operation *op) {
    if (isa<scf::ForallOp, scf::ParallelOp, affine::AffineForOp>(op) &&
        isOverTensors(op))
      loops.push_back(op);
  });
  for (Operation *op : loops) {
    if (auto forall = dyn_cast<scf::ForallOp>(op))
      forallToFor(rewriter, forall);
    else if (auto parallel = dyn_cast<scf::ParallelOp>(op))
      parallelToFor(rewriter, parallel);
    else
      affineToFor(rewriter, cast<affine::AffineForOp>(op));
  }
}

//===----------------------------------------------------------------------===//
// What is the same in all trips
//===----------------------------------------------------------------------===//

/// Whether `op` makes no tensor, or only gives one another name.
static bool makesNoStorage(Operation *op) {
  auto isNumber = [](Type type) { return type.isIntOrIndexOrFloat(); };
  return op->getNumRegions() == 0 && isPure(op) &&
         (isViewOp(op) || op->hasTrait<OpTrait::ConstantLike>() ||
          (llvm::all_of(op->getOperandTypes(), isNumber) &&
           llvm::all_of(op->getResultTypes(), isNumber)));
}

/// What was just put into a slice need not be taken out of it again, nor stay
/// there until more is put into the same one.
static void forwardSlices(RewriterBase &rewriter, Block &block) {
  auto isSame = [](OpFoldResult a, OpFoldResult b) {
    return isEqualConstantIntOrValue(a, b);
  };
  auto insertions = llvm::to_vector(block.getOps<tensor::InsertSliceOp>());
  for (tensor::InsertSliceOp insertion : insertions) {
    Value source = insertion.getSource();
    for (Operation *user : llvm::make_early_inc_range(insertion->getUsers())) {
      if (auto taken = dyn_cast<tensor::ExtractSliceOp>(user)) {
        if (taken.getType() == source.getType() &&
            taken.isSameAs(insertion, isSame))
          rewriter.replaceOp(taken, source);
      } else if (auto next = dyn_cast<tensor::InsertSliceOp>(user)) {
        if (next.getDest() == insertion.getResult() &&
            next.getSourceType() == insertion.getSourceType() &&
            next.getSource() != insertion.getResult() &&
            next.isSameAs(insertion, isSame))
          rewriter.modifyOpInPlace(
              next, [&] { next.getDestMutable().assign(insertion.getDest()); });
      }
    }
    if (insertion->use_empty())
      rewriter.eraseOp(insertion);
  }
}

/// Whether a loop inside of `loop` has a slice of what `loop` carries, in the
/// same place in all trips of both. LLVM 22 would take it for one of `loop`,
/// and move it out of the region that it needs.
static bool hasInvariantSliceInside(scf::ForOp loop) {
  SmallVector<Value> tensors(loop.getRegionIterArgs());
  while (!tensors.empty()) {
    for (OpOperand &use : tensors.pop_back_val().getUses()) {
      Operation *op = use.getOwner();
      if (auto inner = dyn_cast<LoopLikeOpInterface>(op)) {
        if (BlockArgument carried = inner.getTiedLoopRegionIterArg(&use))
          tensors.push_back(carried);
        // An scf.while has none.
        if (OpResult result = inner.getTiedLoopResult(&use))
          tensors.push_back(result);
        continue;
      }
      if (!isa<SubsetOpInterface>(op) || isa<linalg::LinalgOp>(op))
        continue;
      if (op->getParentOp() != loop &&
          llvm::all_of(op->getOperands(), [&](Value operand) {
            return isa<ShapedType>(operand.getType()) ||
                   loop.isDefinedOutsideOfLoop(operand);
          }))
        return true;
      auto insertion = dyn_cast<SubsetInsertionOpInterface>(op);
      // What is inserted in parallel is a result of the loop around it.
      if (insertion && op->getNumResults() > 0 &&
          &insertion.getDestinationOperand() == &use)
        tensors.push_back(insertion.getUpdatedDestination());
    }
  }
  return false;
}

/// Takes out of a loop what it hands from trip to trip as it got it.
static void dropPassedOn(RewriterBase &rewriter, scf::ForOp loop) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  SmallVector<unsigned> kept;
  SmallVector<Value> inits;
  for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i)
    if (yield.getOperand(i) != loop.getRegionIterArg(i)) {
      kept.push_back(i);
      inits.push_back(loop.getInitArgs()[i]);
    }
  if (kept.size() == loop.getNumRegionIterArgs())
    return;
  rewriter.setInsertionPoint(loop);
  auto made = scf::ForOp::create(
      rewriter, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(),
      loop.getStep(), inits, [](OpBuilder &, Location, Value, ValueRange) {},
      loop.getUnsignedCmp());
  made->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  SmallVector<Value> arguments(1, made.getInductionVar());
  llvm::append_range(arguments, loop.getInitArgs());
  SmallVector<Value> results(loop.getInitArgs());
  for (auto [i, number] : llvm::enumerate(kept)) {
    arguments[number + 1] = made.getRegionIterArg(i);
    results[number] = made.getResult(i);
  }
  rewriter.mergeBlocks(loop.getBody(), made.getBody(), arguments);
  SmallVector<Value> yielded = llvm::map_to_vector(
      kept, [&](unsigned number) { return yield.getOperand(number); });
  rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(yielded); });
  rewriter.replaceOp(loop, results);
}

void mempl::ir::hoistInvariants(RewriterBase &rewriter, Operation *module) {
  // Inner loops first: what leaves them may leave the outer ones, too.
  SmallVector<scf::ForOp> loops;
  module->walk([&](scf::ForOp loop) {
    if (isOverTensors(loop))
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops) {
    moveLoopInvariantCode(
        loop.getLoopRegions(),
        [&](Value value, Region *) {
          return loop.isDefinedOutsideOfLoop(value);
        },
        [](Operation *op, Region *) { return makesNoStorage(op); },
        [&](Operation *op, Region *) { rewriter.moveOpBefore(op, loop); });
    forwardSlices(rewriter, *loop.getBody());
    if (hasInvariantSliceInside(loop))
      continue;
    DictionaryAttr attributes = loop->getDiscardableAttrDictionary();
    unsigned carried = loop.getNumRegionIterArgs();
    auto hoisted = cast<scf::ForOp>(
        hoistLoopInvariantSubsets(
            rewriter, cast<LoopLikeOpInterface>(loop.getOperation()))
            .getOperation());
    if (hoisted.getNumRegionIterArgs() == carried)
      continue;
    hoisted->setDiscardableAttrs(attributes);
    dropPassedOn(rewriter, hoisted);
  }
}
