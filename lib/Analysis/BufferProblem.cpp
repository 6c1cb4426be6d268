//===- BufferProblem.cpp - a function on memrefs as a program -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same analysis after bufferization. A storage is an allocation, an
// argument or a global; upstream's BufferViewFlowAnalysis says which memrefs
// are views of it, and the memory effects of ops say who reads and writes.
// Buffers that a memref may be one of, and those that calls or unknown ops
// take, stay in slow memory; so do memrefs that are in another memory space.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Analysis/Trips.h"
#include "mempl/IR/SourceLocation.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::AccessMode;
using mempl::SpaceConstraint;
using mempl::ValueKind;

namespace {

/// What the blocks of one function share.
struct BufferContext {
  BufferContext(func::FuncOp function, ExtractionContext &extraction)
      : flow(function), layout(DataLayout::closest(function)),
        extraction(extraction) {}

  BufferViewFlowAnalysis flow;
  DataLayout layout;
  ExtractionContext &extraction;
};

/// Bytes that a step moves of a storage.
struct BufferAccess {
  int64_t readBytes = 0, writtenBytes = 0;
  bool reads = false, writes = false;
  bool wholeWrite = true; ///< Every write covers the storage.
};

class BufferBlockExtractor {
public:
  BufferBlockExtractor(FunctionProblem &program, BufferContext &context,
                       BufferBlockExtractor *outer, bool parallel = false)
      : program(program), context(context), outer(outer),
        parallel(parallel || (outer && outer->parallel)) {}

  void run(Block &block);
  void addArguments(func::FuncOp function);

private:
  using Key = std::pair<BufferBlockExtractor *, int32_t>;
  using StorageAccesses = llvm::MapVector<Key, BufferAccess>;

  void addStorage(Value root, ValueKind kind, StringRef name);
  Key find(Value root);
  SmallVector<Key, 1> storagesOf(Value memref);
  void keepSlow(Key key, const llvm::Twine &reason);
  void access(Value memref, bool reads, bool writes, StorageAccesses &accesses);
  void visit(Operation *op);
  void keepUnknownViewsSlow(Operation *op);
  void visitEffects(Operation *op, StorageAccesses &accesses);
  void visitRegions(Operation *op, StorageAccesses &accesses);
  void visitLoop(LoopLikeOpInterface loop);
  void addStep(Operation *op, const StorageAccesses &accesses,
               std::unique_ptr<FunctionProblem> body, int64_t trips);

  FunctionProblem &program;
  BufferContext &context;
  BufferBlockExtractor *outer;
  /// The block, or one around it, is the body of a parallel loop.
  bool parallel;
  DenseMap<Value, int32_t> indices; ///< Of storages, by root.
  std::vector<char> defined;
  StorageAccesses foreign;
};

} // namespace

void BufferBlockExtractor::addStorage(Value root, ValueKind kind,
                                      StringRef name) {
  auto type = cast<BaseMemRefType>(root.getType());
  Storage storage;
  storage.root = root;
  storage.allocated = kind == ValueKind::Temporary;
  if (std::optional<int64_t> bytes = upperBoundBytes(root, context.layout))
    storage.size = *bytes;
  else
    storage.slowReason = "has a dynamic size without a bound";
  bool unbounded = !storage.slowReason.empty();
  // One place in fast memory cannot serve trips that run at the same time.
  if (parallel && !unbounded)
    storage.slowReason = "is allocated in a parallel loop, whose trips may run "
                         "at the same time";
  if (type.getMemorySpace())
    storage.slowReason = memorySpaceReason(type.getMemorySpace()).text;
  mempl::Value value;
  value.size = storage.size;
  value.kind = kind;
  value.name = name.str();
  if (auto named = dyn_cast<NameLoc>(root.getLoc()))
    value.name = named.getName().str();
  // Others are written by a step, which says where.
  if (kind == ValueKind::Input)
    value.source = sourceTextOf(root.getLoc());
  if (unbounded)
    context.extraction.unknowns.push_back(
        {UnknownFigure::Size, root.getLoc(), value.name});
  indices[root] = program.storages.size();
  program.views[root].storage = program.storages.size();
  defined.push_back(kind != ValueKind::Temporary);
  program.storages.push_back(std::move(storage));
  program.instance.program.values.push_back(std::move(value));
}

