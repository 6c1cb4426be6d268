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
// A loop's body is walked until what holds where it begins, in whatever trip,
// does not change any more. That only grows and is kept from visit to visit, so
// that nests of loops take no more walks than there are changes.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CheckPlacement.h"

#include "PlacementInterpreter.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/OneShotAnalysis.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::replay;

LogicalResult PlacementInterpreter::run() {
  if (hasTensorControlFlow(function) || (outdated && placesTensors())) {
    // What it cannot analyze alone, as some calls, is no misuse of memory.
    // Other threads may be checking other functions.
    uint64_t thread = llvm::get_threadid();
    ScopedDiagnosticHandler quiet(
        function->getContext(), [thread](Diagnostic &) {
          return success(llvm::get_threadid() == thread);
        });
    analysis.emplace(function, analysisOptions);
    if (failed(analyzeTensors(function, *analysis)))
      analysis.reset();
  }
  for (Block &block : function.getFunctionBody())
    number(block);
  function->walk([&](CopyStartCarriedOp) { anyCarried = true; });
  // Enough to have a last trip that is even, and one that is odd.
  for (int64_t numTrips : {4, 3, 2, 1, 0}) {
    begin();
    bool isAssumed = assumeTrips(numTrips);
    visitRegions(function);
    for (const CarriedCopy &copy : carried)
      if (!copy.awaited)
        error(copy.start, "its copy is not waited for on every path");
    if (!isAssumed)
      break;
  }
  for (const Finding &finding : findings) {
    InFlightDiagnostic diagnostic = finding.op->emitError() << finding.text;
    if (finding.noted)
      diagnostic.attachNote(finding.noted->getLoc()) << finding.note;
  }
  return failure(!findings.empty());
}

