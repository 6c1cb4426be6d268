//===- CarriedTensors.cpp - tensors that loops hand over ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PrepareParts.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

namespace {

/// A tensor that a loop makes anew each trip and hands to the next.
struct NewEachTrip {
  unsigned number = 0;    ///< Of the iter_arg.
  tensor::EmptyOp empty;  ///< In the body: where the new tensor is written.
  Operation *firstWriter; ///< The op of the body that first writes there.
};

} // namespace

/// What is handed over at `number`, if it is computed in an allocation of the
/// body and the argument that it replaces is only read.
static std::optional<NewEachTrip> newEachTrip(scf::ForOp loop, unsigned number,
                                              const AnalysisState &state) {
  BlockArgument argument = loop.getRegionIterArg(number);
  Value tensor = loop.getYieldedValues()[number];
  Block *body = loop.getBody();
  if (!isa<RankedTensorType>(argument.getType()) ||
      !llvm::all_of(argument.getUsers(),
                    [&](Operation *user) {
                      return isa<DestinationStyleOpInterface>(user) &&
                             isa<BufferizableOpInterface>(user);
                    }) ||
      llvm::any_of(argument.getUses(),
                   [&](OpOperand &use) {
                     return state.bufferizesToMemoryWrite(use) ||
                            !state.getAliasingValues(use).getAliases().empty();
                   }) ||
      llvm::count(loop.getYieldedValues(), tensor) > 1)
    return std::nullopt;
  NewEachTrip found;
  found.number = number;
  found.firstWriter = nullptr;
  while (auto op = tensor.getDefiningOp<DestinationStyleOpInterface>()) {
    OpOperand *init = op.getTiedOpOperand(cast<OpResult>(tensor));
    if (op->getBlock() != body || !init)
      return std::nullopt;
    found.firstWriter = op;
    tensor = init->get();
  }
  found.empty = tensor.getDefiningOp<tensor::EmptyOp>();
  if (!found.empty || !found.firstWriter || !found.empty->hasOneUse() ||
      found.empty->getBlock() != body ||
      found.empty.getType() != argument.getType() ||
      !found.empty.getType().hasStaticShape())
    return std::nullopt;
  return found;
}

/// Whether no element of the argument is read after the new tensor has got
/// its own in the same place.
static bool isReadBefore(BlockArgument argument, Operation *writer) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(writer);
  return llvm::all_of(argument.getUses(), [&](OpOperand &use) {
    Operation *op = writer->getBlock()->findAncestorOpInBlock(*use.getOwner());
    if (op != writer)
      return op && op->isBeforeInBlock(writer);
    return linalgOp && linalg::isElementwise(linalgOp) &&
           linalgOp.getMatchingIndexingMap(&use) ==
               linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  });
}

/// The body of `loop` once more, at the insertion point: with the induction
/// variable `iv` and the arguments `arguments`. `into` has what is written in
/// the place of allocations of the body. Returns what it hands over.
static SmallVector<Value>
cloneBody(RewriterBase &rewriter, scf::ForOp loop, Value iv,
          ValueRange arguments,
          ArrayRef<std::pair<tensor::EmptyOp, Value>> into) {
  IRMapping mapping;
  mapping.map(loop.getInductionVar(), iv);
  mapping.map(loop.getRegionIterArgs(), arguments);
  for (auto [empty, dest] : into)
    mapping.map(empty.getResult(), dest);
  for (Operation &op : loop.getBody()->without_terminator())
    if (!mapping.contains(&op) &&
        !(op.getNumResults() == 1 && mapping.contains(op.getResult(0))))
      rewriter.clone(op, mapping);
  return llvm::map_to_vector(loop.getYieldedValues(), [&](Value value) {
    return mapping.lookupOrDefault(value);
  });
}

