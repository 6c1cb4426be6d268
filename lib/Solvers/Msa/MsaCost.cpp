//===- MsaCost.cpp - seconds and benefits that MSA goes by ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The cost model of memory space assignment: a step lasts as long as its
// computation or its traffic, whichever is longer. The benefit of a value is
// the sum over its uses of what each saves by itself, so it is wrong where a
// step becomes compute-bound half-way; the algorithm has it that way.
//
//===----------------------------------------------------------------------===//

#include "MsaCost.h"

#include "mempl/Problem/TimeModel.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace mempl;

/// Seconds of one run of a body from slow memory, loops inside weighted.
static double bodySeconds(const Machine &m, const Program &body,
                          double weight) {
  double total = 0;
  for (const Step &step : body.steps) {
    double bytes = 0;
    for (const Access &access : step.accesses)
      bytes += static_cast<double>(access.bytes);
    if (step.body)
      total += weight * bodySeconds(m, *step.body, weight);
    else
      total += stepSeconds(m, step, bytes, 0);
  }
  return total;
}

MsaCost::MsaCost(const AccessIndex &index, const MsaOptions &options)
    : index(index), options(options),
      bandwidth(index.machine().copyBandwidth * options.copyScale) {
  for (int32_t i = 0; i < index.numSteps(); ++i) {
    const Step &step = index.program().steps[i];
    seconds.push_back(step.body ? options.loopWeight *
                                      bodySeconds(index.machine(), *step.body,
                                                  options.loopWeight)
                                : elapsedWith(i, 0));
  }
}

double MsaCost::memory(int32_t step, double fastBytes) const {
  return memorySeconds(index.machine(), index.stepBytes(step) - fastBytes,
                       fastBytes);
}

double MsaCost::elapsedWith(int32_t step, double fastBytes) const {
  double compute = index.program().steps[step].compute;
  double all = index.stepBytes(step);
  // The first window of slow data is waited for, not overlapped.
  double wait =
      all > 0
          ? compute * std::min(options.overheadWindow, all - fastBytes) / all
          : 0;
  return index.machine().stepOverhead +
         std::max(compute, memory(step, fastBytes) + wait);
}

double MsaCost::copyCapacity(int32_t step) const {
  if (index.program().steps[step].body)
    return 0;
  return options.costModel ? seconds[step] : 1;
}

double MsaCost::idle(int32_t step) const {
  if (index.program().steps[step].body)
    return 0;
  return std::max(0.0, seconds[step] - memory(step));
}

double MsaCost::saving(int32_t use) const {
  const Use &u = index.use(use);
  if (index.program().steps[u.step].body)
    return 0;
  return seconds[u.step] - elapsedWith(u.step, u.bytes);
}

double MsaCost::benefit(int32_t use) const {
  const Use &u = index.use(use);
  const Step &step = index.program().steps[u.step];
  // What a loop reads from outside is read in every trip; the steps inside that
  // do so are taken to be memory-bound.
  if (step.body)
    return options.loopWeight * u.bytes / static_cast<double>(step.trips) *
           savedSecondsPerByte(index.machine());
  double before = memory(u.step);
  if (before > step.compute)
    return before - memory(u.step, u.bytes);
  return before - step.compute;
}

double MsaCost::boundedness(int32_t value) const {
  double total = 0;
  // An input is defined outside the program, where nothing is saved.
  bool isFirst = !index.program().values[value].isInput();
  for (int32_t u = index.firstUse(value); u < index.endUse(value); ++u) {
    double b = benefit(u);
    if (isFirst)
      total = b;
    else if (total > 0 && b > 0)
      total += b;
    else
      total = std::max(total, b);
    isFirst = false;
  }
  return total;
}

double MsaCost::copySeconds(int64_t bytes) const {
  return static_cast<double>(bytes) / bandwidth;
}

std::vector<int32_t> MsaCost::order() const {
  struct Key {
    double boundedness;
    int64_t size;
    int32_t duration, latestUse, start, value;
  };
  std::vector<Key> keys;
  for (int32_t v = 0; v < index.numValues(); ++v) {
    auto uses = index.usesOf(v);
    if (uses.empty())
      continue;
    const Value &value = index.program().values[v];
    Key key = {0, value.size, 0, uses.back().step, uses.front().step, v};
    if (value.isInput())
      key.start = -1;
    int32_t end = value.isOutput() ? index.numSteps() : key.latestUse;
    key.duration = end - key.start;
    if (options.order == MsaOrder::MemoryBoundedness) {
      key.boundedness = boundedness(v);
      if (options.scaling == MsaScaling::Sqrt && value.size > 0)
        key.boundedness /= std::sqrt(static_cast<double>(value.size));
    }
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [](const Key &a, const Key &b) {
    return std::tuple(-a.boundedness, -a.size, -a.duration, a.latestUse,
                      a.start, a.value) < std::tuple(-b.boundedness, -b.size,
                                                     -b.duration, b.latestUse,
                                                     b.start, b.value);
  });
  std::vector<int32_t> values;
  std::vector<bool> isListed(index.numValues());
  for (int32_t v : options.permutation)
    if (v >= 0 && v < index.numValues() && !isListed[v] &&
        !index.usesOf(v).empty()) {
      isListed[v] = true;
      values.push_back(v);
    }
  for (const Key &key : keys)
    if (!isListed[key.value])
      values.push_back(key.value);
  return values;
}
