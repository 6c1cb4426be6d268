//===- Annealer.h - annealing over plans by ruin and recreate - -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_ANNEALER_H
#define MEMPL_LIB_SOLVERS_ANNEALER_H

#include "BuiltinSolvers.h"
#include "StepMoves.h"

#include "mempl/Solvers/LoopPlanning.h"
#include "mempl/Solvers/UseIntervalForest.h"
#include "mempl/Support/Random.h"

namespace mempl {

/// When a part of a search has to end: after so many moves in all (0 = no
/// limit), and at this share of the time limit.
struct AnnealerLimits {
  int64_t moves = 0;
  double timeShare = 1;
};

/// What of the limits of a search ends with this share of them.
AnnealerLimits limitsUntil(double share, const SolverContext &context);

/// Asked once during a run, when it would end with these limits, whether to end
/// it indeed. It is given the best plan so far.
struct AnnealerProbe {
  AnnealerLimits at;
  std::function<bool(const Plan &best, double latency)> ends;
};

/// Makes `editor` hold `plan`, which is for its program. `loops` has the plans
/// of loops that are measured already.
void loadPlan(PlanEditor &editor, llvm::ArrayRef<LoopChoices> loops,
              const Plan &plan);

/// Improves a plan by random moves. Deterministic for a seed and a budget.
class Annealer {
public:
  /// Plans keep the order of steps that the index has.
  Annealer(const AccessIndex &index, const UseIntervalForest &forest,
           llvm::ArrayRef<LoopChoices> loops, const SolverContext &context,
           const Deadline &deadline, Addressing addressing);
  /// Moves change the order of steps as well. The forest is one of the index of
  /// `program` as it is now, before any step has moved.
  Annealer(ReorderableProgram &program, const UseIntervalForest &forest,
           llvm::ArrayRef<LoopChoices> loops, const SolverContext &context,
           const Deadline &deadline, Addressing addressing);

  /// The best plan found from `start`, a valid plan. On a profile offsets mean
  /// nothing, and those of new residencies are 0.
  Plan run(const Plan &start, const AnnealerLimits &limits,
           const AnnealerProbe &probe = {});

  /// On a profile: bytes of every step that plans leave free from the next run
  /// on, where constraints allow it, so that they are easier to pack.
  void setMargin(int64_t bytes);

  /// Cycles begin so much cooler, as a factor, and keep more of a plan.
  void setHeat(double factor) { heat = factor; }

  /// Counts moves that were made elsewhere.
  void countMoves(int64_t number) { moves += number; }

  double bestLatency() const { return best; }
  int64_t numMoves() const { return moves; }

private:
  Annealer(const AccessIndex &index, std::unique_ptr<PlanEditor> editor,
           const UseIntervalForest &forest, llvm::ArrayRef<LoopChoices> loops,
           const SolverContext &context, const Deadline &deadline);

  /// Moves of the first annealing cycle; each one is longer than the last.
  static constexpr int64_t kFirstCycle = 2000;
  static constexpr int64_t kCycleGrowth = 4;
  static constexpr int64_t kLongestCycle = int64_t(1) << 32;
  /// Of moveWindow(): steps that it looks at, and residencies that it takes
  /// out, at most; of makeRoom(): residencies that may have to go. These, the
  /// temperatures and the chances of moves were fitted to the programs that the
  /// shipped weights are trained on.
  static constexpr uint64_t kWindowSteps = 17;
  static constexpr size_t kWindowSize = 32;
  static constexpr int kRoomTries = 16;
  /// The share of the moves that move steps, where they may.
  static constexpr double kStepMoves = 0.08;

  int64_t movesLeft() const;
  void load(const Plan &plan);
  void loadWithin(const Plan &plan);
  void cycle(int64_t length);
  bool isOver();
  bool isTimeOver() const;
  bool probeEnds();
  void move();
  bool accept(double latency);
  void keepBest();
  void tellBest();
  bool isProfile() const {
    return editor->occupancy().addressing() == Addressing::Profile;
  }

  // Moves. Each changes the plan; what it took out is in `orphans`.
  bool moveInsert();
  bool moveWindow();
  bool moveRetime();
  bool moveValue();
  bool moveDrop();
  bool moveLoop();
  bool moveCarry();
  bool moveSteps();

  void mendContents(llvm::ArrayRef<PlanEditor::Id> changed);
  void mendSpace(llvm::ArrayRef<PlanEditor::Id> changed, int32_t firstStep,
                 int32_t lastStep);
  void adoptUnserved(int32_t step);
  void release(PlanEditor::Id id);
  void takeOut(PlanEditor::Id id);
  void recreate();
  void fill(UseInterval interval, const PlacementStyle &style);
  bool isServed(int32_t use) { return editor->time().isServed(use); }
  bool tryInterval(UseInterval interval, const PlacementStyle &style);
  bool makeRoom(UseInterval interval, const PlacementStyle &style);
  PlacementStyle randomStyle();
  PlanEditor::Id randomResidency();
  int32_t randomGainful() {
    return index.numberNow(gainful[random.below(gainful.size())]);
  }
  int32_t randomUnservedUse();
  UseInterval randomIntervalAround(int32_t use);
  UseInterval stretchAround(int32_t use) const;
  template <typename F> void forEachStretch(int32_t value, F f) const;

  const AccessIndex &index;
  const UseIntervalForest &forest;
  llvm::ArrayRef<LoopChoices> loops;
  const SolverContext &context;
  const Deadline &deadline;
  Random random;
  AnnealerLimits limits;
  AnnealerProbe probe;  // Of the run; without a function if it was asked.
  bool isEnded = false; // By the probe.
  std::unique_ptr<PlanEditor> editor;
  UseIntervalPlacer placer;
  std::vector<int32_t> orphans; // Values to be recreated.
  std::vector<int32_t> gainful; // First numbers of uses that gain from fast
                                // memory.
  std::vector<bool> fits;       // Values that fit into fast memory.
  std::vector<bool> isSometimesSlow; // Values with uses that must be slow.
  Plan bestPlan;
  double heat = 1;
  double best = 0, current = 0, temperature = 0;
  int64_t moves = 0;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_ANNEALER_H
