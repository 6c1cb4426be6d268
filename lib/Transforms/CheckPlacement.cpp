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
// A loop that carries the tokens of copies from trip to trip is walked for its
// first trips and its last one, each with its own number, so that it is known
// which of two offsets a storage has, which copies are under way, and which
// parts of tensors they move. Where the number of trips is known at run time
// only, all is walked for each of several numbers.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CheckPlacement.h"

#include "ConcretePlaces.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/Support/Threading.h"

#include <map>
#include <set>

using namespace mlir;
using namespace mempl::ir;

namespace {

/// Bytes of fast memory, from the first to behind the last.
using Bytes = std::pair<int64_t, int64_t>;

static bool overlap(Bytes a, Bytes b) {
  return a.first < b.second && b.first < a.second;
}

static std::string spell(Bytes bytes) {
  return ("[" + llvm::Twine(bytes.first) + ", " + llvm::Twine(bytes.second) +
          ")")
      .str();
}

/// A storage: a mempl.alloc, or anything else that a tensor or memref is.
struct Buffer {
  Value root;
  AllocOp alloc; ///< Null for storage that is not placed.
  /// Of the alloc; those of both offsets where it is not known which it has.
  SmallVector<Bytes, 1> bytes;
  int64_t numAllocs = 0; ///< How often it was allocated.
  int64_t lastUse = 0;   ///< Number of the last op that names it.
  bool written = true;   ///< Its contents are defined.
  bool released = false;
  bool handedOver = false;             ///< To a copy that another trip awaits.
  CopyStartOp arriving;                ///< The copy that is writing it.
  SmallVector<CopyStartOp, 1> leaving; ///< Copies that are reading it.
};

/// A copy that another trip awaits, from its start on.
struct CarriedCopy {
  CopyStartCarriedOp start;
  bool intoFast = false;
  SmallVector<int32_t, 1> fast, slow; ///< Buffers.
  SmallVector<Bytes, 1> bytes;        ///< In fast memory.
  Place place;                        ///< In slow memory.
  /// Of the buffer in fast memory, the number of its allocation: the source, or
  /// the one that names the destination in the trip that waits.
  std::pair<int32_t, int64_t> holder = {-1, 0};
  bool awaited = false;

  bool isIn(int32_t index, const Buffer &buffer) const {
    return holder == std::pair(index, buffer.numAllocs);
  }
};

/// What is found at a loop: where its body begins, in any trip, and ends.
struct LoopState {
  llvm::BitVector begin, end; ///< As of PlacementInterpreter::snapshot().
  bool visited = false;
};

class PlacementInterpreter {
public:
  PlacementInterpreter(FunctionOpInterface function, int64_t capacity,
                       int64_t alignment, bool outdated)
      : function(function), capacity(capacity), alignment(alignment),
        outdated(outdated), state(options) {}

