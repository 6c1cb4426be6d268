//===- Trainer.h - self-play, learning and evaluation -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Training goes in rounds. In each, workers play a number of games with the
// weights that the round began with, while the learner takes a number of steps
// on what was played before; then the games are added, in the order of their
// numbers. So the result does not depend on the number of workers. Every round
// ends with a checkpoint: a run that was killed goes on from its last one.
//
// What is imitated besides: plans of the solver `search` (teachers), played in
// the game; and from time to time the best games, refined by `search` and
// played again.
//
// Weights are evaluated before the first round, every few rounds, and when
// training ends. A limit on the time holds for all of that: what is under way
// looks at it, and the time of the last evaluation is set aside.
//
// The folder of a run has
//   network.mempl    the weights of the last round
//   best.mempl       those that played best on the validation programs; there
//                    from the start
//   checkpoint       everything needed to go on
//   metrics.jsonl    one line per round and evaluation
//   games/           games of other processes, taken and removed every round
//
// In lib/MuZero, Trainer has the order of all that; RoundPlayer plays,
// Evaluation compares, Checkpoint and Metrics have the formats, ActorGames the
// folder of games, and TrainingClock the limit on time.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_TRAINER_H
#define MEMPL_MUZERO_TRAINER_H

#include "mempl/MuZero/Learner.h"
#include "mempl/MuZero/SelfPlay.h"

namespace mempl {

struct TrainingProgram {
  std::string name; ///< In metrics; distinct.
  Instance instance;
  bool isValidation = false; ///< Played for evaluation only.
};

struct TrainerOptions {
  NetworkSize size;
  uint64_t seed = 0;
  int32_t workers = 1; ///< Threads that play, at least 1.
  int32_t gamesPerRound = 32, stepsPerRound = 50;
  SelfPlayOptions selfPlay;
  LearnerOptions learner;
  ReplayBufferOptions replay;
  /// The rules of the games; loops are planned anew.
  GameOptions game;
  /// Moves of `search` per teacher plan; 0: learn from nobody.
  int64_t teacherBudget = 30000;
  int32_t teachers = 2; ///< Plans per program.
  /// The best game of a program is refined by this many moves of `search`,
  /// one program per round; 0: never.
  int64_t refineBudget = 10000;
  int64_t maxRounds = 0;      ///< 0 = no limit.
  double maxSeconds = 0;      ///< 0 = no limit; over all sessions.
  double secondsBefore = 0;   ///< Of them, used in this session already.
  int32_t evaluateEvery = 10; ///< Rounds.
  int32_t evaluationSamples = 16;
  /// Evaluations without a better one after which training ends; 0 = never.
  int32_t patience = 0;
  std::string initialWeights; ///< A file to begin from; empty = none.
};

/// How training stands.
struct TrainerStatus {
  int64_t round = 0, steps = 0, games = 0, moves = 0, simulations = 0;
  double seconds = 0; ///< Over all sessions.
  double simulationsPerSecond = 0;
  double meanReturn = 0; ///< Of the games of the last round.
  LearnerLoss loss;      ///< Means over the last round.
  /// Of the last evaluation: geometric mean of latency / that of the teacher,
  /// over the validation programs (all, if there are none); 0 = none yet.
  double score = 0, bestScore = 0;
  double firstScore = 0; ///< Before the first round.
  /// The same for the solver `greedy` and for everything in slow memory.
  double greedyScore = 0, slowScore = 0;
  /// Programs that are evaluated: all that there are, unless the time is short.
  int32_t numEvaluated = 0;
  std::string doing; ///< "teachers", "playing", "evaluating".
};

/// What has just ended.
enum class TrainerEvent : uint8_t { Round, Evaluation };

class Trainer {
public:
  /// A new run in `folder`, or one that goes on, if it has a checkpoint.
  /// Errors: a program cannot be played, the folder cannot be written, the
  /// checkpoint is damaged or one of other programs.
  static llvm::Expected<std::unique_ptr<Trainer>>
  create(std::vector<TrainingProgram> programs, const TrainerOptions &options,
         std::string folder);
  ~Trainer();

  /// Trains until a limit is reached or `cancelled` returns true; that is asked
  /// a few times a second, and the round under way is given up. `progress` is
  /// called as often, `ended` after every round and evaluation. A round that
  /// the limit on time cuts short keeps what it has.
  llvm::Error run(const std::function<bool()> &cancelled,
                  const std::function<void(const TrainerStatus &)> &progress,
                  const std::function<void(const TrainerStatus &, TrainerEvent)>
                      &ended = {});

  const TrainerStatus &status() const;
  const Network &network() const;
  /// The best plan known for a program; nothing for validation programs.
  std::optional<double> bestLatency(int32_t program) const;

private:
  Trainer();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Plays games for a learner in another process: takes the weights that it
/// leaves in `folder`, and puts games into its folder `games`. `name` is the
/// actor's own, and part of its seed. Ends when `cancelled` returns true, or
/// after `maxGames` (0 = no limit), or when the time of `options` is over.
llvm::Error runActor(std::vector<TrainingProgram> programs,
                     const TrainerOptions &options, const std::string &folder,
                     llvm::StringRef name, int64_t maxGames,
                     const std::function<bool()> &cancelled);

} // namespace mempl

#endif // MEMPL_MUZERO_TRAINER_H
