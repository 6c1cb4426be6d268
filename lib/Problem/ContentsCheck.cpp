//===- ContentsCheck.cpp - are the contents of a value valid? -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ContentsCheck.h"

#include "mempl/Problem/Instance.h"

using namespace mempl;

namespace {

/// Walks over the uses of one value and over its residencies, both by time.
class ContentsWalk {
public:
  ContentsWalk(const AccessIndex &index, int32_t value)
      : index(index), next(index.firstUse(value)), end(index.endUse(value)),
        slowValid(index.program().values[value].isInput()) {}

  /// The uses before step `upTo`, in slow memory.
  bool useSlow(int32_t upTo) {
    for (; next < end && index.use(next).step < upTo; ++next) {
      const Use &use = index.use(next);
      settle(use.step);
      if (use.mustBeFast || (use.reads && !slowValid))
        return false;
      // A copy in that is under way reads the slow contents, a copy out
      // writes them.
      if (use.writes && (copyingIn || done >= 0))
        return false;
      slowValid |= use.writes;
    }
    settle(upTo);
    return true;
  }

  bool reside(const Residency &r) {
    if (!useSlow(r.start()))
      return false;
    if (const CopyIn *in = r.copyIn()) {
      if (!slowValid)
        return false;
      copyingIn = true;
      if (!useSlow(in->ready))
        return false;
      copyingIn = false;
    }
    const ByWrite *write = r.written();
    bool fastValid = !write;
    if (write && (next == end || index.use(next).step != write->step ||
                  !index.use(next).startsByWrite))
      return false;
    for (; next < end && index.use(next).step <= r.last; ++next) {
      const Use &use = index.use(next);
      if (use.mustBeSlow || (use.reads && !fastValid))
        return false;
      if (use.writes) {
        if (r.copiedOut() && use.step > r.copiedAfter())
          return false;
        fastValid = true;
        slowValid = false;
      }
    }
    done = r.out ? r.out->done : -1;
    return true;
  }

  bool finish(int32_t numSteps) { return useSlow(numSteps + 1); }
  bool isSlowValid() const { return slowValid; }

private:
  /// A copy out that is awaited by now has made the slow contents valid.
  void settle(int32_t step) {
    if (done >= 0 && done <= step) {
      slowValid = true;
      done = -1;
    }
  }

  const AccessIndex &index;
  int32_t next, end;
  int32_t done = -1; // When the copy out under way is awaited.
  bool slowValid, copyingIn = false;
};

} // namespace

bool mempl::hasValidContents(const AccessIndex &index, int32_t v,
                             const ResidencyList &residencies) {
  const Value &value = index.program().values[v];
  int32_t n = index.numSteps();
  ContentsWalk walk(index, v);
  for (size_t k = 0; k < residencies.size(); ++k) {
    const Residency &r = *residencies[k];
    if (k > 0 && r.start() <= residencies[k - 1]->end())
      return false;
    if (!walk.reside(r))
      return false;
    if (!r.isKept())
      continue;
    bool isLeft = false;
    for (const Residency *q : residencies)
      isLeft |= q->offset == r.offset && q->last == n - 1 && !q->copiedOut();
    if (!isLeft || value.kind != ValueKind::Input)
      return false;
    for (const Use &use : index.usesOf(v))
      if (use.writes)
        return false;
  }
  return walk.finish(n) && (!value.isOutput() || walk.isSlowValid());
}
