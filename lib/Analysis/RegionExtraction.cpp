//===- RegionExtraction.cpp - loops, branches and calls as steps ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An scf.for is a step with a program of its own. Other ops with regions, and
// calls, are steps whose inside is not placed: what they allocate is in slow
// memory, and storages that they pass on through several names are too.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/Target.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Simulator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::mempl;

static bool isTensor(Value value) { return isa<TensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Whether `value` is the storage of `start`, an argument of a loop, whatever
/// happens in between.
bool BlockExtractor::isInPlaceOf(Value value, BlockArgument start) {
  Operation *loop = start.getOwner()->getParentOp();
  while (value != start) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    Operation *op = result.getOwner();
    unsigned number = result.getResultNumber();
    if (!loop->isProperAncestor(op))
      return false;
    if (auto inner = dyn_cast<scf::ForOp>(op)) {
      if (context.isCopied(inner.getInitArgsMutable()[number]) ||
          !isInPlaceOf(inner.getYieldedValues()[number],
                       inner.getRegionIterArg(number)))
        return false;
      value = inner.getInitArgs()[number];
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      if (!isInPlaceOf(branch.thenYield().getOperand(number), start))
        return false;
      value = branch.elseYield().getOperand(number);
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      if (context.isCopied(insert.getDestMutable()))
        return false;
      value = insert.getDest();
    } else if (isViewOp(op) || op->getNumRegions() > 1 ||
               isa<func::CallOp>(op) ||
               !context.options.dynCastBufferizableOp(op)) {
      return false;
    } else if (OpOperand *tied = tiedOperand(result);
               tied && !context.isCopied(*tied)) {
      value = tied->get();
    } else {
      return false;
    }
  }
  return true;
}

int64_t BlockExtractor::tripsOf(scf::ForOp loop) {
  if (auto trips = loop->getAttrOfType<IntegerAttr>(kTripsAttr))
    return std::max<int64_t>(1, trips.getInt());
  if (std::optional<APInt> trips = loop.getStaticTripCount())
    return trips->getActiveBits() < 63
               ? std::max<int64_t>(1, trips->getSExtValue())
               : INT32_MAX;
  context.notes.push_back({loop.getLoc(),
                           "the number of trips is not known and taken as 1; "
                           "'mempl.trips' gives it"});
  return 1;
}

