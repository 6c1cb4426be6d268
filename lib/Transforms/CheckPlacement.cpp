//===- CheckPlacement.cpp - replay of a placed function -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An abstract interpreter of placed IR. It shares nothing with the extraction
// and the rewrite, so that it can find their mistakes: aliases come from the
// ops' interfaces, on tensors under the assumption that everything is in place
// but what One-Shot Analysis says is not, where tensors flow together.
// A loop's body is walked once, which sees all there is to see as long as no
// copy is under way across its ends.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CheckPlacement.h"

#include "mempl/Analysis/Program.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::mempl;

namespace {

/// A storage: a mempl.alloc, or anything else that a tensor or memref is.
struct Buffer {
  Value root;
  AllocOp alloc;       ///< Null for storage that is not placed.
  int64_t lastUse = 0; ///< Number of the last op that names it.
  bool written = true; ///< Its contents are defined.
  bool released = false;
  CopyStartOp arriving;                ///< The copy that is writing it.
  SmallVector<CopyStartOp, 1> leaving; ///< Copies that are reading it.
};

class Replay {
public:
  Replay(FunctionOpInterface function, int64_t capacity, int64_t alignment)
      : function(function), capacity(capacity), alignment(alignment),
        state(options) {}

  LogicalResult run() {
    if (hasTensorControlFlow(function)) {
      analysis.emplace(function, analysisOptions);
      if (mlir::failed(bufferization::analyzeOp(function, *analysis)))
        return failure();
    }
    for (Block &block : function.getFunctionBody())
      number(block);
    for (Block &block : function.getFunctionBody())
      visit(block);
    return failure(failed);
  }

private:
  using Indices = SmallVector<int32_t, 1>;

  static bool isStorage(Value value) {
    return isa<TensorType, BaseMemRefType>(value.getType());
  }

  static Operation *ownerOf(Value value) {
    Operation *op = value.getDefiningOp();
    return op ? op : cast<BlockArgument>(value).getOwner()->getParentOp();
  }

  /// Whether bufferization copies the operand before the op uses it.
  bool isCopied(OpOperand &operand) const {
    return analysis && isa<TensorType>(operand.get().getType()) &&
           !analysis->isInPlace(operand);
  }

  void number(Block &block);
  void noteUse(int32_t index);
  const Indices &buffersOf(Value value);
  Indices findBuffers(Value value);
  void visit(Block &block);
  void visit(Operation *op);
  void visitAlloc(AllocOp op);
  void visitStart(CopyStartOp op);
  void visitWait(CopyWaitOp op);
  void visitUse(OpOperand &operand, bool reads, bool writes);
  void visitRegions(Operation *op);
  void reserve(KernelOp kernel);
  InFlightDiagnostic error(Operation *op) {
    failed = true;
    return op->emitError();
  }

  FunctionOpInterface function;
  int64_t capacity, alignment;
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state;
  bufferization::OneShotBufferizationOptions analysisOptions =
      placementBufferizationOptions();
  std::optional<bufferization::OneShotAnalysisState> analysis;
  bool failed = false;
  int64_t now = 0;
  int64_t copiesUnderWay = 0;             ///< Buffers that copies are writing.
  DenseMap<Operation *, int64_t> numbers; ///< Of the last op inside of it.
  /// While numbering: the loops around, and the buffers used in each.
  SmallVector<std::pair<Operation *, SmallVector<int32_t>>> loops;
  std::vector<Buffer> buffers;
  DenseMap<Value, Indices> buffersByValue;
  SmallVector<int32_t> inUse; ///< Placed buffers that are not released.
};

} // namespace

/// Numbers the ops in the order in which they run, and finds the last use of
/// every buffer.
void Replay::number(Block &block) {
  for (Operation &op : block) {
    if (isa<LoopLikeOpInterface>(op))
      loops.push_back({&op, {}});
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        number(inner);
    numbers[&op] = ++now;
    // The next trip uses again what comes from outside of the loop.
    if (isa<LoopLikeOpInterface>(op)) {
      auto [loop, used] = std::move(loops.back());
      loops.pop_back();
      for (int32_t index : used)
        if (!op.isAncestor(ownerOf(buffers[index].root)))
          noteUse(index);
    }
    for (Value operand : op.getOperands()) {
      if (!isStorage(operand) && !isa<FutureType>(operand.getType()))
        continue;
      for (int32_t index : Indices(buffersOf(operand)))
        noteUse(index);
    }
  }
}

void Replay::noteUse(int32_t index) {
  buffers[index].lastUse = std::max(buffers[index].lastUse, now);
  if (!loops.empty())
    loops.back().second.push_back(index);
}

const Replay::Indices &Replay::buffersOf(Value value) {
  auto it = buffersByValue.find(value);
  if (it != buffersByValue.end())
    return it->second;
  // Marks the value, for loops whose arguments depend on themselves.
  buffersByValue[value] = {};
  Indices found = findBuffers(value);
  llvm::sort(found);
  found.erase(llvm::unique(found), found.end());
  return buffersByValue[value] = std::move(found);
}

