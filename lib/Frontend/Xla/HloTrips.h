//===- HloTrips.h - how often a loop runs -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOTRIPS_H
#define MEMPL_LIB_FRONTEND_XLA_HLOTRIPS_H

#include "mempl/Frontend/Xla/HloModule.h"

#include <optional>

namespace mempl::hlo {

/// Trips of a `while`, at least 1: what the compiler noted in the text, or what
/// a counter with constant start, step and limit gives. Nothing where neither
/// is there.
std::optional<int64_t> tripsOf(const Module &module, int32_t computation,
                               const Instruction &loop);

/// What a trip of `loop` adds to a scalar element of its tuple: 0 for one that
/// it does not change. Nothing where that is no constant.
std::optional<int64_t> growthOf(const Module &module, const Instruction &loop,
                                int64_t element);

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOTRIPS_H
