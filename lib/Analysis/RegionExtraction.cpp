//===- RegionExtraction.cpp - loops, branches and calls as steps ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An scf.for or scf.forall is a step with a program of its own. Other ops with
// regions, and calls, are steps whose inside is not placed: what they allocate
// is in slow memory, and storages that they pass on through several names are
// too. What a loop does counts once per trip, whatever its kind.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Analysis/Trips.h"
#include "mempl/Problem/Simulator.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;

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

int64_t mempl::ir::tripsOf(Operation *loop, ExtractionContext &context) {
  Trips trips = tripsOf(loop);
  if (trips.known)
    return trips.count;
  context.notes.push_back(
      {loop->getLoc(), "the number of trips is not known and taken as " +
                           std::to_string(trips.count) +
                           "; 'mempl.trips' gives it"});
  context.unknowns.push_back({UnknownFigure::Trips, loop->getLoc(),
                              loop->getName().getStringRef().str()});
  return trips.count;
}

void mempl::ir::noteWork(Operation *op, const OpWork &work,
                         ExtractionContext &context) {
  if (work.guessed && work.seconds < 0)
    context.unknowns.push_back({UnknownFigure::Work, op->getLoc(),
                                op->getName().getStringRef().str()});
}

bool mempl::ir::isParallelLoop(Operation *loop) {
  return isa<scf::ForallOp, scf::ParallelOp, affine::AffineParallelOp>(loop);
}

/// What trips make anew is no input.
void BlockExtractor::finishStreamed() {
  llvm::BitVector seen(program.storages.size());
  for (const mempl::Step &step : program.instance.program.steps)
    for (const mempl::Access &access : step.accesses) {
      bool isFirst = !seen.test(access.value);
      seen.set(access.value);
      mempl::Value &value = program.instance.program.values[access.value];
      if (isFirst && value.streamed && value.isOutput() && !access.reads())
        value.kind = mempl::ValueKind::Output;
    }
}

/// Whether anything was written to a storage before the step that is next.
bool BlockExtractor::isWritten(const Reference &reference) const {
  int32_t storage = reference.view.storage;
  for (const BlockExtractor *at = this; at != reference.owner; at = at->outer)
    for (const StorageAccess &access : at->foreign)
      if (access.writes && access.target.owner == reference.owner &&
          access.target.view.storage == storage)
        return true;
  return reference.owner->defined[storage];
}

/// Ends a loop that is a step with a program of its own.
void BlockExtractor::finishLoop(Operation *loop,
                                std::unique_ptr<FunctionProblem> body,
                                BlockExtractor &inner,
                                StorageAccesses accesses) {
  inner.finishStreamed();
  int64_t trips = tripsOf(loop, context);
  llvm::SmallSet<std::pair<BlockExtractor *, int32_t>, 8> seen;
  for (StorageAccess access : inner.foreign) {
    const Reference &target = access.target;
    bool isFirst = seen.insert({target.owner, target.view.storage}).second;
    if (isFirst && access.reads && !access.writes && !isWritten(target))
      // What the first trip reads is undefined; in fast memory it would be a
      // mistake.
      readSlow(target, "is read in a loop before it is written", accesses);
    access.readBytes = bytesOfTrips(access.readBytes, trips);
    access.writtenBytes = bytesOfTrips(access.writtenBytes, trips);
    // The first trip may leave old bytes, the last one may read its own.
    access.wholeWrite = false;
    accesses.push_back(std::move(access));
  }
  addStep(loop, std::move(accesses), 0, 0, std::move(body), trips);
}

