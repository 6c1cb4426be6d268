//===- Trainer.cpp - self-play, learning and evaluation -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of things: teachers, evaluation, rounds, evaluation, with a
// checkpoint after each.
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Trainer.h"

#include "Checkpoint.h"
#include "FolderLock.h"
#include "HeadVector.h"
#include "Metrics.h"
#include "TrainingClock.h"
#include "TrainingSet.h"
#include "Workers.h"

#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cmath>

using namespace mempl;

// Of the time that there is: what teachers and the first evaluation may take,
// each of what is left.
static constexpr double kTeachersShare = 0.15, kFirstShare = 0.1;
// Where the last evaluation is given up, as a share of the time. The time for
// it was set aside; a machine that has slowed down since gets a little more.
static constexpr double kLatest = 1.05;
// Between two looks at the clock while others work.
static constexpr std::chrono::milliseconds kPause(10);
// Of a limit on time, if there is one program: what the first round searches
// for, and what later ones polish a plan for: that or so many seconds, but no
// more than the other share. One long search and short ones from what it found
// find more than one that is longer still. A run that is killed loses no more
// than the last.
static constexpr double kSearchShare = 0.4, kRefineShare = 0.1,
                        kRefineSeconds = 10, kMostRefineShare = 0.15,
                        kMostSearchSeconds = 120;
// How often the budget for refining is doubled, as a factor.
static constexpr int64_t kMostRefining = 64;
// Of Gumbel noise at the roots of self-play.
static constexpr float kNoise = 1;
// Of evolution: vectors per generation, and how far apart the first are.
static constexpr int32_t kPopulation = 16;
static constexpr double kEvolutionStep = 0.4;

/// Of a search for so long; at least 1, as 0 would be no limit.
static int64_t milliseconds(double seconds) {
  return 1 + static_cast<int64_t>(1000 * std::min(seconds, kMostSearchSeconds));
}

static GamePlayerOptions withoutSamples(GamePlayerOptions options) {
  options.samples = 0;
  return options;
}

struct Trainer::Impl {
  Impl(TrainingSet set, const TrainerOptions &options, std::string folder,
       Weights given, const GameNetwork &network, const TrainingClock &clock)
      : set(std::move(set)), options(options), folder(std::move(folder)),
        given(std::move(given)), replay(options.replay),
        learner(std::make_unique<Learner>(network, options.learner)),
        clock(clock) {}

  std::string path(llvm::StringRef name) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  Weights weights() const {
    Weights all = given;
    learner->network().addTo(all);
    return all;
  }
  std::shared_ptr<const GamePolicy> policyOf(int32_t program,
                                             const Weights &weights) const {
    const TrainingSet::Entry &entry = set.entry(program);
    return llvm::cantFail(GamePolicy::create(entry.game, weights, entry.head));
  }

  /// One program, and only time is limited.
  bool isLongRunOfOne() const {
    return clock.isLimited() && set.trainable().size() == 1;
  }
  bool isOver() const;
  bool tell();
  bool waitFor(Workers &workers, double until);
  bool teach();
  void chooseHeads();
  bool evolve();
  void offerPlay(int32_t program, llvm::ArrayRef<double> vector);
  void addHead();
  bool learn(Workers &workers);
  bool playRound();
  bool refine();
  llvm::Error evaluate(double until, bool &isCancelled);
  llvm::Error noteEvaluation(llvm::ArrayRef<int32_t> programs,
                             llvm::ArrayRef<double> latencies);
  llvm::Error round(bool &isCancelled);
  llvm::Error train();

  llvm::Error save();
  llvm::Error restore();

  TrainingSet set;
  TrainerOptions options;
  std::string folder;
  FolderLock lock;
  Weights given; ///< Those to begin with: their policy stays.
  ReplayBuffer replay;
  std::unique_ptr<Learner> learner;
  TrainingClock clock;
  TrainerStatus status;
  bool isTaught = false;
  Evolution evolution;    ///< Of the next head; without vectors: not begun.
  int32_t numEvolved = 0; ///< Heads that have been added.
  /// By program that is trained on: the latency that the best of the heads
  /// comes to, by greedy play or in an order of its own.
  std::vector<double> covered;
  int64_t sinceBest = 0;
  /// Of the budget for refining, and the round that it was last good enough in.
  int64_t refineFactor = 1, lastRefined = 0;
  /// In a long run of one program: the best play that has been refined.
  double refinedPlay = std::numeric_limits<double>::infinity();
  double stepSeconds = 0;      ///< Of the learner's last step.
  int64_t evaluatedSteps = -1; ///< Of the weights evaluated last; -1 = none.
  std::function<bool()> cancelled;
  std::function<void(const TrainerStatus &)> progress;
  std::function<void(const TrainerStatus &, TrainerEvent)> ended;
};

