//===- PackingCheck.cpp - what is wrong with offsets ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One sweep over time finds out whether anything overlaps; only if something
// does, every pair that meets is looked at.
//
//===----------------------------------------------------------------------===//

#include "GapPacker.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

using namespace mempl;
using namespace mempl::packing;
using llvm::Twine;

namespace {

/// A piece where its buffer has been put.
struct Rectangle {
  PackingPiece at; ///< Bytes from 0.
  size_t buffer;
};

} // namespace

std::string PackingFault::str(const PackingProblem &problem,
                              const std::vector<int64_t> &lines) const {
  std::string name = "buffer '" + problem.buffers[buffer].id + "'";
  if (!other)
    return name + ": " + text;
  std::string where =
      lines.empty() ? "" : (" (line " + Twine(lines[*other]) + ")").str();
  return name + " collides with buffer '" + problem.buffers[*other].id + "'" +
         where + " in " + text;
}

/// What is wrong with one offset by itself, or an empty string.
static std::string checkOffset(const PackingProblem &problem,
                               const PackingBuffer &buffer, int64_t offset) {
  if (offset < 0)
    return "has no offset";
  if (offset % buffer.alignment != 0)
    return ("offset " + Twine(offset) + " is not a multiple of the alignment " +
            Twine(buffer.alignment))
        .str();
  if (buffer.fixedOffset >= 0 && offset != buffer.fixedOffset)
    return ("offset " + Twine(offset) + " has to be " +
            Twine(buffer.fixedOffset))
        .str();
  if (buffer.size <= problem.capacity &&
      offset <= problem.capacity - buffer.size)
    return "";
  std::string end = problem.capacity == INT64_MAX
                        ? "at 2^63 or above"
                        : (Twine("above the capacity of ") +
                           Twine(problem.capacity) + " bytes")
                              .str();
  return ("offset " + Twine(offset) + " and size " + Twine(buffer.size) +
          " end " + end)
      .str();
}

/// The rectangles of the buffers that have an offset.
static std::vector<Rectangle>
rectanglesOf(const PackingProblem &problem,
             const std::vector<int64_t> &offsets) {
  std::vector<Rectangle> result;
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] < 0 || offsets[i] > INT64_MAX - problem.buffers[i].size)
      continue;
    for (PackingPiece piece : piecesOf(problem.buffers[i])) {
      piece.begin += offsets[i];
      piece.end += offsets[i];
      result.push_back({piece, i});
    }
  }
  return result;
}

/// Whether any two rectangles overlap.
static bool anyOverlap(const std::vector<Rectangle> &rectangles) {
  // (time, begins, rectangle): ends come first.
  std::vector<std::tuple<int64_t, bool, size_t>> events;
  for (size_t i = 0; i < rectangles.size(); ++i) {
    events.push_back({rectangles[i].at.lower, true, i});
    events.push_back({rectangles[i].at.upper, false, i});
  }
  std::sort(events.begin(), events.end());
  // Those alive do not overlap, so only neighbours can overlap a new one.
  std::set<std::pair<int64_t, size_t>> alive;
  for (const auto &[time, begins, i] : events) {
    if (!begins) {
      alive.erase({rectangles[i].at.begin, i});
      continue;
    }
    auto place = alive.insert({rectangles[i].at.begin, i}).first;
    auto next = std::next(place);
    if (next != alive.end() && next->first < rectangles[i].at.end)
      return true;
    if (place != alive.begin() &&
        rectangles[std::prev(place)->second].at.end > rectangles[i].at.begin)
      return true;
  }
  return false;
}

