//===- TrainingClock.h - the time that training may take --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A limit on time holds over all sessions of a run, for evaluations and
// checkpoints as well: what the last of them will take is set aside.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_TRAININGCLOCK_H
#define MEMPL_LIB_TRAINING_TRAININGCLOCK_H

#include "mempl/Solvers/Deadline.h"

#include <limits>

namespace mempl {

class TrainingClock {
public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  /// `maxSeconds`: over all sessions, 0 = no limit; `before`: seconds of this
  /// session that were over when it was made.
  TrainingClock(double maxSeconds, double before)
      : maxSeconds(maxSeconds), before(before) {}

  /// Of earlier sessions.
  void goOnAfter(double seconds, double cpuSeconds) {
    secondsBefore = seconds;
    cpuSecondsBefore = cpuSeconds;
  }
  /// Over all sessions.
  double seconds() const { return secondsBefore + before + session.seconds(); }
  double cpuSeconds() const { return cpuSecondsBefore + sessionCpu.seconds(); }

  bool isLimited() const { return maxSeconds > 0; }
  /// Of the limit, or of what is left of it, where that is less.
  double secondsOf(double share) const {
    return std::min(share * maxSeconds,
                    std::max(0.0, maxSeconds - seconds() - reserve()));
  }
  /// Whether the time is over in so many seconds.
  bool isDue(double ahead) const {
    return isLimited() && seconds() + ahead >= maxSeconds;
  }
  /// When this share of the time that is left is over, as seconds() counts it;
  /// kNever without a limit.
  double afterShareOfRest(double share) const;
  /// When `factor` times the limit is over, the same.
  double afterAll(double factor) const;

  /// An evaluation, or a checkpoint, took so long.
  void noteEvaluation(double seconds) {
    evaluation = std::max(evaluation, seconds);
  }
  void noteCheckpoint(double seconds) {
    checkpoint = std::max(checkpoint, seconds);
  }
  double evaluationSeconds() const { return evaluation; }
  /// Seconds that the end of training takes: an evaluation and a checkpoint.
  double reserve() const;
  bool isOutOfTime() const { return isDue(reserve()); }

private:
  double maxSeconds, before;
  double secondsBefore = 0, cpuSecondsBefore = 0;
  double evaluation = 0, checkpoint = 0; ///< The longest so far.
  Stopwatch session, sessionCpu{/*ofCpu=*/true};
};

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_TRAININGCLOCK_H
