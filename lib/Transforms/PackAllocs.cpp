//===- PackAllocs.cpp - allocations as views of one arena -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-pack-allocs. Time is the order of ops in the text, those of regions
// included. A buffer lives from its allocation to the end of the last op of its
// block that uses it or contains a use, wherever its memref.dealloc is:
// upstream puts them at the end of the block. Within a block nothing runs
// twice, and what lives in one trip of a loop is dead in the next one unless
// the block hands it on, which keeps a buffer out. Views and memrefs that
// regions pass on are found by upstream's BufferViewFlowAnalysis. Whatever is
// not known to be harmless keeps its buffer as it is: `isSafeUse` has the list.
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Packing/Packer.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLPACKALLOCS
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// An allocation that becomes a view.
struct PackedAlloc {
  memref::AllocOp alloc;
  memref::DeallocOp dealloc; ///< Null if it has none.
  mempl::PackingBuffer buffer;
};

/// The allocations of one memory space.
using AllocsBySpace = llvm::MapVector<Attribute, SmallVector<PackedAlloc, 0>>;

/// Which allocations of a function can be packed, and when they live.
class Lifetimes {
public:
  Lifetimes(func::FuncOp function, int64_t alignment)
      : flow(function), layout(DataLayout::closest(function)),
        alignment(alignment) {
    number(function);
  }

  /// The allocation with its life; nothing if it has to stay.
  std::optional<PackedAlloc> lifeOf(memref::AllocOp alloc) const;

private:
  void number(Operation *op);
  using Aliases = BufferViewFlowAnalysis::ValueSetT;
  bool isSafeUse(Operation *user, Value alias, const Aliases &aliases,
                 Block *block) const;

  struct Span {
    int64_t begin = 0, end = 0; ///< First and last moment of an op.
  };
  DenseMap<Operation *, Span> spans;
  int64_t now = 0;
  BufferViewFlowAnalysis flow;
  DataLayout layout;
  int64_t alignment;
};

} // namespace

void Lifetimes::number(Operation *op) {
  int64_t begin = now++;
  for (Region &region : op->getRegions())
    for (Operation &nested : region.getOps())
      number(&nested);
  spans[op] = {begin, now++};
}

/// Whether a region of `op` runs one trip after the other, to its end, before
/// `op` is done.
static bool isSequential(Operation *op) {
  return isa<func::FuncOp, scf::ForOp, scf::WhileOp, scf::IfOp,
             scf::IndexSwitchOp, scf::ExecuteRegionOp, affine::AffineForOp,
             affine::AffineIfOp, memref::AllocaScopeOp>(op);
}

/// Whether an op is done, and leaves nothing but memrefs and numbers, when the
/// next one begins. Tokens mean that it may not be.
static bool isDoneAtItsEnd(Operation *op) {
  return !isa<memref::DmaStartOp, affine::AffineDmaStartOp>(op) &&
         llvm::all_of(op->getResultTypes(), [](Type type) {
           return isa<BaseMemRefType, IntegerType, FloatType, IndexType,
                      VectorType, ComplexType>(type);
         });
}

/// Whether `user`, which has `alias` as an operand, does no more with it than
/// read, write, or hand it to a place where it is found again in `block`.
bool Lifetimes::isSafeUse(Operation *user, Value alias, const Aliases &aliases,
                          Block *block) const {
  Operation *inBlock = block->findAncestorOpInBlock(*user);
  if (!inBlock || inBlock->hasTrait<OpTrait::IsTerminator>())
    return false;
  if (!isDoneAtItsEnd(user))
    return false;
  for (Operation *op = user; op != inBlock;) {
    op = op->getParentOp();
    // Of other ops with regions nobody knows when these run.
    if (!isDoneAtItsEnd(op) ||
        !isa<RegionBranchOpInterface, LoopLikeOpInterface>(op))
      return false;
  }
  if (isa<memref::ExtractAlignedPointerAsIndexOp>(user))
    return false;
  // The analysis does not know every op that makes a view (arith.index_cast).
  if (!isa<RegionBranchOpInterface>(user))
    for (Value result : user->getResults())
      if (isa<BaseMemRefType>(result.getType()) && !aliases.contains(result))
        return false;
  // A memref that is stored in another one is lost sight of.
  for (Type type : user->getOperandTypes())
    if (auto shaped = dyn_cast<BaseMemRefType>(type))
      if (isa<BaseMemRefType>(shaped.getElementType()))
        return false;
  if (auto effects = dyn_cast<MemoryEffectOpInterface>(user))
    return !effects.getEffectOnValue<MemoryEffects::Free>(alias);
  return isa<CallOpInterface, RegionBranchOpInterface, BranchOpInterface>(
             user) ||
         user->hasTrait<OpTrait::IsTerminator>() ||
         user->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
}

