//===- WorkOrder.cpp - device work of a function, in order ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One token is the order of the work: launches, copies that are steps, frees.
// A planned copy forks from it when it starts and joins it where it is waited
// for. Storage is reused only after a wait or after work in order, so the plan
// needs no other dependences. Tokens never cross the border of a region, where
// upstream's lowering would take them for events: the host waits there.
//
// Copies that a loop carries into the next trip, and those of slices, which
// gpu.memcpy does not do, are calls of the runtime: it has a stream for each
// direction, and a number for each copy that the host waits for. They run
// beside the kernels that are launched in between.
//
//===----------------------------------------------------------------------===//

#include "WorkOrder.h"

#include "../Addresses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/CallInterfaces.h"

#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::gpuconv;

static bool hasIdentityLayout(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type && type.getLayout().isIdentity();
}

/// The buffer without its memory space and layout.
static MemRefType plainType(MemRefType type) {
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Ops that the order of the work matters to.
static bool accessesMemory(Operation *op) {
  return isa<gpu::AsyncOpInterface, CallOpInterface, memref::AllocOp,
             memref::DeallocOp, memref::CopyOp, memref::LoadOp, memref::StoreOp,
             memref::GetGlobalOp>(op) ||
         isa_and_nonnull<MemplDialect, linalg::LinalgDialect>(
             op->getDialect()) ||
         llvm::any_of(op->getOperandTypes(), isFast);
}

/// The ops of a block before anything is added to it.
static SmallVector<Operation *> opsIn(Block &block) {
  return llvm::map_to_vector(block, [](Operation &op) { return &op; });
}

WorkOrder::WorkOrder(func::FuncOp function)
    : function(function), builder(function.getContext()),
      hostOnly(hostOnlyAllocations(function)) {}

LogicalResult WorkOrder::run() {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError()
           << "expected structured control flow: a body of one block";
  for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                            function.getResultTypes()))
    if (isFast(type))
      return function.emitOpError()
             << "cannot pass storage in fast memory between functions: "
             << type;
  Block &body = function.getBody().front();
  SmallVector<Operation *> ops = opsIn(body);
  State state;
  builder.setInsertionPointToStart(&body);
  if (function.isPublic())
    for (BlockArgument argument : body.getArguments())
      if (auto type = dyn_cast<MemRefType>(argument.getType())) {
        auto unranked = UnrankedMemRefType::get(type.getElementType(),
                                                type.getMemorySpace());
        registered.push_back(memref::CastOp::create(builder, argument.getLoc(),
                                                    unranked, argument));
        gpu::HostRegisterOp::create(builder, argument.getLoc(),
                                    registered.back());
      }
  createArenas(state);
  if (failed(runOnOps(state, ops)))
    return failure();
  builder.setInsertionPoint(body.getTerminator());
  for (Value buffer : constants)
    free(state, body.getTerminator(), buffer);
  for (auto &[space, arena] : arenas)
    free(state, body.getTerminator(), arena);
  finish(state);
  for (Value buffer : registered)
    gpu::HostUnregisterOp::create(builder, buffer.getLoc(), buffer);
  for (CopyStartOp start : llvm::reverse(starts))
    start->erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Streams and tokens
//===----------------------------------------------------------------------===//

Value WorkOrder::newStream(State &state, ArrayRef<Value> dependencies) {
  SmallVector<Value> given;
  for (Value token : dependencies)
    if (token && !llvm::is_contained(given, token))
      given.push_back(token);
  auto wait = gpu::WaitOp::create(
      builder, builder.getUnknownLoc(),
      gpu::AsyncTokenType::get(builder.getContext()), given);
  Value token = wait.getAsyncToken();
  streamOf[token] = token;
  state.streams[token] = token;
  return token;
}

Value WorkOrder::workToken(State &state) {
  if (!state.work)
    state.work = newStream(state, {});
  return state.work;
}

/// The work goes on after `token`, an op that depends on the work so far.
void WorkOrder::setWork(State &state, Value token) {
  Value stream = streamOf.lookup(state.work);
  streamOf[token] = stream;
  state.streams[stream] = token;
  state.work = token;
}

