//===- BlockExtractor.cpp - storages, views and steps of a block ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Analysis/CostOpInterface.h"
#include "mempl/Analysis/Target.h"
#include "mempl/Analysis/Trips.h"
#include "mempl/IR/Mempl.h"
#include "mempl/IR/SourceLocation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::AccessMode;
using mempl::SpaceConstraint;
using mempl::ValueKind;

static bool isTensor(Value value) { return isa<TensorType>(value.getType()); }

static bool accessesTensors(Operation *op) {
  return llvm::any_of(op->getOperands(), isTensor) ||
         llvm::any_of(op->getResults(), isTensor);
}

/// Whether the op or one inside of it works on tensors.
static bool holdsTensors(Operation *op) {
  if (accessesTensors(op))
    return true;
  if (op->getNumRegions() == 0)
    return false;
  return op
      ->walk([&](Operation *nested) {
        return nested != op && accessesTensors(nested) ? WalkResult::interrupt()
                                                       : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The name that a location gives, else an empty string.
static StringRef nameOf(Location loc) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return named.getName();
  return {};
}

//===----------------------------------------------------------------------===//
// Storages and views
//===----------------------------------------------------------------------===//

int64_t BlockExtractor::bytesOf(Value tensor, const Reference &reference) {
  DataLayout layout =
      DataLayout::closest(tensor.getParentRegion()->getParentOp());
  std::optional<int64_t> given = maxBytesIn(userAttributesOf(tensor));
  if (std::optional<int64_t> bytes = upperBoundBytes(tensor, layout))
    return given ? std::min(*given, *bytes) : *bytes;
  if (given)
    return *given;
  if (!reference.owner)
    return 0;
  return reference.owner->program.storages[reference.view.storage].size;
}

/// What `mempl.max_bytes` on a later name of a storage says about its size.
void BlockExtractor::noteMaxBytes(Value tensor, const Reference &reference) {
  std::optional<int64_t> given = maxBytesIn(userAttributesOf(tensor));
  bool isPart = llvm::any_of(reference.view.chain, [](Operation *view) {
    return isa<tensor::ExtractSliceOp>(view);
  });
  if (!given || !reference.owner || isPart)
    return;
  Value root = reference.owner->program.storages[reference.view.storage].root;
  if (root == tensor)
    return;
  auto [it, isNew] = context.maxBytes.try_emplace(root, *given);
  it->second = std::min(it->second, *given);
}

/// The space that an allocation or a buffer of the program is constrained to.
static Attribute constrainedSpaceOf(Value root) {
  if (auto alloc = root.getDefiningOp<bufferization::AllocTensorOp>())
    return alloc.getMemorySpaceAttr();
  if (auto buffer = root.getDefiningOp<bufferization::ToTensorOp>())
    if (auto type = dyn_cast<BaseMemRefType>(buffer.getBuffer().getType()))
      return type.getMemorySpace();
  return {};
}

int32_t BlockExtractor::addStorage(Value root, bool allocated) {
  Storage storage;
  storage.root = root;
  storage.allocated = allocated;
  auto type = cast<TensorType>(root.getType());
  auto ranked = dyn_cast<RankedTensorType>(type);
  auto argument = dyn_cast<BlockArgument>(root);
  func::FuncOp function;
  if (argument)
    function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  auto keep = [&](const SlowReason &reason) {
    storage.slowReason = reason.text;
    storage.sharedReason = reason.shared;
  };
  std::optional<int64_t> given = maxBytesIn(userAttributesOf(root));
  if (auto later = context.maxBytes.find(root); later != context.maxBytes.end())
    given = given ? std::min(*given, later->second) : later->second;
  DataLayout layout =
      DataLayout::closest(root.getParentRegion()->getParentOp());
  bool unbounded = false;
  std::optional<int64_t> bytes = upperBoundBytes(root, layout);
  if (bytes || given) {
    storage.size = !bytes                            ? *given
                   : given && !type.hasStaticShape() ? std::min(*bytes, *given)
                                                     : *bytes;
  } else {
    keep(unboundedReason());
    unbounded = true;
  }
  // One place in fast memory cannot serve trips that run at the same time.
  if (parallel && storage.slowReason.empty())
    keep({"is allocated in a parallel loop, whose trips may run at the same "
          "time",
          ""});
  if (!ranked)
    keep({"has no rank", ""});
  else if (ranked.getEncoding())
    keep(encodingReason(ranked.getEncoding()));
  else if (Attribute space = constrainedSpaceOf(root))
    keep(memorySpaceReason(space));

  int32_t index = program.storages.size();
  mempl::Value value;
  value.size = storage.size;
  StringRef name = nameOf(root.getLoc());
  if (!name.empty())
    value.name = name.str();
  else if (argument && function)
    value.name = "arg" + std::to_string(argument.getArgNumber());
  else if (argument)
    value.name = "carried" + std::to_string(index);
  else if (isa<arith::ConstantOp>(root.getDefiningOp()))
    value.name = "constant" + std::to_string(index);
  else
    value.name = "v" + std::to_string(index);
  if (function || (!argument && isa<arith::ConstantOp>(root.getDefiningOp())))
    value.kind = ValueKind::Input;
  // Others are written by a step, which says where.
  if (argument || value.kind == ValueKind::Input)
    value.source = sourceTextOf(root.getLoc());
  if (unbounded)
    context.unknowns.push_back(
        {UnknownFigure::Size, root.getLoc(), value.name});
  program.storages.push_back(std::move(storage));
  program.instance.program.values.push_back(std::move(value));
  defined.push_back(!allocated);
  return index;
}

void BlockExtractor::bind(Value tensor, Reference reference) {
  noteMaxBytes(tensor, reference);
  if (reference.owner)
    reference.owner->program.views[tensor] = reference.view;
  references[tensor] = std::move(reference);
}

void BlockExtractor::bindNew(Value tensor, bool allocated) {
  Reference reference;
  reference.owner = this;
  reference.view.storage = addStorage(tensor, allocated);
  bind(tensor, std::move(reference));
}

BlockExtractor::Reference *BlockExtractor::find(Value tensor) {
  auto it = references.find(tensor);
  if (it != references.end())
    return &it->second;
  return outer ? outer->find(tensor) : nullptr;
}

BlockExtractor::Reference &BlockExtractor::resolve(Value tensor) {
  if (Reference *known = find(tensor))
    return *known;
  // The result of an op that the walk has nothing to say about.
  bindNew(tensor, /*allocated=*/false);
  keepSlow(*find(tensor), "comes from an op that mempl does not know");
  return *find(tensor);
}

mempl::Value &BlockExtractor::valueOf(const Reference &reference) {
  return reference.owner->program.instance.program
      .values[reference.view.storage];
}

void BlockExtractor::keepSlow(const Reference &reference,
                              const llvm::Twine &reason) {
  keepSlow(reference, SlowReason{reason.str(), ""});
}

void BlockExtractor::keepSlow(const Reference &reference,
                              const SlowReason &reason) {
  Storage &storage = reference.owner->program.storages[reference.view.storage];
  if (!storage.slowReason.empty())
    return;
  storage.slowReason = reason.text;
  storage.sharedReason = reason.shared;
}

/// The step can use what is in the place of `reference` in slow memory only,
/// other steps can use it anywhere: where several tensors flow together, it is
/// known at run time only which of them is read, or written by those who know
/// that nobody reads it again.
bool BlockExtractor::isReadOnly(const Reference &reference) {
  return reference.owner->program.storages[reference.view.storage].readOnly;
}

/// Says that the storage of `tensor` may be that of `other`.
void BlockExtractor::mayShare(Value tensor, const Reference &other) {
  const Reference &own = resolve(tensor);
  // Bufferization reinterprets integers and indices at most.
  const Storage &storage = other.owner->program.storages[other.view.storage];
  Type one = getElementTypeOrSelf(tensor),
       two = getElementTypeOrSelf(storage.root);
  if (one != two && !(one.isIntOrIndex() && two.isIntOrIndex()))
    return;
  own.owner->sharers[own.view.storage].push_back(other);
  context.orderFacts.sharing.unionSets(keyOf(own), keyOf(other));
}

void BlockExtractor::noteUse(Operation *op, const Reference &reference,
                             bool writes) {
  context.orderFacts.uses[&program][op].push_back({keyOf(reference), writes});
}

/// What an op does with storages although it is no step: an insertion in place
/// makes a new version, a deallocation ends the last one.
void BlockExtractor::noteNoStep(Operation *op) {
  bool known = isMemoryEffectFree(op);
  for (OpOperand &operand : op->getOpOperands())
    if (isTensor(operand.get()) &&
        (!known || context.state.bufferizesToMemoryWrite(operand)))
      noteUse(op, resolve(operand.get()), /*writes=*/true);
}

/// The tensors of an op that works on memrefs as well may be one of these.
void BlockExtractor::noteBuffers(Operation *op) {
  auto isBuffer = [](Type type) { return isa<BaseMemRefType>(type); };
  if (llvm::none_of(op->getOperandTypes(), isBuffer) &&
      llvm::none_of(op->getResultTypes(), isBuffer))
    return;
  auto note = [&](Value value) {
    if (isTensor(value))
      context.orderFacts.buffers.insert(keyOf(resolve(value)));
  };
  llvm::for_each(op->getOperands(), note);
  llvm::for_each(op->getResults(), note);
}

/// Adds that what may share a storage that a step writes is written, too: no
/// copy of it may be under way then.
void BlockExtractor::accessSharers(StorageAccesses &accesses) {
  using Key = std::pair<BlockExtractor *, int32_t>;
  std::set<Key> seen;
  for (size_t i = 0; i < accesses.size(); ++i) {
    Key key(accesses[i].target.owner, accesses[i].target.view.storage);
    // The step that says which of them it is does not write it.
    if (!accesses[i].writes || !key.first->defined[key.second] ||
        !seen.insert(key).second)
      continue;
    for (const Reference &other : key.first->sharers.lookup(key.second)) {
      StorageAccess access;
      access.target = other;
      access.reads = access.slowOnly = true;
      access.writes = !isReadOnly(other);
      accesses.push_back(std::move(access));
    }
  }
}

void BlockExtractor::readSlow(const Reference &reference,
                              const llvm::Twine &reason,
                              StorageAccesses &accesses) {
  readSlow(reference, SlowReason{reason.str(), ""}, accesses);
}

void BlockExtractor::readSlow(const Reference &reference,
                              const SlowReason &reason,
                              StorageAccesses &accesses) {
  reference.owner->slowUses.try_emplace(reference.view.storage, reason);
  StorageAccess access;
  access.target = reference;
  access.reads = access.slowOnly = true;
  accesses.push_back(std::move(access));
}

/// A slice that every trip finds in another place. The tensor that it is taken
/// from stays in slow memory meanwhile.
void BlockExtractor::bindStreamed(tensor::ExtractSliceOp slice,
                                  Operation *insertion) {
  Reference whole = resolve(slice.getSource());
  bindNew(slice, /*allocated=*/false);
  Storage &storage = program.storages.back();
  storage.streamed = true;
  storage.insertion = insertion;
  storage.readOnly = !insertion;
  mempl::Value &value = program.instance.program.values.back();
  value.streamed = true;
  value.kind = insertion ? ValueKind::InOut : ValueKind::Input;
  StorageAccesses accesses;
  readSlow(whole, slicesReason(), accesses);
  accesses.back().writes = insertion;
  llvm::append_range(foreign, accesses);
}

void BlockExtractor::bindView(Operation *op) {
  Reference reference = resolve(op->getOperand(0));
  reference.view.chain.push_back(op);
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto source = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  bool reshape = isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
  if (!type || !source ||
      (reshape && !(type.hasStaticShape() && source.hasStaticShape())))
    keepSlow(reference, "is reshaped with a dynamic shape");
  bind(op->getResult(0), std::move(reference));
}

/// The result of an op that gives `aliased` another name and writes nothing:
/// never a new version of the storage, whose old name stays good.
void BlockExtractor::bindAlias(OpResult result, OpOperand &aliased) {
  Operation *op = result.getOwner();
  Reference reference = resolve(aliased.get());
  reference.view.chain.push_back(op);
  DataLayout layout = DataLayout::closest(op);
  if (!isAliasCast(op) ||
      upperBoundBytes(result, layout) != upperBoundBytes(aliased.get(), layout))
    keepSlow(reference, "is renamed by '" + op->getName().getStringRef() +
                            "', which cannot be done again in fast memory");
  bind(result, std::move(reference));
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void BlockExtractor::addStep(Operation *op, StorageAccesses accesses,
                             double seconds, int64_t reserved,
                             std::unique_ptr<FunctionProblem> body,
                             int64_t trips) {
  accessSharers(accesses);
  for (const StorageAccess &access : accesses)
    noteUse(op, access.target, access.writes);
  // All that the step does with a storage is one access.
  llvm::MapVector<int32_t, StorageAccess> own;
  for (StorageAccess &access : accesses) {
    if (access.target.owner != this) {
      foreign.push_back(access);
      continue;
    }
    auto [it, isNew] = own.try_emplace(access.target.view.storage, access);
    if (isNew)
      continue;
    StorageAccess &sum = it->second;
    sum.wholeWrite = sum.writes && access.writes
                         ? sum.wholeWrite && access.wholeWrite
                         : (sum.wholeWrite || access.wholeWrite);
    addBytes(sum.readBytes, access.readBytes);
    addBytes(sum.writtenBytes, access.writtenBytes);
    sum.reads |= access.reads;
    sum.writes |= access.writes;
    sum.slowOnly |= access.slowOnly;
  }
  mempl::Step step;
  step.compute = body ? 0 : seconds;
  step.reserved = reserved;
  step.trips = trips;
  StringRef name = nameOf(op->getLoc());
  step.name = name.empty() ? op->getName().getStringRef().str() : name.str();
  if (body)
    body->instance.name = step.name;
  for (auto &[storage, use] : own) {
    mempl::Access access;
    access.value = storage;
    if (!defined[storage]) {
      // What it reads there is undefined; only a write makes it a use.
      if (!use.writes)
        continue;
      access.mode = AccessMode::Write;
      access.bytes = use.readBytes + use.writtenBytes;
      defined[storage] = true;
    } else if (!use.writes) {
      access.mode = AccessMode::Read;
      access.bytes = use.readBytes;
    } else {
      access.mode =
          use.wholeWrite && !use.reads ? AccessMode::Write : AccessMode::Update;
      access.bytes = use.readBytes + use.writtenBytes;
    }
    if (use.slowOnly)
      access.space = SpaceConstraint::Slow;
    step.accesses.push_back(access);
  }
  bool empty = step.accesses.empty() && step.compute == 0 && reserved == 0;
  if (empty && !body && accesses.empty())
    return;
  program.addStep(op, std::move(step), std::move(body));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void BlockExtractor::runOnFunction(func::FuncOp function) {
  Block &block = function.getBody().front();
  program.block = &block;
  for (BlockArgument argument : block.getArguments()) {
    if (!isTensor(argument))
      continue;
    bindNew(argument, /*allocated=*/false);
    if (auto writable = function.getArgAttrOfType<BoolAttr>(
            argument.getArgNumber(),
            bufferization::BufferizationDialect::kWritableAttrName))
      program.storages.back().readOnly = !writable.getValue();
  }
  visitBlock(block, nullptr);
}

void BlockExtractor::visitBlock(Block &block, StorageAccesses *accesses) {
  for (Operation &op : block)
    visit(&op, accesses);
  // Only what must be slow is a constraint; the rest is for the solvers.
  if (&block != program.block)
    return;
  llvm::BitVector free(program.storages.size());
  for (const mempl::Step &step : program.instance.program.steps)
    for (const mempl::Access &access : step.accesses)
      if (access.space != SpaceConstraint::Slow)
        free.set(access.value);
  for (auto [i, storage] : llvm::enumerate(program.storages))
    if (storage.slowReason.empty() && !free[i]) {
      SlowReason reason = slowUses.lookup(i);
      storage.slowReason = reason.text;
      storage.sharedReason = reason.shared;
    }
  for (auto [value, storage] :
       llvm::zip_equal(program.instance.program.values, program.storages))
    if (!storage.slowReason.empty()) {
      value.space = SpaceConstraint::Slow;
      context.notes.push_back({storage.root.getLoc(),
                               "'" + value.name +
                                   "' stays in slow memory: it " +
                                   storage.slowReason,
                               /*aboutStorage=*/true});
    }
}

/// Visits an op of this block. With `accesses`, the op is inside an opaque
/// step, to which everything that it does belongs.
void BlockExtractor::visit(Operation *op, StorageAccesses *outerAccesses) {
  if (isa<tensor::DimOp, tensor::RankOp>(op) || !holdsTensors(op))
    return;
  bool copies = llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
    return context.isCopied(operand);
  });
  if (auto streamed = context.streamed.find(op);
      streamed != context.streamed.end())
    return bindStreamed(cast<tensor::ExtractSliceOp>(op), streamed->second);
  if (isViewOp(op) && !copies)
    return bindView(op);
  if (isa<tensor::EmptyOp>(op) ||
      (isa<bufferization::AllocTensorOp>(op) &&
       op->getNumOperands() ==
           cast<bufferization::AllocTensorOp>(op).getDynamicSizes().size())) {
    bindNew(op->getResult(0), /*allocated=*/true);
    if (outerAccesses)
      keepSlow(resolve(op->getResult(0)),
               "is allocated inside '" +
                   op->getParentOp()->getName().getStringRef() + "'");
    return;
  }
  if (isa<arith::ConstantOp>(op)) {
    bindNew(op->getResult(0), /*allocated=*/false);
    program.storages.back().readOnly = true;
    if (outerAccesses || outer)
      keepSlow(resolve(op->getResult(0)), "is a constant inside a region");
    return;
  }
  if (auto ret = dyn_cast<func::ReturnOp>(op))
    return visitReturn(ret);
  if (auto inserts = dyn_cast<scf::InParallelOp>(op))
    return visitInParallel(inserts, outerAccesses);
  if (op->hasTrait<OpTrait::IsTerminator>())
    return;
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visitLoop(loop, outerAccesses);
  if (auto loop = dyn_cast<scf::ForallOp>(op))
    return visitForall(loop, outerAccesses);

  StorageAccesses own;
  StorageAccesses &accesses = outerAccesses ? *outerAccesses : own;
  double seconds = -1;
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  if (insert && !copies)
    visitInsertSlice(insert, accesses);
  else if (auto branch = dyn_cast<scf::IfOp>(op))
    visitIf(branch, accesses);
  else if (auto call = dyn_cast<func::CallOp>(op))
    visitCall(call, accesses, seconds);
  else if (op->getNumRegions() > 0 &&
           (isa<RegionBranchOpInterface, LoopLikeOpInterface>(op) ||
            !context.options.dynCastBufferizableOp(op)))
    visitOpaqueRegions(op, accesses);
  else if (!context.options.dynCastBufferizableOp(op))
    visitUnknown(op, accesses);
  else
    visitBufferizable(op, accesses);
  noteBuffers(op);
  if (outerAccesses) {
    callSeconds += std::max(seconds, 0.0);
    return;
  }
  OpWork work = workOf(op);
  if (seconds < 0) {
    noteWork(op, work, context);
    seconds = context.cost.computeSeconds(op) + callSeconds;
    callSeconds = 0;
  }
  size_t numSteps = program.steps.size();
  addStep(op, std::move(own), seconds, work.reservedBytes, nullptr, 1);
  if (program.steps.size() == numSteps)
    noteNoStep(op);
}

OpOperand *BlockExtractor::tiedOperand(OpResult result) {
  bufferization::AliasingOpOperandList aliases =
      context.state.getAliasingOpOperands(result);
  if (aliases.getNumAliases() != 1)
    return nullptr;
  const bufferization::AliasingOpOperand &alias = *aliases.begin();
  return alias.relation == bufferization::BufferRelation::Equivalent &&
                 alias.isDefinite
             ? alias.opOperand
             : nullptr;
}

void BlockExtractor::visitBufferizable(Operation *op,
                                       StorageAccesses &accesses) {
  OpWork work = workOf(op);
  bool givesBuffer = llvm::any_of(op->getResultTypes(), [](Type type) {
    return isa<BaseMemRefType>(type);
  });
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isTensor(operand.get()))
      continue;
    StorageAccess access;
    access.target = resolve(operand.get());
    access.reads = context.state.bufferizesToMemoryRead(operand);
    access.writes = context.state.bufferizesToMemoryWrite(operand);
    if (givesBuffer)
      keepSlow(access.target, "is used as a buffer, which '" +
                                  op->getName().getStringRef() + "' gives");
    bool copied = context.isCopied(operand);
    if (!access.reads && !access.writes && !copied)
      continue;
    if (copied) {
      access.reads |= !context.analysis->canOmitTensorCopy(operand);
      access.slowOnly = true;
      // The analysis that decides runs again on the placed function, and may
      // find that it can do without the copy.
      access.writes = !isReadOnly(access.target);
    }
    int64_t bytes = bytesOf(operand.get(), access.target);
    access.readBytes = access.reads ? bytes : 0;
    access.writtenBytes = access.writes && !copied ? bytes : 0;
    for (const auto &[number, moved] : work.accessed)
      if (number == operand.getOperandNumber()) {
        access.readBytes = access.writes ? 0 : moved;
        access.writtenBytes = access.writes ? moved : 0;
      }
    bool whole = llvm::none_of(access.target.view.chain, [](Operation *view) {
      return isa<tensor::ExtractSliceOp>(view);
    });
    access.wholeWrite = access.writes && !access.reads && whole;
    accesses.push_back(std::move(access));
  }
  visitCaptured(op, accesses);
  for (OpResult result : op->getResults()) {
    if (!isTensor(result))
      continue;
    OpOperand *tied = tiedOperand(result);
    bool copied = tied && context.isCopied(*tied);
    if (tied && !copied) {
      if (!context.state.bufferizesToMemoryWrite(*tied)) {
        bindAlias(result, *tied);
        continue;
      }
      Reference reference = resolve(tied->get());
      if (tied->get().getType() != result.getType())
        keepSlow(reference, "changes its type where it is written");
      bind(result, std::move(reference));
      continue;
    }
    bufferization::AliasingOpOperandList aliases =
        context.state.getAliasingOpOperands(result);
    for (const bufferization::AliasingOpOperand &alias : aliases)
      if (!context.isCopied(*alias.opOperand))
        readSlow(resolve(alias.opOperand->get()),
                 "is one of several tensors that the result of '" +
                     op->getName().getStringRef() + "' may be",
                 accesses);
    bindNew(result, /*allocated=*/false);
    for (const bufferization::AliasingOpOperand &alias : aliases)
      mayShare(result, resolve(alias.opOperand->get()));
    Reference &reference = resolve(result);
    if (copied)
      keepSlow(reference, "is a copy that bufferization makes");
    else if (aliases.getNumAliases() > 0)
      keepSlow(reference, "may share its storage with several tensors");
    program.storages[reference.view.storage].readOnly =
        !cast<bufferization::BufferizableOpInterface>(op).isWritable(
            result, context.state);
    // The op brings the buffer, and it is in slow memory.
    StorageAccess access;
    access.target = reference;
    access.writes = access.wholeWrite = access.slowOnly = true;
    access.writtenBytes = bytesOf(result, reference);
    defined[reference.view.storage] = false;
    accesses.push_back(std::move(access));
  }
}

