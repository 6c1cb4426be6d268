//===- MemplToGPU.cpp - fast memory is the device's -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-mempl-to-gpu: decides which functions and allocations are concerned,
// has WorkOrder rewrite the functions, and takes the memory spaces of mempl
// out of all types. A device with unified addressing has one address space.
//
//===----------------------------------------------------------------------===//

#include "WorkOrder.h"
#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOGPU
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::gpuconv;

bool gpuconv::usesDevice(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return isa<gpu::AsyncOpInterface>(op) ||
                       isa_and_nonnull<MemplDialect>(op->getDialect())
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether all users of `buffer` run on the host and let it not get away.
static bool staysOnHost(Value buffer) {
  for (OpOperand &use : buffer.getUses()) {
    Operation *user = use.getOwner();
    if (user->getParentOfType<gpu::LaunchOp>())
      return false;
    if (isa<memref::LoadOp, memref::DeallocOp>(user))
      continue;
    if (auto store = dyn_cast<memref::StoreOp>(user)) {
      if (store.getMemref() != buffer)
        return false;
      continue;
    }
    if (auto call = dyn_cast<CallOpInterface>(user)) {
      auto callee = dyn_cast_or_null<func::FuncOp>(call.resolveCallable());
      if (!callee || callee.isExternal() || usesDevice(callee))
        return false;
      continue;
    }
    if (viewedBuffer(user) != buffer)
      return false;
    for (Value result : user->getResults())
      if (isa<BaseMemRefType>(result.getType()) && !staysOnHost(result))
        return false;
  }
  return true;
}

SmallPtrSet<Operation *, 8>
gpuconv::hostOnlyAllocations(func::FuncOp function) {
  SmallPtrSet<Operation *, 8> result;
  function.walk([&](memref::AllocOp alloc) {
    if (!isFast(alloc.getType()) && staysOnHost(alloc.getMemref()))
      result.insert(alloc);
  });
  return result;
}

/// Buffers of a function without device work: they may come from and go to
/// functions with it, so they are of one kind in the whole module.
static void pinAllocations(func::FuncOp function) {
  SmallPtrSet<Operation *, 8> hostOnly = hostOnlyAllocations(function);
  OpBuilder builder(function.getContext());
  auto tokenType = gpu::AsyncTokenType::get(builder.getContext());
  function.walk([&](memref::DeallocOp dealloc) {
    if (hostOnly.count(storageOf(dealloc.getMemref()).getDefiningOp()))
      return;
    builder.setInsertionPoint(dealloc);
    Location loc = dealloc.getLoc();
    auto begin = gpu::WaitOp::create(builder, loc, tokenType, ValueRange());
    auto freed = gpu::DeallocOp::create(builder, loc, tokenType,
                                        ValueRange{begin.getAsyncToken()},
                                        dealloc.getMemref());
    gpu::WaitOp::create(builder, loc, Type(),
                        ValueRange{freed.getAsyncToken()});
    dealloc.erase();
  });
  function.walk([&](memref::AllocOp alloc) {
    if (hostOnly.count(alloc))
      return;
    builder.setInsertionPoint(alloc);
    auto pinned = gpu::AllocOp::create(
        builder, alloc.getLoc(), alloc.getType(), Type(), ValueRange{},
        alloc.getDynamicSizes(), alloc.getSymbolOperands(),
        /*hostShared=*/true);
    alloc.replaceAllUsesWith(pinned.getMemref());
    alloc.erase();
  });
}

/// Takes the types of mempl away: spaces of memrefs, and tokens, which are
/// numbers now.
static void removeTypes(ModuleOp module) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](TokenType token) -> Type {
    return IntegerType::get(token.getContext(), 64);
  });
  replacer.addReplacement([](MemRefType type) -> std::optional<Type> {
    if (!isFast(type))
      return std::nullopt;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           type.getLayout());
  });
  replacer.addReplacement([](UnrankedMemRefType type) -> std::optional<Type> {
    if (!isFast(type))
      return std::nullopt;
    return UnrankedMemRefType::get(type.getElementType(), {});
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  for (auto cast : opsOf<UnrealizedConversionCastOp>(module))
    if (cast->getNumOperands() == 1 &&
        cast->getOperandTypes() == cast->getResultTypes()) {
      cast.getResult(0).replaceAllUsesWith(cast.getOperand(0));
      cast.erase();
    }
}

namespace {

struct ConvertMemplToGPU
    : mempl::ir::impl::ConvertMemplToGPUBase<ConvertMemplToGPU> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkKernels(module)))
      return signalPassFailure();
    SmallVector<func::FuncOp> onDevice, onHost;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        (usesDevice(function) ? onDevice : onHost).push_back(function);
    if (onDevice.empty())
      return markAllAnalysesPreserved();
    eraseCopiesOntoThemselves(module);
    // While all functions are as they were: what is only for the host depends
    // on those that are called.
    SmallVector<WorkOrder, 0> orders;
    for (func::FuncOp function : onDevice)
      orders.emplace_back(function);
    for (func::FuncOp function : onHost)
      pinAllocations(function);
    for (WorkOrder &order : orders)
      if (failed(order.run()))
        return signalPassFailure();
    removeTypes(module);
  }

private:
  /// Ops of mempl inside of kernels are for another pass.
  LogicalResult checkKernels(ModuleOp module) {
    WalkResult result = module.walk([](Operation *op) {
      if (!isa_and_nonnull<MemplDialect>(op->getDialect()))
        return WalkResult::advance();
      if (!op->getParentOfType<gpu::LaunchOp>() &&
          !op->getParentOfType<gpu::GPUModuleOp>()) {
        if (op->getParentOfType<func::FuncOp>())
          return WalkResult::advance();
        op->emitOpError() << "cannot be lowered to the gpu dialect";
        return WalkResult::interrupt();
      }
      op->emitOpError() << "is inside of a kernel: run convert-mempl-to-nvgpu "
                           "before convert-mempl-to-gpu";
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }
};

} // namespace
