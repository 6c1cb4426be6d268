//===- OpOrder.cpp - in which orders the ops of a block may run -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An op stays behind another one for one of three reasons: it uses, itself or
// inside of it, what the other one makes; both use one storage and one of them
// writes it; or both have effects on memory beside tensors, and not both only
// read. An op that does not say what its effects are may write anything, and
// one that may not run where it would not have run otherwise stays on its side
// of those that write.
//
// Storages decide although tensors are values: in the order of the program
// every tensor is read before its storage is written again, and bufferization
// would copy it if that changed.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

/// What an op does with memory that is not that of its tensors.
struct Effects {
  bool reads = false, writes = false;
};

/// The ops that used something last.
struct LastUses {
  Operation *writer = nullptr;
  SmallVector<Operation *, 4> readers; ///< After the writer.
};

class OpOrder {
public:
  OpOrder(FunctionProblem &program, const OrderFacts &facts)
      : program(program), facts(facts), uses(facts.uses.lookup(&program)) {}

  void run();

private:
  void addBefore(Operation *op, Operation *earlier);
  void addDefinitions(Operation *op);
  void addUse(LastUses &last, Operation *op, bool writes);
  void addStorages(Operation *op, Effects &effects);
  void addUses(Operation *op);
  void addSteps();
  void addSteps(int32_t step, const DenseMap<Operation *, int32_t> &stepOf);

  FunctionProblem &program;
  const OrderFacts &facts;
  DenseMap<Operation *, SmallVector<OrderFacts::Use, 4>> uses;
  LastUses memory; ///< Beside that of tensors.
  DenseMap<StorageKey, LastUses> storages;
};

} // namespace

/// Ops on tensors that upstream, or mempl for the sake of buffers, gives
/// effects that they do not have on tensors.
static bool worksOnTensorsOnly(Operation *op) {
  if (isa<bufferization::AllocTensorOp, tensor::ParallelInsertSliceOp>(op))
    return true;
  return isa<TransferOp>(op) && isa<TensorType>(op->getOperand(0).getType());
}

static Effects effectsOf(Operation *op) {
  Effects effects;
  op->walk([&](Operation *nested) {
    if (worksOnTensorsOnly(nested))
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(nested);
    if (!interface) {
      effects.writes |= !nested->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
      return;
    }
    SmallVector<MemoryEffects::EffectInstance> list;
    interface.getEffects(list);
    for (const MemoryEffects::EffectInstance &effect : list)
      (isa<MemoryEffects::Read, MemoryEffects::Allocate>(effect.getEffect())
           ? effects.reads
           : effects.writes) = true;
  });
  effects.reads |= !worksOnTensorsOnly(op) && !isSpeculatable(op);
  return effects;
}

void OpOrder::addBefore(Operation *op, Operation *earlier) {
  if (earlier && earlier != op)
    program.before[op].push_back(earlier);
}

/// What the op uses, or an op inside of it.
void OpOrder::addDefinitions(Operation *op) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (Operation *definition = operand.getDefiningOp())
        addBefore(op, program.block->findAncestorOpInBlock(*definition));
  });
}

void OpOrder::addUse(LastUses &last, Operation *op, bool writes) {
  if (!writes || last.readers.empty())
    addBefore(op, last.writer);
  if (!writes) {
    last.readers.push_back(op);
    return;
  }
  for (Operation *reader : last.readers)
    addBefore(op, reader);
  last.writer = op;
  last.readers.clear();
}

/// Storages that may be one count as one; of those that are memrefs the effects
/// of the op get what it does with them.
void OpOrder::addStorages(Operation *op, Effects &effects) {
  llvm::MapVector<StorageKey, bool> written;
  for (const OrderFacts::Use &use : uses.lookup(op)) {
    auto leader = facts.sharing.findLeader(use.storage);
    written[leader == facts.sharing.member_end() ? use.storage : *leader] |=
        use.writes;
    if (facts.buffers.contains(use.storage))
      (use.writes ? effects.writes : effects.reads) = true;
  }
  for (auto [storage, writes] : written)
    addUse(storages[storage], op, writes);
}

/// Whether the steps depend on each other by what they access.
static bool areOrderedByAccesses(const mempl::Step &one,
                                 const mempl::Step &other) {
  return llvm::any_of(one.accesses, [&](const mempl::Access &a) {
    return llvm::any_of(other.accesses, [&](const mempl::Access &b) {
      return a.value == b.value && (a.writes() || b.writes());
    });
  });
}

/// Of one step, the steps that it follows by what is no access, and by ops in
/// between that are no steps.
void OpOrder::addSteps(int32_t step,
                       const DenseMap<Operation *, int32_t> &stepOf) {
  std::vector<mempl::Step> &steps = program.instance.program.steps;
  SmallVector<Operation *> stack(1, program.steps[step].op);
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!stack.empty()) {
    auto before = program.before.find(stack.pop_back_val());
    if (before == program.before.end())
      continue;
    for (Operation *op : before->second) {
      if (!seen.insert(op).second)
        continue;
      auto earlier = stepOf.find(op);
      if (earlier == stepOf.end())
        stack.push_back(op);
      else if (!areOrderedByAccesses(steps[earlier->second], steps[step]))
        steps[step].after.push_back(earlier->second);
    }
  }
  llvm::sort(steps[step].after);
}

void OpOrder::addSteps() {
  DenseMap<Operation *, int32_t> stepOf;
  for (auto [i, step] : llvm::enumerate(program.steps))
    stepOf[step.op] = i;
  for (int32_t step = 0; step < int32_t(program.steps.size()); ++step)
    addSteps(step, stepOf);
}

void OpOrder::addUses(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>()) {
    // That of a parallel loop may be a step.
    if (uses.contains(op))
      for (Operation &earlier : program.block->without_terminator())
        addBefore(op, &earlier);
    return;
  }
  Effects effects = effectsOf(op);
  addStorages(op, effects);
  if (effects.reads || effects.writes)
    addUse(memory, op, effects.writes);
}

void OpOrder::run() {
  for (Operation &op : *program.block) {
    addDefinitions(&op);
    addUses(&op);
    if (auto before = program.before.find(&op);
        before != program.before.end()) {
      llvm::sort(before->second, [](Operation *a, Operation *b) {
        return a->isBeforeInBlock(b);
      });
      before->second.erase(llvm::unique(before->second), before->second.end());
    }
  }
  addSteps();
  program.instance.program.order = mempl::StepOrder::Free;
}

void mempl::ir::freeOrder(FunctionProblem &program, const OrderFacts &facts) {
  OpOrder(program, facts).run();
  for (FunctionStep &step : program.steps)
    if (step.body)
      freeOrder(*step.body, facts);
}

void mempl::ir::fixOrder(FunctionProblem &program) {
  program.before.clear();
  program.instance.program.order = mempl::StepOrder::Fixed;
  for (mempl::Step &step : program.instance.program.steps)
    step.after.clear();
  for (FunctionStep &step : program.steps)
    if (step.body)
      fixOrder(*step.body);
}
