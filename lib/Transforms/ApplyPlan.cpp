//===- ApplyPlan.cpp - a plan as IR ---------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the steps in the plan's order and keeps, for each storage that the plan
// places, the tensor that is all of it now in slow and in fast memory. An
// operand that is a view of the storage is built again on that tensor; what an
// op that writes it returns in its place is put back into it. So every placed
// storage becomes one chain of tensors, each used in place, and bufferization
// has nothing to copy. An op that only gives the storage another name makes no
// new version of it: its result is one more view.
//
// In the body of a loop, a copy that another trip awaits is tied to it by a
// token that the loop carries. Everything is counted by the trip in which it
// happens: what the plan says of the next trip is what this one does for the
// trip before it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/ApplyPlan.h"

#include "ReorderSteps.h"
#include "TripTokens.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Plan;
using mempl::Residency;

namespace {

class PlanApplier {
public:
  PlanApplier(FunctionProblem &program, const Plan &plan, SpaceAttr space)
      : program(program), plan(plan), space(space),
        numSteps(program.steps.size()), builder(space.getContext()),
        chains(program.storages.size()), events(program.steps.size() + 2) {}

  LogicalResult run();

private:
  /// A placed storage: the tensors that are all of it, in the type of its root.
  struct TensorChain {
    bool placed = false;
    Value slow, fast;
    int32_t residency = -1; ///< The one that serves now.
    /// Of a slice that trips write: the tensor that it is a part of, with what
    /// was put back into it last. Null before anything was.
    Value whole, wasPutBack;
  };

  /// What happens at a boundary; indices of residencies in list order.
  struct Boundary {
    SmallVector<int32_t> releases, backs, dones, issues, readies, writes;
  };

  void schedule();
  LogicalResult runBoundary(int32_t boundary, Operation *before);
  void release(int32_t residency, Location loc);
  bool meetsFetch(const Residency &placed) const;
  LogicalResult startOut(int32_t residency, Location loc);
  void finishOut(int32_t residency, int32_t boundary, Location loc);
  void startIn(int32_t residency, Operation *before);
  void finishIn(int32_t residency, Location loc);
  LogicalResult startAhead(ArrayRef<int32_t> residencies, Operation *before);
  LogicalResult startFirst();
  LogicalResult fetch(ArrayRef<int32_t> residencies, Value condition,
                      Value trip, bool isFirst, SmallVectorImpl<Value> &tokens);
  void awaitLast();
  void runStep(int32_t place);
  void hoistSlices();
  bool putSliceBack(int32_t storage, Operation *before);
  void takeSliceAgain(int32_t storage, Operation *before);
  Value newStorage(const Residency &residency, Value like, Value isOdd);
  /// In the trip that has the residency.
  Value newStorage(const Residency &residency) {
    return newStorage(residency, program.storages[residency.value].root,
                      trips ? trips->isOdd() : Value());
  }
  Value viewOn(Value whole, ArrayRef<Operation *> chain);
  Value putBack(Value whole, ArrayRef<Operation *> chain, Value part);
  void setBase(int32_t storage, bool fast, Value whole);
  bool servedFast(int32_t storage, int32_t place) const;
  /// The step that runs at a place of the plan's order, and its op.
  int32_t stepAt(int32_t place) const {
    return plan.order.empty() ? place : plan.order[place];
  }
  Operation *opAt(int32_t place) const {
    return program.steps[stepAt(place)].op;
  }
  void eraseDead();

  FunctionProblem &program;
  const Plan &plan;
  SpaceAttr space;
  int32_t numSteps;
  OpBuilder builder;
  scf::ForOp loop;                ///< Of the body; null in a function.
  std::optional<LoopTrips> trips; ///< Of a plan that tells trips apart.
  std::vector<TensorChain> chains;
  std::vector<Boundary> events;
  DenseMap<int32_t, Value> copiesIn, copiesBack;
  DenseMap<int32_t, Value> contents; ///< Fast tensor of a residency.
  DenseMap<std::pair<Value, Operation *>, Value> viewsMade;
  SmallVector<Operation *> maybeDead;
};

} // namespace

