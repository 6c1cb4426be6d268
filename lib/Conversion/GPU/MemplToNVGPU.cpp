//===- MemplToNVGPU.cpp - tiles in workgroup memory -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-mempl-to-nvgpu: cp.async moves 4, 8 or 16 bytes per thread. The
// chunks of a tile are numbered; thread t copies chunks t, t + threads, .. and
// commits them as one group. A wait leaves the groups of younger copies of its
// block in flight, and those that are committed for sure since the copy of the
// trip before; waiting for more than that is always correct.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTONVGPU
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

/// Most bytes of workgroup memory that a kernel can declare, on all devices.
static constexpr int64_t kMaxWorkgroupBytes = 48 << 10;

/// Alignment of workgroup memory, and the widest chunk, in bytes.
static constexpr int64_t kWidestChunk = 16;

namespace {

/// Ops of a block, from one to another.
using OpRange = llvm::iterator_range<Block::iterator>;

/// Lowers the ops of mempl of one kernel.
class KernelLowering {
public:
  explicit KernelLowering(Operation *kernel)
      : kernel(kernel), builder(kernel->getContext()) {}

  LogicalResult run();

private:
  LogicalResult collect();
  LogicalResult checkStorage(mempl::ir::AllocOp alloc);
  void createStorage(mempl::ir::AllocOp alloc);
  FailureOr<int64_t> chunkOf(Operation *op, Value source, Value dest);
  LogicalResult emitCopy(Operation *op, Value source, Value dest,
                         nvgpu::DeviceAsyncCreateGroupOp &group);
  LogicalResult lowerStart(CopyStartOp start);
  LogicalResult lowerStart(CopyStartCarriedOp start);
  LogicalResult lowerOther(Operation *op);
  LogicalResult lowerWait(CopyWaitOp wait);
  void emitWait(Location loc, Value group, int64_t youngerGroups);
  bool isTile(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    return spaces.contains(dyn_cast_or_null<SpaceAttr>(type.getMemorySpace()));
  }

  Operation *kernel;
  OpBuilder builder;
  SmallVector<mempl::ir::AllocOp> allocs;
  SmallVector<Operation *> others;
  llvm::SetVector<SpaceAttr> spaces;
  memref::GlobalOp storage;
  /// Per wait for a carried copy, the groups that may stay in flight.
  DenseMap<Operation *, int64_t> youngerGroups;
  /// Per start of a copy, its group.
  DenseMap<Value, Value> groups;
};

} // namespace

/// Groups that these ops commit in any case.
static int64_t groupsIn(OpRange ops) {
  int64_t groups = 0;
  for (Operation &op : ops) {
    groups += isa<CopyStartOp, CopyStartCarriedOp, NoCopyOp, TransferOp>(op);
    auto branch = dyn_cast<scf::IfOp>(op);
    if (branch && branch.elseBlock())
      groups += std::min(groupsIn(*branch.thenBlock()),
                         groupsIn(*branch.elseBlock()));
  }
  return groups;
}

/// Groups that are committed in any case after that of `token` and before
/// `end`, an op of the same block.
static int64_t groupsSince(Value token, Operation *end) {
  Operation *start = token.getDefiningOp();
  if (!start || start->getBlock() != end->getBlock())
    return 0;
  return groupsIn({std::next(start->getIterator()), end->getIterator()});
}

/// The same for the token of a wait, which may be of the trip before.
static int64_t groupsSince(CopyWaitCarriedOp wait) {
  Value token = wait.getToken();
  auto carried = dyn_cast<BlockArgument>(token);
  auto loop = dyn_cast<scf::ForOp>(wait->getParentOp());
  if (!carried || !loop || carried.getOwner() != loop.getBody())
    return groupsSince(token, wait);
  int64_t here = groupsIn({loop.getBody()->begin(), wait->getIterator()});
  Value given = loop.getTiedLoopInit(carried)->get();
  Value yielded = loop.getTiedLoopYieldedValue(carried)->get();
  Operation *end = loop.getBody()->getTerminator();
  return here + std::min(groupsSince(given, loop), groupsSince(yielded, end));
}

