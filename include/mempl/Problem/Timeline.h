//===- Timeline.h - copies and steps over time, incrementally - -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The engine behind simulate() and PlanEditor: the state of both copy channels
// at every boundary. After an edit only the boundaries that it accesses are run
// again, and from there on only until the channels are back in the state they
// had before; both ways give the same bits, because a boundary is always run by
// the same code from the same state.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_TIMELINE_H
#define MEMPL_PROBLEM_TIMELINE_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/TimeModel.h"

#include <array>
#include <limits>

namespace mempl {

/// Sums of many numbers of which few change: a tree of partial sums. The result
/// depends on the numbers alone, not on the order in which they were set.
class SumTree {
public:
  void reset(size_t count);
  double get(size_t i) const { return levels[0][i]; }
  void set(size_t i, double x) { levels[0][i] = x; }
  /// Brings the partial sums over [begin, end) up to date.
  void update(size_t begin, size_t end);
  double total() const { return levels.back()[0]; }

private:
  static constexpr size_t kFan = 8;
  std::vector<std::vector<double>> levels;
};

/// The head of a channel: its copy, or -1 if the channel is idle, and what is
/// left of it.
struct ChannelState {
  int32_t head = -1;
  double latencyLeft = 0; ///< Seconds before bytes flow.
  double bytesLeft = 0;
  bool operator==(const ChannelState &) const = default;
};

/// Both channels at one time: [0] in, [1] out.
using ChannelPair = std::array<ChannelState, 2>;

/// Simulates all trips of the loop at `step` under `plan`, one of its body.
/// Where no copy goes from one trip into the next, all cost what the first one
/// costs. Else trips 0, 1, 2 and the last are simulated, and those between cost
/// what trip 2 costs.
LoopCost loopCost(InstanceRef outer, int32_t step, const Plan &plan);

/// Copies and steps of one plan over time. Copies are known by the number of
/// their residency; each residency has at most one copy per channel.
class Timeline {
public:
  enum Channel { In = 0, Out = 1 };

  explicit Timeline(const AccessIndex &index);

  const AccessIndex &index() const { return *accesses; }

  /// Adds a copy of `bytes` bytes to a channel: issued at boundary `issue`,
  /// awaited at `await`. Copies issued at one boundary are served in the order
  /// of `key`. Numbers are reused after removeCopy().
  void addCopy(Channel channel, int32_t id, int32_t issue, int32_t await,
               int64_t key, double bytes);
  void removeCopy(Channel channel, int32_t id);
  /// Gives a copy another key that leaves it where it is in the order; without
  /// effect for a number that has no copy.
  void setKey(Channel channel, int32_t id, int64_t key) {
    if (static_cast<size_t>(id) < copies[channel].size())
      copies[channel][id].key = key;
  }

  /// The first copy in the queue of boundary `issue` that is awaited after
  /// boundary `await`; -1 if there is none.
  int32_t firstDueAfter(Channel channel, int32_t issue, int32_t await) const;

  /// Counts the residencies that serve a use; one or more make it fast.
  void serve(int32_t use);
  void unserve(int32_t use);
  bool isServed(int32_t use) const { return served[use] > 0; }

  /// Calls `f(id)` for every copy of a channel that is issued or awaited at one
  /// of the boundaries; for some of them twice.
  template <typename F>
  void forEachCopy(Channel channel, int32_t firstBoundary, int32_t lastBoundary,
                   F f) const {
    const std::vector<Copy> &all = copies[channel];
    for (int32_t b = firstBoundary; b <= lastBoundary; ++b) {
      const Boundary &at = boundaries[channel][b];
      for (int32_t id = at.firstIssued; id >= 0; id = all[id].nextIssued)
        f(id);
      for (int32_t id = at.firstAwaited; id >= 0; id = all[id].nextAwaited)
        f(id);
    }
  }

  /// Follows the index, after AccessIndex::reorder() with the same arguments
  /// has returned `renumbered`. Copies stay at their boundaries.
  void reorder(int32_t first, llvm::ArrayRef<int32_t> places,
               llvm::ArrayRef<AccessIndex::Renumbered> renumbered);

  /// Replaces what is known of the loop at `step`.
  void setLoop(int32_t step, const LoopCost &cost);