bool Trainer::Impl::isOver() const {
  return (options.maxRounds > 0 && status.round >= options.maxRounds) ||
         clock.isOutOfTime() ||
         (options.patience > 0 && sinceBest >= options.patience);
}

/// Tells how things stand; true if the user wants to stop.
bool Trainer::Impl::tell() {
  status.seconds = clock.seconds();
  if (progress)
    progress(status);
  return cancelled && cancelled();
}

/// Until all is done, or asked to end because it is late. True if cancelled.
bool Trainer::Impl::waitFor(Workers &workers, double until) {
  bool isCancelled = false;
  while (workers.isRunning()) {
    std::this_thread::sleep_for(kPause);
    isCancelled = isCancelled || tell();
    if (isCancelled || clock.seconds() >= until)
      workers.ask();
  }
  workers.stop();
  return isCancelled || (cancelled && cancelled());
}

//===----------------------------------------------------------------------===//
// Plans of search
//===----------------------------------------------------------------------===//

/// A plan of `search` for every program, as many as there is time for. True if
/// cancelled.
bool Trainer::Impl::teach() {
  status.doing = "teachers";
  if (options.teacherBudget > 0) {
    Workers workers(options.threads, set.size(),
                    [&](int32_t i, const std::function<bool()> &isStopped) {
                      set.teach(
                          i, {options.teacherBudget, options.seed, isStopped});
                    });
    if (waitFor(workers, clock.afterShareOfRest(kTeachersShare)))
      return true;
  }
  chooseHeads();
  for (int32_t i : set.trainable()) {
    const Plan &plan = set.entry(i).plans.front().plan;
    if (set.hasGameOf(i, plan))
      replay.add(
          TrainingSet::imitate(policyOf(i, given), i, plan, options.play),
          /*onlyElite=*/true);
  }
  isTaught = true;
  return tell();
}

/// For each program that of the heads that plays it best.
void Trainer::Impl::chooseHeads() {
  int32_t heads = llvm::cantFail(GamePolicy::numHeads(given));
  std::vector<int32_t> trainable = set.trainable();
  covered.assign(trainable.size(), INFINITY);
  std::optional<SegmentPolicy> policy;
  if (given.has("policy.linear"))
    policy = llvm::cantFail(SegmentPolicy::create(given));
  Workers workers(
      options.threads, static_cast<int32_t>(trainable.size()),
      [&](int32_t k, const std::function<bool()> &) {
        int32_t program = trainable[k];
        for (int32_t head = 0; head < heads; ++head) {
          auto player = llvm::cantFail(GamePolicy::create(
              set.entry(program).game, given, head, /*withNetwork=*/false));
          double played = GamePlayer(player, withoutSamples(options.play))
                              .profileByPolicy();
          if (played < covered[k]) {
            covered[k] = played;
            set.setHead(program, head);
          }
        }
        for (int32_t head = 0; policy && head < heads; ++head)
          covered[k] =
              std::min(covered[k], latencyOf(*set.entry(program).game, *policy,
                                             headOf(*policy, head)));
      });
  // What follows needs it, however late it is.
  while (workers.isRunning()) {
    std::this_thread::sleep_for(kPause);
    tell();
  }
}

//===----------------------------------------------------------------------===//
// Evolution
//===----------------------------------------------------------------------===//

