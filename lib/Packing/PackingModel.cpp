//===- PackingModel.cpp - sections and items of a packing -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts time into the maximal sets of buffers that live together (the maximal
// cliques of the interval graph, one sweep over the sorted end points).
//
//===----------------------------------------------------------------------===//

#include "PackingModel.h"

#include "GapPacker.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

using namespace mempl;
using namespace mempl::packing;

int64_t mempl::packing::alignUp(int64_t value, int64_t alignment) {
  int64_t remainder = value % alignment;
  if (remainder == 0)
    return value;
  int64_t missing = alignment - remainder;
  return value > kNever - missing ? kNever : value + missing;
}

bool PackingItem::meets(const PackingItem &other) const {
  if (first >= other.last || other.first >= last)
    return false;
  if (holes.empty() && other.holes.empty())
    return true;
  for (int32_t a = first, b = other.first; a < last && b < other.last;) {
    if (a == b)
      return true;
    if (a < b)
      a = after(a);
    else
      b = other.after(b);
  }
  return false;
}

/// The last times of the sections in order: an end of a piece with a
/// beginning of another since the previous such end.
static std::vector<int64_t>
sectionEnds(const std::vector<PackingPieces> &pieces) {
  std::vector<int64_t> lowers, uppers;
  for (const PackingPieces &list : pieces) {
    for (const PackingPiece &piece : list) {
      lowers.push_back(piece.lower);
      uppers.push_back(piece.upper);
    }
  }
  std::sort(lowers.begin(), lowers.end());
  std::sort(uppers.begin(), uppers.end());
  std::vector<int64_t> ends;
  size_t next = 0;
  for (int64_t upper : uppers) {
    bool begun = false;
    for (; next < lowers.size() && lowers[next] < upper; ++next)
      begun = true;
    if (begun)
      ends.push_back(upper);
  }
  return ends;
}

/// Numbers the items so that those with the same sections, size and constraints
/// get the same kind. Fixed items and those with holes are only like
/// themselves.
static int32_t assignKinds(std::vector<PackingItem> &items) {
  auto key = [&](int32_t i) {
    const PackingItem &item = items[i];
    return std::make_tuple(item.first, item.last, item.size, item.realSize,
                           item.alignment, item.hint,
                           item.fixed < 0 && item.holes.empty() ? -1 : i);
  };
  std::vector<int32_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::make_pair(key(a), a) < std::make_pair(key(b), b);
  });
  int32_t kinds = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || key(order[i - 1]) != key(order[i]))
      ++kinds;
    items[order[i]].kind = kinds - 1;
  }
  return kinds;
}

/// Whether the rounded sizes and the fixed offsets could sum up to 2^62.
static bool sumTooLarge(const std::vector<PackingItem> &items, int64_t unit) {
  __int128 sum = unit;
  for (const PackingItem &item : items)
    sum += static_cast<__int128>(item.realSize) + unit +
           std::max<int64_t>(item.fixed, 0);
  return sum >= static_cast<__int128>(1) << 62;
}

/// The times in which the search keeps all bytes of a buffer.
static PackingPieces wholePieces(PackingBuffer buffer) {
  llvm::erase_if(buffer.gaps, [](const PackingGap &gap) {
    return gap.windowLower < gap.windowUpper;
  });
  return piecesOf(buffer);
}

/// Sets the sections of an item; its pieces are in order.
static void setSections(PackingItem &item, const PackingPieces &pieces,
                        const std::vector<int64_t> &ends) {
  auto sectionAfter = [&](int64_t time) {
    return static_cast<int32_t>(
        std::upper_bound(ends.begin(), ends.end(), time) - ends.begin());
  };
  item.first = sectionAfter(pieces.front().lower);
  item.last = sectionAfter(pieces.back().upper);
  for (size_t k = 1; k < pieces.size(); ++k) {
    int32_t begin = sectionAfter(pieces[k - 1].upper);
    int32_t end = sectionAfter(pieces[k].lower);
    if (begin < end)
      item.holes.push_back({begin, end});
  }
}

PackingModel mempl::packing::buildPackingModel(const PackingProblem &problem) {
  PackingModel model;
  std::vector<PackingPieces> pieces;
  int64_t unit = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const PackingBuffer &buffer = problem.buffers[i];
    pieces.push_back(wholePieces(buffer));
    if (pieces.back().empty())
      continue;
    PackingItem item;
    item.size = item.realSize = buffer.size;
    item.alignment = buffer.alignment;
    item.fixed = buffer.fixedOffset;
    item.hint = buffer.hint;
    item.buffer = static_cast<int32_t>(i);
    model.items.push_back(item);
    unit = std::gcd(unit, buffer.alignment);
    if (buffer.fixedOffset > 0)
      unit = std::gcd(unit, buffer.fixedOffset);
  }
  model.unit = unit == 0 || sumTooLarge(model.items, unit) ? 1 : unit;

  std::vector<int64_t> ends = sectionEnds(pieces);
  for (PackingItem &item : model.items) {
    setSections(item, pieces[item.buffer], ends);
    item.size = alignUp(item.realSize, model.unit);
    model.uniform &= item.alignment == model.unit && item.fixed < 0;
  }
  model.numSections = static_cast<int32_t>(ends.size());
  std::stable_sort(model.items.begin(), model.items.end(),
                   [](const PackingItem &a, const PackingItem &b) {
                     return std::tie(a.first, a.last) <
                            std::tie(b.first, b.last);
                   });
  model.numKinds = assignKinds(model.items);
  return model;
}