/// Numbers the ops in the order in which they run, and finds the last use of
/// every buffer.
void PlacementInterpreter::number(Block &block) {
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

void PlacementInterpreter::noteUse(int32_t index) {
  buffers[index].lastUse = std::max(buffers[index].lastUse, now);
  if (!loops.empty())
    loops.back().second.push_back(index);
}

const PlacementInterpreter::Indices &
PlacementInterpreter::buffersOf(Value value) {
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

PlacementInterpreter::Indices PlacementInterpreter::findBuffers(Value value) {
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
  } else if (auto start = dyn_cast<CopyStartCarriedOp>(op)) {
    follow(start.getDest());
  } else if (auto wait = dyn_cast<CopyWaitCarriedOp>(op)) {
    follow(wait.getDest());
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
    // The interface does not know the results of a forall.
    auto forall = dyn_cast<scf::ForallOp>(op);
    OpOperand *init =
        forall ? forall.getTiedOpOperand(result) : loop.getTiedLoopInit(result);
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

void PlacementInterpreter::visit(Block &block) {
  for (Operation &op : block)
    visit(&op);
}

/// Whether a storage that is no allocation in fast memory is surely none that
/// control flow hands over.
static bool isSlow(Value root) {
  Operation *op = root.getDefiningOp();
  if (!op)
    op = cast<BlockArgument>(root).getOwner()->getParentOp();
  return isa<TensorType>(root.getType()) &&
         (op->getNumRegions() == 0 || isa<FunctionOpInterface>(op));
}

/// Whether `op` copies a part of a memref onto itself, which is what becomes of
/// an insertion in place.
static bool isSelfCopy(Operation *op) {
  auto copy = dyn_cast<memref::CopyOp>(op);
  if (!copy)
    return false;
  auto from = copy.getSource().getDefiningOp<memref::SubViewOp>(),
       to = copy.getTarget().getDefiningOp<memref::SubViewOp>();
  auto same = [](OpFoldResult a, OpFoldResult b) {
    return isEqualConstantIntOrValue(a, b);
  };
  return copy.getSource() == copy.getTarget() ||
         (from && to && from.getSource() == to.getSource() &&
          from.isSameAs(to, same));
}

void PlacementInterpreter::visit(Operation *op) {
  now = numbers.lookup(op);
  for (OpOperand &operand : op->getOpOperands())
    if (isCopied(operand) &&
        llvm::any_of(buffersOf(operand.get()),
                     [&](int32_t i) { return bool(buffers[i].alloc); }))
      error(op, "operand " + llvm::Twine(operand.getOperandNumber()) +
                    ": bufferization would copy storage in fast memory");
  if (auto alloc = dyn_cast<AllocOp>(op))
    return visitAlloc(alloc);
  if (auto start = dyn_cast<CopyStartOp>(op))
    return visitStart(start);
  if (auto wait = dyn_cast<CopyWaitOp>(op))
    return visitWait(wait);
  if (auto start = dyn_cast<CopyStartCarriedOp>(op))
    return visitStartCarried(start);
  if (auto wait = dyn_cast<CopyWaitCarriedOp>(op))
    return visitWaitCarried(wait);
  if (auto none = dyn_cast<NoCopyOp>(op))
    return setToken(none.getToken(), kNoCopy);
  if (auto branch = dyn_cast<scf::IfOp>(op); branch && visitBranch(branch))
    return;
  if (auto select = dyn_cast<arith::SelectOp>(op);
      select && isa<TokenType>(select.getType()))
    return visitSelect(select);
  if (isSelfCopy(op))
    return;
  if (auto release = dyn_cast<ReleaseOp>(op)) {
    for (int32_t index : buffersOf(release.getValue())) {
      Buffer &buffer = buffers[index];
      if (!buffer.alloc && isSlow(buffer.root))
        error(op, "releases what is not storage in fast memory", buffer.root,
              "the storage is this");
      if (buffer.released)
        error(op, "releases storage that was released before");
      if (buffer.arriving || !buffer.leaving.empty() ||
          llvm::any_of(underWay, [&](int32_t copy) {
            return carried[copy].isIn(index, buffer);
          }))
        error(op, "releases storage while a copy of it is under way");
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
        if (isa<tensor::InsertSliceOp>(op) && isInsertInPlace(op) &&
            Indices(buffersOf(op->getOperand(0))) ==
                buffersOf(op->getOperand(1)))
          continue;
        bool writes =
            state.bufferizesToMemoryWrite(operand) && !isCopied(operand);
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

/// Whether a region of `op` may run again after it ran.
static bool mayRepeat(Operation *op) {
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
    std::optional<APInt> trips = loop.getStaticTripCount();
    return !trips || trips->ugt(1);
  }
  auto goesBack = [](Block &block) {
    return llvm::any_of(block.getSuccessors(), [&](Block *next) {
      return next == &block ||
             next->computeBlockNumber() < block.computeBlockNumber();
    });
  };
  return llvm::any_of(op->getRegions(), [&](Region &region) {
    return !region.hasOneBlock() && llvm::any_of(region, goesBack);
  });
}

/// Two bits per buffer: it is released, and nothing has written it.
llvm::BitVector PlacementInterpreter::snapshot() const {
  llvm::BitVector bits(2 * buffers.size());
  for (auto [i, buffer] : llvm::enumerate(buffers)) {
    bits[2 * i] = buffer.released;
    bits[2 * i + 1] = !buffer.written;
  }
  return bits;
}

void PlacementInterpreter::restore(const llvm::BitVector &snapshot) {
  for (unsigned i = 0; i < snapshot.size() / 2; ++i) {
    buffers[i].released = snapshot[2 * i];
    buffers[i].written = !snapshot[2 * i + 1];
  }
}

void PlacementInterpreter::visitOnce(Operation *op) {
  for (Region &region : op->getRegions()) {
    int64_t before = copiesUnderWay;
    SmallVector<int32_t> carriedBefore = underWay;
    for (Block &block : region)
      visit(block);
    if (isa<LoopLikeOpInterface>(op) &&
        (copiesUnderWay != before || underWay != carriedBefore))
      error(op, "a copy is under way across the end of the loop's body");
  }
}

void PlacementInterpreter::visitRegions(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op); loop && carriesTokens(loop))
    return visitTrips(loop);
  if (!mayRepeat(op))
    return visitOnce(op);
  LoopState &loop = loopStates[op];
  while (true) {
    llvm::BitVector joined = snapshot();
    joined |= loop.begin;
    if (loop.visited && joined == loop.begin) {
      restore(loop.end);
      return;
    }
    loop.visited = true;
    loop.begin = joined;
    restore(joined);
    int64_t before = copiesUnderWay;
    visitOnce(op);
    loop.end = snapshot();
    if (copiesUnderWay != before)
      return;
  }
}

void PlacementInterpreter::visitAlloc(AllocOp op) {
  int32_t index = buffersOf(op.getResult()).front();
  buffers[index].bytes = bytesOf(op);
  ++buffers[index].numAllocs;
  buffers[index].handedOver = false;
  if (op.getBytes() == 0)
    return;
  for (Bytes bytes : buffers[index].bytes) {
    if (bytes.first % alignment != 0)
      error(op, "offset " + llvm::Twine(bytes.first) +
                    " is not a multiple of the alignment, " +
                    llvm::Twine(alignment));
    if (capacity >= 0 && bytes.second > capacity)
      error(op, "bytes " + spell(bytes) +
                    " are outside of the fast memory of " +
                    llvm::Twine(capacity) + " bytes");
  }
  llvm::erase_if(
      inUse, [&](int32_t i) { return i == index || buffers[i].lastUse < now; });
  for (Bytes bytes : buffers[index].bytes)
    for (int32_t i : inUse)
      for (Bytes other : buffers[i].bytes)
        if (overlap(bytes, other))
          error(op,
                "bytes " + spell(bytes) + " overlap storage that is in use, " +
                    spell(other),
                buffers[i].alloc.getResult(), "in use since here");
  // A loop that is replayed twice allocates its storage anew.
  buffers[index].written = false;
  buffers[index].released = false;
  takeBytes(op, index);
  inUse.push_back(index);
}

void PlacementInterpreter::visitStart(CopyStartOp op) {
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

void PlacementInterpreter::visitWait(CopyWaitOp op) {
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

void PlacementInterpreter::visitUse(OpOperand &operand, bool reads,
                                    bool writes) {
  Operation *op = operand.getOwner();
  for (int32_t index : buffersOf(operand.get())) {
    Buffer &buffer = buffers[index];
    auto report = [&](StringRef text) {
      error(op,
            "operand " + llvm::Twine(operand.getOperandNumber()) + ": " + text,
            buffer.root, "the storage is this");
    };
    if (!reads && !writes)
      continue;
    checkCarried(index, operand, reads, writes, report);
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

void PlacementInterpreter::reserve(KernelOp kernel) {
  int64_t reserved = kernel.getReserved().value_or(0);
  if (capacity >= 0 && reserved > capacity)
    error(kernel, "reserves " + llvm::Twine(reserved) +
                      " bytes of a fast memory of " + llvm::Twine(capacity) +
                      " bytes");
  auto check = [&](ArrayRef<Bytes> all, Value noted, StringRef note) {
    for (Bytes bytes : all)
      if (bytes.first < reserved)
        error(kernel,
              "reserves bytes [0, " + llvm::Twine(reserved) + "), but " +
                  spell(bytes) + " is in use",
              noted, note);
  };
  for (int32_t i : inUse)
    if (buffers[i].lastUse >= now)
      check(buffers[i].bytes, buffers[i].alloc.getResult(),
            "in use since here");
  for (int32_t i : underWay)
    check(carried[i].bytes, carried[i].start.getSource(), "this is copied");
}

LogicalResult mempl::ir::checkPlacement(FunctionOpInterface function,
                                        int64_t capacity, int64_t alignment,
                                        bool outdated) {
  if (function.isExternal())
    return success();
  return PlacementInterpreter(function, capacity, alignment, outdated).run();
}
