//===- Timeline.cpp - copies and steps over time, incrementally -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Timeline.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace mempl;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// SumTree
//===----------------------------------------------------------------------===//

void SumTree::reset(size_t count) {
  levels.clear();
  do {
    // Padded with zeros, so that every node sums exactly kFan numbers.
    size_t padded = (count + kFan - 1) / kFan * kFan;
    levels.emplace_back(std::max(padded, kFan), 0.0);
    count = padded / kFan;
  } while (count > 1);
  levels.emplace_back(1, 0.0);
}

void SumTree::update(size_t begin, size_t end) {
  for (size_t level = 0; level + 1 < levels.size() && begin < end; ++level) {
    begin /= kFan;
    end = (end + kFan - 1) / kFan;
    for (size_t node = begin; node < end; ++node) {
      const double *x = &levels[level][node * kFan];
      levels[level + 1][node] =
          ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
    }
  }
}

//===----------------------------------------------------------------------===//
// Edits
//===----------------------------------------------------------------------===//

Timeline::Recorder::~Recorder() = default;

Timeline::Timeline(const AccessIndex &index) : accesses(&index) {
  int32_t n = index.numSteps();
  for (auto &channel : boundaries)
    channel.resize(n + 1);
  served.assign(index.numUses(), 0);
  slowSum.resize(n);
  exactSum.resize(n);
  times.resize(n);
  spare.resize(n);
  waits.assign(n + 1, 0);
  states.resize(n + 2);
  costs.reset(n + 1);
  isDirty.resize(n + 1);
  for (int32_t i = 0; i < n; ++i) {
    slowSum[i] = index.stepBytes(i);
    // Sums of integers below 2^53 are exact in any order.
    exactSum[i] = slowSum[i] < 0x1p53;
    if (index.program().steps[i].body)
      loops.resize(n);
    updateStep(i);
  }
  runAll(nullptr);
}

void Timeline::markDirty(int32_t boundary) {
  if (isDirty[boundary])
    return;
  isDirty[boundary] = true;
  dirty.push_back(boundary);
}

void Timeline::updateStep(int32_t i) {
  const Machine &m = accesses->machine();
  const Step &step = accesses->program().steps[i];
  const LoopCost &body = bodyOf(i);
  double slow = slowSum[i], fast = accesses->stepBytes(i) - slow;
  times[i] = stepSeconds(m, step, slow, fast, body);
  spare[i] = body.copies > 0 || times[i] <= 0
                 ? -1
                 : spareBandwidth(m, slow + body.slowBytes, times[i]);
  markDirty(i);
}

double Timeline::memorySecondsOf(int32_t i) const {
  return memorySeconds(accesses->machine(), accesses->program().steps[i],
                       slowSum[i], accesses->stepBytes(i) - slowSum[i],
                       bodyOf(i));
}

void Timeline::setLoop(int32_t step, const LoopCost &cost) {
  assert(accesses->program().steps[step].body && "not a loop");
  loops[step] = cost;
  updateStep(step);
}

void Timeline::serve(int32_t id) {
  if (served[id]++ == 0)
    addSlowBytes(accesses->use(id).step, -accesses->use(id).bytes);
}

void Timeline::unserve(int32_t id) {
  if (--served[id] == 0)
    addSlowBytes(accesses->use(id).step, accesses->use(id).bytes);
}

/// Moves the elements from `first` on to their new places.
template <typename T>
static void permute(std::vector<T> &all, int32_t first,
                    llvm::ArrayRef<int32_t> places) {
  llvm::SmallVector<T, 32> before(all.begin() + first,
                                  all.begin() + first + places.size());
  for (auto [k, place] : llvm::enumerate(places))
    all[first + place] = before[k];
}

