//===- LinalgToGPULaunch.cpp - ops of linalg as kernels -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-linalg-to-gpu-launch: the points of the parallel loops of an op are
// numbered, a thread computes the point of its number, and its reductions are
// loops that carry the element. Upstream's loops store the element in every
// trip of a reduction: over a bus that would be far more traffic than the
// access that the placement counts. Kernels are not tiled: no reuse in shared
// memory, no tensor cores.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTLINALGTOGPULAUNCH
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

/// Emits the launch of one op.
class LaunchEmitter {
public:
  LaunchEmitter(linalg::LinalgOp op, int64_t threads)
      : op(op), threads(threads), builder(op), loc(op.getLoc()) {}

  LogicalResult emit();

private:
  LogicalResult check();
  gpu::LaunchOp createLaunch(Value points);
  void emitPoint(Value point);
  SmallVector<Value> emitReductions(unsigned next, ValueRange outs);
  SmallVector<Value> emitPayload(ValueRange outs);
  SmallVector<Value> indicesOf(AffineMap map);
  Value loadOperand(OpOperand &operand);

  linalg::LinalgOp op;
  int64_t threads;
  OpBuilder builder;
  Location loc;
  SmallVector<unsigned> parallel, reduction;
  SmallVector<Value> extents;
  /// Per loop of the op, its index in the code that is being emitted.
  SmallVector<Value> indices;
};

} // namespace

LogicalResult LaunchEmitter::check() {
  if (!op.hasPureBufferSemantics())
    return op.emitOpError() << "expected buffers; bufferize before "
                               "convert-linalg-to-gpu-launch";
  op.getParallelDims(parallel);
  op.getReductionDims(reduction);
  if (parallel.size() + reduction.size() != op.getNumLoops())
    return op.emitOpError() << "expected only parallel and reduction loops";
  for (OpOperand &out : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&out);
    // One element per point, so that no two threads write the same one.
    bool onePerPoint = map.getNumResults() >= parallel.size() &&
                       llvm::all_of(parallel, [&](unsigned loop) {
                         return llvm::is_contained(
                             map.getResults(), builder.getAffineDimExpr(loop));
                       });
    bool noReduction = llvm::none_of(
        reduction, [&](unsigned loop) { return map.isFunctionOfDim(loop); });
    if (!onePerPoint || !noReduction)
      return op.emitOpError()
             << "expected result " << out.getOperandNumber()
             << " to have one element per point of the parallel loops, got "
             << AffineMapAttr::get(map);
  }
  return success();
}

gpu::LaunchOp LaunchEmitter::createLaunch(Value points) {
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value width = arith::ConstantIndexOp::create(builder, loc, threads);
  Value blocks = builder.createOrFold<arith::CeilDivUIOp>(loc, points, width);
  auto launch =
      gpu::LaunchOp::create(builder, loc, blocks, one, one, width, one, one);
  builder.setInsertionPointToStart(&launch.getBody().front());
  auto end = gpu::TerminatorOp::create(builder, loc);
  builder.setInsertionPoint(end);
  return launch;
}

LogicalResult LaunchEmitter::emit() {
  if (failed(check()))
    return failure();
  auto ranges = op.createLoopRanges(builder, loc);
  for (Range &range : ranges)
    extents.push_back(
        getValueOrCreateConstantIndexOp(builder, loc, range.size));
  Value points = arith::ConstantIndexOp::create(builder, loc, 1);
  for (unsigned loop : parallel)
    points = builder.createOrFold<arith::MulIOp>(loc, points, extents[loop]);
  if (getConstantIntValue(points) == 0)
    return success(); // There is nothing to compute.
  gpu::LaunchOp launch = createLaunch(points);
  Value first = arith::MulIOp::create(builder, loc, launch.getBlockIds().x,
                                      launch.getBlockSize().x);
  Value point =
      arith::AddIOp::create(builder, loc, first, launch.getThreadIds().x);
  Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       point, points);
  auto guard = scf::IfOp::create(builder, loc, inside, /*withElse=*/false);
  builder.setInsertionPoint(guard.thenYield());
  emitPoint(point);
  return success();
}

