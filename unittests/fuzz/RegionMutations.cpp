//===- RegionMutations.cpp - other regions and blocks ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mempl::fuzz;

Mutation::Run Mutation::pickRun() {
  Run run;
  Operation *op = pickStep();
  for (size_t left = 1 + below(6);
       op && left && !op->hasTrait<OpTrait::IsTerminator>(); --left) {
    run.ops.push_back(op);
    op = op->getNextNode();
  }
  llvm::SmallPtrSet<Operation *, 8> inside(run.ops.begin(), run.ops.end());
  auto isOutside = [&](Operation *user) {
    while (user && user->getBlock() != run.ops.front()->getBlock())
      user = user->getParentOp();
    return !inside.contains(user);
  };
  for (Operation *op : run.ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), isOutside))
        run.escaping.push_back(result);
  return run;
}

void Mutation::moveInto(Run &run, Block *block, ValueRange results) {
  llvm::SmallPtrSet<Operation *, 8> inside(run.ops.begin(), run.ops.end());
  for (auto [value, result] : llvm::zip(run.escaping, results)) {
    Block *around = run.ops.front()->getBlock();
    value.replaceUsesWithIf(result, [&](OpOperand &operand) {
      Operation *user = operand.getOwner();
      while (user && user->getBlock() != around)
        user = user->getParentOp();
      return !inside.contains(user);
    });
  }
  for (Operation *op : run.ops)
    op->moveBefore(block, block->end());
}

bool Mutation::wrapInBranch() {
  Run run = pickRun();
  if (run.ops.empty())
    return false;
  Operation *first = run.ops.front();
  Location loc = first->getLoc();
  SmallVector<Type> types(ValueRange(run.escaping).getTypes());
  if (oneIn(3)) {
    builder.setInsertionPoint(first);
    auto region = scf::ExecuteRegionOp::create(builder, loc, types);
    Block *block = builder.createBlock(&region.getRegion());
    moveInto(run, block, region.getResults());
    builder.setInsertionPointToEnd(block);
    scf::YieldOp::create(builder, loc, run.escaping);
    return true;
  }
  Value condition = valueAt(first, builder.getI1Type());
  SmallVector<Value> others;
  for (Type type : types)
    others.push_back(valueAt(first, type));
  builder.setInsertionPoint(first);
  auto branch = scf::IfOp::create(builder, loc, types, condition,
                                  /*addThenBlock=*/true,
                                  /*addElseBlock=*/!types.empty());
  // Blocks without results have their terminators already, or have none.
  Block *then = branch.thenBlock();
  then->clear();
  moveInto(run, then, branch.getResults());
  builder.setInsertionPointToEnd(then);
  scf::YieldOp::create(builder, loc, run.escaping);
  if (!types.empty()) {
    builder.setInsertionPointToEnd(branch.elseBlock());
    scf::YieldOp::create(builder, loc, others);
  }
  return true;
}

bool Mutation::wrapInLoop() {
  Run run = pickRun();
  if (run.ops.empty())
    return false;
  Operation *first = run.ops.front();
  Location loc = first->getLoc();
  SmallVector<Value> inits;
  for (Value value : run.escaping)
    inits.push_back(valueAt(first, value.getType()));
  Value count;
  if (oneIn(4))
    count = valueAt(first, builder.getIndexType());
  builder.setInsertionPoint(first);
  if (!count)
    count = arith::ConstantIndexOp::create(builder, loc, below(5));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero, count, one, inits);
  Block *body = loop.getBody();
  body->clear();
  moveInto(run, body, loop.getResults());
  builder.setInsertionPointToEnd(body);
  scf::YieldOp::create(builder, loc, run.escaping);
  // Some of it works on what the trip before left.
  for (auto [init, carried] : llvm::zip(inits, loop.getRegionIterArgs()))
    init.replaceUsesWithIf(carried, [&](OpOperand &operand) {
      return loop->isProperAncestor(operand.getOwner()) && !oneIn(3);
    });
  return true;
}

bool Mutation::inlineRegion() {
  Operation *op = pickOp([](Operation *op) {
    return op->getNumRegions() && op->getBlock() &&
           op->getParentOfType<FunctionOpInterface>();
  });
  if (!op)
    return false;
  Region &region = op->getRegion(below(op->getNumRegions()));
  if (!region.hasOneBlock())
    return false;
  Block &block = region.front();
  for (BlockArgument argument : block.getArguments())
    argument.replaceAllUsesWith(valueAt(op, argument.getType()));
  Operation *terminator =
      block.mightHaveTerminator() ? block.getTerminator() : nullptr;
  for (Value result : op->getResults()) {
    Value value;
    if (terminator && result.use_empty())
      continue;
    unsigned number = cast<OpResult>(result).getResultNumber();
    if (terminator && number < terminator->getNumOperands() &&
        terminator->getOperand(number).getType() == result.getType())
      value = terminator->getOperand(number);
    result.replaceAllUsesWith(value ? value : valueAt(op, result.getType()));
  }
  if (terminator)
    terminator->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         block.getOperations());
  op->erase();
  return true;
}

bool Mutation::swapRegions() {
  Operation *op = pickOp([](Operation *op) { return op->getNumRegions() > 1; });
  if (!op)
    return false;
  Region &first = op->getRegion(0), &second = op->getRegion(1), rest;
  rest.takeBody(first);
  first.takeBody(second);
  second.takeBody(rest);
  return true;
}

bool Mutation::splitBlock() {
  Operation *op = pickOp([](Operation *op) {
    return isa_and_present<FunctionOpInterface, scf::ExecuteRegionOp>(
        op->getParentOp());
  });
  if (!op)
    return false;
  Block *before = op->getBlock(), *after = before->splitBlock(op);
  builder.setInsertionPointToEnd(before);
  if (oneIn(2)) {
    cf::BranchOp::create(builder, op->getLoc(), after);
    return true;
  }
  // Around, or back to itself.
  Value condition;
  for (BlockArgument argument : before->getArguments())
    if (argument.getType().isInteger(1))
      condition = argument;
  if (!condition)
    condition = arith::ConstantOp::create(builder, op->getLoc(),
                                          builder.getBoolAttr(oneIn(2)));
  cf::CondBranchOp::create(builder, op->getLoc(), condition, after,
                           ValueRange(), after, ValueRange());
  return true;
}
