//===- LowerBound.cpp - what no plan can beat -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The relaxation of LowerBoundModel.h, the ascent of LowerBoundAscent.h on it,
// and the tree of LowerBoundTree.h, for programs and for the bodies of loops.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/LowerBound.h"

#include "LowerBoundTree.h"

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/Simulator.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::bound;

/// Shares of the capacity that the body of an outermost loop is bounded for.
static constexpr int kBodyModes = 6;
/// Iterations for the body of a loop: fixed, so that a larger budget for the
/// outer program only ever continues the same computation.
static constexpr int64_t kBodyIterations = 400;

/// Turns the best multipliers into the prices that LowerBoundResult promises.
static void report(const Model &model, Ascent &ascent,
                   LowerBoundResult &result) {
  std::copy(ascent.bestPrices.begin(), ascent.bestPrices.end(),
            ascent.prices.all.begin());
  const Prices &prices = ascent.prices;
  result.capacityPrice.assign(prices.capacity.begin(), prices.capacity.end());
  for (llvm::ArrayRef<double> part : prices.stair)
    for (size_t k = 0; k != part.size(); ++k)
      result.capacityPrice[k] += part[k];
  std::vector<double> priced(model.numSteps), gains(model.numSteps);
  for (size_t i = 0; i != model.visits.size(); ++i) {
    const Visit &visit = model.visits[i];
    if (!visit.isChoice())
      continue;
    priced[visit.step] += prices.visit[i];
    gains[visit.step] += visit.gain;
  }
  result.memoryShare.assign(model.numSteps, 0.0);
  for (int32_t k = 0; k != model.numSteps; ++k)
    if (gains[k] > 0)
      result.memoryShare[k] =
          std::min(std::max(priced[k] / gains[k], 0.0), 1.0);
}

/// Least bytes that a streamed value moves to or from slow memory in each trip,
/// whatever is in fast memory: nobody has its contents there before, and
/// nobody takes them from there.
static double leastTraffic(const AccessIndex &index, int32_t v) {
  const Value &value = index.program().values[v];
  auto size = static_cast<double>(value.size);
  const Use *firstWrite = nullptr, *lastWrite = nullptr;
  double readBefore = 0;
  for (const Use &use : index.usesOf(v)) {
    if (use.writes)
      lastWrite = &use;
    if (use.writes && !firstWrite)
      firstWrite = &use;
    if (!firstWrite)
      readBefore += use.bytes;
  }
  // Either all of these are in slow memory, or the value is copied.
  double in = std::min(size, readBefore);
  if (!lastWrite || !value.isOutput())
    return in;
  double out = std::min(size, lastWrite->bytes);
  if (in > 0 || firstWrite->startsByWrite)
    return in + out;
  if (firstWrite == lastWrite)
    return std::min(2 * size, lastWrite->bytes);
  return std::min(size, firstWrite->bytes) + out;
}

/// Of a body whose trips may have their slices copied during other trips.
static BodyBound boundStreaming(InstanceRef body) {
  AccessIndex index(body);
  double bytes = 0;
  for (int32_t v = 0; v < body.numValues(); ++v)
    if (body.program.values[v].streamed)
      bytes += leastTraffic(index, v);
  return {idealLatency(body), bytes / body.machine.slowBandwidth * kRounding};
}

BodyBound bound::boundBody(InstanceRef body,
                           const std::function<bool()> &cancelled) {
  if (llvm::any_of(body.program.values,
                   [](const Value &value) { return value.streamed; }))
    return boundStreaming(body);
  Model model(body, 1, cancelled);
  LowerBoundOptions options;
  options.cancelled = cancelled;
  options.maxIterations = kBodyIterations;
  Ascent ascent(model, options);
  ascent.run(idealLatency(body));
  return {ascent.best * kRounding, model.leastSlowTime * kRounding};
}

LowerBoundResult mempl::lowerBound(const Instance &instance,
                                   const LowerBoundOptions &options) {
  Model model(instance, kBodyModes, options.cancelled);
  Ascent ascent(model, options);
  double ideal = idealLatency(instance);
  ascent.run(ideal);
  LowerBoundResult result;
  Tree tree(model, options, ascent);
  tree.grow();
  result.bound = std::max(ideal, tree.best * kRounding);
  result.iterations = ascent.iterations;
  result.nodes = tree.nodes;
  report(model, ascent, result);
  return result;
}