void LaunchEmitter::emitPoint(Value point) {
  indices.resize(op.getNumLoops());
  // The last parallel loop runs fastest, so that the threads of a warp use
  // neighbours in memory.
  for (unsigned loop :
       llvm::reverse(llvm::drop_begin(parallel, parallel.empty() ? 0 : 1))) {
    indices[loop] = arith::RemUIOp::create(builder, loc, point, extents[loop]);
    point = arith::DivUIOp::create(builder, loc, point, extents[loop]);
  }
  if (!parallel.empty())
    indices[parallel.front()] = point;

  SmallVector<Value> outs;
  for (OpOperand &out : op.getDpsInitsMutable())
    outs.push_back(op.payloadUsesValueFromOperand(&out) || !reduction.empty()
                       ? loadOperand(out)
                       : Value());
  SmallVector<Value> results = emitReductions(0, outs);
  for (auto [out, result] : llvm::zip(op.getDpsInitsMutable(), results))
    memref::StoreOp::create(builder, loc, result, out.get(),
                            indicesOf(op.getMatchingIndexingMap(&out)));
}

/// The loops from reduction number `next` on; returns what they make of `outs`.
SmallVector<Value> LaunchEmitter::emitReductions(unsigned next,
                                                 ValueRange outs) {
  if (next == reduction.size())
    return emitPayload(outs);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero, extents[reduction[next]],
                                 one, outs);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  indices[reduction[next]] = loop.getInductionVar();
  SmallVector<Value> results =
      emitReductions(next + 1, loop.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, results);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> LaunchEmitter::emitPayload(ValueRange outs) {
  IRMapping map;
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.payloadUsesValueFromOperand(input))
      map.map(op.getMatchingBlockArgument(input), loadOperand(*input));
  for (auto [out, value] : llvm::zip(op.getDpsInitsMutable(), outs))
    if (value)
      map.map(op.getMatchingBlockArgument(&out), value);
  Block *body = op.getBlock();
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      map.map(index.getResult(), indices[index.getDim()]);
      continue;
    }
    builder.clone(inner, map);
  }
  SmallVector<Value> results;
  for (Value yielded : body->getTerminator()->getOperands())
    results.push_back(map.lookupOrDefault(yielded));
  return results;
}

SmallVector<Value> LaunchEmitter::indicesOf(AffineMap map) {
  SmallVector<Value> result;
  SmallVector<OpFoldResult> operands = getAsOpFoldResult(indices);
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    result.push_back(getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, map.getSubMap({i}),
                                              operands)));
  return result;
}

Value LaunchEmitter::loadOperand(OpOperand &operand) {
  if (op.isScalar(&operand))
    return operand.get();
  return memref::LoadOp::create(builder, loc, operand.get(),
                                indicesOf(op.getMatchingIndexingMap(&operand)));
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static bool isContiguous(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getLayout().isIdentity();
}

static bool isPlaced(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return isa_and_nonnull<MemplDialect>(op->getDialect())
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

static LogicalResult convertFunction(func::FuncOp function, int64_t threads) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (op->getParentOfType<gpu::LaunchOp>())
      return;
    if (isa_and_nonnull<linalg::LinalgDialect>(op->getDialect()) &&
        !isa<linalg::YieldOp, linalg::IndexOp>(op))
      ops.push_back(op);
    else if (auto copy = dyn_cast<memref::CopyOp>(op))
      if (isa<MemRefType>(copy.getSource().getType()) &&
          isa<MemRefType>(copy.getTarget().getType()) &&
          !(isContiguous(copy.getSource()) && isContiguous(copy.getTarget())))
        ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto computed = dyn_cast<linalg::LinalgOp>(op);
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      OpBuilder builder(copy);
      computed = linalg::makeMemRefCopyOp(builder, copy.getLoc(),
                                          copy.getSource(), copy.getTarget());
      copy->erase();
    }
    if (!computed)
      return op->emitOpError() << "has no scalar form to make a kernel of";
    if (failed(LaunchEmitter(computed, threads).emit()))
      return failure();
    computed->erase();
  }
  return success();
}

namespace {

struct ConvertLinalgToGPULaunch
    : mempl::ir::impl::ConvertLinalgToGPULaunchBase<ConvertLinalgToGPULaunch> {
  using ConvertLinalgToGPULaunchBase::ConvertLinalgToGPULaunchBase;

  void runOnOperation() override {
    if (threads < 1 || threads > 1024) {
      getOperation().emitError()
          << "expected 1 to 1024 threads, got " << threads;
      return signalPassFailure();
    }
    for (const std::string &name : functions)
      if (!getOperation().lookupSymbol<func::FuncOp>(name)) {
        getOperation().emitError() << "no function '" << name << "'";
        return signalPassFailure();
      }
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      bool wanted = functions.empty()
                        ? isPlaced(function)
                        : llvm::is_contained(functions, function.getName());
      if (wanted && failed(convertFunction(function, threads)))
        return signalPassFailure();
    }
  }
};

} // namespace
