//===- GapPacker.h - one buffer after the other -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the exact packer and the best-fit share.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PACKING_GAPPACKER_H
#define MEMPL_LIB_PACKING_GAPPACKER_H

#include "mempl/Packing/Packer.h"

#include <string>

namespace mempl::packing {

/// As packBestFit, but content with the first packing of at most `goal` bytes,
/// and with the best one so far when `stop`, which may be empty, says so.
PackingResult packGaps(const PackingProblem &problem, int64_t goal,
                       const std::function<bool()> &stop);

/// No packing of `problem`, whose fields are in range, is lower; INT64_MAX
/// stands for that and anything above it.
int64_t leastHeight(const PackingProblem &problem);

/// Largest offset + size.
int64_t heightOf(const PackingProblem &problem,
                 const std::vector<int64_t> &offsets);

} // namespace mempl::packing

#endif // MEMPL_LIB_PACKING_GAPPACKER_H
