//===- UseIntervalPlacer.cpp - puts intervals of uses into fast memory
//-------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/UseIntervalPlacer.h"

#include <algorithm>

using namespace mempl;

/// Fills everything but offset and the boundaries of copies. `earliest`: first
/// boundary at which a copy in may be issued. `deadline`: last boundary at
/// which a copy out may be awaited, -1 if none is needed. False if no
/// residency can serve these uses.
bool UseIntervalPlacer::describe(UseInterval interval, Residency &r,
                                 int32_t &earliest, int32_t &deadline) {
  const Use &first = index.use(interval.first),
            &last = index.use(interval.last);
  int32_t v = first.value, n = index.numSteps();
  const Value &value = index.program().values[v];
  r = Residency();
  r.value = v;
  r.last = last.step;
  int32_t lastWrite = -1;
  for (int32_t u = interval.first; u <= interval.last; ++u) {
    if (index.use(u).mustBeSlow)
      return false;
    if (index.use(u).writes)
      lastWrite = index.use(u).step;
  }

  // Neighbours in time.
  const Residency *before = nullptr, *after = nullptr;
  for (PlanEditor::Id id : editor.residenciesOf(v)) {
    const Residency &other = editor.residency(id);
    if (other.first() > last.step) {
      after = &other;
      break;
    }
    before = &other;
  }
  earliest = before ? before->end() + 1 : 0;
  if (first.startsByWrite) {
    if (first.step < earliest)
      return false;
    r.begin = ByWrite{first.step};
  } else {
    // The slow contents must have been made valid by then.
    if (interval.first > index.firstUse(v)) {
      int32_t w = interval.first - 1;
      while (w >= index.firstUse(v) && !index.use(w).writes)
        --w;
      if (w < index.firstUse(v)) {
        if (!value.isInput())
          return false;
      } else if (before && before->serves(index.use(w).step)) {
        if (!before->copiedOut())
          return false;
        earliest = std::max(earliest, before->out->done);
      } else {
        earliest = std::max(earliest, index.use(w).step + 1);
      }
    } else if (!value.isInput()) {
      return false;
    }
    if (earliest > first.step)
      return false;
    r.begin = CopyIn{first.step, first.step};
  }

  deadline = -1;
  int32_t next = interval.last + 1;
  bool isLast = next == index.endUse(v);
  if (lastWrite >= 0 &&
      (isLast ? value.isOutput() : !index.use(next).startsByWrite)) {
    deadline = isLast ? n : index.use(next).step;
    if (after)
      deadline = std::min(deadline, after->start());
    if (deadline <= last.step)
      return false;
    r.out = {lastWrite, deadline};
  }
  if (after && after->start() <= last.step)
    return false;
  return true;
}

int32_t UseIntervalPlacer::latestIssue(int32_t ready, double bytes,
                                       int32_t earliest, double lead) {
  const Machine &m = index.machine();
  Timeline &time = editor.time();
  double needed = copySeconds(m, bytes) * lead;
  for (int32_t i = ready; i > earliest; --i) {
    if (needed <= 0)
      return i;
    // What the channel has left during step i - 1.
    const ChannelPair &after = time.stateAt(i);
    double share = std::min(1.0, time.spareDuring(i - 1) / m.copyBandwidth);
    if (after[Timeline::In].head >= 0)
      share = 0;
    else if (time.stateAt(i - 1)[Timeline::In].head >= 0)
      share /= 2;
    needed -= share * time.stepTime(i - 1);
  }
  return earliest;
}

int32_t UseIntervalPlacer::earliestDone(int32_t issue, double bytes,
                                        int32_t latest, double lead) {
  const Machine &m = index.machine();
  Timeline &time = editor.time();
  double needed = copySeconds(m, bytes) * lead;
  int32_t n = index.numSteps();
  for (int32_t i = issue; i < latest; ++i) {
    if (needed <= 0)
      return i;
    if (i == n)
      break;
    double share = std::min(1.0, time.spareDuring(i) / m.copyBandwidth);
    if (i > issue && time.stateAt(i)[Timeline::Out].head >= 0)
      share = 0;
    needed -= share * time.stepTime(i);
  }
  return latest;
}

bool UseIntervalPlacer::chooseDone(Residency &r, int32_t deadline,
                                   const PlacementStyle &style) {
  auto bytes = static_cast<double>(r.bytes(index.program()));
  int32_t issue = r.copiedAfter() + 1, &done = r.out->done;
  int32_t expected = style.awaitEarly
                         ? r.last + 1
                         : earliestDone(issue, bytes, deadline, style.lead);
  done = std::clamp(expected, std::min(r.last + 1, deadline), deadline);
  // Where the limit on copies in flight is reached, wait earlier.
  while (!editor.allowsCopy(Timeline::Out, issue, done)) {
    if (done == issue)
      return false;
    --done;
  }
  return true;
}

