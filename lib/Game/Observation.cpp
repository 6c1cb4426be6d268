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

#include "mempl/Problem/TimeModel.h"

#include <cmath>

using namespace mempl;

/// Items looked at ahead for values, and steps behind and ahead that scalars
/// sum over.
static constexpr int32_t kLookAhead = 128;
static constexpr int32_t kWindow = 16;

ObservedUnits::ObservedUnits(const Game &program)
    : capacity(static_cast<double>(
          std::max<int64_t>(1, program.index().machine().capacity))),
      scale(program.scale()) {
  double slow = program.slowLatency();
  if (slow <= 0)
    return;
  total = slow;
  if (program.index().numSteps() > 0)
    meanStep = slow / program.index().numSteps();
}

Observer::Observer(std::shared_ptr<const Game> program)
    : shared(std::move(program)), units(*shared) {
  const AccessIndex &index = shared->index();
  const Machine &m = index.machine();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    fastest.push_back(
        stepSeconds(m, index.program().steps[i], 0, index.stepBytes(i)));
  seen.assign(index.numValues(), 0);
  nodeOfUse.assign(index.numUses(), -1);
  for (int32_t k = 0; k < shared->numNodes(); ++k)
    if (shared->nodes()[k].use >= 0)
      nodeOfUse[shared->nodes()[k].use] = k;
}

//===----------------------------------------------------------------------===//
// The profile
//===----------------------------------------------------------------------===//

namespace {

/// Free gaps of fast memory during a step.
struct Gaps {
  int64_t largest = 0;
  int32_t count = 0;
};

Gaps gapsAt(const GameState &game, int32_t step) {
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
    free = std::max(free, r.offset + game.index().roundedBytes(r));
  });
  take(plan.capacity());
  return gaps;
}

/// Bytes taken during a step, reserved ones included.
double takenAt(const GameState &game, int32_t step) {
  return static_cast<double>(game.partialPlan().usedBytes()[step] +
                             game.plannedSoFar().occupancy().reserved(step));
}

/// Bytes besides at which residencies may be extended.
double claimedAt(const GameState &game, int32_t step) {
  return static_cast<double>(game.partialPlan().claimedBytes()[step] -
                             game.partialPlan().usedBytes()[step]);
}

} // namespace