  LogicalResult run() {
    if (hasTensorControlFlow(function) || (outdated && placesTensors())) {
      // What it cannot analyze alone, as some calls, is no misuse of memory.
      // Other threads may be checking other functions.
      uint64_t thread = llvm::get_threadid();
      ScopedDiagnosticHandler quiet(
          function->getContext(), [thread](Diagnostic &) {
            return success(llvm::get_threadid() == thread);
          });
      analysis.emplace(function, analysisOptions);
      if (failed(bufferization::analyzeOp(function, *analysis)))
        analysis.reset();
    }
    for (Block &block : function.getFunctionBody())
      number(block);
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

private:
  using Indices = SmallVector<int32_t, 1>;

  bool placesTensors() {
    return function
        ->walk([](AllocOp op) {
          return isa<TensorType>(op.getType()) ? WalkResult::interrupt()
                                               : WalkResult::advance();
        })
        .wasInterrupted();
  }

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
  void visitStartCarried(CopyStartCarriedOp op);
  void visitWaitCarried(CopyWaitCarriedOp op);
  void checkCarried(int32_t index, OpOperand &operand, bool reads, bool writes,
                    llvm::function_ref<void(StringRef)> report);
  void takeBytes(AllocOp op, int32_t index);
  bool visitBranch(scf::IfOp op);
  void visitSelect(arith::SelectOp op);
  void visitTrips(scf::ForOp loop);
  void passBy(scf::ForOp loop);
  void begin();
  bool assumeTrips(int64_t numTrips);
  std::optional<int64_t> tripsOf(scf::ForOp loop) const;
  Place placeOf(Value value);
  SmallVector<Bytes, 1> bytesOf(AllocOp op) const;
  void passToken(Value from, Value to) { setToken(to, tokens.lookup(from)); }
  void setToken(Value token, std::optional<int32_t> copy) {
    tokens[token] = copy;
  }
  void visitUse(OpOperand &operand, bool reads, bool writes);
  void visitRegions(Operation *op);
  void visitOnce(Operation *op);
  llvm::BitVector snapshot() const;
  void restore(const llvm::BitVector &snapshot);
  void reserve(KernelOp kernel);

  /// Something that is wrong, once however often the op is visited.
  void error(Operation *op, const llvm::Twine &text,
             std::optional<Value> noted = {}, StringRef note = {}) {
    if (known.insert({op, text.str()}).second)
      findings.push_back({op, text.str(), noted, note});
  }

  FunctionOpInterface function;
  int64_t capacity, alignment;
  bool outdated;
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state;
  bufferization::OneShotBufferizationOptions analysisOptions =
      placementBufferizationOptions();
  std::optional<bufferization::OneShotAnalysisState> analysis;
  struct Finding {
    Operation *op;
    std::string text;
    std::optional<Value> noted;
    StringRef note;
  };
  std::vector<Finding> findings;
  std::set<std::pair<Operation *, std::string>> known;
  std::map<Operation *, LoopState> loopStates;
  int64_t now = 0;
  int64_t copiesUnderWay = 0;       ///< Buffers that copies are writing.
  std::vector<CarriedCopy> carried; ///< All that were started.
  SmallVector<int32_t> underWay;    ///< Of these, those not awaited.
  /// Copies that were awaited before an alloc named where they went to.
  SmallVector<int32_t> landed;
  static constexpr int32_t kNoCopy = -1;
  /// The copy that a token stands for; none where that is not known.
  DenseMap<Value, std::optional<int32_t>> tokens;
  ConcreteIndices indices;
  /// How often loops that carry tokens were walked. In a nest of them, as often
  /// as this; there is no more to find then.
  static constexpr int kMostWalks = 64;
  DenseMap<Operation *, int> numWalks;
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

/// Whether the loop carries tokens from trip to trip.
static bool carriesTokens(scf::ForOp loop) {
  return llvm::any_of(loop.getResultTypes(), llvm::IsaPred<TokenType>);
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

SmallVector<Bytes, 1> PlacementInterpreter::bytesOf(AllocOp op) const {
  auto at = [&](uint64_t offset) {
    return Bytes(offset, offset + op.getBytes());
  };
  if (!op.getOffset2())
    return {at(op.getOffset())};
  std::optional<int64_t> odd = indices.evaluate(op.getOdd());
  if (odd)
    return {at(*odd ? *op.getOffset2() : op.getOffset())};
  return {at(op.getOffset()), at(*op.getOffset2())};
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

/// Gives an alloc the bytes that a copy from another trip moves to if it names
/// them; no other storage can have these.
void PlacementInterpreter::takeBytes(AllocOp op, int32_t index) {
  Buffer &buffer = buffers[index];
  llvm::erase_if(landed, [&](int32_t i) {
    buffer.written |= carried[i].bytes == buffer.bytes;
    return llvm::any_of(buffer.bytes, [&](Bytes bytes) {
      return llvm::any_of(carried[i].bytes,
                          [&](Bytes other) { return overlap(bytes, other); });
    });
  });
  for (int32_t i : underWay) {
    CarriedCopy &copy = carried[i];
    bool isNamed = copy.holder.first >= 0;
    if (copy.intoFast && !isNamed && copy.bytes == buffer.bytes) {
      copy.holder = {index, buffer.numAllocs};
      continue;
    }
    for (Bytes bytes : buffer.bytes)
      for (Bytes other : copy.bytes)
        if (overlap(bytes, other))
          error(op,
                "bytes " + spell(bytes) +
                    " overlap those of a copy across trips, " + spell(other),
                copy.start.getSource(), "this is copied");
  }
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

//===----------------------------------------------------------------------===//
// Copies across trips
//===----------------------------------------------------------------------===//

/// Before everything, as no op had run.
void PlacementInterpreter::begin() {
  for (Buffer &buffer : buffers) {
    buffer.written = !buffer.alloc;
    buffer.released = buffer.handedOver = false;
    buffer.arriving = {};
    buffer.leaving.clear();
  }
  inUse.clear();
  loopStates.clear();
  copiesUnderWay = 0;
  carried.clear();
  underWay.clear();
  landed.clear();
  tokens.clear();
  indices.clear();
  numWalks.clear();
}

/// Lets each loop that carries tokens have `numTrips` trips where its bounds do
/// not say how many it has. Returns whether there is such a loop.
bool PlacementInterpreter::assumeTrips(int64_t numTrips) {
  bool isAssumed = false;
  SmallVector<Value> variables;
  function->walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
    if (!carriesTokens(loop))
      return;
    auto assume = [&](Value value, int64_t number) {
      std::optional<int64_t> known = indices.evaluate(value);
      if (!known)
        indices.set(value, number);
      isAssumed |= !known;
      return known.value_or(number);
    };
    int64_t lower = assume(loop.getLowerBound(), 0);
    int64_t step = assume(loop.getStep(), 1);
    assume(loop.getUpperBound(), lower + numTrips * step);
    // Bounds of loops inside may depend on it.
    indices.set(loop.getInductionVar(), lower);
    variables.push_back(loop.getInductionVar());
  });
  for (Value variable : variables)
    indices.forget(variable);
  return isAssumed;
}

std::optional<int64_t> PlacementInterpreter::tripsOf(scf::ForOp loop) const {
  std::optional<int64_t> lower = indices.evaluate(loop.getLowerBound()),
                         upper = indices.evaluate(loop.getUpperBound()),
                         step = indices.evaluate(loop.getStep());
  int64_t extent;
  if (!lower || !upper || !step || *step <= 0 ||
      llvm::SubOverflow(*upper, *lower, extent))
    return std::nullopt;
  return extent <= 0 ? 0 : llvm::divideCeilSigned(extent, *step);
}

/// Walks the trips of a loop that carries tokens: the first ones, in which it
/// comes into its stride, and the last.
void PlacementInterpreter::visitTrips(scf::ForOp loop) {
  if (++numWalks[loop] > kMostWalks)
    return passBy(loop);
  std::optional<int64_t> numTrips = tripsOf(loop);
  if (!numTrips)
    return error(loop, "carries copies, and its trips cannot be replayed");
  SmallVector<int64_t> trips;
  for (int64_t trip = 0; trip < std::min<int64_t>(*numTrips, 3); ++trip)
    trips.push_back(trip);
  // Odd trips follow even ones.
  if (*numTrips > 3 && *numTrips % 2 != 0)
    trips.push_back(3);
  if (*numTrips > 3)
    trips.push_back(*numTrips - 1);
  int64_t lower = *indices.evaluate(loop.getLowerBound()),
          step = *indices.evaluate(loop.getStep());
  SmallVector<std::optional<int32_t>> now;
  auto read = [&](ValueRange values) {
    now.clear();
    for (Value value : values)
      now.push_back(tokens.lookup(value));
  };
  auto pass = [&](ValueRange values) {
    for (auto [value, copy] : llvm::zip_equal(values, now))
      if (isa<TokenType>(value.getType()))
        setToken(value, copy);
  };
  read(loop.getInitArgs());
  for (int64_t trip : trips) {
    pass(loop.getRegionIterArgs());
    indices.set(loop.getInductionVar(), lower + trip * step);
    int64_t before = copiesUnderWay;
    visit(*loop.getBody());
    if (copiesUnderWay != before)
      error(loop, "a copy is under way across the end of the loop's body");
    llvm::erase_if(inUse, [&](int32_t index) {
      return loop->isAncestor(buffers[index].alloc);
    });
    read(loop.getYieldedValues());
  }
  indices.forget(loop.getInductionVar());
  pass(loop.getResults());
}

/// A loop that carries tokens and was walked often: all that it does is done.
void PlacementInterpreter::passBy(scf::ForOp loop) {
  for (Value init : loop.getInitArgs())
    if (std::optional<int32_t> copy = tokens.lookup(init);
        copy && *copy != kNoCopy) {
      carried[*copy].awaited = true;
      llvm::erase(underWay, *copy);
    }
  for (Value result : loop.getResults())
    if (isa<TokenType>(result.getType()))
      setToken(result, kNoCopy);
  loop->walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (isStorage(operand))
        for (int32_t index : buffersOf(operand))
          buffers[index].written = true;
  });
}

/// Walks the branch that is taken, of a conditional in which copies across
/// trips start or are awaited. Returns false where it is another one.
bool PlacementInterpreter::visitBranch(scf::IfOp op) {
  bool isAbout = llvm::any_of(op.getResultTypes(), llvm::IsaPred<TokenType>);
  op->walk([&](Operation *inner) {
    isAbout |= isa<CopyStartCarriedOp, CopyWaitCarriedOp>(inner);
  });
  if (!isAbout)
    return false;
  std::optional<int64_t> condition = indices.evaluate(op.getCondition());
  if (!condition) {
    error(op, "starts copies or waits for them, and it is not known in which "
              "trips");
    return true;
  }
  Region &taken = *condition ? op.getThenRegion() : op.getElseRegion();
  if (taken.empty())
    return true;
  visit(taken.front());
  for (auto [result, value] : llvm::zip_equal(
           op.getResults(), taken.front().getTerminator()->getOperands()))
    if (isa<TokenType>(result.getType()))
      passToken(value, result);
  return true;
}

/// One of two tokens.
void PlacementInterpreter::visitSelect(arith::SelectOp op) {
  if (std::optional<int64_t> condition = indices.evaluate(op.getCondition()))
    passToken(*condition ? op.getTrueValue() : op.getFalseValue(),
              op.getResult());
}

/// The part of its buffer that `value` is, as far as that is easy to see.
Place PlacementInterpreter::placeOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop =
        dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
    return init && !isCopied(*init) ? placeOf(init->get()) : Place::all(value);
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return isCopied(slice.getSourceMutable())
               ? Place::all(value)
               : placeOf(slice.getSource())
                     .sliced(slice, slice.getDroppedDims(), indices);
  if (auto view = dyn_cast<memref::SubViewOp>(op))
    return placeOf(view.getSource())
        .sliced(view, view.getDroppedDims(), indices);
  if (auto start = dyn_cast<CopyStartCarriedOp>(op))
    return placeOf(start.getDest());
  if (auto wait = dyn_cast<CopyWaitOp>(op))
    return wait.getStart() ? placeOf(wait.getStart().getDest())
                           : Place::all(value);
  if (isa<memref::CastOp, tensor::CastOp>(op))
    return placeOf(op->getOperand(0));
  if (auto view = dyn_cast<ViewLikeOpInterface>(op)) {
    Place place = placeOf(view.getViewSource());
    place.dims.clear();
    return place;
  }
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
    OpOperand *init = loop.getTiedLoopInit(result);
    return init && !isCopied(*init) ? placeOf(init->get()) : Place();
  }
  if (isa<RegionBranchOpInterface>(op))
    return {};
  if (!isa<TensorType>(value.getType()) || !options.dynCastBufferizableOp(op))
    return Place::all(value);
  bufferization::AliasingOpOperandList aliases =
      state.getAliasingOpOperands(result);
  if (aliases.getNumAliases() == 0)
    return Place::all(value);
  const bufferization::AliasingOpOperand &alias = *aliases.begin();
  // Of several, or of another shape, anything.
  if (aliases.getNumAliases() != 1 || isCopied(*alias.opOperand))
    return {};
  Place place = placeOf(alias.opOperand->get());
  if (alias.relation != bufferization::BufferRelation::Equivalent ||
      alias.opOperand->get().getType() != value.getType())
    place.dims.clear();
  return place;
}

