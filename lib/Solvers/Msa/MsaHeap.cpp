//===- MsaHeap.cpp - fast memory while MSA plans --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Best fit over the rectangles of an OccupancyMap, and the repackers: best fit
// from an empty heap, longest first, or the exact search of Packing/Packer.h
// started from that. A repack costs as much as all chunks together.
//
//===----------------------------------------------------------------------===//

#include "MsaHeap.h"

#include "mempl/Packing/Packer.h"

#include <algorithm>
#include <tuple>

using namespace mempl;

/// The map has no upper end: whether a hole ends below the capacity is asked
/// after one has been chosen.
static constexpr int64_t kEndless = int64_t(1) << 62;

MsaHeap::MsaHeap(int32_t numSteps, int64_t capacity, int64_t alignment)
    : numSteps(numSteps), capacity(capacity), alignment(alignment),
      map(numSteps, kEndless, alignment), used(numSteps), reserved(numSteps) {}

void MsaHeap::setReserved(int32_t step, int64_t bytes) {
  map.setReserved(step, bytes);
  used.add(step, step, bytes - reserved[step]);
  reserved[step] = bytes;
}

int32_t MsaHeap::add(const MsaChunk &chunk) {
  auto id = static_cast<int32_t>(chunks.size());
  if (unusedIds.empty()) {
    chunks.push_back(chunk);
    isLive.push_back(true);
  } else {
    id = unusedIds.back();
    unusedIds.pop_back();
    chunks[id] = chunk;
    isLive[id] = true;
  }
  map.add(id, chunk.start, chunk.end, chunk.offset, chunk.offset + chunk.size);
  used.add(chunk.start, chunk.end, chunk.size);
  return id;
}

void MsaHeap::remove(int32_t id) {
  const MsaChunk &chunk = chunks[id];
  map.remove(id, chunk.start, chunk.end, chunk.offset);
  used.add(chunk.start, chunk.end, -chunk.size);
  isLive[id] = false;
  unusedIds.push_back(id);
}

void MsaHeap::extend(int32_t id, int32_t end) {
  MsaChunk &chunk = chunks[id];
  map.remove(id, chunk.start, chunk.end, chunk.offset);
  used.add(chunk.end + 1, end, chunk.size);
  chunk.end = end;
  map.add(id, chunk.start, chunk.end, chunk.offset, chunk.offset + chunk.size);
}

bool MsaHeap::isFree(int32_t start, int32_t end, int64_t offset,
                     int64_t size) const {
  if (end < start)
    return true;
  return offset + size <= capacity && map.maxReserved(start, end) <= offset &&
         map.countOverlaps(start, end, offset, offset + size) == 0;
}

int64_t MsaHeap::bestFit(int32_t start, int32_t end, int64_t size) const {
  if (used.max(start, end) > capacity - size)
    return -1;
  int64_t offset = map.findOffset(start, end, size, Fit::Tightest);
  return offset >= 0 && offset <= capacity - size ? offset : -1;
}

int32_t MsaHeap::freeUntil(int32_t start, int32_t end, int64_t offset,
                           int64_t size) const {
  int32_t until = end;
  map.forEachOverlap(start, end, offset, offset + size, [&](int32_t id) {
    until = std::min(until, chunks[id].start - 1);
  });
  until = std::max(until, start - 1);
  if (until < start || map.maxReserved(start, until) <= offset)
    return until;
  // The first step whose own bytes are in the way.
  int32_t low = start, high = until;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (map.maxReserved(start, middle) > offset)
      high = middle;
    else
      low = middle + 1;
  }
  return low - 1;
}

std::vector<int32_t> MsaHeap::live() const {
  std::vector<int32_t> ids;
  for (size_t id = 0; id < chunks.size(); ++id)
    if (isLive[id])
      ids.push_back(static_cast<int32_t>(id));
  return ids;
}

bool MsaHeap::packBestFit(std::vector<int64_t> &offsets,
                          const std::vector<int32_t> &ids) const {
  std::vector<size_t> order(ids.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto key = [&](size_t i) {
    const MsaChunk &c = chunks[ids[i]];
    return std::tuple(!c.isFixed, -(c.end - c.start), -c.size, ids[i]);
  };
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return key(a) < key(b); });
  MsaHeap heap(numSteps, capacity, alignment);
  for (int32_t i = 0; i < numSteps; ++i)
    if (reserved[i] > 0)
      heap.setReserved(i, reserved[i]);
  offsets.assign(ids.size(), 0);
  for (size_t i : order) {
    MsaChunk chunk = chunks[ids[i]];
    if (!chunk.isFixed)
      chunk.offset = heap.bestFit(chunk.start, chunk.end, chunk.size);
    if (chunk.offset < 0)
      return false;
    offsets[i] = chunk.offset;
    heap.add(chunk);
  }
  return true;
}

bool MsaHeap::packExactly(std::vector<int64_t> &offsets,
                          const std::vector<int32_t> &ids,
                          int64_t nodes) const {
  PackingProblem problem;
  problem.capacity = capacity;
  auto addBuffer = [&](const MsaChunk &chunk) {
    PackingBuffer buffer;
    buffer.lower = chunk.start;
    buffer.upper = chunk.end + 1;
    buffer.size = chunk.size;
    buffer.alignment = alignment;
    if (chunk.isFixed)
      buffer.fixedOffset = chunk.offset;
    problem.buffers.push_back(std::move(buffer));
  };
  for (int32_t id : ids)
    addBuffer(chunks[id]);
  for (int32_t i = 0; i < numSteps; ++i)
    if (reserved[i] > 0)
      addBuffer({i, i, 0, reserved[i], true});
  PackingOptions packing;
  packing.nodeLimit = nodes;
  // The lowest height leaves the largest holes.
  packing.minimize = true;
  PackingResult result = pack(problem, packing);
  if (result.status != PackingStatus::Packed)
    return false;
  offsets.assign(result.offsets.begin(),
                 result.offsets.begin() +
                     static_cast<std::ptrdiff_t>(ids.size()));
  return true;
}

bool MsaHeap::repack(const MsaOptions &options) {
  std::vector<int32_t> ids = live();
  std::vector<int64_t> offsets;
  bool isPacked = options.repacker == MsaRepacker::Exact
                      ? packExactly(offsets, ids, options.repackerNodes)
                      : packBestFit(offsets, ids);
  if (!isPacked)
    return false;
  for (int32_t id : ids)
    map.remove(id, chunks[id].start, chunks[id].end, chunks[id].offset);
  for (size_t i = 0; i < ids.size(); ++i) {
    MsaChunk &chunk = chunks[ids[i]];
    chunk.offset = offsets[i];
    map.add(ids[i], chunk.start, chunk.end, chunk.offset,
            chunk.offset + chunk.size);
  }
  return true;
}
