//===- ExactPacker.cpp - packs within a capacity, or lowest -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Drives the section search: the best-fit answer first, then searches that are
// restarted with a growing number of nodes (the sequence of Luby, Sinclair and
// Zuckerman, 1993) and another order of candidates each time, which keeps one
// unlucky early decision from costing everything. With `minimize` the smallest
// height is enclosed: the lower bound is tried first, then heights by
// bisection; a height that a budget does not decide is left for a round with a
// larger one.
//
//===----------------------------------------------------------------------===//

#include "GapPacker.h"
#include "PackingModel.h"
#include "SectionSearch.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <chrono>
#include <memory>

using namespace mempl;
using namespace mempl::packing;

/// Nodes of the shortest search between two restarts: at least these, and
/// enough to place every item and to change one's mind as often.
static constexpr int64_t kRestartNodes = 1000;
static constexpr int64_t kRestartNodesPerItem = 2;
/// Shortest searches for one height in the first round of a minimisation.
static constexpr int64_t kFirstBudget = 4;

/// Element `index` (from 1) of 1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8, ...
static int64_t luby(int64_t index) {
  while (true) {
    int64_t power = 1;
    while (2 * power - 1 < index)
      power *= 2;
    if (2 * power - 1 == index)
      return power;
    index -= power - 1;
  }
}

namespace {

class ExactPacker {
public:
  ExactPacker(const PackingProblem &problem, const PackingOptions &options)
      : problem(problem), options(options),
        start(std::chrono::steady_clock::now()) {}

  PackingResult run();

private:
  SearchOutcome probe(int64_t height, int64_t budget);
  void minimize(int64_t lowerBound);
  void adopt();
  bool timeIsUp() const;
  int64_t nodesLeft() const;

  const PackingProblem &problem;
  const PackingOptions &options;
  std::chrono::steady_clock::time_point start;
  PackingModel model;
  std::unique_ptr<SectionSearch> search;
  int64_t restarts = 0;
  int64_t restartNodes = kRestartNodes;
  PackingResult result;
};

} // namespace

bool ExactPacker::timeIsUp() const {
  if (options.cancelled && options.cancelled())
    return true;
  return options.timeLimitMs > 0 &&
         std::chrono::steady_clock::now() - start >=
             std::chrono::milliseconds(options.timeLimitMs);
}

int64_t ExactPacker::nodesLeft() const {
  return options.nodeLimit > 0 ? options.nodeLimit - search->nodes()
                               : INT64_MAX;
}

/// Searches at one height for about `budget` nodes.
SearchOutcome ExactPacker::probe(int64_t height, int64_t budget) {
  static constexpr ItemOrder orders[] = {ItemOrder::Area, ItemOrder::Lifetime,
                                         ItemOrder::Size};
  auto stop = [this] { return timeIsUp(); };
  while (true) {
    int64_t nodes =
        std::min({luby(restarts + 1) * restartNodes, budget, nodesLeft()});
    if (nodes <= 0 || timeIsUp())
      return SearchOutcome::Stopped;
    int64_t before = search->nodes();
    SearchOutcome outcome =
        search->run(height, orders[restarts++ % 3], nodes, stop);
    if (outcome != SearchOutcome::Stopped)
      return outcome;
    budget -= std::max<int64_t>(search->nodes() - before, 1);
  }
}

/// Takes over the offsets of a search that found some.
void ExactPacker::adopt() {
  PackingResult best;
  best.offsets.assign(problem.buffers.size(), 0);
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    best.offsets[i] = std::max<int64_t>(problem.buffers[i].fixedOffset, 0);
  for (size_t i = 0; i < model.items.size(); ++i)
    best.offsets[model.items[i].buffer] = search->offsets()[i];
  best.height = heightOf(problem, best.offsets);
  best.status = PackingStatus::Packed;
  result = std::move(best);
}

/// Encloses the smallest height between `least` and what has been found.
void ExactPacker::minimize(int64_t lowerBound) {
  using Wide = __int128; // A bound may become 2^63.
  Wide least = lowerBound;
  auto highest = [&]() -> Wide {
    return result.status == PackingStatus::Packed ? result.height - 1
                                                  : problem.capacity;
  };
  for (int64_t budget = kFirstBudget * restartNodes; least <= highest();
       budget = budget > INT64_MAX / 4 ? INT64_MAX : budget * 4) {
    // Between `low` and the highest nothing has been tried in this round.
    Wide height = least;
    for (Wide low = least; low <= highest();
         height = low + (highest() - low) / 2) {
      switch (probe(static_cast<int64_t>(height), budget)) {
      case SearchOutcome::Found:
        adopt();
        break;
      case SearchOutcome::Excluded:
        low = least = height + 1;
        break;
      case SearchOutcome::Stopped:
        if (nodesLeft() <= 0 || timeIsUp())
          return;
        low = height + 1;
        break;
      }
    }
  }
  result.optimal = result.status == PackingStatus::Packed;
  if (!result.optimal)
    result.status = PackingStatus::Infeasible;
}