void Observer::fillProfile(const GameState &game, Observation &out) const {
  const Timeline &time = game.time();
  const Machine &m = game.index().machine();
  int32_t n = game.index().numSteps(), now = game.decision().step;
  auto fill = [&](int32_t bin, int32_t first, int32_t end) {
    int32_t i = first + (end - first) / 2;
    auto set = [&](Observation::Channel channel, double x) {
      out.profile[channel * Observation::kNumBins + bin] =
          kProfileFeatures[channel].clip(x);
    };
    Gaps gaps = gapsAt(game, i);
    double step = time.stepTime(i);
    set(Observation::Used, takenAt(game, i) / units.capacity);
    set(Observation::LargestGap,
        static_cast<double>(gaps.largest) / units.capacity);
    set(Observation::NumGaps, std::log1p(gaps.count));
    set(Observation::Claimed, claimedAt(game, i) / units.capacity);
    set(Observation::BusyIn, time.stateAt(i)[Timeline::In].head >= 0);
    set(Observation::BusyOut, time.stateAt(i)[Timeline::Out].head >= 0);
    set(Observation::Spare, time.spareDuring(i) / m.slowBandwidth);
    set(Observation::SlowTraffic,
        step > 0 ? time.slowBytes(i) / m.slowBandwidth / step : 0);
    set(Observation::Wait, units.inSteps(time.waitBefore(i)));
    set(Observation::Duration,
        units.inSteps(shared->slowStart()[end] - shared->slowStart()[first]));
    set(Observation::Gain, step > 0 ? 1 - fastest[i] / step : 0);
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
      row[scalar] = kNearFeatures[scalar].clip(x);
    };
    set(Observation::Distance, std::log1p(std::max(0, node.step - now)));
    set(Observation::Seconds, units.inSteps(shared->slowStart()[node.step] -
                                            shared->slowStart()[now]));
    set(Observation::Current, k == current);
    if (node.use < 0)
      return;
    PartialPlan::Situation s = game.partialPlan().situationAt(node.use);
    set(Observation::Held, s.isHeld);
    set(Observation::Dirty, s.isDirty);
    if (!s.isHeld)
      return;
    const Residency &r = game.plannedSoFar().residency(s.before);
    set(Observation::CanStay, game.partialPlan().canStay(s, node.use));
    set(Observation::Offset, static_cast<double>(r.offset) / units.capacity);
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
  game.partialPlan().claims().forEachOverlap(
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

namespace {

/// Fills the scalars of one state, part by part.
class ScalarWriter {
public:
  ScalarWriter(const GameState &game, const ObservedUnits &units,
               Observation &out)
      : game(game), program(game.program()), index(game.index()),
        machine(index.machine()), time(game.time()), units(units), out(out) {}

  /// What there is to say of every state.
  void writeProgress() {
    auto numItems = static_cast<int32_t>(program.items().size());
    set(Observation::Done,
        numItems > 0 ? static_cast<double>(game.itemPosition()) / numItems : 1);
    set(Observation::Return, game.totalReward() / units.scale);
    set(Observation::Latency, game.latency() / units.total);
  }

  /// Of a game that is not over. `fastest`: seconds of each step, all in fast
  /// memory. The values must have been written.
  void writeQuestion(llvm::ArrayRef<double> fastest) {
    const DecisionNode &node = game.decision();
    now = node.step;
    const Use &use =
        index.use(node.use < 0 ? index.firstUse(node.value) : node.use);
    auto size = static_cast<double>(index.roundedSize(node.value));
    writeDecision(node, use, size);
    writeMemory(size);
    writeValue();
    writeGains(use, fastest[use.step]);
    writeChannels();
    writeStepsBefore();
    writeStepsAfter();
    set(Observation::Bias, 1);
  }

private:
  void set(Observation::Scalar scalar, double x) {
    out.scalars[scalar] = kScalarFeatures[scalar].clip(x);
  }

  /// Where the game stands, and what is asked.
  void writeDecision(const DecisionNode &node, const Use &use, double size) {
    double bytes = index.stepBytes(use.step);
    auto left =
        static_cast<int32_t>(program.items().size()) - game.itemPosition();
    set(Observation::Time, program.slowStart()[now] / units.total);
    set(Observation::MayNoCopy, game.isLegal(Action::NoCopy));
    set(Observation::MayCopy, game.isLegal(Action::Copy));
    set(Observation::CopyTime, units.inSteps(copySeconds(machine, size)));
    set(Observation::NumPlaced,
        std::log1p(game.plannedSoFar().numResidencies()) / 4);
    set(Observation::IsCarried, node.use < 0);
    set(Observation::ShareRead, bytes > 0 ? use.bytes / bytes : 0);
    set(Observation::Left, std::log1p(left) / 4);
  }

  /// Fast memory during the step, for a value of `size` bytes.
  void writeMemory(double size) {
    Gaps gaps = gapsAt(game, now);
    auto largest = static_cast<double>(gaps.largest);
    set(Observation::NowUsed, takenAt(game, now) / units.capacity);
    set(Observation::NowGap, largest / units.capacity);
    set(Observation::NowGaps, std::log1p(gaps.count));
    set(Observation::NowClaimed, claimedAt(game, now) / units.capacity);
    set(Observation::SizeOfGap,
        largest > 0 ? size / largest : (size > 0 ? kFeatureLimit : 0));
  }

  /// The value that is asked about: the first of the nearest ones.
  void writeValue() {
    set(Observation::NowHeld, out.near[Observation::Held]);
    set(Observation::NowDirty, out.near[Observation::Dirty]);
    set(Observation::NowCanStay, out.near[Observation::CanStay]);
    set(Observation::NowHeldFor, out.near[Observation::HeldFor]);
  }

  /// What its step would gain. `fastest`: its seconds, all in fast memory.
  void writeGains(const Use &use, double fastest) {
    double step = time.stepTime(use.step), bytes = index.stepBytes(use.step);
    double slow = time.slowBytes(use.step);
    double rest = std::max(0.0, slow - use.bytes);
    double served = stepSeconds(machine, index.program().steps[use.step], rest,
                                std::max(0.0, bytes - rest));
    set(Observation::NowGain, units.relative(step - served));
    set(Observation::StepGain, units.relative(step - fastest));
    set(Observation::StepSlow,
        step > 0 ? slow / machine.slowBandwidth / step : 0);
  }

  /// What the channels are doing.
  void writeChannels() {
    set(Observation::QueueIn, queue(Timeline::In));
    set(Observation::QueueOut, queue(Timeline::Out));
    set(Observation::IdleBefore, idleShare(Timeline::In));
    set(Observation::IdleBeforeOut, idleShare(Timeline::Out));
  }
  double queue(Timeline::Channel channel) const {
    const ChannelState &state = time.stateAt(now)[channel];
    return state.head < 0
               ? 0
               : std::log1p(state.bytesLeft /
                            (machine.copyBandwidth * units.meanStep));
  }

  int32_t windowBegin() const { return std::max(0, now - kWindow + 1); }
  /// Share of the last steps that begin with an idle channel.
  double idleShare(Timeline::Channel channel) const {
    int32_t idle = 0;
    for (int32_t i = windowBegin(); i <= now; ++i)
      idle += time.stateAt(i)[channel].head < 0;
    return static_cast<double>(idle) / (now - windowBegin() + 1);
  }

  /// The last steps, this one included.
  void writeStepsBefore() {
    double wait = 0, spare = 0, taken = 0;
    for (int32_t i = windowBegin(); i <= now; ++i) {
      wait += time.waitBefore(i);
      spare += time.spareDuring(i) / machine.slowBandwidth;
      taken += takenAt(game, i);
    }
    int32_t count = now - windowBegin() + 1;
    set(Observation::WaitBefore, units.inSteps(wait));
    set(Observation::SpareBefore, spare / count);
    set(Observation::UsedBefore, taken / count / units.capacity);
  }

  /// This step and the next ones.
  void writeStepsAfter() {
    int32_t end = std::min(index.numSteps(), now + kWindow);
    const OccupancyMap &space = game.plannedSoFar().occupancy();
    double claimed = 0;
    for (int32_t i = now; i < end; ++i)
      claimed += static_cast<double>(game.partialPlan().claimedBytes()[i] +
                                     space.reserved(i));
    set(Observation::UsedAfter, claimed / (end - now) / units.capacity);
  }

  const GameState &game;
  const Game &program;
  const AccessIndex &index;
  const Machine &machine;
  const Timeline &time;
  const ObservedUnits &units;
  Observation &out;
  int32_t now = 0;
};

} // namespace

void Observer::observe(const GameState &game, Observation &out) {
  out.profile.fill(0);
  out.near.fill(0);
  out.scalars.fill(0);
  out.nearNodes.fill(-1);
  ScalarWriter scalars(game, units, out);
  scalars.writeProgress();
  if (game.isOver())
    return;
  fillProfile(game, out);
  fillNear(game, out);
  scalars.writeQuestion(fastest);
}