void PlanApplier::schedule() {
  for (auto [i, residency] : llvm::enumerate(plan.residencies)) {
    chains[residency.value].placed = true;
    assert(!residency.isKept() && "no run of a function leaves values");
    // What it does is counted in the trip that it serves, but the issue.
    int32_t own = residency.isAhead(numSteps) ? numSteps : 0;
    if (const mempl::CopyIn *in = residency.copyIn()) {
      events[in->issue].issues.push_back(i);
      events[in->ready - own].readies.push_back(i);
    } else {
      events[residency.start()].writes.push_back(i);
    }
    if (!residency.out) {
      events[residency.end() - own + 1].releases.push_back(i);
      continue;
    }
    events[residency.copiedAfter() - own + 1].backs.push_back(i);
    int32_t done = residency.out->done - own;
    if (isCarriedOut(residency, numSteps))
      events[done - numSteps].dones.push_back(i);
    else if (meetsFetch(residency))
      events[std::max(done, residency.last - own + 1)].dones.push_back(i);
    else {
      events[done].dones.push_back(i);
      events[residency.end() - own + 1].releases.push_back(i);
    }
  }
  for (auto [chain, storage] : llvm::zip_equal(chains, program.storages))
    chain.slow = storage.root;
}

/// Storage for the residency, of the shape of `like`, in a trip of which
/// `isOdd` says whether it is odd; null where that is known to be even.
Value PlanApplier::newStorage(const Residency &residency, Value like,
                              Value isOdd) {
  const Storage &storage = program.storages[residency.value];
  auto type = cast<RankedTensorType>(storage.root.getType());
  Location loc = storage.root.getLoc();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, like, i));
  if (!residency.offset2 || !isOdd)
    return AllocOp::create(builder, loc, type, space, residency.offset,
                           storage.size, sizes);
  return AllocOp::create(builder, loc, type, space,
                         builder.getI64IntegerAttr(residency.offset),
                         builder.getI64IntegerAttr(*residency.offset2),
                         builder.getI64IntegerAttr(storage.size), isOdd, sizes);
}

Value PlanApplier::viewOn(Value whole, ArrayRef<Operation *> chain) {
  for (Operation *op : chain) {
    // One tensor per view: two equal ones would look like a conflict to
    // bufferization when one is written and the other put back.
    Value &view = viewsMade[{whole, op}];
    if (!view) {
      IRMapping mapping;
      mapping.map(op->getOperand(0), whole);
      Operation *copy = builder.clone(*op, mapping);
      maybeDead.push_back(copy);
      view = copy->getResult(0);
    }
    whole = view;
  }
  return whole;
}

/// The whole storage after `part` was written in the place of the view `chain`.
Value PlanApplier::putBack(Value whole, ArrayRef<Operation *> chain,
                           Value part) {
  if (chain.empty())
    return part;
  // The tensors that the chain goes through on its way, unless only reshaped.
  SmallVector<Value> levels(1, whole);
  for (Operation *op : chain.drop_back()) {
    Value next = viewOn(levels.back(), op);
    levels.push_back(next);
  }
  for (auto [op, level] : llvm::reverse(llvm::zip_equal(chain, levels))) {
    Location loc = op->getLoc();
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      part = tensor::InsertSliceOp::create(
          builder, loc, part, level, slice.getMixedOffsets(),
          slice.getMixedSizes(), slice.getMixedStrides());
    else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      part =
          tensor::CollapseShapeOp::create(builder, loc, level.getType(), part,
                                          expand.getReassociationIndices());
    else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      part = tensor::ExpandShapeOp::create(builder, loc, level.getType(), part,
                                           collapse.getReassociationIndices());
    else {
      OperationState undo(loc, op->getName(), part, level.getType());
      part = builder.create(undo)->getResult(0);
    }
    maybeDead.push_back(part.getDefiningOp());
  }
  return part;
}

void PlanApplier::setBase(int32_t storage, bool fast, Value whole) {
  TensorChain &chain = chains[storage];
  if (!fast) {
    chain.slow = whole;
    return;
  }
  chain.fast = whole;
  contents[chain.residency] = whole;
}

bool PlanApplier::servedFast(int32_t storage, int32_t place) const {
  const TensorChain &chain = chains[storage];
  return chain.residency >= 0 &&
         plan.residencies[chain.residency].serves(place, numSteps);
}