/// The payload of a linalg op may read tensors from around it, an element per
/// iteration: that is how a gather looks.
void BlockExtractor::visitCaptured(Operation *op, StorageAccesses &accesses) {
  if (op->getNumRegions() == 0)
    return;
  int64_t iterations = -1;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    iterations = 1;
    for (int64_t range : linalgOp.getStaticLoopRanges())
      if (ShapedType::isDynamic(range) ||
          llvm::MulOverflow(iterations, range, iterations)) {
        iterations = -1;
        break;
      }
  }
  op->walk([&](Operation *nested) {
    if (nested == op || isa<tensor::DimOp, tensor::RankOp>(nested))
      return;
    for (OpOperand &operand : nested->getOpOperands()) {
      Value tensor = operand.get();
      if (!isTensor(tensor) ||
          op->isAncestor(tensor.getParentBlock()->getParentOp()))
        continue;
      StorageAccess access;
      access.target = resolve(tensor);
      access.reads = true;
      access.writes = !isa<func::CallOp>(nested) &&
                      context.state.bufferizesToMemoryWrite(operand);
      access.readBytes = bytesOf(tensor, access.target);
      access.writtenBytes = access.writes ? access.readBytes : 0;
      Type elementType = cast<TensorType>(tensor.getType()).getElementType();
      int64_t element = bytesOfType(RankedTensorType::get({}, elementType),
                                    DataLayout::closest(op))
                            .value_or(0);
      if (isa<tensor::ExtractOp>(nested) && iterations >= 0 &&
          iterations < access.readBytes / std::max<int64_t>(element, 1))
        access.readBytes = iterations * element;
      accesses.push_back(std::move(access));
    }
  });
}

