//===- ProfilePacking.cpp - offsets for a plan that has none --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProfilePacking.h"

#include "mempl/Problem/OccupancyMap.h"
#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mempl;

namespace {

class ProfilePacker {
public:
  ProfilePacker(const AccessIndex &index, const Plan &profile,
                int64_t capacity);

  ProfilePacking pack(int64_t rounds, const std::function<bool()> &cancelled);

private:
  /// What has to be at one offset: a residency, or the two of a value that is
  /// kept across runs, which may be the same one.
  struct Item {
    llvm::SmallVector<int32_t, 2> residencies; ///< Indices into the plan.
    int64_t size = 0;
    double served = 0;  ///< Bytes of the accesses that they serve.
    double extent = 0;  ///< Its bytes and the root of its steps.
    double urgency = 0; ///< The larger, the earlier it is placed.
    /// It does not stay at the offset that it has in the plan.
    bool isRestless = false;
  };
  /// How much more urgent an item gets with every round that it is left out of.
  /// Large factors pack most plans in few rounds, and some never: after so many
  /// rounds all begins anew with the next one.
  static constexpr double kSqueaks[] = {2, 1.5, 1.2};
  static constexpr int64_t kRoundsEach = 40;

  void addItems();
  double bytesServed(const Residency &r) const;
  OccupancyMap emptyMap() const;
  bool fits(const OccupancyMap &space, const Item &item, int64_t offset) const;
  int64_t findOffset(const OccupancyMap &space, const Item &item,
                     Fit fit) const;
  void beginAnew(bool keepsOffsets);
  double round(Fit fit, double squeak);

  const AccessIndex &index;
  const Plan &profile;
  int64_t capacity;
  std::vector<Item> items;
  std::vector<int32_t> order;    // Of items, the most urgent first.
  std::vector<int64_t> offsetOf; // Of a residency; -1 if it is left out.
  size_t numMoved = 0; // Items that had an offset and could not keep it.
};

} // namespace

ProfilePacker::ProfilePacker(const AccessIndex &index, const Plan &profile,
                             int64_t capacity)
    : index(index), profile(profile), capacity(capacity),
      offsetOf(profile.residencies.size(), 0) {
  addItems();
  order.resize(items.size());
}

double ProfilePacker::bytesServed(const Residency &r) const {
  double bytes = 0;
  for (int32_t u = index.firstUseFrom(r.value, r.first()),
               end = index.endUse(r.value);
       u < end && index.use(u).step <= r.last; ++u)
    bytes += index.use(u).bytes;
  return bytes;
}

void ProfilePacker::addItems() {
  const auto &list = profile.residencies;
  // Of a value that is kept across runs (V10): the item of what the run before
  // left, to which belongs what serves the last step.
  std::vector<int32_t> keptItem(index.numValues(), -1);
  auto add = [&](int32_t i) {
    const Residency &r = list[i];
    int64_t size = index.roundedSize(r.value);
    if (size == 0)
      return;
    bool isLast = r.last == index.numSteps() - 1;
    int32_t &kept = keptItem[r.value];
    if (!isLast || kept < 0)
      items.emplace_back();
    if (r.isKept())
      kept = static_cast<int32_t>(items.size() - 1);
    Item &item = isLast && kept >= 0 ? items[kept] : items.back();
    item.residencies.push_back(i);
    item.size = size;
    item.served += bytesServed(r);
    item.extent += static_cast<double>(r.end() - r.start() + 1);
  };
  // What is kept comes first, so that its item is there.
  for (bool isKept : {true, false})
    for (int32_t i = 0, n = static_cast<int32_t>(list.size()); i < n; ++i)
      if (list[i].isKept() == isKept)
        add(i);
  for (Item &item : items)
    item.extent = static_cast<double>(item.size) * std::sqrt(item.extent);
}

OccupancyMap ProfilePacker::emptyMap() const {
  OccupancyMap space(index.numSteps(), capacity, index.machine().alignment);
  for (int32_t i = 0; i < index.numSteps(); ++i)
    if (int64_t bytes =
            reservedBytes(index.program().steps[i], profile.bodyPlan(i)))
      space.setReserved(i, index.machine().roundUp(bytes));
  return space;
}

