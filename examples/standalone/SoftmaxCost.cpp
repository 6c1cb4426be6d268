//===- SoftmaxCost.cpp - the cost of an op --------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An external model of mempl's CostOpInterface for an op that has none. An op
// of one's own dialect would implement the interface itself.
//
//===----------------------------------------------------------------------===//

#include "SoftmaxCost.h"

#include "mempl/Analysis/CostOpInterface.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace {

struct SoftmaxCost
    : mempl::ir::CostOpInterface::ExternalModel<SoftmaxCost,
                                                linalg::SoftmaxOp> {
  void getWork(Operation *op, mempl::ir::OpWork &work) const {
    ShapedType input = cast<linalg::SoftmaxOp>(op).getInputOperandType();
    double elements = 1;
    for (int64_t extent : input.getShape())
      elements *= ShapedType::isDynamic(extent) ? 1 : double(extent);
    // Per element: a maximum, a difference, an exponential (8, as mempl counts
    // them elsewhere), a sum and a quotient (4).
    work.vectorOps += elements * (1 + 1 + 8 + 1 + 4);
    work.computeType = input.getElementType();
  }
};

} // namespace

void standalone::registerSoftmaxCost(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::SoftmaxOp::attachInterface<SoftmaxCost>(*context);
  });
}
