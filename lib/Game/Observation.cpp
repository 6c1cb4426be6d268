//===- Observation.cpp - a state of the game as numbers for a network -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads what the plan editor and the game keep anyway: no state is searched,
// nothing is allocated. A profile costs one look at the residencies alive at
// each of its bins.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Observation.h"

#include <cmath>

using namespace mempl;

/// Items looked at ahead for values, and steps behind and ahead that scalars
/// sum over.
static constexpr int32_t kLookAhead = 128;
static constexpr int32_t kWindow = 16;

static float clipped(double x) {
  if (std::isnan(x))
    return 0;
  return static_cast<float>(
      std::clamp<double>(x, -kFeatureLimit, kFeatureLimit));
}

Observer::Observer(std::shared_ptr<const Game> program)
    : shared(std::move(program)) {
  const AccessIndex &index = shared->index();
  const Machine &m = index.machine();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    fastest.push_back(m.stepOverhead +
                      std::max(index.instance().steps[i].compute,
                               index.stepBytes(i) / m.fastBandwidth));
  if (index.numSteps() > 0 && shared->slowLatency() > 0)
    meanStep = shared->slowLatency() / index.numSteps();
  capacity = static_cast<double>(std::max<int64_t>(1, m.capacity));
  seen.assign(index.numValues(), 0);
  nodeOfUse.assign(index.numUses(), -1);
  for (int32_t k = 0; k < shared->numNodes(); ++k)
    if (shared->nodes()[k].use >= 0)
      nodeOfUse[shared->nodes()[k].use] = k;
}

void Observer::observe(const GameState &game, Observation &out) {
  out.profile.fill(0);
  out.near.fill(0);
  out.scalars.fill(0);
  out.nearNodes.fill(-1);
  if (!game.isOver()) {
    fillProfile(game, out);
    fillNear(game, out);
  }
  fillScalars(game, out);
}

//===----------------------------------------------------------------------===//
// The profile
//===----------------------------------------------------------------------===//

Observer::Gaps Observer::gapsAt(const GameState &game, int32_t step) const {
  const PlanEditor &plan = game.plannedSoFar();
  const OccupancyMap &space = plan.occupancy();
  Gaps gaps;
  int64_t free = space.reserved(step);
  auto take = [&](int64_t low) {
    if (low <= free)
      return;
    gaps.largest = std::max(gaps.largest, low - free);
    ++gaps.count;
  };
  // One step is in one bucket, so they come by rising offset.
  space.forEachOverlap(step, step, 0, plan.capacity(), [&](PlanEditor::Id id) {
    const Residency &r = plan.residency(id);
    take(r.offset);
    free = std::max(free, r.offset + game.index().roundedSize(r.value));
  });
  take(plan.capacity());
  return gaps;
}

