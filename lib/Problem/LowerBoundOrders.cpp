//===- LowerBoundOrders.cpp - what is certain in every order --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where plans may run the steps in another order, dependencies still say that
//  * a value that stays in fast memory from a write to a read has its bytes
//    there in all steps that depend on the one and that the other depends on;
//  * a copy in for a read moves nothing in that step, nor in those that depend
//    on it, nor before the write that it brings;
//  * a copy out after a write moves nothing in that step, nor in those that it
//    depends on, nor after the next write.
//
// Reads between two writes may be in any order. A step that lies between the
// write and several of them is left out, since it is not certain which of them
// is the last; so are the steps of the value's own visits, which pay for it
// anyway. Only a value whose slow contents are not valid pays at all: once it
// is clean, it may have been dropped and fetched.
//
//===----------------------------------------------------------------------===//

#include "LowerBoundModel.h"

#include "mempl/Problem/StepOrder.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::bound;

/// Programs with more steps do without: the sets take steps^2 / 4 bytes.
static constexpr int32_t kMostSteps = 20000;
/// Stretches of one set of steps; the smallest ones are left out, or the
/// smallest holes filled, whichever leaves the bound a bound.
static constexpr size_t kMostSpans = 12;

namespace {

using Set = std::vector<uint64_t>;

/// For each step, those that come after it in every order, or before it.
class StepSets {
public:
  explicit StepSets(const Program &program)
      : numSteps(program.numSteps()), words((numSteps + 63) / 64) {
    StepDependencies dependencies(program);
    for (std::vector<Set> *sets : {&later, &earlier})
      sets->assign(numSteps, Set(words, 0));
    for (int32_t k = 0; k != numSteps; ++k)
      for (int32_t before : dependencies.before(k))
        add(earlier[k], earlier[before], before);
    for (int32_t k = numSteps; k-- != 0;)
      for (int32_t after : dependencies.after(k))
        add(later[k], later[after], after);
  }

  Set none() const { return Set(words, 0); }
  Set all() const {
    Set set(words, ~uint64_t{0});
    if (numSteps % 64 != 0)
      set.back() = (uint64_t{1} << numSteps % 64) - 1;
    return set;
  }
  /// Those between `from` and `to` in every order.
  Set between(int32_t from, int32_t to) const {
    Set set = later[from];
    for (size_t i = 0; i != words; ++i)
      set[i] &= earlier[to][i];
    return set;
  }
  void removeFrom(Set &set, int32_t step) const {
    remove(set, later[step]);
    clear(set, step);
  }
  void removeUntil(Set &set, int32_t step) const {
    remove(set, earlier[step]);
    clear(set, step);
  }
  static void clear(Set &set, int32_t step) {
    set[step / 64] &= ~(uint64_t{1} << step % 64);
  }

private:
  static void add(Set &set, const Set &other, int32_t step) {
    for (size_t i = 0; i != set.size(); ++i)
      set[i] |= other[i];
    set[step / 64] |= uint64_t{1} << step % 64;
  }
  static void remove(Set &set, const Set &other) {
    for (size_t i = 0; i != set.size(); ++i)
      set[i] &= ~other[i];
  }

  int32_t numSteps;
  size_t words;
  std::vector<Set> later, earlier;
};

std::vector<Span> stretchesOf(const Set &set, int32_t numSteps) {
  std::vector<Span> spans;
  for (int32_t k = 0; k != numSteps; ++k) {
    if (!(set[k / 64] >> k % 64 & 1))
      continue;
    if (spans.empty() || spans.back().to != k)
      spans.push_back({k, k});
    ++spans.back().to;
  }
  return spans;
}

/// The largest ones.
void leaveOut(std::vector<Span> &spans) {
  if (spans.size() <= kMostSpans)
    return;
  std::sort(spans.begin(), spans.end(), [](Span a, Span b) {
    int32_t first = a.to - a.from, second = b.to - b.from;
    return first != second ? first > second : a.from < b.from;
  });
  spans.resize(kMostSpans);
}

/// Fills the smallest holes.
void fillIn(std::vector<Span> &spans) {
  while (spans.size() > kMostSpans) {
    size_t least = 1;
    for (size_t i = 2; i < spans.size(); ++i)
      if (spans[i].from - spans[i - 1].to <
          spans[least].from - spans[least - 1].to)
        least = i;
    spans[least - 1].to = spans[least].to;
    spans.erase(spans.begin() + least);
  }
}

} // namespace

SpanList Model::addSpans(llvm::ArrayRef<Span> list) {
  SpanList added;
  added.first = static_cast<int32_t>(spans.size());
  spans.insert(spans.end(), list.begin(), list.end());
  added.last = static_cast<int32_t>(spans.size());
  return added;
}

void Model::addOrders(const Program &program) {
  if (numSteps > kMostSteps) {
    SpanList anywhere = addSpans(Span{0, numSteps});
    for (Gap &gap : gaps)
      gap.in = gap.out = anywhere;
    return;
  }
  StepSets sets(program);
  for (const PricedValue &value : values) {
    int32_t count = value.numVisits();
    auto visitAt = [&](int32_t j) -> const Visit & {
      return visits[value.firstVisit + j];
    };
    int32_t write = -1; // The last one before the gap.
    for (int32_t j = 0; j <= count; ++j) {
      Gap &gap = gaps[value.firstGap + j];
      int32_t next = j; // The first one after it.
      while (next != count && !visitAt(next).writes)
        ++next;
      Set in = sets.all(), out = in;
      if (j != count)
        sets.removeFrom(in, gap.right);
      if (next != count)
        sets.removeFrom(out, visitAt(next).step);
      if (write >= 0)
        for (Set *set : {&in, &out})
          sets.removeUntil(*set, visitAt(write).step);
      for (auto [set, list] : {std::pair{&in, &gap.in}, {&out, &gap.out}}) {
        std::vector<Span> allowed = stretchesOf(*set, numSteps);
        fillIn(allowed);
        *list = addSpans(allowed);
      }
      if (j != count && visitAt(j).writes)
        write = j;
    }

    for (int32_t first = 0; first != count; ++first) {
      if (!visitAt(first).writes)
        continue;
      // What lies between the write and one read, and what between several.
      Set once = sets.none(), twice = once;
      std::vector<std::pair<int32_t, Set>> reads;
      for (int32_t j = first + 1; j != count; ++j) {
        if (visitAt(j).reads) {
          reads.push_back(
              {j, sets.between(visitAt(first).step, visitAt(j).step)});
          for (size_t i = 0; i != once.size(); ++i) {
            twice[i] |= once[i] & reads.back().second[i];
            once[i] |= reads.back().second[i];
          }
        }
        if (visitAt(j).writes)
          break;
      }
      for (auto &[j, set] : reads) {
        for (size_t i = 0; i != set.size(); ++i)
          set[i] &= ~twice[i];
        for (int32_t i = 0; i != count; ++i)
          StepSets::clear(set, visitAt(i).step);
        std::vector<Span> certain = stretchesOf(set, numSteps);
        leaveOut(certain);
        gaps[value.firstGap + j].between = addSpans(certain);
      }
    }
  }
}
