//===- Program.cpp - a function as storages and steps ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Abstract bufferization: a walk over the block in order that gives every
// tensor a view of a storage, following the aliases that the ops'
// BufferizableOpInterface declares under the assumption that every operand is
// used in place. That is what a prepared function promises. Storages that are
// reached through aliases known only at run time stay in slow memory.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/Program.h"
#include "mempl/Analysis/Target.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mempl;

bool mlir::mempl::isViewOp(Operation *op) {
  return isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp, tensor::CastOp>(op);
}

bool mlir::mempl::isAliasCast(Operation *op) {
  return isa<CastOpInterface>(op) && op->getNumOperands() == 1 &&
         op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isa<RankedTensorType>(op->getOperand(0).getType()) &&
         isa<RankedTensorType>(op->getResult(0).getType()) &&
         isMemoryEffectFree(op);
}

bool mlir::mempl::isInsertInPlace(Operation *op) {
  auto insert = cast<OffsetSizeAndStrideOpInterface>(op);
  // From the source back to the slice that it was computed in.
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state(options);
  Value source = op->getOperand(0);
  while (auto result = dyn_cast<OpResult>(source)) {
    Operation *producer = result.getOwner();
    if (auto extract = dyn_cast<tensor::ExtractSliceOp>(producer)) {
      auto same = [](OpFoldResult a, OpFoldResult b) {
        return isEqualConstantIntOrValue(a, b);
      };
      return extract.isSameAs(insert, same);
    }
    if (isViewOp(producer) || !options.dynCastBufferizableOp(producer) ||
        isa<func::CallOp>(producer))
      return false;
    bufferization::AliasingOpOperandList aliases =
        state.getAliasingOpOperands(result);
    if (aliases.getNumAliases() != 1 ||
        aliases.getAliases()[0].relation !=
            bufferization::BufferRelation::Equivalent)
      return false;
    source = aliases.getAliases()[0].opOperand->get();
  }
  return false;
}

/// The order that the attributes of an op or an argument give, if any.
static FailureOr<::mempl::SpaceOrder> orderOf(Location loc,
                                              DictionaryAttr attributes,
                                              const TargetDescription &target) {
  using ::mempl::SpaceOrder;
  SpaceOrder order = SpaceOrder::None;
  if (!attributes)
    return order;
  auto isFast = [&](Attribute attribute) -> FailureOr<bool> {
    auto space = dyn_cast<SpaceAttr>(attribute);
    if (!space)
      return true;
    StringRef name = space.getName();
    if (name == target.fastSpace || name == "fast")
      return true;
    if (name == target.slowSpace || name == "slow")
      return false;
    return emitError(loc) << "the target '" << target.name
                          << "' has no memory space '" << name
                          << "'; expected '" << target.fastSpace << "' or '"
                          << target.slowSpace << "'";
  };
  if (Attribute pin = attributes.get(kPinAttr)) {
    FailureOr<bool> fast = isFast(pin);
    if (failed(fast))
      return failure();
    order = *fast ? SpaceOrder::Fast : SpaceOrder::Slow;
  }
  if (Attribute forbid = attributes.get(kForbidAttr)) {
    FailureOr<bool> fast = isFast(forbid);
    if (failed(fast))
      return failure();
    SpaceOrder other = *fast ? SpaceOrder::Slow : SpaceOrder::Fast;
    if (order != SpaceOrder::None && order != other)
      return emitError(loc) << "'mempl.pin' and 'mempl.forbid' contradict";
    order = other;
  }
  return order;
}

namespace {

/// Carries the orders of users from arguments and ops to storages.
class OrderCollector {
public:
  OrderCollector(Program &program, const TargetDescription &target)
      : program(program), target(target) {}

  LogicalResult add(Value tensor, DictionaryAttr attributes) {
    FailureOr<::mempl::SpaceOrder> order =
        orderOf(tensor.getLoc(), attributes, target);
    if (failed(order))
      return failure();
    if (*order == ::mempl::SpaceOrder::None)
      return success();
    const View *view = program.viewOf(tensor);
    if (!view)
      return success();
    const Storage &storage = program.storages[view->storage];
    ::mempl::SpaceOrder &known = program.instance.values[view->storage].space;
    if (*order == ::mempl::SpaceOrder::Fast && !storage.slowReason.empty())
      return emitError(tensor.getLoc())
             << "'" << program.instance.values[view->storage].name
             << "' is ordered into fast memory, but it " << storage.slowReason;
    if (known != ::mempl::SpaceOrder::None && known != *order &&
        storage.slowReason.empty())
      return emitError(tensor.getLoc())
             << "the tensors that share the storage of '"
             << program.instance.values[view->storage].name
             << "' are ordered into fast and into slow memory";
    known = *order;
    return success();
  }

  LogicalResult addBlock(Block &block) {
    for (Operation &op : block)
      for (OpResult result : op.getResults())
        if (isa<ShapedType>(result.getType()))
          if (failed(add(result, op.getDiscardableAttrDictionary())))
            return failure();
    return success();
  }

private:
  Program &program;
  const TargetDescription &target;
};

} // namespace

static LogicalResult collectOrders(Program &program,
                                   const TargetDescription &target) {
  OrderCollector collector(program, target);
  if (auto function = dyn_cast<func::FuncOp>(program.block->getParentOp()))
    for (BlockArgument argument : program.block->getArguments())
      if (isa<ShapedType>(argument.getType()))
        if (failed(collector.add(
                argument, function.getArgAttrDict(argument.getArgNumber()))))
          return failure();
  if (failed(collector.addBlock(*program.block)))
    return failure();
  for (ProgramStep &step : program.steps) {
    if (!step.body)
      continue;
    if (failed(collectOrders(*step.body, target)))
      return failure();
  }
  return success();
}

void mlir::mempl::linkBodies(Program &program) {
  for (auto [value, storage] :
       llvm::zip_equal(program.instance.values, program.storages))
    value.reason = storage.slowReason;
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    if (!step.body)
      continue;
    linkBodies(*step.body);
    program.instance.steps[i].body =
        std::make_shared<::mempl::Instance>(step.body->instance);
  }
}

FailureOr<std::unique_ptr<Program>> mlir::mempl::extractProgram(
    func::FuncOp function, const TargetDescription &target,
    const CostModel &cost, SmallVectorImpl<ProgramNote> &notes,
    const bufferization::AnalysisState *analysis) {
  assert(function.getBody().hasOneBlock() && "expected one block");
  auto program = std::make_unique<Program>();
  ExtractionContext context(cost, target, notes, analysis);
  program->onBuffers = worksOnBuffers(function);
  if (program->onBuffers) {
    extractBuffers(function, context, *program);
  } else {
    BlockExtractor extractor(*program, context, nullptr);
    extractor.runOnFunction(function);
  }
  program->instance.name = function.getName().str();
  program->unknowns = std::move(context.unknowns);
  if (failed(collectOrders(*program, target)))
    return failure();
  linkBodies(*program);
  // A function does not find its storage as its last call left it.
  ::mempl::Machine machine = target.machine;
  machine.maxCarried = 0;
  ::mempl::setMachine(program->instance, machine);
  // A mistake of this file, not of the user: every function that can be walked
  // gives a valid instance.
  std::vector<::mempl::InstanceFault> faults =
      ::mempl::checkInstance(program->instance);
  if (!faults.empty())
    return emitError(function.getLoc())
           << "internal error: the extracted instance is "
              "not valid: "
           << faults.front().where << ": " << faults.front().text;
  return program;
}
