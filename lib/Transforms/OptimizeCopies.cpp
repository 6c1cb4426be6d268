//===- OptimizeCopies.cpp - fewer copies, and earlier ones ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-optimize-copies. A copy is the same value as its source, so using one
// for the other is always right; what can go wrong is the storage: a value
// would be read after its storage was written in place, which bufferization
// answers with a copy of its own, or bytes of fast memory would be in use
// twice. `Storages` knows, on the safe side: tensors that may share storage
// count as one, and what a loop uses is in use throughout the loop. A copy that
// starts earlier takes bytes that are free and passes no other copy into fast
// memory; how many may be under way at once is not known here. Functions with
// several blocks, with memrefs for tensors, or with copies that loops carry
// from trip to trip, stay as they are.
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/IntEqClasses.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLOPTIMIZECOPIES
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

/// Whether `root` or an op inside of it passes `test`.
static bool contains(Operation *root, function_ref<bool(Operation *)> test) {
  auto visit = [&](Operation *op) {
    return test(op) ? WalkResult::interrupt() : WalkResult::advance();
  };
  return root->walk(visit).wasInterrupted();
}

namespace {

/// A copy with one wait, in the block of its start; a transfer is both.
struct Copy {
  Operation *start, *wait;
  Value source, dest;
};

enum class Direction { In, Out, Other };

/// Which tensors may share storage, who writes it, and when fast memory is in
/// use.
class Storages {
public:
  explicit Storages(FunctionOpInterface function);

  /// The number of the set of tensors that may share storage with `value`; 0 if
  /// that is no tensor and no future.
  unsigned of(Value value) const {
    return classes.findLeader(ids.lookup(value));
  }
  /// A mempl.alloc in the set of `value`, or null.
  AllocOp allocOf(Value value) const { return sets[of(value)].alloc; }
  /// Whether `alloc` is the only one in its set, and `value` all of it.
  bool isAllOf(Value value, AllocOp alloc) const {
    return sets[of(value)].numAllocs == 1 && alloc.getType() == value.getType();
  }
  Direction directionOf(Operation *copy) const {
    // Source and destination are the first two operands of both kinds.
    bool from(allocOf(copy->getOperand(0))), to(allocOf(copy->getOperand(1)));
    return from == to ? Direction::Other : to ? Direction::In : Direction::Out;
  }
  bool accesses(Operation *op, unsigned set, bool onlyWrites = false) const {
    return contains(op, [&](Operation *inner) {
      return llvm::any_of(inner->getOpOperands(), [&](OpOperand &operand) {
        return of(operand.get()) == set &&
               (!onlyWrites || writesOperand(operand));
      });
    });
  }
  bool writes(Operation *op, unsigned set) const {
    return accesses(op, set, /*onlyWrites=*/true);
  }
  void join(Value a, Value b) {
    if (!of(a) || !of(b) || of(a) == of(b))
      return;
    Set one = sets[of(a)], two = sets[of(b)];
    sets[classes.join(of(a), of(b))] = {one.numAllocs + two.numAllocs,
                                        one.alloc ? one.alloc : two.alloc};
  }

  /// The number of `op` in the order in which ops run.
  int64_t begin(Operation *op) const { return numbers.lookup(op).first; }
  /// The first and last number at which the storage is in use.
  std::pair<int64_t, int64_t> &use(AllocOp alloc) { return uses[alloc]; }
  void forget(AllocOp alloc) { uses.erase(alloc); }
  /// The last use of the bytes of `alloc` by others that begin until `until`.
  int64_t busy(AllocOp alloc, int64_t until, AllocOp except = {}) const;

private:
  struct Set {
    unsigned numAllocs = 0;
    AllocOp alloc; ///< One of them.
  };
  void add(Value value);
  void joinAliases(Operation *op);
  void number(Operation *op);
  void noteUse(AllocOp alloc, Operation *user);
  bool writesOperand(OpOperand &operand) const;

  BufferizationOptions options;
  AnalysisState state;
  DenseMap<Value, unsigned> ids;
  llvm::IntEqClasses classes{1};
  SmallVector<Set> sets{Set()};
  int64_t now = 0;
  /// First and last number inside of an op.
  DenseMap<Operation *, std::pair<int64_t, int64_t>> numbers, uses;
};

} // namespace

