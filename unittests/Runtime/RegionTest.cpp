//===- RegionTest.cpp - bytes with strides --------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Region.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace mempl::runtime;

namespace {

/// A slice of a tensor of three dimensions: strides that nest.
struct Slice {
  int64_t elementBytes;
  std::vector<int64_t> sizes, strides;
  int64_t offset; ///< In elements.

  Region region() const {
    const void *address =
        reinterpret_cast<const void *>(4096 + offset * elementBytes);
    return Region(address, elementBytes, sizes, strides);
  }

  std::set<int64_t> bytes() const {
    std::set<int64_t> all;
    for (int64_t i = 0; i < sizes[0]; ++i)
      for (int64_t j = 0; j < sizes[1]; ++j)
        for (int64_t k = 0; k < sizes[2]; ++k)
          for (int64_t byte = 0; byte < elementBytes; ++byte)
            all.insert(
                (offset + i * strides[0] + j * strides[1] + k * strides[2]) *
                    elementBytes +
                byte);
    return all;
  }
};

class Slices {
public:
  int64_t number(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random);
  }

  Slice slice(const std::vector<int64_t> &tensor, int64_t elementBytes) {
    Slice slice;
    slice.elementBytes = elementBytes;
    slice.offset = 0;
    int64_t stride = 1;
    for (int i = 2; i >= 0; --i) {
      int64_t first = number(0, tensor[i] / 2);
      int64_t step = number(1, 2);
      int64_t most = (tensor[i] - 1 - first) / step + 1;
      slice.sizes.insert(slice.sizes.begin(), number((most + 1) / 2, most));
      slice.strides.insert(slice.strides.begin(), stride * step);
      slice.offset += first * stride;
      stride *= tensor[i];
    }
    return slice;
  }

private:
  std::mt19937 random{1};
};

} // namespace

TEST(Region, OverlapsWhereAByteIsInBoth) {
  Slices slices;
  int overlapping = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<int64_t> tensor = {slices.number(2, 4), slices.number(2, 6),
                                   slices.number(2, 8)};
    int64_t elementBytes = slices.number(1, 4);
    Slice a = slices.slice(tensor, elementBytes);
    Slice b = slices.slice(tensor, elementBytes);
    std::set<int64_t> bytes = a.bytes();
    bool overlaps = false;
    for (int64_t byte : b.bytes())
      overlaps |= bytes.count(byte) > 0;
    overlapping += overlaps;
    ASSERT_EQ(a.region().overlaps(b.region()), overlaps) << i;
    ASSERT_EQ(b.region().overlaps(a.region()), overlaps) << i;
  }
  EXPECT_GT(overlapping, 500);
  EXPECT_LT(overlapping, 4500);
}

TEST(Region, SpanIsFromFirstToLastByte) {
  const void *address = reinterpret_cast<const void *>(4096);
  EXPECT_EQ(Region(address, 4, {3, 2}, {8, 1}).span().end, 4096u + 4 * 18);
  EXPECT_TRUE(Region(address, 4, {3, 0}, {8, 1}).span().empty());
  EXPECT_EQ(Region(Range::of(address, 10)).span().end, 4106u);
}
