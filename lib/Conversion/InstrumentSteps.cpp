//===- InstrumentSteps.cpp - what each step accesses, for the runtime -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes are counted as the extraction of placement problems counts them: all of
// an operand, twice if it is read and written; one element per iteration for
// what the payload of a linalg op loads.
//
//===----------------------------------------------------------------------===//

#include "Addresses.h"

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Utils.h"
#include "mempl/Runtime/Runtime.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLINSTRUMENTSTEPS
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// What a step does with a memref.
struct StepAccess {
  Value memref;
  int32_t mode = 0;   ///< Of mempl_access_mode.
  int64_t moved = -1; ///< Bytes at most; negative for all of the memref.
};

class Instrumentation {
public:
  explicit Instrumentation(ModuleOp module)
      : builder(module.getContext()), loc(module.getLoc()) {}

  void run(func::FuncOp function);

private:
  void instrument(Operation *step, ArrayRef<StepAccess> accesses);
  void declare(Operation *step, const StepAccess &access);
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
  }

  RuntimeCalls calls;
  OpBuilder builder;
  Location loc;
};

class MemplInstrumentStepsPass
    : public mempl::ir::impl::MemplInstrumentStepsBase<
          MemplInstrumentStepsPass> {
public:
  using MemplInstrumentStepsBase::MemplInstrumentStepsBase;
  void runOnOperation() override;
};

} // namespace

/// What the op does with one of its operands: the same memref may be there as
/// another operand.
static int32_t modeOf(MemoryEffectOpInterface op, OpOperand &operand) {
  SmallVector<MemoryEffects::EffectInstance> effects;
  op.getEffects(effects);
  int32_t mode = 0;
  for (const MemoryEffects::EffectInstance &effect : effects) {
    auto *place = effect.getEffectValue<OpOperand *>();
    if (place ? place != &operand : effect.getValue() != operand.get())
      continue;
    mode |= isa<MemoryEffects::Read>(effect.getEffect()) ? MEMPL_READ : 0;
    mode |= isa<MemoryEffects::Write>(effect.getEffect()) ? MEMPL_WRITE : 0;
  }
  return mode;
}

/// Iterations of a linalg op; negative if they are not known.
static int64_t iterationsOf(linalg::LinalgOp op) {
  int64_t iterations = 1;
  for (int64_t range : op.getStaticLoopRanges())
    if (ShapedType::isDynamic(range) ||
        llvm::MulOverflow(iterations, range, iterations))
      return -1;
  return iterations;
}

/// What the payload of a linalg op loads and stores from around it.
static void addCaptured(linalg::LinalgOp op,
                        SmallVectorImpl<StepAccess> &accesses) {
  int64_t iterations = iterationsOf(op);
  op->walk([&](Operation *nested) {
    auto effects = dyn_cast<MemoryEffectOpInterface>(nested);
    if (nested == op || !effects)
      return;
    for (OpOperand &operand : nested->getOpOperands()) {
      Value memref = operand.get();
      auto type = dyn_cast<MemRefType>(memref.getType());
      if (!type || op->isAncestor(memref.getParentBlock()->getParentOp()))
        continue;
      int32_t mode = modeOf(effects, operand);
      if (mode == 0)
        continue;
      bool single = isa<memref::LoadOp, memref::StoreOp>(nested);
      int64_t element = elementBytes(op, type.getElementType());
      int64_t moved =
          single && iterations >= 0 ? iterations * element : int64_t(-1);
      accesses.push_back({memref, mode, moved});
    }
  });
}

/// The accesses of an op that is a step; none if it is not.
static SmallVector<StepAccess> accessesOf(Operation *op) {
  SmallVector<StepAccess> accesses;
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects || isa<ViewLikeOpInterface>(op) ||
      isa_and_nonnull<MemplDialect>(op->getDialect()))
    return accesses;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Value memref = operand.get();
    auto type = dyn_cast<MemRefType>(memref.getType());
    if (!type || !type.isStrided())
      continue;
    // The window of a pooling has a shape, but nobody reads it.
    if (linalgOp && linalgOp.isDpsInput(&operand) &&
        !linalgOp.payloadUsesValueFromOperand(&operand))
      continue;
    int32_t mode = modeOf(effects, operand);
    if (mode == 0)
      continue;
    bool single = isa<memref::LoadOp, memref::StoreOp>(op);
    accesses.push_back(
        {memref, mode,
         single ? elementBytes(op, type.getElementType()) : int64_t(-1)});
  }
  if (linalgOp)
    addCaptured(linalgOp, accesses);
  return accesses;
}

