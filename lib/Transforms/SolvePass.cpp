//===- SolvePass.cpp - mempl-solve ----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fallback.h"

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/StringExtras.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLSOLVE
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

static int64_t countResidencies(const mempl::Plan &plan) {
  auto count = static_cast<int64_t>(plan.residencies.size());
  for (const auto &[step, loop] : plan.loops)
    count += countResidencies(loop.plan);
  return count;
}

namespace {

struct MemplSolvePass : mempl::ir::impl::MemplSolveBase<MemplSolvePass> {
  using MemplSolveBase::MemplSolveBase;

  MEMPL_SOLVING_OPTIONS
  void runOnOperation() override {
    if (auto solver = mempl::readySolver(solverName, context()); !solver) {
      getOperation().emitError()
          << "mempl-solve: " << llvm::toString(solver.takeError());
      return signalPassFailure();
    }
    FailureOr<Fallback> withoutPlan =
        fallbackNamed(getOperation().getLoc(), fallback);
    if (failed(withoutPlan))
      return signalPassFailure();
    choice = {solverName, context(), *withoutPlan};
    bool anyFailed = false;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op->hasTrait<OpTrait::SymbolTable>() && !isa<InstanceOp>(op))
        anyFailed |= failed(solveIn(op));
      return isa<InstanceOp, PlanOp>(op) ? WalkResult::skip()
                                         : WalkResult::advance();
    });
    if (anyFailed)
      signalPassFailure();
  }

private:
  mempl::SolverContext context() const {
    return contextOf(budget, timeLimitMs, seed, threads);
  }
  LogicalResult solveIn(Operation *table);
  LogicalResult solve(InstanceOp op, SymbolTable &symbols);

  SolverChoice choice;
};

} // namespace

/// Solves the instances that `table` holds.
LogicalResult MemplSolvePass::solveIn(Operation *table) {
  SymbolTable symbols(table);
  llvm::DenseSet<StringAttr> solved;
  SmallVector<InstanceOp> instances;
  for (Operation &op : table->getRegion(0).front()) {
    if (auto plan = dyn_cast<PlanOp>(op))
      solved.insert(plan.getInstanceAttr().getAttr());
    else if (auto instance = dyn_cast<InstanceOp>(op))
      instances.push_back(instance);
  }
  LogicalResult result = success();
  for (InstanceOp instance : instances)
    if (!solved.contains(instance.getSymNameAttr()) &&
        failed(solve(instance, symbols)))
      result = failure();
  return result;
}

LogicalResult MemplSolvePass::solve(InstanceOp op, SymbolTable &symbols) {
  FailureOr<mempl::Instance> instance = readInstance(op);
  if (failed(instance))
    return failure();
  FailureOr<SolvedInstance> solved = solveOrFallBack(
      op.getLoc(), solverName + ": ", *instance, choice, /*pinned=*/nullptr);
  if (failed(solved))
    return failure();
  const mempl::Plan &plan = solved->solution.plan;

  OpBuilder builder(op->getContext());
  FailureOr<PlanOp> planOp =
      buildPlan(builder, op.getLoc(), plan, op, StringRef());
  if (failed(planOp))
    return failure();
  // Takes another symbol where that one is taken.
  symbols.insert(*planOp, std::next(Block::iterator(op)));
  ++numSolved;
  numFallbacks += solved->fellBack;
  numResidencies += countResidencies(plan);
  numCopies += plan.numCopies();
  numEvaluated += solved->solution.evaluated;
  return success();
}
