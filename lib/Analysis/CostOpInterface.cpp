//===- CostOpInterface.cpp - the work of upstream's ops -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A linalg op does what its payload does, once per point of the loops that it
// depends on. A multiply whose product is added up over a reduction is work for
// a matrix unit, everything else for a vector unit.
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/CostOpInterface.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Analysis/Trips.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace mempl::ir;

#include "mempl/Analysis/CostOpInterface.cpp.inc"

/// Vector operations that one call of a function costs. Estimates: vector units
/// approximate roots and quotients in a few steps, and exponentials and the
/// like by polynomials of about this length.
static constexpr double kRootOps = 4;
static constexpr double kTranscendentalOps = 8;

static double operationsOf(Operation *op) {
  if (op->getNumResults() == 0 ||
      !isa<FloatType, IntegerType, ComplexType>(
          getElementTypeOrSelf(op->getResult(0).getType())))
    return 0; // Terminators, stores, and arithmetic on indices.
  if (isa<arith::ConstantOp, linalg::IndexOp, arith::IndexCastOp>(op))
    return 0;
  if (isa<math::SqrtOp, math::RsqrtOp, arith::DivFOp, arith::DivSIOp,
          arith::DivUIOp, arith::RemSIOp, arith::RemUIOp>(op))
    return kRootOps;
  if (isa<math::AbsFOp, math::AbsIOp, math::FmaOp, math::FloorOp, math::CeilOp,
          math::CopySignOp, math::RoundOp, math::RoundEvenOp, math::TruncOp>(
          op))
    return 1;
  // An op that is not registered has no dialect; like any whose cost is not
  // known, it counts as none.
  Dialect *dialect = op->getDialect();
  if (isa_and_nonnull<math::MathDialect>(dialect))
    return kTranscendentalOps;
  return isa_and_nonnull<arith::ArithDialect>(dialect) ? 1 : 0;
}

/// The multiply of a multiply-accumulate into a block's last arguments, looked
/// for from the additions that read one of them.
static Operation *findAccumulatedProduct(Block &payload, unsigned numInputs) {
  for (Operation &op : payload) {
    if (!isa<arith::AddFOp, arith::AddIOp>(op))
      continue;
    for (unsigned i : {0u, 1u}) {
      auto sum = dyn_cast<BlockArgument>(op.getOperand(i));
      Operation *product = op.getOperand(1 - i).getDefiningOp();
      if (sum && sum.getArgNumber() >= numInputs && product &&
          isa<arith::MulFOp, arith::MulIOp>(product))
        return product;
    }
  }
  return nullptr;
}

/// Extents of the iteration space; a dynamic one counts as the largest that can
/// be proved, or as 1, which sets `guessed`.
static SmallVector<double> extentsOf(linalg::LinalgOp op, bool &guessed) {
  SmallVector<double> extents;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (auto [loop, range] : llvm::enumerate(op.getStaticLoopRanges())) {
    extents.push_back(ShapedType::isDynamic(range) ? 1 : double(range));
    if (!ShapedType::isDynamic(range))
      continue;
    std::optional<int64_t> bound;
    for (auto [operand, map] : llvm::zip_equal(op->getOpOperands(), maps)) {
      std::optional<unsigned> at =
          map.getResultPosition(getAffineDimExpr(loop, op->getContext()));
      if (at && (bound = upperBoundExtent(operand.get(), *at)))
        break;
    }
    guessed |= !bound;
    extents.back() = double(bound.value_or(1));
  }
  return extents;
}

/// How often each op of a payload gives another value: once per point of the
/// loops that its operands depend on. What fusion has put before a contraction
/// is computed once per input, not once per product.
static DenseMap<Operation *, double> timesOf(linalg::LinalgOp op,
                                             Block &payload, bool &guessed) {
  SmallVector<double> extents = extentsOf(op, guessed);
  DenseMap<Value, llvm::SmallBitVector> loops;
  for (OpOperand &operand : op->getOpOperands()) {
    llvm::SmallBitVector &used = loops[op.getMatchingBlockArgument(&operand)];
    used.resize(extents.size(), op.isDpsInit(&operand));
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (map.isFunctionOfDim(loop))
        used.set(loop);
  }
  DenseMap<Operation *, double> times;
  for (Operation &nested : payload) {
    llvm::SmallBitVector used(extents.size());
    if (auto index = dyn_cast<linalg::IndexOp>(nested))
      used.set(index.getDim());
    for (Value operand : nested.getOperands()) {
      auto it = loops.find(operand);
      if (it != loops.end())
        used |= it->second;
    }
    for (Value result : nested.getResults())
      loops[result] = used;
    double &count = times[&nested];
    count = 1;
    for (unsigned loop : used.set_bits())
      count *= extents[loop];
  }
  return times;
}

