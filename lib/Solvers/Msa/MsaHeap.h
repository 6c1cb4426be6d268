//===- MsaHeap.h - fast memory while MSA plans ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chunks of fast memory over time, with the questions that memory space
// assignment asks about them.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSAHEAP_H
#define MEMPL_LIB_SOLVERS_MSA_MSAHEAP_H

#include "MsaCopies.h"

#include "mempl/Solvers/Msa.h"

#include "mempl/Problem/OccupancyMap.h"

namespace mempl {

/// A chunk is held from step `start` to step `end`, both included.
struct MsaChunk {
  int32_t start, end;
  int64_t offset, size;
  bool isFixed = false; ///< Keeps its offset when all are laid out anew.
};

class MsaHeap {
public:
  MsaHeap(int32_t numSteps, int64_t capacity, int64_t alignment);

  /// Bytes at [0, bytes) that a step keeps for itself.
  void setReserved(int32_t step, int64_t bytes);

  /// Adds a chunk and names it. It must be free.
  int32_t add(const MsaChunk &chunk);
  void remove(int32_t id);
  /// Holds a chunk up to step `end`, which must be free.
  void extend(int32_t id, int32_t end);
  const MsaChunk &chunk(int32_t id) const { return chunks[id]; }

  /// Whether the bytes are free from start to end; true if that is empty.
  bool isFree(int32_t start, int32_t end, int64_t offset, int64_t size) const;
  /// An offset in the smallest hole that fits, the lowest of equal ones; the
  /// hole above all chunks counts as endless. -1 if there is none.
  int64_t bestFit(int32_t start, int32_t end, int64_t size) const;
  /// The earliest step from which up to `end` as many bytes are free at every
  /// step, wherever they are; end + 1 if they are not even there.
  int32_t roomSince(int32_t end, int64_t size) const {
    return used.lastAbove(end, capacity - size) + 1;
  }
  /// The last step up to `end` until which the bytes are free from `start` on;
  /// start - 1 if not even there.
  int32_t freeUntil(int32_t start, int32_t end, int64_t offset,
                    int64_t size) const;
  /// Most bytes held at a step from `start` to `end`.
  int64_t mostUsed(int32_t start, int32_t end) const {
    return used.max(start, end);
  }

  /// Lays out all chunks anew, times unchanged, so that holes may become
  /// larger. False, with nothing changed, if no layout is found.
  bool repack(const MsaOptions &options);

private:
  std::vector<int32_t> live() const;
  bool packBestFit(std::vector<int64_t> &offsets,
                   const std::vector<int32_t> &ids) const;
  bool packExactly(std::vector<int64_t> &offsets,
                   const std::vector<int32_t> &ids, int64_t nodes) const;

  int32_t numSteps;
  int64_t capacity, alignment;
  OccupancyMap map;
  RangeCounts used;
  std::vector<MsaChunk> chunks;
  std::vector<bool> isLive;
  std::vector<int32_t> unusedIds;
  std::vector<int64_t> reserved;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSAHEAP_H