/// Two trips of the loop as one, in which the tensors `alternating` go from one
/// buffer to another and back. The last of an odd number of trips follows.
static void alternateBuffers(RewriterBase &rewriter, scf::ForOp loop,
                             ArrayRef<NewEachTrip> alternating, int64_t lower,
                             int64_t step, int64_t trips) {
  Location loc = loop.getLoc();
  Type type = loop.getInductionVar().getType();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getIntegerAttr(type, value));
  };
  rewriter.setInsertionPoint(loop);
  SmallVector<Value> inits(loop.getInitArgs());
  unsigned carried = inits.size();
  for (const NewEachTrip &tensor : alternating)
    inits.push_back(newEmpty(rewriter, loop.getInitArgs()[tensor.number]));
  int64_t pairs = trips / 2;
  auto twice = scf::ForOp::create(
      rewriter, loc, constant(lower), constant(lower + 2 * pairs * step),
      constant(2 * step), inits,
      [](OpBuilder &, Location, Value, ValueRange) {});
  twice->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  if (loop->hasAttr(kTripsAttr))
    twice->setAttr(kTripsAttr, rewriter.getI64IntegerAttr(pairs));
  rewriter.setInsertionPointToEnd(twice.getBody());
  ValueRange arguments = twice.getRegionIterArgs();
  SmallVector<std::pair<tensor::EmptyOp, Value>> there, back;
  for (auto [i, tensor] : llvm::enumerate(alternating)) {
    there.push_back({tensor.empty, arguments[carried + i]});
    back.push_back({tensor.empty, arguments[tensor.number]});
  }
  Value iv = twice.getInductionVar();
  SmallVector<Value> first =
      cloneBody(rewriter, loop, iv, arguments.take_front(carried), there);
  Value next = arith::AddIOp::create(rewriter, loc, iv, constant(step));
  SmallVector<Value> second = cloneBody(rewriter, loop, next, first, back);
  for (const NewEachTrip &tensor : alternating)
    second.push_back(first[tensor.number]);
  scf::YieldOp::create(rewriter, loc, second);

  rewriter.setInsertionPointAfter(twice);
  SmallVector<Value> results(twice.getResults().take_front(carried));
  if (trips % 2 == 1) {
    SmallVector<std::pair<tensor::EmptyOp, Value>> last;
    for (auto [i, tensor] : llvm::enumerate(alternating))
      last.push_back({tensor.empty, twice.getResult(carried + i)});
    results = cloneBody(rewriter, loop, constant(lower + 2 * pairs * step),
                        results, last);
  }
  rewriter.replaceOp(loop, results);
}

/// Whether the bounds of the loop over pairs of trips are of the type of the
/// induction variable.
static bool fitsBounds(scf::ForOp loop, int64_t lower, int64_t step,
                       int64_t trips) {
  Type type = loop.getInductionVar().getType();
  unsigned width = type.isIndex() ? 63 : type.getIntOrFloatBitWidth();
  int64_t all, end, twice;
  return !llvm::MulOverflow(step, trips, all) &&
         !llvm::AddOverflow(lower, all, end) &&
         !llvm::MulOverflow<int64_t>(step, 2, twice) &&
         llvm::isIntN(width, end) && llvm::isIntN(width, twice);
}

bool mempl::ir::keepCarriedTensors(RewriterBase &rewriter, Operation *module,
                                   bool alternate) {
  constexpr int64_t largestBody = 400;
  BufferizationOptions options;
  AnalysisState state(options);
  SmallVector<scf::ForOp> loops;
  module->walk([&](scf::ForOp loop) { loops.push_back(loop); });
  bool found = false;
  for (scf::ForOp loop : loops) {
    SmallVector<NewEachTrip> alternating;
    for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i) {
      std::optional<NewEachTrip> tensor = newEachTrip(loop, i, state);
      if (!tensor)
        continue;
      if (isReadBefore(loop.getRegionIterArg(i), tensor->firstWriter))
        rewriter.replaceOp(tensor->empty, loop.getRegionIterArg(i));
      else
        alternating.push_back(*tensor);
    }
    std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound());
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    std::optional<APInt> trips = loop.getStaticTripCount();
    if (alternating.empty() || !lower || !step || !trips ||
        trips->getActiveBits() > 31 || trips->getZExtValue() < 4 ||
        loop.getUnsignedCmp() ||
        !fitsBounds(loop, *lower, *step, trips->getZExtValue()))
      continue;
    int64_t ops = 0;
    loop.getBody()->walk([&](Operation *) { ++ops; });
    if (ops > largestBody)
      continue;
    found = true;
    if (alternate)
      alternateBuffers(rewriter, loop, alternating, *lower, *step,
                       trips->getZExtValue());
  }
  return found;
}
