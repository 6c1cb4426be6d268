//===- Evaluation.h - how good weights are ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs played by the policy alone, and by samples of it, beside plans of
// `search`. The score of weights is the geometric mean of the latencies
// compared with those.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_EVALUATION_H
#define MEMPL_LIB_MUZERO_EVALUATION_H

#include "TrainingClock.h"
#include "TrainingSet.h"

#include "llvm/Support/JSON.h"

namespace mempl {

class Evaluation {
public:
  /// `stops` says that the user wants to end it.
  Evaluation(TrainingSet &set, const ReplayBuffer &replay,
             const TrainerOptions &options, const TrainingClock &clock,
             std::function<bool()> stops)
      : set(set), replay(replay), options(options), clock(clock),
        stops(std::move(stops)) {}

  /// Plays all programs, or those for validation if there are any: `count` of
  /// them, or as many as can be played before clock.seconds() is `until`, but
  /// at least one, if `count` is 0. False if it was stopped.
  bool play(const Network &network, int32_t count, double until);

  int32_t numPlayed() const { return count; }
  /// Seconds of play.
  double seconds() const { return spent; }
  /// Latency / that of `search`: of the weights, of `greedy`, and of everything
  /// in slow memory. Needs numPlayed() > 0.
  double score() const { return meanOf(logs); }
  double greedyScore() const { return meanOf(greedyLogs); }
  double slowScore() const { return meanOf(slowLogs); }
  /// Latencies by program, seconds.
  llvm::json::Object takePrograms() { return std::move(programs); }

private:
  void playProgram(int32_t program, Evaluator &evaluator, bool isNeeded,
                   double until);
  double meanOf(double logs) const { return std::exp(logs / count); }

  TrainingSet &set;
  const ReplayBuffer &replay;
  const TrainerOptions &options;
  const TrainingClock &clock;
  std::function<bool()> stops;
  llvm::json::Object programs;
  double logs = 0, greedyLogs = 0, slowLogs = 0, spent = 0;
  int32_t count = 0;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_EVALUATION_H