void Timeline::reorder(int32_t first, llvm::ArrayRef<int32_t> places,
                       llvm::ArrayRef<AccessIndex::Renumbered> renumbered) {
  llvm::SmallVector<int16_t, 16> counts;
  for (auto [from, to] : renumbered)
    counts.push_back(served[from]);
  for (auto [use, count] : llvm::zip_equal(renumbered, counts))
    served[use.to] = count;
  permute(slowSum, first, places);
  permute(exactSum, first, places);
  permute(times, first, places);
  permute(spare, first, places);
  if (!loops.empty())
    permute(loops, first, places);
  for (size_t k = 0; k < places.size(); ++k)
    markDirty(first + static_cast<int32_t>(k));
}

/// Changes what a step moves in slow memory by the bytes of one of its uses.
void Timeline::addSlowBytes(int32_t step, double bytes) {
  if (exactSum[step]) {
    slowSum[step] += bytes;
  } else {
    slowSum[step] = 0;
    for (int32_t use : accesses->usesAt(step))
      if (!served[use])
        slowSum[step] += accesses->use(use).bytes;
  }
  updateStep(step);
}

void Timeline::addCopy(Channel channel, int32_t id, int32_t issue,
                       int32_t await, int64_t key, double bytes) {
  auto &all = copies[channel];
  if (static_cast<size_t>(id) >= all.size())
    all.resize(id + 1);
  Boundary &at = boundaries[channel][issue];
  int32_t after = at.lastIssued;
  while (after >= 0 && all[after].key > key)
    after = all[after].prevIssued;
  Copy &copy = all[id];
  copy = {
      issue, await, after, after < 0 ? at.firstIssued : all[after].nextIssued,
      -1,    -1,    key,   bytes};
  (after < 0 ? at.firstIssued : all[after].nextIssued) = id;
  (copy.nextIssued < 0 ? at.lastIssued : all[copy.nextIssued].prevIssued) = id;

  Boundary &end = boundaries[channel][await];
  copy.nextAwaited = end.firstAwaited;
  if (end.firstAwaited >= 0)
    all[end.firstAwaited].prevAwaited = id;
  end.firstAwaited = id;

  changedIssues[channel].push_back(issue);
  markDirty(issue);
  markDirty(await);
}

void Timeline::removeCopy(Channel channel, int32_t id) {
  auto &all = copies[channel];
  const Copy &copy = all[id];
  Boundary &at = boundaries[channel][copy.issue];
  (copy.prevIssued < 0 ? at.firstIssued : all[copy.prevIssued].nextIssued) =
      copy.nextIssued;
  (copy.nextIssued < 0 ? at.lastIssued : all[copy.nextIssued].prevIssued) =
      copy.prevIssued;
  (copy.prevAwaited < 0 ? boundaries[channel][copy.await].firstAwaited
                        : all[copy.prevAwaited].nextAwaited) = copy.nextAwaited;
  if (copy.nextAwaited >= 0)
    all[copy.nextAwaited].prevAwaited = copy.prevAwaited;
  changedIssues[channel].push_back(copy.issue);
  markDirty(copy.issue);
  markDirty(copy.await);
}

