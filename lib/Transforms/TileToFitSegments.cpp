//===- TileToFitSegments.cpp - which runs of ops to split -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choice is a shortest path over the positions of the block: from one
// position to the next an op stays as it is, from one to a later one all ops
// between become a loop. The ops that start at one position are looked at in
// order, and what a loop around them would cost is kept up to date with each.
//
//===----------------------------------------------------------------------===//

#include "TileToFit.h"

#include "TileToFitModel.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

using namespace mlir;
using namespace mempl::ir::tiling;

/// Segments are at most this many ops long, which keeps the time for a block of
/// many thousand ops in proportion to its length.
static constexpr size_t kMaxSegment = 1024;

namespace {

/// A segment that grows op by op, with what a loop around it would cost.
class Growth {
public:
  Growth(const BlockModel &block, int64_t budget)
      : block(block), budget(budget), valueStamps(block.numValues, -1),
        storageStamps(block.storages.size(), -1),
        weightStamps(block.storages.size(), -1),
        lastAccess(block.storages.size()) {}

  void start(int32_t position);

  /// Adds the op behind the segment. False: no segment from this start can have
  /// it.
  bool add();

  /// Whether the op that was added last is split.
  bool endsWithMember() const { return !members.empty() && members.back(); }
  const std::vector<char> &isMember() const { return members; }

  int64_t trips() const { return numTrips; }
  int64_t extent() const { return divisor; }
  /// Bytes of slow memory of a loop around the segment.
  double cost() const;

private:
  bool dependsOnMembers(const BlockOp &op) const {
    return llvm::any_of(op.uses, [&](const Use &use) {
      return valueStamps[use.value] == begin;
    });
  }
  void extendLife(int32_t storage, int32_t from, int32_t to);
  bool findTrips();

  const BlockModel &block;
  int64_t budget;
  // Stamps say for which start something holds.
  std::vector<int32_t> valueStamps, storageStamps, weightStamps, lastAccess;
  int32_t begin = 0, end = 0;
  std::vector<char> members;
  std::vector<int64_t> live; ///< Bytes that are live, by op, of all trips.
  int64_t peak = 0, divisor = 0, numTrips = 1;
  double moved = 0, left = 0, perTrip = 0, weights = 0;
};

} // namespace

void Growth::start(int32_t position) {
  begin = end = position;
  members.clear();
  live.clear();
  peak = divisor = 0;
  numTrips = 1;
  moved = left = perTrip = weights = 0;
}

void Growth::extendLife(int32_t storage, int32_t from, int32_t to) {
  for (int32_t i = from - begin; i <= to - begin; ++i) {
    live[i] += block.storages[storage].bytes;
    peak = std::max(peak, live[i]);
  }
  lastAccess[storage] = to;
}

/// The fewest trips, at least the present ones, that divide the rows and make
/// the tensors of a trip small enough.
bool Growth::findTrips() {
  int64_t needed = std::max<int64_t>(
      2, budget > 0 ? (peak + budget - 1) / budget : divisor + 1);
  needed = std::max(needed, numTrips);
  if (needed > divisor)
    return false;
  if (numTrips >= needed && divisor % numTrips == 0)
    return true;
  int64_t best = divisor;
  for (int64_t i = 1; i * i <= divisor; ++i)
    if (divisor % i == 0)
      for (int64_t candidate : {i, divisor / i})
        if (candidate >= needed)
          best = std::min(best, candidate);
  numTrips = best;
  return true;
}

bool Growth::add() {
  const BlockOp &op = block.ops[end];
  bool depends = dependsOnMembers(op);
  bool member = op.divisor > 0;
  if (member && !depends &&
      (op.feedsWeights || (divisor > 0 && std::gcd(divisor, op.divisor) == 1)))
    member = false;
  live.push_back(0);
  members.push_back(member);
  int32_t position = end++;
  if (!member) {
    moved += op.cost;
    return op.movable && !depends;
  }
  for (const Use &use : op.uses)
    if (!use.rows && valueStamps[use.value] == begin)
      return false;
  // A tensor from outside that others see must not be written into.
  for (int32_t value : op.overwritten)
    if (valueStamps[value] != begin)
      return false;
  divisor = std::gcd(divisor, op.divisor);
  for (int32_t value : op.results)
    valueStamps[value] = begin;
  for (const Access &access : op.accesses) {
    const Storage &storage = block.storages[access.storage];
    bool fits = block.fits(access.storage);
    if (!access.rows) {
      if (!fits)
        (access.gather ? moved : perTrip) += access.bytes;
      else if (std::exchange(weightStamps[access.storage], begin) != begin)
        weights += access.bytes;
    } else if (storageStamps[access.storage] == begin) {
      extendLife(access.storage, lastAccess[access.storage] + 1, position);
    } else if (storage.made == position) {
      storageStamps[access.storage] = begin;
      extendLife(access.storage, position, position);
      left += fits ? 0 : storage.bytes;
    } else if (!fits) {
      moved += access.bytes;
    }
  }
  for (int32_t storage : op.ending)
    if (storageStamps[storage] == begin && !block.fits(storage))
      left -= block.storages[storage].bytes;
  return findTrips();
}

double Growth::cost() const {
  double trips = numTrips;
  double over =
      std::clamp(weights + peak / trips - block.capacity, 0.0, weights);
  return moved + left + perTrip * trips + over * (trips - 1);
}

std::vector<Segment>
mempl::ir::tiling::chooseSegments(Block &block, const TargetDescription &target,
                                  const TilingLimits &limits) {
  BlockModel model(block, limits.capacity);
  size_t n = model.ops.size();
  std::vector<double> unsplit(n + 1, 0);
  for (size_t i = 0; i < n; ++i)
    unsplit[i + 1] = unsplit[i] + model.ops[i].cost;
  std::vector<double> best(n + 1, std::numeric_limits<double>::infinity());
  std::vector<int32_t> from(n + 1, -1);
  best[0] = 0;
  Growth growth(model, limits.budget);
  for (size_t i = 0; i < n; ++i) {
    double step = best[i] + model.ops[i].cost;
    if (step <= best[i + 1]) {
      best[i + 1] = step;
      from[i + 1] = i;
    }
    if (model.ops[i].divisor == 0)
      continue;
    growth.start(i);
    for (size_t j = i + 1; j <= std::min(n, i + kMaxSegment); ++j) {
      if (!growth.add() || !growth.isMember().front())
        break;
      if (!growth.endsWithMember())
        continue;
      double cost = growth.cost();
      if (cost < unsplit[j] - unsplit[i] && best[i] + cost < best[j]) {
        best[j] = best[i] + cost;
        from[j] = i;
      }
    }
  }
  std::vector<Segment> segments;
  for (size_t j = n; j > 0; j = from[j]) {
    size_t i = from[j];
    if (best[j] == best[i] + model.ops[i].cost && j == i + 1)
      continue;
    growth.start(i);
    while (growth.isMember().size() < j - i)
      growth.add();
    Segment segment;
    segment.trips = growth.trips();
    segment.extent = growth.extent();
    for (size_t k = i; k < j; ++k)
      if (growth.isMember()[k - i])
        segment.members.push_back(model.ops[k].op);
    segments.push_back(std::move(segment));
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}
