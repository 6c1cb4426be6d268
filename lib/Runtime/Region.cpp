//===- Region.cpp - bytes with strides ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Region.h"

#include <algorithm>

using namespace mempl::runtime;

Region::Region(const void *address, int64_t elementBytes,
               const std::vector<int64_t> &sizes,
               const std::vector<int64_t> &strides)
    : rowBytes(elementBytes) {
  all.begin = all.end = reinterpret_cast<uintptr_t>(address);
  if (elementBytes == 0 || std::count(sizes.begin(), sizes.end(), 0))
    return;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1 && strides[i] > 0)
      dimensions.push_back(
          {uintptr_t(sizes[i]), uintptr_t(strides[i] * elementBytes), 0});
  // From the shortest stride on: what is contiguous becomes one longer row.
  std::stable_sort(
      dimensions.begin(), dimensions.end(),
      [](Dimension a, Dimension b) { return a.stride < b.stride; });
  std::vector<Dimension> apart;
  uintptr_t extent = rowBytes;
  bool nested = true;
  for (Dimension &dimension : dimensions) {
    nested &= dimension.stride >= extent;
    dimension.extent = extent;
    extent += (dimension.count - 1) * dimension.stride;
    if (apart.empty() && dimension.stride == dimension.extent)
      rowBytes = extent;
    else
      apart.push_back(dimension);
  }
  all.end += extent;
  dimensions.assign(apart.rbegin(), apart.rend());
  if (nested)
    return;
  // Parts that overlap: no slice of a tensor; all of it, to be safe.
  dimensions.clear();
  rowBytes = extent;
}

/// Whether a byte of the range is in the part from `begin` on, of which
/// `dimension` is the first dimension.
bool Region::touches(size_t dimension, uintptr_t begin, Range range) const {
  if (dimension == dimensions.size())
    return Range{begin, begin + rowBytes}.overlaps(range);
  const Dimension &parts = dimensions[dimension];
  if (range.end <= begin)
    return false;
  // The first part that ends after the range begins, the last that begins
  // before it ends; those between lie in the range.
  uintptr_t first = 0;
  if (range.begin >= begin + parts.extent)
    first = (range.begin - begin - parts.extent) / parts.stride + 1;
  uintptr_t last =
      std::min(parts.count - 1, (range.end - 1 - begin) / parts.stride);
  if (first > last)
    return false;
  return last - first > 1 ||
         touches(dimension + 1, begin + first * parts.stride, range) ||
         touches(dimension + 1, begin + last * parts.stride, range);
}

bool Region::anyRowTouches(size_t dimension, uintptr_t begin,
                           const Region &other) const {
  if (dimension == dimensions.size())
    return other.touches(0, other.all.begin, {begin, begin + rowBytes});
  for (uintptr_t i = 0; i < dimensions[dimension].count; ++i)
    if (anyRowTouches(dimension + 1, begin + i * dimensions[dimension].stride,
                      other))
      return true;
  return false;
}

uintptr_t Region::numRows() const {
  uintptr_t rows = 1;
  for (const Dimension &dimension : dimensions)
    rows *= dimension.count;
  return rows;
}

bool Region::overlaps(const Region &other) const {
  if (!all.overlaps(other.all))
    return false;
  if (numRows() <= other.numRows())
    return anyRowTouches(0, all.begin, other);
  return other.anyRowTouches(0, other.all.begin, *this);
}