void Observer::fillProfile(const GameState &game, Observation &out) {
  const AccessIndex &index = game.index();
  const Timeline &time = game.time();
  const OccupancyMap &space = game.plannedSoFar().occupancy();
  const Machine &m = index.machine();
  int32_t n = index.numSteps(), now = game.decision().step;
  auto fill = [&](int32_t bin, int32_t first, int32_t end) {
    int32_t i = first + (end - first) / 2;
    auto set = [&](Observation::Channel channel, double x) {
      out.profile[channel * Observation::kNumBins + bin] = clipped(x);
    };
    Gaps gaps = gapsAt(game, i);
    double step = time.stepTime(i);
    auto taken = static_cast<double>(game.usedBytes()[i] + space.reserved(i));
    set(Observation::Used, taken / capacity);
    set(Observation::LargestGap, static_cast<double>(gaps.largest) / capacity);
    set(Observation::NumGaps, std::log1p(gaps.count));
    set(Observation::Claimed,
        static_cast<double>(game.claimedBytes()[i] - game.usedBytes()[i]) /
            capacity);
    set(Observation::BusyIn, time.stateAt(i)[Timeline::In].head >= 0);
    set(Observation::BusyOut, time.stateAt(i)[Timeline::Out].head >= 0);
    set(Observation::Spare, time.spareDuring(i) / m.slowBandwidth);
    set(Observation::SlowTraffic,
        step > 0 ? time.slowBytes(i) / m.slowBandwidth / step : 0);
    set(Observation::Wait, std::log1p(time.waitBefore(i) / meanStep));
    set(Observation::Duration,
        std::log1p((shared->slowStart()[end] - shared->slowStart()[first]) /
                   meanStep));
    set(Observation::Gain, step > 0 ? 1 - fastTime(i) / step : 0);
    set(Observation::Side, i < now ? -1 : 1);
  };

  int32_t begin = now - Observation::kNumBehind;
  for (int32_t bin = 0; bin < Observation::kNumFine; ++bin)
    if (begin + bin >= 0 && begin + bin < n)
      fill(bin, begin + bin, begin + bin + 1);
  // Groups that grow by a constant factor up to the end, of at least one step.
  int32_t at = begin + Observation::kNumFine, rest = n - at;
  constexpr int32_t kGroups = Observation::kNumBins - Observation::kNumFine;
  double growth = rest > 0 ? std::log1p(rest) / kGroups : 0;
  int32_t first = at;
  for (int32_t k = 0; k < kGroups && first < n; ++k) {
    int32_t end = std::max(
        first + 1, at + static_cast<int32_t>(std::expm1(growth * (k + 1))));
    end = k + 1 == kGroups ? n : std::min(end, n);
    fill(Observation::kNumFine + k, first, end);
    first = end;
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void Observer::fillNear(const GameState &game, Observation &out) {
  const AccessIndex &index = game.index();
  if (++stamp == 0) {
    std::fill(seen.begin(), seen.end(), 0);
    stamp = 1;
  }
  int32_t now = game.decision().step, current = game.decisionNode();
  int32_t number = 0;
  auto add = [&](int32_t k) {
    const DecisionNode &node = shared->nodes()[k];
    seen[node.value] = stamp;
    out.nearNodes[number] = k;
    float *row =
        &out.near[static_cast<size_t>(number) * Observation::kNearScalars];
    ++number;
    auto set = [&](Observation::Near scalar, double x) {
      row[scalar] = clipped(x);
    };
    set(Observation::Distance, std::log1p(std::max(0, node.step - now)));
    set(Observation::Seconds,
        std::log1p(std::max(0.0, shared->slowStart()[node.step] -
                                     shared->slowStart()[now]) /
                   meanStep));
    set(Observation::Current, k == current);
    if (node.use < 0)
      return;
    GameState::Situation s = game.situationAt(node.use);
    set(Observation::Held, s.isHeld);
    set(Observation::Dirty, s.isDirty);
    if (!s.isHeld)
      return;
    const Residency &r = game.plannedSoFar().residency(s.before);
    set(Observation::CanStay, game.canStay(s, node.use));
    set(Observation::Offset, static_cast<double>(r.offset) / capacity);
    set(Observation::HeldFor, std::log1p(std::max(0, now - r.last)));
  };
  auto isOpen = [&](int32_t k) {
    const DecisionNode &node = shared->nodes()[k];
    return seen[node.value] != stamp &&
           (node.use < 0 || !game.time().isServed(node.use));
  };

  int32_t end = std::min(shared->numNodes(), current + kLookAhead);
  for (int32_t k = current; k < end && number < Observation::kNumNear / 2; ++k)
    if (k == current || isOpen(k))
      add(k);
  // Values that are held, by offset: what a place might be needed for.
  const PlanEditor &plan = game.plannedSoFar();
  game.claims().forEachOverlap(
      now, now, 0, plan.capacity(), [&](PlanEditor::Id id) {
        const Residency &r = plan.residency(id);
        int32_t u = index.firstUseFrom(r.value, r.last + 1);
        if (number == Observation::kNumNear || u == index.endUse(r.value) ||
            nodeOfUse[u] < 0 || !isOpen(nodeOfUse[u]))
          return;
        add(nodeOfUse[u]);
      });
  for (int32_t k = current; k < end && number < Observation::kNumNear; ++k)
    if (isOpen(k))
      add(k);
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// Share of the last steps up to `step` that begin with an idle channel.
double Observer::idleShare(const GameState &game, int32_t step,
                           int channel) const {
  int32_t begin = std::max(0, step - kWindow + 1), idle = 0;
  for (int32_t i = begin; i <= step; ++i)
    idle += game.time().stateAt(i)[channel].head < 0;
  return static_cast<double>(idle) / (step - begin + 1);
}

void Observer::fillScalars(const GameState &game, Observation &out) const {
  auto set = [&](Observation::Scalar scalar, double x) {
    out.scalars[scalar] = clipped(x);
  };
  double total = shared->slowLatency() > 0 ? shared->slowLatency() : 1;
  auto numItems = static_cast<int32_t>(shared->items().size());
  set(Observation::Done,
      numItems > 0 ? static_cast<double>(game.itemPosition()) / numItems : 1);
  set(Observation::Return, game.totalReward() / shared->scale());
  set(Observation::Latency, game.latency() / total);
  if (game.isOver())
    return;

  const AccessIndex &index = game.index();
  const Machine &m = index.machine();
  const Timeline &time = game.time();
  const DecisionNode &node = game.decision();
  int32_t i = node.step, n = index.numSteps();
  int32_t u = node.use < 0 ? index.firstUse(node.value) : node.use;
  const Use &use = index.use(u);
  auto size = static_cast<double>(index.roundedSize(node.value));
  set(Observation::Time, shared->slowStart()[i] / total);
  set(Observation::MayNoCopy, game.isLegal(Action::NoCopy));
  set(Observation::MayCopy, game.isLegal(Action::Copy));

  const OccupancyMap &space = game.plannedSoFar().occupancy();
  Gaps gaps = gapsAt(game, i);
  auto largest = static_cast<double>(gaps.largest);
  set(Observation::NowUsed,
      static_cast<double>(game.usedBytes()[i] + space.reserved(i)) / capacity);
  set(Observation::NowGap, largest / capacity);
  set(Observation::NowGaps, std::log1p(gaps.count));
  set(Observation::NowClaimed,
      static_cast<double>(game.claimedBytes()[i] - game.usedBytes()[i]) /
          capacity);
  set(Observation::SizeOfGap,
      largest > 0 ? size / largest : (size > 0 ? kFeatureLimit : 0));
  // The first value is the one that is asked about.
  set(Observation::NowHeld, out.near[Observation::Held]);
  set(Observation::NowDirty, out.near[Observation::Dirty]);
  set(Observation::NowCanStay, out.near[Observation::CanStay]);
  set(Observation::NowHeldFor, out.near[Observation::HeldFor]);

  auto relative = [&](double seconds) {
    return std::log1p(1000 * std::max(0.0, seconds) / shared->scale());
  };
  double step = time.stepTime(use.step), bytes = index.stepBytes(use.step);
  double slow = time.slowBytes(use.step);
  double rest = std::max(0.0, slow - use.bytes);
  double served = m.stepOverhead +
                  std::max(index.instance().steps[use.step].compute,
                           rest / m.slowBandwidth +
                               std::max(0.0, bytes - rest) / m.fastBandwidth);
  set(Observation::NowGain, relative(step - served));
  set(Observation::StepGain, relative(step - fastTime(use.step)));
  set(Observation::StepSlow, step > 0 ? slow / m.slowBandwidth / step : 0);
  auto queue = [&](Timeline::Channel channel) {
    const ChannelState &state = time.stateAt(i)[channel];
    return state.head < 0
               ? 0
               : std::log1p(state.bytesLeft / (m.copyBandwidth * meanStep));
  };
  set(Observation::QueueIn, queue(Timeline::In));
  set(Observation::QueueOut, queue(Timeline::Out));
  set(Observation::IdleBefore, idleShare(game, i, Timeline::In));
  set(Observation::IdleBeforeOut, idleShare(game, i, Timeline::Out));

  int32_t begin = std::max(0, i - kWindow + 1), end = std::min(n, i + kWindow);
  double wait = 0, spare = 0, before = 0, after = 0;
  for (int32_t k = begin; k <= i; ++k) {
    wait += time.waitBefore(k);
    spare += time.spareDuring(k) / m.slowBandwidth;
    before += static_cast<double>(game.usedBytes()[k] + space.reserved(k));
  }
  for (int32_t k = i; k < end; ++k)
    after += static_cast<double>(game.claimedBytes()[k] + space.reserved(k));
  set(Observation::WaitBefore, std::log1p(wait / meanStep));
  set(Observation::SpareBefore, spare / (i - begin + 1));
  set(Observation::UsedBefore, before / (i - begin + 1) / capacity);
  set(Observation::UsedAfter, after / (end - i) / capacity);
  set(Observation::CopyTime,
      std::log1p((m.copyLatency + size / m.copyBandwidth) / meanStep));
  set(Observation::NumPlaced,
      std::log1p(game.plannedSoFar().numResidencies()) / 4);
  set(Observation::IsCarried, node.use < 0);
  set(Observation::ShareRead, bytes > 0 ? use.bytes / bytes : 0);
  set(Observation::Left, std::log1p(numItems - game.itemPosition()) / 4);
  set(Observation::Bias, 1);
}
