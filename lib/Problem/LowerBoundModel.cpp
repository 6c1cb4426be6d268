//===- LowerBoundModel.cpp - from an instance to its relaxation -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the relaxation of LowerBoundModel.h. Loops are bounded first: for each
// of a few shares of the capacity that the plan of a body may take, the bound
// of the body with that capacity. A plan that takes between two shares reserves
// more than the smaller and runs no faster than with the larger.
//
//===----------------------------------------------------------------------===//

#include "LowerBoundModel.h"

#include "mempl/Problem/TimeModel.h"

#include <algorithm>
#include <cmath>

using namespace mempl;
using namespace mempl::bound;

/// Of a copy in a step, as a share of the bandwidth of copies.
static constexpr double kLeastRate = 1e-3;
/// Choices of a step that are enumerated; the others count as continuous.
static constexpr int32_t kMostBig = 8;

double bound::stair(int j, int64_t size, int64_t capacity) {
  if (capacity <= 0 || size > capacity)
    return 0;
  __int128 scaled = static_cast<__int128>(size) * (j + 2);
  if (scaled % capacity == 0)
    return static_cast<double>(size);
  return static_cast<double>(scaled / capacity) *
         static_cast<double>(capacity) / (j + 1);
}

void RangeMinimum::build(llvm::ArrayRef<double> from) {
  size_t size = from.size(), width = size_t{1} << kShift;
  values.assign(from.begin(), from.end());
  toBlockEnd.resize(size);
  fromBlockBegin.resize(size);
  numBlocks = (size + width - 1) >> kShift;
  size_t levels = 1;
  while (size_t{1} << levels <= numBlocks)
    ++levels;
  table.resize(levels * numBlocks);
  for (size_t block = 0; block != numBlocks; ++block) {
    size_t begin = block << kShift, end = std::min(size, begin + width);
    double least = kNever;
    for (size_t i = begin; i != end; ++i)
      fromBlockBegin[i] = least = std::min(least, values[i]);
    table[block] = least;
    least = kNever;
    for (size_t i = end; i-- != begin;)
      toBlockEnd[i] = least = std::min(least, values[i]);
  }
  for (size_t level = 1; level != levels; ++level) {
    size_t half = size_t{1} << (level - 1);
    const double *below = table.data() + (level - 1) * numBlocks;
    double *row = table.data() + level * numBlocks;
    for (size_t i = 0, end = numBlocks - 2 * half + 1; i != end; ++i)
      row[i] = std::min(below[i], below[i + half]);
  }
}

/// Skips blocks, in strides of 2^level that grow as long as `skip` takes them
/// and then shrink: as many as there are in time of their logarithm.
template <typename Skip> static void skipAll(Skip skip) {
  int level = 0;
  while (skip(level))
    ++level;
  while (level-- > 0)
    skip(level);
}

int32_t RangeMinimum::lastAtMost(int32_t from, int32_t to, double limit) const {
  if (from >= to)
    return from - 1;
  int32_t first = from >> kShift, block = (to - 1) >> kShift;
  if (fromBlockBegin[to - 1] > limit) {
    auto skip = [&](int level) {
      int32_t begin = block - (1 << level);
      if (begin <= first || table[level * numBlocks + begin] <= limit)
        return false;
      block = begin;
      return true;
    };
    skipAll(skip);
    to = block << kShift; // In the block before, or nowhere.
  }
  int32_t i = to - 1;
  while (i >= from && !(values[i] <= limit))
    --i;
  return std::max(i, from - 1);
}

int32_t RangeMinimum::firstAtMost(int32_t from, int32_t to,
                                  double limit) const {
  if (from >= to)
    return to;
  int32_t block = from >> kShift, last = (to - 1) >> kShift;
  if (toBlockEnd[from] > limit) {
    ++block;
    auto skip = [&](int level) {
      int32_t end = block + (1 << level);
      if (end > last || table[level * numBlocks + block] <= limit)
        return false;
      block = end;
      return true;
    };
    skipAll(skip);
    from = block << kShift; // In this block, or nowhere.
  }
  int32_t i = from;
  while (i < to && !(values[i] <= limit))
    ++i;
  return std::min(i, to);
}

