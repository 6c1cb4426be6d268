//===- ProgramFeatures.cpp - a program as numbers for a network -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row per question, from the instance alone: what is large, long-lived,
// often used, worth its copy. Times are those with nothing decided. Linear in
// the uses.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Observation.h"

#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/TimeModel.h"

#include <cmath>

using namespace mempl;

namespace {

/// Fills rows.
class RowWriter {
public:
  explicit RowWriter(const Game &program)
      : program(program), index(program.index()), starts(program.slowStart()),
        units(program) {
    LowerBoundOptions options;
    options.maxIterations = kBoundIterations;
    bound = lowerBound(program.instance(), options);
    prices.assign(1, 0.0);
    for (double price : bound.capacityPrice)
      prices.push_back(prices.back() + price);
  }

  void write(const DecisionNode &node, float *to) {
    row = to;
    int32_t v = node.value;
    int32_t u = node.use < 0 ? index.firstUse(v) : node.use;
    const Use &use = index.use(u);
    writeValue(v);
    writeUse(u, use);
    set(ProgramFeatures::IsCarry, node.use < 0);
    set(ProgramFeatures::Position, starts[node.step] / units.total);
    writeWorth(v, u, use);
  }

private:
  void set(ProgramFeatures::Column column, double x) {
    row[column] = kProgramFeatures[column].clip(x);
  }

  void writeValue(int32_t v) {
    const Value &value = index.program().values[v];
    auto size = static_cast<double>(index.roundedSize(v));
    llvm::ArrayRef<Use> uses = index.usesOf(v);
    double copy = copySeconds(index.machine(), size);
    double benefit = 0;
    for (int32_t u = index.firstUse(v); u < index.endUse(v); ++u)
      benefit += program.forest().useBenefit(u);
    int32_t first = value.isInput() ? 0 : uses.front().step;
    int32_t last = value.isOutput() ? index.numSteps() - 1 : uses.back().step;
    set(ProgramFeatures::Size,
        std::clamp(std::log2((size + 1) / units.capacity) / 4, -10.0, 0.0));
    set(ProgramFeatures::SizeShare, std::min(1.0, size / units.capacity));
    set(ProgramFeatures::LiveSteps, std::log1p(last - first));
    set(ProgramFeatures::LiveShare,
        (starts[last + 1] - starts[first]) / units.total);
    set(ProgramFeatures::NumUses, std::log1p(uses.size()));
    set(ProgramFeatures::ValueBenefit, units.relative(benefit));
    set(ProgramFeatures::Density,
        copy > 0 ? std::log1p(benefit / copy) : kFeatureLimit);
    set(ProgramFeatures::CopySeconds, units.inSteps(copy));
    set(ProgramFeatures::IsInput, value.isInput());
    set(ProgramFeatures::IsOutput, value.isOutput());
  }

  void writeUse(int32_t u, const Use &use) {
    int32_t v = use.value, i = use.step;
    bool hasNext = u + 1 < index.endUse(v), hasPrev = u > index.firstUse(v);
    int32_t next = hasNext ? index.use(u + 1).step : i;
    int32_t prev = hasPrev ? index.use(u - 1).step : i;
    set(ProgramFeatures::NextSteps, std::log1p(next - i));
    set(ProgramFeatures::NextSeconds, units.inSteps(starts[next] - starts[i]));
    set(ProgramFeatures::PrevSteps, std::log1p(i - prev));
    set(ProgramFeatures::PrevSeconds, units.inSteps(starts[i] - starts[prev]));
    set(ProgramFeatures::UsesAfter, std::log1p(index.endUse(v) - u - 1));
    set(ProgramFeatures::Benefit,
        units.relative(program.forest().useBenefit(u)));
    double bytes = index.stepBytes(i);
    const Machine &m = index.machine();
    const Step &step = index.program().steps[i];
    set(ProgramFeatures::BytesShare, bytes > 0 ? use.bytes / bytes : 0);
    double slow = stepSeconds(m, step, bytes, 0);
    double fast = stepSeconds(m, step, 0, bytes);
    set(ProgramFeatures::Bound, slow > 0 ? fast / slow : 1);
    set(ProgramFeatures::IsRead, use.reads);
    set(ProgramFeatures::IsWrite, use.writes);
    bool isDead = hasNext ? index.use(u + 1).startsByWrite
                          : !index.program().values[v].isOutput();
    set(ProgramFeatures::IsDead, isDead);
    set(ProgramFeatures::IsLoop, step.body != nullptr);
  }

  /// Seconds that a use gains, as the bound prices memory time.
  double pricedGain(const Use &use) const {
    return bound.memoryShare[use.step] * use.bytes *
           savedSecondsPerByte(index.machine());
  }

  /// What it costs to hold a value from after the use before `u` up to it.
  double holdPrice(int32_t v, int32_t u) const {
    int32_t step = index.use(u).step;
    int32_t from = u > index.firstUse(v) && !index.use(u).startsByWrite
                       ? index.use(u - 1).step + 1
                       : step;
    return static_cast<double>(index.roundedSize(v)) *
           (prices[step + 1] - prices[std::min(from, step)]);
  }

  double worth(int32_t v, int32_t u) const {
    double gain = pricedGain(index.use(u)), price = holdPrice(v, u);
    double sum = std::abs(gain) + price;
    return sum > 0 ? (gain - price) / sum : 0;
  }

  void writeWorth(int32_t v, int32_t u, const Use &use) {
    set(ProgramFeatures::MemoryShare, bound.memoryShare[use.step]);
    set(ProgramFeatures::PricedGain, units.relative(pricedGain(use)));
    set(ProgramFeatures::StepPrice,
        units.relative(static_cast<double>(index.roundedSize(v)) *
                       bound.capacityPrice[use.step]));
    set(ProgramFeatures::HoldPrice, units.relative(holdPrice(v, u)));
    set(ProgramFeatures::Worth, worth(v, u));
    set(ProgramFeatures::NextWorth,
        u + 1 < index.endUse(v) ? worth(v, u + 1) : 0);
  }

  // More make prices a little sharper, and take longer than a game.
  static constexpr int64_t kBoundIterations = 200;

  const Game &program;
  const AccessIndex &index;
  llvm::ArrayRef<double> starts;
  ObservedUnits units;
  LowerBoundResult bound;
  std::vector<double> prices; // Sums of prices before each step.
  float *row = nullptr;
};

} // namespace

Game::~Game() = default;

const ProgramFeatures &Game::features() const {
  std::call_once(featuresOnce, [this] {
    featureRows = std::make_unique<ProgramFeatures>(*this);
  });
  return *featureRows;
}

ProgramFeatures::ProgramFeatures(const Game &program)
    : data(static_cast<size_t>(program.numNodes()) * kNumColumns) {
  RowWriter writer(program);
  float *row = data.data();
  for (const DecisionNode &node : program.nodes()) {
    writer.write(node, row);
    row += kNumColumns;
  }
}
