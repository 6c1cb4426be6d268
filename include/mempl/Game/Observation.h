//===- Observation.h - a game as numbers for a network ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a network sees of mallocGame: once per program one row of features per
// question that may be asked, and per state a profile of memory and channels
// over time, the values nearest to now, and some scalars. All numbers are
// relative to the program and the machine, finite, and within [-kFeatureLimit,
// kFeatureLimit], so that one network can look at programs of any size.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_OBSERVATION_H
#define MEMPL_GAME_OBSERVATION_H

#include "mempl/Game/GameState.h"

#include <array>

namespace mempl {

/// No feature is larger in magnitude.
inline constexpr float kFeatureLimit = 10;

/// The static features of a program: one row per Game::nodes(), in that
/// order. "Share" is a share of the program's slow latency; "seconds" columns
/// are log1p(seconds / mean time of a step); "relative reward" is seconds /
/// Game::scale(), through log1p(1000 x). For questions about carried
/// values the use is the first one.
struct ProgramFeatures {
  static constexpr int32_t kNumColumns = 30;
  enum Column : int32_t {
    Size,         ///< log2(size / capacity) / 4, from -10 to 0.
    SizeShare,    ///< Size / capacity, 0 to 1.
    LiveSteps,    ///< log1p of the steps from first to last use.
    LiveShare,    ///< Seconds from first to last use, as a share.
    NextSteps,    ///< log1p of the steps to the next use; 0: none.
    NextSeconds,  ///< Seconds to the next use; 0: none.
    PrevSteps,    ///< log1p of the steps since the last use; 0: none.
    PrevSeconds,  ///< Seconds since then; 0: none.
    NumUses,      ///< log1p of the uses of the value.
    UsesAfter,    ///< log1p of its uses after this one.
    Benefit,      ///< Relative reward if this use alone were fast.
    ValueBenefit, ///< Relative reward of all uses of the value together.
    Density,      ///< log1p(benefit of the value / seconds to copy it).
    CopySeconds,  ///< Seconds of one copy, latency included.
    BytesShare,   ///< Bytes of the use / all bytes of its step.
    Bound,        ///< Time of its step in fast memory / in slow memory.
    IsRead,       ///< 1 or 0; an update is read and write.
    IsWrite,      ///< 1 or 0.
    IsInput,      ///< 1 or 0: valid in slow memory at first.
    IsOutput,     ///< 1 or 0: must be valid there at the end.
    IsDead,       ///< 1 if contents are not needed after this use, else 0.
    IsLoop,       ///< 1 if the step is a loop, else 0.
    IsCarry,      ///< 1 if the question is whether the value is carried over.
    Position,     ///< Seconds before the step, as a share, 0 to 1.
    // What lowerBound() says memory and time are worth, after a few hundred
    // iterations. Gains and prices are relative rewards.
    MemoryShare, ///< Share of the step's time that is memory time, 0 to 1.
    PricedGain,  ///< Seconds that the use's bytes save, at that share.
    StepPrice,   ///< Price of the value's bytes during the step.
    HoldPrice,   ///< The same from after the last use to this one.
    Worth,       ///< (Gain - price of holding) / (their sum), -1 to 1.
    NextWorth    ///< The same for the next use; 0: none.
  };

  explicit ProgramFeatures(const Game &program);

  int32_t numRows() const {
    return static_cast<int32_t>(data.size()) / kNumColumns;
  }
  llvm::ArrayRef<float> row(int32_t node) const {
    return llvm::ArrayRef(data).slice(static_cast<size_t>(node) * kNumColumns,
                                      kNumColumns);
  }
  /// Row after row.
  llvm::ArrayRef<float> values() const { return data; }

private:
  std::vector<float> data;
};

/// What is seen of one state; arrays of fixed size, to be filled over and over.
struct Observation {
  static constexpr int32_t kNumChannels = 12;
  static constexpr int32_t kNumBins = 128;
  /// The first bins are single steps around now, the others groups of steps
  /// from there to the end, growing by a constant factor. Most of what an
  /// action changes is just before now, where copies in are issued.
  static constexpr int32_t kNumFine = 64;
  static constexpr int32_t kNumBehind = 32;
  static constexpr int32_t kNumNear = 32;
  static constexpr int32_t kNearScalars = 8;
  static constexpr int32_t kNumScalars = 32;

  /// Rows of `profile`. Bins outside the program are 0 in every row. A group of
  /// several steps shows its middle one.
  enum Channel : int32_t {
    Used,        ///< Bytes taken, reserved ones included / capacity.
    LargestGap,  ///< Largest free gap / capacity.
    NumGaps,     ///< log1p of the number of free gaps.
    Claimed,     ///< Bytes at which residencies may be extended / capacity.
    BusyIn,      ///< 1 if the channel in is busy when the step begins.
    BusyOut,     ///< The same for the channel out.
    Spare,       ///< Share of the slow memory's bandwidth left to copies.
    SlowTraffic, ///< Seconds of slow traffic / time of the step.
    Wait,        ///< log1p of the wait before it / mean time of a step.
    Duration,    ///< log1p of the bin's seconds / mean time of a step.
    Gain,        ///< Share of its time that all in fast memory would save.
    Side         ///< -1: before now, 1: from now on.
  };
  std::array<float, static_cast<size_t>(kNumChannels) * kNumBins> profile;

