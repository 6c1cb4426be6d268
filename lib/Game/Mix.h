//===- Mix.h - numbers for hashes -------------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_GAME_MIX_H
#define MEMPL_LIB_GAME_MIX_H

#include <cstdint>

namespace mempl {

/// Added to small numbers before they are mixed.
inline constexpr uint64_t kMixStart = 0x9e3779b97f4a7c15u;

/// The finaliser of SplitMix64 (Steele et al., 2014).
inline uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace mempl

#endif // MEMPL_LIB_GAME_MIX_H