/// The host waits for the work so far, not for copies under way.
void WorkOrder::waitOnHost(State &state) {
  SmallVector<Value> ended;
  for (auto &[first, last] : state.streams)
    if (llvm::none_of(pending, [&, token = last](auto &copy) {
          return copy.second == token;
        }))
      ended.push_back(last);
  if (!ended.empty())
    gpu::WaitOp::create(builder, builder.getUnknownLoc(), Type(), ended);
  for (Value token : ended) {
    state.streams.erase(streamOf.lookup(token));
    for (Value &channel : state.channels)
      if (channel == token)
        channel = Value();
  }
  state.work = Value();
}

/// The host waits for all there is.
void WorkOrder::finish(State &state) {
  SmallVector<Value> all;
  for (auto &[first, last] : state.streams)
    all.push_back(last);
  if (!all.empty())
    gpu::WaitOp::create(builder, builder.getUnknownLoc(), Type(), all);
  state.streams.clear();
  state.work = Value();
}

void WorkOrder::copy(State &state, Location loc, Value dest, Value source) {
  auto copy = gpu::MemcpyOp::create(
      builder, loc, gpu::AsyncTokenType::get(builder.getContext()),
      ValueRange{workToken(state)}, dest, source);
  setWork(state, copy.getAsyncToken());
}

void WorkOrder::free(State &state, Operation *op, Value buffer) {
  auto dealloc = gpu::DeallocOp::create(
      builder, op->getLoc(), gpu::AsyncTokenType::get(builder.getContext()),
      ValueRange{workToken(state)}, buffer);
  setWork(state, dealloc.getAsyncToken());
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

/// One buffer per fast memory that the function uses, and views of it.
void WorkOrder::createArenas(State &state) {
  for (auto [space, size] : bytesPerSpace(function)) {
    auto type = MemRefType::get({size}, builder.getI8Type());
    auto arena = gpu::AllocOp::create(
        builder, function.getLoc(), type,
        gpu::AsyncTokenType::get(builder.getContext()),
        ValueRange{workToken(state)}, ValueRange{}, ValueRange{});
    setWork(state, arena.getAsyncToken());
    arenas[space] = arena.getMemref();
  }
}

void WorkOrder::pinAllocation(memref::AllocOp op) {
  auto alloc = gpu::AllocOp::create(
      builder, op.getLoc(), op.getType(), Type(), ValueRange{},
      op.getDynamicSizes(), op.getSymbolOperands(), /*hostShared=*/true);
  op.replaceAllUsesWith(alloc.getMemref());
  op.erase();
}

/// A constant of the module is in memory that kernels cannot read.
LogicalResult WorkOrder::pinConstant(memref::GetGlobalOp op) {
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      op, op.getNameAttr());
  if (!global || !global.getConstant())
    return op.emitOpError()
           << "cannot give kernels a global that is not constant";
  // Copied once per call, not once per trip.
  Block &body = function.getBody().front();
  if (op->getBlock() != &body)
    op->moveBefore(body.findAncestorOpInBlock(*op));
  builder.setInsertionPointAfter(op);
  auto pinned = gpu::AllocOp::create(builder, op.getLoc(), op.getType(), Type(),
                                     ValueRange{}, ValueRange{}, ValueRange{},
                                     /*hostShared=*/true);
  auto copied = memref::CopyOp::create(builder, op.getLoc(), op.getResult(),
                                       pinned.getMemref());
  op.getResult().replaceAllUsesExcept(pinned.getMemref(), copied);
  constants.push_back(pinned.getMemref());
  return success();
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// Whether a copy goes out of fast memory.
template <typename OpTy> static bool copiesOut(OpTy start) {
  return start.getHint() == CopyHint::Evict ||
         (start.getHint() == CopyHint::None &&
          !isFast(start.getDest().getType()));
}

/// Starts a copy that the host waits for, once all work so far is done; returns
/// its number.
Value WorkOrder::callCopy(State &state, Operation *op, Value source, Value dest,
                          bool out) {
  waitOnHost(state);
  Location loc = op->getLoc();
  auto constant = [&](Type type, int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, type, value);
  };
  auto type = cast<MemRefType>(source.getType());
  int64_t bytes = elementBytes(op, type.getElementType());
  BufferNumbers from = numbersOf(builder, loc, source, bytes);
  BufferNumbers to = numbersOf(builder, loc, dest, bytes);
  SmallVector<Value> shape(from.sizes);
  llvm::append_range(shape, from.strides);
  llvm::append_range(shape, to.strides);
  Type number = builder.getI64Type();
  return calls
      .call(builder, loc, "mempl_gpu_copy_start",
            {to.address, from.address, constant(number, bytes),
             constant(number, type.getRank()), arrayOf(builder, loc, shape),
             constant(builder.getI32Type(), out)},
            number)
      .getResult();
}