//===----------------------------------------------------------------------===//
// Boundaries
//===----------------------------------------------------------------------===//

void PlanApplier::release(int32_t residency, Location loc) {
  ReleaseOp::create(builder, loc, contents[residency]);
  TensorChain &chain = chains[plan.residencies[residency].value];
  if (chain.residency == residency) {
    chain.residency = -1;
    chain.fast = {};
  }
}

/// Whether a copy out within the trip is under way when the next trip's part of
/// the same tensor is read. It then gives the tensor at once, as to
/// bufferization what is beside it would be old, and frees its storage where it
/// is awaited: no sooner than that is done with.
bool PlanApplier::meetsFetch(const Residency &placed) const {
  int32_t own = placed.isAhead(numSteps) ? numSteps : 0;
  return llvm::any_of(plan.residencies, [&](const Residency &other) {
    return other.value == placed.value && other.isAhead(numSteps) &&
           placed.copiedAfter() - own < other.copyIn()->issue &&
           other.copyIn()->issue < placed.out->done - own;
  });
}

LogicalResult PlanApplier::startOut(int32_t residency, Location loc) {
  int32_t value = plan.residencies[residency].value;
  const Storage &storage = program.storages[value];
  TensorChain &chain = chains[value];
  Value source = contents[residency];
  if (storage.readOnly)
    return emitError(storage.root.getLoc())
           << "the plan copies out '"
           << program.instance.program.values[value].name
           << "', which cannot be written";
  bool isCarried = isCarriedOut(plan.residencies[residency], numSteps);
  if (isCarried || meetsFetch(plan.residencies[residency])) {
    auto start = CopyStartCarriedOp::create(
        builder, loc, TokenType::get(space.getContext()), chain.slow.getType(),
        CopyHint::Evict, source, chain.slow);
    chain.slow = start.getResult();
    if (isCarried)
      loop.getBody()->getTerminator()->setOperand(trips->tokenOut(residency),
                                                  start.getToken());
    else
      copiesBack[residency] = start.getToken();
    return success();
  }
  auto start = CopyStartOp::create(
      builder, loc,
      FutureType::get(space.getContext(),
                      cast<RankedTensorType>(source.getType())),
      CopyHintAttr::get(space.getContext(), CopyHint::Evict), source,
      chain.slow);
  copiesBack[residency] = start.getHandle();
  return success();
}

void PlanApplier::finishOut(int32_t residency, int32_t boundary, Location loc) {
  if (isCarriedOut(plan.residencies[residency], numSteps)) {
    // The copy of the trip before, whose storage this frees.
    CopyWaitCarriedOp::create(builder, loc, Type(),
                              loop.getRegionIterArg(trips->tokenOut(residency)),
                              Value());
    return;
  }
  TensorChain &chain = chains[plan.residencies[residency].value];
  Value handle = copiesBack[residency];
  if (isa<TokenType>(handle.getType())) {
    CopyWaitCarriedOp::create(builder, loc, Type(), handle, Value());
    return;
  }
  auto wait = CopyWaitOp::create(
      builder, loc, TypeRange{cast<FutureType>(handle.getType()).getTensor()},
      handle, Value(), Value());
  chain.slow = wait.getResult();
  if (llvm::is_contained(events[boundary].releases, residency))
    release(residency, loc);
}

void PlanApplier::startIn(int32_t residency, Operation *before) {
  const Residency &placed = plan.residencies[residency];
  Value slow = chains[placed.value].slow;
  // A constant has its contents from the start, wherever it stands.
  Operation *source = slow.getDefiningOp();
  if (isa_and_present<arith::ConstantOp>(source) &&
      source->getBlock() == before->getBlock() &&
      before->isBeforeInBlock(source))
    source->moveBefore(program.block, program.block->begin());
  Value storage = newStorage(placed);
  auto start = CopyStartOp::create(
      builder, before->getLoc(),
      FutureType::get(space.getContext(),
                      cast<RankedTensorType>(storage.getType())),
      CopyHintAttr::get(space.getContext(), CopyHint::Prefetch), slow, storage);
  copiesIn[residency] = start.getHandle();
}