void BlockExtractor::visitInsertSlice(tensor::InsertSliceOp insert,
                                      StorageAccesses &accesses) {
  Reference dest = resolve(insert.getDest());
  bind(insert.getResult(), dest);
  visitInsertion(insert, insert.getSource(), insert.getDest(), accesses);
}

void BlockExtractor::visitInParallel(scf::InParallelOp op,
                                     StorageAccesses *outerAccesses) {
  StorageAccesses own;
  StorageAccesses &accesses = outerAccesses ? *outerAccesses : own;
  for (Operation &nested : op.getYieldingOps())
    if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(nested))
      visitInsertion(insert, insert.getSource(), insert.getDest(), accesses);
  if (!outerAccesses)
    addStep(op, std::move(own), 0, 0, nullptr, 1);
}

/// Whether what is inserted is there already.
bool BlockExtractor::isOwnPlace(Operation *insert, const Reference &source,
                                const Reference &dest) {
  const Storage &storage = source.owner->program.storages[source.view.storage];
  bool sameStorage =
      source.owner == dest.owner && source.view.storage == dest.view.storage;
  return storage.insertion == insert ||
         (sameStorage && isInsertInPlace(insert));
}

/// What an op does that puts a tensor into a part of another one.
void BlockExtractor::visitInsertion(Operation *insert, Value from, Value into,
                                    StorageAccesses &accesses) {
  Reference dest = resolve(into);
  Reference source = resolve(from);
  if (isOwnPlace(insert, source, dest))
    return;
  int64_t bytes = bytesOf(from, source);
  StorageAccess read;
  read.target = source;
  read.reads = true;
  read.readBytes = bytes;
  accesses.push_back(std::move(read));
  StorageAccess write;
  write.target = dest;
  write.writes = true;
  write.writtenBytes = bytes;
  auto part = cast<RankedTensorType>(from.getType()),
       whole = cast<RankedTensorType>(into.getType());
  write.wholeWrite = dest.view.chain.empty() && part.hasStaticShape() &&
                     whole.hasStaticShape() &&
                     part.getNumElements() == whole.getNumElements();
  accesses.push_back(std::move(write));
}

