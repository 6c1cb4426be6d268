//===- TripTokens.cpp - what loops carry for copies across trips ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TripTokens.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/ApplyPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Plan;
using mempl::Residency;

bool mempl::ir::isCarriedOut(const Residency &residency, int32_t numSteps) {
  return residency.out &&
         residency.out->done - (residency.isAhead(numSteps) ? numSteps : 0) >
             numSteps;
}

//===----------------------------------------------------------------------===//
// Loops with tokens
//===----------------------------------------------------------------------===//

namespace {

/// Makes loops anew that have to carry more.
class TokenCarrier {
public:
  void run(FunctionProblem &program, const Plan &plan);
  /// Tells the programs of the function what took the place of what.
  void finish(FunctionProblem &program);
  /// Only now: nothing made meanwhile is where an op that others know was.
  void eraseReplaced() {
    for (Operation *op : replaced)
      op->erase();
  }

private:
  scf::ForOp replace(scf::ForOp loop, unsigned numTokens);

  SmallVector<Operation *> replaced;
  DenseMap<Operation *, Operation *> newOps;
  DenseMap<Value, Value> newValues;
};

} // namespace

scf::ForOp TokenCarrier::replace(scf::ForOp loop, unsigned numTokens) {
  OpBuilder builder(loop);
  Value none = NoCopyOp::create(builder, loop.getLoc(),
                                TokenType::get(loop.getContext()));
  SmallVector<Value> inits = llvm::to_vector(loop.getInitArgs());
  inits.append(numTokens, none);
  auto carrying = scf::ForOp::create(
      builder, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(),
      loop.getStep(), inits, nullptr, loop.getUnsignedCmp());
  carrying->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  // The block stays, and with it the arguments that others know.
  carrying.getRegion().takeBody(loop.getRegion());
  SmallVector<Value> passedOn;
  for (unsigned i = 0; i < numTokens; ++i)
    passedOn.push_back(
        carrying.getBody()->addArgument(none.getType(), loop.getLoc()));
  Operation *yield = carrying.getBody()->getTerminator();
  yield->insertOperands(yield->getNumOperands(), passedOn);
  for (auto [old, result] : llvm::zip(loop.getResults(), carrying.getResults()))
    newValues[old] = result;
  loop->replaceAllUsesWith(
      carrying.getResults().take_front(loop.getNumResults()));
  newOps[loop] = carrying;
  replaced.push_back(loop);
  return carrying;
}

void TokenCarrier::run(FunctionProblem &program, const Plan &plan) {
  for (const auto &[step, loop] : plan.loops) {
    FunctionStep &made = program.steps[step];
    if (!made.body)
      continue;
    int32_t numSteps = made.body->steps.size();
    unsigned numTokens = 0;
    for (const Residency &residency : loop.plan.residencies)
      numTokens +=
          residency.isAhead(numSteps) + isCarriedOut(residency, numSteps);
    if (numTokens > 0)
      replace(cast<scf::ForOp>(made.op), numTokens);
    run(*made.body, loop.plan);
  }
}

void TokenCarrier::finish(FunctionProblem &program) {
  auto renamed = [&](Operation *op) {
    auto it = newOps.find(op);
    return it == newOps.end() ? op : it->second;
  };
  for (FunctionStep &step : program.steps) {
    step.op = renamed(step.op);
    if (step.body)
      finish(*step.body);
  }
  for (const auto &[old, value] : newValues)
    if (auto it = program.views.find(old); it != program.views.end()) {
      View view = std::move(it->second);
      program.views.erase(it);
      program.views[value] = std::move(view);
    }
  for (Storage &storage : program.storages)
    if (Value value = newValues.lookup(storage.root))
      storage.root = value;
  for (const auto &[old, op] : newOps)
    if (auto it = program.before.find(old); it != program.before.end()) {
      SmallVector<Operation *, 2> before = std::move(it->second);
      program.before.erase(it);
      program.before[op] = std::move(before);
    }
  for (auto &[op, before] : program.before)
    for (Operation *&each : before)
      each = renamed(each);
}