  /// Seconds of the whole program; runs again what has changed.
  double latency() {
    if (!dirty.empty())
      rerun();
    return costs.total();
  }
  /// Seconds that `step` takes with the uses that are served now.
  double stepTime(int32_t step) const { return times[step]; }
  /// Seconds waited before `step`, or after the last one. Call latency() first.
  double waitBefore(int32_t boundary) const { return waits[boundary]; }
  /// The channels just before boundary `i`. Call latency() first.
  const ChannelPair &stateAt(int32_t i) const { return states[i]; }
  /// Bytes per second that `step` leaves to copies.
  double spareDuring(int32_t step) const { return std::max(0.0, spare[step]); }
  /// Bytes that the accesses of `step` move to or from slow memory, without
  /// those of a body.
  double ownSlowBytes(int32_t step) const { return slowSum[step]; }
  /// Bytes that `step` moves to or from slow memory (loop trips included).
  double slowBytes(int32_t step) const {
    return slowSum[step] + bodyOf(step).slowBytes;
  }
  /// Seconds for which the memories are busy with the accesses of `step`.
  double memorySecondsOf(int32_t step) const;

  /// Everything that rerun() overwrites is kept from here on, until dropUndo(),
  /// so that undoTo() can restore it. latency() must have been called.
  size_t undoPosition() const { return saved.size(); }
  /// Restores states saved after `position`, and forgets what was to be run
  /// again: the caller takes back its edits.
  void undoTo(size_t position);
  void dropUndo() { saved.clear(); }
  void keepUndo(bool keep) { keepSaved = keep; }

  /// Tells a recorder of every copy's start and end, and of the bytes in
  /// between, while the whole program is run from the beginning. See
  /// Simulator.cpp.
  struct Recorder {
    virtual ~Recorder();
    virtual void issued(Channel channel, int32_t id, double time) = 0;
    virtual void started(Channel channel, int32_t id, double time) = 0;
    virtual void completed(Channel channel, int32_t id, double time) = 0;
    virtual void stalled(Channel channel, int32_t id, double seconds) = 0;
    /// `bytes` have moved while `boundary` waited or the step after it ran.
    virtual void moved(Channel channel, int32_t boundary, double bytes) = 0;
  };
  /// Runs the whole program once. Discards undo information.
  void runAll(Recorder *recorder);

private:
  struct Copy {
    int32_t issue = -1, await = -1;
    int32_t prevIssued = -1, nextIssued = -1; // In the queue of its boundary.
    int32_t prevAwaited = -1, nextAwaited = -1;
    int64_t key = 0;
    double bytes = 0;
  };
  struct Boundary {
    int32_t firstIssued = -1, lastIssued = -1, firstAwaited = -1;
  };
  struct Saved {
    int32_t boundary;
    double wait;
    ChannelPair state;
  };

  /// What is known of the loop at `step`; of a plain step, nothing.
  const LoopCost &bodyOf(int32_t step) const {
    static constexpr LoopCost none;
    return loops.empty() ? none : loops[step];
  }
  void addSlowBytes(int32_t step, double bytes);
  void updateStep(int32_t step);
  void markDirty(int32_t boundary);
  void rerun();
  bool hasConverged(int32_t boundary, const ChannelPair &state) const;
  template <bool Record> void runUnit(int32_t i, ChannelPair &s, double &wait);
  template <bool Record>
  double advance(ChannelPair &s, double seconds, double spareBandwidth,
                 int32_t untilChannel, int32_t untilId);
  template <bool Record>
  double waitFor(int channel, int32_t boundary, ChannelPair &s);
  template <bool Record>
  void startHead(int channel, int32_t id, ChannelPair &s);
  template <bool Record> void popHead(int channel, ChannelPair &s);
  bool isBehind(int channel, int32_t a, int32_t b) const;

  const AccessIndex *accesses;
  std::array<std::vector<Copy>, 2> copies;
  std::array<std::vector<Boundary>, 2> boundaries;
  // The last boundary whose copies have been issued, while a unit is run.
  std::array<int32_t, 2> issuedUpTo = {-1, -1};
  std::vector<int16_t> served;
  std::vector<double> slowSum; // Of uses that are not served, per step.
  std::vector<bool> exactSum;  // Whether slowSum can be kept by adding.
  std::vector<double> times;
  // Bytes per second left to copies; negative: copies stand still.
  std::vector<double> spare;
  std::vector<LoopCost> loops; // Empty if there are none.
  std::vector<double> waits;
  std::vector<ChannelPair> states;
  SumTree costs;
  std::vector<int32_t> dirty;
  std::vector<bool> isDirty;
  std::array<std::vector<int32_t>, 2> changedIssues;
  std::vector<Saved> saved;
  bool keepSaved = false;
  Recorder *recorder = nullptr;
  double clock = 0;
  int32_t running = 0; // The unit that a recorder is told of.
};

} // namespace mempl

#endif // MEMPL_PROBLEM_TIMELINE_H