Storages::Storages(FunctionOpInterface function) : state(options) {
  Region &body = function.getFunctionBody();
  llvm::for_each(body.getArguments(), [&](Value value) { add(value); });
  body.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), [&](Value value) { add(value); });
    for (Region &region : op->getRegions())
      llvm::for_each(region.getArguments(), [&](Value value) { add(value); });
  });
  body.walk([&](Operation *op) { joinAliases(op); });
  number(function);
  DenseMap<unsigned, SmallVector<Operation *>> users;
  body.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      users[of(operand)].push_back(op);
    // A copy reads until it is waited for.
    auto wait = dyn_cast<CopyWaitOp>(op);
    if (CopyStartOp start = wait ? wait.getStart() : nullptr)
      users[of(start.getSource())].push_back(op);
  });
  body.walk([&](AllocOp alloc) {
    if (!of(alloc.getResult()))
      return; // A memref.
    uses[alloc] = numbers[alloc];
    for (Operation *user : users[of(alloc.getResult())])
      noteUse(alloc, user);
  });
}

void Storages::add(Value value) {
  if (!isa<TensorType, FutureType>(value.getType()))
    return;
  auto alloc = value.getDefiningOp<AllocOp>();
  ids[value] = sets.size();
  sets.push_back({alloc ? 1u : 0u, alloc});
  classes.grow(sets.size());
}

void Storages::joinAliases(Operation *op) {
  if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
    RegionBranchSuccessorMapping mapping;
    branch.getSuccessorOperandInputMapping(mapping);
    for (auto &[operand, inputs] : mapping)
      for (Value input : inputs)
        join(operand->get(), input);
  }
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    for (OpOperand &init : loop.getInitsMutable())
      if (BlockArgument argument = loop.getTiedLoopRegionIterArg(&init))
        join(init.get(), argument);
  for (Value result : op->getResults()) {
    if (isa<CopyStartOp, CopyWaitOp>(op)) // The last operand is the one.
      join(op->getOperands().back(), result);
    else if (isa<CallOpInterface>(op)) // Any of them, without an analysis.
      for (Value operand : op->getOperands())
        join(operand, result);
    else if (isa<TensorType>(result.getType()))
      // All operands, where the op does not have the interface.
      for (const AliasingOpOperand &alias : state.getAliasingOpOperands(result))
        join(result, alias.opOperand->get());
  }
}

void Storages::number(Operation *op) {
  int64_t first = ++now;
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps())
      number(&inner);
  numbers[op] = {first, op->getNumRegions() ? ++now : first};
}

void Storages::noteUse(AllocOp alloc, Operation *user) {
  // All of an op whose regions use it, or that takes it from trip to trip.
  while (!user->getParentOp()->isAncestor(alloc))
    user = user->getParentOp();
  if (user->hasTrait<OpTrait::IsTerminator>())
    user = user->getParentOp();
  auto [first, last] = numbers[user];
  uses[alloc] = {std::min(uses[alloc].first, first),
                 std::max(uses[alloc].second, last)};
}

/// Whether the storage may have other contents, or another name, afterwards.
bool Storages::writesOperand(OpOperand &operand) const {
  Operation *op = operand.getOwner();
  // A copy writes until it is waited for.
  if (isa<CopyWaitOp, ReleaseOp, CallOpInterface>(op) ||
      op->hasTrait<OpTrait::IsTerminator>())
    return true;
  // What loops and branches do, the ops inside of them do.
  return !isa<RegionBranchOpInterface>(op) &&
         state.bufferizesToMemoryWrite(operand);
}

int64_t Storages::busy(AllocOp alloc, int64_t until, AllocOp except) const {
  int64_t last = 0;
  for (const auto &[op, use] : uses) {
    auto other = cast<AllocOp>(op);
    if (other != alloc && other != except && use.first <= until &&
        alloc.getOffset() < other.getOffset() + other.getBytes() &&
        other.getOffset() < alloc.getOffset() + alloc.getBytes())
      last = std::max(last, use.second);
  }
  return last;
}

static std::optional<Copy> copyOf(Value result) {
  Operation *wait = result.getDefiningOp();
  if (auto transfer = dyn_cast_or_null<TransferOp>(wait))
    return Copy{wait, wait, transfer.getSource(), transfer.getDest()};
  auto op = dyn_cast_or_null<CopyWaitOp>(wait);
  CopyStartOp start = op ? op.getStart() : nullptr;
  if (!start || !start->hasOneUse() || start->getBlock() != wait->getBlock())
    return std::nullopt;
  return Copy{start, wait, start.getSource(), start.getDest()};
}