PlanEditor::Id UseIntervalPlacer::place(UseInterval interval,
                                        const PlacementStyle &style) {
  Residency r;
  int32_t earliest, deadline;
  if (!describe(interval, r, earliest, deadline))
    return PlanEditor::kNone;
  int64_t size = index.roundedBytes(r);
  editor.latency(); // The channels' states are asked for below.
  if (deadline >= 0 && !chooseDone(r, deadline, style))
    return PlanEditor::kNone;

  const OccupancyMap &space = editor.occupancy();
  auto fit = [&]() {
    // Where nothing overlaps, what is used says at once that there is no room.
    if (editor.isDisjoint() &&
        space.mostUsed(r.start(), r.end()) > editor.capacity() - size)
      return false;
    // A value of size zero may be anywhere.
    r.offset =
        size == 0 ? 0 : space.findOffset(r.start(), r.end(), size, style.fit);
    return r.offset >= 0;
  };
  auto fitShorter = [&]() {
    if (fit())
      return true;
    if (deadline < 0 || r.out->done == r.last + 1 || r.last + 1 > deadline)
      return false;
    int32_t longer = r.out->done;
    r.out->done = r.last + 1;
    if (fit() &&
        editor.allowsCopy(Timeline::Out, r.copiedAfter() + 1, r.out->done))
      return true;
    r.out->done = longer;
    return false;
  };
  CopyIn *in = r.copyIn();
  if (!in)
    return fitShorter() ? editor.place(r) : PlanEditor::kNone;

  auto bytes = static_cast<double>(r.bytes(index.program()));
  in->issue = latestIssue(in->ready, bytes, earliest, style.lead);
  // If space or the limit on copies ends sooner, as early as they allow: the
  // distance is halved until it fits.
  for (;;) {
    if (editor.allowsCopy(Timeline::In, in->issue, in->ready) && fitShorter())
      break;
    if (in->issue == in->ready)
      return PlanEditor::kNone;
    in->issue = in->ready - (in->ready - in->issue) / 2;
  }
  // Of copies issued together, the one that is due first goes first.
  return editor.place(
      r, editor.time().firstDueAfter(Timeline::In, in->issue, in->ready));
}

/// An offset at which both residencies fit, or -1 if none is found.
int64_t UseIntervalPlacer::commonOffset(const Residency &a, const Residency &b,
                                        int64_t size,
                                        const PlacementStyle &style) const {
  const OccupancyMap &space = editor.occupancy();
  if (size == 0)
    return 0;
  for (Fit fit : {style.fit, Fit::Lowest, Fit::Highest})
    for (bool swapped : {false, true}) {
      const Residency &first = swapped ? b : a, &second = swapped ? a : b;
      int64_t offset = space.findOffset(first.start(), first.end(), size, fit);
      if (offset < 0)
        return -1;
      if (space.isFree(second.start(), second.end(), offset, size))
        return offset;
    }
  return -1;
}

bool UseIntervalPlacer::carry(int32_t value, int32_t lastUse,
                              const PlacementStyle &style) {
  int32_t lastStep = index.numSteps() - 1;
  Residency r = Residency::kept(
      value, 0,
      lastUse == index.endUse(value) ? lastStep : index.use(lastUse).step);
  // What serves the next run serves the last step of this one.
  for (const Use &use : index.usesOf(value))
    if (use.mustBeSlow && (use.step <= r.last || use.step == lastStep))
      return false;
  int64_t size = index.roundedSize(value);
  if (r.last == lastStep) {
    r.offset =
        size == 0 ? 0
                  : editor.occupancy().findOffset(0, lastStep, size, style.fit);
    if (r.offset < 0)
      return false;
    editor.place(r);
    return true;
  }

  int32_t earliest = r.last + 1;
  for (PlanEditor::Id id : editor.residenciesOf(value))
    earliest = std::max(earliest, editor.residency(id).end() + 1);
  if (earliest > lastStep)
    return false;
  editor.latency(); // The channels' states are asked for below.
  auto bytes = static_cast<double>(index.program().values[value].size);
  int32_t issue = latestIssue(lastStep, bytes, earliest, style.lead);
  if (!editor.allowsCopy(Timeline::In, issue, lastStep))
    return false;
  Residency next = Residency::byCopy(value, 0, issue, lastStep, lastStep);
  r.offset = next.offset = commonOffset(r, next, size, style);
  if (r.offset < 0)
    return false;
  editor.place(r);
  editor.place(next,
               editor.time().firstDueAfter(Timeline::In, issue, lastStep));
  return true;
}
