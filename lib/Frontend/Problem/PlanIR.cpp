//===- PlanIR.cpp - plans to IR and back, and their errors ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans have values by symbol here and by index in the core. A violation names
// its plan by the loops that lead there, and its residency by number: both are
// ops in the same order.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"

#include "RecordAttributes.h"

#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace mempl::ir;

static_assert(mempl::numFields<ResidencyOp::Properties>() ==
                  mempl::numMappedFields<mempl::Residency>(),
              "mempl.residency has other attributes");

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

static LogicalResult buildPlanBody(OpBuilder &builder, Location loc,
                                   const mempl::Plan &plan, Operation *program,
                                   Region &body) {
  SmallVector<ValueOp> values = valuesOf(program);
  SmallVector<Operation *> steps = stepsOf(program);
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&body);
  for (const mempl::Residency &r : plan.residencies) {
    if (r.value < 0 || static_cast<size_t>(r.value) >= values.size())
      return emitError(loc) << "V9: value " << r.value << ", step " << r.last
                            << ": no such value";
    NamedAttrList attributes = attributesOf(builder, r);
    attributes.set("value",
                   FlatSymbolRefAttr::get(values[r.value].getSymNameAttr()));
    ResidencyOp::create(builder, loc, TypeRange(), ValueRange(), attributes);
  }
  for (const auto &[step, inner] : plan.loops) {
    if (step < 0 || static_cast<size_t>(step) >= steps.size() ||
        !isa<LoopOp>(steps[step]))
      return emitError(loc) << "V9: step " << step
                            << ": a plan for a loop that does not exist";
    auto op =
        LoopPlanOp::create(builder, loc, builder.getI32IntegerAttr(step),
                           builder.getI64IntegerAttr(inner.capacity),
                           inner.plan.instance.empty()
                               ? StringAttr()
                               : builder.getStringAttr(inner.plan.instance),
                           builder.getDenseI32ArrayAttr(inner.plan.order));
    if (failed(
            buildPlanBody(builder, loc, inner.plan, steps[step], op.getBody())))
      return failure();
  }
  return success();
}

FailureOr<PlanOp> mempl::ir::buildPlan(OpBuilder &builder, Location loc,
                                       const mempl::Plan &plan,
                                       InstanceOp instance, StringRef symbol) {
  std::string derived = (instance.getSymName() + "_plan").str();
  auto op =
      PlanOp::create(builder, loc, symbol.empty() ? StringRef(derived) : symbol,
                     instance.getSymName(), plan.order);
  if (succeeded(buildPlanBody(builder, loc, plan, instance, op.getBody())))
    return op;
  op.erase();
  return failure();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Reads the fields from the attributes of the same names.
static FailureOr<mempl::Residency>
readResidency(ResidencyOp op,
              const llvm::DenseMap<StringAttr, int32_t> &indices) {
  mempl::Residency r;
  std::string wrong = readAttributes(op, r);
  r.value = indices.lookup(op.getValueAttr().getAttr());
  if (wrong.empty())
    return r;
  return op.emitError() << "V9: value " << r.value << " ("
                        << op.getValueAttr().getValue() << "), step " << r.last
                        << ": " << wrong;
}

static LogicalResult readPlanBody(Region &body, Operation *program,
                                  mempl::Plan &plan) {
  llvm::DenseMap<StringAttr, int32_t> indices;
  for (auto [i, value] : llvm::enumerate(valuesOf(program)))
    indices[value.getSymNameAttr()] = static_cast<int32_t>(i);
  SmallVector<Operation *> steps = stepsOf(program);
  bool isWhole = true;
  for (Operation &op : body.front()) {
    if (auto loop = dyn_cast<LoopPlanOp>(op)) {
      mempl::BodyPlan &inner = plan.loops[static_cast<int32_t>(loop.getStep())];
      inner.plan.instance = loop.getOriginalName().value_or("").str();
      inner.capacity = static_cast<int64_t>(loop.getCapacity());
      inner.plan.order.assign(loop.getOrder().begin(), loop.getOrder().end());
      isWhole &= succeeded(
          readPlanBody(loop.getBody(), steps[loop.getStep()], inner.plan));
      continue;
    }
    FailureOr<mempl::Residency> r =
        readResidency(cast<ResidencyOp>(op), indices);
    isWhole &= succeeded(r);
    if (succeeded(r))
      plan.residencies.push_back(*r);
  }
  return success(isWhole);
}

FailureOr<mempl::Plan> mempl::ir::readPlan(PlanOp op,
                                           const mempl::Instance &instance) {
  InstanceOp program = op.getInstanceOp();
  // Only for a plan that was made by hand, and not verified.
  if (!program)
    return op.emitOpError()
           << "is for " << op.getInstanceAttr() << ", which is not here";
  mempl::Plan plan;
  plan.instance = instance.name;
  plan.order.assign(op.getOrder().begin(), op.getOrder().end());
  if (failed(readPlanBody(op.getBody(), program, plan)))
    return failure();
  return plan;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The op that breaks the rule: a residency, or the innermost plan around what
/// is about none.
static Operation *opOf(const mempl::Violation &violation, PlanOp plan) {
  Operation *op = plan;
  Region *body = &plan.getBody();
  for (int32_t step : violation.path) {
    auto loops = body->getOps<LoopPlanOp>();
    auto inner = llvm::find_if(loops, [&](LoopPlanOp loop) {
      return static_cast<int32_t>(loop.getStep()) == step;
    });
    if (inner == loops.end())
      return op;
    op = *inner;
    body = &(*inner).getBody();
  }
  if (violation.residency < 0)
    return op;
  return *std::next(body->getOps<ResidencyOp>().begin(), violation.residency);
}

int64_t mempl::ir::verifyPlan(PlanOp op, const mempl::Plan &plan,
                              const mempl::Instance &instance) {
  auto violations = mempl::verify(instance, plan);
  for (const mempl::Violation &violation : violations)
    opOf(violation, op)->emitError()
        << mempl::escapeForMessage(violation.str());
  return static_cast<int64_t>(violations.size());
}
