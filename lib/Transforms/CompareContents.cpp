//===- CompareContents.cpp - what ops read, before and after --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operand is followed back over copies and views to the op that computed it.
// Views that keep all elements in their order (reshapes and casts) only count
// by the type that they lead to, so that one and its inverse cancel out. What a
// trip of a loop copies for the next one is followed to the slice that it
// takes, whose place has to be computed from the next trip's induction variable
// as the op's slice was from this one's.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CompareContents.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mempl::ir;

/// Whether `tensor` may be another one that has the same contents.
static bool isPassedOn(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return !isa<FunctionOpInterface>(
        cast<BlockArgument>(tensor).getOwner()->getParentOp());
  return op->getNumRegions() > 0
             ? isa<RegionBranchOpInterface, LoopLikeOpInterface>(op)
             : isa<CallOpInterface, SelectLikeOpInterface,
                   bufferization::MaterializeInDestinationOp>(op);
}

/// Whether `tensor` is put together from several, or has no contents.
static bool isComposed(Value tensor) {
  return isa_and_present<tensor::InsertSliceOp, tensor::EmptyOp,
                         bufferization::AllocTensorOp>(tensor.getDefiningOp());
}

/// The copy across trips that a token stands for, if it stands for one; it may
/// depend on whether there is another trip.
static CopyStartCarriedOp startOf(Value token) {
  if (auto start = token.getDefiningOp<CopyStartCarriedOp>())
    return start;
  auto branch = token.getDefiningOp<scf::IfOp>();
  if (!branch)
    return {};
  unsigned number = cast<OpResult>(token).getResultNumber();
  for (Operation *yield : {branch.thenYield(), branch.elseYield()})
    if (auto start =
            yield->getOperand(number).getDefiningOp<CopyStartCarriedOp>())
      return start;
  return {};
}

/// The loop that carries the token of a copy that it waits for; null for other
/// waits.
static scf::ForOp loopOf(CopyWaitCarriedOp wait) {
  auto argument = dyn_cast<BlockArgument>(wait.getToken());
  return argument ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())
                  : scf::ForOp();
}

/// The copy for the next trip whose token takes the place of the one that is
/// waited for; null where there is none.
static CopyStartCarriedOp nextOf(CopyWaitCarriedOp wait) {
  scf::ForOp loop = loopOf(wait);
  return loop ? startOf(loop.getTiedLoopYieldedValue(
                                cast<BlockArgument>(wait.getToken()))
                            ->get())
              : CopyStartCarriedOp();
}

/// Whether `index` is computed as `other` is, which is in the loop: `areSame`
/// says it of values that tell one trip from another, and nothing of others.
static bool
isComputedSo(Value index, Value other, scf::ForOp loop,
             llvm::function_ref<std::optional<bool>(Value, Value)> areSame) {
  if (std::optional<bool> same = areSame(index, other))
    return *same;
  if (loop.isDefinedOutsideOfLoop(other))
    return index == other;
  Operation *op = index.getDefiningOp(), *like = other.getDefiningOp();
  return op && like && op->getName() == like->getName() &&
         op->getAttrDictionary() == like->getAttrDictionary() &&
         op->getNumOperands() == like->getNumOperands() &&
         llvm::all_of(llvm::zip(op->getOperands(), like->getOperands()),
                      [&](auto pair) {
                        auto [a, b] = pair;
                        return isComputedSo(a, b, loop, areSame);
                      });
}

/// Whether `index` is the induction variable of the loop's next trip.
static bool isNextTrip(Value index, scf::ForOp loop) {
  auto add = index.getDefiningOp<arith::AddIOp>();
  return add && add.getLhs() == loop.getInductionVar() &&
         add.getRhs() == loop.getStep();
}

/// Whether `now`, of the next trip, is what `before` was of this one.
static bool isOfNextTrip(Value now, Value before, scf::ForOp loop) {
  return isComputedSo(now, before, loop,
                      [&](Value a, Value b) -> std::optional<bool> {
                        if (b == loop.getInductionVar())
                          return isNextTrip(a, loop);
                        return std::nullopt;
                      });
}

/// Whether `first`, of the first trip, is what `next` is of the next one.
static bool isOfFirstTrip(Value first, Value next, scf::ForOp loop) {
  return isComputedSo(first, next, loop,
                      [&](Value a, Value b) -> std::optional<bool> {
                        if (isNextTrip(b, loop))
                          return a == loop.getLowerBound();
                        if (b == loop.getInductionVar())
                          return false;
                        return std::nullopt;
                      });
}

bool ContentsOfOperands::areSame(const Contents &now, const Contents &before) {
  auto loop = cast_if_present<scf::ForOp>(now.aheadIn);
  auto isSame = [&](Value index, Value old) {
    return loop ? isOfNextTrip(index, old, loop) : index == old;
  };
  return now.base == before.base &&
         llvm::equal(now.steps, before.steps,
                     [&](const Contents::Step &a, const Contents::Step &b) {
                       return a.slice == b.slice && a.type == b.type &&
                              llvm::equal(a.operands, b.operands, isSame);
                     });
}

