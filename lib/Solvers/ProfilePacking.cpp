//===- ProfilePacking.cpp - offsets for a plan that has none --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/ProfilePacking.h"

#include "mempl/Problem/OccupancyMap.h"
#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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
    int32_t start = 0, end = 0; ///< Of the first one.
    double served = 0;          ///< Bytes of the accesses that they serve.
    double extent = 0;          ///< Its bytes and the root of its steps.
    double urgency = 0;         ///< The larger, the earlier it is placed.
    /// It does not stay at the offset that it has in the plan.
    bool isRestless = false;
    /// What it costs to leave it out. What serves nothing is no loss, but not
    /// nothing.
    double loss() const { return served + 1; }
  };
  /// How much more urgent an item gets with every round that it is left out of.
  /// Large factors pack most plans in few rounds, and some never: after so many
  /// rounds all begins anew with the next one.
  static constexpr double kSqueaks[] = {2, 1.5, 1.2};
  static constexpr int64_t kRoundsEach = 40;
  /// With more items than this, fewer rounds place all of them, but some always
  /// do; mending places as many as so many rounds per round do.
  static constexpr int64_t kManyItems = 1000;
  static constexpr int64_t kLeastRounds = 6;
  static constexpr int64_t kMending = 6;
  /// Of a window that is mended: how far it reaches, in lengths of the item in
  /// the middle; the most items in it, and rounds for each order of them.
  static constexpr int32_t kReaches[] = {0, 1, 2, 4, 8};
  static constexpr size_t kLargestWindow = 150;
  static constexpr int64_t kWindowRounds = 30;
  /// How much more urgent an item is that was left out, where the order is not
  /// that of time.
  static constexpr double kLeftOut = 4;
  /// In what order a window begins.
  enum class WindowOrder : uint8_t { Extent, Forward, Size, Backward };

  void addItems();
  double bytesServed(const Residency &r) const;
  OccupancyMap emptyMap() const;
  bool fits(const OccupancyMap &space, const Item &item, int64_t offset) const;
  int64_t findOffset(const OccupancyMap &space, const Item &item,
                     Fit fit) const;
  void beginAnew(bool keepsOffsets);
  double round(Fit fit, double squeak);
  double packWhole(int64_t rounds, const std::function<bool()> &cancelled);

  int64_t offsetOfItem(int32_t k) const {
    return offsetOf[items[k].residencies.front()];
  }
  void give(OccupancyMap &space, int32_t item, int64_t offset);
  void take(OccupancyMap &space, int32_t item);
  std::vector<int32_t> leftOut() const;
  std::vector<int32_t> itemsWithin(int32_t from, int32_t to) const;
  double windowUrgency(const Item &item, WindowOrder kind, int32_t from,
                       int32_t to, bool isLeftOut) const;
  void mend(int64_t placements, const std::function<bool()> &cancelled);
  bool mendAround(OccupancyMap &space, const Item &center, int32_t reach);
  double windowRound(OccupancyMap &space, llvm::ArrayRef<int32_t> window,
                     Fit fit, double squeak);

  const AccessIndex &index;
  const Plan &profile;
  int64_t capacity;
  std::vector<Item> items;
  std::vector<int32_t> order;    // Of items, the most urgent first.
  std::vector<int64_t> offsetOf; // Of a residency; -1 if it is left out.
  std::vector<int32_t> byStart;  // Of items; filled by mend().
  size_t numMoved = 0; // Items that had an offset and could not keep it.
  int64_t numRounds = 0, numPlaced = 0; // Of packWhole(); of mend().
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
  for (Item &item : items) {
    const Residency &r = list[item.residencies.front()];
    item.start = r.start();
    item.end = r.end();
    item.extent = static_cast<double>(item.size) * std::sqrt(item.extent);
  }
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
  auto put = [&](int32_t k, int64_t offset) {
    give(space, k, offset);
    if (offset >= 0)
      return;
    Item &item = items[k];
    item.urgency *= squeak;
    item.isRestless = true;
    lost += item.loss();
  };
  std::vector<int32_t> later;
  for (int32_t k : order) {
    const Item &item = items[k];
    int64_t given = profile.residencies[item.residencies.front()].offset;
    if (item.isRestless)
      put(k, findOffset(space, item, fit));
    else if (fits(space, item, given))
      put(k, given);
    else
      later.push_back(k);
  }
  for (int32_t k : later)
    put(k, findOffset(space, items[k], fit));
  numMoved = later.size();
  return lost;
}