void BlockExtractor::visitUnknown(Operation *op, StorageAccesses &accesses) {
  SlowReason reason = doesNotBufferizeReason(op);
  for (Value operand : op->getOperands()) {
    if (!isTensor(operand))
      continue;
    StorageAccess access;
    access.target = resolve(operand);
    access.reads = access.slowOnly = true;
    access.readBytes = bytesOf(operand, access.target);
    keepSlow(access.target, reason);
    accesses.push_back(std::move(access));
  }
  for (OpResult result : op->getResults()) {
    if (!isTensor(result))
      continue;
    bindNew(result, /*allocated=*/false);
    keepSlow(resolve(result), reason);
    StorageAccess access;
    access.target = resolve(result);
    access.writes = access.wholeWrite = access.slowOnly = true;
    access.writtenBytes = bytesOf(result, access.target);
    defined[access.target.view.storage] = false;
    accesses.push_back(std::move(access));
  }
}

void BlockExtractor::visitReturn(func::ReturnOp op) {
  std::vector<char> written(program.storages.size(), 0);
  for (const mempl::Step &step : program.instance.program.steps)
    for (const mempl::Access &access : step.accesses)
      written[access.value] |= access.writes();
  for (Value operand : op.getOperands()) {
    if (!isTensor(operand))
      continue;
    const Reference &reference = resolve(operand);
    // What no step has written is what it was, in slow memory.
    if (size_t(reference.view.storage) >= written.size() ||
        !written[reference.view.storage])
      continue;
    mempl::Value &value = valueOf(reference);
    value.kind = value.isInput() ? ValueKind::InOut : ValueKind::Output;
  }
}