/// Some generations of a new head of the policy, each vector by what greedy
/// play with it comes to, where no head before is better. True if cancelled.
bool Trainer::Impl::evolve() {
  if (numEvolved >= options.heads)
    return false;
  status.doing = "evolving";
  std::vector<int32_t> trainable = set.trainable();
  size_t count = trainable.size();
  if (evolution.best().empty())
    evolution = Evolution(HeadVector::beginning(numEvolved), kEvolutionStep,
                          kPopulation,
                          options.seed + static_cast<uint64_t>(numEvolved));
  SegmentPolicy zeros = HeadVector::policyOfZeros();
  for (int32_t g = 0; g < options.generationsPerRound; ++g) {
    auto vectors = evolution.ask();
    std::vector<double> latencies(vectors.size() * count, INFINITY);
    Workers workers(options.threads, static_cast<int32_t>(latencies.size()),
                    [&](int32_t task, const std::function<bool()> &isStopped) {
                      size_t vector = task / count, k = task % count;
                      if (!isStopped())
                        latencies[task] =
                            latencyOf(*set.entry(trainable[k]).game, zeros,
                                      HeadVector{vectors[vector]}.variant());
                    });
    if (waitFor(workers, clock.afterShareOfRest(1) - clock.reserve()))
      return true;
    if (clock.isOutOfTime())
      return false;
    std::vector<double> costs;
    for (size_t vector = 0; vector < vectors.size(); ++vector) {
      double logs = 0;
      for (size_t k = 0; k < count; ++k) {
        double latency = latencies[vector * count + k];
        logs += std::log(std::min(latency, covered[k]) /
                         set.entry(trainable[k]).reference);
        const auto &played = set.entry(trainable[k]).played;
        if (!played || latency < played->latency)
          offerPlay(trainable[k], vectors[vector]);
      }
      costs.push_back(logs / static_cast<double>(count));
    }
    evolution.tell(costs);
  }
  if (evolution.generation() >= options.generations)
    addHead();
  return false;
}

/// Plays to the end what has come to a new best. A game keeps the order of
/// steps; where that is free, it cannot follow.
void Trainer::Impl::offerPlay(int32_t program, llvm::ArrayRef<double> vector) {
  auto game = set.entry(program).game;
  if (game->instance().program.order == StepOrder::Free)
    return;
  auto policy =
      GamePolicy::create(game, HeadVector{vector}.priorities(game->features()));
  PlayedGame played =
      GamePlayer(policy, withoutSamples(options.play)).playByPolicy();
  set.offerPlayed(program, std::move(played.plan), played.latency);
}

/// The best vector becomes a head of the policy; then the next one begins.
void Trainer::Impl::addHead() {
  HeadVector{evolution.best()}.addTo(given);
  ++numEvolved;
  evolution = Evolution();
  chooseHeads();
}