/// The first rectangle that two buffers share, for every pair of them.
static void addCollisions(std::vector<Rectangle> rectangles,
                          std::vector<PackingFault> &faults) {
  std::stable_sort(rectangles.begin(), rectangles.end(),
                   [](const Rectangle &a, const Rectangle &b) {
                     return a.at.lower < b.at.lower;
                   });
  std::set<std::pair<size_t, size_t>> seen;
  std::vector<const Rectangle *> alive;
  for (const Rectangle &b : rectangles) {
    llvm::erase_if(
        alive, [&](const Rectangle *a) { return a->at.upper <= b.at.lower; });
    for (const Rectangle *a : alive) {
      int64_t begin = std::max(a->at.begin, b.at.begin);
      int64_t end = std::min(a->at.end, b.at.end);
      auto [first, second] = std::minmax(a->buffer, b.buffer);
      if (begin >= end || !seen.insert({second, first}).second)
        continue;
      std::string text = ("bytes [" + Twine(begin) + ", " + Twine(end) +
                          ") at times [" + Twine(b.at.lower) + ", " +
                          Twine(std::min(a->at.upper, b.at.upper)) + ")")
                             .str();
      faults.push_back({second, first, std::move(text)});
    }
    alive.push_back(&b);
  }
}

static void sortFaults(std::vector<PackingFault> &faults) {
  std::stable_sort(faults.begin(), faults.end(),
                   [](const PackingFault &a, const PackingFault &b) {
                     return std::tie(a.buffer, a.other) <
                            std::tie(b.buffer, b.other);
                   });
}

/// The faults of single buffers, and after them the pairs that collide.
static std::vector<PackingFault>
withCollisions(const PackingProblem &problem,
               const std::vector<int64_t> &offsets,
               std::vector<PackingFault> faults) {
  std::vector<Rectangle> rectangles = rectanglesOf(problem, offsets);
  if (anyOverlap(rectangles))
    addCollisions(std::move(rectangles), faults);
  sortFaults(faults);
  return faults;
}

std::vector<PackingFault>
mempl::packingFaults(const PackingProblem &problem,
                     const std::vector<int64_t> &offsets) {
  std::vector<PackingFault> faults;
  for (size_t i = 0; i < offsets.size(); ++i) {
    std::string wrong = checkOffset(problem, problem.buffers[i], offsets[i]);
    if (!wrong.empty())
      faults.push_back({i, std::nullopt, std::move(wrong)});
  }
  return withCollisions(problem, offsets, std::move(faults));
}

std::vector<PackingFault> mempl::orderFaults(const PackingProblem &problem) {
  std::vector<PackingFault> faults;
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const PackingBuffer &buffer = problem.buffers[i];
    offsets.push_back(buffer.fixedOffset);
    std::string wrong;
    if (buffer.fixedOffset >= 0)
      wrong = checkOffset(problem, buffer, buffer.fixedOffset);
    else if (buffer.size > problem.capacity)
      wrong = ("size " + Twine(buffer.size) + " is above the capacity of " +
               Twine(problem.capacity) + " bytes")
                  .str();
    if (!wrong.empty())
      faults.push_back({i, std::nullopt, std::move(wrong)});
  }
  return withCollisions(problem, offsets, std::move(faults));
}

std::string mempl::whyInfeasible(const PackingProblem &problem) {
  std::string wrong = checkPackingFields(problem);
  if (!wrong.empty())
    return wrong;
  std::vector<PackingFault> faults = orderFaults(problem);
  if (!faults.empty())
    return faults.front().str(problem);
  PackingPeak peak = peakLoad(problem);
  std::string alive =
      (Twine(peak.buffers) + (peak.buffers == 1 ? " buffer" : " buffers"))
          .str();
  std::string at = (" at time " + Twine(peak.time)).str();
  if (peak.isAbove)
    return alive + at + " need 2^63 bytes or more together";
  if (peak.bytes > problem.capacity)
    return (Twine(alive) + at + " need " + Twine(peak.bytes) +
            " bytes together")
        .str();
  return "no offsets do, which the search has proven";
}

std::string mempl::checkPacking(const PackingProblem &problem,
                                const std::vector<int64_t> &offsets) {
  std::string wrong = checkPackingFields(problem);
  if (!wrong.empty())
    return wrong;
  size_t count = problem.buffers.size();
  if (offsets.size() != count)
    return (Twine(offsets.size()) + " offsets for " + Twine(count) + " buffers")
        .str();
  std::vector<PackingFault> faults = packingFaults(problem, offsets);
  return faults.empty() ? "" : faults.front().str(problem);
}