BufferBlockExtractor::Key BufferBlockExtractor::find(Value root) {
  auto it = indices.find(root);
  if (it != indices.end())
    return {this, it->second};
  return outer ? outer->find(root) : Key(nullptr, -1);
}

/// The storages that `memref` may be a view of.
SmallVector<BufferBlockExtractor::Key, 1>
BufferBlockExtractor::storagesOf(Value memref) {
  SmallVector<Key, 1> keys;
  for (Value source : context.flow.resolveReverse(memref)) {
    Key key = find(source);
    if (key.first && !llvm::is_contained(keys, key))
      keys.push_back(key);
  }
  llvm::sort(keys, [](Key a, Key b) { return a.second < b.second; });
  return keys;
}

void BufferBlockExtractor::keepSlow(Key key, const llvm::Twine &reason) {
  std::string &text = key.first->program.storages[key.second].slowReason;
  if (text.empty())
    text = reason.str();
}

void BufferBlockExtractor::access(Value memref, bool reads, bool writes,
                                  StorageAccesses &accesses) {
  SmallVector<Key, 1> keys = storagesOf(memref);
  int64_t bytes = upperBoundBytes(memref, context.layout).value_or(0);
  for (Key key : keys) {
    if (keys.size() > 1)
      keepSlow(key, "is one of several buffers that a memref may be");
    const Storage &storage = key.first->program.storages[key.second];
    BufferAccess &sum = accesses[key];
    sum.reads |= reads;
    sum.writes |= writes;
    addBytes(sum.readBytes, reads ? bytes : 0);
    addBytes(sum.writtenBytes, writes ? bytes : 0);
    if (writes && (keys.size() > 1 || bytes < storage.size))
      sum.wholeWrite = false;
  }
}

namespace {
/// What a load or a store moves.
struct Element {
  Value memref;
  Type type; ///< Of a scalar or a vector.
  bool load;
};
} // namespace

/// Of an op that moves one element, or one vector.
static std::optional<Element> elementOf(Operation *op) {
  if (isa<memref::LoadOp, affine::AffineReadOpInterface, vector::LoadOp>(op))
    return Element{op->getOperand(0), op->getResult(0).getType(), true};
  if (isa<memref::StoreOp, affine::AffineWriteOpInterface, vector::StoreOp>(op))
    return Element{op->getOperand(1), op->getOperand(0).getType(), false};
  auto transfer = dyn_cast<VectorTransferOpInterface>(op);
  if (!transfer || !isa<MemRefType>(transfer.getBase().getType()) ||
      transfer.getVectorType().isScalable())
    return std::nullopt;
  return Element{transfer.getBase(), transfer.getVectorType(),
                 isa<vector::TransferReadOp>(op)};
}

/// Upstream's analysis does not know every op whose result is a view of an
/// operand (arith.index_cast): what is done with it is not seen.
void BufferBlockExtractor::keepUnknownViewsSlow(Operation *op) {
  if (isa<RegionBranchOpInterface>(op))
    return;
  for (Value result : op->getResults())
    for (Value operand : op->getOperands())
      if (isa<BaseMemRefType>(result.getType()) &&
          isa<BaseMemRefType>(operand.getType()) &&
          !context.flow.resolve(operand).contains(result))
        for (Key key : storagesOf(operand))
          keepSlow(key, "is used by '" + op->getName().getStringRef() +
                            "', whose result may be a view of it");
}

