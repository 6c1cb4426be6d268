//===- Msa.cpp - the solvers msa -----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory space assignment as XLA does it for TPU (Apache-2.0; written here from
// a description of its rules): loops first, then what is constrained to be
// fast, values kept from run to run, repeated stretches of steps, and one
// greedy pass over all values in the order of their benefit. Near-linear: a
// proposal costs the logarithm of the program, and as much as there is in fast
// memory near its value in time. Many thousand values there at once therefore
// make it slow.
//
// What a plan cannot say is left out: prefetches in slices or windows, and
// blocks of prefetches in a band of their own. Steps are never changed, so
// copies that the program makes itself are not absorbed into prefetches.
//
//===----------------------------------------------------------------------===//

#include "../BuiltinSolvers.h"
#include "MsaLoops.h"
#include "MsaSolver.h"
#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/ConstrainedPlacement.h"

using namespace mempl;

llvm::Error mempl::planMsaLoops(PlanEditor &editor, const MsaOptions &options,
                                const std::function<bool()> &cancelled) {
  MsaOptions inner = options;
  inner.permutation.clear();
  auto loops = planLoops(editor.index(), [&](const Instance &body) {
    return planMsa(body, inner, nullptr, cancelled);
  });
  if (!loops)
    return loops.takeError();
  chooseLoops(editor, *loops);
  return llvm::Error::success();
}

llvm::Expected<Plan>
mempl::planMsaPass(const PlanEditor &editor, const MsaOptions &options,
                   MsaStatistics *statistics,
                   const std::function<bool()> &cancelled) {
  const AccessIndex &index = editor.index();
  MsaStatistics unused;
  MsaStatistics &stats = statistics ? *statistics : unused;
  stats = MsaStatistics();
  MsaCost cost(index, options);
  MsaAllocator allocator(editor, cost, options, stats);

  bool hasOrders = false;
  for (int32_t u = 0; u < index.numUses() && !hasOrders; ++u)
    hasOrders = index.use(u).mustBeFast;
  PlanEditor constrained = editor;
  if (hasOrders &&
      !placeConstrained(constrained,
                        UseIntervalForest(index, index.machine().capacity)))
    return constraintsError(index.instance());
  allocator.reserve(constrained.plan().residencies);
  allocator.carryValues();
  if (options.loopOptimizer)
    allocator.setHints(
        optimizeLoops(index, cost, options, editor.capacity(), stats));
  allocator.run(cancelled);

  Plan plan = editor.plan();
  plan.residencies = allocator.take();
  return plan;
}

llvm::Expected<Plan> mempl::planMsa(const Instance &instance,
                                    const MsaOptions &options,
                                    MsaStatistics *statistics,
                                    const std::function<bool()> &cancelled) {
  AccessIndex index(instance);
  PlanEditor editor(index);
  if (llvm::Error error = planMsaLoops(editor, options, cancelled))
    return error;
  if (!editor.fitsLimits())
    return constraintsError(instance);
  return planMsaPass(editor, options, statistics, cancelled);
}

namespace {

class MsaSolver : public Solver {
public:
  llvm::StringRef name() const override { return "msa"; }
  llvm::StringRef description() const override {
    return "memory space assignment as in XLA, constants by XLA's names";
  }
  void declareOptions(SolverOptionTable &table) override {
    declareMsaOptions(table, constants);
    table.add("tune", isTuned,
              "searches constants and order from these on, as long as the "
              "budget lasts; a pass counts for 10 plans and one for every 20 "
              "values");
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    if (isTuned)
      return tuneMsa(instance, constants, context);
    Deadline deadline(context);
    auto plan = planMsa(instance, constants, nullptr,
                        [&] { return deadline.hasPassed(); });
    if (!plan)
      return plan.takeError();
    Solution result;
    result.latency = simulateLatency(instance, *plan);
    result.plan = std::move(*plan);
    result.evaluated = 1;
    result.seconds = deadline.seconds();
    return result;
  }

private:
  MsaOptions constants = MsaOptions::full();
  bool isTuned = false;
};

} // namespace

void mempl::registerMsaSolver() { registerSolver<MsaSolver>(); }