void mempl::ir::carryTokens(FunctionProblem &program, const Plan &plan) {
  TokenCarrier carrier;
  carrier.run(program, plan);
  carrier.finish(program);
  carrier.eraseReplaced();
}

//===----------------------------------------------------------------------===//
// Trips
//===----------------------------------------------------------------------===//

Value LoopTrips::compare(OpBuilder &builder, Value a, Value b) {
  auto predicate = loop.getUnsignedCmp() ? arith::CmpIPredicate::ult
                                         : arith::CmpIPredicate::slt;
  return arith::CmpIOp::create(builder, loop.getLoc(), predicate, a, b);
}

LoopTrips::LoopTrips(scf::ForOp loop, const Plan &plan, int32_t numSteps)
    : loop(loop) {
  int32_t count = 0;
  bool anyAhead = false, anyTwo = false, anyTwoAhead = false;
  for (const Residency &residency : plan.residencies) {
    bool ahead = residency.isAhead(numSteps);
    auto &[in, out] = tokens.emplace_back(-1, -1);
    if (ahead)
      in = count++;
    if (isCarriedOut(residency, numSteps))
      out = count++;
    anyAhead |= ahead;
    anyTwo |= residency.offset2.has_value();
    anyTwoAhead |= ahead && residency.offset2;
  }
  // They are the last ones that the loop carries.
  int32_t first = loop.getNumResults() - count;
  for (auto &[in, out] : tokens) {
    in += in < 0 ? 0 : first;
    out += out < 0 ? 0 : first;
  }

  OpBuilder builder = OpBuilder::atBlockBegin(loop.getBody());
  Location loc = loop.getLoc();
  Value index = loop.getInductionVar();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(index.getType(), value));
  };
  if (anyTwo) {
    Value begun =
        builder.createOrFold<arith::SubIOp>(loc, index, loop.getLowerBound());
    Value trip =
        builder.createOrFold<arith::DivUIOp>(loc, begun, loop.getStep());
    Value parity = arith::RemUIOp::create(builder, loc, trip, constant(2));
    Value zero = constant(0);
    odd = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, parity,
                                zero);
    if (anyTwoAhead)
      even = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                   parity, zero);
  }
  if (anyAhead) {
    next = arith::AddIOp::create(builder, loc, index, loop.getStep());
    more = compare(builder, next, loop.getUpperBound());
  }
}

Value LoopTrips::runs(OpBuilder &builder) {
  std::optional<APInt> trips = loop.getStaticTripCount();
  if (trips && !trips->isZero())
    return {};
  return compare(builder, loop.getLowerBound(), loop.getUpperBound());
}

Value LoopTrips::sliceAt(OpBuilder &builder, tensor::ExtractSliceOp slice,
                         Value trip, Value whole) {
  Block *body = loop.getBody();
  IRMapping mapping;
  mapping.map(loop.getInductionVar(), trip);
  // A tensor that trips update in place is, before the loop, the first one.
  if (whole)
    mapping.map(slice.getSource(), whole);
  else if (auto argument = dyn_cast<BlockArgument>(slice.getSource());
           argument && argument.getOwner() == body &&
           loop.isDefinedOutsideOfLoop(trip))
    mapping.map(slice.getSource(), loop.getTiedLoopInit(argument)->get());
  SmallVector<Operation *> computed;
  SmallVector<Value> needed(slice->getOperands().drop_front());
  while (!needed.empty()) {
    Value value = needed.pop_back_val();
    if (loop.isDefinedOutsideOfLoop(value) || value == loop.getInductionVar())
      continue;
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != body || op->getNumRegions() > 0 || !isPure(op))
      return {};
    if (llvm::is_contained(computed, op))
      continue;
    computed.push_back(op);
    llvm::append_range(needed, op->getOperands());
  }
  llvm::sort(computed,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : computed)
    builder.clone(*op, mapping);
  return builder.clone(*slice, mapping)->getResult(0);
}
