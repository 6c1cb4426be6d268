//===- CopyShape.h - what a copy moves --------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_COPYSHAPE_H
#define MEMPL_LIB_RUNTIME_COPYSHAPE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mempl::runtime {

/// Rows of `rowBytes` bytes, one for each index of the sizes. No sizes are one
/// row.
struct CopyShape {
  int64_t rowBytes = 0;
  std::vector<int64_t> sizes, sourceStrides, destStrides; ///< In bytes.

  /// Elements with the sizes and strides of a memref, in elements: what is
  /// contiguous on both sides becomes rows.
  static CopyShape ofElements(int64_t elementBytes,
                              const std::vector<int64_t> &sizes,
                              const std::vector<int64_t> &sourceStrides,
                              const std::vector<int64_t> &destStrides);

  int64_t bytes() const;
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_COPYSHAPE_H