void BlockExtractor::visitLoop(scf::ForOp loop, Touches *outerTouches) {
  auto body = std::make_unique<Program>();
  body->block = loop.getBody();
  body->instance.name = "body";
  BlockExtractor inner(*body, context, this);
  Touches touches;
  SmallVector<unsigned> passedOn;
  for (auto [i, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
    if (!isTensor(argument))
      continue;
    Reference init = resolve(loop.getInitArgs()[i]);
    if (!context.isCopied(loop.getInitArgsMutable()[i]) &&
        isInPlaceOf(loop.getYieldedValues()[i], argument)) {
      inner.bind(argument, init);
      bind(loop.getResult(i), init);
      // Whether a trip writes it or not, the loop takes it and gives it back:
      // no copy of it may be under way meanwhile.
      Touch passed;
      passed.target = init;
      passed.reads = passed.writes = true;
      touches.push_back(std::move(passed));
      continue;
    }
    // The trips hand over one buffer after the other.
    passedOn.push_back(i);
    readSlow(init, "is passed into a loop that does not update it in place",
             touches);
    bindNew(loop.getResult(i), /*allocated=*/true);
    Reference carried = resolve(loop.getResult(i));
    keepSlow(carried, "is passed from trip to trip in several buffers");
    inner.bind(argument, carried);
    Touch write;
    write.target = carried;
    write.writes = write.slowOnly = true;
    touches.push_back(std::move(write));
  }
  inner.visitBlock(*loop.getBody(), nullptr);
  // What leaves the body is not storage of the body.
  for (unsigned i : passedOn) {
    Reference *yielded = inner.find(loop.getYieldedValues()[i]);
    if (yielded && yielded->owner == &inner) {
      inner.keepSlow(*yielded, "is handed to the next trip of its loop");
      body->instance.values[yielded->view.storage].space =
          ::mempl::SpaceOrder::Slow;
    } else if (yielded) {
      readSlow(*yielded, "is passed from trip to trip in several buffers",
               touches);
    }
  }
  int64_t trips = tripsOf(loop);
  for (Touch touch : inner.foreign) {
    touch.readBytes = llvm::MulOverflow(touch.readBytes, trips, touch.readBytes)
                          ? INT64_MAX / 4
                          : touch.readBytes;
    touch.writtenBytes =
        llvm::MulOverflow(touch.writtenBytes, trips, touch.writtenBytes)
            ? INT64_MAX / 4
            : touch.writtenBytes;
    // The first trip may leave old bytes, the last one may read its own.
    touch.wholeWrite = false;
    touches.push_back(std::move(touch));
  }
  if (!outerTouches) {
    addStep(loop, std::move(touches), 0, 0, std::move(body), trips);
    return;
  }
  for (Touch &touch : touches)
    outerTouches->push_back(std::move(touch));
}

//===----------------------------------------------------------------------===//
// Branches and other regions
//===----------------------------------------------------------------------===//

/// What a step may do when it runs one of two branches: of each storage, the
/// most that either does.
void BlockExtractor::addBranches(const Touches &first, const Touches &second,
                                 Touches &touches) {
  using Key = std::pair<BlockExtractor *, int32_t>;
  auto sum = [](const Touches &branch) {
    llvm::MapVector<Key, Touch> sums;
    for (const Touch &touch : branch) {
      Key key(touch.target.owner, touch.target.view.storage);
      auto [it, isNew] = sums.try_emplace(key, touch);
      if (isNew)
        continue;
      it->second.readBytes += touch.readBytes;
      it->second.writtenBytes += touch.writtenBytes;
      it->second.reads |= touch.reads;
      it->second.writes |= touch.writes;
      it->second.slowOnly |= touch.slowOnly;
    }
    return sums;
  };
  llvm::MapVector<Key, Touch> most = sum(first);
  for (auto &[key, touch] : sum(second)) {
    auto [it, isNew] = most.try_emplace(key, touch);
    Touch &old = it->second;
    old.readBytes = std::max(old.readBytes, touch.readBytes);
    old.writtenBytes = std::max(old.writtenBytes, touch.writtenBytes);
    old.reads |= touch.reads;
    old.writes |= touch.writes;
    old.slowOnly |= touch.slowOnly;
  }
  for (auto &[key, touch] : most) {
    // The other branch may leave every old byte.
    touch.wholeWrite = false;
    touches.push_back(touch);
  }
}

void BlockExtractor::visitIf(scf::IfOp op, Touches &touches) {
  Touches branches[2];
  for (auto [region, branch] : {std::pair(&op.getThenRegion(), &branches[0]),
                                std::pair(&op.getElseRegion(), &branches[1])})
    if (!region->empty())
      visitBlock(region->front(), branch);
  addBranches(branches[0], branches[1], touches);
  for (OpResult result : op.getResults()) {
    if (!isTensor(result))
      continue;
    unsigned i = result.getResultNumber();
    Reference a = resolve(op.thenYield().getOperand(i));
    Reference b = resolve(op.elseYield().getOperand(i));
    if (a.owner == b.owner && a.view.storage == b.view.storage &&
        a.view.chain == b.view.chain) {
      // Both branches give the same storage, perhaps updated in one of them.
      bind(result, a);
      continue;
    }
    readSlow(a, "is one of two tensors that a conditional chooses from",
             touches);
    readSlow(b, "is one of two tensors that a conditional chooses from",
             touches);
    bindNew(result, /*allocated=*/false);
    Reference chosen = resolve(result);
    keepSlow(chosen, "is chosen by a conditional");
    chosen.owner->defined[chosen.view.storage] = false;
    Touch touch;
    touch.target = chosen;
    touch.writes = touch.slowOnly = true;
    touches.push_back(std::move(touch));
  }
}

void BlockExtractor::visitOpaqueRegions(Operation *op, Touches &touches) {
  std::string reason = "is passed into '" + op->getName().getStringRef().str() +
                       "', whose inside is not placed";
  for (Value operand : op->getOperands())
    if (isTensor(operand))
      readSlow(resolve(operand), reason, touches);
  auto bindSlow = [&](Value tensor, const llvm::Twine &why) {
    bindNew(tensor, /*allocated=*/false);
    Reference &reference = resolve(tensor);
    keepSlow(reference, why);
    defined[reference.view.storage] = false;
    Touch touch;
    touch.target = reference;
    touch.writes = touch.slowOnly = true;
    touches.push_back(std::move(touch));
  };
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      for (BlockArgument argument : block.getArguments())
        if (isTensor(argument))
          bindSlow(argument, reason);
      visitBlock(block, &touches);
      if (block.mightHaveTerminator())
        for (Value yielded : block.getTerminator()->getOperands())
          if (isTensor(yielded))
            readSlow(resolve(yielded), reason, touches);
    }
  for (OpResult result : op->getResults())
    if (isTensor(result))
      bindSlow(result, "is a result of '" + op->getName().getStringRef() + "'");
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

void BlockExtractor::visitCall(func::CallOp call, Touches &touches,
                               double &seconds) {
  std::string reason = "is passed to or returned by the call of @" +
                       call.getCallee().str() + "; inline it to place it";
  for (Value operand : call.getOperands()) {
    if (!isTensor(operand))
      continue;
    readSlow(resolve(operand), reason, touches);
    // The callee may write it, if bufferization lets it.
    Touch &touch = touches.back();
    const Storage &storage =
        touch.target.owner->program.storages[touch.target.view.storage];
    touch.writes = !storage.readOnly;
  }
  for (OpResult result : call.getResults()) {
    if (!isTensor(result))
      continue;
    bindNew(result, /*allocated=*/false);
    keepSlow(resolve(result), reason);
    Touch touch;
    touch.target = resolve(result);
    touch.writes = touch.wholeWrite = touch.slowOnly = true;
    defined[touch.target.view.storage] = false;
    touches.push_back(std::move(touch));
  }
  seconds = 0;
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  bool known = callee && !callee.isExternal() && callee.getBody().hasOneBlock();
  if (!known || !context.callees.insert(callee).second) {
    context.notes.push_back(
        {call.getLoc(), "the call of @" + call.getCallee().str() +
                            " counts as no time: its body is not known or it "
                            "is recursive"});
    return;
  }
  // The callee runs from slow memory; its traffic is part of its time.
  Program program;
  SmallVector<ProgramNote> ignored;
  ExtractionContext inside(context.cost, context.target, ignored,
                           context.analysis);
  inside.callees = context.callees;
  BlockExtractor extractor(program, inside, nullptr);
  extractor.runOnFunction(callee);
  linkBodies(program);
  ::mempl::setMachine(program.instance, context.target.machine);
  seconds = ::mempl::slowLatency(program.instance);
  context.callees.erase(callee);
}