void WorkOrder::callWait(Location loc, Value copy) {
  calls.call(builder, loc, "mempl_gpu_copy_wait", copy);
}

LogicalResult WorkOrder::startCopy(State &state, CopyStartOp start) {
  bool out = copiesOut(start);
  if (!hasIdentityLayout(start.getSource()) ||
      !hasIdentityLayout(start.getDest())) {
    called[start.getHandle()] =
        callCopy(state, start, start.getSource(), start.getDest(), out);
    starts.push_back(start);
    return success();
  }
  Value stream = newStream(state, {state.work, state.channels[out]});
  auto copy = gpu::MemcpyOp::create(
      builder, start.getLoc(), gpu::AsyncTokenType::get(builder.getContext()),
      ValueRange{stream}, start.getDest(), start.getSource());
  Value token = copy.getAsyncToken();
  streamOf[token] = stream;
  state.streams[stream] = token;
  state.channels[out] = token;
  pending[start.getHandle()] = token;
  starts.push_back(start);
  return success();
}

LogicalResult WorkOrder::waitForCopy(State &state, CopyWaitOp wait) {
  CopyStartOp start = wait.getStart();
  if (Value number = start ? called.lookup(start.getHandle()) : Value()) {
    callWait(wait.getLoc(), number);
    wait.erase();
    return success();
  }
  auto copy = start ? pending.find(start.getHandle()) : pending.end();
  if (copy == pending.end())
    return wait.emitOpError() << "expected a copy that this function started";
  if (start->getBlock() == wait->getBlock()) {
    Value token = copy->second;
    pending.erase(copy);
    state.work = newStream(state, {state.work, token});
  } else {
    gpu::WaitOp::create(builder, wait.getLoc(), Type(),
                        ValueRange{copy->second});
  }
  wait.erase();
  return success();
}

LogicalResult WorkOrder::copyInOrder(State &state, Operation *op, Value source,
                                     Value dest) {
  if (hasIdentityLayout(source) && hasIdentityLayout(dest))
    copy(state, op->getLoc(), dest, source);
  else
    callWait(op->getLoc(),
             callCopy(state, op, source, dest, !isFast(dest.getType())));
  op->erase();
  return success();
}

/// A number as the token that ops still take.
static Value asToken(OpBuilder &builder, Location loc, Value number) {
  return UnrealizedConversionCastOp::create(
             builder, loc, TokenType::get(builder.getContext()), number)
      .getResult(0);
}

LogicalResult WorkOrder::startCarried(State &state, CopyStartCarriedOp start) {
  Value number = callCopy(state, start, start.getSource(), start.getDest(),
                          copiesOut(start));
  start.getToken().replaceAllUsesWith(asToken(builder, start.getLoc(), number));
  start.erase();
  return success();
}

LogicalResult WorkOrder::waitForCarried(State &state, CopyWaitCarriedOp wait) {
  Value number =
      UnrealizedConversionCastOp::create(builder, wait.getLoc(),
                                         builder.getI64Type(), wait.getToken())
          .getResult(0);
  callWait(wait.getLoc(), number);
  wait.erase();
  return success();
}

