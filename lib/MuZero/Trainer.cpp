//===- Trainer.cpp - self-play, learning and evaluation -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of things: evaluation, teachers, rounds, evaluation, with a
// checkpoint after each. How they are done is in files of their own.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Trainer.h"

#include "ActorGames.h"
#include "Checkpoint.h"
#include "Evaluation.h"
#include "Metrics.h"
#include "RoundPlayer.h"

#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mempl;

// Siblings' values that differ by less than so many mean errors are not spread.
static constexpr double kErrorFactor = 2;

// Of the time that is left: what the first evaluation, with the plans of
// `search` that it compares with, and then the other teachers may take.
static constexpr double kFirstShare = 0.2, kTeachersShare = 0.15;
// Where the last evaluation is given up, as a share of the time. The time for
// it was set aside; a machine that has slowed down since gets a little more.
static constexpr double kLatest = 1.05;
// Between two looks at the clock while others play.
static constexpr std::chrono::milliseconds kPause(20);

static std::string pathIn(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

struct Trainer::Impl {
  Impl(TrainingSet set, const TrainerOptions &options, std::string folder,
       Network network, const TrainingClock &clock)
      : set(std::move(set)), options(options), folder(std::move(folder)),
        replay(options.replay),
        learner(std::move(network), options.learner, options.seed),
        clock(clock), actorGames(path("games")) {
    for (const TrainingSet::Entry &entry : this->set.entries())
      learner.addProgram(entry.program);
  }

  std::string path(llvm::StringRef name) const { return pathIn(folder, name); }
  bool isOver() const;
  bool tell();

  bool teach();
  bool learn(RoundPlayer &player);
  bool playRound(std::vector<Trajectory> &games);
  bool refine();
  void addGames(std::vector<Trajectory> games);
  llvm::Error evaluate(double until, bool &isCancelled);
  llvm::Error noteEvaluation(Evaluation &evaluation);
  llvm::Error train();
  llvm::Error round(bool &isCancelled);

  Checkpoint checkpoint() const;
  llvm::Error save();
  llvm::Error restore();
  llvm::Error goOnFrom(const Checkpoint &checkpoint, llvm::StringRef name);

  TrainingSet set;
  TrainerOptions options;
  std::string folder;
  ReplayBuffer replay;
  Learner learner;
  TrainingClock clock;
  ActorGames actorGames;
  TrainerStatus status;
  int32_t numTaught = 0; ///< Plans of teachers that are in the replay.
  int32_t sinceBest = 0;
  double valueError = 1;       ///< Of the network, in the last round.
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

//===----------------------------------------------------------------------===//
// Teachers
//===----------------------------------------------------------------------===//

/// Plans of `search` for every program to learn from, as many as there is time
/// for. True if cancelled.
bool Trainer::Impl::teach() {
  status.doing = "teachers";
  double until = clock.afterShareOfRest(kTeachersShare);
  int32_t number = 0;
  // The first plan of every program before the second of any.
  for (int32_t k = 0; k < options.teachers; ++k)
    for (int32_t i : set.trainable()) {
      if (number++ < numTaught)
        continue;
      if (tell())
        return true;
      std::optional<Plan> known = set.takeReferencePlan(i);
      if (known && k == 0) {
        replay.add(set.trajectoryOfPlan(i, *known), /*onlyElite=*/true);
      } else {
        if (clock.seconds() >= until)
          return false;
        auto game = set.imitate(
            i, {options.teacherBudget, options.seed + static_cast<uint64_t>(k),
                [&] { return tell() || clock.seconds() >= until; }});
        if (game)
          replay.add(std::move(*game), /*onlyElite=*/true);
      }
      numTaught = number;
    }
  return tell();
}

/// The best game of one program, improved by search. True if cancelled.
bool Trainer::Impl::refine() {
  std::vector<int32_t> trainable = set.trainable();
  int32_t program =
      trainable[static_cast<size_t>(status.round) % trainable.size()];
  auto elites = replay.elites(program);
  if (options.refineBudget == 0 || elites.empty() || clock.isOutOfTime())
    return false;
  Plan start = set.planOf(program, elites.front()->actions);
  auto game = set.imitate(program,
                          {options.refineBudget,
                           options.seed + static_cast<uint64_t>(status.round),
                           [&] { return tell() || clock.isOutOfTime(); }},
                          &start);
  if (game)
    replay.add(std::move(*game), /*onlyElite=*/true);
  return tell();
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

/// Takes steps of the learner, then waits for what is played. True if
/// cancelled.
bool Trainer::Impl::learn(RoundPlayer &player) {
  LearnerLoss sum;
  int32_t steps = 0;
  bool isCancelled = false;
  while (steps < options.stepsPerRound && !replay.empty() && !isCancelled &&
         !clock.isDue(clock.reserve() + stepSeconds)) {
    Stopwatch step;
    sum.add(learner.step(replay), 1);
    stepSeconds = step.seconds();
    ++steps;
    isCancelled = tell();
  }
  while (player.isPlaying() && !isCancelled && !clock.isOutOfTime()) {
    std::this_thread::sleep_for(kPause);
    isCancelled = tell();
  }
  status.loss = LearnerLoss();
  if (steps > 0)
    status.loss.add(sum, 1.0 / steps);
  valueError = status.loss.valueError;
  status.steps = learner.numSteps();
  return isCancelled;
}

/// Workers play while the learner learns, until the time is over. True if
/// cancelled; then nothing of the round is kept but the steps of the learner.
bool Trainer::Impl::playRound(std::vector<Trajectory> &games) {
  status.doing = "playing";
  Network weights = learner.network().clone();
  RoundPlayer::Options play;
  play.selfPlay = options.selfPlay;
  // Differences of values within their error say nothing.
  float &minRange = play.selfPlay.search.minRange;
  minRange = std::max(minRange, static_cast<float>(kErrorFactor * valueError));
  play.workers = options.workers;
  play.games = options.gamesPerRound;
  play.seed = options.seed;
  play.first = static_cast<uint64_t>(status.round) *
               static_cast<uint64_t>(options.gamesPerRound);
  play.version = learner.numSteps();
  Stopwatch watch;
  RoundPlayer player(set, weights, play);
  bool isCancelled = learn(player);
  player.stop();
  games = player.takeGames();
  // The time may have been over before a game was.
  llvm::erase_if(games, [](const Trajectory &t) { return t.length() == 0; });
  auto simulations = static_cast<double>(player.numSimulations());
  status.simulations += player.numSimulations();
  status.simulationsPerSecond = simulations / std::max(1e-9, watch.seconds());
  return isCancelled;
}

void Trainer::Impl::addGames(std::vector<Trajectory> games) {
  for (Trajectory &t : games) {
    ++status.games;
    status.moves += t.length();
    replay.add(std::move(t));
  }
}

llvm::Error Trainer::Impl::round(bool &isCancelled) {
  std::vector<Trajectory> games;
  isCancelled = playRound(games);
  if (isCancelled)
    return llvm::Error::success();
  double sum = 0;
  for (const Trajectory &t : games)
    sum += t.totalReturn;
  if (!games.empty())
    status.meanReturn = sum / static_cast<double>(games.size());
  addGames(std::move(games));
  addGames(actorGames.take(set));
  isCancelled = refine();
  if (isCancelled)
    return llvm::Error::success();
  ++status.round;
  status.seconds = clock.seconds();
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
  Evaluation evaluation(set, replay, options, clock, [this] { return tell(); });
  isCancelled = !evaluation.play(learner.network(), status.numEvaluated, until);
  clock.noteEvaluation(evaluation.seconds());
  // Fewer programs than before compare with nothing.
  if (isCancelled || evaluation.numPlayed() < std::max(status.numEvaluated, 1))
    return llvm::Error::success();
  return noteEvaluation(evaluation);
}

/// What the evaluation says of the weights.
llvm::Error Trainer::Impl::noteEvaluation(Evaluation &evaluation) {
  bool isFirst = status.numEvaluated == 0;
  status.numEvaluated = evaluation.numPlayed();
  status.score = evaluation.score();
  status.greedyScore = evaluation.greedyScore();
  status.slowScore = evaluation.slowScore();
  if (isFirst)
    status.firstScore = status.score;
  evaluatedSteps = status.steps;
  ++sinceBest;
  if (status.bestScore == 0 || status.score < status.bestScore) {
    status.bestScore = status.score;
    sinceBest = 0;
    if (llvm::Error error = learner.network().save(path("best.mempl")))
      return error;
  }
  status.seconds = clock.seconds();
  if (llvm::Error error = appendMetrics(
          path("metrics.jsonl"), evaluationMetrics(status, clock.cpuSeconds(),
                                                   evaluation.takePrograms())))
    return error;
  if (ended)
    ended(status, TrainerEvent::Evaluation);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

Checkpoint Trainer::Impl::checkpoint() const {
  auto keyOf = [this](int32_t i) { return set.entries()[i].key; };
  std::vector<std::shared_ptr<const Trajectory>> elites;
  for (int32_t i = 0; i < set.size(); ++i)
    llvm::append_range(elites, replay.elites(i));
  Checkpoint c;
  c.programs = set.fingerprint();
  c.seed = std::to_string(options.seed);
  c.size = options.size.name;
  c.round = status.round;
  c.games = status.games;
  c.moves = status.moves;
  c.simulations = status.simulations;
  c.seconds = clock.seconds();
  c.cpuSeconds = clock.cpuSeconds();
  c.sinceBest = sinceBest;
  c.numEvaluated = status.numEvaluated;
  c.evaluatedSteps = evaluatedSteps;
  c.firstScore = status.firstScore;
  c.bestScore = status.bestScore;
  c.evaluationSeconds = clock.evaluationSeconds();
  c.references = set.references().vec();
  c.valueError = valueError;
  c.numTaught = numTaught;
  c.parts[Checkpoint::Weights] = learner.network().serialize();
  c.parts[Checkpoint::Learner] = learner.serializeState();
  c.parts[Checkpoint::Elites] = serializeGames(elites, keyOf);
  c.parts[Checkpoint::Recent] = serializeGames(replay.recent(), keyOf);
  c.parts[Checkpoint::Priorities] = floatsAsBytes(replay.priorities());
  return c;
}

llvm::Error Trainer::Impl::save() {
  Stopwatch watch;
  Checkpoint c = checkpoint();
  if (llvm::Error error = writeFile(path("checkpoint"), c.serialize()))
    return error;
  actorGames.removeTaken();
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
  auto bytes = readFile(name);
  if (!bytes)
    return bytes.takeError();
  auto checkpoint = Checkpoint::deserialize(*bytes, name);
  if (!checkpoint)
    return checkpoint.takeError();
  if (checkpoint->programs != set.fingerprint())
    return fileError(name, 1,
                     "a checkpoint of a run with other programs; give the same "
                     "ones, or another folder");
  if (checkpoint->size != options.size.name)
    return fileError(name, 1,
                     "a checkpoint of a network of size '" + checkpoint->size +
                         "'");
  return goOnFrom(*checkpoint, name);
}

llvm::Error Trainer::Impl::goOnFrom(const Checkpoint &c, llvm::StringRef name) {
  auto network = Network::deserialize(c.parts[Checkpoint::Weights], name);
  if (!network)
    return network.takeError();
  learner.setWeights(*network);
  if (llvm::Error error =
          learner.restoreState(c.parts[Checkpoint::Learner], name))
    return error;
  for (Checkpoint::Part part : {Checkpoint::Elites, Checkpoint::Recent}) {
    auto games =
        deserializeGames(c.parts[part], name,
                         [&](llvm::StringRef key) { return set.find(key); });
    if (!games)
      return games.takeError();
    for (Trajectory &t : *games)
      replay.add(std::move(t), /*onlyElite=*/part == Checkpoint::Elites);
  }
  replay.restorePriorities(floatsFromBytes(c.parts[Checkpoint::Priorities]));
  status.round = c.round;
  status.games = c.games;
  status.moves = c.moves;
  status.simulations = c.simulations;
  status.steps = learner.numSteps();
  status.firstScore = c.firstScore;
  status.bestScore = c.bestScore;
  sinceBest = c.sinceBest;
  evaluatedSteps = c.evaluatedSteps;
  valueError = c.valueError;
  numTaught = c.numTaught;
  clock.goOnAfter(c.seconds, c.cpuSeconds);
  clock.noteEvaluation(c.evaluationSeconds);
  // Later evaluations compare with these.
  if (c.references.size() == static_cast<size_t>(set.size())) {
    status.numEvaluated = c.numEvaluated;
    for (int32_t i = 0; i < set.size(); ++i)
      set.restoreReference(i, c.references[i]);
  }
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
    if (llvm::Error error = learner.network().save(path("best.mempl")))
      return error;
  if (status.numEvaluated == 0) {
    llvm::Error error =
        evaluate(clock.afterShareOfRest(kFirstShare), isCancelled);
    if (error || isCancelled)
      return error;
    if (llvm::Error error = save())
      return error;
  }
  auto numTeachers =
      static_cast<int32_t>(set.trainable().size()) * options.teachers;
  if (options.teacherBudget > 0 && numTaught < numTeachers && !isOver()) {
    if (teach())
      return llvm::Error::success();
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

Trainer::Trainer() = default;
Trainer::~Trainer() = default;

llvm::Expected<std::unique_ptr<Trainer>>
Trainer::create(std::vector<TrainingProgram> programs,
                const TrainerOptions &options, std::string folder) {
  TrainingClock clock(options.maxSeconds, options.secondsBefore);
  useOneTorchThread();
  auto set = TrainingSet::create(std::move(programs), options.game);
  if (!set)
    return set.takeError();
  if (set->trainable().empty())
    return llvm::createStringError("no program to train on");
  Network network = Network::create(options.size, options.seed);
  if (!options.initialWeights.empty()) {
    auto loaded = Network::load(options.initialWeights);
    if (!loaded)
      return loaded.takeError();
    network = *loaded;
  }
  network.setRules(options.game);
  std::unique_ptr<Trainer> trainer(new Trainer());
  trainer->impl = std::make_unique<Impl>(
      std::move(*set), options, std::move(folder), std::move(network), clock);
  Impl &impl = *trainer->impl;
  if (std::error_code ec =
          llvm::sys::fs::create_directories(impl.path("games")))
    return fileError(impl.folder, 0, ec.message());
  if (llvm::Error error = impl.restore())
    return std::move(error);
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
const Network &Trainer::network() const { return impl->learner.network(); }

std::optional<double> Trainer::bestLatency(int32_t program) const {
  auto elites = impl->replay.elites(program);
  if (elites.empty())
    return std::nullopt;
  return elites.front()->latency;
}
