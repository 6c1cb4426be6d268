//===- BestFit.cpp - one buffer after the other -----------------*- C++ -*-===//
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

#include <algorithm>
#include <numeric>
#include <utility>

using namespace mempl;
using namespace mempl::packing;

/// Adds what a buffer needs in [lower, upper), if that is anything.
static void addPiece(PackingPieces &pieces, PackingPiece piece) {
  if (piece.lower >= piece.upper || piece.begin >= piece.end)
    return;
  if (!pieces.empty() && pieces.back().upper == piece.lower &&
      pieces.back().begin == piece.begin && pieces.back().end == piece.end)
    pieces.back().upper = piece.upper;
  else
    pieces.push_back(piece);
}

PackingPieces mempl::piecesOf(const PackingBuffer &buffer) {
  PackingPieces pieces;
  int64_t at = buffer.lower;
  for (const PackingGap &gap : buffer.gaps) {
    if (gap.lower >= gap.upper)
      continue;
    addPiece(pieces, {at, gap.lower, 0, buffer.size});
    addPiece(pieces, {gap.lower, gap.upper, gap.windowLower, gap.windowUpper});
    at = gap.upper;
  }
  addPiece(pieces, {at, buffer.upper, 0, buffer.size});
  return pieces;
}

bool mempl::hasWindows(const PackingProblem &problem) {
  return llvm::any_of(problem.buffers, [](const PackingBuffer &buffer) {
    return llvm::any_of(buffer.gaps, [](const PackingGap &gap) {
      return gap.windowLower < gap.windowUpper;
    });
  });
}

PackingPeak mempl::peakLoad(const PackingProblem &problem) {
  // Ends come before beginnings at the same time.
  std::vector<std::pair<int64_t, int64_t>> changes;
  for (const PackingBuffer &buffer : problem.buffers) {
    for (const PackingPiece &piece : piecesOf(buffer)) {
      changes.push_back({piece.upper, piece.begin - piece.end});
      changes.push_back({piece.lower, piece.end - piece.begin});
    }
  }
  std::sort(changes.begin(), changes.end());
  PackingPeak peak;
  __int128 load = 0, most = 0;
  int64_t alive = 0;
  for (const auto &[time, change] : changes) {
    load += change;
    alive += change > 0 ? 1 : -1;
    if (load <= most)
      continue;
    most = load;
    peak.time = time;
    peak.buffers = alive;
  }
  peak.isAbove = most > INT64_MAX;
  peak.bytes = peak.isAbove ? INT64_MAX : static_cast<int64_t>(most);
  return peak;
}

int64_t mempl::maxLoad(const PackingProblem &problem) {
  return peakLoad(problem).bytes;
}

/// What is wrong with the gaps of a buffer, or an empty string.
static std::string checkGaps(const PackingBuffer &buffer) {
  int64_t at = buffer.lower;
  for (const PackingGap &gap : buffer.gaps) {
    if (gap.lower > gap.upper)
      return "has a gap that ends before it begins";
    if (gap.lower < buffer.lower || gap.upper > buffer.upper)
      return "has a gap outside of its life";
    if (gap.lower < at)
      return "has gaps that overlap or are out of order";
    if (gap.windowLower < 0 || gap.windowLower > gap.windowUpper ||
        gap.windowUpper > buffer.size)
      return "has a gap whose window is outside of its bytes";
    at = gap.upper;
  }
  return "";
}