/// Places all items again and again; what the best round lost.
double ProfilePacker::packWhole(int64_t rounds,
                                const std::function<bool()> &cancelled) {
  std::vector<int64_t> best;
  double least = 0;
  int64_t begin = 0, attempt = 0;
  for (; numRounds < rounds && (best.empty() || least > 0); ++numRounds) {
    if (numRounds > 0 && cancelled && cancelled())
      break;
    if (numRounds == begin) {
      beginAnew(/*keepsOffsets=*/attempt == 0);
      begin += kRoundsEach;
      ++attempt;
    }
    double lost = round(numRounds % 2 == 0 ? Fit::Tightest : Fit::Lowest,
                        kSqueaks[(attempt + 1) % std::size(kSqueaks)]);
    // Offsets from somewhere else are no help.
    if (numRounds == 0 && numMoved > items.size() / 8)
      begin = 1;
    if (best.empty() || lost < least) {
      least = lost;
      best = offsetOf;
    }
    if (items.empty())
      break;
  }
  offsetOf = std::move(best);
  return least;
}

//===----------------------------------------------------------------------===//
// Mending
//===----------------------------------------------------------------------===//

/// Gives an item the offset; leaves it out if that is -1.
void ProfilePacker::give(OccupancyMap &space, int32_t k, int64_t offset) {
  for (int32_t i : items[k].residencies) {
    const Residency &r = profile.residencies[i];
    offsetOf[i] = offset;
    if (offset >= 0)
      space.add(i, r.start(), r.end(), offset, offset + items[k].size);
  }
}

/// The contrary.
void ProfilePacker::take(OccupancyMap &space, int32_t k) {
  for (int32_t i : items[k].residencies) {
    const Residency &r = profile.residencies[i];
    if (offsetOf[i] >= 0)
      space.remove(i, r.start(), r.end(), offsetOf[i]);
    offsetOf[i] = -1;
  }
}

/// Items without an offset that mending can help, the largest loss first.
std::vector<int32_t> ProfilePacker::leftOut() const {
  std::vector<int32_t> left;
  for (int32_t k = 0, n = static_cast<int32_t>(items.size()); k < n; ++k)
    if (offsetOfItem(k) < 0 && items[k].residencies.size() == 1)
      left.push_back(k);
  llvm::stable_sort(left, [&](int32_t a, int32_t b) {
    return items[a].served > items[b].served;
  });
  return left;
}

/// Items that need no step outside. Those at both ends of the program do.
std::vector<int32_t> ProfilePacker::itemsWithin(int32_t from,
                                                int32_t to) const {
  std::vector<int32_t> within;
  auto it = llvm::partition_point(
      byStart, [&](int32_t k) { return items[k].start < from; });
  for (; it != byStart.end() && items[*it].start <= to; ++it)
    if (items[*it].end <= to && items[*it].residencies.size() == 1)
      within.push_back(*it);
  return within;
}

double ProfilePacker::windowUrgency(const Item &item, WindowOrder kind,
                                    int32_t from, int32_t to,
                                    bool isLeftOut) const {
  double factor = isLeftOut ? kLeftOut : 1;
  switch (kind) {
  case WindowOrder::Extent:
    return factor * item.extent;
  case WindowOrder::Size:
    return factor * static_cast<double>(item.size);
  case WindowOrder::Forward:
    return 1.0 / (1 + item.start - from);
  case WindowOrder::Backward:
    return 1.0 / (1 + to - item.end);
  }
  llvm_unreachable("no such order");
}

/// Places the items of a window, the most urgent first, and takes them out
/// again but for their offsets; what it lost.
double ProfilePacker::windowRound(OccupancyMap &space,
                                  llvm::ArrayRef<int32_t> window, Fit fit,
                                  double squeak) {
  double lost = 0;
  order.assign(window.begin(), window.end());
  llvm::stable_sort(order, [&](int32_t a, int32_t b) {
    return items[a].urgency > items[b].urgency;
  });
  for (int32_t k : order) {
    Item &item = items[k];
    give(space, k, space.findOffset(item.start, item.end, item.size, fit));
    ++numPlaced;
    if (offsetOfItem(k) >= 0)
      continue;
    item.urgency *= squeak;
    lost += item.loss();
  }
  return lost;
}

