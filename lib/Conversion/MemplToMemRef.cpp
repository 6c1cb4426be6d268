//===- MemplToMemRef.cpp - fast memory as a global array ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Common.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include "llvm/Support/MathExtras.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLTOMEMREF
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// How a DMA goes through memory: blocks of `block` elements, each `stride`
/// elements after the one before. One block of everything if there is one.
struct DmaShape {
  int64_t stride, block;
};

class ConvertMemplToMemRefPass
    : public mempl::ir::impl::ConvertMemplToMemRefBase<
          ConvertMemplToMemRefPass> {
public:
  using ConvertMemplToMemRefBase::ConvertMemplToMemRefBase;
  void runOnOperation() override;

private:
  LogicalResult checkOptions();
  void makeArenas();
  void lower(AllocOp op);
  void lower(TransferOp op);
  LogicalResult lower(CopyStartOp op);
  LogicalResult lowerToDma(CopyStartOp op);

  llvm::MapVector<SpaceAttr, memref::GlobalOp> arenas;
};

} // namespace

LogicalResult ConvertMemplToMemRefPass::checkOptions() {
  Location loc = getOperation().getLoc();
  if (copies != "dma" && copies != "sync" && copies != "keep")
    return emitError(loc)
           << "option 'copies': expected dma, sync or keep, got '" << copies
           << "'";
  if (alignment < 1 || !llvm::isPowerOf2_64(alignment))
    return emitError(loc) << "option 'alignment': expected a power of two, got "
                          << int64_t(alignment);
  return success();
}

void ConvertMemplToMemRefPass::makeArenas() {
  ModuleOp module = getOperation();
  llvm::MapVector<SpaceAttr, int64_t> sizes;
  module.walk([&](AllocOp op) {
    int64_t &size = sizes[op.getSpace()];
    size = std::max<int64_t>(size, op.getOffset() + op.getBytes());
  });
  SymbolTable symbols(module);
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  for (auto [space, size] : sizes) {
    auto type = MemRefType::get({size}, builder.getI8Type(),
                                MemRefLayoutAttrInterface(), space);
    auto arena = memref::GlobalOp::create(
        builder, module.getLoc(), ("mempl_arena_" + space.getName()).str(),
        builder.getStringAttr("private"), type,
        /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
        builder.getI64IntegerAttr(alignment));
    arena->remove();
    symbols.insert(arena, module.getBody()->begin());
    arenas[space] = arena;
  }
}

void ConvertMemplToMemRefPass::lower(AllocOp op) {
  OpBuilder builder(op);
  memref::GlobalOp arena = arenas[op.getSpace()];
  Value bytes = memref::GetGlobalOp::create(builder, op.getLoc(),
                                            arena.getType(), arena.getName());
  Value offset =
      arith::ConstantIndexOp::create(builder, op.getLoc(), op.getOffset());
  Value view = memref::ViewOp::create(
      builder, op.getLoc(), cast<MemRefType>(op.getResult().getType()), bytes,
      offset, op.getDynamicSizes());
  op.getResult().replaceAllUsesWith(view);
  op.erase();
}

/// The blocks of a memref that is not contiguous; none if it is not of that
/// form or its shape is dynamic.
static std::optional<DmaShape> blocksOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  // From the innermost dimension out: first what is contiguous, then what
  // continues the distance of the blocks.
  DmaShape shape = {0, 1};
  int64_t next = 1; // The stride that continues what is there.
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    int64_t size = type.getDimSize(i);
    if (size == 1)
      continue;
    if (ShapedType::isDynamic(strides[i]))
      return std::nullopt;
    if (strides[i] == next) {
      if (shape.stride == 0)
        shape.block *= size;
    } else if (shape.stride == 0 && strides[i] > next) {
      shape.stride = strides[i];
    } else {
      return std::nullopt;
    }
    next = strides[i] * size;
  }
  return shape;
}

static bool isContiguous(MemRefType type) {
  return type.areTrailingDimsContiguous(type.getRank());
}

LogicalResult ConvertMemplToMemRefPass::lowerToDma(CopyStartOp op) {
  Location loc = op.getLoc();
  Value source = op.getSource(), dest = op.getDest();
  auto from = cast<MemRefType>(source.getType());
  auto to = cast<MemRefType>(dest.getType());
  bool in = copiesIn(op);
  if (in == isa_and_nonnull<SpaceAttr>(from.getMemorySpace()))
    return op.emitOpError()
           << "cannot be lowered to a DMA: expected one side in "
              "fast memory and the other in the default space";
  std::optional<DmaShape> blocks;
  if (MemRefType slow = in ? from : to; !isContiguous(slow))
    blocks = blocksOf(slow);
  bool possible =
      isContiguous(in ? to : from) && (isContiguous(in ? from : to) || blocks);
  if (!possible)
    return op.emitOpError()
           << "cannot be lowered to a DMA: expected contiguous "
              "memrefs, or blocks at one distance in slow "
              "memory, got "
           << from << " and " << to;
  Operation *scope =
      op->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  OpBuilder builder(&scope->getRegion(0).front(),
                    scope->getRegion(0).front().begin());
  Value tag = memref::AllocaOp::create(
      builder, loc, MemRefType::get({1}, builder.getI32Type()));
  builder.setInsertionPoint(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value zero = constant(0);
  int64_t known = 1;
  for (int64_t extent : from.getShape())
    known *= ShapedType::isDynamic(extent) ? 1 : extent;
  Value count = constant(known);
  for (int64_t i = 0; i < from.getRank(); ++i)
    if (from.isDynamicDim(i))
      count = arith::MulIOp::create(
          builder, loc, count, memref::DimOp::create(builder, loc, source, i));
  SmallVector<Value> indices(from.getRank(), zero);
  Value stride, block;
  if (blocks && blocks->stride != 0) {
    stride = constant(blocks->stride);
    block = constant(blocks->block);
  }
  memref::DmaStartOp::create(builder, loc, source, indices, dest, indices,
                             count, tag, zero, stride, block);
  for (Operation *user :
       llvm::make_early_inc_range(op.getHandle().getUsers())) {
    builder.setInsertionPoint(user);
    memref::DmaWaitOp::create(builder, user->getLoc(), tag, zero, count);
    user->erase();
  }
  op.erase();
  return success();
}

LogicalResult ConvertMemplToMemRefPass::lower(CopyStartOp op) {
  if (copies == "dma")
    return lowerToDma(op);
  OpBuilder builder(op);
  memref::CopyOp::create(builder, op.getLoc(), op.getSource(), op.getDest());
  for (Operation *user : llvm::make_early_inc_range(op.getHandle().getUsers()))
    user->erase();
  op.erase();
  return success();
}

void ConvertMemplToMemRefPass::lower(TransferOp op) {
  OpBuilder builder(op);
  memref::CopyOp::create(builder, op.getLoc(), op.getSource(), op.getDest());
  op.erase();
}

void ConvertMemplToMemRefPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOptions()) || failed(rejectUnlowerable(module)))
    return signalPassFailure();
  arenas.clear();
  bool failed = false;
  if (copies != "keep")
    for (CopyStartOp op : opsOf<CopyStartOp>(module))
      failed |= lower(op).failed();
  if (failed)
    return signalPassFailure();
  for (TransferOp op : opsOf<TransferOp>(module))
    lower(op);
  for (ReleaseOp op : opsOf<ReleaseOp>(module))
    op.erase();
  makeArenas();
  for (AllocOp op : opsOf<AllocOp>(module))
    lower(op);
}