  /// The values nearest to now: those asked about next, each once, then those
  /// that are held in fast memory. The node of each that is asked about next
  /// (for ProgramFeatures); -1 where there is none, and scalars are 0.
  std::array<int32_t, kNumNear> nearNodes;
  enum Near : int32_t {
    Distance, ///< log1p of the steps from now to that question.
    Seconds,  ///< log1p of the seconds to it / mean time of a step.
    Held,     ///< 1 if a residency serves the last use before it.
    Dirty,    ///< 1 if only the fast contents are valid.
    CanStay,  ///< 1 if the residency can be extended at its offset.
    Offset,   ///< Held: offset / capacity.
    HeldFor,  ///< Held: log1p of the steps since its last use served.
    Current   ///< 1 for the value that is asked about now.
  };
  std::array<float, static_cast<size_t>(kNumNear) * kNearScalars> near;

  enum Scalar : int32_t {
    Done,          ///< Share of the items of the game that are behind.
    Time,          ///< Seconds before the step / slow latency.
    Return,        ///< Rewards so far / Game::scale().
    Latency,       ///< Latency / slow latency.
    MayNoCopy,     ///< 1 if the action is legal.
    MayCopy,       ///< The same.
    NowUsed,       ///< Bytes taken during the step / capacity.
    NowGap,        ///< Largest free gap / capacity.
    NowGaps,       ///< log1p of the number of free gaps.
    NowClaimed,    ///< As the channel Claimed.
    SizeOfGap,     ///< Size / largest gap, at most 10.
    NowHeld,       ///< As Near::Held, of the value asked about.
    NowDirty,      ///< The same for Near::Dirty.
    NowCanStay,    ///< The same for Near::CanStay.
    NowHeldFor,    ///< The same for Near::HeldFor.
    NowGain,       ///< Seconds of the step that this use would save now, alone
                   ///< / Game::scale(), through log1p(1000 x).
    StepGain,      ///< Seconds of the step that all uses would save, the same.
    StepSlow,      ///< Seconds of slow traffic of the step / its time.
    QueueIn,       ///< log1p(bytes left at the head of the channel in / 1 mean
                   ///< step of copying).
    QueueOut,      ///< The same for the channel out.
    IdleBefore,    ///< Share of the last 16 steps that begin with an idle
                   ///< channel in.
    IdleBeforeOut, ///< The same for the channel out.
    WaitBefore,    ///< log1p of the waits of these steps / mean time of a step.
    SpareBefore,   ///< Mean spare bandwidth of these steps, as Spare.
    UsedBefore,    ///< Mean bytes taken during these steps / capacity.
    UsedAfter,     ///< Mean bytes claimed during the next 16 / capacity.
    CopyTime,      ///< log1p of the seconds of a copy of the value / mean step.
    NumPlaced,     ///< log1p of the residencies / 4.
    IsCarried,     ///< 1 if the question is about a carried value.
    ShareRead,     ///< Bytes of this use / bytes of the step.
    Left,          ///< log1p of the items left / 4.
    Bias           ///< 1 while the game is not over.
  };
  std::array<float, kNumScalars> scalars;
};

/// Looks at states of one program. Holds what it takes to do so without
/// allocating; one per thread.
class Observer {
public:
  explicit Observer(std::shared_ptr<const Game> program);

  /// Fills all of `out`. `game` must be one of the program. Of a game that is
  /// over everything is 0 but Done, Return and Latency; nodes are -1.
  void observe(const GameState &game, Observation &out);

private:
  struct Gaps {
    int64_t largest = 0;
    int32_t count = 0;
  };
  Gaps gapsAt(const GameState &game, int32_t step) const;
  void fillProfile(const GameState &game, Observation &out);
  void fillNear(const GameState &game, Observation &out);
  void fillScalars(const GameState &game, Observation &out) const;
  double idleShare(const GameState &game, int32_t step, int channel) const;
  double fastTime(int32_t step) const { return fastest[step]; }

  std::shared_ptr<const Game> shared;
  std::vector<double> fastest; // Seconds of each step, all in fast memory.
  std::vector<int32_t> nodeOfUse;
  double meanStep = 1, capacity = 1;
  std::vector<uint32_t> seen; // Per value: the last observation it was in.
  uint32_t stamp = 0;
};

} // namespace mempl

#endif // MEMPL_GAME_OBSERVATION_H
