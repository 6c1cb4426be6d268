//===- Categorical.cpp - scalars as distributions over atoms --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two-hot targets and their means.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Categorical.h"

#include <algorithm>
#include <cassert>

using namespace mempl;

bool CategoricalSupport::twoHot(float target,
                                llvm::MutableArrayRef<float> out) const {
  assert(static_cast<int32_t>(out.size()) == atoms);
  std::fill(out.begin(), out.end(), 0.0f);
  bool isInside = target >= low && target <= high;
  // Not std::clamp: NaN must not stay.
  float x = target > low ? std::min(target, high) : low;
  float at = (x - low) / spacing();
  int32_t below = std::min(static_cast<int32_t>(at), atoms - 2);
  float share = std::min(1.0f, at - static_cast<float>(below));
  out[below] = 1 - share;
  out[below + 1] = share;
  return isInside;
}

float CategoricalSupport::mean(llvm::ArrayRef<float> distribution) const {
  float sum = 0;
  for (int32_t i = 0; i < atoms; ++i)
    sum += atom(i) * distribution[i];
  return sum;
}
