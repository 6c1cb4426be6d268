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

#include "mempl/Game/Features.h"
#include "mempl/Game/GameState.h"

#include <array>

namespace mempl {

/// The static features of a program: one row per Game::nodes(), in that
/// order.
struct ProgramFeatures {
  /// Features.def says what they are.
  enum Column : int32_t {
#define MEMPL_PROGRAM_FEATURE(NAME, LOW, HIGH, DOC) NAME,
#include "mempl/Game/Features.def"
    kNumColumns ///< How many there are.
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
  static constexpr int32_t kNumBins = 128;
  /// The first bins are single steps around now, the others groups of steps
  /// from there to the end, growing by a constant factor. Most of what an
  /// action changes is just before now, where copies in are issued.
  static constexpr int32_t kNumFine = 64;
  static constexpr int32_t kNumBehind = 32;
  static constexpr int32_t kNumNear = 32;

  /// Rows of `profile`. Bins outside the program are 0 in every row. A group of
  /// several steps shows its middle one.
  enum Channel : int32_t {
#define MEMPL_PROFILE_FEATURE(NAME, LOW, HIGH, DOC) NAME,
#include "mempl/Game/Features.def"
    kNumChannels ///< How many there are.
  };
  std::array<float, static_cast<size_t>(kNumChannels) * kNumBins> profile;

  /// The values nearest to now: those asked about next, each once, then those
  /// that are held in fast memory. The node of each that is asked about next
  /// (for ProgramFeatures); -1 where there is none, and scalars are 0.
  std::array<int32_t, kNumNear> nearNodes;
  /// Columns of `near`.
  enum Near : int32_t {
#define MEMPL_NEAR_FEATURE(NAME, LOW, HIGH, DOC) NAME,
#include "mempl/Game/Features.def"
    kNearScalars ///< How many there are.
  };
  std::array<float, static_cast<size_t>(kNumNear) * kNearScalars> near;

  enum Scalar : int32_t {
#define MEMPL_SCALAR_FEATURE(NAME, LOW, HIGH, DOC) NAME,
#include "mempl/Game/Features.def"
    kNumScalars ///< How many there are.
  };
  std::array<float, kNumScalars> scalars;
};

/// What the numbers of a program are measured in.
struct ObservedUnits {
  explicit ObservedUnits(const Game &program);

  double meanStep = 1; ///< Seconds of a step, with nothing decided; positive.
  double total = 1;    ///< Seconds of the program, the same.
  double capacity;     ///< Bytes, at least 1.
  double scale;        ///< Game::scale().

  /// log1p(seconds / meanStep).
  double inSteps(double seconds) const {
    return std::log1p(std::max(0.0, seconds) / meanStep);
  }
  /// log1p(1000 * seconds / scale).
  double relative(double seconds) const {
    return std::log1p(1000 * std::max(0.0, seconds) / scale);
  }
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
  void fillProfile(const GameState &game, Observation &out) const;
  void fillNear(const GameState &game, Observation &out);

  std::shared_ptr<const Game> shared;
  ObservedUnits units;
  std::vector<double> fastest; // Seconds of each step, all in fast memory.
  std::vector<int32_t> nodeOfUse;
  std::vector<uint32_t> seen; // Per value: the last observation it was in.
  uint32_t stamp = 0;
};

} // namespace mempl

#endif // MEMPL_GAME_OBSERVATION_H
