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
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/ApplyPlan.h"

#include "ReorderSteps.h"

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
      : program(program), plan(plan), space(space), builder(space.getContext()),
        chains(program.storages.size()), events(program.steps.size() + 2) {}

  LogicalResult run();

private:
  /// A placed storage: the tensors that are all of it, in the type of its root.
  struct TensorChain {
    bool placed = false;
    Value slow, fast;
    int32_t residency = -1; ///< The one that serves now.
  };

  /// What happens at a boundary; indices of residencies in list order.
  struct Boundary {
    SmallVector<int32_t> releases, backs, dones, issues, readies, writes;
  };

  void schedule();
  void hoistSlices();
  void putSlicesBack();
  LogicalResult runBoundary(int32_t boundary, Operation *before);
  void runStep(int32_t place);
  Value newStorage(const Residency &residency);
  Value viewOn(Value whole, ArrayRef<Operation *> chain);
  Value putBack(Value whole, ArrayRef<Operation *> chain, Value part);
  void setBase(int32_t storage, bool fast, Value whole);
  bool servedFast(int32_t storage, int32_t place) const;
  /// The op of the step that runs at a place of the plan's order.
  Operation *opAt(int32_t place) const {
    return program.steps[plan.order.empty() ? place : plan.order[place]].op;
  }
  void eraseDead();

  FunctionProblem &program;
  const Plan &plan;
  SpaceAttr space;
  OpBuilder builder;
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
    if (const mempl::CopyIn *in = residency.copyIn()) {
      events[in->issue].issues.push_back(i);
      events[in->ready].readies.push_back(i);
    } else {
      events[residency.start()].writes.push_back(i);
    }
    if (residency.out) {
      events[residency.copiedAfter() + 1].backs.push_back(i);
      events[residency.out->done].dones.push_back(i);
    }
    events[residency.end() + 1].releases.push_back(i);
  }
  for (auto [chain, storage] : llvm::zip_equal(chains, program.storages))
    chain.slow = storage.root;
}

Value PlanApplier::newStorage(const Residency &residency) {
  const Storage &storage = program.storages[residency.value];
  auto type = cast<RankedTensorType>(storage.root.getType());
  Location loc = storage.root.getLoc();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(tensor::DimOp::create(builder, loc, storage.root, i));
  return AllocOp::create(builder, loc, type, space, residency.offset,
                         storage.size, sizes);
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
         plan.residencies[chain.residency].serves(place);
}

LogicalResult PlanApplier::runBoundary(int32_t boundary, Operation *before) {
  builder.setInsertionPoint(before);
  Boundary &at = events[boundary];
  auto release = [&](int32_t i) {
    ReleaseOp::create(builder, before->getLoc(), contents[i]);
    TensorChain &chain = chains[plan.residencies[i].value];
    if (chain.residency == i) {
      chain.residency = -1;
      chain.fast = {};
    }
  };
  for (int32_t i : at.releases)
    if (const auto &out = plan.residencies[i].out;
        !out || out->done != boundary)
      release(i);
  for (int32_t i : at.backs) {
    const Residency &residency = plan.residencies[i];
    const Storage &storage = program.storages[residency.value];
    TensorChain &chain = chains[residency.value];
    if (storage.readOnly)
      return emitError(storage.root.getLoc())
             << "the plan copies out '"
             << program.instance.program.values[residency.value].name
             << "', which cannot be written";
    auto start = CopyStartOp::create(
        builder, before->getLoc(),
        FutureType::get(space.getContext(),
                        cast<RankedTensorType>(contents[i].getType())),
        CopyHintAttr::get(space.getContext(), CopyHint::Evict), contents[i],
        chain.slow);
    copiesBack[i] = start.getHandle();
  }
  for (int32_t i : at.dones) {
    TensorChain &chain = chains[plan.residencies[i].value];
    Value handle = copiesBack[i];
    auto wait = CopyWaitOp::create(
        builder, before->getLoc(),
        TypeRange{cast<FutureType>(handle.getType()).getTensor()}, handle,
        Value(), Value());
    chain.slow = wait.getResult();
    if (plan.residencies[i].end() + 1 == boundary)
      release(i);
  }
  for (int32_t i : at.issues) {
    const Residency &residency = plan.residencies[i];
    TensorChain &chain = chains[residency.value];
    // A constant has its contents from the start, wherever it stands.
    Operation *source = chain.slow.getDefiningOp();
    if (isa_and_present<arith::ConstantOp>(source) &&
        source->getBlock() == before->getBlock() &&
        before->isBeforeInBlock(source))
      source->moveBefore(program.block, program.block->begin());
    Value storage = newStorage(residency);
    auto start = CopyStartOp::create(
        builder, before->getLoc(),
        FutureType::get(space.getContext(),
                        cast<RankedTensorType>(storage.getType())),
        CopyHintAttr::get(space.getContext(), CopyHint::Prefetch), chain.slow,
        storage);
    copiesIn[i] = start.getHandle();
  }
  for (int32_t i : at.readies) {
    Value handle = copiesIn[i];
    auto wait = CopyWaitOp::create(
        builder, before->getLoc(),
        TypeRange{cast<FutureType>(handle.getType()).getTensor()}, handle,
        Value(), Value());
    chains[plan.residencies[i].value].residency = i;
    setBase(plan.residencies[i].value, /*fast=*/true, wait.getResult());
  }
  for (int32_t i : at.writes) {
    Value storage = newStorage(plan.residencies[i]);
    chains[plan.residencies[i].value].residency = i;
    setBase(plan.residencies[i].value, /*fast=*/true, storage);
  }
  return success();
}

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
  // Results that are written in the place of an operand.
  SmallVector<std::pair<OpResult, View>> results;
  for (OpResult result : op->getResults())
    if (const View *view = program.viewOf(result))
      if (chains[view->storage].placed && !isLastOf(*view, op))
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

/// Puts what trips write into slices back at the end of the body, where it is
/// in slow memory.
void PlanApplier::putSlicesBack() {
  for (auto [chain, storage] : llvm::zip_equal(chains, program.storages)) {
    if (!chain.placed || !storage.insertion)
      continue;
    storage.insertion->moveBefore(program.block->getTerminator());
    storage.insertion->setOperand(0, chain.slow);
  }
}

LogicalResult PlanApplier::run() {
  reorderSteps(program, plan.order);
  schedule();
  hoistSlices();
  int32_t numSteps = program.steps.size();
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
  putSlicesBack();
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
