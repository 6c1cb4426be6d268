//===- OpMutations.cpp - other operands, ops and functions ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace mempl::fuzz;

// ------------------------------------------------------------------- operands

bool Mutation::swapOperands() {
  Operation *op =
      pickOp([](Operation *op) { return op->getNumOperands() > 1; });
  if (!op)
    return false;
  unsigned first = below(op->getNumOperands());
  unsigned second = below(op->getNumOperands());
  Value value = op->getOperand(first);
  op->setOperand(first, op->getOperand(second));
  op->setOperand(second, value);
  return first != second;
}

bool Mutation::replaceOperand() {
  Operation *op = pickOp([](Operation *op) { return op->getNumOperands(); });
  if (!op)
    return false;
  OpOperand &operand = op->getOpOperand(below(op->getNumOperands()));
  std::vector<Value> values = visibleAt(op);
  if (!oneIn(6))
    llvm::erase_if(values, [&](Value value) {
      return value.getType() != operand.get().getType() ||
             value == operand.get();
    });
  operand.set(values.empty() ? valueAt(op, operand.get().getType())
                             : pick(values));
  return true;
}

bool Mutation::replaceUsesLater() {
  Operation *op = pickOp([](Operation *op) { return op->getNumResults(); });
  if (!op)
    return false;
  Value value = op->getResult(below(op->getNumResults()));
  Value other = valueAt(op, value.getType());
  value.replaceUsesWithIf(other, [&](OpOperand &) { return oneIn(2); });
  return true;
}

// ------------------------------------------------------------------------ ops

bool Mutation::eraseOp() {
  Operation *op = pickOp([&](Operation *op) { return op != module; });
  if (!op || (op->hasTrait<OpTrait::IsTerminator>() && !oneIn(4)))
    return false;
  for (Value result : op->getResults())
    if (!result.use_empty())
      result.replaceAllUsesWith(valueAt(op, result.getType()));
  op->erase();
  return true;
}

bool Mutation::duplicateOp() {
  Operation *op = pickStep();
  if (!op)
    return false;
  builder.setInsertionPointAfter(op);
  Operation *copy = builder.clone(*op);
  for (auto [old, made] : llvm::zip(op->getResults(), copy->getResults()))
    if (oneIn(2))
      old.replaceUsesWithIf(made, [&, copy = copy](OpOperand &operand) {
        return operand.getOwner() != copy && oneIn(2);
      });
  return true;
}

bool Mutation::moveOp() {
  Operation *op = pickStep(), *to = pickStep();
  if (!op || !to || op == to || op->isProperAncestor(to))
    return false;
  op->moveBefore(to);
  return true;
}

void Mutation::insertCopy(Operation *op, Operation *before) {
  Operation *copy = op->clone();
  builder.setInsertionPoint(before);
  builder.insert(copy);
  // What it uses from outside of itself is not here.
  copy->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (!copy->isAncestor(operand.get().getParentBlock()->getParentOp()))
        operand.set(valueAt(copy, operand.get().getType()));
  });
  // Somebody uses it.
  for (Value result : copy->getResults()) {
    std::vector<OpOperand *> operands;
    for (Operation *next = copy->getNextNode(); next;
         next = next->getNextNode())
      for (OpOperand &operand : next->getOpOperands())
        if (operand.get().getType() == result.getType())
          operands.push_back(&operand);
    if (!operands.empty() && !oneIn(3))
      pick(operands)->set(result);
  }
}

bool Mutation::copyOp() {
  Operation *op = pickStep(donor), *to = pickOp([](Operation *op) {
    return op->getParentOfType<FunctionOpInterface>() != nullptr;
  });
  if (!op || !to || isa<CallOpInterface>(op) || op->isAncestor(to))
    return false;
  insertCopy(op, to);
  return true;
}

bool Mutation::addConstant() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<IndexType>);
  });
  if (!op)
    return false;
  SmallVector<OpOperand *> operands;
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get().getType().isIndex())
      operands.push_back(&operand);
  builder.setInsertionPoint(op);
  pick(operands)->set(
      arith::ConstantIndexOp::create(builder, op->getLoc(), number()));
  return true;
}

// ------------------------------------------------------------------ functions

bool Mutation::copyFunction() {
  std::vector<Operation *> ops;
  for (Operation &op : *donor.getBody())
    if (isa<SymbolOpInterface>(op) && !isa<ModuleOp>(op))
      ops.push_back(&op);
  if (ops.empty())
    return false;
  Operation *copy = pick(ops)->clone();
  SymbolTable(module).insert(copy);
  return true;
}

bool Mutation::addCall() {
  Operation *to = pickStep(),
            *op = pickOp([](Operation *op) { return isa<func::FuncOp>(op); });
  if (!to || !op || op->getParentOp() != module)
    return false;
  auto function = cast<func::FuncOp>(op);
  SmallVector<Value> operands;
  for (Type type : function.getArgumentTypes())
    operands.push_back(valueAt(to, type));
  builder.setInsertionPoint(to);
  auto call = func::CallOp::create(builder, to->getLoc(), function, operands);
  for (Value result : call.getResults())
    for (OpOperand &operand : to->getOpOperands())
      if (operand.get().getType() == result.getType() && oneIn(2))
        operand.set(result);
  return true;
}

bool Mutation::addArgument() {
  FunctionOpInterface function = pickFunction();
  if (!function || function.isExternal())
    return false;
  std::vector<Value> values;
  function->walk(
      [&](Operation *op) { llvm::append_range(values, op->getResults()); });
  if (values.empty())
    return false;
  Value value = pick(values);
  unsigned at = function.getNumArguments();
  if (failed(
          function.insertArgument(at, value.getType(), {}, function->getLoc())))
    return false;
  Value argument = function.getArgument(at);
  value.replaceUsesWithIf(argument, [&](OpOperand &) { return oneIn(2); });
  return true;
}

bool Mutation::changeVisibility() {
  FunctionOpInterface function = pickFunction();
  if (!function)
    return false;
  if (oneIn(4))
    function.eraseBody();
  SymbolTable::setSymbolVisibility(function,
                                   function.isExternal() || oneIn(2)
                                       ? SymbolTable::Visibility::Private
                                       : SymbolTable::Visibility::Public);
  return true;
}