void WorkOrder::numberNoCopy(NoCopyOp none) {
  Value zero =
      LLVM::ConstantOp::create(builder, none.getLoc(), builder.getI64Type(), 0);
  none.getToken().replaceAllUsesWith(asToken(builder, none.getLoc(), zero));
  none.erase();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult WorkOrder::makeAsync(State &state, gpu::AsyncOpInterface op) {
  if (op.getAsyncToken() || !op.getAsyncDependencies().empty() ||
      isa<gpu::WaitOp>(op))
    return op.emitError() << "'" << op->getName()
                          << "' expected work that is not asynchronous yet";
  if (auto alloc = dyn_cast<gpu::AllocOp>(op.getOperation()))
    if (alloc.getHostShared())
      return success();
  Value before = workToken(state);
  SmallVector<Type> types(op->getResultTypes());
  types.push_back(gpu::AsyncTokenType::get(builder.getContext()));
  Operation *made = Operation::create(
      op->getLoc(), op->getName(), types, op->getOperands(),
      op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
      op->getSuccessors(), op->getNumRegions());
  builder.insert(made);
  for (auto [to, from] : llvm::zip(made->getRegions(), op->getRegions()))
    to.takeBody(from);
  auto async = cast<gpu::AsyncOpInterface>(made);
  async.addAsyncDependency(before);
  setWork(state, async.getAsyncToken());
  op->replaceAllUsesWith(made->getResults().drop_back());
  op->erase();
  return success();
}

/// The host reads or writes an element of fast memory: through a copy of the
/// whole buffer in slow memory.
LogicalResult WorkOrder::accessFast(State &state, Operation *op, Value buffer,
                                    bool isStore) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.getLayout().isIdentity() || !type.hasStaticShape())
    return op->emitOpError()
           << "cannot bring a buffer to the host that is not contiguous or of "
              "dynamic shape: "
           << type;
  auto staged = gpu::AllocOp::create(builder, op->getLoc(), plainType(type),
                                     Type(), ValueRange{}, ValueRange{},
                                     ValueRange{}, /*hostShared=*/true);
  if (!isStore || type.getNumElements() > 1)
    copy(state, op->getLoc(), staged.getMemref(), buffer);
  waitOnHost(state);
  op->replaceUsesOfWith(buffer, staged.getMemref());
  builder.setInsertionPointAfter(op);
  if (isStore)
    copy(state, op->getLoc(), buffer, staged.getMemref());
  free(state, op, staged.getMemref());
  return success();
}

LogicalResult WorkOrder::accessFromHost(State &state, Operation *op,
                                        Value buffer) {
  if (isFast(buffer.getType()))
    return accessFast(state, op, buffer, isa<memref::StoreOp>(op));
  Operation *storage = storageOf(buffer).getDefiningOp();
  if (!isa_and_nonnull<memref::AllocaOp>(storage) && !hostOnly.count(storage))
    waitOnHost(state);
  return success();
}

LogicalResult WorkOrder::runOnRegions(State &state, Operation *op) {
  bool ordered = op->walk([&](Operation *inner) {
                     return inner != op && accessesMemory(inner)
                                ? WalkResult::interrupt()
                                : WalkResult::advance();
                   }).wasInterrupted();
  if (!ordered)
    return success();
  if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp, scf::IndexSwitchOp>(op))
    return op->emitOpError() << "cannot work on the device inside of this op";
  waitOnHost(state);
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      State inner;
      if (failed(runOnOps(inner, opsIn(block))))
        return failure();
      builder.setInsertionPoint(block.getTerminator());
      finish(inner);
    }
  // Copies of this block that the regions waited for are no longer under way.
  for (CopyStartOp start : starts) {
    auto copy = pending.find(start.getHandle());
    if (copy == pending.end() || start->getBlock() != op->getBlock())
      continue;
    if (!start.getHandle().use_empty())
      continue;
    state.streams.erase(streamOf.lookup(copy->second));
    for (Value &channel : state.channels)
      if (channel == copy->second)
        channel = Value();
    pending.erase(copy);
  }
  builder.setInsertionPointAfter(op);
  return success();
}