Model::Model(InstanceRef instance, int bodyModes,
             const std::function<bool()> &cancelled)
    : numSteps(instance.numSteps()),
      isFree(instance.program.order == StepOrder::Free),
      capacity(static_cast<double>(instance.machine.capacity)),
      slowBandwidth(instance.machine.slowBandwidth),
      copyLatency(instance.machine.copyLatency),
      copyBandwidth(std::min(instance.machine.copyBandwidth,
                             instance.machine.slowBandwidth)),
      maxCarried(instance.machine.maxCarried) {
  const Machine &machine = instance.machine;
  unreserved.reserve(numSteps);
  for (const Step &step : instance.program.steps)
    unreserved.push_back(static_cast<double>(
        machine.capacity - machine.roundUp(reservedBytes(step, nullptr))));
  addValues(instance);
  if (isFree)
    addOrders(instance.program);
  fit(); // Where it fails no plan is valid, and any bound right.
  addSteps(instance, bodyModes, cancelled);
  sortVisits();

  // Slow traffic that remains when only it is priced.
  Prices prices(*this), slope(*this);
  for (size_t i = 0; i != visits.size(); ++i)
    prices.visit[i] = visits[i].slowTime;
  std::fill(prices.bus.begin(), prices.bus.end(), 1.0);
  leastSlowTime = std::max(0.0, PathSolver(*this).solve(prices, slope));
  for (const PricedStep &step : steps) {
    double body = kNever;
    for (int32_t m = step.firstMode; m != step.lastMode; ++m)
      body = std::min(body, modes[m].slowTime);
    leastSlowTime += step.slowTime + body;
  }
}

/// Merges the accesses of each value at each step. Sorting by counting keeps
/// this linear.
void Model::addValues(InstanceRef instance) {
  const Machine &machine = instance.machine;
  std::vector<std::vector<std::pair<int32_t, const Access *>>> accesses(
      instance.program.values.size());
  for (int32_t k = 0; k != numSteps; ++k)
    for (const Access &access : instance.program.steps[k].accesses)
      accesses[access.value].push_back({k, &access});

  for (size_t v = 0; v != instance.program.values.size(); ++v) {
    if (accesses[v].empty())
      continue;
    const Value &from = instance.program.values[v];
    PricedValue value;
    int64_t held = machine.roundUp(from.size);
    value.held = static_cast<double>(held);
    value.copied = static_cast<double>(from.size);
    value.input = from.isInput();
    value.output = from.isOutput();
    value.firstVisit = static_cast<int32_t>(visits.size());
    bool written = false;
    for (auto [k, access] : accesses[v]) {
      if (static_cast<int32_t>(visits.size()) == value.firstVisit ||
          visits.back().step != k) {
        visits.emplace_back();
        visits.back().value = static_cast<int32_t>(values.size());
        visits.back().step = k;
      }
      Visit &visit = visits.back();
      double bytes = static_cast<double>(access->bytes);
      visit.slowTime += memorySeconds(machine, bytes, 0);
      visit.gain +=
          memorySeconds(machine, bytes, 0) - memorySeconds(machine, 0, bytes);
      visit.reads |= access->reads();
      visit.writes |= access->writes();
      written |= access->writes();
      for (SpaceConstraint constraint : {from.space, access->space}) {
        visit.canBeFast &= constraint != SpaceConstraint::Slow;
        visit.canBeSlow &= constraint != SpaceConstraint::Fast;
      }
    }
    value.lastVisit = static_cast<int32_t>(visits.size());
    value.carriable =
        maxCarried > 0 && from.kind == ValueKind::Input && !written;
    for (int j = kNumStairs - 1; j >= 0; --j) {
      value.stairs[j] = stair(j, held, machine.capacity);
      if (value.stairs[j] > 0)
        value.firstStair = j, stairUsed[j] = true;
    }
    for (int32_t i = value.firstVisit; i != value.lastVisit; ++i) {
      Visit &visit = visits[i];
      // Contradictory constraints leave no valid plan; any bound is right then.
      if (!visit.canBeSlow && !visit.canBeFast)
        visit.canBeSlow = visit.canBeFast = true;
    }
    addGaps(value);
    values.push_back(value);
  }
}

void Model::addGaps(PricedValue &value) {
  value.firstGap = static_cast<int32_t>(gaps.size());
  int32_t sinceWrite = 0;
  for (int32_t i = value.firstVisit; i <= value.lastVisit; ++i) {
    Gap gap;
    if (i != value.firstVisit)
      gap.left = visits[i - 1].step;
    gap.right = i != value.lastVisit ? visits[i].step : numSteps;
    if (gap.left >= 0 && visits[i - 1].writes)
      sinceWrite = gap.left + 1;
    gap.sinceWrite = sinceWrite;
    gap.firstIn = gap.left + 1;
    gap.endOut = gap.right;
    gaps.push_back(gap);
  }
}