Replay::Indices Replay::findBuffers(Value value) {
  Indices all;
  auto follow = [&](Value source) {
    for (int32_t index : Indices(buffersOf(source)))
      all.push_back(index);
  };
  auto makeNew = [&](AllocOp alloc) {
    Buffer buffer;
    buffer.root = value;
    buffer.alloc = alloc;
    buffer.written = !alloc;
    buffers.push_back(std::move(buffer));
    all.push_back(buffers.size() - 1);
  };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop =
        dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
    if (init && !isCopied(*init))
      follow(init->get());
    else
      makeNew({});
    return all;
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (auto start = dyn_cast<CopyStartOp>(op)) {
    follow(start.getDest());
  } else if (auto wait = dyn_cast<CopyWaitOp>(op)) {
    follow(wait.getHandle());
  } else if (auto alloc = dyn_cast<AllocOp>(op)) {
    makeNew(alloc);
  } else if (auto view = dyn_cast<ViewLikeOpInterface>(op)) {
    follow(view.getViewSource());
  } else if (isa<tensor::ExtractSliceOp>(op)) {
    if (!isCopied(op->getOpOperand(0)))
      follow(op->getOperand(0));
  } else if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
    OpOperand *init = loop.getTiedLoopInit(result);
    if (init && !isCopied(*init))
      follow(init->get());
    else
      makeNew({});
  } else if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
    for (Region &region : branch->getRegions())
      if (!region.empty() && region.front().mightHaveTerminator() &&
          region.front().getTerminator()->getNumOperands() ==
              op->getNumResults())
        follow(region.front().getTerminator()->getOperand(
            result.getResultNumber()));
  } else if (isa<TensorType>(value.getType()) &&
             options.dynCastBufferizableOp(op) && !isa<func::CallOp>(op)) {
    for (const bufferization::AliasingOpOperand &alias :
         state.getAliasingOpOperands(result))
      if (!isCopied(*alias.opOperand))
        follow(alias.opOperand->get());
  }
  if (all.empty())
    makeNew({});
  return all;
}

void Replay::visit(Block &block) {
  for (Operation &op : block)
    visit(&op);
}

void Replay::visit(Operation *op) {
  now = numbers.lookup(op);
  for (OpOperand &operand : op->getOpOperands())
    if (isCopied(operand) &&
        llvm::any_of(buffersOf(operand.get()),
                     [&](int32_t i) { return bool(buffers[i].alloc); }))
      error(op) << "operand " << operand.getOperandNumber()
                << ": bufferization would copy storage in fast memory";
  if (auto alloc = dyn_cast<AllocOp>(op))
    return visitAlloc(alloc);
  if (auto start = dyn_cast<CopyStartOp>(op))
    return visitStart(start);
  if (auto wait = dyn_cast<CopyWaitOp>(op))
    return visitWait(wait);
  if (auto release = dyn_cast<ReleaseOp>(op)) {
    for (int32_t index : buffersOf(release.getValue())) {
      Buffer &buffer = buffers[index];
      if (buffer.released)
        error(op) << "releases storage that was released before";
      if (buffer.arriving || !buffer.leaving.empty())
        error(op) << "releases storage while a copy of it is under way";
      buffer.released = true;
      llvm::erase(inUse, index);
    }
    return;
  }
  if (auto kernel = dyn_cast<KernelOp>(op))
    reserve(kernel);
  // What an op with regions of control flow does, the ops inside of it do.
  bool control = isa<RegionBranchOpInterface>(op);
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  bool known = control || options.dynCastBufferizableOp(op) != nullptr;
  struct Use {
    OpOperand *operand;
    bool reads, writes;
  };
  SmallVector<Use> uses;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!isStorage(value))
      continue;
    if (isa<TensorType>(value.getType())) {
      if (!known)
        uses.push_back({&operand, /*reads=*/true, /*writes=*/true});
      else if (!control && !isa<func::CallOp, func::ReturnOp>(op)) {
        // A part that is put back where it was taken from changes nothing.
        bool writes = state.bufferizesToMemoryWrite(operand) &&
                      !isCopied(operand) &&
                      !(isa<tensor::InsertSliceOp>(op) && isInsertInPlace(op));
        // A name for a tensor reads nothing, though upstream counts those that
        // may have to copy for their layout as readers.
        bool names =
            !writes && state.getAliasingValues(operand).getNumAliases() > 0;
        uses.push_back({&operand,
                        !names && state.bufferizesToMemoryRead(operand),
                        writes});
      } else if (isa<func::CallOp>(op))
        uses.push_back({&operand, /*reads=*/true, /*writes=*/false});
      continue;
    }
    if (control || isa<ViewLikeOpInterface>(op) || isa<memref::DimOp>(op))
      continue;
    bool reads = !effects, writes = !effects && !isa<func::ReturnOp>(op);
    if (effects) {
      SmallVector<MemoryEffects::EffectInstance> list;
      effects.getEffectsOnValue(value, list);
      for (const MemoryEffects::EffectInstance &effect : list) {
        reads |= isa<MemoryEffects::Read>(effect.getEffect());
        writes |= isa<MemoryEffects::Write>(effect.getEffect());
      }
    }
    uses.push_back({&operand, reads, writes});
  }
  // An op that writes storage may read there what is undefined, as one operand
  // or as two.
  llvm::stable_sort(
      uses, [](const Use &a, const Use &b) { return a.writes > b.writes; });
  for (const Use &use : uses)
    visitUse(*use.operand, use.reads, use.writes);
  // The payload of a linalg op may read tensors from around it.
  if (op->getNumRegions() > 0)
    visitRegions(op);
}