/// The best plan of a program, and the best that came from play, improved by
/// search. True if cancelled.
bool Trainer::Impl::refine() {
  std::vector<int32_t> trainable = set.trainable();
  if (options.refineBudget == 0 || clock.isOutOfTime())
    return false;
  status.doing = "refining";
  auto number = static_cast<size_t>(status.round);
  int32_t program = trainable[number % trainable.size()];
  const TrainingSet::Entry &entry = set.entry(program);
  std::array<std::optional<BestPlan>, 2> starts, found;
  starts[0] = entry.plans[number / trainable.size() % entry.plans.size()];
  starts[1] = entry.played;
  SearchLimits limits = {
      options.refineBudget * refineFactor, options.seed + 2 * number, {}};
  if (isLongRunOfOne()) {
    starts[0] = entry.plans.front();
    if (entry.played && entry.played->latency < refinedPlay)
      refinedPlay = entry.played->latency;
    else
      starts[1].reset();
    limits.moves = 0;
    limits.milliseconds = milliseconds(
        std::min(std::max(clock.secondsOf(kRefineShare), kRefineSeconds),
                 clock.secondsOf(kMostRefineShare)));
  }
  bool searches = isLongRunOfOne() && status.round == 0;
  Workers workers(options.threads, 2,
                  [&](int32_t i, const std::function<bool()> &isStopped) {
                    SearchLimits own = limits;
                    own.seed += static_cast<uint64_t>(i);
                    own.cancelled = isStopped;
                    if (i == 0 && searches) {
                      own.milliseconds =
                          milliseconds(clock.secondsOf(kSearchShare));
                      found[i] = set.search(program, own);
                    } else if (starts[i]) {
                      found[i] = set.refine(program, *starts[i], own);
                    }
                  });
  if (waitFor(workers, clock.afterShareOfRest(1) - clock.reserve()))
    return true;
  bool isBetter = false;
  for (std::optional<BestPlan> &plan : found) {
    if (!plan)
      continue;
    if (set.hasGameOf(program, plan->plan))
      replay.add(TrainingSet::imitate(policyOf(program, weights()), program,
                                      plan->plan, options.play),
                 /*onlyElite=*/true);
    isBetter |= set.offer(program, std::move(plan->plan), plan->latency);
  }
  // What was not enough is not enough the next time.
  if (isBetter)
    lastRefined = status.round;
  else if (status.round - lastRefined >=
           static_cast<int64_t>(trainable.size())) {
    refineFactor = std::min<int64_t>(2 * refineFactor, kMostRefining);
    lastRefined = status.round;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

/// Takes steps of the learner while others play. True if cancelled.
bool Trainer::Impl::learn(Workers &workers) {
  LearnerLoss sum;
  int32_t steps = 0;
  bool isCancelled = false;
  while (steps < options.stepsPerRound && !replay.empty() && !isCancelled &&
         !clock.isDue(clock.reserve() + stepSeconds)) {
    Stopwatch watch;
    Random random(options.seed + static_cast<uint64_t>(learner->numSteps()),
                  "states to learn from");
    std::vector<LearnerRow> batch;
    for (ReplayBuffer::Row row : replay.draw(random, options.learner.batch))
      batch.push_back({&set.entry(row.program).game->features(), row.sample});
    sum.add(learner->step(batch), 1);
    ++steps;
    stepSeconds = watch.seconds();
    isCancelled = tell();
  }
  isCancelled |= waitFor(workers, clock.afterShareOfRest(1) - clock.reserve());
  status.loss = LearnerLoss();
  if (steps > 0)
    status.loss.add(sum, 1.0 / steps);
  status.steps = learner->numSteps();
  return isCancelled;
}

/// True if cancelled; then nothing of the round is kept but the steps of the
/// learner.
bool Trainer::Impl::playRound() {
  status.doing = "playing";
  std::vector<int32_t> trainable = set.trainable();
  Weights now = weights();
  std::vector<PlayedGame> games(options.gamesPerRound);
  auto number = [&](int32_t i) {
    return static_cast<uint64_t>(status.games) + static_cast<uint64_t>(i);
  };
  auto programOf = [&](int32_t i) {
    return trainable[number(i) % trainable.size()];
  };
  std::atomic<int64_t> tried = 0;
  Stopwatch watch;
  Workers workers(options.threads, options.gamesPerRound,
                  [&](int32_t i, const std::function<bool()> &isStopped) {
                    GamePlayer player(policyOf(programOf(i), now), options.play,
                                      isStopped);
                    games[i] = player.playBySearch(
                        kNoise, options.seed * 0x9e3779b97f4a7c15u + number(i));
                    tried += player.numTried();
                  });
  if (learn(workers))
    return true;
  status.movesPerSecond =
      static_cast<double>(tried) / std::max(1e-9, watch.seconds());
  status.moves += tried;
  double sum = 0;
  int32_t played = 0;
  for (auto [i, game] : llvm::enumerate(games)) {
    // There may have been no time for it.
    if (game.actions.empty())
      continue;
    int32_t program = programOf(static_cast<int32_t>(i));
    const Game &rules = *set.entry(program).game;
    sum += (rules.slowLatency() - game.latency) / rules.scale();
    ++played;
    replay.add({program, game.latency, std::move(game.samples)});
    set.offerPlayed(program, std::move(game.plan), game.latency);
  }
  status.games += options.gamesPerRound;
  if (played > 0)
    status.meanReturn = sum / played;
  return false;
}

llvm::Error Trainer::Impl::round(bool &isCancelled) {
  // Evolution and play of a large program take all the time that they get: the
  // long search comes before them.
  if (isLongRunOfOne() && status.round == 0)
    isCancelled = refine() || evolve() || playRound();
  else
    isCancelled = evolve() || playRound() || refine();
  if (isCancelled)
    return llvm::Error::success();
  ++status.round;
  status.seconds = clock.seconds();
  double logs = 0;
  std::vector<int32_t> trainable = set.trainable();
  for (int32_t i : trainable)
    logs +=
        std::log(set.entry(i).plans.front().latency / set.entry(i).reference);
  auto count = static_cast<double>(trainable.size());
  status.planScore = std::exp(logs / count);
  logs = 0;
  for (auto [i, latency] : llvm::zip(trainable, covered))
    logs += std::log(latency / set.entry(i).reference);
  status.headScore = std::exp(logs / count);
  if (llvm::Error error = appendMetrics(
          path("metrics.jsonl"), roundMetrics(status, clock.cpuSeconds())))
    return error;
  if (ended)
    ended(status, TrainerEvent::Round);
  if (status.round % options.evaluateEvery == 0 &&
      !clock.isDue(clock.reserve() + clock.evaluationSeconds()))
    if (llvm::Error error = evaluate(TrainingClock::kNever, isCancelled))
      return error;
  return save();
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// The first evaluation plays as many programs as there is time for, every
/// later one the same.
llvm::Error Trainer::Impl::evaluate(double until, bool &isCancelled) {
  status.doing = "evaluating";
  Stopwatch watch;
  bool hasValidation =
      static_cast<int32_t>(set.trainable().size()) < set.size();
  std::vector<int32_t> programs;
  for (int32_t i = 0; i < set.size(); ++i)
    if (!hasValidation || set.entry(i).isValidation)
      programs.push_back(i);
  bool isFirst = status.numEvaluated == 0;
  if (!isFirst)
    programs.resize(std::min<size_t>(programs.size(), status.numEvaluated));
  Weights now = weights();
  GamePlayerOptions play = withoutSamples(options.play);
  std::vector<double> latencies(programs.size(), 0);
  std::vector<char> isWhole(programs.size(), false);
  Workers workers(options.threads, static_cast<int32_t>(programs.size()),
                  [&](int32_t i, const std::function<bool()> &isStopped) {
                    SolverContext context;
                    context.budget = options.evaluationBudget;
                    context.seed = options.seed;
                    context.cancelled = isStopped;
                    Solution best;
                    best.latency = INFINITY;
                    llvm::cantFail(playWithin(set.entry(programs[i]).game, now,
                                              play, context, Deadline(context),
                                              best));
                    latencies[i] = best.latency;
                    isWhole[i] = !isStopped();
                  });
  isCancelled = waitFor(workers, until);
  clock.noteEvaluation(watch.seconds());
  size_t count = 0;
  while (count < programs.size() && isWhole[count])
    ++count;
  // The first program was played at least in part.
  if (isFirst && latencies[0] > 0)
    count = std::max<size_t>(count, 1);
  // Fewer programs than before compare with nothing.
  if (isCancelled || count == 0 || (!isFirst && count < programs.size()))
    return llvm::Error::success();
  programs.resize(count);
  return noteEvaluation(programs, latencies);
}

/// What the evaluation says of the weights.
llvm::Error Trainer::Impl::noteEvaluation(llvm::ArrayRef<int32_t> programs,
                                          llvm::ArrayRef<double> latencies) {
  double logs = 0, greedyLogs = 0, slowLogs = 0;
  llvm::json::Object rows;
  for (auto [i, latency] : llvm::zip(programs, latencies)) {
    const TrainingSet::Entry &entry = set.entry(i);
    logs += std::log(latency / entry.reference);
    greedyLogs += std::log(entry.game->greedyLatency() / entry.reference);
    slowLogs += std::log(entry.game->slowLatency() / entry.reference);
    rows[entry.name] =
        llvm::json::Object{{"played", latency},
                           {"greedy", entry.game->greedyLatency()},
                           {"search", entry.reference},
                           {"slow", entry.game->slowLatency()}};
  }
  auto count = static_cast<double>(programs.size());
  bool isFirst = status.numEvaluated == 0;
  status.numEvaluated = static_cast<int32_t>(programs.size());
  status.score = std::exp(logs / count);
  status.greedyScore = std::exp(greedyLogs / count);
  status.slowScore = std::exp(slowLogs / count);
  if (isFirst)
    status.firstScore = status.score;
  evaluatedSteps = status.steps;
  ++sinceBest;
  if (status.bestScore == 0 || status.score < status.bestScore) {
    status.bestScore = status.score;
    sinceBest = 0;
    if (llvm::Error error = weights().write(path("best.mempl")))
      return error;
  }
  status.seconds = clock.seconds();
  if (llvm::Error error = appendMetrics(
          path("metrics.jsonl"),
          evaluationMetrics(status, clock.cpuSeconds(), std::move(rows))))
    return error;
  if (ended)
    ended(status, TrainerEvent::Evaluation);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

llvm::Error Trainer::Impl::save() {
  Stopwatch watch;
  Checkpoint c;
  c.programs = set.fingerprint();
  c.seed = std::to_string(options.seed);
  c.round = status.round;
  c.games = status.games;
  c.moves = status.moves;
  c.seconds = clock.seconds();
  c.cpuSeconds = clock.cpuSeconds();
  c.sinceBest = sinceBest;
  c.numEvaluated = status.numEvaluated;
  c.evaluatedSteps = evaluatedSteps;
  c.firstScore = status.firstScore;
  c.bestScore = status.bestScore;
  c.evaluationSeconds = clock.evaluationSeconds();
  c.isTaught = isTaught;
  c.numEvolved = numEvolved;
  c.refineFactor = refineFactor;
  c.lastRefined = lastRefined;
  std::vector<double> numbers = evolution.numbers();
  c.parts[Checkpoint::Evolution].assign(
      reinterpret_cast<const char *>(numbers.data()),
      numbers.size() * sizeof(double));
  c.parts[Checkpoint::Weights] = weights().contents();
  c.parts[Checkpoint::Learner] = learner->serializeState();
  c.parts[Checkpoint::Replay] = replay.serialize();
  c.parts[Checkpoint::Plans] = set.serialize();
  if (llvm::Error error = c.write(path("checkpoint")))
    return error;
  if (llvm::Error error =
          writeFile(path("network.mempl"), c.parts[Checkpoint::Weights]))
    return error;
  clock.noteCheckpoint(watch.seconds());
  return llvm::Error::success();
}

llvm::Error Trainer::Impl::restore() {
  std::string name = path("checkpoint");
  if (!llvm::sys::fs::exists(name))
    return llvm::Error::success();
  auto c = Checkpoint::read(name);
  if (!c)
    return c.takeError();
  if (c->programs != set.fingerprint())
    return fileError(name, 1,
                     "a checkpoint of a run with other programs; give the same "
                     "ones, or another folder");
  auto weights = Weights::parse(c->parts[Checkpoint::Weights], name);
  if (!weights)
    return weights.takeError();
  auto network = GameNetwork::create(*weights);
  if (!network)
    return network.takeError();
  if (llvm::Error error = GamePolicy::numHeads(*weights).takeError())
    return error;
  given = std::move(*weights);
  learner = std::make_unique<Learner>(*network, options.learner);
  if (llvm::Error error =
          learner->restoreState(c->parts[Checkpoint::Learner], name))
    return error;
  if (llvm::Error error = set.restore(c->parts[Checkpoint::Plans], name))
    return error;
  std::vector<int32_t> numNodes;
  for (const TrainingSet::Entry &entry : set.entries())
    numNodes.push_back(entry.game->numNodes());
  if (llvm::Error error =
          replay.restore(c->parts[Checkpoint::Replay], name, numNodes))
    return error;
  if (!evolution.restore(numbersOf(c->parts[Checkpoint::Evolution])) ||
      (!evolution.best().empty() &&
       evolution.best().size() != HeadVector::kSize))
    return fileError(name, 0, "damaged checkpoint");
  numEvolved = static_cast<int32_t>(c->numEvolved);
  refineFactor = c->refineFactor;
  lastRefined = c->lastRefined;
  status.round = c->round;
  status.games = c->games;
  status.moves = c->moves;
  status.steps = learner->numSteps();
  status.firstScore = c->firstScore;
  status.bestScore = c->bestScore;
  status.numEvaluated = static_cast<int32_t>(c->numEvaluated);
  sinceBest = c->sinceBest;
  evaluatedSteps = c->evaluatedSteps;
  isTaught = c->isTaught;
  clock.goOnAfter(c->seconds, c->cpuSeconds);
  clock.noteEvaluation(c->evaluationSeconds);
  if (isTaught)
    chooseHeads();
  // Nobody else knows the best weights: what is wrong with them is said now.
  if (llvm::sys::fs::exists(path("best.mempl")))
    return Weights::read(path("best.mempl")).takeError();
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Trainer
//===----------------------------------------------------------------------===//

/// All of a session.
llvm::Error Trainer::Impl::train() {
  bool isCancelled = false;
  // Whatever happens next, there is something to use.
  if (!llvm::sys::fs::exists(path("best.mempl")))
    if (llvm::Error error = weights().write(path("best.mempl")))
      return error;
  if (!isTaught) {
    if (teach())
      return llvm::Error::success();
    if (llvm::Error error = save())
      return error;
  }
  if (status.numEvaluated == 0) {
    llvm::Error error =
        evaluate(clock.afterShareOfRest(kFirstShare), isCancelled);
    if (error || isCancelled)
      return error;
    if (llvm::Error error = save())
      return error;
  }
  while (!isOver()) {
    llvm::Error error = round(isCancelled);
    if (error || isCancelled || (cancelled && cancelled()))
      return error;
  }
  if (evaluatedSteps == status.steps)
    return llvm::Error::success();
  llvm::Error error = evaluate(clock.afterAll(kLatest), isCancelled);
  if (error || isCancelled)
    return error;
  return save();
}

std::string mempl::problemWith(TrainerOptions options) {
  std::string problem;
  auto expect = [&](bool isGood, const llvm::Twine &text) {
    if (!isGood && problem.empty())
      problem = text.str();
  };
  visitNumbers(options, [&](llvm::StringRef name, int32_t number, int32_t least,
                            int32_t most) {
    expect(least <= number && number <= most,
           name + ": expected an integer from " + llvm::Twine(least) + " to " +
               llvm::Twine(most) + ", found " + llvm::Twine(number));
  });
  double rate = options.learner.learningRate, share = options.replay.eliteShare;
  expect(rate > 0 && rate < 1,
         "learning_rate: expected a number between 0 and 1");
  expect(share >= 0 && share <= 1,
         "elite_share: expected a number from 0 to 1");
  return problem;
}

Trainer::Trainer() = default;
Trainer::~Trainer() = default;

llvm::Expected<std::unique_ptr<Trainer>>
Trainer::create(std::vector<TrainingProgram> programs,
                const TrainerOptions &options, std::string folder) {
  TrainingClock clock(options.maxSeconds, options.secondsBefore);
  if (std::string problem = problemWith(options); !problem.empty())
    return llvm::createStringError(problem);
  auto set = TrainingSet::create(std::move(programs));
  if (!set)
    return set.takeError();
  if (set->trainable().empty())
    return llvm::createStringError("no program to train on");
  std::shared_ptr<const Weights> given = Weights::builtIn();
  if (options.initialWeights == "none") {
    given = std::make_shared<Weights>();
  } else if (!options.initialWeights.empty()) {
    auto read = Weights::read(options.initialWeights);
    if (!read)
      return read.takeError();
    given = *read;
  }
  auto network = GameNetwork::create(*given);
  if (!network)
    return network.takeError();
  if (llvm::Error error = GamePolicy::numHeads(*given).takeError())
    return error;
  if (!network->isTrained())
    network = GameNetwork::random(options.seed);
  std::unique_ptr<Trainer> trainer(new Trainer());
  trainer->impl = std::make_unique<Impl>(
      std::move(*set), options, std::move(folder), *given, *network, clock);
  Impl &impl = *trainer->impl;
  if (std::error_code ec = llvm::sys::fs::create_directories(impl.folder))
    return fileError(impl.folder, 0, ec.message());
  if (llvm::Error error = impl.lock.take(impl.folder))
    return error;
  if (llvm::Error error = impl.restore())
    return error;
  return trainer;
}

llvm::Error Trainer::run(
    const std::function<bool()> &cancelled,
    const std::function<void(const TrainerStatus &)> &progress,
    const std::function<void(const TrainerStatus &, TrainerEvent)> &ended) {
  impl->cancelled = cancelled;
  impl->progress = progress;
  impl->ended = ended;
  llvm::Error error = impl->train();
  impl->status.seconds = impl->clock.seconds();
  return error;
}

const TrainerStatus &Trainer::status() const { return impl->status; }
Weights Trainer::weights() const { return impl->weights(); }

int32_t Trainer::numPrograms() const { return impl->set.size(); }

const Trainer::BestPlan *Trainer::bestPlan(int32_t program) const {
  const auto &plans = impl->set.entry(program).plans;
  return plans.empty() ? nullptr : &plans.front();
}