std::string mempl::checkPackingFields(const PackingProblem &problem) {
  if (problem.capacity < 0)
    return "the capacity is negative";
  for (const PackingBuffer &buffer : problem.buffers) {
    std::string name = "buffer '" + buffer.id + "' ";
    if (buffer.size < 0)
      return name + "has a negative size";
    if (buffer.lower > buffer.upper)
      return name + "ends before it begins";
    if (buffer.alignment < 1)
      return name + "has an alignment below 1";
    std::string wrong = checkGaps(buffer);
    if (!wrong.empty())
      return name + wrong;
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

namespace {

enum class Order : uint8_t { Size, Lifetime, Area, Beginning };

/// Where buffers are put one by one.
class GapPacker {
public:
  GapPacker(const PackingProblem &problem,
            const std::vector<PackingPieces> &pieces)
      : offsets(problem.buffers.size(), 0), problem(problem), pieces(pieces) {}

  /// False if a constraint contradicts another one.
  bool placeFixed();
  /// False if the lowest place is at 2^63 or above, or if `stop` says so.
  bool placeAll(const std::vector<size_t> &order, bool tightest, bool hints,
                const std::function<bool()> &stop);

  std::vector<int64_t> offsets;

private:
  bool isFree(size_t index, int64_t where) const;
  int64_t findGap(size_t index, bool tightest) const;
  int64_t findGapForPieces(size_t index, bool tightest) const;
  void put(size_t index, int64_t where);

  const PackingProblem &problem;
  const std::vector<PackingPieces> &pieces; ///< Of each buffer.
  std::vector<PackingPiece> placed;         ///< By their first byte, from 0.
};

} // namespace

bool GapPacker::isFree(size_t index, int64_t where) const {
  const PackingBuffer &buffer = problem.buffers[index];
  if (where < 0 || where % buffer.alignment != 0 ||
      where > INT64_MAX - buffer.size)
    return false;
  for (const PackingPiece &other : placed) {
    if (other.begin >= where + buffer.size)
      break;
    for (const PackingPiece &piece : pieces[index])
      if (piece.meets(other) && other.begin < where + piece.end &&
          other.end > where + piece.begin)
        return false;
  }
  return true;
}

int64_t GapPacker::findGap(size_t index, bool tightest) const {
  const PackingBuffer &buffer = problem.buffers[index];
  const PackingPiece &piece = pieces[index].front();
  if (pieces[index].size() > 1 || piece.end - piece.begin < buffer.size)
    return findGapForPieces(index, tightest);
  int64_t cursor = 0, best = -1, bestRoom = INT64_MAX;
  for (const PackingPiece &other : placed) {
    if (!piece.meets(other))
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

/// The same for a buffer that needs other bytes, or none, at some times: each
/// pair of pieces that meet excludes the offsets between two limits.
int64_t GapPacker::findGapForPieces(size_t index, bool tightest) const {
  std::vector<std::pair<int64_t, int64_t>> excluded;
  for (const PackingPiece &other : placed)
    for (const PackingPiece &piece : pieces[index])
      if (piece.meets(other))
        excluded.push_back({other.begin - piece.end, other.end - piece.begin});
  std::sort(excluded.begin(), excluded.end());
  int64_t cursor = 0, best = -1, bestRoom = INT64_MAX;
  for (const auto &[above, below] : excluded) {
    if (cursor <= above) {
      int64_t room = above - cursor;
      if (!tightest)
        return cursor;
      if (room < bestRoom) {
        best = cursor;
        bestRoom = room;
      }
    }
    if (below > cursor)
      cursor = alignUp(below, problem.buffers[index].alignment);
  }
  return best >= 0 ? best : cursor;
}

void GapPacker::put(size_t index, int64_t where) {
  offsets[index] = where;
  for (const PackingPiece &piece : pieces[index]) {
    PackingPiece entry{piece.lower, piece.upper, where + piece.begin,
                       where + piece.end};
    auto above = std::upper_bound(
        placed.begin(), placed.end(), entry.begin,
        [](int64_t begin, const PackingPiece &o) { return begin < o.begin; });
    placed.insert(above, entry);
  }
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
    if (!isFree(i, buffer.fixedOffset))
      return false;
    put(i, buffer.fixedOffset);
  }
  return true;
}

bool GapPacker::placeAll(const std::vector<size_t> &order, bool tightest,
                         bool hints, const std::function<bool()> &stop) {
  size_t count = 0;
  for (size_t i : order) {
    if (++count % 64 == 0 && stop && stop())
      return false;
    const PackingBuffer &buffer = problem.buffers[i];
    int64_t where =
        hints && isFree(i, buffer.hint) ? buffer.hint : findGap(i, tightest);
    if (where > INT64_MAX - buffer.size)
      return false;
    put(i, where);
  }
  return true;
}

/// The buffers to place in the given order; hinted ones first if `hints`.
static std::vector<size_t> sortBuffers(const PackingProblem &problem,
                                       const std::vector<PackingPieces> &pieces,
                                       Order order, bool hints) {
  std::vector<size_t> result;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (!pieces[i].empty() && problem.buffers[i].fixedOffset < 0)
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
                                       int64_t goal,
                                       const std::function<bool()> &stop) {
  PackingResult result;
  bool isValid = checkPackingFields(problem).empty();
  std::vector<PackingPieces> pieces;
  for (const PackingBuffer &buffer : problem.buffers)
    pieces.push_back(isValid ? piecesOf(buffer) : PackingPieces());
  GapPacker start(problem, pieces);
  if (!isValid || !start.placeFixed()) {
    result.status = PackingStatus::Infeasible;
    return result;
  }
  goal = std::max(goal, leastHeight(problem));
  bool found = false;
  auto attempt = [&](Order order, bool tightest, bool hints) {
    if (found && (result.height <= goal || (stop && stop())))
      return;
    GapPacker packer = start;
    // There has to be one packing, however long it takes.
    if (!packer.placeAll(sortBuffers(problem, pieces, order, hints), tightest,
                         hints, found ? stop : nullptr))
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
  return packGaps(problem, 0, nullptr);
}