void Replay::visitRegions(Operation *op) {
  for (Region &region : op->getRegions()) {
    int64_t before = copiesUnderWay;
    for (Block &block : region)
      visit(block);
    if (isa<LoopLikeOpInterface>(op) && copiesUnderWay != before)
      error(op) << "a copy is under way across the end of the loop's body";
  }
}

void Replay::visitAlloc(AllocOp op) {
  int32_t index = buffersOf(op.getResult()).front();
  int64_t begin = op.getOffset(), end = begin + op.getBytes();
  if (op.getBytes() == 0)
    return;
  if (begin % alignment != 0)
    error(op) << "offset " << begin << " is not a multiple of the alignment, "
              << alignment;
  if (capacity >= 0 && end > capacity)
    error(op) << "bytes [" << begin << ", " << end
              << ") are outside of the fast memory of " << capacity << " bytes";
  llvm::erase_if(inUse, [&](int32_t i) { return buffers[i].lastUse < now; });
  for (int32_t i : inUse) {
    AllocOp other = buffers[i].alloc;
    int64_t otherBegin = other.getOffset(),
            otherEnd = otherBegin + other.getBytes();
    if (begin < otherEnd && otherBegin < end) {
      error(op)
              .append("bytes [", begin, ", ", end,
                      ") overlap storage that is in use, [", otherBegin, ", ",
                      otherEnd, ")")
              .attachNote(other.getLoc())
          << "in use since here";
    }
  }
  // A loop that is replayed twice allocates its storage anew.
  buffers[index].written = false;
  buffers[index].released = false;
  inUse.push_back(index);
}

void Replay::visitStart(CopyStartOp op) {
  visitUse(op.getSourceMutable(), /*reads=*/true, /*writes=*/false);
  visitUse(op.getDestMutable(), /*reads=*/false, /*writes=*/true);
  for (int32_t index : buffersOf(op.getSource()))
    buffers[index].leaving.push_back(op);
  for (int32_t index : buffersOf(op.getDest())) {
    copiesUnderWay += !buffers[index].arriving;
    buffers[index].arriving = op;
    buffers[index].written = true;
  }
}

void Replay::visitWait(CopyWaitOp op) {
  CopyStartOp start = op.getStart();
  if (!start)
    return;
  for (int32_t index : buffersOf(start.getSource()))
    llvm::erase(buffers[index].leaving, start);
  for (int32_t index : buffersOf(start.getDest()))
    if (buffers[index].arriving == start) {
      buffers[index].arriving = {};
      --copiesUnderWay;
    }
}

void Replay::visitUse(OpOperand &operand, bool reads, bool writes) {
  Operation *op = operand.getOwner();
  for (int32_t index : buffersOf(operand.get())) {
    Buffer &buffer = buffers[index];
    auto report = [&](StringRef text) {
      InFlightDiagnostic diagnostic = error(op);
      diagnostic << "operand " << operand.getOperandNumber() << ": " << text;
      diagnostic.attachNote(buffer.root.getLoc()) << "the storage is this";
    };
    if (!reads && !writes)
      continue;
    if (buffer.released)
      report("uses storage after its release");
    if (buffer.arriving)
      report("uses storage that a copy is still writing");
    if (writes && !buffer.leaving.empty())
      report("writes storage that a copy is still reading");
    if (reads && !writes && !buffer.written)
      report("reads storage in fast memory that nothing has written");
    if (writes)
      buffer.written = true;
  }
}

void Replay::reserve(KernelOp kernel) {
  int64_t reserved = kernel.getReserved().value_or(0);
  if (capacity >= 0 && reserved > capacity)
    error(kernel) << "reserves " << reserved << " bytes of a fast memory of "
                  << capacity << " bytes";
  for (int32_t i : inUse) {
    if (buffers[i].lastUse < now ||
        int64_t(buffers[i].alloc.getOffset()) >= reserved)
      continue;
    error(kernel)
            .append("reserves bytes [0, ", reserved, "), but [",
                    buffers[i].alloc.getOffset(), ", ",
                    buffers[i].alloc.getOffset() + buffers[i].alloc.getBytes(),
                    ") is in use")
            .attachNote(buffers[i].alloc.getLoc())
        << "in use since here";
  }
}

LogicalResult mlir::mempl::checkPlacement(FunctionOpInterface function,
                                          int64_t capacity, int64_t alignment) {
  if (function.isExternal())
    return success();
  return Replay(function, capacity, alignment).run();
}