std::optional<PackedAlloc> Lifetimes::lifeOf(memref::AllocOp alloc) const {
  MemRefType type = alloc.getType();
  if (!alloc.getSymbolOperands().empty() || !type.getLayout().isIdentity())
    return std::nullopt;
  std::optional<int64_t> bytes = bytesOfType(type, layout);
  if (!bytes || *bytes == 0)
    return std::nullopt;
  // Trips that run at the same time have a buffer each.
  for (Operation *op = alloc->getParentOp();; op = op->getParentOp()) {
    if (!isSequential(op))
      return std::nullopt;
    if (isa<func::FuncOp>(op))
      break;
  }
  Block *block = alloc->getBlock();
  PackedAlloc packed;
  packed.alloc = alloc;
  packed.buffer.size = *bytes;
  packed.buffer.lower = spans.at(alloc).begin;
  int64_t last = spans.at(alloc).end;
  int64_t multiple = std::max<int64_t>(
      alignment, static_cast<int64_t>(alloc.getAlignment().value_or(1)));
  Aliases aliases = flow.resolve(alloc);
  for (Value alias : aliases) {
    for (Operation *user : alias.getUsers()) {
      auto dealloc = dyn_cast<memref::DeallocOp>(user);
      if (dealloc && alias == alloc && user->getBlock() == block &&
          !packed.dealloc) {
        packed.dealloc = dealloc;
        continue;
      }
      if (!isSafeUse(user, alias, aliases, block))
        return std::nullopt;
      if (auto assumed = dyn_cast<memref::AssumeAlignmentOp>(user))
        multiple = std::max<int64_t>(multiple, assumed.getAlignment());
      last = std::max(last, spans.at(block->findAncestorOpInBlock(*user)).end);
    }
  }
  packed.buffer.upper = last + 1;
  packed.buffer.alignment = multiple;
  return packed;
}

/// An array of bytes that lives as long as a run of the function.
static Value makeArena(func::FuncOp function, Attribute space, int64_t bytes,
                       int64_t alignment) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  Location loc = function.getLoc();
  auto type = MemRefType::get({bytes}, builder.getI8Type(),
                              MemRefLayoutAttrInterface(), space);
  Value arena = memref::AllocOp::create(builder, loc, type,
                                        builder.getI64IntegerAttr(alignment));
  for (Block &block : function.getBody()) {
    if (!block.getTerminator()->hasTrait<OpTrait::ReturnLike>())
      continue;
    builder.setInsertionPoint(block.getTerminator());
    memref::DeallocOp::create(builder, loc, arena);
  }
  return arena;
}

/// Makes an allocation a view of the arena.
static void replaceByView(PackedAlloc &packed, Value arena, int64_t offset) {
  OpBuilder builder(packed.alloc);
  Location loc = packed.alloc.getLoc();
  Value shift = arith::ConstantIndexOp::create(builder, loc, offset);
  Value view = memref::ViewOp::create(builder, loc, packed.alloc.getType(),
                                      arena, shift, ValueRange());
  if (packed.dealloc)
    packed.dealloc.erase();
  packed.alloc.replaceAllUsesWith(view);
  packed.alloc.erase();
}

namespace {

class MemplPackAllocsPass
    : public mempl::ir::impl::MemplPackAllocsBase<MemplPackAllocsPass> {
public:
  using MemplPackAllocsBase::MemplPackAllocsBase;
  MEMPL_NAMED_OPTIONS
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    if (alignment < 1 || !llvm::isPowerOf2_64(alignment)) {
      emitError(function.getLoc())
          << "option 'alignment': expected a power of two, found "
          << alignment.getValue();
      return signalPassFailure();
    }
    if (nodeLimit < 0) {
      emitError(function.getLoc())
          << "option 'node-limit': expected at least 0, found "
          << nodeLimit.getValue();
      return signalPassFailure();
    }
    AllocsBySpace bySpace;
    Lifetimes lifetimes(function, alignment);
    function.walk([&](memref::AllocOp alloc) {
      if (std::optional<PackedAlloc> packed = lifetimes.lifeOf(alloc))
        bySpace[alloc.getType().getMemorySpace()].push_back(*packed);
      else
        ++numLeft;
    });
    for (auto &[space, allocs] : bySpace)
      packSpace(function, space, allocs);
  }

private:
  void packSpace(func::FuncOp function, Attribute space,
                 SmallVector<PackedAlloc, 0> &allocs);
};

} // namespace

void MemplPackAllocsPass::packSpace(func::FuncOp function, Attribute space,
                                    SmallVector<PackedAlloc, 0> &allocs) {
  // One buffer alone has nobody to share bytes with.
  if (allocs.size() < 2) {
    numLeft += allocs.size();
    return;
  }
  mempl::PackingProblem problem;
  int64_t widest = 1;
  for (const PackedAlloc &packed : allocs) {
    problem.buffers.push_back(packed.buffer);
    widest = std::max(widest, packed.buffer.alignment);
  }
  mempl::PackingOptions options;
  options.minimize = true;
  options.nodeLimit = nodeLimit;
  mempl::PackingResult result = mempl::pack(problem, options);
  // Only sums of 2^63 bytes and more have no packing.
  if (result.offsets.empty()) {
    numLeft += allocs.size();
    return;
  }
  Value arena = makeArena(function, space, result.height, widest);
  int64_t bytes = 0;
  for (auto [packed, offset] : llvm::zip(allocs, result.offsets)) {
    bytes += packed.buffer.size;
    replaceByView(packed, arena, offset);
  }
  remark::passed(function.getLoc(),
                 remark::RemarkOpts::name("Packed").category("mempl").function(
                     function.getName()))
      << ("'" + function.getName() + "': " + Twine(allocs.size()) +
          " buffers of " + Twine(bytes) + " bytes share " +
          Twine(result.height) + " bytes")
             .str();
  numPacked += allocs.size();
  allocBytes += bytes;
  arenaBytes += result.height;
}
