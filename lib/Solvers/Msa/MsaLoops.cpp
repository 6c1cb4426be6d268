//===- MsaLoops.cpp - repeated stretches of steps as pipelines ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One repeat stands for all. What is made in it gets one offset for every
// repeat; what is used alike in all of them stays; and weights of their own are
// prefetched into two alternating places, each started so early that the idle
// seconds of slow memory up to its first use cover the copy, at most one period
// before. Memory goes first to what saves most bytes per byte held. The repeat
// that is planned is the second: it has one before and one after it. Lists are
// as long as one period has values; the planning is quadratic in that.
//
//===----------------------------------------------------------------------===//

#include "MsaLoops.h"

#include "mempl/Problem/TimeModel.h"

#include <algorithm>
#include <tuple>

using namespace mempl;

/// A period with more values is not planned: that would be quadratic in them.
static constexpr size_t kMostValues = 4000;

MsaLoopOptimizer::MsaLoopOptimizer(const AccessIndex &index,
                                   const MsaCost &cost,
                                   const MsaOptions &options, MsaRepeat loop,
                                   int64_t capacity)
    : index(index), cost(cost), options(options), loop(loop),
      base(loop.start + loop.period), capacity(capacity) {}

/// Values that a step makes, in an order that is the same in all repeats.
std::vector<int32_t> MsaLoopOptimizer::madeAt(int32_t step) const {
  std::vector<int32_t> uses, values;
  for (int32_t u : index.usesAt(step))
    if (index.use(u).startsByWrite)
      uses.push_back(u);
  auto key = [&](int32_t u) {
    return std::pair(index.program().values[index.use(u).value].size,
                     index.use(u).bytes);
  };
  llvm::stable_sort(uses,
                    [&](int32_t a, int32_t b) { return key(a) < key(b); });
  for (int32_t u : uses)
    values.push_back(index.use(u).value);
  return values;
}

/// Finds the values of the repeat and what kind each is.
void MsaLoopOptimizer::classify() {
  int32_t end = base + loop.period;
  int32_t loopEnd = loop.start + loop.period * loop.repeats;
  std::vector<int32_t> found;
  for (int32_t step = base; step < end; ++step)
    for (int32_t u : index.usesAt(step))
      if (index.firstUseFrom(index.use(u).value, base) == u)
        found.push_back(index.use(u).value);
  for (int32_t v : found) {
    const Value &value = index.program().values[v];
    MsaLoopValue entry;
    entry.value = v;
    entry.size = index.roundedSize(v);
    if (entry.size == 0 || entry.size > capacity)
      continue;
    auto uses = index.usesOf(v);
    bool isMadeHere = uses.front().startsByWrite && uses.front().step >= base;
    if (isMadeHere) {
      entry.kind = MsaLoopValue::Temporary;
      entry.first = uses.front().step - base;
      bool isCarriedOn = false;
      bool isReadAfter = value.isOutput();
      for (const Use &use : uses) {
        if (use.step >= loopEnd) {
          isReadAfter = true;
          break;
        }
        entry.last = use.step - base;
        isCarriedOn |= entry.last >= entry.first + loop.period;
        entry.accessed += use.bytes;
      }
      entry.saving = entry.accessed;
      if (isReadAfter)
        entry.saving -= static_cast<double>(value.size);
      // What goes on from repeat to repeat is left to the pass over all values.
      if (!isCarriedOn)
        loopValues.push_back(entry);
      continue;
    }
    bool isWritten = false;
    int32_t here = 0, inLoop = 0;
    for (const Use &use : uses) {
      if (use.step < loop.start || use.step >= loopEnd)
        continue;
      isWritten |= use.writes;
      ++inLoop;
      if (use.step < base || use.step >= end)
        continue;
      if (here++ == 0)
        entry.first = use.step - base;
      entry.last = use.step - base;
      entry.accessed += use.bytes;
    }
    if (isWritten)
      continue;
    entry.saving = entry.accessed - static_cast<double>(value.size);
    if (inLoop == here)
      entry.kind = MsaLoopValue::Prefetch;
    else if (inLoop == here * loop.repeats)
      entry.kind = MsaLoopValue::Pinned;
    else
      continue;
    loopValues.push_back(entry);
  }
  llvm::stable_sort(loopValues,
                    [](const MsaLoopValue &a, const MsaLoopValue &b) {
                      return a.saving * static_cast<double>(b.size) >
                             b.saving * static_cast<double>(a.size);
                    });
  // What the repeat before made is decided like its like in this one.
  fastValues.assign(index.numValues(), 0);
  for (size_t i = 0; i < loopValues.size(); ++i)
    fastValues[loopValues[i].value] = static_cast<int32_t>(i) + 1;
  for (int32_t step = base; step < end; ++step) {
    auto before = madeAt(step - loop.period), now = madeAt(step);
    for (size_t k = 0; k < std::min(before.size(), now.size()); ++k)
      fastValues[before[k]] = fastValues[now[k]];
  }
}

