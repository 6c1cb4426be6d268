//===- LayeredProgram.h - programs of any size ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_BENCHMARKS_LAYEREDPROGRAM_H
#define MEMPL_BENCHMARKS_LAYEREDPROGRAM_H

#include "mempl/Problem/Instance.h"
#include "mempl/Support/Random.h"

namespace mempl {

/// A layered program with `numValues` values: every step reads a weight and
/// some recent results and writes one.
inline Instance layeredProgram(int64_t numValues) {
  Random random(7, "layered program");
  Instance instance;
  instance.name = "layered";
  instance.machine = {int64_t(64) << 20, 4096, 18e12, 819e9, 819e9, 1e-6};
  auto size = [&] { return int64_t(1) << random.between(12, 22); };
  std::vector<int32_t> recent;
  while (instance.numValues() < numValues) {
    Step step;
    int32_t weight = instance.numValues(), result = weight + 1;
    instance.program.values.push_back({"w", size(), ValueKind::Input});
    instance.program.values.push_back({"t", size(), ValueKind::Temporary});
    step.accesses.push_back(
        {weight, instance.program.values[weight].size, AccessMode::Read});
    for (int k = 0; k < 2 && !recent.empty(); ++k) {
      int32_t v = recent[recent.size() - 1 -
                         random.below(std::min<size_t>(recent.size(), 12))];
      step.accesses.push_back(
          {v, instance.program.values[v].size, AccessMode::Read});
    }
    step.accesses.push_back(
        {result, instance.program.values[result].size, AccessMode::Write});
    double bytes = 0;
    for (const Access &a : step.accesses)
      bytes += static_cast<double>(a.bytes);
    step.compute = bytes / 819e9 * random.uniform();
    instance.program.steps.push_back(std::move(step));
    recent.push_back(result);
  }
  return instance;
}

} // namespace mempl

#endif // MEMPL_BENCHMARKS_LAYEREDPROGRAM_H
