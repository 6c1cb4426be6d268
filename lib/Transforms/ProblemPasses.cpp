//===- ProblemPasses.cpp - passes on problems and plans -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-solve and mempl-verify-plan: the solvers and the verifier of the core,
// with instances and plans in IR.
//
//===----------------------------------------------------------------------===//

#include "SolverChoice.h"

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/Explanations.h"
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

//===----------------------------------------------------------------------===//
// mempl-solve
//===----------------------------------------------------------------------===//

namespace {

struct MemplSolvePass : mempl::ir::impl::MemplSolveBase<MemplSolvePass> {
  using MemplSolveBase::MemplSolveBase;

  LogicalResult initializeOptions(
      StringRef options,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    llvm::Expected<std::string> renamed = withNewNames(options);
    if (!renamed)
      return errorHandler("mempl-solve: solver: " +
                          llvm::toString(renamed.takeError()));
    std::string wrong = mempl::wrongOptionName(
        *renamed, [&](raw_ostream &os) { printAsTextualPipeline(os); });
    return wrong.empty()
               ? MemplSolveBase::initializeOptions(*renamed, errorHandler)
               : errorHandler(wrong);
  }
  void runOnOperation() override {
    if (auto solver = mempl::readySolver(solverName, context()); !solver) {
      getOperation().emitError()
          << "mempl-solve: " << llvm::toString(solver.takeError());
      return signalPassFailure();
    }
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
  auto error = [&](const Twine &text) {
    return op.emitError() << mempl::escapeForMessage(
               (solverName + ": " + text).str());
  };
  auto result = mempl::solveVerified(*instance, solverName, context());
  if (!result)
    return error(inOneLine(mempl::withReport(result.takeError(), "mempl-opt")));

  OpBuilder builder(op->getContext());
  FailureOr<PlanOp> plan =
      buildPlan(builder, op.getLoc(), result->plan, op, StringRef());
  if (failed(plan))
    return failure();
  // Takes another symbol where that one is taken.
  symbols.insert(*plan, std::next(Block::iterator(op)));
  ++numSolved;
  numResidencies += countResidencies(result->plan);
  numCopies += result->plan.numCopies();
  numEvaluated += result->evaluated;
  return success();
}