namespace {

template <typename OpTy>
struct LinalgCost : CostOpInterface::ExternalModel<LinalgCost<OpTy>, OpTy> {
  void getWork(Operation *op, OpWork &work) const {
    auto linalgOp = cast<linalg::LinalgOp>(op);
    Block &payload = *linalgOp.getBlock();
    Operation *product = nullptr;
    if (linalgOp.getNumReductionLoops() > 0 && linalgOp.getNumDpsInputs() >= 2)
      product = findAccumulatedProduct(payload, linalgOp.getNumDpsInputs());
    DenseMap<Operation *, double> times =
        timesOf(linalgOp, payload, work.guessed);
    for (Operation &nested : payload)
      work.vectorOps += operationsOf(&nested) * times[&nested];
    if (product) {
      // The multiply and the add.
      work.vectorOps -= times[product];
      for (Operation *user : product->getUsers())
        if (isa<arith::AddFOp, arith::AddIOp>(user))
          work.vectorOps -= times[user];
      work.matrixOps += 2 * times[product];
    }
    if (linalgOp.getNumDpsInputs() > 0)
      work.computeType =
          getElementTypeOrSelf(linalgOp.getDpsInputs().front().getType());
    else if (linalgOp.getNumDpsInits() > 0)
      work.computeType =
          getElementTypeOrSelf(linalgOp.getDpsInits().front().getType());
  }
};

/// Says that `operand` moves the bytes of `moved`, if they are known: an
/// element type of another dialect may have no size.
void access(Operation *op, unsigned operand, RankedTensorType moved,
            OpWork &work) {
  DataLayout layout = DataLayout::closest(op);
  if (std::optional<int64_t> bytes = bytesOfType(moved, layout))
    work.accessed.push_back({operand, *bytes});
}

/// One element of a tensor, as a tensor.
RankedTensorType elementOf(Type tensor) {
  return RankedTensorType::get({}, cast<TensorType>(tensor).getElementType());
}

struct ExtractCost
    : CostOpInterface::ExternalModel<ExtractCost, tensor::ExtractOp> {
  void getWork(Operation *op, OpWork &work) const {
    access(op, 0, elementOf(op->getOperand(0).getType()), work);
  }
};

struct InsertCost
    : CostOpInterface::ExternalModel<InsertCost, tensor::InsertOp> {
  void getWork(Operation *op, OpWork &work) const {
    // The rest of the destination stays where it is: nothing moves.
    access(op, 1, elementOf(op->getOperand(1).getType()), work);
  }
};

struct GatherCost
    : CostOpInterface::ExternalModel<GatherCost, tensor::GatherOp> {
  void getWork(Operation *op, OpWork &work) const {
    access(op, 0, cast<tensor::GatherOp>(op).getResultType(), work);
  }
};

struct ScatterCost
    : CostOpInterface::ExternalModel<ScatterCost, tensor::ScatterOp> {
  void getWork(Operation *op, OpWork &work) const {
    auto scatter = cast<tensor::ScatterOp>(op);
    access(op, scatter.getDestMutable().getOperandNumber(),
           scatter.getSourceType(), work);
  }
};

struct KernelCost : CostOpInterface::ExternalModel<KernelCost, KernelOp> {
  void getWork(Operation *op, OpWork &work) const {
    auto kernel = cast<KernelOp>(op);
    if (kernel.getSeconds())
      work.seconds = kernel.getSeconds()->convertToDouble();
    if (kernel.getMatrixOps())
      work.matrixOps = kernel.getMatrixOps()->convertToDouble();
    if (kernel.getVectorOps())
      work.vectorOps = kernel.getVectorOps()->convertToDouble();
    work.reservedBytes = kernel.getReserved().value_or(0);
    for (Value operand : kernel.getOperands_())
      if (auto shaped = dyn_cast<ShapedType>(operand.getType())) {
        work.computeType = shaped.getElementType();
        break;
      }
    if (std::optional<ArrayRef<int64_t>> bytes = kernel.getBytes())
      for (auto [operand, moved] : llvm::enumerate(*bytes))
        if (moved >= 0)
          work.accessed.push_back({operand, moved});
  }
};

template <typename... Ops> void attachLinalg(MLIRContext *context) {
  (Ops::template attachInterface<LinalgCost<Ops>>(*context), ...);
}

} // namespace

OpWork mempl::ir::workOf(Operation *op) {
  OpWork work;
  if (auto cost = dyn_cast<CostOpInterface>(op)) {
    cost.getWork(work);
    return work;
  }
  for (Region &region : op->getRegions()) {
    auto trips = double(timesOf(region));
    OpWork inside;
    for (Block &block : region)
      for (Operation &nested : block) {
        OpWork part = workOf(&nested);
        inside.matrixOps += part.matrixOps;
        inside.vectorOps += part.vectorOps;
        if (part.seconds >= 0)
          inside.seconds = std::max(inside.seconds, 0.0) + part.seconds;
        if (!inside.computeType)
          inside.computeType = part.computeType;
        inside.reservedBytes =
            std::max(inside.reservedBytes, part.reservedBytes);
        inside.guessed |= part.guessed;
      }
    if (isa<scf::IfOp>(op)) {
      work.matrixOps = std::max(work.matrixOps, inside.matrixOps);
      work.vectorOps = std::max(work.vectorOps, inside.vectorOps);
      work.seconds = std::max(work.seconds, inside.seconds);
    } else {
      work.matrixOps += trips * inside.matrixOps;
      work.vectorOps += trips * inside.vectorOps;
      if (inside.seconds >= 0)
        work.seconds = std::max(work.seconds, 0.0) + trips * inside.seconds;
    }
    work.guessed |= inside.guessed;
    work.reservedBytes = std::max(work.reservedBytes, inside.reservedBytes);
    if (!work.computeType)
      work.computeType = inside.computeType;
  }
  return work;
}

void mempl::ir::registerCostModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachLinalg<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExtractOp::attachInterface<ExtractCost>(*context);
    tensor::InsertOp::attachInterface<InsertCost>(*context);
    tensor::GatherOp::attachInterface<GatherCost>(*context);
    tensor::ScatterOp::attachInterface<ScatterCost>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, MemplDialect *) {
    KernelOp::attachInterface<KernelCost>(*context);
  });
}