/// Takes away what does not fit beside reservations and what has to be held.
bool Model::fit() {
  std::vector<double> room = unreserved;
  for (const PricedValue &value : values)
    for (int32_t j = 0; j <= value.numVisits(); ++j) {
      const Gap &gap = gaps[value.firstGap + j];
      if (gap.held)
        for (int32_t k = gap.left + 1; k != gap.right; ++k)
          room[k] -= value.held;
      if (j != value.numVisits() && !visits[value.firstVisit + j].canBeSlow)
        room[gap.right] -= value.held;
    }
  RangeMinimum least;
  least.build(room);
  double tightest = least.minimum(0, numSteps);
  for (const PricedValue &value : values) {
    if (value.held <= tightest)
      continue;
    // Just below, so that "at most" means "too small for the value".
    double limit = std::nextafter(value.held, 0.0);
    for (int32_t j = 0; j <= value.numVisits(); ++j) {
      Gap &gap = gaps[value.firstGap + j];
      if (j != value.numVisits()) {
        Visit &visit = visits[value.firstVisit + j];
        visit.fits = value.held <= room[visit.step];
        if (!visit.fits && visit.canBeSlow)
          visit.canBeFast = false;
      }
      if (gap.held || isFree)
        continue;
      gap.firstIn = least.lastAtMost(gap.left + 1, gap.right, limit) + 1;
      gap.endOut = least.firstAtMost(gap.left + 1, gap.right, limit);
      gap.holdable &= gap.endOut == gap.right;
    }
  }
  return tightest >= 0;
}

bool Model::restrict(llvm::ArrayRef<Decision> decisions) {
  for (auto [kind, index] : decisions) {
    if (kind == Decision::Slow)
      visits[index].canBeFast = false;
    else if (kind == Decision::Fast)
      visits[index].canBeSlow = false;
    else if (kind == Decision::Held)
      gaps[index].held = true;
    else
      gaps[index].holdable = false;
  }
  if (!fit())
    return false;
  sortVisits();
  return true;
}

void Model::addSteps(InstanceRef instance, int bodyModes,
                     const std::function<bool()> &cancelled) {
  const Machine &machine = instance.machine;
  steps.resize(numSteps);
  for (int32_t k = 0; k != numSteps; ++k) {
    PricedStep &step = steps[k];
    step.overhead = machine.stepOverhead;
    for (const Access &access : instance.program.steps[k].accesses)
      step.allFast +=
          memorySeconds(machine, 0, static_cast<double>(access.bytes));
    step.firstMode = static_cast<int32_t>(modes.size());
    addModes(machine, instance.program.steps[k], bodyModes, cancelled);
    step.lastMode = static_cast<int32_t>(modes.size());
  }
}

/// Tells the steps which of their visits are choices, and adds up the others.
void Model::sortVisits() {
  std::vector<std::vector<int32_t>> choices(numSteps);
  for (PricedStep &step : steps) {
    step.memory = step.allFast;
    step.slowTime = step.forced = 0;
  }
  for (size_t i = 0; i != visits.size(); ++i) {
    const Visit &visit = visits[i];
    PricedStep &step = steps[visit.step];
    if (visit.isChoice()) {
      choices[visit.step].push_back(static_cast<int32_t>(i));
    } else if (visit.canBeSlow) {
      step.memory += visit.gain;
      step.slowTime += visit.slowTime;
    } else {
      step.forced += values[visit.value].held;
    }
  }
  stepVisits.clear();
  for (int32_t k = 0; k != numSteps; ++k) {
    std::sort(choices[k].begin(), choices[k].end(), [&](int32_t a, int32_t b) {
      double first = visits[a].gain, second = visits[b].gain;
      return first != second ? first > second : a < b;
    });
    PricedStep &step = steps[k];
    int32_t count = static_cast<int32_t>(choices[k].size());
    step.firstBig = static_cast<int32_t>(stepVisits.size());
    step.firstSmall = step.firstBig + std::min(count, kMostBig);
    step.lastSmall = step.firstBig + count;
    stepVisits.insert(stepVisits.end(), choices[k].begin(), choices[k].end());
    setCopyRate(step);
  }
}

/// Slow traffic that is certain leaves less of the slow memory for as long as
/// the step runs, and it runs longest with everything slow.
void Model::setCopyRate(PricedStep &step) {
  step.copyRate = copyBandwidth;
  if (step.slowTime == 0 || step.lastMode - step.firstMode != 1 ||
      modes[step.firstMode].isLoop)
    return;
  double longest = step.memory;
  for (int32_t i = step.firstBig; i != step.lastSmall; ++i)
    longest += visits[stepVisits[i]].gain;
  longest = step.overhead + std::max(longest, modes[step.firstMode].compute);
  double spare = slowBandwidth * (1 - step.slowTime / longest);
  step.copyRate = std::min(copyBandwidth, std::max(spare, 0.0));
  // The price of the slow memory tells the rest.
  step.copyRate = std::max(step.copyRate, kLeastRate * copyBandwidth);
}

