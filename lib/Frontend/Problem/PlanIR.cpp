//===- PlanIR.cpp - plans to IR and back, and their errors ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans have values by symbol here and by index in the core. Violations carry
// no residency, so the op that one is reported at is the one of its value that
// was in fast memory last; for V9, which is about a residency alone, it is
// found by asking the verifier again.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"

#include "RecordAttributes.h"

#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"

#include <set>

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
                               : builder.getStringAttr(inner.plan.instance));
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
                     instance.getSymName());
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
  if (failed(readPlanBody(op.getBody(), program, plan)))
    return failure();
  return plan;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {

/// Finds the op for each violation of one plan.
class ViolationReporter {
public:
  ViolationReporter(PlanOp op, const mempl::Plan &plan,
                    const mempl::Instance &instance)
      : op(op), plan(plan), instance(instance) {}

  void report(const mempl::Violation &violation) {
    scope = {op, &op.getBody(), &plan, &instance.program};
    StringRef text = violation.text;
    while (enterLoop(text))
      ;
    Operation *at = scope.op;
    if (violation.value >= 0)
      if (Operation *residency = violation.rule == mempl::Rule::V9
                                     ? findMalformed(violation.value, text)
                                     : findResidency(violation))
        at = residency;
    at->emitError() << mempl::escapeForMessage(violation.str());
  }

private:
  /// The plan that a violation is about, which may be that of a loop's body.
  struct Scope {
    Operation *op = nullptr; ///< mempl.plan or mempl.loop_plan.
    Region *body = nullptr;
    const mempl::Plan *plan = nullptr; ///< Null: the loop has no plan.
    const mempl::Program *program = nullptr;
  };

  bool enterLoop(StringRef &text);
  Operation *findResidency(const mempl::Violation &violation);
  Operation *findMalformed(int32_t value, StringRef text);
  SmallVector<ResidencyOp> residencyOps() {
    return llvm::to_vector(scope.body->getOps<ResidencyOp>());
  }

  PlanOp op;
  const mempl::Plan &plan;
  const mempl::Instance &instance;
  Scope scope;
  std::set<Operation *> malformed; ///< Those reported already.
};

} // namespace

/// Takes "in the loop at step N: " off the text. What is left begins with the
/// value or the step, so no name can look like it.
bool ViolationReporter::enterLoop(StringRef &text) {
  StringRef rest = text;
  int32_t step = 0;
  if (!rest.consume_front("in the loop at step ") ||
      rest.consumeInteger(10, step) || !rest.consume_front(": "))
    return false;
  text = rest;
  scope.program = scope.program->steps[step].body.get();
  if (!scope.plan)
    return true;
  auto it = scope.plan->loops.find(step);
  if (it == scope.plan->loops.end()) {
    scope.plan = nullptr;
    return true;
  }
  scope.plan = &it->second.plan;
  for (auto loop : scope.body->getOps<LoopPlanOp>())
    if (static_cast<int32_t>(loop.getStep()) == step)
      scope.op = loop;
  scope.body = &cast<LoopPlanOp>(scope.op).getBody();
  return true;
}

/// The residency of the value that began last at or before the step, else the
/// first one; of several, the last in the list.
Operation *ViolationReporter::findResidency(const mempl::Violation &violation) {
  if (!scope.plan)
    return nullptr;
  int64_t best = -1;
  auto startOf = [&](int64_t i) { return scope.plan->residencies[i].start(); };
  for (auto [i, r] : llvm::enumerate(scope.plan->residencies)) {
    if (r.value != violation.value)
      continue;
    bool isBefore = r.start() <= violation.step;
    if (best < 0 ||
        (isBefore ? startOf(best) > violation.step || startOf(best) <= r.start()
                  : startOf(best) > r.start()))
      best = static_cast<int64_t>(i);
  }
  return best < 0 ? nullptr : residencyOps()[best].getOperation();
}

/// The residency that alone breaks V9 with these words.
Operation *ViolationReporter::findMalformed(int32_t value, StringRef text) {
  if (!scope.plan)
    return nullptr;
  SmallVector<ResidencyOp> ops = residencyOps();
  for (auto [i, r] : llvm::enumerate(scope.plan->residencies)) {
    if (r.value != value)
      continue;
    mempl::Plan alone;
    alone.residencies = {r};
    for (const auto &violation :
         mempl::verify({instance.machine, *scope.program}, alone))
      if (violation.rule == mempl::Rule::V9 && violation.text == text &&
          malformed.insert(ops[i]).second)
        return ops[i];
  }
  return nullptr;
}

int64_t mempl::ir::verifyPlan(PlanOp op, const mempl::Plan &plan,
                              const mempl::Instance &instance) {
  auto violations = mempl::verify(instance, plan);
  ViolationReporter reporter(op, plan, instance);
  for (const mempl::Violation &violation : violations)
    reporter.report(violation);
  return static_cast<int64_t>(violations.size());
}