PackingResult ExactPacker::run() {
  auto infeasible = [] {
    PackingResult none;
    none.status = PackingStatus::Infeasible;
    return none;
  };
  if (!checkPackingFields(problem).empty())
    return infeasible();
  for (const PackingBuffer &buffer : problem.buffers) {
    int64_t base = std::max<int64_t>(buffer.fixedOffset, 0);
    if (base % buffer.alignment != 0 || buffer.size > problem.capacity ||
        base > problem.capacity - buffer.size)
      return infeasible();
  }
  int64_t least = leastHeight(problem);
  // A load of 2^63 or more looks like INT64_MAX here: the search excludes it.
  if (least > problem.capacity)
    return infeasible();

  result = packGaps(problem, options.minimize ? 0 : problem.capacity,
                    [this] { return timeIsUp(); });
  if (result.status == PackingStatus::Infeasible)
    return result;
  bool packed = result.status == PackingStatus::Packed;
  if (packed && (!options.minimize || result.height == least)) {
    result.optimal = options.minimize;
    return result;
  }
  if (timeIsUp())
    return result;
  model = buildPackingModel(problem);
  search = std::make_unique<SectionSearch>(model);
  restartNodes = std::max<int64_t>(
      kRestartNodes, kRestartNodesPerItem * int64_t(model.items.size()));
  if (options.minimize) {
    minimize(least);
  } else {
    SearchOutcome outcome = probe(problem.capacity, INT64_MAX);
    if (outcome == SearchOutcome::Found)
      adopt();
    else if (outcome == SearchOutcome::Excluded)
      result = infeasible();
  }
  if (result.status == PackingStatus::Infeasible)
    result = infeasible();
  result.nodes = search->nodes();
  return result;
}

/// The problem with every window widened to its whole buffer, or closed.
static PackingProblem withoutWindows(PackingProblem problem, bool widened) {
  for (PackingBuffer &buffer : problem.buffers) {
    if (widened)
      llvm::erase_if(buffer.gaps, [](const PackingGap &gap) {
        return gap.windowLower < gap.windowUpper;
      });
    for (PackingGap &gap : buffer.gaps)
      gap.windowLower = gap.windowUpper = 0;
  }
  return problem;
}

/// Encloses the answer between two searches: a packing with all windows closed
/// may be none with them open, but nothing is lower; one with all of them
/// widened is a packing, though maybe not the lowest.
static PackingResult packWithWindows(const PackingProblem &problem,
                                     const PackingOptions &options) {
  // All parts together have the time that is given.
  auto start = std::chrono::steady_clock::now();
  std::function<bool()> stop = [&] {
    return (options.cancelled && options.cancelled()) ||
           (options.timeLimitMs > 0 &&
            std::chrono::steady_clock::now() - start >=
                std::chrono::milliseconds(options.timeLimitMs));
  };
  PackingOptions half = options;
  half.cancelled = stop;
  if (options.nodeLimit > 0)
    half.nodeLimit = std::max<int64_t>(1, options.nodeLimit / 2);
  if (options.timeLimitMs > 0)
    half.timeLimitMs = std::max<int64_t>(1, options.timeLimitMs / 2);
  PackingResult closed =
      ExactPacker(withoutWindows(problem, /*widened=*/false), half).run();
  if (closed.status == PackingStatus::Infeasible)
    return closed;
  if (closed.status == PackingStatus::Packed &&
      checkPacking(problem, closed.offsets).empty())
    return closed;

  int64_t least = leastHeight(problem);
  if (closed.optimal)
    least = std::max(least, closed.height);
  PackingResult best =
      packGaps(problem, options.minimize ? least : problem.capacity, stop);
  best.nodes = closed.nodes;
  bool packed = best.status == PackingStatus::Packed;
  if (!packed || (options.minimize && best.height > least)) {
    PackingResult widened =
        ExactPacker(withoutWindows(problem, /*widened=*/true), half).run();
    int64_t nodes = best.nodes + widened.nodes;
    if (widened.status == PackingStatus::Packed &&
        (!packed || widened.height < best.height))
      best = std::move(widened);
    best.nodes = nodes;
  }
  best.optimal = options.minimize && best.status == PackingStatus::Packed &&
                 best.height == least;
  return best;
}

PackingResult mempl::pack(const PackingProblem &problem,
                          const PackingOptions &options) {
  if (checkPackingFields(problem).empty() && hasWindows(problem))
    return packWithWindows(problem, options);
  return ExactPacker(problem, options).run();
}
