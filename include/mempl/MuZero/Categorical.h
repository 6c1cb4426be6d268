//===- Categorical.h - scalars as distributions over atoms ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Networks predict returns and rewards as distributions over evenly spaced
// atoms; a target is split between the two atoms beside it so that the mean of
// the distribution is the target ("two-hot", MuZero, appendix F).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_CATEGORICAL_H
#define MEMPL_MUZERO_CATEGORICAL_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace mempl {

/// Evenly spaced atoms from `low` to `high`; at least 2.
struct CategoricalSupport {
  float low, high;
  int32_t atoms;

  float spacing() const { return (high - low) / static_cast<float>(atoms - 1); }
  float atom(int32_t i) const {
    return low + spacing() * static_cast<float>(i);
  }

  /// Writes the distribution of `target` into `out` (`atoms` entries, all of
  /// which are set). Returns false if the target had to be clipped to the
  /// support; NaN is clipped to `low`.
  bool twoHot(float target, llvm::MutableArrayRef<float> out) const;
  /// The mean of a distribution of `atoms` entries that add up to 1.
  float mean(llvm::ArrayRef<float> distribution) const;
};

/// Of returns still to come, in units of Game::scale(): 0 is nothing
/// gained, 1 what the heuristic gains in all.
inline constexpr CategoricalSupport kValueSupport{-1, 3, 101};
/// Of the reward of one action, in the same units.
inline constexpr CategoricalSupport kRewardSupport{-1, 1, 51};

} // namespace mempl

#endif // MEMPL_MUZERO_CATEGORICAL_H
