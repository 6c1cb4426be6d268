//===- Packer.h - exact offsets for buffers with lifetimes ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gives each buffer an offset so that no two that live at the same time share a
// byte: an exact search of the MiniMalloc class (Moffitt, ASPLOS 2023) and a
// best-fit for when its limit strikes.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PACKING_PACKER_H
#define MEMPL_PACKING_PACKER_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mempl {

/// A rectangle: [lower, upper) in time, `size` bytes in space.
struct PackingBuffer {
  std::string id;
  int64_t lower = 0; ///< First moment of its life.
  int64_t upper = 0; ///< First moment after it; lower <= upper. A buffer with
                     ///< lower == upper conflicts with nothing.
  int64_t size = 0;  ///< Bytes; 0 <= size < 2^63.
  int64_t alignment = 1;    ///< Its offset is a multiple of this; at least 1.
  int64_t fixedOffset = -1; ///< Where it has to be; -1 = anywhere.
  int64_t hint = -1;        ///< Tried first where possible; -1 = none.
};

struct PackingProblem {
  std::vector<PackingBuffer> buffers;
  /// Bytes; no buffer may end above. INT64_MAX for "none".
  int64_t capacity = INT64_MAX;
};

enum class PackingStatus : uint8_t {
  Packed,      ///< Offsets are valid and within the capacity.
  Infeasible,  ///< Proven: there are no such offsets. So it is, too, where a
               ///< field is out of its range.
  LimitReached ///< Neither found nor excluded within the limits.
};

struct PackingOptions {
  /// Search nodes at most; 0 = no limit. Deterministic, unlike the time limit.
  int64_t nodeLimit = 0;
  /// Milliseconds at most; 0 = no limit.
  int64_t timeLimitMs = 0;
  /// Find the smallest height instead of any packing within the capacity.
  bool minimize = false;
  std::function<bool()> cancelled;
};

struct PackingResult {
  PackingStatus status = PackingStatus::LimitReached;
  /// One per buffer. Valid offsets when `status` is Packed. When it is
  /// LimitReached they are the best-fit answer, whose height may be above the
  /// capacity; then they are still free of overlaps. Empty when it is
  /// Infeasible, or if the heuristic would need an offset of 2^63 or more.
  std::vector<int64_t> offsets;
  int64_t height = 0;   ///< Largest offset + size.
  bool optimal = false; ///< With `minimize`: the height is proven smallest.
  int64_t nodes = 0;
};

/// Largest sum of sizes alive at one moment, in bytes: no packing is lower.
/// INT64_MAX stands for that and for anything above it.
int64_t maxLoad(const PackingProblem &problem);

/// The best-fit answer if it is good enough, else an exact search; the best-fit
/// answer again if the limits strike first. Deterministic unless the time limit
/// or `cancelled` strikes. With `minimize`, Packed without `optimal` means that
/// a limit struck while a lower height was looked for.
PackingResult pack(const PackingProblem &problem,
                   const PackingOptions &options = {});

/// Fast heuristic: several orders (size, lifetime, area), each at the lowest
/// or the tightest gap; the lowest height of them. Respects fixed offsets and
/// alignment; ignores the capacity, but says LimitReached if the height is
/// above it. Infeasible only where fixed offsets contradict each other.
PackingResult packBestFit(const PackingProblem &problem);

/// Why `offsets` is no valid packing, or an empty string if it is one.
std::string checkPacking(const PackingProblem &problem,
                         const std::vector<int64_t> &offsets);

} // namespace mempl

#endif // MEMPL_PACKING_PACKER_H