/// Whether `op` may want the bytes of `alloc` for itself while it runs.
static bool reserves(Operation *op, AllocOp alloc) {
  return contains(op, [&](Operation *inner) {
    auto kernel = dyn_cast<KernelOp>(inner);
    return isa<CallOpInterface>(inner) ||
           (kernel && kernel.getReserved().value_or(0) > alloc.getOffset());
  });
}

/// Whether `op` only names storage, which takes no time.
static bool isStorageOp(Operation *op) {
  return isViewOp(op) ||
         isa<AllocOp, AllocTensorOp, tensor::EmptyOp, tensor::DimOp>(op);
}

/// Removes a copy whose result nothing uses, or only its release.
static bool removeUnused(Operation *start) {
  Value dest = start->getOperand(1);
  if (!isa<RankedTensorType>(dest.getType()))
    return false;
  SmallVector<Operation *> waits(1, start), dead;
  if (isa<CopyStartOp>(start))
    waits = llvm::to_vector(start->getUsers());
  for (Operation *wait : waits)
    llvm::append_range(dead, wait->getUsers());
  // The release of storage with other uses would have to stay.
  if (!llvm::all_of(dead, llvm::IsaPred<ReleaseOp>) ||
      (!dead.empty() && !(dest.getDefiningOp<AllocOp>() && dest.hasOneUse())))
    return false;
  if (isa<CopyStartOp>(start))
    llvm::append_range(dead, waits);
  dead.push_back(start);
  for (Operation *op : dead)
    op->erase();
  Operation *unused = dest.getDefiningOp();
  while (unused && unused->use_empty() && isStorageOp(unused)) {
    Operation *op = unused;
    unused = isViewOp(op) ? op->getOperand(0).getDefiningOp() : nullptr;
    op->erase();
  }
  return true;
}

/// A copy out of a value that is still where it was copied from.
static bool removeCopyOut(Storages &storages, const Copy &out) {
  std::optional<Copy> in = copyOf(out.source);
  Block *block = out.wait->getBlock();
  if (!in || in->wait->getBlock() != block ||
      storages.directionOf(in->start) != Direction::In ||
      storages.directionOf(out.start) != Direction::Out)
    return false;
  // Back to the same storage, later ops may write it as they would have. Else
  // the old storage keeps its contents, and nothing depends on the new one.
  bool same = out.dest == in->source;
  Value result = out.wait->getResult(0);
  unsigned slow = storages.of(in->source), fast = storages.of(out.source);
  unsigned back = storages.of(result);
  for (Operation *op = in->start->getNextNode(); op; op = op->getNextNode()) {
    if (op == in->wait || op == out.start || op == out.wait)
      continue;
    bool last = op == block->getTerminator();
    if (op->isBeforeInBlock(out.start) && storages.writes(op, fast))
      return false;
    if ((!same || op->isBeforeInBlock(out.wait)) && !last &&
        storages.writes(op, slow))
      return false;
    if (!same && out.wait->isBeforeInBlock(op) && storages.writes(op, back))
      return false;
  }
  result.replaceAllUsesWith(in->source);
  storages.join(result, in->source);
  return removeUnused(out.start);
}

/// A copy in of a value that could have stayed in fast memory.
static bool removeRoundTrip(Storages &storages, const Copy &in) {
  std::optional<Copy> out = copyOf(in.source);
  Block *block = in.wait->getBlock();
  if (!out || out->wait->getBlock() != block ||
      storages.directionOf(out->start) != Direction::Out ||
      storages.directionOf(in.start) != Direction::In)
    return false;
  Value result = in.wait->getResult(0);
  AllocOp kept = storages.allocOf(out->source);
  auto other = in.dest.getDefiningOp<AllocOp>();
  if (!other || !other->hasOneUse() || other->getBlock() != block ||
      kept->getBlock() != block || kept.getSpace() != other.getSpace() ||
      !storages.isAllOf(out->source, kept) ||
      !storages.isAllOf(result, other) ||
      storages.accesses(block->getTerminator(), storages.of(result)))
    return false;
  auto [first, last] = storages.use(kept);
  last = std::max(last, storages.use(other).second);
  if (storages.busy(kept, last, other) >= first)
    return false;
  unsigned fast = storages.of(out->source);
  Operation *release = nullptr;
  for (Operation *op = out->start; op; op = op->getNextNode()) {
    bool before = op->isBeforeInBlock(in.start);
    auto freed = dyn_cast<ReleaseOp>(op);
    if (freed && before && !release && storages.of(freed.getValue()) == fast)
      release = op;
    else if (before ? storages.writes(op, fast) : storages.accesses(op, fast))
      return false;
    if (storages.begin(op) <= last && reserves(op, kept))
      return false;
  }
  result.replaceAllUsesWith(out->source);
  storages.join(result, out->source);
  storages.use(kept).second = last;
  storages.forget(other);
  if (release)
    release->erase();
  return removeUnused(in.start);
}

