//===- Random.h - the one place for random numbers --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A counter-based generator: number k of a stream is a hash of (seed, purpose,
// k), so streams of different purposes never disturb each other and the same
// seed gives the same numbers on every machine. The hash is the finaliser of
// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Not for cryptography.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_RANDOM_H
#define MEMPL_SUPPORT_RANDOM_H

#include "llvm/ADT/StringRef.h"

#include <cmath>
#include <cstdint>
#include <numbers>

namespace mempl {

/// A stream of random numbers, keyed by a seed and by what it is used for.
class Random {
public:
  Random(uint64_t seed, llvm::StringRef purpose) : key(mix(seed)) {
    for (unsigned char c : purpose)
      key = mix(key ^ c);
  }

  /// 64 independent fair bits.
  uint64_t next() { return mix(key + ++counter * 0x9e3779b97f4a7c15u); }
  /// Uniform in [0, bound); bound >= 1. The bias is below bound / 2^64.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>(
        (static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  /// Uniform in [low, high], both included; low <= high.
  int64_t between(int64_t low, int64_t high) {
    return low +
           static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Normally distributed, of mean 0 and variance 1 (Box and Muller, 1958).
  double normal() {
    double u = 1 - uniform(), v = uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }
  /// True with probability `p`.
  bool chance(double p) { return uniform() < p; }

private:
  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  uint64_t key;
  uint64_t counter = 0;
};

} // namespace mempl

#endif // MEMPL_SUPPORT_RANDOM_H