/// Emits the call of mempl_step_access, or of mempl_step_access_strided for
/// what is not in one piece.
void Instrumentation::declare(Operation *step, const StepAccess &access) {
  auto type = cast<MemRefType>(access.memref.getType());
  Value element = constant(elementBytes(step, type.getElementType()));
  BufferNumbers buffer = numbersOf(builder, loc, access.memref,
                                   elementBytes(step, type.getElementType()));
  Value bytes = element;
  for (Value size : buffer.sizes)
    bytes = arith::MulIOp::create(builder, loc, bytes, size);
  Value moved = bytes;
  if (access.moved >= 0)
    moved = arith::MinUIOp::create(builder, loc, moved, constant(access.moved));
  if (access.mode == MEMPL_UPDATE)
    moved = arith::MulIOp::create(builder, loc, moved, constant(2));
  Value mode =
      LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), access.mode);
  if (isContiguous(type)) {
    calls.call(builder, loc, "mempl_step_access",
               {buffer.address, bytes, moved, mode});
    return;
  }
  llvm::append_range(buffer.sizes, buffer.strides);
  calls.call(builder, loc, "mempl_step_access_strided",
             {buffer.address, element, constant(type.getRank()),
              arrayOf(builder, loc, buffer.sizes), moved, mode});
}

void Instrumentation::instrument(Operation *step,
                                 ArrayRef<StepAccess> accesses) {
  loc = step->getLoc();
  builder.setInsertionPoint(step);
  for (const StepAccess &access : accesses)
    declare(step, access);
  Value name = calls.string(builder, loc, step->getName().getStringRef());
  Value location = calls.string(builder, loc, locationName(step));
  calls.call(builder, loc, "mempl_step_begin", {name, location});
  builder.setInsertionPointAfter(step);
  calls.call(builder, loc, "mempl_step_end", {});
}

void Instrumentation::run(func::FuncOp function) {
  SmallVector<std::pair<Operation *, SmallVector<StepAccess>>> steps;
  SmallVector<func::ReturnOp> returns;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto leave = dyn_cast<func::ReturnOp>(op))
      returns.push_back(leave);
    // Whatever it is, it may have symbols of its own, not those of the runtime.
    if (!op->isRegistered())
      return WalkResult::skip();
    SmallVector<StepAccess> accesses = accessesOf(op);
    // Payloads belong to their op.
    bool whole = isa<linalg::LinalgOp>(op) || !accesses.empty();
    if (!accesses.empty())
      steps.push_back({op, std::move(accesses)});
    return whole ? WalkResult::skip() : WalkResult::advance();
  });
  for (auto &[op, accesses] : steps)
    instrument(op, accesses);
  loc = function.getLoc();
  builder.setInsertionPointToStart(&function.getBody().front());
  calls.call(builder, loc, "mempl_function_begin",
             calls.string(builder, loc, function.getName()));
  for (func::ReturnOp leave : returns) {
    builder.setInsertionPoint(leave);
    calls.call(builder, loc, "mempl_function_end", {});
  }
}

/// Functions that payloads call, and those that these call: they run inside of
/// a step, and have none of their own.
static llvm::SmallSetVector<Operation *, 8> calledInSteps(ModuleOp module) {
  llvm::SmallSetVector<Operation *, 8> found;
  SymbolTableCollection symbols;
  auto addCallees = [&](Operation *in) {
    in->walk([&](CallOpInterface call) {
      if (auto *callee = call.resolveCallableInTable(&symbols);
          isa_and_nonnull<func::FuncOp>(callee))
        found.insert(callee);
    });
  };
  module.walk([&](linalg::LinalgOp op) { addCallees(op); });
  for (size_t i = 0; i < found.size(); ++i)
    addCallees(found[i]);
  return found;
}

void MemplInstrumentStepsPass::runOnOperation() {
  ModuleOp module = getOperation();
  for (const std::string &name : functions) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function || function.isExternal()) {
      emitError(module.getLoc())
          << "option 'functions': there is no function '" << name << "'";
      return signalPassFailure();
    }
  }
  Instrumentation instrumentation(module);
  auto inSteps = calledInSteps(module);
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal() && !inSteps.contains(function) &&
        (functions.empty() ||
         llvm::is_contained(functions, function.getName())))
      instrumentation.run(function);
}