void PlanApplier::finishIn(int32_t residency, Location loc) {
  const Residency &placed = plan.residencies[residency];
  chains[placed.value].residency = residency;
  if (placed.isAhead(numSteps)) {
    Value storage = newStorage(placed);
    auto wait = CopyWaitCarriedOp::create(
        builder, loc, storage.getType(),
        loop.getRegionIterArg(trips->tokenIn(residency)), storage);
    setBase(placed.value, /*fast=*/true, wait.getResult());
    return;
  }
  Value handle = copiesIn[residency];
  auto wait = CopyWaitOp::create(
      builder, loc, TypeRange{cast<FutureType>(handle.getType()).getTensor()},
      handle, Value(), Value());
  setBase(placed.value, /*fast=*/true, wait.getResult());
}

/// Starts the copies, which are ahead, for the trip with the induction variable
/// `trip` where `condition` holds, which is null if it always does. Their
/// tokens are those of no copies where it does not hold.
LogicalResult PlanApplier::fetch(ArrayRef<int32_t> residencies, Value condition,
                                 Value trip, bool isFirst,
                                 SmallVectorImpl<Value> &tokens) {
  Location loc = loop.getLoc();
  auto start = [&]() -> LogicalResult {
    for (int32_t i : residencies) {
      const Residency &residency = plan.residencies[i];
      auto slice = program.storages[residency.value]
                       .root.getDefiningOp<tensor::ExtractSliceOp>();
      Value whole = isFirst ? Value() : chains[residency.value].whole;
      Value source =
          slice ? trips->sliceAt(builder, slice, trip, whole) : Value();
      if (!source)
        return emitError(program.storages[residency.value].root.getLoc())
               << "the plan copies '"
               << program.instance.program.values[residency.value].name
               << "' in a trip ahead, whose place is not known then";
      Value storage =
          newStorage(residency, source, isFirst ? Value() : trips->isNextOdd());
      auto copy = CopyStartCarriedOp::create(
          builder, loc, TokenType::get(space.getContext()), storage.getType(),
          CopyHint::Prefetch, source, storage);
      tokens.push_back(copy.getToken());
    }
    return success();
  };
  if (!condition)
    return start();
  SmallVector<Type> types(residencies.size(),
                          TokenType::get(space.getContext()));
  auto branch = scf::IfOp::create(builder, loc, types, condition,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  if (failed(start()))
    return failure();
  scf::YieldOp::create(builder, loc, tokens);
  builder.setInsertionPointToStart(branch.elseBlock());
  SmallVector<Value> none(residencies.size(),
                          NoCopyOp::create(builder, loc, types.front()));
  scf::YieldOp::create(builder, loc, none);
  tokens.assign(branch.result_begin(), branch.result_end());
  return success();
}

/// Starts copies for the next trip, if there is one.
LogicalResult PlanApplier::startAhead(ArrayRef<int32_t> residencies,
                                      Operation *before) {
  SmallVector<Value> tokens;
  if (residencies.empty())
    return success();
  // To bufferization, all of the tensor is written by then, and read here.
  for (int32_t i : residencies) {
    int32_t value = plan.residencies[i].value;
    if (chains[value].slow == program.storages[value].root)
      continue;
    if (putSliceBack(value, before))
      takeSliceAgain(value, before);
  }
  builder.setInsertionPoint(before);
  if (failed(fetch(residencies, trips->hasNext(), trips->getNext(),
                   /*isFirst=*/false, tokens)))
    return failure();
  Operation *yield = loop.getBody()->getTerminator();
  for (auto [residency, token] : llvm::zip_equal(residencies, tokens))
    yield->setOperand(trips->tokenIn(residency), token);
  return success();
}

/// Starts before the loop what its first trip expects from the one before.
LogicalResult PlanApplier::startFirst() {
  SmallVector<int32_t> residencies;
  for (auto [i, residency] : llvm::enumerate(plan.residencies))
    if (residency.isAhead(numSteps))
      residencies.push_back(i);
  SmallVector<Value> tokens;
  if (residencies.empty())
    return success();
  builder.setInsertionPoint(loop);
  if (failed(fetch(residencies, trips->runs(builder), loop.getLowerBound(),
                   /*isFirst=*/true, tokens)))
    return failure();
  for (auto [residency, token] : llvm::zip_equal(residencies, tokens)) {
    OpOperand &init = loop.getInitArgsMutable()[trips->tokenIn(residency)];
    Operation *none = init.get().getDefiningOp();
    init.set(token);
    if (none->use_empty())
      none->erase();
  }
  return success();
}

/// Awaits what is under way after the last trip.
void PlanApplier::awaitLast() {
  builder.setInsertionPointAfter(loop);
  for (auto [i, residency] : llvm::enumerate(plan.residencies))
    if (isCarriedOut(residency, numSteps))
      CopyWaitCarriedOp::create(builder, loop.getLoc(), Type(),
                                loop.getResult(trips->tokenOut(i)), Value());
}

LogicalResult PlanApplier::runBoundary(int32_t boundary, Operation *before) {
  builder.setInsertionPoint(before);
  Location loc = before->getLoc();
  Boundary &at = events[boundary];
  for (int32_t i : at.releases)
    if (!llvm::is_contained(at.dones, i))
      release(i, loc);
  for (int32_t i : at.backs)
    if (failed(startOut(i, loc)))
      return failure();
  for (int32_t i : at.dones)
    finishOut(i, boundary, loc);
  SmallVector<int32_t> ahead;
  for (int32_t i : at.issues) {
    if (plan.residencies[i].isAhead(numSteps)) {
      ahead.push_back(i);
      continue;
    }
    if (failed(startAhead(std::exchange(ahead, {}), before)))
      return failure();
    startIn(i, before);
  }
  if (failed(startAhead(ahead, before)))
    return failure();
  for (int32_t i : at.readies)
    finishIn(i, loc);
  for (int32_t i : at.writes) {
    chains[plan.residencies[i].value].residency = i;
    setBase(plan.residencies[i].value, /*fast=*/true,
            newStorage(plan.residencies[i]));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Whether `op` names its operand's storage, and `view` is what it gives.
static bool isLastOf(const View &view, Operation *op) {
  return !view.chain.empty() && view.chain.back() == op;
}

void PlanApplier::runStep(int32_t place) {
  Operation *op = opAt(place);
  // Views of placed storages that the op or an op inside of it uses.
  SmallVector<std::pair<OpOperand *, const View *>> uses;
  auto addUses = [&](Operation *user) {
    for (OpOperand &operand : user->getOpOperands()) {
      const View *view = program.viewOf(operand.get());
      if (!view || !chains[view->storage].placed)
        continue;
      Value tensor = operand.get();
      Operation *owner = tensor.getParentBlock()->getParentOp();
      if (owner != op && !op->isAncestor(owner))
        uses.push_back({&operand, view});
    }
  };
  op->walk(addUses);
  // Results that are written in the place of an operand. Others that are views
  // are the operand, which nothing has to be put back into.
  const mempl::Step &step = program.instance.program.steps[stepAt(place)];
  auto isWritten = [&](int32_t storage) {
    return llvm::any_of(step.accesses, [&](const mempl::Access &access) {
      return access.value == storage && access.writes();
    });
  };
  SmallVector<std::pair<OpResult, View>> results;
  for (OpResult result : op->getResults())
    if (const View *view = program.viewOf(result))
      if (chains[view->storage].placed && !isLastOf(*view, op) &&
          isWritten(view->storage))
        results.push_back({result, *view});

  builder.setInsertionPoint(op);
  for (auto [operand, view] : uses) {
    bool fast = servedFast(view->storage, place);
    const TensorChain &chain = chains[view->storage];
    operand->set(viewOn(fast ? chain.fast : chain.slow, view->chain));
  }
  builder.setInsertionPointAfter(op);
  for (auto &[result, view] : results) {
    if (program.storages[view.storage].root == result)
      continue; // The op brings the storage.
    bool fast = servedFast(view.storage, place);
    const TensorChain &chain = chains[view.storage];
    Value whole = putBack(fast ? chain.fast : chain.slow, view.chain, result);
    setBase(view.storage, fast, whole);
  }
}

/// Moves slices that are storages to the front of the body, with what their
/// places are computed from: a copy may start before the first step.
void PlanApplier::hoistSlices() {
  llvm::SetVector<Operation *> slices;
  for (auto [chain, storage] : llvm::zip_equal(chains, program.storages))
    if (chain.placed && storage.streamed)
      slices.insert(storage.root.getDefiningOp());
  for (size_t i = 0; i < slices.size(); ++i)
    for (Value operand : slices[i]->getOperands())
      if (Operation *op = operand.getDefiningOp();
          op && op->getBlock() == program.block)
        slices.insert(op);
  SmallVector<Operation *> inOrder(slices.begin(), slices.end());
  llvm::sort(inOrder,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : llvm::reverse(inOrder))
    op->moveBefore(program.block, program.block->begin());
}

/// Puts what the trip has written into a slice back into its tensor: at the end
/// of the body, or before others read what is beside it. Returns whether that
/// was not done already.
bool PlanApplier::putSliceBack(int32_t storage, Operation *before) {
  TensorChain &chain = chains[storage];
  Operation *insertion = program.storages[storage].insertion;
  if (chain.slow == chain.wasPutBack)
    return false;
  Value whole;
  if (!chain.whole) {
    insertion->moveBefore(before);
    insertion->setOperand(0, chain.slow);
    whole = insertion->getResult(0);
  } else {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(before);
    auto again = cast<tensor::InsertSliceOp>(builder.clone(*insertion));
    again.getSourceMutable().set(chain.slow);
    again.getDestMutable().set(chain.whole);
    whole = again.getResult();
    program.block->getTerminator()->replaceUsesOfWith(chain.whole, whole);
  }
  chain.whole = whole;
  chain.wasPutBack = chain.slow;
  return true;
}

/// Takes a slice from the tensor that it was put back into: the old one is of
/// an old version.
void PlanApplier::takeSliceAgain(int32_t storage, Operation *before) {
  TensorChain &chain = chains[storage];
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(before);
  Operation *slice =
      builder.clone(*program.storages[storage].root.getDefiningOp());
  slice->setOperand(0, chain.whole);
  chain.slow = chain.wasPutBack = slice->getResult(0);
}

/// Erases views and allocations that nothing uses any more.
void PlanApplier::eraseDead() {
  for (Operation *op : llvm::reverse(maybeDead))
    if (op->use_empty())
      op->erase();
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*program.block)))
    if ((isViewOp(&op) || isAliasCast(&op) ||
         isa<tensor::EmptyOp, tensor::InsertSliceOp,
             bufferization::AllocTensorOp>(op)) &&
        op.use_empty())
      op.erase();
}

