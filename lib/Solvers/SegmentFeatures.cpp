//===- SegmentFeatures.cpp - what policies see of a program ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/TimeModel.h"
#include "mempl/Solvers/SegmentPolicy.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mempl;

/// Of the benefit, what copies leave of it at least.
static constexpr double kLeastNet = 0.05;
static constexpr double kMostCopies = 4;
static constexpr double kTiny = 1e-30;

namespace {

/// Sums of a number over the steps before each step, and over all of them.
class PrefixSums {
public:
  void add(double x) { sums.push_back(sums.back() + x); }
  double between(int32_t first, int32_t last) const {
    return sums[last + 1] - sums[first];
  }
  double total() const { return sums.back(); }

private:
  std::vector<double> sums = {0};
};

/// The largest of numbers between two of them.
class RangeMaximum {
public:
  explicit RangeMaximum(std::vector<float> numbers) {
    levels.push_back(std::move(numbers));
    for (size_t width = 1; 2 * width <= levels[0].size(); width *= 2) {
      const std::vector<float> &last = levels.back();
      std::vector<float> next(last.size() - width);
      for (size_t i = 0; i < next.size(); ++i)
        next[i] = std::max(last[i], last[i + width]);
      levels.push_back(std::move(next));
    }
  }
  float between(int32_t first, int32_t last) const {
    unsigned level = llvm::Log2_32(last - first + 1);
    return std::max(levels[level][first],
                    levels[level][last + 1 - (int32_t(1) << level)]);
  }

private:
  std::vector<std::vector<float>> levels; // Of 1, 2, 4, .. numbers each.
};

/// What is known of the steps when everything is in slow memory.
class SlowSteps {
public:
  explicit SlowSteps(const AccessIndex &index);

  PrefixSums seconds, spare, pressure, weightedPressure;
  std::vector<float> pressureAt; ///< Shares of fast memory.
  std::vector<double> memoryShare;
};

/// The features of one program.
class FeatureMaker {
public:
  FeatureMaker(const AccessIndex &index, const UseIntervalForest &forest)
      : index(index), forest(forest), steps(index),
        mostPressure(steps.pressureAt),
        capacity(std::max(1.0, static_cast<double>(index.machine().capacity))) {
    for (int32_t u = 0; u < index.numUses(); ++u) {
      int32_t step = index.use(u).step;
      demand.add(index.stepBytes(step) / capacity);
      memory.add(forest.useBenefit(u) * steps.memoryShare[step]);
      writes.add(index.use(u).writes);
    }
  }

  std::vector<float> rows();
  std::vector<float> context();

private:
  void fillRow(const UseIntervalNode &node, float *row) const;
  void measureMeans();
  double copyOf(const UseIntervalNode &node) const {
    return copySeconds(
        index.machine(),
        static_cast<double>(index.program().values[node.value].size));
  }
  double share(int32_t value) const {
    return static_cast<double>(index.roundedSize(value)) / capacity;
  }
  bool needsCopyOut(const UseIntervalNode &node) const;
  double secondsHeld(const UseIntervalNode &node) const;

  const AccessIndex &index;
  const UseIntervalForest &forest;
  SlowSteps steps;
  RangeMaximum mostPressure;
  double capacity;
  PrefixSums demand, memory, writes; // Of uses.
  double meanBenefit = 1, meanHeld = 1;
};

} // namespace

static double logOf(double x) { return std::log(std::max(x, kTiny)); }

static float limited(double x) {
  constexpr double limit = SegmentFeatures::kLimit;
  // What takes no time has no share of it.
  return std::isnan(x) ? 0 : static_cast<float>(std::clamp(x, -limit, limit));
}

SlowSteps::SlowSteps(const AccessIndex &index) {
  const Machine &m = index.machine();
  int32_t n = index.numSteps();
  auto capacity = std::max(1.0, static_cast<double>(m.capacity));
  std::vector<double> change(n + 1, 0.0);
  for (int32_t v = 0; v < index.numValues(); ++v) {
    auto uses = index.usesOf(v);
    if (uses.empty())
      continue;
    auto share = static_cast<double>(index.roundedSize(v)) / capacity;
    change[uses.front().step] += share;
    change[uses.back().step + 1] -= share;
  }
  double live = 0;
  for (int32_t i = 0; i < n; ++i) {
    const Step &step = index.program().steps[i];
    double bytes = index.stepBytes(i);
    double time = stepSeconds(m, step, bytes, 0);
    double rate =
        time > 0 ? copyRate(m, spareBandwidth(m, bytes, time), false) : 0;
    seconds.add(time);
    spare.add(time * rate / m.copyBandwidth);
    live += change[i];
    pressureAt.push_back(static_cast<float>(std::max(0.0, live)));
    pressure.add(pressureAt.back());
    weightedPressure.add(pressureAt.back() * time);
    memoryShare.push_back(
        time > 0 ? std::min(1.0, memorySeconds(m, bytes, 0) / time) : 0);
  }
}

bool FeatureMaker::needsCopyOut(const UseIntervalNode &node) const {
  bool isWritten = writes.between(node.interval.first, node.interval.last) > 0;
  int32_t next = node.interval.last + 1;
  return isWritten && (next == index.endUse(node.value)
                           ? index.program().values[node.value].isOutput()
                           : !index.use(next).startsByWrite);
}

double FeatureMaker::secondsHeld(const UseIntervalNode &node) const {
  const Use &first = index.use(node.interval.first),
            &last = index.use(node.interval.last);
  double held = steps.seconds.between(first.step, last.step);
  return first.startsByWrite ? held : held + copyOf(node);
}