ContentsOfOperands::Contents ContentsOfOperands::contentsOf(Value tensor) {
  SmallVector<Operation *> views;
  Operation *aheadIn = nullptr;
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto wait = dyn_cast<CopyWaitOp>(op)) {
      CopyStartOp start = wait.getStart();
      if (!start)
        return {};
      tensor = start.getSource();
    } else if (auto wait = dyn_cast<CopyWaitCarriedOp>(op)) {
      CopyStartCarriedOp start = nextOf(wait);
      if (!start || aheadIn)
        return {};
      aheadIn = loopOf(wait);
      tensor = start.getSource();
    } else if (auto transfer = dyn_cast<TransferOp>(op)) {
      tensor = transfer.getSource();
    } else if (auto copy = dyn_cast<linalg::CopyOp>(op);
               copy && copy.getInputs().front().getType() == tensor.getType()) {
      tensor = copy.getInputs().front();
    } else if (isViewOp(op) || isAliasCast(op) || isa<tensor::ReshapeOp>(op)) {
      views.push_back(op);
      tensor = op->getOperand(0);
    } else {
      break;
    }
  }
  if (isPassedOn(tensor) || isComposed(tensor))
    return {};
  Contents contents;
  contents.base = tensor;
  contents.aheadIn = aheadIn;
  bool inOrder = false;
  // The type before the views in order at the end.
  Type start = tensor.getType();
  for (Operation *view : llvm::reverse(views)) {
    Type type = view->getResult(0).getType();
    if (isa<tensor::ExtractSliceOp>(view)) {
      contents.steps.push_back(
          {view->getAttrDictionary(),
           llvm::to_vector<2>(llvm::drop_begin(view->getOperands())), type});
      inOrder = false;
      start = type;
      continue;
    }
    if (inOrder)
      contents.steps.pop_back();
    inOrder = type != start;
    if (inOrder)
      contents.steps.push_back({DictionaryAttr(), {}, type});
  }
  return contents;
}

/// Whether `operand` is that of a call that does not read it.
static bool isUnreadByCallee(OpOperand &operand,
                             const bufferization::AnalysisState &state) {
  auto call = dyn_cast<func::CallOp>(operand.getOwner());
  auto callee = call ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
                           call, call.getCalleeAttr())
                     : func::FuncOp();
  return callee && !callee.isExternal() &&
         !state.isValueRead(callee.getArgument(operand.getOperandNumber()));
}

void ContentsOfOperands::visit(
    Operation *function, llvm::function_ref<void(OpOperand &, Contents)> each) {
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state(options);
  function->walk([&](Operation *op) {
    // Copies and what gives other names are followed from those that read.
    if (isa<CopyStartOp, CopyWaitOp, CopyStartCarriedOp, CopyWaitCarriedOp,
            TransferOp, ReleaseOp, tensor::InsertSliceOp, tensor::ReshapeOp,
            tensor::DimOp>(op) ||
        isViewOp(op) || isAliasCast(op))
      return;
    bool known = options.dynCastBufferizableOp(op) && !isa<CallOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()) &&
          !(known && !op->hasTrait<OpTrait::IsTerminator>() &&
            !state.bufferizesToMemoryRead(operand)) &&
          !isUnreadByCallee(operand, state))
        each(operand, contentsOf(operand.get()));
  });
}

ContentsOfOperands::ContentsOfOperands(Operation *function)
    : function(function) {
  visit(function, [&](OpOperand &operand, Contents contents) {
    if (contents.base)
      known[{operand.getOwner(), operand.getOperandNumber()}] =
          std::move(contents);
  });
}

/// Whether what is copied before a loop is what its first trip would copy for
/// itself, if the copies for the later trips are right. Emits an error for each
/// that is not.
static bool checkFirstTrips(Operation *function) {
  bool same = true;
  function->walk([&](CopyWaitCarriedOp wait) {
    CopyStartCarriedOp next = nextOf(wait);
    if (!wait.getDest() || !next)
      return;
    scf::ForOp loop = loopOf(wait);
    auto token = cast<BlockArgument>(wait.getToken());
    CopyStartCarriedOp first = startOf(loop.getTiedLoopInit(token)->get());
    auto from = first
                    ? first.getSource().getDefiningOp<tensor::ExtractSliceOp>()
                    : tensor::ExtractSliceOp();
    auto to = next.getSource().getDefiningOp<tensor::ExtractSliceOp>();
    Value whole = to ? to.getSource() : Value();
    // What is put back beside it.
    while (auto insert = whole ? whole.getDefiningOp<tensor::InsertSliceOp>()
                               : tensor::InsertSliceOp()) {
      if (insert->getBlock() != loop.getBody())
        break;
      whole = insert.getDest();
    }
    if (auto argument = dyn_cast_if_present<BlockArgument>(whole);
        argument && argument.getOwner() == loop.getBody())
      whole = loop.getTiedLoopInit(argument)->get();
    if (from && to && from.getSource() == whole &&
        from->getAttrDictionary() == to->getAttrDictionary() &&
        llvm::equal(llvm::drop_begin(from->getOperands()),
                    llvm::drop_begin(to->getOperands()), [&](Value a, Value b) {
                      return isOfFirstTrip(a, b, loop);
                    }))
      return;
    same = false;
    wait.emitError() << "what the first trip waits for is not the part of a "
                        "tensor that the later ones do";
  });
  return same;
}

LogicalResult ContentsOfOperands::compare() const {
  bool same = checkFirstTrips(function);
  visit(function, [&](OpOperand &operand, const Contents &contents) {
    auto it = known.find({operand.getOwner(), operand.getOperandNumber()});
    if (it == known.end() || !contents.base || areSame(contents, it->second))
      return;
    same = false;
    operand.getOwner()->emitError()
        << "operand " << operand.getOperandNumber()
        << ": reads another tensor than before it was placed";
  });
  return success(same);
}
