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
// by the type that they lead to, so that one and its inverse cancel out.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CompareContents.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
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

ContentsOfOperands::Contents ContentsOfOperands::contentsOf(Value tensor) {
  SmallVector<Operation *> views;
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto wait = dyn_cast<CopyWaitOp>(op)) {
      CopyStartOp start = wait.getStart();
      if (!start)
        return {};
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
    if (isa<CopyStartOp, CopyWaitOp, TransferOp, ReleaseOp,
            tensor::InsertSliceOp, tensor::ReshapeOp, tensor::DimOp>(op) ||
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

LogicalResult ContentsOfOperands::compare() const {
  bool same = true;
  visit(function, [&](OpOperand &operand, const Contents &contents) {
    auto it = known.find({operand.getOwner(), operand.getOperandNumber()});
    if (it == known.end() || !contents.base || contents == it->second)
      return;
    same = false;
    operand.getOwner()->emitError()
        << "operand " << operand.getOperandNumber()
        << ": reads another tensor than before it was placed";
  });
  return success(same);
}