void BufferBlockExtractor::visitEffects(Operation *op,
                                        StorageAccesses &accesses) {
  if (isa<memref::DimOp, memref::DeallocOp, ViewLikeOpInterface>(op))
    return;
  keepUnknownViewsSlow(op);
  if (std::optional<Element> element = elementOf(op)) {
    int64_t bytes =
        bytesOfType(MemRefType::get({}, element->type), context.layout)
            .value_or(0);
    for (Key key : storagesOf(element->memref)) {
      BufferAccess &sum = accesses[key];
      (element->load ? sum.reads : sum.writes) = true;
      (element->load ? sum.readBytes : sum.writtenBytes) += bytes;
      sum.wholeWrite &= element->load;
    }
    return;
  }
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  bool control = isa<RegionBranchOpInterface>(op) ||
                 op->hasTrait<OpTrait::IsTerminator>() ||
                 op->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
  for (Value operand :
       llvm::SmallSetVector<Value, 4>(op->operand_begin(), op->operand_end())) {
    if (!isa<BaseMemRefType>(operand.getType()) || (control && !effects))
      continue;
    if (!effects) {
      for (Key key : storagesOf(operand))
        keepSlow(key, "is used by '" + op->getName().getStringRef() +
                          "', which does not say how it uses memory");
      access(operand, /*reads=*/true, /*writes=*/true, accesses);
      continue;
    }
    SmallVector<MemoryEffects::EffectInstance> list;
    effects.getEffectsOnValue(operand, list);
    bool reads = false, writes = false;
    for (const MemoryEffects::EffectInstance &effect : list) {
      reads |= isa<MemoryEffects::Read>(effect.getEffect());
      writes |= isa<MemoryEffects::Write>(effect.getEffect());
    }
    if (reads || writes)
      access(operand, reads, writes, accesses);
  }
}

void BufferBlockExtractor::addStep(Operation *op,
                                   const StorageAccesses &accesses,
                                   std::unique_ptr<FunctionProblem> body,
                                   int64_t trips) {
  mempl::Step step;
  step.name = op->getName().getStringRef().str();
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    step.name = named.getName().str();
  step.trips = trips;
  if (!body) {
    OpWork work = workOf(op);
    noteWork(op, work, context.extraction);
    step.compute = context.extraction.cost.computeSeconds(op);
    step.reserved = work.reservedBytes;
  }
  if (body)
    body->instance.name = step.name;
  for (const auto &[key, use] : accesses) {
    auto [owner, storage] = key;
    if (owner != this) {
      BufferAccess &sum = foreign[key];
      sum.reads |= use.reads;
      sum.writes |= use.writes;
      sum.wholeWrite = false;
      addBytes(sum.readBytes, use.readBytes);
      addBytes(sum.writtenBytes, use.writtenBytes);
      continue;
    }
    if (!defined[storage] && !use.writes)
      continue;
    mempl::Access access;
    access.value = storage;
    access.bytes = use.readBytes + use.writtenBytes;
    bool fresh = use.writes && use.wholeWrite && !use.reads;
    access.mode = !use.writes                  ? AccessMode::Read
                  : fresh || !defined[storage] ? AccessMode::Write
                                               : AccessMode::Update;
    if (use.writes)
      defined[storage] = true;
    step.accesses.push_back(access);
  }
  if (step.accesses.empty() && step.compute == 0 && !body && accesses.empty())
    return;
  program.addStep(op, std::move(step), std::move(body));
}

/// What the ops inside of an op do, as often as they run.
void BufferBlockExtractor::visitRegions(Operation *op,
                                        StorageAccesses &accesses) {
  if (isa<LoopLikeOpInterface>(op))
    tripsOf(op, context.extraction);
  for (Region &region : op->getRegions()) {
    StorageAccesses inside;
    for (Operation &nested : region.getOps()) {
      visitEffects(&nested, inside);
      visitRegions(&nested, inside);
    }
    int64_t times = timesOf(region);
    for (auto &[key, access] : inside) {
      BufferAccess &sum = accesses[key];
      sum.reads |= access.reads;
      sum.writes |= access.writes;
      sum.wholeWrite &= access.wholeWrite;
      addBytes(sum.readBytes, bytesOfTrips(access.readBytes, times));
      addBytes(sum.writtenBytes, bytesOfTrips(access.writtenBytes, times));
    }
  }
}

/// A loop over ranges, whose body is one block.
void BufferBlockExtractor::visitLoop(LoopLikeOpInterface loop) {
  auto body = std::make_unique<FunctionProblem>();
  BufferBlockExtractor inner(*body, context, this, isParallelLoop(loop));
  inner.run(loop.getLoopRegions().front()->front());
  for (Value yielded : loop.getYieldedValues())
    if (isa<BaseMemRefType>(yielded.getType()))
      for (Key key : inner.storagesOf(yielded))
        if (key.first == &inner) {
          keepSlow(key, "is handed to the next trip of its loop");
          body->instance.program.values[key.second].space =
              SpaceConstraint::Slow;
        }
  int64_t trips = tripsOf(loop, context.extraction);
  StorageAccesses accesses;
  for (auto [key, access] : inner.foreign) {
    access.readBytes = bytesOfTrips(access.readBytes, trips);
    access.writtenBytes = bytesOfTrips(access.writtenBytes, trips);
    accesses[key] = access;
  }
  addStep(loop, accesses, std::move(body), trips);
}

