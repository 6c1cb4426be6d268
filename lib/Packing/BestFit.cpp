//===- BestFit.cpp - gap by gap, and the check of a packing -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Places buffers one after the other, each in a gap between those already
// there: "greedy by size" of Pisarchyk and Lee (arXiv 2001.03288) and its
// variations. One pass takes O(n^2) steps of about a nanosecond. No guarantee
// but that nothing overlaps.
//
//===----------------------------------------------------------------------===//

#include "GapPacker.h"
#include "PackingModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

using namespace mempl;
using namespace mempl::packing;

static bool occupies(const PackingBuffer &buffer) {
  return buffer.size > 0 && buffer.lower < buffer.upper;
}

int64_t mempl::maxLoad(const PackingProblem &problem) {
  // Ends come before beginnings at the same moment.
  std::vector<std::pair<int64_t, int64_t>> changes;
  for (const PackingBuffer &buffer : problem.buffers) {
    if (!occupies(buffer))
      continue;
    changes.push_back({buffer.upper, -buffer.size});
    changes.push_back({buffer.lower, buffer.size});
  }
  std::sort(changes.begin(), changes.end());
  __int128 load = 0, most = 0;
  for (const auto &[moment, change] : changes) {
    load += change;
    most = std::max(most, load);
  }
  return most > INT64_MAX ? INT64_MAX : static_cast<int64_t>(most);
}

std::string mempl::packing::checkFields(const PackingProblem &problem) {
  if (problem.capacity < 0)
    return "the capacity is negative";
  for (const PackingBuffer &buffer : problem.buffers) {
    std::string name = "buffer '" + buffer.id + "'";
    if (buffer.size < 0)
      return name + " has a negative size";
    if (buffer.lower > buffer.upper)
      return name + " ends before it begins";
    if (buffer.alignment < 1)
      return name + " has an alignment below 1";
  }
  return "";
}

int64_t mempl::packing::leastHeight(const PackingProblem &problem) {
  int64_t least = maxLoad(problem);
  for (const PackingBuffer &buffer : problem.buffers) {
    int64_t base = std::max<int64_t>(buffer.fixedOffset, 0);
    least = std::max(
        least, base > INT64_MAX - buffer.size ? INT64_MAX : base + buffer.size);
  }
  return least;
}

int64_t mempl::packing::heightOf(const PackingProblem &problem,
                                 const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < offsets.size(); ++i)
    height = std::max(height, offsets[i] + problem.buffers[i].size);
  return height;
}

/// What is wrong with one offset by itself, or an empty string.
static std::string checkOffset(const PackingProblem &problem,
                               const PackingBuffer &buffer, int64_t offset) {
  auto number = [](int64_t value) { return llvm::Twine(value).str(); };
  std::string name = "buffer '" + buffer.id + "' at offset " + number(offset);
  if (offset < 0)
    return name + " has no place";
  if (offset % buffer.alignment != 0)
    return name + " is not aligned to " + number(buffer.alignment);
  if (buffer.fixedOffset >= 0 && offset != buffer.fixedOffset)
    return name + " has to be at " + number(buffer.fixedOffset);
  if (buffer.size > problem.capacity || offset > problem.capacity - buffer.size)
    return name + " ends above the capacity of " + number(problem.capacity);
  return "";
}

std::string mempl::checkPacking(const PackingProblem &problem,
                                const std::vector<int64_t> &offsets) {
  std::string wrong = checkFields(problem);
  if (!wrong.empty())
    return wrong;
  size_t count = problem.buffers.size();
  if (offsets.size() != count)
    return (llvm::Twine(offsets.size()) + " offsets for " + llvm::Twine(count) +
            " buffers")
        .str();
  // (moment, begins, buffer): ends come first.
  std::vector<std::tuple<int64_t, bool, size_t>> events;
  for (size_t i = 0; i < count; ++i) {
    const PackingBuffer &buffer = problem.buffers[i];
    wrong = checkOffset(problem, buffer, offsets[i]);
    if (!wrong.empty())
      return wrong;
    if (!occupies(buffer))
      continue;
    events.push_back({buffer.lower, true, i});
    events.push_back({buffer.upper, false, i});
  }
  std::sort(events.begin(), events.end());
  // Those alive do not overlap, so only neighbours can overlap a new one.
  std::set<std::pair<int64_t, size_t>> alive;
  for (const auto &[moment, begins, i] : events) {
    if (!begins) {
      alive.erase({offsets[i], i});
      continue;
    }
    auto place = alive.insert({offsets[i], i}).first;
    for (auto other : {place == alive.begin() ? place : std::prev(place),
                       std::next(place)}) {
      if (other == place || other == alive.end())
        continue;
      auto [below, above] = std::minmax(*place, *other);
      if (below.first + problem.buffers[below.second].size > above.first)
        return "buffers '" + problem.buffers[below.second].id + "' and '" +
               problem.buffers[above.second].id + "' overlap";
    }
  }
  return "";
}

namespace {

enum class Order : uint8_t { Size, Lifetime, Area, Beginning };

/// Where buffers are put one by one.
class GapPacker {
public:
  explicit GapPacker(const PackingProblem &problem)
      : offsets(problem.buffers.size(), 0), problem(problem) {}

  /// False if an order contradicts another one.
  bool placeFixed();
  /// False if the lowest place is at 2^63 or above.
  bool placeAll(const std::vector<size_t> &order, bool tightest, bool hints);

  std::vector<int64_t> offsets;

private:
  struct Placed {
    int64_t lower, upper, begin, end;
  };
  bool isFree(const PackingBuffer &buffer, int64_t where) const;
  int64_t findGap(const PackingBuffer &buffer, bool tightest) const;
  void put(size_t index, int64_t where);

