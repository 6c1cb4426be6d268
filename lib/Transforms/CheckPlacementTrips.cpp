//===- CheckPlacementTrips.cpp - copies across trips, replayed ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop that carries the tokens of copies from trip to trip is walked for its
// first trips and its last one, each with its own number, so that it is known
// which of two offsets a storage has, which copies are under way, and which
// parts of tensors they move. Where the number of trips is known at run time
// only, all is walked for each of several numbers.
//
//===----------------------------------------------------------------------===//

#include "PlacementInterpreter.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mempl::ir::replay;

bool mempl::ir::replay::carriesTokens(scf::ForOp loop) {
  return llvm::any_of(loop.getResultTypes(), llvm::IsaPred<TokenType>);
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

/// Bits of a loop's bounds that count here.
static unsigned widthOf(scf::ForOp loop) {
  auto type = dyn_cast<IntegerType>(loop.getInductionVar().getType());
  return type ? std::min(type.getWidth(), 64u) : 64;
}

/// A bound of a loop as its comparisons take it, which may be unsigned ones.
static int64_t asCompared(scf::ForOp loop, int64_t bound) {
  return loop.getUnsignedCmp()
             ? bound & llvm::maskTrailingOnes<uint64_t>(widthOf(loop))
             : bound;
}

/// The upper bound with which a loop has `numTrips` trips, or as many as its
/// type has room for.
static int64_t boundOfTrips(scf::ForOp loop, int64_t lower, int64_t step,
                            int64_t numTrips) {
  int64_t upper = asCompared(loop, lower) + numTrips * step;
  unsigned width = widthOf(loop);
  if (width == 64)
    return upper;
  int64_t most =
      loop.getUnsignedCmp() ? llvm::maxUIntN(width) : llvm::maxIntN(width);
  return llvm::SignExtend64(std::min(upper, most), width);
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
    assume(loop.getUpperBound(), boundOfTrips(loop, lower, step, numTrips));
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
      llvm::SubOverflow(asCompared(loop, *upper), asCompared(loop, *lower),
                        extent))
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
  if (!anyCarried)
    return false;
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
  if (auto view = dyn_cast<ViewLikeOpInterface>(op))
    return placeOf(view.getViewSource()).reshaped(value);
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
    return place.reshaped(value);
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