void BufferBlockExtractor::visit(Operation *op) {
  if (isa<ViewLikeOpInterface, memref::DimOp, memref::DeallocOp>(op))
    return;
  auto isMemRef = [](Type type) { return isa<BaseMemRefType>(type); };
  if (isa<memref::AllocOp, memref::AllocaOp>(op))
    return addStorage(op->getResult(0), ValueKind::Temporary,
                      "v" + std::to_string(program.storages.size()));
  if (auto global = dyn_cast<memref::GetGlobalOp>(op))
    return addStorage(global.getResult(), ValueKind::Input, global.getName());
  if (auto ret = dyn_cast<func::ReturnOp>(op)) {
    for (Value operand : ret.getOperands())
      if (isMemRef(operand.getType()))
        for (auto [owner, storage] : storagesOf(operand)) {
          mempl::Value &value = program.instance.program.values[storage];
          if (value.kind == ValueKind::Temporary && defined[storage])
            value.kind = ValueKind::Output;
        }
    return;
  }
  if (op->hasTrait<OpTrait::IsTerminator>())
    return;
  if (isa<scf::ForOp, scf::ForallOp, scf::ParallelOp, affine::AffineForOp,
          affine::AffineParallelOp>(op))
    return visitLoop(cast<LoopLikeOpInterface>(op));
  // Everything else is one step with all that is inside of it; what is
  // allocated there is not placed and not counted.
  StorageAccesses accesses;
  visitEffects(op, accesses);
  visitRegions(op, accesses);
  if (isa<func::CallOp>(op))
    for (auto &[key, sum] : accesses)
      keepSlow(key, "is passed to a call; inline it to place it");
  for (OpResult result : op->getResults())
    if (isMemRef(result.getType()) && storagesOf(result).empty()) {
      addStorage(result, ValueKind::Temporary,
                 "v" + std::to_string(program.storages.size()));
      keepSlow({this, indices[result]},
               "is brought by '" + op->getName().getStringRef() + "'");
      BufferAccess &made = accesses[{this, indices[result]}];
      made.writes = true;
    }
  addStep(op, accesses, nullptr, 1);
}

void BufferBlockExtractor::addArguments(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments())
    if (isa<BaseMemRefType>(argument.getType()))
      addStorage(argument, ValueKind::Input,
                 "arg" + std::to_string(argument.getArgNumber()));
}

void BufferBlockExtractor::run(Block &block) {
  program.block = &block;
  for (Operation &op : block)
    visit(&op);
  // The caller sees what was written to an argument.
  std::vector<char> written(program.storages.size(), 0);
  for (const mempl::Step &step : program.instance.program.steps)
    for (const mempl::Access &access : step.accesses)
      written[access.value] |= access.writes();
  for (auto [i, storage] : llvm::enumerate(program.storages)) {
    mempl::Value &value = program.instance.program.values[i];
    if (value.kind == ValueKind::Input && written[i])
      value.kind = ValueKind::InOut;
    if (storage.slowReason.empty())
      continue;
    value.space = SpaceConstraint::Slow;
    context.extraction.notes.push_back(
        {storage.root.getLoc(),
         "'" + value.name + "' stays in slow memory: it " + storage.slowReason,
         /*aboutStorage=*/true});
  }
}

bool mempl::ir::worksOnBuffers(func::FuncOp function) {
  bool tensors = false, memrefs = false;
  auto look = [&](Type type) {
    tensors |= isa<TensorType>(type);
    memrefs |= isa<BaseMemRefType>(type);
  };
  function.walk([&](Operation *op) {
    llvm::for_each(op->getOperandTypes(), look);
    llvm::for_each(op->getResultTypes(), look);
  });
  llvm::for_each(function.getArgumentTypes(), look);
  return memrefs && !tensors;
}

void mempl::ir::extractBuffers(func::FuncOp function,
                               ExtractionContext &context,
                               FunctionProblem &program) {
  BufferContext shared(function, context);
  BufferBlockExtractor extractor(program, shared, nullptr);
  extractor.addArguments(function);
  extractor.run(function.getBody().front());
}
