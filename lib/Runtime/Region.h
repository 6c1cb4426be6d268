//===- Region.h - bytes with strides ----------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a slice of a tensor occupies in memory: rows of bytes at distances. Two
// slices of one tensor often lie between each other's rows, so that the range
// from the first byte to the last one says too much.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_REGION_H
#define MEMPL_LIB_RUNTIME_REGION_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mempl::runtime {

/// Bytes [begin, end).
struct Range {
  uintptr_t begin = 0, end = 0;

  static Range of(const void *address, int64_t bytes) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(address);
    return {begin, begin + uintptr_t(bytes)};
  }
  bool empty() const { return begin == end; }
  bool operator==(Range other) const {
    return begin == other.begin && end == other.end;
  }
  bool overlaps(Range other) const {
    return begin < other.end && other.begin < end && !empty() && !other.empty();
  }
};

class Region {
public:
  Region() = default;

  /// All bytes of a range.
  Region(Range range) : all(range), rowBytes(range.end - range.begin) {}

  /// `elementBytes` bytes for each index of the sizes, at the distances of
  /// `strides`, in elements and not negative.
  Region(const void *address, int64_t elementBytes,
         const std::vector<int64_t> &sizes,
         const std::vector<int64_t> &strides);

  /// From the first byte to the last one; empty if there is none.
  Range span() const { return all; }

  /// Whether a byte is in both.
  bool overlaps(const Region &other) const;

private:
  /// `count` parts of `extent` bytes, `stride` bytes from each to the next one.
  struct Dimension {
    uintptr_t count, stride, extent;
  };

  bool touches(size_t dimension, uintptr_t begin, Range range) const;
  bool anyRowTouches(size_t dimension, uintptr_t begin,
                     const Region &other) const;
  uintptr_t numRows() const;

  Range all;
  uintptr_t rowBytes = 0;
  std::vector<Dimension> dimensions; ///< Parts of one never overlap.
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_REGION_H
