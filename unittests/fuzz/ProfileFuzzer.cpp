//===- ProfileFuzzer.cpp - arbitrary bytes as profiles --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text says: an error of one line, or seconds that are none less
// than zero.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/Analysis/CostModel.h"

#include <cmath>

using namespace mempl::fuzz;
using namespace mempl::ir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto profile = parseProfile(textOf(data, size), "f");
  if (!profile)
    return takeError(profile.takeError());
  for (const auto &[key, seconds] : *profile)
    require(seconds >= 0 && std::isfinite(seconds));
  return 0;
}
