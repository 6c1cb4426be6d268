//===- CopyShape.cpp - what a copy moves ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CopyShape.h"

using namespace mempl::runtime;

CopyShape CopyShape::ofElements(int64_t elementBytes,
                                const std::vector<int64_t> &sizes,
                                const std::vector<int64_t> &sourceStrides,
                                const std::vector<int64_t> &destStrides) {
  CopyShape shape;
  shape.rowBytes = elementBytes;
  // From the innermost dimension out.
  for (std::size_t i = sizes.size(); i-- > 0;) {
    int64_t from = sourceStrides[i] * elementBytes;
    int64_t to = destStrides[i] * elementBytes;
    if (sizes[i] == 1)
      continue;
    if (shape.sizes.empty() && from == shape.rowBytes && to == shape.rowBytes) {
      shape.rowBytes *= sizes[i];
      continue;
    }
    shape.sizes.insert(shape.sizes.begin(), sizes[i]);
    shape.sourceStrides.insert(shape.sourceStrides.begin(), from);
    shape.destStrides.insert(shape.destStrides.begin(), to);
  }
  return shape;
}

int64_t CopyShape::bytes() const {
  int64_t bytes = rowBytes;
  for (int64_t size : sizes)
    bytes *= size;
  return bytes;
}