  const PackingProblem &problem;
  std::vector<Placed> placed; ///< By their first byte.
};

} // namespace

bool GapPacker::isFree(const PackingBuffer &buffer, int64_t where) const {
  if (where < 0 || where % buffer.alignment != 0 ||
      where > INT64_MAX - buffer.size)
    return false;
  for (const Placed &other : placed) {
    if (other.begin >= where + buffer.size)
      break;
    if (other.lower < buffer.upper && other.upper > buffer.lower &&
        other.end > where)
      return false;
  }
  return true;
}

int64_t GapPacker::findGap(const PackingBuffer &buffer, bool tightest) const {
  int64_t cursor = 0, best = -1, bestRoom = INT64_MAX;
  for (const Placed &other : placed) {
    if (other.lower >= buffer.upper || other.upper <= buffer.lower)
      continue;
    if (cursor <= other.begin && other.begin - cursor >= buffer.size) {
      int64_t room = other.begin - cursor;
      if (!tightest)
        return cursor;
      if (room < bestRoom) {
        best = cursor;
        bestRoom = room;
      }
    }
    if (other.end > cursor)
      cursor = alignUp(other.end, buffer.alignment);
  }
  return best >= 0 ? best : cursor;
}

void GapPacker::put(size_t index, int64_t where) {
  const PackingBuffer &buffer = problem.buffers[index];
  offsets[index] = where;
  Placed entry{buffer.lower, buffer.upper, where, where + buffer.size};
  auto above = std::upper_bound(
      placed.begin(), placed.end(), where,
      [](int64_t begin, const Placed &other) { return begin < other.begin; });
  placed.insert(above, entry);
}

bool GapPacker::placeFixed() {
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const PackingBuffer &buffer = problem.buffers[i];
    if (buffer.fixedOffset < 0)
      continue;
    if (buffer.fixedOffset % buffer.alignment != 0 ||
        buffer.fixedOffset > INT64_MAX - buffer.size)
      return false;
    offsets[i] = buffer.fixedOffset;
    if (!occupies(buffer))
      continue;
    if (!isFree(buffer, buffer.fixedOffset))
      return false;
    put(i, buffer.fixedOffset);
  }
  return true;
}

bool GapPacker::placeAll(const std::vector<size_t> &order, bool tightest,
                         bool hints) {
  for (size_t i : order) {
    const PackingBuffer &buffer = problem.buffers[i];
    int64_t where = hints && isFree(buffer, buffer.hint)
                        ? buffer.hint
                        : findGap(buffer, tightest);
    if (where > INT64_MAX - buffer.size)
      return false;
    put(i, where);
  }
  return true;
}

/// The buffers to place in the given order; hinted ones first if `hints`.
static std::vector<size_t> sortBuffers(const PackingProblem &problem,
                                       Order order, bool hints) {
  std::vector<size_t> result;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (occupies(problem.buffers[i]) && problem.buffers[i].fixedOffset < 0)
      result.push_back(i);
  using Wide = unsigned __int128;
  auto rank = [&](size_t i) -> std::pair<bool, Wide> {
    const PackingBuffer &buffer = problem.buffers[i];
    uint64_t size = buffer.size, life = static_cast<uint64_t>(buffer.upper) -
                                        static_cast<uint64_t>(buffer.lower);
    bool late = hints && buffer.hint < 0;
    switch (order) {
    case Order::Size:
      return {late, ~((Wide(size) << 64) | life)};
    case Order::Lifetime:
      return {late, ~((Wide(life) << 64) | size)};
    case Order::Area:
      return {late, ~(Wide(size) * life)};
    case Order::Beginning:
      break;
    }
    uint64_t begin = static_cast<uint64_t>(buffer.lower) ^ (uint64_t(1) << 63);
    return {late, begin};
  };
  std::vector<std::pair<std::pair<bool, Wide>, size_t>> keyed;
  for (size_t i : result)
    keyed.push_back({rank(i), i});
  std::sort(keyed.begin(), keyed.end());
  for (size_t k = 0; k < keyed.size(); ++k)
    result[k] = keyed[k].second;
  return result;
}

PackingResult mempl::packing::packGaps(const PackingProblem &problem,
                                       int64_t goal) {
  PackingResult result;
  GapPacker start(problem);
  if (!checkFields(problem).empty() || !start.placeFixed()) {
    result.status = PackingStatus::Infeasible;
    return result;
  }
  goal = std::max(goal, leastHeight(problem));
  bool found = false;
  auto attempt = [&](Order order, bool tightest, bool hints) {
    if (found && result.height <= goal)
      return;
    GapPacker packer = start;
    if (!packer.placeAll(sortBuffers(problem, order, hints), tightest, hints))
      return;
    int64_t height = heightOf(problem, packer.offsets);
    if (found && height >= result.height)
      return;
    found = true;
    result.height = height;
    result.offsets = std::move(packer.offsets);
  };
  if (llvm::any_of(problem.buffers,
                   [](const PackingBuffer &b) { return b.hint >= 0; }))
    attempt(Order::Size, /*tightest=*/false, /*hints=*/true);
  for (bool tightest : {false, true})
    for (Order order :
         {Order::Size, Order::Area, Order::Lifetime, Order::Beginning})
      attempt(order, tightest, /*hints=*/false);
  if (found && result.height <= problem.capacity)
    result.status = PackingStatus::Packed;
  return result;
}

PackingResult mempl::packBestFit(const PackingProblem &problem) {
  return packGaps(problem, 0);
}