bool ProfilePacker::fits(const OccupancyMap &space, const Item &item,
                         int64_t offset) const {
  return offset >= 0 && offset <= capacity - item.size &&
         llvm::all_of(item.residencies, [&](int32_t i) {
           const Residency &r = profile.residencies[i];
           return space.isFree(r.start(), r.end(), offset, item.size);
         });
}

int64_t ProfilePacker::findOffset(const OccupancyMap &space, const Item &item,
                                  Fit fit) const {
  const Residency &r = profile.residencies[item.residencies.front()];
  if (item.residencies.size() == 1)
    return space.findOffset(r.start(), r.end(), item.size, fit);
  for (Fit any : {fit, Fit::Lowest, Fit::Highest}) {
    int64_t offset = space.findOffset(r.start(), r.end(), item.size, any);
    if (fits(space, item, offset))
      return offset;
  }
  return -1;
}

void ProfilePacker::beginAnew(bool keepsOffsets) {
  std::iota(order.begin(), order.end(), 0);
  for (Item &item : items) {
    item.urgency = item.extent;
    item.isRestless = !keepsOffsets;
  }
}

/// Places all that it can; the bytes served by what is left out, which is more
/// urgent from then on.
double ProfilePacker::round(Fit fit, double squeak) {
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return items[a].urgency > items[b].urgency;
  });
  OccupancyMap space = emptyMap();
  double lost = 0;
  auto put = [&](Item &item, int64_t offset) {
    for (int32_t i : item.residencies) {
      const Residency &r = profile.residencies[i];
      offsetOf[i] = offset;
      if (offset >= 0)
        space.add(i, r.start(), r.end(), offset, offset + item.size);
    }
    if (offset >= 0)
      return;
    item.urgency *= squeak;
    item.isRestless = true;
    // What serves nothing is no loss, but not nothing.
    lost += item.served + 1;
  };
  std::vector<int32_t> later;
  for (int32_t k : order) {
    Item &item = items[k];
    int64_t given = profile.residencies[item.residencies.front()].offset;
    if (item.isRestless)
      put(item, findOffset(space, item, fit));
    else if (fits(space, item, given))
      put(item, given);
    else
      later.push_back(k);
  }
  for (int32_t k : later)
    put(items[k], findOffset(space, items[k], fit));
  numMoved = later.size();
  return lost;
}

ProfilePacking ProfilePacker::pack(int64_t rounds,
                                   const std::function<bool()> &cancelled) {
  ProfilePacking result;
  std::vector<int64_t> best;
  double least = 0;
  int64_t begin = 0, attempt = 0;
  for (; result.rounds < rounds && (best.empty() || least > 0);
       ++result.rounds) {
    if (result.rounds > 0 && cancelled && cancelled())
      break;
    if (result.rounds == begin) {
      beginAnew(/*keepsOffsets=*/attempt == 0);
      begin += kRoundsEach;
      ++attempt;
    }
    double lost = round(result.rounds % 2 == 0 ? Fit::Tightest : Fit::Lowest,
                        kSqueaks[(attempt + 1) % std::size(kSqueaks)]);
    // Offsets from somewhere else are no help.
    if (result.rounds == 0 && numMoved > items.size() / 8)
      begin = 1;
    if (best.empty() || lost < least) {
      least = lost;
      best = offsetOf;
    }
    if (items.empty())
      break;
  }
  result.plan = profile;
  result.plan.residencies.clear();
  for (size_t i = 0; i < profile.residencies.size(); ++i) {
    if (best[i] < 0) {
      ++result.dropped;
      continue;
    }
    result.plan.residencies.push_back(profile.residencies[i]);
    result.plan.residencies.back().offset = best[i];
  }
  return result;
}

ProfilePacking mempl::packProfile(const AccessIndex &index, const Plan &profile,
                                  int64_t capacity, int64_t rounds,
                                  const std::function<bool()> &cancelled) {
  return ProfilePacker(index, profile, capacity).pack(rounds, cancelled);
}