/// Moves a start, with its storage, behind the last op that is in its way.
static bool startEarlier(Storages &storages, CopyStartOp start) {
  auto alloc = start.getDest().getDefiningOp<AllocOp>();
  Block *block = start->getBlock();
  if (!alloc || alloc->getBlock() != block || !alloc->hasOneUse() ||
      storages.directionOf(start) != Direction::In)
    return false;
  unsigned source = storages.of(start.getSource());
  int64_t busy = storages.busy(alloc, storages.begin(start));
  auto isInTheWay = [&](Operation *op) {
    auto defines = [&](Value value) { return value.getDefiningOp() == op; };
    return defines(start.getSource()) ||
           llvm::any_of(alloc.getDynamicSizes(), defines) ||
           storages.begin(op) <= busy || reserves(op, alloc) ||
           storages.writes(op, source) || contains(op, [&](Operation *inner) {
             return isa<CopyStartOp, TransferOp>(inner) &&
                    storages.directionOf(inner) != Direction::Out;
           });
  };
  bool gains = false, withAlloc = false;
  Operation *stop = start->getPrevNode();
  for (; stop && (stop == alloc || !isInTheWay(stop));
       stop = stop->getPrevNode()) {
    withAlloc |= stop == alloc;
    // Ops that take no time are no reason to move.
    gains |= !isStorageOp(stop) && !isa<CopyStartOp, ReleaseOp>(stop) &&
             !stop->hasTrait<OpTrait::ConstantLike>();
  }
  if (!gains)
    return false;
  // Their numbers stay good enough: no later copy passes this one.
  auto place = stop ? std::next(stop->getIterator()) : block->begin();
  if (withAlloc) {
    alloc->moveBefore(block, place);
    start->moveAfter(alloc);
  } else {
    start->moveBefore(block, place);
  }
  return true;
}

namespace {

class MemplOptimizeCopiesPass
    : public mempl::ir::impl::MemplOptimizeCopiesBase<MemplOptimizeCopiesPass> {
public:
  using MemplOptimizeCopiesBase::MemplOptimizeCopiesBase;

  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    if (function.isExternal() || contains(function, isUnknown))
      return markAllAnalysesPreserved();
    while (runOnce(function))
      ;
  }

private:
  /// Ops that hide what happens to storage. A copy that another trip awaits has
  /// its bytes beyond the uses of their tensor.
  static bool isUnknown(Operation *op) {
    bool known = isa<FunctionOpInterface, RegionBranchOpInterface,
                     BufferizableOpInterface>(op);
    return isa<ToBufferOp, ToTensorOp, CopyStartCarriedOp>(op) ||
           llvm::any_of(op->getRegions(), [&](Region &region) {
             return !known || llvm::hasNItemsOrMore(region, 2);
           });
  }

  bool runOnce(FunctionOpInterface function) {
    SmallVector<Operation *> starts, waits;
    function->walk([&](Operation *op) {
      if (isa<CopyStartOp, TransferOp>(op))
        starts.push_back(op);
      if (isa<CopyWaitOp, TransferOp>(op) && op->getNumResults() == 1)
        waits.push_back(op);
    });
    bool changed = false;
    auto count = [&](bool applied, Statistic &statistic) {
      statistic += applied;
      changed |= applied;
    };
    for (Operation *start : llvm::reverse(starts))
      count(removeUnused(start), numUnused);
    if (changed)
      return true;
    Storages storages(function);
    for (Operation *wait : waits)
      if (std::optional<Copy> copy = copyOf(wait->getResult(0)))
        count(removeCopyOut(storages, *copy) ||
                  removeRoundTrip(storages, *copy),
              numRoundTrips);
    if (changed)
      return true;
    for (Operation *start : starts)
      if (isa<CopyStartOp>(start))
        count(startEarlier(storages, cast<CopyStartOp>(start)),
              numStartedEarlier);
    return changed;
  }
};

} // namespace