/// Places anew what is near to an item, all else staying where it is. True if
/// that is better than before, which is what it is otherwise.
bool ProfilePacker::mendAround(OccupancyMap &space, const Item &center,
                               int32_t reach) {
  // Some steps more, as the shortest are one step long.
  int32_t more = reach * (center.end - center.start + 3);
  int32_t from = center.start - more, to = center.end + more;
  std::vector<int32_t> window = itemsWithin(from, to);
  if (window.size() > kLargestWindow)
    return false;
  double least = 0;
  std::vector<int64_t> best;
  for (int32_t k : window) {
    best.push_back(offsetOfItem(k));
    if (best.back() < 0)
      least += items[k].loss();
    take(space, k);
  }
  double before = least;
  for (WindowOrder kind : {WindowOrder::Extent, WindowOrder::Forward,
                           WindowOrder::Size, WindowOrder::Backward}) {
    for (auto [k, offset] : llvm::zip_equal(window, best))
      items[k].urgency = windowUrgency(items[k], kind, from, to, offset < 0);
    for (int64_t r = 0; r < kWindowRounds && least > 0; ++r) {
      Fit fit = r % 2 == 0   ? Fit::Tightest
                : r % 4 == 1 ? Fit::Lowest
                             : Fit::Highest;
      double lost = windowRound(space, window, fit,
                                kSqueaks[kind == WindowOrder::Extent ? 0 : 1]);
      if (lost < least) {
        least = lost;
        for (auto [k, offset] : llvm::zip_equal(window, best))
          offset = offsetOfItem(k);
      }
      for (int32_t k : window)
        take(space, k);
    }
  }
  for (auto [k, offset] : llvm::zip_equal(window, best))
    give(space, k, offset);
  return least < before;
}

/// Mends around what is left out, in narrow windows first, until nothing is or
/// so many items have been placed.
void ProfilePacker::mend(int64_t placements,
                         const std::function<bool()> &cancelled) {
  OccupancyMap space = emptyMap();
  byStart.resize(items.size());
  std::iota(byStart.begin(), byStart.end(), 0);
  llvm::stable_sort(byStart, [&](int32_t a, int32_t b) {
    return items[a].start < items[b].start;
  });
  for (int32_t k : byStart)
    give(space, k, offsetOfItem(k));
  for (int32_t reach : kReaches)
    // What one window has mended may have moved what another one needs.
    for (bool isBetter = true; std::exchange(isBetter, false);)
      for (int32_t k : leftOut()) {
        if (offsetOfItem(k) >= 0)
          continue; // Placed with another one.
        if (numPlaced > placements || (cancelled && cancelled()))
          return;
        isBetter |= mendAround(space, items[k], reach);
      }
}

ProfilePacking ProfilePacker::pack(int64_t rounds,
                                   const std::function<bool()> &cancelled) {
  auto n = static_cast<int64_t>(items.size());
  int64_t whole =
      std::min(rounds, std::max(kLeastRounds,
                                rounds * kManyItems / std::max(n, kManyItems)));
  if (packWhole(whole, cancelled) > 0)
    mend(kMending * rounds * n, cancelled);
  ProfilePacking result;
  result.rounds = numRounds;
  result.placed = numRounds * n + numPlaced;
  result.plan = profile;
  result.plan.residencies.clear();
  for (auto [i, offset] : llvm::enumerate(offsetOf)) {
    if (offset < 0) {
      ++result.dropped;
      continue;
    }
    result.plan.residencies.push_back(profile.residencies[i]);
    result.plan.residencies.back().offset = offset;
  }
  return result;
}

ProfilePacking mempl::packProfile(const AccessIndex &index, const Plan &profile,
                                  int64_t capacity, int64_t rounds,
                                  const std::function<bool()> &cancelled) {
  return ProfilePacker(index, profile, capacity).pack(rounds, cancelled);
}
