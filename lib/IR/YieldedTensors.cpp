//===- YieldedTensors.cpp - what loops and functions hand on --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/YieldedTensors.h"

#include "mempl/IR/OneShotAnalysis.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace mempl::ir;

static SmallVector<OpOperand *> tensorsOf(Operation *op) {
  SmallVector<OpOperand *> tensors;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()))
      tensors.push_back(&operand);
  return tensors;
}

/// Whether a terminator hands its tensors to the next trip, or to the other
/// region of a loop.
static bool isCarrying(Operation *terminator) {
  return isa<scf::ConditionOp>(terminator) ||
         (isa<scf::YieldOp>(terminator) &&
          isa<scf::ForOp, scf::WhileOp>(terminator->getParentOp()));
}

/// Callers outside of the module are told of no storage.
static bool isCalled(func::FuncOp function) {
  return !SymbolTable::symbolKnownUseEmpty(function, function->getParentOp());
}

/// What calls do is known after the analysis.
static bool isOfCall(Value value) {
  return bool(value.getDefiningOp<CallOpInterface>());
}

namespace {
/// Two tensors of one terminator.
struct Pair {
  OpOperand *first, *second;
};
} // namespace

/// Pairs of tensors that a terminator hands to the next trip, to the other
/// region of a loop, or to callers, and that are made of one tensor, whatever
/// is done in place. Most terminators have none, and need no analysis.
static SmallVector<Pair>
pairsOfOneOrigin(Operation *module,
                 const bufferization::OneShotBufferizationOptions &options) {
  bufferization::AnalysisState state(options);
  SmallVector<Pair> pairs;
  module->walk([&](Operation *op) {
    auto returned = dyn_cast<func::ReturnOp>(op);
    if (!returned && !isCarrying(op))
      return;
    SmallVector<OpOperand *> tensors = tensorsOf(op);
    if (tensors.size() < 2)
      return;
    size_t before = pairs.size();
    SmallVector<SetVector<Value>> origins;
    for (OpOperand *tensor : tensors) {
      origins.emplace_back();
      for (Value origin : state.findValueInReverseUseDefChain(tensor, isOfCall))
        origins.back().insert(
            isOfCall(origin) ? origin.getDefiningOp()->getResult(0) : origin);
    }
    for (size_t second = 1; second < tensors.size(); ++second)
      for (size_t first = 0; first < second; ++first)
        if (tensors[first]->get() == tensors[second]->get() ||
            llvm::any_of(origins[first], [&](Value origin) {
              return origins[second].contains(origin);
            }))
          pairs.push_back({tensors[first], tensors[second]});
    if (returned && pairs.size() > before &&
        !isCalled(returned->getParentOfType<func::FuncOp>()))
      pairs.truncate(before);
  });
  return pairs;
}

/// Has a terminator hand on a copy of the operand that it hands on now.
static void copyOperand(RewriterBase &rewriter, OpOperand &operand) {
  rewriter.setInsertionPoint(operand.getOwner());
  Value tensor = operand.get();
  auto copy = bufferization::AllocTensorOp::create(
      rewriter, tensor.getLoc(), cast<RankedTensorType>(tensor.getType()),
      /*dynamicSizes=*/ValueRange(), tensor);
  rewriter.modifyOpInPlace(operand.getOwner(),
                           [&] { operand.set(copy.getResult()); });
}

void mempl::ir::copyTensorsHandedOnTwice(RewriterBase &rewriter,
                                         Operation *module) {
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  SmallVector<Pair> pairs = pairsOfOneOrigin(module, options);
  if (pairs.empty())
    return;
  ScopedDiagnosticHandler quiet(module->getContext(),
                                [](Diagnostic &) { return success(); });
  bufferization::OneShotAnalysisState analysis(module, options);
  if (failed(analyzeTensors(module, analysis)))
    return;
  llvm::SetVector<OpOperand *> again;
  for (const Pair &pair : pairs)
    if (!again.contains(pair.first) &&
        analysis.areAliasingBufferizedValues(pair.first->get(),
                                             pair.second->get()))
      again.insert(pair.second);
  for (OpOperand *operand : again)
    copyOperand(rewriter, *operand);
}

/// Whether an op outside of the loop gives another tensor the name that the
/// loop hands on.
static bool isViewFromOutside(OpOperand &handed,
                              const bufferization::AnalysisState &state) {
  Value tensor = handed.get();
  Operation *maker = tensor.getDefiningOp();
  return maker && !handed.getOwner()->getParentOp()->isAncestor(maker) &&
         (isOfCall(tensor) ||
          state.getAliasingOpOperands(tensor).getNumAliases() == 1);
}

/// Whether a yielded tensor may be one from outside of an scf.while. Upstream
/// copies such where an scf.for yields it, or an scf.condition hands it on.
static bool isFromOutside(OpOperand &yielded,
                          const bufferization::AnalysisState &state) {
  auto loop = dyn_cast<scf::WhileOp>(yielded.getOwner()->getParentOp());
  if (!loop || !isa<scf::YieldOp>(yielded.getOwner()))
    return false;
  auto isOutside = [&](Value value) {
    return !loop->isAncestor(value.getParentBlock()->getParentOp());
  };
  auto isEnd = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return isOutside(value) || isOfCall(value) ||
           (argument && argument.getOwner()->getParentOp() == loop);
  };
  SmallVector<OpOperand *> worklist(1, &yielded);
  llvm::SmallPtrSet<Operation *, 4> calls;
  while (!worklist.empty())
    for (Value origin :
         state.findValueInReverseUseDefChain(worklist.pop_back_val(), isEnd)) {
      if (isOutside(origin))
        return true;
      // It may return what it is given.
      if (isOfCall(origin) && calls.insert(origin.getDefiningOp()).second)
        llvm::append_range(worklist, tensorsOf(origin.getDefiningOp()));
    }
  return false;
}

void mempl::ir::copyYieldedFromOutside(RewriterBase &rewriter,
                                       Operation *module) {
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  bufferization::AnalysisState state(options);
  SmallVector<OpOperand *> outside;
  module->walk([&](Operation *op) {
    if (!isCarrying(op))
      return;
    for (OpOperand *tensor : tensorsOf(op))
      if (isViewFromOutside(*tensor, state) || isFromOutside(*tensor, state))
        outside.push_back(tensor);
  });
  for (OpOperand *tensor : outside)
    copyOperand(rewriter, *tensor);
}