int32_t Timeline::firstDueAfter(Channel channel, int32_t issue,
                                int32_t await) const {
  int32_t id = boundaries[channel][issue].firstIssued;
  while (id >= 0 && copies[channel][id].await <= await)
    id = copies[channel][id].nextIssued;
  return id;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Whether copy `a` is served after copy `b`.
bool Timeline::isBehind(int channel, int32_t a, int32_t b) const {
  const Copy &x = copies[channel][a], &y = copies[channel][b];
  return x.issue != y.issue ? x.issue > y.issue : x.key > y.key;
}

template <bool Record>
void Timeline::startHead(int channel, int32_t id, ChannelPair &s) {
  s[channel] = {id, accesses->machine().copyLatency, copies[channel][id].bytes};
  if constexpr (Record)
    recorder->started(static_cast<Channel>(channel), id, clock);
}

template <bool Record> void Timeline::popHead(int channel, ChannelPair &s) {
  int32_t id = s[channel].head;
  if constexpr (Record)
    recorder->completed(static_cast<Channel>(channel), id, clock);
  const Copy &copy = copies[channel][id];
  int32_t next = copy.nextIssued;
  for (int32_t b = copy.issue + 1; next < 0 && b <= issuedUpTo[channel]; ++b)
    next = boundaries[channel][b].firstIssued;
  if (next < 0)
    s[channel] = ChannelState();
  else
    startHead<Record>(channel, next, s);
}

/// Lets copies progress for so many seconds, or until copy `untilId` of channel
/// `untilChannel` is complete. Returns the seconds gone.
template <bool Record>
double Timeline::advance(ChannelPair &s, double seconds, double spareBandwidth,
                         int32_t untilChannel, int32_t untilId) {
  const Machine &m = accesses->machine();
  double gone = 0;
  while (gone < seconds) {
    if (s[In].head < 0 && s[Out].head < 0)
      break;
    bool flows[2];
    for (int c = 0; c < 2; ++c)
      flows[c] = s[c].head >= 0 && s[c].latencyLeft == 0;
    double rate = copyRate(m, spareBandwidth, flows[0] && flows[1]);
    double left[2], dt = seconds - gone;
    for (int c = 0; c < 2; ++c) {
      left[c] = s[c].head < 0 ? kInfinity
                : !flows[c]   ? s[c].latencyLeft
                : rate > 0    ? s[c].bytesLeft / rate
                              : kInfinity;
      dt = std::min(dt, left[c]);
    }
    gone += dt;
    if constexpr (Record)
      clock += dt;
    bool reached = false;
    for (int c = 0; c < 2; ++c) {
      if (s[c].head < 0)
        continue;
      if (!flows[c]) {
        s[c].latencyLeft = left[c] <= dt ? 0 : s[c].latencyLeft - dt;
        continue;
      }
      double rest = left[c] <= dt ? 0 : s[c].bytesLeft - rate * dt;
      if constexpr (Record)
        recorder->moved(static_cast<Channel>(c), running,
                        s[c].bytesLeft - rest);
      s[c].bytesLeft = rest;
      if (s[c].bytesLeft > 0)
        continue;
      reached |= c == untilChannel && s[c].head == untilId;
      popHead<Record>(c, s);
    }
    if (reached)
      break;
  }
  return gone;
}

/// Waits at a boundary for the copies of a channel that are awaited there: for
/// the one among them that is served last.
template <bool Record>
double Timeline::waitFor(int channel, int32_t boundary, ChannelPair &s) {
  if (s[channel].head < 0)
    return 0;
  int32_t last = -1;
  for (int32_t id = boundaries[channel][boundary].firstAwaited; id >= 0;
       id = copies[channel][id].nextAwaited) {
    bool isPending =
        id == s[channel].head || isBehind(channel, id, s[channel].head);
    if (isPending && (last < 0 || isBehind(channel, id, last)))
      last = id;
  }
  if (last < 0)
    return 0;
  double seconds = advance<Record>(
      s, kInfinity, accesses->machine().slowBandwidth, channel, last);
  if constexpr (Record)
    recorder->stalled(static_cast<Channel>(channel), last, seconds);
  return seconds;
}

/// Runs boundary `i` and the step after it, if there is one.
template <bool Record>
void Timeline::runUnit(int32_t i, ChannelPair &s, double &wait) {
  auto issue = [&](int channel) {
    issuedUpTo[channel] = i;
    int32_t first = boundaries[channel][i].firstIssued;
    if constexpr (Record)
      for (int32_t id = first; id >= 0; id = copies[channel][id].nextIssued)
        recorder->issued(static_cast<Channel>(channel), id, clock);
    if (first >= 0 && s[channel].head < 0)
      startHead<Record>(channel, first, s);
  };
  running = i;
  issuedUpTo[In] = i - 1;
  issue(Out);
  wait = waitFor<Record>(Out, i, s);
  issue(In);
  wait += waitFor<Record>(In, i, s);
  if (i == accesses->numSteps())
    return;
  if constexpr (Record) {
    double start = clock;
    if (spare[i] >= 0)
      advance<Record>(s, times[i], spare[i], -1, -1);
    clock = start + times[i];
  } else if (spare[i] >= 0 && (s[In].head >= 0 || s[Out].head >= 0)) {
    advance<Record>(s, times[i], spare[i], -1, -1);
  }
}

/// Whether the run from boundary `i` on is the one that is stored. The heads
/// must be the same with the same rest, and no copy that was added or removed
/// may still be in a queue: what waits behind a head is not part of the state.
bool Timeline::hasConverged(int32_t i, const ChannelPair &s) const {
  if (s != states[i])
    return false;
  for (int c = 0; c < 2; ++c) {
    if (s[c].head < 0)
      continue;
    int32_t headIssue = copies[c][s[c].head].issue;
    for (int32_t issue : changedIssues[c])
      if (issue < i && issue >= headIssue)
        return false;
  }
  return true;
}

void Timeline::rerun() {
  std::sort(dirty.begin(), dirty.end());
  int32_t n = accesses->numSteps();
  for (size_t k = 0; k < dirty.size();) {
    int32_t i = dirty[k], begin = i;
    ChannelPair s = states[i];
    while (i <= n) {
      double wait = 0;
      if (keepSaved)
        saved.push_back({i, waits[i], states[i]});
      states[i] = s;
      runUnit<false>(i, s, wait);
      waits[i] = wait;
      costs.set(i, i < n ? wait + times[i] : wait);
      ++i;
      while (k < dirty.size() && dirty[k] < i)
        ++k;
      if (k < dirty.size() && dirty[k] == i)
        continue;
      if (i > n || hasConverged(i, s))
        break;
    }
    costs.update(begin, i);
  }
  for (int32_t i : dirty)
    isDirty[i] = false;
  dirty.clear();
  for (auto &channel : changedIssues)
    channel.clear();
}

void Timeline::undoTo(size_t position) {
  int32_t n = accesses->numSteps();
  // What was changed but not run again yet has new step times only.
  for (int32_t i : dirty) {
    isDirty[i] = false;
    costs.set(i, i < n ? waits[i] + times[i] : waits[i]);
    costs.update(i, i + 1);
  }
  dirty.clear();
  for (auto &channel : changedIssues)
    channel.clear();
  size_t end = saved.size();
  while (end > position) {
    // A run of neighbouring boundaries is restored together.
    size_t begin = end - 1;
    while (begin > position &&
           saved[begin - 1].boundary + 1 == saved[begin].boundary)
      --begin;
    for (size_t k = end; k-- > begin;) {
      const Saved &x = saved[k];
      states[x.boundary] = x.state;
      waits[x.boundary] = x.wait;
      costs.set(x.boundary,
                x.boundary < n ? x.wait + times[x.boundary] : x.wait);
    }
    costs.update(saved[begin].boundary, saved[end - 1].boundary + 1);
    end = begin;
  }
  saved.resize(position);
}

void Timeline::runAll(Recorder *r) {
  int32_t n = accesses->numSteps();
  recorder = r;
  clock = 0;
  ChannelPair s;
  for (int32_t i = 0; i <= n; ++i) {
    states[i] = s;
    if (r)
      runUnit<true>(i, s, waits[i]);
    else
      runUnit<false>(i, s, waits[i]);
    costs.set(i, i < n ? waits[i] + times[i] : waits[i]);
  }
  costs.update(0, n + 1);
  recorder = nullptr;
  for (int32_t i : dirty)
    isDirty[i] = false;
  dirty.clear();
  for (auto &channel : changedIssues)
    channel.clear();
  saved.clear();
}