//===----------------------------------------------------------------------===//
// Memory over two periods, the end joined to the beginning
//===----------------------------------------------------------------------===//

llvm::SmallVector<MsaLoopOptimizer::Span, 4>
MsaLoopOptimizer::spans(int32_t start, int32_t end, bool isEveryPeriod) const {
  llvm::SmallVector<Span, 4> result;
  int32_t circle = 2 * loop.period;
  if (end - start + 1 >= (isEveryPeriod ? loop.period : circle)) {
    result.push_back({0, circle - 1});
    return result;
  }
  for (int32_t shift : {0, loop.period}) {
    if (shift > 0 && !isEveryPeriod)
      break;
    int32_t s = ((start + shift) % circle + circle) % circle;
    int32_t e = s + end - start;
    result.push_back({s, std::min(e, circle - 1)});
    if (e >= circle)
      result.push_back({0, e - circle});
  }
  return result;
}

int64_t MsaLoopOptimizer::bestFit(int32_t start, int32_t end, int64_t size,
                                  bool isEveryPeriod) const {
  auto wanted = spans(start, end, isEveryPeriod);
  auto meets = [&](int32_t from, int32_t to) {
    return llvm::any_of(wanted, [&](const Span &w) {
      return w.first <= to && from <= w.second;
    });
  };
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (int32_t k = 0; k < 2 * loop.period; ++k) {
    int64_t reserved = index.program().steps[base + k % loop.period].reserved;
    if (reserved > 0 && meets(k, k))
      taken.push_back({0, index.machine().roundUp(reserved)});
  }
  for (const Chunk &c : chunks)
    if (llvm::any_of(spans(c.start, c.end, c.isEveryPeriod),
                     [&](const Span &s) { return meets(s.first, s.second); }))
      taken.push_back({c.offset, c.offset + c.size});
  std::sort(taken.begin(), taken.end());
  int64_t free = 0, best = -1, bestGap = INT64_MAX;
  for (auto [low, high] : taken) {
    if (low - free >= size && low - free < bestGap) {
      best = free;
      bestGap = low - free;
    }
    free = std::max(free, high);
  }
  if (best < 0 && free <= capacity - size)
    best = free;
  return best;
}

bool MsaLoopOptimizer::place(int32_t start, int32_t end, int64_t size,
                             bool isEveryPeriod) {
  int64_t offset = bestFit(start, end, size, isEveryPeriod);
  if (offset < 0)
    return false;
  chunks.push_back({start, end, offset, size, isEveryPeriod});
  return true;
}

//===----------------------------------------------------------------------===//
// Prefetches
//===----------------------------------------------------------------------===//

/// Seconds of step `k` of the repeat with what has been decided, and the bytes
/// that it moves in slow memory.
double MsaLoopOptimizer::stepSeconds(int32_t k, double &slowBytes) const {
  slowBytes = 0;
  double fastBytes = 0;
  for (int32_t u : index.usesAt(base + k)) {
    const Use &use = index.use(u);
    int32_t entry = fastValues[use.value];
    bool isFast = entry > 0 && loopValues[entry - 1].isFast;
    (isFast ? fastBytes : slowBytes) += use.bytes;
  }
  return mempl::stepSeconds(index.machine(), index.program().steps[base + k],
                            slowBytes, fastBytes);
}

