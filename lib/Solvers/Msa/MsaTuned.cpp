//===- MsaTuned.cpp - the solver msa:tuned --------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hill climbing over what XLA's users tune: the constants of memory space
// assignment, within the ranges of published settings, and the order in which
// values are proposed. Each try is one pass, some units of budget, and is
// evaluated by the simulator; the first is that of msa:full, so the result is
// never worse than that. Loops keep the plans of msa:full. Memory is never
// explored beyond what the greedy pass does for some order and some constants.
//
//===----------------------------------------------------------------------===//

#include "../BuiltinSolvers.h"
#include "MsaCost.h"
#include "MsaSolver.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Support/Random.h"

#include <cmath>

using namespace mempl;

/// Units of the budget that one pass counts for: it takes about as long as so
/// many moves of `search`.
static int64_t unitsOfPass(const AccessIndex &index) {
  return 10 + index.numValues() / 20;
}

namespace {

/// One thing to try: constants, with an order or the usual one.
class Tuner {
public:
  Tuner(const AccessIndex &index, uint64_t seed)
      : index(index), random(seed, "msa tuned") {}

  MsaOptions neighbour(const MsaOptions &best) {
    MsaOptions options = best;
    if (index.numValues() < 2 || random.chance(0.4)) {
      auto changes = static_cast<int>(random.between(1, 3));
      for (int k = 0; k < changes; ++k)
        changeConstant(options);
    } else {
      changeOrder(options);
    }
    return options;
  }

private:
  /// Uniform in the logarithm.
  double between(double low, double high) {
    return low * std::pow(high / low, random.uniform());
  }

  int64_t cap(int64_t most) {
    return random.chance(0.3) ? -1 : random.between(1, most);
  }

  void changeConstant(MsaOptions &o) {
    switch (random.below(13)) {
    case 0:
      o.minOverlap = between(0.1, 1.5);
      break;
    case 1:
      o.preferredOverlap = between(0.002, 8.4);
      break;
    case 2:
      o.maxOverlap = between(0.0047, 16);
      break;
    case 3:
      o.maxRetries = random.between(1, 8);
      break;
    case 4:
      o.maxRepacks = random.between(0, 45);
      break;
    case 5:
      o.maxOutstandingPrefetches = cap(150);
      break;
    case 6:
      o.maxOutstandingEvictions = cap(330);
      break;
    case 7:
      o.inefficientRatio = random.uniform();
      break;
    case 8:
      o.copyScale = between(0.6, 1.5);
      break;
    case 9:
      o.fifoOrder = !o.fifoOrder;
      break;
    case 10:
      o.loopOptimizer = !o.loopOptimizer;
      break;
    case 11:
      o.sizeOverride =
          random.chance(0.4) ? 0 : static_cast<int64_t>(between(0.2e6, 406e6));
      break;
    default:
      o.crossProgramFreeing = !o.crossProgramFreeing;
      o.scaling = random.chance(0.5) ? MsaScaling::Sqrt : MsaScaling::None;
      o.maxCrossProgram = random.chance(0.3) ? 0 : 1;
    }
  }

  /// Takes one value, or a few neighbours, to another place in the order;
  /// mostly not far, and forwards more often than back.
  void changeOrder(MsaOptions &options) {
    if (options.permutation.empty())
      options.permutation = MsaCost(index, options).order();
    std::vector<int32_t> &order = options.permutation;
    if (order.size() < 2)
      return;
    int64_t n = static_cast<int64_t>(order.size());
    for (int64_t moves = random.between(1, 3); moves > 0; --moves) {
      int64_t from = random.between(0, n - 1);
      int64_t reach = std::max<int64_t>(
          1, static_cast<int64_t>(static_cast<double>(n) *
                                  std::pow(random.uniform(), 3)));
      int64_t to = random.chance(0.7) ? std::max<int64_t>(0, from - reach)
                                      : std::min(n - 1, from + reach);
      auto at = [&](int64_t i) { return order.begin() + i; };
      if (to < from)
        std::rotate(at(to), at(from), at(from) + 1);
      else
        std::rotate(at(from), at(from) + 1, at(to) + 1);
    }
  }

  const AccessIndex &index;
  Random random;
};

} // namespace

llvm::Expected<Solution> mempl::tuneMsa(const Instance &instance,
                                        const MsaOptions &first,
                                        const SolverContext &context) {
  Deadline deadline(context);
  MsaOptions best = first;
  AccessIndex index(instance);
  PlanEditor editor(index);
  auto stop = [&] { return deadline.hasPassed(); };
  if (llvm::Error error = planMsaLoops(editor, best, stop))
    return error;
  if (!editor.fitsLimits())
    return constraintsError(instance);
  auto begin = planMsaPass(editor, best, nullptr, stop);
  if (!begin)
    return begin.takeError();

  Solution result;
  result.plan = std::move(*begin);
  result.latency = simulateLatency(instance, result.plan);
  const int64_t units = unitsOfPass(index);
  result.evaluated = units;
  auto report = [&](const auto &callback) {
    if (callback)
      callback({"msa", result.latency, result.evaluated, context.budget,
                deadline.seconds()});
  };
  report(context.improved);
  Tuner tuner(index, context.seed);
  while ((context.budget == 0 || result.evaluated + units <= context.budget) &&
         !stop()) {
    MsaOptions next = tuner.neighbour(best);
    auto plan = planMsaPass(editor, next, nullptr, stop);
    if (!plan)
      return plan.takeError();
    // Equal is good enough: it lets the order drift.
    double latency = simulateLatency(instance, *plan);
    result.evaluated += units;
    if (latency <= result.latency) {
      bool isBetter = latency < result.latency;
      best = std::move(next);
      result.plan = std::move(*plan);
      result.latency = latency;
      if (isBetter)
        report(context.improved);
    }
    report(context.progress);
  }
  result.seconds = deadline.seconds();
  return result;
}
