//===- Deallocation.h - frees beside those of the program -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's ownership-based deallocation refuses programs that free buffers.
// mempl-mark-deallocations, before bufferization, and mempl-deallocate, after
// it, divide the work:
//
// - A function on buffers alone that frees some is left as it is: it manages
//   its memory. So is one that gives buffers to a function that frees them.
// - A function with tensors gets buffers that it knows nothing of. Its own
//   frees go away, and all its buffers are freed where they are not needed any
//   more: later than it said, with the same effect. Only frees of its
//   arguments, which its callers made, stay: as calls of a function of the
//   first kind.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CONVERSION_DEALLOCATION_H
#define MEMPL_LIB_CONVERSION_DEALLOCATION_H

#include "llvm/ADT/StringRef.h"

namespace mempl::ir {

/// Of functions that free what they allocate, from the first pass to the
/// second.
inline constexpr llvm::StringLiteral kOwnFrees = "mempl.frees_its_buffers";

} // namespace mempl::ir

#endif // MEMPL_LIB_CONVERSION_DEALLOCATION_H
