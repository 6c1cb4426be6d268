//===- StateFeatures.cpp - what players see of a state --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/GameState.h"

#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace mempl;

/// How far back a node looks for bandwidth.
static constexpr int32_t kLookBack = 64;
/// What counts for a logarithm of nothing.
static constexpr double kLeast = 1e-6;

std::string mempl::stateFeatureNames() {
  std::string names;
#define MEMPL_NODE_FEATURE(NAME, DOC) names += "node " #NAME "\n";
#define MEMPL_STATE_FEATURE(NAME, DOC) names += "state " #NAME "\n";
#include "mempl/Game/StateFeatures.def"
  return names;
}

const SegmentFeatures &Game::features() const {
  std::call_once(featuresOnce, [&] {
    segmentFeatures =
        std::make_unique<const SegmentFeatures>(*accesses, *intervals);
  });
  return *segmentFeatures;
}

static float clip(double x) {
  // Infinite times of infinite steps are as far as one can see.
  return std::isnan(x) ? 0
                       : static_cast<float>(std::clamp<double>(
                             x, -kFeatureLimit, kFeatureLimit));
}

/// a / b; 0 where there is nothing to be a share of.
static double share(double a, double b) { return b > 0 ? a / b : 0; }

/// Seconds that the step of a use would save if the use were fast.
static double gainOf(const AccessIndex &index, const Timeline &time,
                     const Use &use) {
  const Machine &m = index.machine();
  double now = time.stepTime(use.step) - m.stepOverhead;
  if (time.memorySecondsOf(use.step) < now)
    return 0; // It computes for longer.
  return std::clamp(now - index.program().steps[use.step].compute, 0.0,
                    use.bytes * savedSecondsPerByte(m));
}

namespace {

/// How a copy in of a node stands.
struct CopyOutlook {
  int32_t lead = 0;
  double inTime = 1;
};

} // namespace

/// Goes back from the first use of an interval as long as the channel has time
/// and the contents are there.
static CopyOutlook outlookOf(const AccessIndex &index, Timeline &time,
                             UseInterval uses) {
  const Machine &m = index.machine();
  const Use &first = index.use(uses.first);
  CopyOutlook result;
  if (first.startsByWrite)
    return result;
  int32_t earliest = std::max(0, first.step - kLookBack);
  for (int32_t u = uses.first - 1; u >= index.firstUse(first.value); --u)
    if (index.use(u).writes || index.use(u).step < earliest) {
      earliest = std::max(earliest, index.use(u).step + 1);
      break;
    }
  auto bytes = static_cast<double>(index.program().values[first.value].size);
  double needed = copySeconds(m, bytes), done = 0;
  int32_t i = first.step;
  for (; i > earliest && done < needed; --i) {
    bool isBusy = time.stateAt(i)[Timeline::In].head >= 0;
    if (!isBusy)
      done += time.stepTime(i - 1) *
              std::min(1.0, time.spareDuring(i - 1) / m.copyBandwidth);
  }
  result.lead = first.step - i;
  result.inTime = needed > 0 ? std::min(1.0, done / needed) : 1;
  return result;
}

