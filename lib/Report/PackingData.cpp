//===- PackingData.cpp - what a report on a packing shows -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers, and the rectangles that they occupy, as columns.
//
//===----------------------------------------------------------------------===//

#include "Columns.h"

#include "mempl/Report/Report.h"

#include <algorithm>
#include <map>

using namespace mempl;
using namespace mempl::report;
using llvm::StringRef;
using llvm::json::OStream;

namespace {

/// A piece of a buffer where it has been put.
struct Rectangle {
  size_t buffer;
  PackingPiece at; ///< Bytes from 0.
};

} // namespace

static std::vector<Rectangle>
rectanglesOf(const PackingProblem &problem,
             const std::vector<int64_t> &offsets) {
  std::vector<Rectangle> result;
  for (size_t i = 0; i < offsets.size(); ++i) {
    for (PackingPiece piece : piecesOf(problem.buffers[i])) {
      piece.begin += offsets[i];
      piece.end += offsets[i];
      result.push_back({i, piece});
    }
  }
  return result;
}

/// The bytes needed from each time on at which that changes.
static std::map<int64_t, double>
loadOf(const std::vector<Rectangle> &rectangles) {
  std::map<int64_t, double> changes;
  for (const Rectangle &r : rectangles) {
    auto bytes = static_cast<double>(r.at.end - r.at.begin);
    changes[r.at.lower] += bytes;
    changes[r.at.upper] -= bytes;
  }
  double load = 0;
  for (auto &[time, bytes] : changes)
    bytes = load += bytes;
  return changes;
}

static void writeBuffers(OStream &json, const PackingProblem &problem,
                         const std::vector<int64_t> &offsets) {
  using Buffer = PackingBuffer;
  const std::vector<Buffer> &buffers = problem.buffers;
  column(json, "names", buffers,
         [](const Buffer &b) { return StringRef(b.id); });
  column(json, "lower", buffers, [](const Buffer &b) { return b.lower; });
  column(json, "upper", buffers, [](const Buffer &b) { return b.upper; });
  column(json, "sizes", buffers, [](const Buffer &b) { return b.size; });
  column(json, "alignments", buffers,
         [](const Buffer &b) { return b.alignment; });
  column(json, "offsets", offsets, [](int64_t offset) { return offset; });
  std::vector<std::string> faults(buffers.size());
  auto add = [&](size_t buffer, const std::string &text) {
    faults[buffer] += (faults[buffer].empty() ? "" : "; ") + text;
  };
  for (const PackingFault &fault : packingFaults(problem, offsets)) {
    if (fault.other) {
      add(fault.buffer,
          "collides with " + buffers[*fault.other].id + " in " + fault.text);
      add(*fault.other,
          "collides with " + buffers[fault.buffer].id + " in " + fault.text);
    } else {
      add(fault.buffer, fault.text);
    }
  }
  column(json, "faults", faults,
         [](const std::string &text) { return StringRef(text); });
}

std::string mempl::packingData(StringRef file, const PackingProblem &problem,
                               const std::vector<int64_t> &offsets,
                               StringRef result) {
  std::vector<Rectangle> rectangles = rectanglesOf(problem, offsets);
  int64_t height = 0;
  for (size_t i = 0; i < offsets.size(); ++i)
    height = std::max(height, offsets[i] + problem.buffers[i].size);
  std::map<int64_t, double> load = loadOf(rectangles);
  std::string text;
  llvm::raw_string_ostream os(text);
  OStream json(os);
  json.object([&] {
    json.attribute("file", llvm::json::fixUTF8(file));
    if (problem.capacity == INT64_MAX)
      json.attribute("capacity", nullptr);
    else
      json.attribute("capacity", problem.capacity);
    json.attribute("height", height);
    json.attribute("peak", maxLoad(problem));
    json.attribute("result", llvm::json::fixUTF8(result));
    json.attributeObject("buffers",
                         [&] { writeBuffers(json, problem, offsets); });
    json.attributeObject("pieces", [&] {
      using R = Rectangle;
      column(json, "buffer", rectangles,
             [](const R &r) { return static_cast<int64_t>(r.buffer); });
      column(json, "lower", rectangles, [](const R &r) { return r.at.lower; });
      column(json, "upper", rectangles, [](const R &r) { return r.at.upper; });
      column(json, "begin", rectangles, [](const R &r) { return r.at.begin; });
      column(json, "end", rectangles, [](const R &r) { return r.at.end; });
    });
    json.attributeObject("load", [&] {
      column(json, "times", load, [](const auto &m) { return m.first; });
      column(json, "bytes", load, [](const auto &m) { return m.second; });
    });
  });
  return safeInPage(text);
}