LogicalResult KernelLowering::checkStorage(mempl::ir::AllocOp alloc) {
  auto type = cast<MemRefType>(alloc.getResult().getType());
  if (!type.hasStaticShape())
    return alloc.emitOpError()
           << "cannot give a dynamic shape to a tile in workgroup memory";
  int64_t end =
      std::max<int64_t>(alloc.getOffset(), alloc.getOffset2().value_or(0)) +
      alloc.getBytes();
  if (end > kMaxWorkgroupBytes)
    return alloc.emitOpError()
           << "ends at byte " << end << " of workgroup memory, of which a "
           << "kernel has at most " << kMaxWorkgroupBytes;
  bool released = llvm::any_of(others, [&](Operation *op) {
    // The trip that waits for a copy releases what it brought.
    if (auto carried = dyn_cast<CopyStartCarriedOp>(op))
      return storageOf(carried.getDest()) == alloc.getResult();
    auto release = dyn_cast<ReleaseOp>(op);
    return release && storageOf(release.getValue()) == alloc.getResult();
  });
  if (!released)
    return alloc.emitOpError()
           << "expected a mempl.release: without one, other threads may still "
              "read these bytes when they are written again";
  return success();
}

LogicalResult KernelLowering::collect() {
  WalkResult result = kernel->walk([&](Operation *op) {
    if (!isa_and_nonnull<MemplDialect>(op->getDialect()))
      return WalkResult::advance();
    if (auto alloc = dyn_cast<mempl::ir::AllocOp>(op)) {
      if (isa<MemRefType>(alloc.getResult().getType())) {
        allocs.push_back(alloc);
        spaces.insert(alloc.getSpace());
        return WalkResult::advance();
      }
    } else if (isa<CopyStartOp, CopyWaitOp, CopyStartCarriedOp,
                   CopyWaitCarriedOp, NoCopyOp, TransferOp, ReleaseOp>(op) &&
               llvm::none_of(op->getOperandTypes(),
                             llvm::IsaPred<TensorType, FutureType>)) {
      others.push_back(op);
      return WalkResult::advance();
    }
    op->emitOpError() << "cannot be lowered to the nvgpu dialect";
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  for (mempl::ir::AllocOp alloc : allocs)
    if (failed(checkStorage(alloc)))
      return failure();
  return success();
}

/// Replaces a storage by a view of the kernel's workgroup memory.
void KernelLowering::createStorage(mempl::ir::AllocOp alloc) {
  builder.setInsertionPoint(alloc);
  Location loc = alloc.getLoc();
  Value all = memref::GetGlobalOp::create(builder, loc, storage.getType(),
                                          storage.getSymName());
  Value offset = offsetOf(builder, alloc);
  Value view = memref::ViewOp::create(
      builder, loc, cast<MemRefType>(alloc.getResult().getType()), all, offset,
      ValueRange{});
  alloc.getResult().replaceAllUsesWith(view);
  alloc.erase();
}

/// Elements that one thread copies at once.
FailureOr<int64_t> KernelLowering::chunkOf(Operation *op, Value source,
                                           Value dest) {
  if (!isTile(dest) || isTile(source))
    return op->emitOpError() << "can copy only into workgroup memory, from "
                                "global memory";
  auto type = cast<MemRefType>(source.getType());
  if (!type.hasStaticShape())
    return op->emitOpError() << "cannot copy a tile of dynamic shape";
  if (!type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8 != 0)
    return op->emitOpError()
           << "cannot copy elements of type " << type.getElementType();
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  int64_t row = type.getRank() == 0 ? 1 : type.getShape().back();
  for (int64_t bytes : {kWidestChunk, int64_t(8), int64_t(4)}) {
    int64_t elements = bytes / elementBytes;
    if (elements * elementBytes != bytes || row % elements != 0)
      continue;
    bool aligned = true;
    for (Value buffer : {source, dest}) {
      SmallVector<int64_t> strides;
      int64_t offset;
      auto bufferType = cast<MemRefType>(buffer.getType());
      if (failed(bufferType.getStridesAndOffset(strides, offset)) ||
          (!strides.empty() && strides.back() != 1))
        return op->emitOpError()
               << "expected rows of contiguous elements: " << bufferType;
      if (!strides.empty())
        strides.pop_back();
      strides.push_back(offset);
      // A chunk of one element is as aligned as the element.
      aligned &=
          elements == 1 || llvm::all_of(strides, [&](int64_t stride) {
            return ShapedType::isStatic(stride) && stride % elements == 0;
          });
    }
    auto alloc = storageOf(dest).getDefiningOp<mempl::ir::AllocOp>();
    if (aligned && alloc && alloc.getOffset() % bytes == 0 &&
        alloc.getOffset2().value_or(0) % bytes == 0)
      return elements;
  }
  return op->emitOpError() << "cannot copy " << type
                           << " in aligned chunks of 4, 8 or 16 bytes";
}

LogicalResult KernelLowering::emitCopy(Operation *op, Value source, Value dest,
                                       nvgpu::DeviceAsyncCreateGroupOp &group) {
  auto type = cast<MemRefType>(source.getType());
  Location loc = op->getLoc();
  builder.setInsertionPoint(op);
  // All copies of the thread since its last group.
  auto endGroup = [&] {
    group = nvgpu::DeviceAsyncCreateGroupOp::create(
        builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
        ValueRange{});
    return success();
  };
  if (type.getNumElements() == 0)
    return endGroup();
  FailureOr<int64_t> chunk = chunkOf(op, source, dest);
  if (failed(chunk))
    return failure();
  Value thread, threads;
  for (gpu::Dimension axis :
       {gpu::Dimension::z, gpu::Dimension::y, gpu::Dimension::x}) {
    Value id = gpu::ThreadIdOp::create(builder, loc, axis);
    Value size = gpu::BlockDimOp::create(builder, loc, axis);
    thread = thread ? arith::AddIOp::create(
                          builder, loc,
                          arith::MulIOp::create(builder, loc, thread, size), id)
                          .getResult()
                    : id;
    threads =
        threads ? arith::MulIOp::create(builder, loc, threads, size).getResult()
                : size;
  }
  Value chunks = arith::ConstantIndexOp::create(builder, loc,
                                                type.getNumElements() / *chunk);
  auto loop = scf::ForOp::create(builder, loc, thread, chunks, threads);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> indices;
  if (type.getRank() > 0) {
    SmallVector<int64_t> basis(type.getShape());
    basis.back() /= *chunk;
    auto split = affine::AffineDelinearizeIndexOp::create(
        builder, loc, loop.getInductionVar(), basis);
    indices = llvm::to_vector_of<Value>(split.getResults());
    Value width = arith::ConstantIndexOp::create(builder, loc, *chunk);
    indices.back() = arith::MulIOp::create(builder, loc, indices.back(), width);
  }
  nvgpu::DeviceAsyncCopyOp::create(
      builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
      dest, indices, source, indices, builder.getIndexAttr(*chunk), Value(),
      UnitAttr());
  builder.setInsertionPointAfter(loop);
  return endGroup();
}

LogicalResult KernelLowering::lowerStart(CopyStartOp start) {
  nvgpu::DeviceAsyncCreateGroupOp group;
  if (failed(emitCopy(start, start.getSource(), start.getDest(), group)))
    return failure();
  groups[start.getHandle()] = group.getAsyncToken();
  return success();
}

LogicalResult KernelLowering::lowerStart(CopyStartCarriedOp start) {
  nvgpu::DeviceAsyncCreateGroupOp group;
  if (failed(emitCopy(start, start.getSource(), start.getDest(), group)))
    return failure();
  start.getToken().replaceAllUsesWith(group.getAsyncToken());
  return success();
}

void KernelLowering::emitWait(Location loc, Value group,
                              int64_t youngerGroups) {
  nvgpu::DeviceAsyncWaitOp::create(builder, loc, TypeRange(), group,
                                   builder.getI32IntegerAttr(youngerGroups));
  gpu::BarrierOp::create(builder, loc);
}

LogicalResult KernelLowering::lowerWait(CopyWaitOp wait) {
  CopyStartOp start = wait.getStart();
  if (!start || start->getBlock() != wait->getBlock())
    return wait.emitOpError() << "expected a copy that started in this block";
  int64_t younger = 0;
  for (Operation &op :
       llvm::make_range(std::next(start->getIterator()), wait->getIterator()))
    younger += isa<CopyStartOp>(op);
  builder.setInsertionPoint(wait);
  emitWait(wait.getLoc(), groups.lookup(start.getHandle()), younger);
  return success();
}

/// All but storage.
LogicalResult KernelLowering::lowerOther(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto start = dyn_cast<CopyStartOp>(op))
    return lowerStart(start);
  if (auto wait = dyn_cast<CopyWaitOp>(op))
    return lowerWait(wait);
  if (auto start = dyn_cast<CopyStartCarriedOp>(op))
    return lowerStart(start);
  if (auto wait = dyn_cast<CopyWaitCarriedOp>(op)) {
    emitWait(op->getLoc(), wait.getToken(), youngerGroups.lookup(wait));
    return success();
  }
  if (auto none = dyn_cast<NoCopyOp>(op)) {
    Value group = nvgpu::DeviceAsyncCreateGroupOp::create(
        builder, op->getLoc(),
        nvgpu::DeviceAsyncTokenType::get(builder.getContext()), ValueRange{});
    none.getToken().replaceAllUsesWith(group);
    return success();
  }
  if (auto transfer = dyn_cast<TransferOp>(op)) {
    nvgpu::DeviceAsyncCreateGroupOp group;
    if (failed(emitCopy(op, transfer.getSource(), transfer.getDest(), group)))
      return failure();
    emitWait(op->getLoc(), group.getAsyncToken(), 0);
    return success();
  }
  gpu::BarrierOp::create(builder, op->getLoc());
  return success();
}

LogicalResult KernelLowering::run() {
  if (failed(collect()))
    return failure();
  if (!allocs.empty()) {
    int64_t bytes = 0;
    for (mempl::ir::AllocOp alloc : allocs)
      bytes = std::max<int64_t>(bytes, alloc.getOffset() + alloc.getBytes());
    auto space = gpu::AddressSpaceAttr::get(
        builder.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
    auto type =
        MemRefType::get({bytes}, builder.getI8Type(), AffineMap(), space);
    Operation *symbols = SymbolTable::getNearestSymbolTable(
        isa<gpu::GPUFuncOp>(kernel) ? kernel->getParentOp() : kernel);
    // Other kernels may have theirs: the table gives it a name of its own.
    OpBuilder detached(builder.getContext());
    storage = memref::GlobalOp::create(
        detached, kernel->getLoc(), "mempl_tiles",
        builder.getStringAttr("private"), type, builder.getUnitAttr(),
        /*constant=*/false, builder.getI64IntegerAttr(kWidestChunk));
    SymbolTable(symbols).insert(storage, symbols->getRegion(0).front().begin());
  }
  // Of the ops as they are.
  for (Operation *op : others)
    if (auto wait = dyn_cast<CopyWaitCarriedOp>(op))
      youngerGroups[wait] = groupsSince(wait);
  for (Operation *op : others)
    if (failed(lowerOther(op)))
      return failure();
  for (Operation *op : llvm::reverse(others))
    op->erase();
  for (mempl::ir::AllocOp alloc : allocs)
    createStorage(alloc);

  AttrTypeReplacer replacer;
  replacer.addReplacement([](TokenType token) -> Type {
    return nvgpu::DeviceAsyncTokenType::get(token.getContext());
  });
  auto workgroup = gpu::AddressSpaceAttr::get(
      builder.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
  replacer.addReplacement([&](MemRefType type) -> std::optional<Type> {
    auto space = dyn_cast_or_null<SpaceAttr>(type.getMemorySpace());
    if (!space || !spaces.contains(space))
      return std::nullopt;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           type.getLayout(), workgroup);
  });
  replacer.recursivelyReplaceElementsIn(kernel, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  return success();
}

namespace {

struct ConvertMemplToNVGPU
    : mempl::ir::impl::ConvertMemplToNVGPUBase<ConvertMemplToNVGPU> {
  void runOnOperation() override {
    SmallVector<Operation *> kernels;
    getOperation()->walk([&](Operation *op) {
      if (isa<gpu::LaunchOp>(op))
        kernels.push_back(op);
      else if (isa<gpu::GPUFuncOp>(op))
        kernels.push_back(op);
    });
    for (Operation *kernel : kernels)
      if (failed(KernelLowering(kernel).run()))
        return signalPassFailure();
  }
};

} // namespace
