//===- Learner.h - training of the network ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One step: a batch of states. Loss = policy + value:
//  - policy: cross entropy to the policy of the search, or to the actions that
//    lead to a plan that is imitated;
//  - value: Huber loss to what was gained from there on. Games are
//    deterministic and rewards exact, so it is the return to the end.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRAINING_LEARNER_H
#define MEMPL_TRAINING_LEARNER_H

#include "mempl/MuZero/GamePlayer.h"

namespace mempl {

struct LearnerOptions {
  int32_t batch = 128;        ///< States per step.
  double learningRate = 1e-3; ///< Of AdamW.
  double weightDecay = 1e-4;
  double clipNorm = 5; ///< Of the gradient.
  double valueWeight = 0.25;
};

/// Means over a batch.
struct LearnerLoss {
  double policy = 0, value = 0, total = 0;
  double valueError = 0; ///< Mean |predicted - target|.

  /// Adds `factor` times another one.
  void add(const LearnerLoss &other, double factor);
};

/// A state to learn from, and the segments that it speaks of.
struct LearnerRow {
  const SegmentFeatures *features;
  const GameSample *sample;
};

class Learner {
public:
  Learner(const GameNetwork &network, const LearnerOptions &options);
  ~Learner();

  /// One step of the optimiser. `batch` must not be empty.
  LearnerLoss step(llvm::ArrayRef<LearnerRow> batch);
  int64_t numSteps() const;
  /// What has been learned.
  GameNetwork network() const;
  /// Logits of a position, as LibTorch computes them; returns the value.
  float evaluate(const SegmentFeatures &features, const GamePosition &position,
                 llvm::MutableArrayRef<float> logits) const;

  /// The optimiser and the number of steps, as bytes; not the weights.
  std::string serializeState() const;
  /// The reverse; an error names `name`.
  llvm::Error restoreState(llvm::StringRef bytes, llvm::StringRef name);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace mempl

#endif // MEMPL_TRAINING_LEARNER_H