/// Binds what the loop carries, in the program of `user` the arguments of its
/// body, and adds what it does with them. Returns the numbers of the tensors
/// that trips hand over in one buffer after the other.
SmallVector<unsigned> BlockExtractor::bindCarried(scf::ForOp loop,
                                                  BlockExtractor &user,
                                                  StorageAccesses &accesses) {
  SmallVector<unsigned> passedOn;
  for (auto [i, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
    if (!isTensor(argument))
      continue;
    Reference init = resolve(loop.getInitArgs()[i]);
    if (!context.isCopied(loop.getInitArgsMutable()[i]) &&
        isInPlaceOf(loop.getYieldedValues()[i], argument)) {
      user.bind(argument, init);
      bind(loop.getResult(i), init);
      if (&user == this)
        continue;
      // Whether a trip writes it or not, the loop takes it and gives it back:
      // no copy of it may be under way meanwhile.
      StorageAccess passed;
      passed.target = init;
      passed.reads = passed.writes = true;
      accesses.push_back(std::move(passed));
      continue;
    }
    passedOn.push_back(i);
    readSlow(init, "is passed into a loop that does not update it in place",
             accesses);
    accesses.back().writes = !isReadOnly(init);
    bindNew(loop.getResult(i), /*allocated=*/true);
    mayShare(loop.getResult(i), init);
    Reference carried = resolve(loop.getResult(i));
    keepSlow(carried, "is passed from trip to trip in several buffers");
    user.bind(argument, carried);
    StorageAccess write;
    write.target = carried;
    write.writes = write.slowOnly = true;
    accesses.push_back(std::move(write));
  }
  return passedOn;
}

/// A loop inside of an opaque step, to which all of its trips belong.
void BlockExtractor::visitInnerLoop(scf::ForOp loop,
                                    StorageAccesses &accesses) {
  SmallVector<unsigned> passedOn = bindCarried(loop, *this, accesses);
  visitTrips(loop.getRegion(), accesses);
  for (unsigned i : passedOn) {
    Reference &yielded = resolve(loop.getYieldedValues()[i]);
    mayShare(loop.getResult(i), yielded);
    readSlow(yielded, "is passed from trip to trip in several buffers",
             accesses);
  }
}

/// What the blocks of a region do, as often as it runs.
void BlockExtractor::visitTrips(Region &region, StorageAccesses &accesses) {
  Operation *op = region.getParentOp();
  if (isa<LoopLikeOpInterface>(op) && region.getRegionNumber() == 0)
    tripsOf(op, context);
  size_t before = accesses.size();
  double secondsBefore = std::exchange(callSeconds, 0);
  for (Block &block : region)
    visitBlock(block, &accesses);
  int64_t times = timesOf(region);
  for (StorageAccess &access : llvm::drop_begin(accesses, before)) {
    access.readBytes = bytesOfTrips(access.readBytes, times);
    access.writtenBytes = bytesOfTrips(access.writtenBytes, times);
  }
  callSeconds = secondsBefore + double(times) * callSeconds;
}

/// Its trips write their parts of the outputs in place; they may run at the
/// same time, so that nothing of their own can be placed.
void BlockExtractor::visitForall(scf::ForallOp loop,
                                 StorageAccesses *outerAccesses) {
  auto body = std::make_unique<FunctionProblem>();
  body->block = loop.getBody();
  body->instance.name = "body";
  BlockExtractor inner(*body, context, this, /*parallel=*/true);
  BlockExtractor &user = outerAccesses ? *this : inner;
  StorageAccesses accesses;
  for (auto [output, argument, result] :
       llvm::zip_equal(loop.getOutputsMutable(), loop.getRegionIterArgs(),
                       loop.getResults())) {
    if (context.isCopied(output)) {
      readSlow(resolve(output.get()), "is copied into the output of a loop",
               accesses);
      accesses.back().writes = !isReadOnly(accesses.back().target);
      bindNew(result, /*allocated=*/false);
      mayShare(result, resolve(output.get()));
      keepSlow(resolve(result), "is a copy that a loop makes of its output");
      defined[resolve(result).view.storage] = false;
    } else {
      Reference whole = resolve(output.get());
      bind(result, std::move(whole));
    }
    Reference init = resolve(result);
    user.bind(argument, init);
    StorageAccess passed;
    passed.target = init;
    passed.reads = passed.writes = true;
    accesses.push_back(std::move(passed));
  }
  if (outerAccesses) {
    llvm::append_range(*outerAccesses, accesses);
    visitTrips(loop.getRegion(), *outerAccesses);
    return;
  }
  inner.visitBlock(*loop.getBody(), nullptr);
  finishLoop(loop, std::move(body), inner, std::move(accesses));
}

void BlockExtractor::visitLoop(scf::ForOp loop,
                               StorageAccesses *outerAccesses) {
  if (outerAccesses)
    return visitInnerLoop(loop, *outerAccesses);
  auto body = std::make_unique<FunctionProblem>();
  body->block = loop.getBody();
  body->instance.name = "body";
  BlockExtractor inner(*body, context, this);
  StorageAccesses accesses;
  SmallVector<unsigned> passedOn = bindCarried(loop, inner, accesses);
  inner.visitBlock(*loop.getBody(), nullptr);
  // What leaves the body is not storage of the body.
  for (unsigned i : passedOn) {
    Reference *yielded = inner.find(loop.getYieldedValues()[i]);
    if (yielded && yielded->owner == &inner) {
      inner.keepSlow(*yielded, "is handed to the next trip of its loop");
      body->instance.program.values[yielded->view.storage].space =
          mempl::SpaceConstraint::Slow;
    } else if (yielded) {
      mayShare(loop.getResult(i), *yielded);
      readSlow(*yielded, "is passed from trip to trip in several buffers",
               accesses);
    }
  }
  finishLoop(loop, std::move(body), inner, std::move(accesses));
}

//===----------------------------------------------------------------------===//
// Branches and other regions
//===----------------------------------------------------------------------===//

/// What a step may do when it runs one of two branches: of each storage, the
/// most that either does.
void BlockExtractor::addBranches(const StorageAccesses &first,
                                 const StorageAccesses &second,
                                 StorageAccesses &accesses) {
  using Key = std::pair<BlockExtractor *, int32_t>;
  auto sum = [](const StorageAccesses &branch) {
    llvm::MapVector<Key, StorageAccess> sums;
    for (const StorageAccess &access : branch) {
      Key key(access.target.owner, access.target.view.storage);
      auto [it, isNew] = sums.try_emplace(key, access);
      if (isNew)
        continue;
      addBytes(it->second.readBytes, access.readBytes);
      addBytes(it->second.writtenBytes, access.writtenBytes);
      it->second.reads |= access.reads;
      it->second.writes |= access.writes;
      it->second.slowOnly |= access.slowOnly;
    }
    return sums;
  };
  llvm::MapVector<Key, StorageAccess> most = sum(first);
  for (auto &[key, access] : sum(second)) {
    auto [it, isNew] = most.try_emplace(key, access);
    StorageAccess &old = it->second;
    old.readBytes = std::max(old.readBytes, access.readBytes);
    old.writtenBytes = std::max(old.writtenBytes, access.writtenBytes);
    old.reads |= access.reads;
    old.writes |= access.writes;
    old.slowOnly |= access.slowOnly;
  }
  for (auto &[key, access] : most) {
    // The other branch may leave every old byte.
    access.wholeWrite = false;
    accesses.push_back(access);
  }
}

void BlockExtractor::visitIf(scf::IfOp op, StorageAccesses &accesses) {
  StorageAccesses branches[2];
  for (auto [region, branch] : {std::pair(&op.getThenRegion(), &branches[0]),
                                std::pair(&op.getElseRegion(), &branches[1])})
    if (!region->empty())
      visitBlock(region->front(), branch);
  addBranches(branches[0], branches[1], accesses);
  for (OpResult result : op.getResults()) {
    if (!isTensor(result))
      continue;
    unsigned i = result.getResultNumber();
    Reference a = resolve(op.thenYield().getOperand(i));
    Reference b = resolve(op.elseYield().getOperand(i));
    if (a.owner == b.owner && a.view.storage == b.view.storage &&
        a.view.chain == b.view.chain) {
      // Both branches give the same storage, perhaps updated in one of them. It
      // has to be there even if none of them uses it.
      bind(result, a);
      StorageAccess passed;
      passed.target = a;
      passed.reads = true;
      accesses.push_back(std::move(passed));
      continue;
    }
    readSlow(a, "is one of two tensors that a conditional chooses from",
             accesses);
    readSlow(b, "is one of two tensors that a conditional chooses from",
             accesses);
    bindNew(result, /*allocated=*/false);
    mayShare(result, a);
    mayShare(result, b);
    Reference chosen = resolve(result);
    keepSlow(chosen, "is chosen by a conditional");
    chosen.owner->defined[chosen.view.storage] = false;
    StorageAccess access;
    access.target = chosen;
    access.writes = access.slowOnly = true;
    accesses.push_back(std::move(access));
  }
}

void BlockExtractor::visitOpaqueRegions(Operation *op,
                                        StorageAccesses &accesses) {
  SlowReason reason = opaqueRegionReason(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isTensor(operand.get()))
      continue;
    readSlow(resolve(operand.get()), reason, accesses);
    // What it passes on may be written inside.
    accesses.back().writes = !isReadOnly(accesses.back().target);
  }
  SmallVector<Reference> passed;
  for (Value operand : op->getOperands())
    if (isTensor(operand))
      passed.push_back(resolve(operand));
  auto bindSlow = [&](Value tensor, const SlowReason &why) {
    bindNew(tensor, /*allocated=*/false);
    for (const Reference &other : passed)
      mayShare(tensor, other);
    Reference &reference = resolve(tensor);
    keepSlow(reference, why);
    defined[reference.view.storage] = false;
    StorageAccess access;
    access.target = reference;
    access.writes = access.slowOnly = true;
    accesses.push_back(std::move(access));
  };
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (BlockArgument argument : block.getArguments())
        if (isTensor(argument))
          bindSlow(argument, reason);
  for (Region &region : op->getRegions())
    visitTrips(region, accesses);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (block.mightHaveTerminator())
        for (Value yielded : block.getTerminator()->getOperands())
          if (isTensor(yielded)) {
            readSlow(resolve(yielded), reason, accesses);
            passed.push_back(resolve(yielded));
          }
  for (OpResult result : op->getResults())
    if (isTensor(result))
      bindSlow(result, reason);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kCountsAsNoTime = " counts as no time: ";

static bool isAboutTime(const ProgramNote &note) {
  return StringRef(note.text).contains(kCountsAsNoTime);
}

/// How a function that is being gone through is called in itself.
static std::string selfCallText(func::CallOp call, func::FuncOp callee) {
  auto caller = call->getParentOfType<func::FuncOp>();
  if (!caller || caller == callee)
    return "it calls itself";
  return "it calls itself through @" + caller.getName().str();
}

void BlockExtractor::visitCall(func::CallOp call, StorageAccesses &accesses,
                               double &seconds) {
  SlowReason reason = callReason(call);
  for (Value operand : call.getOperands()) {
    if (!isTensor(operand))
      continue;
    readSlow(resolve(operand), reason, accesses);
    // The callee may write it, if bufferization lets it.
    StorageAccess &access = accesses.back();
    // The check of the placed function takes it so even for a constant; in the
    // body of a loop that is slow anyway.
    access.writes = !isReadOnly(access.target) || !access.target.owner->outer;
  }
  for (OpResult result : call.getResults()) {
    if (!isTensor(result))
      continue;
    bindNew(result, /*allocated=*/false);
    for (Value operand : call.getOperands())
      if (isTensor(operand))
        mayShare(result, resolve(operand));
    keepSlow(resolve(result), reason);
    StorageAccess access;
    access.target = resolve(result);
    access.writes = access.wholeWrite = access.slowOnly = true;
    defined[access.target.view.storage] = false;
    accesses.push_back(std::move(access));
  }
  seconds = 0;
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  std::string unknown;
  if (!callee || callee.isExternal())
    unknown = "its body is not in the module";
  else if (!callee.getBody().hasOneBlock())
    unknown = "it has several blocks";
  else if (!context.callees.insert(callee).second)
    unknown = selfCallText(call, callee);
  if (!unknown.empty()) {
    context.notes.push_back(
        {call.getLoc(), "the call of @" + call.getCallee().str() +
                            kCountsAsNoTime.str() + unknown});
    return;
  }
  // The callee runs from slow memory; its traffic is part of its time.
  FunctionProblem program;
  SmallVector<ProgramNote> notes;
  ExtractionContext inside(context.cost, context.target, notes,
                           context.analysis);
  inside.callees = context.callees;
  BlockExtractor extractor(program, inside, nullptr);
  extractor.runOnFunction(callee);
  llvm::append_range(context.unknowns, inside.unknowns);
  linkBodies(program);
  program.instance.machine = context.target.machine;
  seconds = mempl::slowLatency(program.instance);
  context.callees.erase(callee);
  // What its values are is not asked for; what its time leaves out is, once.
  for (ProgramNote &note : notes)
    if (isAboutTime(note) &&
        llvm::none_of(context.notes, [&](const ProgramNote &known) {
          return known.loc == note.loc && known.text == note.text;
        }))
      context.notes.push_back(std::move(note));
}