/// Idle seconds of slow memory, as if all prefetches were to succeed.
void MsaLoopOptimizer::computeIdle() {
  std::vector<bool> before;
  for (MsaLoopValue &value : loopValues) {
    before.push_back(value.isFast);
    value.isFast |= value.kind == MsaLoopValue::Prefetch;
  }
  idle.clear();
  for (int32_t k = 0; k < loop.period; ++k) {
    double slowBytes;
    double seconds = stepSeconds(k, slowBytes);
    idle.push_back(index.program().steps[base + k].body
                       ? 0
                       : seconds -
                             memorySeconds(index.machine(), slowBytes, 0));
  }
  for (size_t i = 0; i < loopValues.size(); ++i)
    loopValues[i].isFast = before[i];
}

bool MsaLoopOptimizer::placePrefetch(MsaLoopValue &value) {
  double copy = cost.copySeconds(index.program().values[value.value].size);
  auto at = [&](int32_t k) { return (k + loop.period) % loop.period; };
  double covered = 0;
  int32_t acceptable = INT32_MIN, start = value.first;
  bool isCovered = false;
  while (!isCovered && start > value.first - loop.period) {
    --start;
    covered += idle[at(start)];
    isCovered = covered >= copy;
    if (acceptable == INT32_MIN && covered >= copy * options.loopCopyRatio)
      acceptable = start;
  }
  llvm::SmallVector<int32_t, 2> starts;
  if (isCovered || options.loopAllowUnsatisfied)
    starts.push_back(start);
  if (acceptable != INT32_MIN && acceptable != start)
    starts.push_back(acceptable);
  for (int32_t first : starts) {
    // The even and the odd repeat may have different offsets.
    size_t mark = chunks.size();
    if (!place(first, value.last, value.size, false) ||
        !place(first + loop.period, value.last + loop.period, value.size,
               false)) {
      chunks.resize(mark);
      continue;
    }
    double rest = copy;
    for (int32_t k = value.first - 1; k >= first && rest > 0; --k) {
      double part = std::min(rest, idle[at(k)]);
      idle[at(k)] -= part;
      rest -= part;
    }
    value.isFast = true;
    // The copy has the steps from `first` on: it starts after the one before.
    value.start = first - 1;
    return true;
  }
  return false;
}

void MsaLoopOptimizer::optimize() {
  classify();
  if (loopValues.size() > kMostValues) {
    loopValues.clear();
    return;
  }
  std::vector<MsaLoopValue *> prefetches;
  for (MsaLoopValue &value : loopValues) {
    switch (value.kind) {
    case MsaLoopValue::Temporary:
      value.isFast =
          value.saving > 0 && place(value.first, value.last, value.size, true);
      break;
    case MsaLoopValue::Pinned:
      value.isFast =
          value.saving > 0 && place(0, loop.period - 1, value.size, true);
      break;
    case MsaLoopValue::Prefetch:
      prefetches.push_back(&value);
    }
  }
  computeIdle();
  llvm::stable_sort(prefetches,
                    [](const MsaLoopValue *a, const MsaLoopValue *b) {
                      return a->first > b->first;
                    });
  for (MsaLoopValue *value : prefetches)
    placePrefetch(*value);
  // Copies are served in the order of their starts: one that is needed earlier
  // starts no later.
  int32_t latest = INT32_MAX;
  for (MsaLoopValue *value : prefetches)
    if (value->isFast)
      latest = value->start = std::min(value->start, latest);
}

double MsaLoopOptimizer::seconds() const {
  struct Copy {
    int32_t start, done;
    double left;
  };
  std::vector<Copy> copies;
  for (int32_t r = 0; r < 4; ++r)
    for (const MsaLoopValue &value : loopValues)
      if (value.isFast && value.kind == MsaLoopValue::Prefetch)
        copies.push_back(
            {value.start + r * loop.period, value.first + r * loop.period,
             cost.copySeconds(index.program().values[value.value].size)});
  llvm::stable_sort(copies, [](const Copy &a, const Copy &b) {
    return std::pair(a.start, a.done) < std::pair(b.start, b.done);
  });
  double total = 0;
  for (int32_t i = 0; i < 3 * loop.period; ++i) {
    bool counts = i >= 2 * loop.period;
    for (Copy &copy : copies)
      if (copy.done == i) {
        if (counts)
          total += copy.left;
        copy.left = 0;
      }
    double slowBytes;
    double seconds = stepSeconds(i % loop.period, slowBytes);
    double spare = seconds - memorySeconds(index.machine(), slowBytes, 0);
    for (Copy &copy : copies)
      if (copy.start < i && copy.done > i) {
        double part = std::min(spare, copy.left);
        copy.left -= part;
        spare -= part;
      }
    if (counts)
      total += seconds;
  }
  return total;
}