LogicalResult WorkOrder::runOnOp(State &state, Operation *op) {
  builder.setInsertionPoint(op);
  if (isa_and_nonnull<MemplDialect>(op->getDialect()) &&
      llvm::any_of(
          llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                   llvm::to_vector(op->getResultTypes())),
          llvm::IsaPred<TensorType, FutureType>))
    return op->emitOpError() << "must be on buffers: bufferize before "
                                "convert-mempl-to-gpu";
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](mempl::ir::AllocOp alloc) {
        auto type = cast<MemRefType>(alloc.getResult().getType());
        Value offset = offsetOf(builder, alloc);
        // The memory space goes when all types are converted.
        auto view = memref::ViewOp::create(builder, op->getLoc(), type,
                                           arenas.lookup(alloc.getSpace()),
                                           offset, alloc.getDynamicSizes());
        alloc.getResult().replaceAllUsesWith(view.getResult());
        alloc.erase();
        return success();
      })
      .Case([&](ReleaseOp release) {
        release.erase();
        return success();
      })
      .Case([&](CopyStartOp start) { return startCopy(state, start); })
      .Case([&](CopyWaitOp wait) { return waitForCopy(state, wait); })
      .Case(
          [&](CopyStartCarriedOp start) { return startCarried(state, start); })
      .Case([&](CopyWaitCarriedOp wait) { return waitForCarried(state, wait); })
      .Case([&](NoCopyOp none) {
        numberNoCopy(none);
        return success();
      })
      .Case([&](TransferOp transfer) {
        return copyInOrder(state, op, transfer.getSource(), transfer.getDest());
      })
      .Case([&](memref::CopyOp copy) {
        return copyInOrder(state, op, copy.getSource(), copy.getTarget());
      })
      .Case([&](gpu::AsyncOpInterface work) { return makeAsync(state, work); })
      .Case([&](memref::AllocOp alloc) {
        if (isFast(alloc.getType()))
          return LogicalResult(op->emitOpError()
                               << "allocates fast memory without a place in "
                                  "the plan");
        if (!hostOnly.count(op))
          pinAllocation(alloc);
        return success();
      })
      .Case([&](memref::DeallocOp dealloc) {
        Value buffer = dealloc.getMemref();
        if (hostOnly.count(storageOf(buffer).getDefiningOp()))
          return success();
        if (!isFast(buffer.getType()))
          free(state, op, buffer);
        op->erase();
        return success();
      })
      .Case([&](memref::LoadOp load) {
        return accessFromHost(state, op, load.getMemref());
      })
      .Case([&](memref::StoreOp store) {
        return accessFromHost(state, op, store.getMemref());
      })
      .Case([&](memref::GetGlobalOp global) { return pinConstant(global); })
      .Default([&](Operation *) -> LogicalResult {
        if (isa_and_nonnull<MemplDialect>(op->getDialect()))
          return op->emitOpError() << "cannot be lowered to the gpu dialect";
        if (isa_and_nonnull<linalg::LinalgDialect>(op->getDialect()))
          return op->emitOpError()
                 << "is not a kernel: run convert-linalg-to-gpu-launch before "
                    "convert-mempl-to-gpu";
        if (op->getNumRegions() > 0)
          return runOnRegions(state, op);
        if (isMemoryEffectFree(op) || op->hasTrait<OpTrait::IsTerminator>())
          return success();
        if (llvm::any_of(op->getOperandTypes(), isFast))
          return op->emitOpError() << "cannot access fast memory from the host";
        if (isa<CallOpInterface>(op) ||
            llvm::any_of(op->getOperandTypes(), llvm::IsaPred<BaseMemRefType>))
          waitOnHost(state);
        return success();
      });
}

LogicalResult WorkOrder::runOnOps(State &state, ArrayRef<Operation *> ops) {
  for (Operation *op : ops)
    if (failed(runOnOp(state, op)))
      return failure();
  return success();
}