void FeatureMaker::measureMeans() {
  double benefit = 0, held = 0, count = 0;
  for (const UseIntervalNode &node : forest.nodes()) {
    if (node.benefit <= 0)
      continue;
    benefit += node.benefit;
    held += secondsHeld(node);
    ++count;
  }
  if (benefit > 0)
    meanBenefit = benefit / count;
  if (held > 0)
    meanHeld = held / count;
}

void FeatureMaker::fillRow(const UseIntervalNode &node, float *row) const {
  using F = SegmentFeatures;
  const Use &first = index.use(node.interval.first),
            &last = index.use(node.interval.last);
  int32_t begin = index.firstUse(node.value), end = index.endUse(node.value);
  double benefit = std::max(node.benefit, kTiny), copy = copyOf(node);
  bool copiesOut = needsCopyOut(node);
  double copyIn = first.startsByWrite ? 0 : copy,
         copyOut = copiesOut ? copy : 0;
  int32_t numSteps = node.steps(index);
  int32_t numUses = node.interval.last - node.interval.first + 1;
  int32_t before = node.interval.first > begin
                       ? index.use(node.interval.first - 1).step
                       : -1;
  int32_t after = node.interval.last + 1 < end
                      ? index.use(node.interval.last + 1).step
                      : index.numSteps();
  auto set = [&](F::Column column, double x) { row[column] = limited(x); };
  set(F::Benefit, logOf(benefit / meanBenefit));
  set(F::NetBenefit,
      logOf(std::max(benefit - copyIn - copyOut, kLeastNet * benefit) /
            meanBenefit));
  set(F::Size, logOf(share(node.value)));
  set(F::Share, share(node.value));
  set(F::Held, logOf(secondsHeld(node) / meanHeld));
  set(F::Steps, logOf(numSteps));
  set(F::Accesses, logOf(numUses));
  set(F::CopyIn, std::min(kMostCopies, copyIn / benefit));
  set(F::CopyOut, std::min(kMostCopies, copyOut / benefit));
  set(F::Gap, std::log1p(first.step - before - 1));
  set(F::GapAfter, std::log1p(after - last.step - 1));
  set(F::LongestGap, logOf(std::max(1, node.gap)));
  set(F::Idle, 1 - static_cast<double>(numUses) / numSteps);
  set(F::BeginsByWrite, first.startsByWrite);
  set(F::NeedsCopyOut, copiesOut);
  set(F::IsInput, index.program().values[node.value].isInput());
  set(F::IsWhole, numUses == end - begin);
  set(F::IsOne, numUses == 1);
  set(F::Pressure,
      logOf(steps.pressure.between(first.step, last.step) / numSteps));
  set(F::MostPressure, logOf(mostPressure.between(first.step, last.step)));
  set(F::Demand,
      logOf(demand.between(node.interval.first, node.interval.last) / numUses));
  double spare =
      first.step > 0 ? steps.spare.between(before + 1, first.step - 1) : 0;
  set(F::Spare, first.startsByWrite ? 0 : logOf(1e-3 + spare / copy));
  set(F::Memory,
      memory.between(node.interval.first, node.interval.last) / benefit);
  set(F::Position, 0.5 * (first.step + last.step) / index.numSteps());
}

std::vector<float> FeatureMaker::rows() {
  measureMeans();
  std::vector<float> data(forest.nodes().size() * SegmentFeatures::kNumColumns);
  float *row = data.data();
  for (const UseIntervalNode &node : forest.nodes()) {
    fillRow(node, row);
    row += SegmentFeatures::kNumColumns;
  }
  return data;
}

std::vector<float> FeatureMaker::context() {
  using F = SegmentFeatures;
  double benefit = 0, copied = 0, ofInputs = 0, size = 0, inputs = 0, count = 0;
  for (int32_t use = 0; use < index.numUses(); ++use)
    benefit += forest.useBenefit(use);
  for (const UseIntervalNode &node : forest.nodes()) {
    if (node.benefit <= 0)
      continue;
    ++count;
    if (node.left >= 0)
      continue;
    size += node.benefit * share(node.value);
    if (!index.use(node.interval.first).startsByWrite)
      copied += node.benefit;
    if (index.program().values[node.value].isInput())
      ofInputs += node.benefit;
  }
  for (const Value &value : index.program().values)
    if (value.isInput())
      inputs += static_cast<double>(value.size);
  double total = std::max(steps.seconds.total(), kTiny);
  double top =
      index.numSteps() > 0 ? mostPressure.between(0, index.numSteps() - 1) : 0;
  double known = std::max(benefit, kTiny);
  std::vector<float> context(F::kNumContext);
  auto set = [&](F::Context column, double x) { context[column] = limited(x); };
  set(F::Segments, logOf((count + 1) / 100));
  set(F::MeanPressure, logOf(steps.weightedPressure.total() / total));
  set(F::TopPressure, logOf(top));
  set(F::MeanShare, logOf(size / known));
  set(F::Gain, benefit / total);
  set(F::CopyShare, copied / known);
  set(F::InputShare, ofInputs / known);
  set(F::CopyTime, logOf(inputs / index.machine().copyBandwidth / total));
  return context;
}

SegmentFeatures::SegmentFeatures(const AccessIndex &index,
                                 const UseIntervalForest &forest) {
  FeatureMaker maker(index, forest);
  data = maker.rows();
  program = maker.context();
}

std::string mempl::segmentFeatureNames() {
  std::string names;
#define MEMPL_SEGMENT_FEATURE(NAME, DOC) names += "segment " #NAME "\n";
#define MEMPL_PROGRAM_FEATURE(NAME, DOC) names += "program " #NAME "\n";
#include "mempl/Solvers/SegmentFeatures.def"
#define MEMPL_STEP_FEATURE(NAME, DOC) names += "step " #NAME "\n";
#include "mempl/Solvers/StepFeatures.def"
  return names;
}
