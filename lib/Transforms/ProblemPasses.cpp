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

#include "OldNames.h"

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Msa.h"
#include "mempl/Solvers/Solver.h"
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
    std::string renamed = withNewNames(options);
    std::string wrong = mempl::wrongOptionName(
        renamed, [&](raw_ostream &os) { printAsTextualPipeline(os); });
    return wrong.empty()
               ? MemplSolveBase::initializeOptions(renamed, errorHandler)
               : errorHandler(wrong);
  }
  void runOnOperation() override {
    if (failed(checkOptions()))
      return signalPassFailure();
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
  LogicalResult checkOptions();
  mempl::SolverOptions solverOptions() const;
  LogicalResult solveIn(Operation *table);
  LogicalResult solve(InstanceOp op, SymbolTable &symbols);
};

} // namespace

LogicalResult MemplSolvePass::checkOptions() {
  auto error = [&](StringRef option, const Twine &text) {
    return getOperation().emitError()
           << "mempl-solve: " << option << ": " << text;
  };
  if (budget < 0)
    return error("budget", "expected an integer of at least 0");
  if (timeLimitMs < 0)
    return error("time-limit-ms", "expected an integer of at least 0");
  if (threads < 1)
    return error("threads", "expected an integer of at least 1");
  if (budget == 0 && timeLimitMs == 0)
    return error("budget", "0 means no limit; give time-limit-ms with it");
  mempl::MsaOptions checked;
  if (llvm::Error e = mempl::applyMsaOptions(msaOptions, checked))
    return error("msa-options", llvm::toString(std::move(e)));
  auto solver = mempl::createSolver(solverName);
  if (!solver)
    return error("solver", llvm::toString(solver.takeError()));
  if (llvm::Error e = (*solver)->check(solverOptions()))
    return error("solver " + solverName, llvm::toString(std::move(e)));
  return success();
}

mempl::SolverOptions MemplSolvePass::solverOptions() const {
  mempl::SolverOptions options;
  options.budget = budget;
  options.timeLimitMs = timeLimitMs;
  options.seed = seed;
  options.threads = threads;
  options.weights = weights;
  options.msaOptions = msaOptions;
  return options;
}

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
  auto solver = mempl::createSolver(solverName);
  if (!solver)
    return error(llvm::toString(solver.takeError()));
  auto result = (*solver)->solve(*instance, solverOptions());
  if (!result)
    return error(inOneLine(result.takeError()));
  // A solver that is wrong must not go further.
  auto violations = mempl::verify(*instance, result->plan);
  if (!violations.empty())
    return error("made a plan that is not valid: " + violations.front().str());

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
