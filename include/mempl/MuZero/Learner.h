//===- Learner.h - training of the network ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One step: a batch of positions, each unrolled over the next few actions.
// Loss = policy + value + reward + quantiles + consistency + placement,
// MuZero's (2020, appendix G) with EfficientZero's consistency and
// AlphaTensor's quantiles of the return:
//  - policy: cross entropy to the policy of the search, over legal actions;
//  - value: cross entropy to the two-hot return over the next steps, plus the
//    value that the search had then;
//  - reward: cross entropy to the two-hot reward of each action;
//  - quantiles: quantile regression (Huber) of the return to the end;
//  - consistency: cosine between predicted and encoded latents;
//  - placement: cross entropy, over all questions of the elites that were
//    drawn, between what they play and what the program alone lets expect.
// The losses of the unrolled steps weigh 1 / their number; gradients into
// the latent are halved at each step.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_LEARNER_H
#define MEMPL_MUZERO_LEARNER_H

#include "mempl/MuZero/Network.h"
#include "mempl/MuZero/ReplayBuffer.h"

namespace mempl {

struct LearnerOptions {
  int32_t batch = 256;        ///< Positions per step.
  int32_t gamesPerBatch = 8;  ///< Replayed for them.
  int32_t unroll = 5;         ///< Actions after each position.
  int32_t bootstrap = 100;    ///< Rewards summed before a value stands in.
  double learningRate = 1e-3; ///< Of AdamW, after warm-up.
  int64_t warmupSteps = 100;
  /// Steps over which the learning rate falls to a tenth (cosine); 0 = never.
  int64_t decaySteps = 0;
  double weightDecay = 1e-4;
  double clipNorm = 5; ///< Of the gradient.
  double valueWeight = 0.25, rewardWeight = 1, quantileWeight = 0.25,
         consistencyWeight = 2, placementWeight = 1;
  double beta = 0.6; ///< Of importance weights.
  /// With BFloat16, matrix products are computed in it; weights stay float32.
  Precision precision = Precision::Float32;
};

/// Means over a batch.
struct LearnerLoss {
  double policy = 0, value = 0, reward = 0, quantiles = 0, consistency = 0,
         placement = 0;
  double total = 0;
  double gradientNorm = 0;   ///< Before clipping.
  double valueError = 0;     ///< Mean |predicted - target| of the values.
  double clippedTargets = 0; ///< Share of values and rewards off the support.

  /// Adds `factor` times another one.
  void add(const LearnerLoss &other, double factor);
};

/// A part of the loss by its name.
struct LossTerm {
  const char *name;
  double LearnerLoss::*value;
};
inline constexpr LossTerm kLossTerms[] = {
    {"total", &LearnerLoss::total},
    {"policy", &LearnerLoss::policy},
    {"value", &LearnerLoss::value},
    {"reward", &LearnerLoss::reward},
    {"quantiles", &LearnerLoss::quantiles},
    {"consistency", &LearnerLoss::consistency},
    {"placement", &LearnerLoss::placement}};

class Learner {
public:
  /// Trains `network` in place. The programs are those that trajectories name;
  /// more may be added.
  Learner(Network network, const LearnerOptions &options, uint64_t seed);
  ~Learner();

  /// The number by which trajectories name a program: 0, 1, ... in the order
  /// of calls.
  int32_t addProgram(std::shared_ptr<const Game> program);
  /// One step of the optimiser. The replay must not be empty; its priorities
  /// are brought up to date.
  LearnerLoss step(ReplayBuffer &replay);
  int64_t numSteps() const;
  const Network &network() const;
  /// Goes on with the weights of `other`, which is of the same size.
  void setWeights(const Network &other);

  /// The optimiser and the number of steps, as bytes; not the weights.
  std::string serializeState() const;
  llvm::Error restoreState(llvm::StringRef bytes, llvm::StringRef name);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace mempl

#endif // MEMPL_MUZERO_LEARNER_H
