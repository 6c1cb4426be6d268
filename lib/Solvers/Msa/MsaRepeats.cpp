//===- MsaRepeats.cpp - finding unrolled loops ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step has a fingerprint: its computation, what it reserves, and the size,
// bytes and direction of its accesses. A stretch repeats if every step in it is
// like the one a period before: equal fingerprint, and operands made equally
// far back, or not made in the program, or the very same. Names do not matter.
// A period is from 4 to 400 steps long. Each step is tried with a few equal
// fingerprints before it, so the search is linear for a given longest period.
//
//===----------------------------------------------------------------------===//

#include "MsaLoops.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Hashing.h"

#include <algorithm>
#include <tuple>

using namespace mempl;

static constexpr int32_t kLeastPeriod = 4;
static constexpr int32_t kMostPeriod = 400;
/// A repeat may begin so much before the first step that was recognised.
static constexpr int32_t kScanBack = 10;
/// Equal fingerprints that are tried for one step.
static constexpr int kMostTries = 16;

namespace {

/// What one use of a step looks like, wherever in the program.
struct Shape {
  int32_t flags;
  int64_t size;
  double bytes;
  int32_t distance; // To the step that made it; -1 if none did.
  int32_t value;
  auto key() const { return std::tuple(flags, size, bytes, distance); }
};

class RepeatFinder {
public:
  RepeatFinder(const AccessIndex &index, int64_t minRepeats)
      : index(index), minRepeats(minRepeats) {
    madeAt.assign(index.numUses(), -1);
    for (int32_t v = 0; v < index.numValues(); ++v) {
      int32_t made = -1;
      for (int32_t u = index.firstUse(v); u < index.endUse(v); ++u) {
        madeAt[u] = made;
        if (index.use(u).writes)
          made = index.use(u).step;
      }
    }
    for (int32_t i = 0; i < index.numSteps(); ++i)
      prints.push_back(fingerprint(i));
  }

  std::vector<MsaRepeat> find() {
    std::vector<MsaRepeat> found;
    // The steps before with the same fingerprint are chained.
    llvm::DenseMap<uint64_t, int32_t> lastSeen;
    int32_t n = index.numSteps(), from = 0;
    std::vector<int32_t> before(n, -1);
    for (int32_t i = 0; i < n; ++i) {
      auto [it, isNew] = lastSeen.try_emplace(prints[i], i);
      before[i] = isNew ? -1 : it->second;
      it->second = i;
      int tries = kMostTries;
      for (int32_t k = before[i];
           k >= from && i - k <= kMostPeriod && i >= from; k = before[k]) {
        if (i - k < kLeastPeriod)
          continue;
        if (tries-- == 0)
          break;
        MsaRepeat repeat = extend(i, i - k, from);
        if (repeat.repeats < minRepeats)
          continue;
        found.push_back(repeat);
        // What lies within is not looked at again.
        from = repeat.start + repeat.period * repeat.repeats;
        break;
      }
    }
    return found;
  }

private:
  uint64_t fingerprint(int32_t step) const {
    const Step &s = index.program().steps[step];
    llvm::hash_code h = llvm::hash_combine(llvm::bit_cast<uint64_t>(s.compute),
                                           s.reserved, s.body != nullptr);
    for (const Shape &shape : shapes(step))
      h = llvm::hash_combine(h, shape.flags, shape.size,
                             llvm::bit_cast<uint64_t>(shape.bytes));
    // The map has no room for its two marks.
    return static_cast<uint64_t>(h) >> 2;
  }

  llvm::SmallVector<Shape, 8> shapes(int32_t step) const {
    llvm::SmallVector<Shape, 8> result;
    for (int32_t u : index.usesAt(step)) {
      const Use &use = index.use(u);
      result.push_back({use.reads + 2 * use.writes + 4 * use.startsByWrite,
                        index.program().values[use.value].size, use.bytes,
                        madeAt[u] < 0 ? -1 : step - madeAt[u], use.value});
    }
    llvm::stable_sort(result, [](const Shape &a, const Shape &b) {
      return a.key() < b.key();
    });
    return result;
  }

  bool areAlike(int32_t before, int32_t step) const {
    if (prints[before] != prints[step])
      return false;
    auto a = shapes(before), b = shapes(step);
    for (size_t k = 0; k < a.size(); ++k)
      if (a[k].key() != b[k].key() && a[k].value != b[k].value)
        return false;
    return true;
  }

  /// The longest stretch with this period around `step`.
  MsaRepeat extend(int32_t step, int32_t period, int32_t from) const {
    int32_t end = step, n = index.numSteps();
    while (end < n && areAlike(end - period, end))
      ++end;
    int32_t begin = step;
    while (begin - 1 - period >= std::max(from, step - period - kScanBack) &&
           areAlike(begin - 1 - period, begin - 1))
      --begin;
    MsaRepeat repeat;
    repeat.start = begin - period;
    repeat.period = period;
    repeat.repeats = (end - repeat.start) / period;
    return repeat;
  }

  const AccessIndex &index;
  int64_t minRepeats;
  std::vector<int32_t> madeAt; // By use: step of the write before; -1 if none.
  std::vector<uint64_t> prints;
};

} // namespace

std::vector<MsaRepeat> mempl::findRepeats(const AccessIndex &index,
                                          int64_t minRepeats) {
  return RepeatFinder(index, minRepeats).find();
}