void PlacementInterpreter::visitStartCarried(CopyStartCarriedOp op) {
  visitUse(op.getSourceMutable(), /*reads=*/true, /*writes=*/false);
  visitUse(op.getDestMutable(), /*reads=*/false, /*writes=*/true);
  CarriedCopy copy;
  copy.start = op;
  auto isFast = [&](Value value) {
    return llvm::any_of(buffersOf(value),
                        [&](int32_t i) { return bool(buffers[i].alloc); });
  };
  copy.intoFast = isFast(op.getDest());
  copy.fast = buffersOf(copy.intoFast ? op.getDest() : op.getSource());
  copy.slow = buffersOf(copy.intoFast ? op.getSource() : op.getDest());
  copy.place = placeOf(copy.intoFast ? op.getSource() : op.getDest());
  for (int32_t index : copy.fast) {
    Buffer &buffer = buffers[index];
    llvm::append_range(copy.bytes, buffer.bytes);
    if (copy.intoFast) {
      // From now on the copy has the bytes, and then who awaits it.
      buffer.handedOver = true;
      llvm::erase(inUse, index);
    } else {
      copy.holder = {index, buffer.numAllocs};
    }
  }
  setToken(op.getToken(), carried.size());
  underWay.push_back(carried.size());
  carried.push_back(std::move(copy));
}

