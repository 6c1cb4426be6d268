//===- Trainer.h - self-play, learning and evaluation -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Training goes in rounds. In each, threads play a number of games with the
// weights that the round began with, while the learner takes a number of steps
// on what was played before; then the games are added, in the order of their
// numbers. So the result does not depend on the number of threads. Every round
// ends with a checkpoint: a run that was killed goes on from its last one.
//
// What is imitated besides: plans of the solver `search` (teachers), and from
// time to time the best plans, polished by `search`. With one program and a
// limit on the time, a search of its own takes 40 % of it, up to two minutes.
//
// Heads of the policy are evolved in the first rounds, each by the latency of
// greedy play with the best of the heads so far.
//
// Weights are evaluated before the first round, every few rounds, and when
// training ends. A limit on the time holds for all of that: what is under way
// looks at it, and the time of the last evaluation is set aside.
//
// The folder of a run has
//   network.mempl    the weights of the last round
//   best.mempl       those that played best when evaluated; there from the
//                    start
//   checkpoint       everything needed to go on
//   metrics.jsonl    one line per round and evaluation
//
// In lib/Training, Trainer has the order of all that; TrainingSet has the
// programs and their plans, RoundPlayer plays, Checkpoint has the file, and
// TrainingClock the limit on time.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRAINING_TRAINER_H
#define MEMPL_TRAINING_TRAINER_H

#include "mempl/Support/Threads.h"
#include "mempl/Training/Evolution.h"
#include "mempl/Training/Learner.h"
#include "mempl/Training/ReplayBuffer.h"

namespace mempl {

struct TrainingProgram {
  std::string name; ///< In metrics; distinct.
  Instance instance;
  bool isValidation = false; ///< Played for evaluation only.
};

struct TrainerOptions {
  uint64_t seed = 0;
  int32_t threads = 1; ///< That play, at least 1.
  int32_t gamesPerRound = 16, stepsPerRound = 50;
  GamePlayerOptions play;
  LearnerOptions learner;
  ReplayBufferOptions replay;
  /// New heads of the policy that are evolved, one after the other; generations
  /// of each, and how many of them per round.
  int32_t heads = 4, generations = 40, generationsPerRound = 4;
  /// Moves of `search` for the plan of every program that is imitated at first,
  /// and that evaluations compare with. 0: learn from nobody, and compare with
  /// `greedy`.
  int64_t teacherBudget = 30000;
  /// Best plans are refined by so many moves of `search`, a few per round; 0:
  /// never.
  int64_t refineBudget = 10000;
  /// Actions that an evaluation tries, per program.
  int64_t evaluationBudget = 10000;
  int64_t maxRounds = 0;      ///< 0 = no limit.
  double maxSeconds = 0;      ///< 0 = no limit; over all sessions.
  double secondsBefore = 0;   ///< Of them, used in this session already.
  int32_t evaluateEvery = 10; ///< Rounds.
  /// Evaluations without a better one after which training ends; 0 = never.
  int32_t patience = 0;
  /// A file to begin from; empty: the weights that come with mempl; "none":
  /// nothing, the first head that is evolved is all that is known.
  std::string initialWeights;
};

/// Calls `visit(name, number, least, most)` for each whole number of the
/// options that has a range; more is a mistake, and would take hours or all the
/// memory.
template <typename Visit>
void visitNumbers(TrainerOptions &options, Visit visit) {
  constexpr int32_t many = 1000000;
  visit("threads", options.threads, 1, kMaxThreads);
  visit("games", options.gamesPerRound, 0, many);
  visit("steps", options.stepsPerRound, 0, many);
  visit("batch", options.learner.batch, 1, 65536);
  visit("simulations", options.play.search.simulations, 1, 100000);
  visit("candidates", options.play.candidates, 1,
        GamePlayerOptions::kMostCandidates);
  visit("heads", options.heads, 0, 100);
  visit("generations", options.generations, 1, many);
  visit("evaluate_every", options.evaluateEvery, 1, many);
  visit("patience", options.patience, 0, many);
}

/// What is wrong with the first of the options that is out of range; "" if none
/// is.
std::string problemWith(TrainerOptions options);

/// How training stands.
struct TrainerStatus {
  /// `moves`: actions that were tried.
  int64_t round = 0, steps = 0, games = 0, moves = 0;
  double seconds = 0; ///< Over all sessions.
  double movesPerSecond = 0;
  /// Of the games of the last round: what they gained, over what `greedy` does.
  double meanReturn = 0;
  LearnerLoss loss; ///< Means over the last round.
  /// Of the last evaluation: geometric mean of latency / that of the teacher,
  /// over the validation programs (all, if there are none); 0 = none yet.
  double score = 0, bestScore = 0;
  double firstScore = 0; ///< Before the first round.
  /// The same for the solver `greedy`, and for everything in slow memory.
  double greedyScore = 0, slowScore = 0;
  /// The same over programs that are trained on: for the best plans known, and
  /// for greedy play by the best head of the policy, before offsets are found.
  double planScore = 0, headScore = 0;
  /// Programs that are evaluated: all that there are, unless the time is short.
  int32_t numEvaluated = 0;
  std::string doing; ///< "teachers", "playing", "refining", "evaluating".
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
  /// The weights of the last round.
  Weights weights() const;
  struct BestPlan {
    Plan plan;
    double latency; ///< Seconds.
  };
  /// Those to train on and to evaluate with.
  int32_t numPrograms() const;
  /// The best plan known for a program, by its number; null for validation
  /// programs. Good until run() is called.
  const BestPlan *bestPlan(int32_t program) const;

private:
  Trainer();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace mempl

#endif // MEMPL_TRAINING_TRAINER_H