void GameState::nodeFeatures(int32_t id, llvm::MutableArrayRef<float> out) {
  const UseIntervalNode &node = shared->forest().node(id);
  UseInterval uses = node.interval;
  editor.latency();
  Timeline &time = editor.time();
  auto set = [&](NodeFeature feature, double x) {
    out[static_cast<size_t>(feature)] = clip(x);
  };

  double gain = 0, served = 0, all = 0, servedOfAll = 0;
  for (int32_t u = index().firstUse(node.value),
               end = index().endUse(node.value);
       u < end; ++u) {
    double benefit = shared->forest().useBenefit(u);
    bool isServed = time.isServed(u);
    all += benefit;
    servedOfAll += isServed ? benefit : 0;
    if (u < uses.first || u > uses.last)
      continue;
    served += isServed ? benefit : 0;
    gain += isServed ? 0 : gainOf(index(), time, index().use(u));
  }
  set(NodeFeature::Gain, std::log(std::max(kLeast, share(gain, node.benefit))));
  set(NodeFeature::Served, share(served, node.benefit));
  set(NodeFeature::ValueServed, share(servedOfAll, all));

  int32_t from = index().use(uses.first).step, to = index().use(uses.last).step;
  int32_t parts = 0;
  int64_t size = index().roundedSize(node.value);
  for (PlanEditor::Id each : editor.residenciesOf(node.value)) {
    const Residency &r = editor.residency(each);
    parts += r.first() <= to && r.last >= from;
  }
  auto free = static_cast<double>(
      std::max<int64_t>(0, leastFree(node.value, from, to)));
  set(NodeFeature::Parts, std::min(parts, 4));
  set(NodeFeature::Free,
      size == 0 ? 4.0
                : std::min(4.0, std::log1p(free / static_cast<double>(size))));
  set(NodeFeature::FreeShare,
      share(free, static_cast<double>(editor.capacity())));
  set(NodeFeature::JoinsBefore, uses.first > index().firstUse(node.value) &&
                                    time.isServed(uses.first - 1));
  set(NodeFeature::JoinsAfter, uses.last + 1 < index().endUse(node.value) &&
                                   time.isServed(uses.last + 1));
  CopyOutlook copy = outlookOf(index(), time, uses);
  set(NodeFeature::Lead, std::log1p(copy.lead));
  set(NodeFeature::InTime, copy.inTime);
}

void GameState::stateFeatures(llvm::MutableArrayRef<float> out) {
  editor.latency();
  Timeline &time = editor.time();
  const Machine &m = index().machine();
  auto set = [&](StateFeature feature, double x) {
    out[static_cast<size_t>(feature)] = clip(x);
  };
  double benefit = 0, left = 0;
  for (int32_t u = 0; u < index().numUses(); ++u) {
    benefit += shared->forest().useBenefit(u);
    left += time.isServed(u) ? 0 : shared->forest().useBenefit(u);
  }
  llvm::ArrayRef<double> start = shared->slowStart();
  double used = 0, in = 0, outward = 0;
  for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
       id = editor.nextInList(id)) {
    const Residency &r = editor.residency(id);
    used += static_cast<double>(index().roundedBytes(r)) *
            (start[r.end() + 1] - start[r.start()]);
    double copy =
        copySeconds(m, static_cast<double>(r.bytes(index().program())));
    in += r.copiedIn() ? copy : 0;
    outward += r.copiedOut() ? copy : 0;
  }
  double waits = 0;
  for (int32_t i = 0; i <= index().numSteps(); ++i)
    waits += time.waitBefore(i);
  auto capacity = static_cast<double>(editor.capacity());
  int32_t n = index().numSteps();
  set(StateFeature::Progress, totalReward() / shared->scale());
  set(StateFeature::Left, share(left, benefit));
  set(StateFeature::Used, share(used, capacity * start.back()));
  set(StateFeature::MostUsed,
      n == 0 ? 0
             : share(static_cast<double>(editor.occupancy().mostUsed(0, n - 1)),
                     capacity));
  set(StateFeature::CopiedIn, share(in, seconds));
  set(StateFeature::CopiedOut, share(outward, seconds));
  set(StateFeature::Waits, share(waits, seconds));
  set(StateFeature::Residencies, std::log1p(editor.numResidencies()));
  set(StateFeature::Played, std::log1p(numApplied()));
}

size_t GameState::numObserved(FeatureGroup group) const {
  bool isOfNodes =
      group == FeatureGroup::Segment || group == FeatureGroup::Node;
  return featuresOf(group).size() *
         static_cast<size_t>(isOfNodes ? shared->numNodes() : 1);
}

void GameState::observe(FeatureGroup group, llvm::MutableArrayRef<float> out) {
  switch (group) {
  case FeatureGroup::Segment:
    for (int32_t node = 0; node < shared->numNodes();
         ++node, out = out.drop_front(SegmentFeatures::kNumColumns))
      llvm::copy(shared->features().row(node), out.begin());
    return;
  case FeatureGroup::Program:
    llvm::copy(shared->features().context(), out.begin());
    return;
  case FeatureGroup::Node:
    for (int32_t node = 0; node < shared->numNodes();
         ++node, out = out.drop_front(kNumNodeFeatures))
      nodeFeatures(node, out.take_front(kNumNodeFeatures));
    return;
  case FeatureGroup::State:
    stateFeatures(out);
    return;
  }
}