void PlacementInterpreter::visitWaitCarried(CopyWaitCarriedOp op) {
  std::optional<int32_t> number = tokens.lookup(op.getToken());
  if (!number)
    return error(op, "waits for a copy that is not known");
  if (*number == kNoCopy)
    return;
  CarriedCopy &copy = carried[*number];
  if (copy.awaited)
    return error(op, "waits for a copy that was waited for before",
                 copy.start.getSource(), "this is copied");
  copy.awaited = true;
  llvm::erase(underWay, *number);
  if (!copy.intoFast)
    return;
  auto [index, allocation] = copy.holder;
  bool isNamed = index >= 0 && buffers[index].numAllocs == allocation;
  if (Value dest = op.getDest();
      dest && !(isNamed && llvm::is_contained(buffersOf(dest), index)))
    return error(op, "waits for a copy to other bytes than those of the result",
                 copy.start.getSource(), "this is copied");
  if (isNamed)
    buffers[index].written = true;
  else
    landed.push_back(*number);
}

/// What copies across trips that are under way forbid.
void PlacementInterpreter::checkCarried(
    int32_t index, OpOperand &operand, bool reads, bool writes,
    llvm::function_ref<void(StringRef)> report) {
  const Buffer &buffer = buffers[index];
  // Control flow hands on what is being copied to those who wait for it.
  bool isPassedOn = isa<RegionBranchTerminatorOpInterface>(operand.getOwner());
  bool writing = buffer.handedOver, reading = false;
  for (int32_t i : underWay) {
    const CarriedCopy &copy = carried[i];
    if (isPassedOn && !copy.isIn(index, buffer))
      continue;
    if (copy.isIn(index, buffer))
      (copy.intoFast ? writing : reading) = true;
    else if ((writes || !copy.intoFast) &&
             llvm::is_contained(copy.slow, index) &&
             copy.place.meets(placeOf(operand.get())))
      (copy.intoFast ? reading : writing) = true;
  }
  if (writing)
    report("uses storage that a copy is still writing");
  if (reading && writes)
    report("writes storage that a copy is still reading");
}

LogicalResult mempl::ir::checkPlacement(FunctionOpInterface function,
                                        int64_t capacity, int64_t alignment,
                                        bool outdated) {
  if (function.isExternal())
    return success();
  return PlacementInterpreter(function, capacity, alignment, outdated).run();
}