LogicalResult PlanApplier::run() {
  reorderSteps(program, plan.order);
  loop = dyn_cast<scf::ForOp>(program.block->getParentOp());
  if (loop && llvm::any_of(plan.residencies, [&](const Residency &residency) {
        return residency.offset2 || residency.isAhead(numSteps) ||
               isCarriedOut(residency, numSteps);
      }))
    trips.emplace(loop, plan, numSteps);
  schedule();
  hoistSlices();
  for (int32_t place = 0; place < numSteps; ++place) {
    if (failed(runBoundary(place, opAt(place))))
      return failure();
    runStep(place);
  }
  Operation *terminator = program.block->getTerminator();
  if (failed(runBoundary(numSteps, terminator)))
    return failure();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    const View *view = program.viewOf(operand.get());
    if (view && chains[view->storage].placed)
      operand.set(viewOn(chains[view->storage].slow, view->chain));
  }
  for (auto [i, storage] : llvm::enumerate(program.storages))
    if (chains[i].placed && storage.insertion)
      putSliceBack(i, terminator);
  if (trips) {
    if (failed(startFirst()))
      return failure();
    awaitLast();
  }
  eraseDead();
  for (const auto &[step, loopPlan] : plan.loops)
    if (program.steps[step].body &&
        failed(
            PlanApplier(*program.steps[step].body, loopPlan.plan, space).run()))
      return failure();
  return success();
}

LogicalResult mempl::ir::applyPlan(FunctionProblem &program, const Plan &plan,
                                   llvm::StringRef fastSpace) {
  Operation *function = program.block->getParentOp();
  auto space = SpaceAttr::get(function->getContext(), fastSpace);
  return PlanApplier(program, plan, space).run();
}