//===----------------------------------------------------------------------===//
// Hints
//===----------------------------------------------------------------------===//

namespace {

/// Says of all repeats what was decided for one.
class HintWriter {
public:
  HintWriter(const AccessIndex &index, MsaRepeat loop,
             std::vector<MsaHint> &hints)
      : index(index), loop(loop), hints(hints) {}

  void write(const MsaLoopValue &entry) {
    int32_t base = loop.start + loop.period;
    int32_t step = base + entry.first;
    size_t place = placeOf(step, entry.value);
    for (int32_t r = 0; r < loop.repeats; ++r) {
      int32_t begin = loop.start + r * loop.period;
      std::vector<int32_t> alike = ordered(begin + entry.first);
      if (place >= alike.size())
        continue;
      int32_t value = index.use(alike[place]).value;
      if (entry.kind == MsaLoopValue::Pinned && r > 0)
        return;
      int32_t to = entry.kind == MsaLoopValue::Prefetch ? begin + loop.period
                   : entry.kind == MsaLoopValue::Pinned
                       ? loop.start + loop.period * loop.repeats
                       : begin + entry.first + loop.period;
      bool isFirst = true;
      for (int32_t u = index.firstUseFrom(value, begin + entry.first);
           u < index.endUse(value) && index.use(u).step < to; ++u) {
        MsaHint &hint = hints[u];
        if (!entry.isFast) {
          hint.kind = MsaHint::Forbid;
        } else if (isFirst && entry.kind == MsaLoopValue::Prefetch) {
          hint.kind = MsaHint::Prefetch;
          hint.start = begin + entry.start;
        } else if (!isFirst || entry.kind == MsaLoopValue::Temporary) {
          hint.kind = MsaHint::Stay;
        }
        isFirst = false;
      }
    }
  }

private:
  /// Uses of a step in an order that is the same in all repeats.
  std::vector<int32_t> ordered(int32_t step) const {
    auto uses = index.usesAt(step);
    std::vector<int32_t> result(uses.begin(), uses.end());
    auto key = [&](int32_t u) {
      const Use &use = index.use(u);
      int32_t before =
          u > index.firstUse(use.value) ? step - index.use(u - 1).step : -1;
      return std::tuple(use.reads, use.writes, use.startsByWrite,
                        index.program().values[use.value].size, use.bytes,
                        before);
    };
    llvm::stable_sort(result,
                      [&](int32_t a, int32_t b) { return key(a) < key(b); });
    return result;
  }
  size_t placeOf(int32_t step, int32_t value) const {
    std::vector<int32_t> uses = ordered(step);
    return static_cast<size_t>(
        llvm::find_if(uses,
                      [&](int32_t u) { return index.use(u).value == value; }) -
        uses.begin());
  }

  const AccessIndex &index;
  MsaRepeat loop;
  std::vector<MsaHint> &hints;
};

} // namespace

std::vector<MsaHint> mempl::optimizeLoops(const AccessIndex &index,
                                          const MsaCost &cost,
                                          const MsaOptions &options,
                                          int64_t capacity,
                                          MsaStatistics &statistics) {
  std::vector<MsaHint> hints;
  for (const MsaRepeat &loop : findRepeats(index, options.loopMinIterations)) {
    hints.resize(index.numUses());
    MsaLoopOptimizer optimizer(index, cost, options, loop, capacity);
    optimizer.optimize();
    HintWriter writer(index, loop, hints);
    for (const MsaLoopValue &value : optimizer.values())
      writer.write(value);
    ++statistics.loopsOptimized;
  }
  return hints;
}
