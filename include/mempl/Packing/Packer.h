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

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mempl {

/// A part of a buffer's life in which it does not need all of its bytes: others
/// may have the rest.
struct PackingGap {
  int64_t lower = 0; ///< First time.
  int64_t upper = 0; ///< First time after it; lower <= upper.
  /// The bytes that it needs nevertheless, counted from its own first one:
  /// 0 <= windowLower <= windowUpper <= size. None if they are equal.
  int64_t windowLower = 0, windowUpper = 0;
};

/// A rectangle: [lower, upper) in time, `size` bytes in space, without its
/// gaps.
struct PackingBuffer {
  std::string id;
  int64_t lower = 0;     ///< First time of its life.
  int64_t upper = 0;     ///< First time after it; lower <= upper. A buffer with
                         ///< lower == upper conflicts with nothing.
  int64_t size = 0;      ///< Bytes; 0 <= size < 2^63.
  int64_t alignment = 1; ///< Its offset is a multiple of this; at least 1.
  int64_t fixedOffset = -1; ///< Where it has to be; -1 = anywhere.
  int64_t hint = -1;        ///< Tried first where possible; -1 = none.
  /// Within its life, in the order of time, without overlaps.
  std::vector<PackingGap> gaps;
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
  LimitReached ///< Neither found nor excluded: a limit struck, or a gap has a
               ///< window (see pack()).
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

/// Bytes that a buffer needs for some time, from its own first one.
struct PackingPiece {
  int64_t lower, upper; ///< Moments; lower < upper.
  int64_t begin, end;   ///< Bytes; begin < end.

  bool meets(const PackingPiece &other) const {
    return lower < other.upper && other.lower < upper;
  }
};

/// What a buffer needs when, in the order of time. One piece for a buffer
/// without gaps; none if it occupies nothing.
using PackingPieces = llvm::SmallVector<PackingPiece, 1>;
PackingPieces piecesOf(const PackingBuffer &buffer);

/// When the most bytes are needed at once.
struct PackingPeak {
  int64_t bytes = 0;    ///< INT64_MAX stands for that and for anything above.
  bool isAbove = false; ///< They are 2^63 or more.
  int64_t time = 0;     ///< The first with so many.
  int64_t buffers = 0;  ///< That need bytes then.
};
PackingPeak peakLoad(const PackingProblem &problem);

/// Largest sum of bytes needed at one time: no packing is lower. INT64_MAX
/// stands for that and for anything above it.
int64_t maxLoad(const PackingProblem &problem);

/// Whether some gap leaves a part of its buffer in use.
bool hasWindows(const PackingProblem &problem);

/// The best-fit answer if it is good enough, else an exact search; the best-fit
/// answer again, of as many of
/// its orders as there is time for, if the limits strike first. Deterministic
/// unless the time limit or `cancelled` strikes. With `minimize`, Packed
/// without `optimal` means that a limit struck while a lower height was looked
/// for.
///
/// Gaps are searched exactly, but for those with windows. There two searches
/// enclose the answer, one with the gaps in use and one with them free: the
/// result is Infeasible or `optimal` only if they prove it, and LimitReached if
/// they leave it open.
PackingResult pack(const PackingProblem &problem,
                   const PackingOptions &options = {});

/// Fast heuristic: several orders (size, lifetime, area), each at the lowest
/// or the tightest gap; the lowest height of them. Respects fixed offsets and
/// alignment; ignores the capacity, but says LimitReached if the height is
/// above it. Infeasible only where fixed offsets contradict each other.
PackingResult packBestFit(const PackingProblem &problem);

/// What is wrong with the fields of `problem`, or an empty string.
std::string checkPackingFields(const PackingProblem &problem);

/// Why `offsets` is no valid packing, or an empty string if it is one.
std::string checkPacking(const PackingProblem &problem,
                         const std::vector<int64_t> &offsets);

/// One thing that is wrong with the offset of a buffer.
struct PackingFault {
  size_t buffer = 0;           ///< Index in the problem.
  std::optional<size_t> other; ///< The earlier one that it collides with.
  std::string text; ///< "offset 3 is not ...", "bytes [0, 4) at ...".

  /// In a sentence. With `lines`, one per buffer, it names that of `other`.
  std::string str(const PackingProblem &problem,
                  const std::vector<int64_t> &lines = {}) const;
};

/// All that is wrong with `offsets`, one per buffer: constraints that are not
/// met and every pair that collides, by buffer. The fields of `problem` must be
/// in range.
std::vector<PackingFault> packingFaults(const PackingProblem &problem,
                                        const std::vector<int64_t> &offsets);

/// What single buffers and the fixed offsets among themselves exclude, as
/// packingFaults: empty if nothing is wrong before the search.
std::vector<PackingFault> orderFaults(const PackingProblem &problem);

/// Why an infeasible problem is, in a sentence without a full stop.
std::string whyInfeasible(const PackingProblem &problem);

} // namespace mempl

#endif // MEMPL_PACKING_PACKER_H