/// Capacities that the body of a loop is bounded for, at most `count`: what it
/// needs without a plan, the whole, and between them a half of what all its
/// values take, a quarter, and so on.
static std::vector<int64_t> sharesOf(const Machine &machine, const Step &loop,
                                     int count) {
  int64_t least = machine.roundUp(reservedBytes(loop, nullptr));
  int64_t useful = least;
  for (const Value &value : loop.body->values)
    useful = std::min(
        machine.capacity,
        useful + std::min(machine.roundUp(value.size), machine.capacity));
  if (llvm::any_of(loop.body->steps, [](const Step &s) { return !!s.body; }))
    useful = machine.capacity;
  std::vector<int64_t> shares;
  if (count > 1 && least < machine.capacity)
    shares.push_back(least);
  for (int j = count - 2; j > 0; --j) {
    int64_t share = useful >> j;
    share -= share % machine.alignment;
    if (share > least && share > shares.back())
      shares.push_back(share);
  }
  shares.push_back(machine.capacity);
  return shares;
}

void Model::addModes(const Machine &machine, const Step &step, int bodyModes,
                     const std::function<bool()> &cancelled) {
  if (!step.body) {
    addMode(machine, step.compute, 0, step.reserved);
    modes.back().isLoop = false;
    return;
  }
  int64_t least = reservedBytes(step, nullptr), below = -1;
  double trips = static_cast<double>(step.trips);
  for (int64_t share : sharesOf(machine, step, bodyModes)) {
    Machine smaller = machine;
    smaller.capacity = share;
    BodyBound bound = boundBody({smaller, *step.body}, cancelled);
    addMode(machine, step.compute + trips * bound.latency,
            trips * bound.slowTime, std::max(least, below + 1));
    below = share;
  }
}

void Model::addMode(const Machine &machine, double compute, double slowTime,
                    int64_t reserved) {
  StepMode mode;
  int64_t rounded = std::min(machine.roundUp(reserved), machine.capacity);
  mode.compute = compute;
  mode.slowTime = slowTime;
  mode.reserved = static_cast<double>(rounded);
  for (int j = 0; j != kNumStairs; ++j)
    mode.stairs[j] = stair(j, rounded, machine.capacity);
  modes.push_back(mode);
}

/// Projects (a, b, c) onto the simplex {a, b, c >= 0, a + b + c = 1}: the
/// prices of a wait (Held, Wolfe, Crowder 1974).
static void projectOntoSimplex(double &a, double &b, double &c) {
  double sorted[3] = {a, b, c};
  std::sort(sorted, sorted + 3, std::greater<double>());
  double sum = 0, shift = 0;
  for (int i = 0; i != 3; ++i) {
    sum += sorted[i];
    double candidate = (sum - 1) / (i + 1);
    if (sorted[i] > candidate)
      shift = candidate;
  }
  a = std::max(0.0, a - shift);
  b = std::max(0.0, b - shift);
  c = std::max(0.0, c - shift);
}

Prices::Prices(const Model &model) {
  size_t n = model.numSteps;
  size_t used = 0;
  std::vector<std::pair<llvm::MutableArrayRef<double> *, size_t>> parts = {
      {&visit, model.visits.size()},
      {&capacity, n},
      {&bus, n},
      {&in, n},
      {&out, n},
      {&busWait, n + 1},
      {&inWait, n + 1},
      {&outWait, n + 1}};
  for (int j = 0; j != kNumStairs; ++j)
    parts.push_back({&stair[j], model.stairUsed[j] ? n : 0});
  for (auto &[part, size] : parts)
    used += size;
  all.assign(used, 0.0);
  size_t at = 0;
  for (auto &[part, size] : parts) {
    *part = llvm::MutableArrayRef<double>(all.data() + at, size);
    at += size;
  }
  std::fill(busWait.begin(), busWait.end(), 1.0);
}

/// Back into the region where the dual function is the bound: no negative
/// prices of inequalities, at most one second per second of a step or of a
/// wait. Prices of visits are free; above their slow time they gain nothing.
void Prices::project(const Model &model, bool waits) {
  auto clamp = [](llvm::MutableArrayRef<double> part, double most) {
    for (double &price : part)
      price = std::min(std::max(price, 0.0), most);
  };
  clamp(capacity, kNever);
  for (llvm::MutableArrayRef<double> part : stair)
    clamp(part, kNever);
  for (size_t i = 0; i != visit.size(); ++i)
    visit[i] = std::min(visit[i], model.visits[i].slowTime);
  clamp(bus, 1);
  clamp(in, 1);
  clamp(out, 1);
  for (int32_t k = 0; k != model.numSteps; ++k) {
    double channels = in[k] + out[k];
    if (bus[k] + channels > 1) {
      double scale = (1 - bus[k]) / channels;
      in[k] *= scale;
      out[k] *= scale;
    }
  }
  if (waits)
    for (int32_t k = 0; k <= model.numSteps; ++k)
      projectOntoSimplex(busWait[k], inWait[k], outWait[k]);
}
