//===- PlacementReport.cpp - what to say of a function --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlacementReport.h"

#include "Fallback.h"
#include "ReorderSteps.h"

#include "mempl/IR/SourceLocation.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Transforms/Explanations.h"
#include "mempl/Transforms/Pins.h"

#include "mlir/IR/Remarks.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;
using mempl::Plan;

/// One line for a function: the traffic that stays in slow memory, by reason.
static void remarkSlowTraffic(func::FuncOp function,
                              llvm::ArrayRef<ProgramDecisions> all) {
  mempl::SlowTrafficSummary traffic;
  for (const ProgramDecisions &of : all)
    traffic.add(of.program->instance, of.decisions, of.trips);
  std::string reasons = traffic.str();
  if (reasons.empty())
    return;
  InFlightDiagnostic remark = emitRemark(withoutColumn(function.getLoc()));
  if (traffic.anyFast())
    remark << "'" << function.getName() << "': " << traffic.slowBytes()
           << " of " << traffic.traffic()
           << " bytes of traffic stay in slow memory: ";
  else
    remark << "'" << function.getName() << "': nothing placed in fast memory: ";
  remark << reasons;
}

PlacementReport::PlacementReport(const PlaceableFunction &function,
                                 const Plan &plan) {
  const FunctionProblem &program = *function.program;
  MLIRContext *context = function.function->getContext();
  std::vector<ProgramDecisions> all = explain(program, plan);
  collectDiagnostics(context, remarks, [&] {
    remarkSlowTraffic(function.function, all);
    remarkCostlyPins(program, mempl::simulateLatency(program.instance, plan));
  });
  if (!context->getRemarkEngine())
    return;
  if (int64_t moved = countMovedSteps(plan))
    order = "'" + program.instance.name + "': " + std::to_string(moved) +
            (moved == 1 ? " step runs" : " steps run") + " in another place";
  for (const ProgramDecisions &of : all)
    for (const mempl::Decision &decision : of.decisions) {
      const mempl::Value &value =
          of.program->instance.program.values[decision.value];
      Value root = of.program->storages[decision.value].root;
      // All arguments are in one line, and the text has the name.
      Location loc = isa<BlockArgument>(root) ? withoutColumn(root.getLoc())
                                              : root.getLoc();
      decisions.push_back({loc, decision.fast,
                           "'" + value.name + "' (" +
                               std::to_string(value.size) + " bytes) " +
                               decision.text});
    }
}

static remark::RemarkOpts about(func::FuncOp function, StringRef name) {
  return remark::RemarkOpts::name(name).category("mempl").function(
      function.getName());
}

void PlacementReport::emit(const PlaceableFunction &function, bool isSlow) {
  // What is about a storage is in the remark about it.
  for (const ProgramNote &note : function.notes)
    if (!note.aboutStorage)
      remark::analysis(note.loc, about(function.function, "Program"))
          << note.text;
  if (isSlow)
    return;
  func::FuncOp op = function.function;
  for (Diagnostic &diagnostic : remarks)
    op->getContext()->getDiagEngine().emit(std::move(diagnostic));
  if (!order.empty())
    remark::passed(withoutColumn(op.getLoc()), about(op, "Reordered")) << order;
  for (const Decision &decision : decisions) {
    if (decision.fast)
      remark::passed(decision.loc, about(op, "Placed")) << decision.text;
    else
      remark::missed(decision.loc, about(op, "LeftSlow")) << decision.text;
  }
}

void PlacementStatistics::add(const Instance &instance, const Plan &plan,
                              bool isSlow) {
  storages += instance.program.values.size();
  if (isSlow) {
    ++fallbacks;
    return;
  }
  ++functions;
  llvm::SmallDenseSet<int32_t> fast;
  for (const mempl::Residency &residency : plan.residencies)
    fast.insert(residency.value);
  placedFast += fast.size();
  prefetches += plan.numCopiesIn();
  evictions += plan.numCopiesOut();
  movedSteps += countMovedSteps(plan);
  int64_t peak = mempl::simulate(instance, plan).peakBytes;
  if (peak > int64_t(uint64_t(peakBytes)))
    peakBytes = peak;
}
