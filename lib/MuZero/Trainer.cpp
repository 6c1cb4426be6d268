//===- Trainer.cpp - self-play, learning and evaluation -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounds, teachers, evaluation, checkpoints. A checkpoint is one file: a line
// of JSON with numbers and the lengths of the parts, then the parts: weights,
// optimiser, elites, recent games, their priorities.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Trainer.h"

#include "TrainingSet.h"

#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>

using namespace mempl;

namespace {

std::string pathIn(llvm::StringRef folder, const llvm::Twine &name) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

/// sum += x * factor.
void add(LearnerLoss &sum, const LearnerLoss &x, double factor) {
  for (double LearnerLoss::*term :
       {&LearnerLoss::policy, &LearnerLoss::value, &LearnerLoss::reward,
        &LearnerLoss::quantiles, &LearnerLoss::consistency,
        &LearnerLoss::placement, &LearnerLoss::total,
        &LearnerLoss::gradientNorm, &LearnerLoss::valueError,
        &LearnerLoss::clippedTargets})
    sum.*term += x.*term * factor;
}

constexpr int kCheckpointVersion = 2;

// Siblings' values that differ by less than so many mean errors are not spread.
constexpr double kErrorFactor = 2;

// Of the time that is left: what the first evaluation, with the plans of
// `search` that it compares with, and then the other teachers may take.
constexpr double kFirstShare = 0.2, kTeachersShare = 0.15;
// What is set aside for the end, in evaluations and checkpoints as long as the
// longest one so far.
constexpr double kReserve = 1.25;
// Where the last evaluation is given up, as a share of the time.
constexpr double kLatest = 1.05;
// Between two looks at the clock while others play.
constexpr std::chrono::milliseconds kPause(20);

} // namespace

struct Trainer::Impl {
  Impl(TrainingSet set, const TrainerOptions &options, std::string folder,
       Network network)
      : set(std::move(set)), options(options), folder(std::move(folder)),
        replay(options.replay),
        learner(std::move(network), options.learner, options.seed) {
    for (const TrainingSet::Entry &entry : this->set.entries())
      learner.addProgram(entry.program);
  }

  std::string path(llvm::StringRef name) const { return pathIn(folder, name); }
  std::function<std::string(int32_t)> keys() const {
    return [this](int32_t i) { return set.entries()[i].key; };
  }
  double seconds() const {
    return secondsBefore + options.secondsBefore + session.seconds();
  }
  double cpuSeconds() const { return cpuSecondsBefore + sessionCpu.seconds(); }
  bool isOver() const;
  bool isDue(double ahead) const;
  double reserve() const;
  bool isOutOfTime() const { return isDue(reserve()); }
  double shareOfTime(double share) const;
  bool tell();

  bool teach();
  bool playRound(std::vector<Trajectory> &games);
  bool refine();
  void takeFromActors();
  bool evaluate(double until);
  void evaluate(int32_t program, Evaluator &evaluator, double until);
  llvm::Error writeEvaluation();
  llvm::Error train();
  llvm::Error round();
  llvm::Error save();
  llvm::Error restore();
  llvm::Error restoreParts(llvm::StringRef bytes, const std::string &name);
  llvm::Error addMetrics(llvm::json::Value line);

  TrainingSet set;
  TrainerOptions options;
  std::string folder;
  ReplayBuffer replay;
  Learner learner;
  TrainerStatus status;
  /// Files of other processes whose games are in the replay but in no
  /// checkpoint yet.
  std::set<std::string> taken;
  int32_t numTaught = 0; ///< Plans of teachers that are in the replay.
  int32_t sinceBest = 0;
  double valueError = 1; ///< Of the network, in the last round.
  double secondsBefore = 0, cpuSecondsBefore = 0; ///< In earlier sessions.
  double evaluationSeconds = 0, saveSeconds = 0;  ///< The longest so far.
  double stepSeconds = 0;      ///< Of the learner's last step.
  int64_t evaluatedSteps = -1; ///< Of the weights evaluated last; -1 = none.
  Stopwatch session, sessionCpu{/*ofCpu=*/true};
  std::function<bool()> cancelled;
  std::function<void(const TrainerStatus &)> progress;
  std::function<void(const TrainerStatus &, TrainerEvent)> ended;

  /// One evaluation, while it is made.
  struct Evaluation {
    llvm::json::Object programs;
    double logs = 0, greedyLogs = 0, slowLogs = 0;
    double seconds = 0; ///< Of play.
    int32_t count = 0;
  } evaluation;
};

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

bool Trainer::Impl::isOver() const {
  return (options.maxRounds > 0 && status.round >= options.maxRounds) ||
         isOutOfTime() ||
         (options.patience > 0 && sinceBest >= options.patience);
}

/// Whether the time is over in so many seconds.
bool Trainer::Impl::isDue(double ahead) const {
  return options.maxSeconds > 0 && seconds() + ahead >= options.maxSeconds;
}

/// Seconds that the end of training takes: an evaluation and a checkpoint.
double Trainer::Impl::reserve() const {
  return kReserve * (evaluationSeconds + saveSeconds);
}

/// When this share of the time that is left is over, as seconds() counts it.
double Trainer::Impl::shareOfTime(double share) const {
  if (options.maxSeconds <= 0)
    return std::numeric_limits<double>::infinity();
  double now = seconds();
  return now + share * std::max(0.0, options.maxSeconds - now);
}

/// Tells how things stand; true if the user wants to stop.
bool Trainer::Impl::tell() {
  status.seconds = seconds();
  if (progress)
    progress(status);
  return cancelled && cancelled();
}

/// Plans of `search` for every program to learn from, as many as there is time
/// for. True if cancelled.
bool Trainer::Impl::teach() {
  status.doing = "teachers";
  double until = shareOfTime(kTeachersShare);
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
        if (seconds() >= until)
          return false;
        SolverOptions search;
        search.budget = options.teacherBudget;
        search.seed = options.seed + static_cast<uint64_t>(k);
        search.cancelled = [&] { return tell() || seconds() >= until; };
        if (std::optional<Trajectory> game = set.imitate(i, search))
          replay.add(std::move(*game), /*onlyElite=*/true);
      }
      numTaught = number;
    }
  return tell();
}

/// Workers play while the learner learns, until the time is over. True if
/// cancelled; then nothing of the round is kept but the steps of the learner.
bool Trainer::Impl::playRound(std::vector<Trajectory> &games) {
  status.doing = "playing";
  Network weights = learner.network().clone();
  std::atomic<bool> stop{false};
  std::atomic<int64_t> simulations{0};
  games.assign(options.gamesPerRound, Trajectory());
  std::vector<int32_t> trainable = set.trainable();
  uint64_t first = static_cast<uint64_t>(status.round) *
                   static_cast<uint64_t>(options.gamesPerRound);
  int64_t version = learner.numSteps();
  auto minRange = static_cast<float>(kErrorFactor * valueError);
  Stopwatch watch;
  // Games are played in groups of a fixed size, since what a network says of a
  // state depends, in its last digits, on what is asked beside it: so it does
  // not matter which worker plays a group.
  SelfPlayOptions play = options.selfPlay;
  // Differences of values within their error say nothing.
  play.search.minRange = std::max(play.search.minRange, minRange);
  auto slots = static_cast<uint64_t>(play.slots);
  std::atomic<uint64_t> nextGroup{0};
  std::atomic<int32_t> playing{options.workers};
  auto work = [&] {
    useOneTorchThread();
    auto leave = llvm::make_scope_exit([&] { --playing; });
    for (;;) {
      uint64_t begin = slots * nextGroup++;
      if (stop || begin >= games.size())
        return;
      auto evaluator = makeEvaluator(weights);
      SelfPlay selfPlay(*evaluator, play, options.seed + first);
      selfPlay.setWeightsVersion(version);
      auto next = [&](uint64_t k, uint64_t &number,
                      int32_t &program) -> std::shared_ptr<const Game> {
        number = begin + k;
        if (k >= slots || number >= games.size())
          return nullptr;
        program = trainable[(first + number) % trainable.size()];
        return set.entries()[program].program;
      };
      auto finished = [&](GameState &, uint64_t number, Trajectory t) {
        games[number] = std::move(t);
      };
      while (!stop && selfPlay.step(next, finished)) {
      }
      simulations += selfPlay.numSimulations();
    }
  };
  std::vector<std::thread> threads;
  for (int32_t i = 0; i < options.workers; ++i)
    threads.emplace_back(work);
  LearnerLoss sum;
  int32_t steps = 0;
  bool isCancelled = false;
  while (steps < options.stepsPerRound && !replay.empty() && !isCancelled &&
         !isDue(reserve() + stepSeconds)) {
    Stopwatch step;
    add(sum, learner.step(replay), 1);
    stepSeconds = step.seconds();
    ++steps;
    isCancelled = tell();
  }
  while (playing > 0 && !isCancelled && !isOutOfTime()) {
    std::this_thread::sleep_for(kPause);
    isCancelled = tell();
  }
  stop = true;
  for (std::thread &thread : threads)
    thread.join();
  status.loss = LearnerLoss();
  if (steps > 0)
    add(status.loss, sum, 1.0 / steps);
  valueError = status.loss.valueError;
  status.steps = learner.numSteps();
  status.simulations += simulations;
  status.simulationsPerSecond =
      static_cast<double>(simulations) / std::max(1e-9, watch.seconds());
  return isCancelled;
}

/// The best game of one program, improved by search. True if cancelled.
bool Trainer::Impl::refine() {
  std::vector<int32_t> trainable = set.trainable();
  int32_t program =
      trainable[static_cast<size_t>(status.round) % trainable.size()];
  auto elites = replay.elites(program);
  if (options.refineBudget == 0 || elites.empty() || isOutOfTime())
    return false;
  SolverOptions search;
  search.budget = options.refineBudget;
  search.seed = options.seed + static_cast<uint64_t>(status.round);
  search.start =
      std::make_shared<Plan>(set.planOf(program, elites.front()->actions));
  search.cancelled = [&] { return tell() || isOutOfTime(); };
  if (std::optional<Trajectory> game = set.imitate(program, search))
    replay.add(std::move(*game), /*onlyElite=*/true);
  return tell();
}

/// Games that other processes left; what is damaged or not of these programs
/// is dropped. Files stay until a checkpoint has what was in them, so that
/// nothing is lost when training ends before.
void Trainer::Impl::takeFromActors() {
  std::error_code ec;
  std::vector<std::string> files;
  for (llvm::sys::fs::directory_iterator it(path("games"), ec), end;
       it != end && !ec; it.increment(ec))
    if (llvm::StringRef(it->path()).ends_with(".games"))
      files.push_back(it->path());
  llvm::sort(files);
  for (const std::string &file : files) {
    if (!taken.insert(file).second)
      continue;
    auto bytes = readFile(file);
    if (!bytes) {
      llvm::consumeError(bytes.takeError());
      continue;
    }
    auto games = deserializeGames(
        *bytes, file, [&](llvm::StringRef key) { return set.find(key); });
    if (games) {
      for (Trajectory &t : *games) {
        GameState game(set.entries()[t.program].program);
        if (set.entries()[t.program].isValidation || !playAgain(game, t))
          continue;
        ++status.games;
        status.moves += t.length();
        replay.add(std::move(t));
      }
    } else {
      llvm::consumeError(games.takeError());
    }
  }
}

llvm::Error Trainer::Impl::round() {
  std::vector<Trajectory> games;
  if (playRound(games))
    return llvm::Error::success();
  // The time may have been over before a game was.
  llvm::erase_if(games, [](const Trajectory &t) { return t.length() == 0; });
  double sum = 0;
  for (Trajectory &t : games) {
    sum += t.totalReturn;
    ++status.games;
    status.moves += t.length();
    replay.add(std::move(t));
  }
  if (!games.empty())
    status.meanReturn = sum / static_cast<double>(games.size());
  takeFromActors();
  if (refine())
    return llvm::Error::success();
  ++status.round;
  status.seconds = seconds();
  llvm::json::Object line{
      {"round", status.round},
      {"steps", status.steps},
      {"seconds", status.seconds},
      {"cpu_seconds", cpuSeconds()},
      {"games", status.games},
      {"moves", status.moves},
      {"simulations", status.simulations},
      {"simulations_per_second", status.simulationsPerSecond},
      {"mean_return", status.meanReturn},
      {"loss", llvm::json::Object{{"total", status.loss.total},
                                  {"policy", status.loss.policy},
                                  {"value", status.loss.value},
                                  {"reward", status.loss.reward},
                                  {"quantiles", status.loss.quantiles},
                                  {"consistency", status.loss.consistency},
                                  {"placement", status.loss.placement}}},
      {"value_error", status.loss.valueError},
      {"gradient_norm", status.loss.gradientNorm},
      {"clipped_targets", status.loss.clippedTargets}};
  if (llvm::Error error = addMetrics(std::move(line)))
    return error;
  if (ended)
    ended(status, TrainerEvent::Round);
  if (status.round % options.evaluateEvery == 0 &&
      !isDue(reserve() + evaluationSeconds)) {
    bool isCancelled = evaluate(std::numeric_limits<double>::infinity());
    if (isCancelled)
      return save();
    if (llvm::Error error = writeEvaluation())
      return error;
  }
  return save();
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Plays a program with the weights, and adds what comes of it to the
/// evaluation, unless the time is over before anything does.
void Trainer::Impl::evaluate(int32_t program, Evaluator &evaluator,
                             double until) {
  const TrainingSet::Entry &entry = set.entries()[program];
  auto stop = [&] { return tell() || seconds() >= until; };
  SolverOptions search;
  search.budget = std::max<int64_t>(options.teacherBudget, 1);
  search.seed = options.seed;
  search.cancelled = stop;
  double reference = set.reference(program, search);
  // Without any program there would be no evaluation: one is always played, if
  // only by the policy alone.
  bool isNeeded = evaluation.count == 0 && status.numEvaluated == 0;
  int32_t samples = isNeeded && stop() ? 0 : options.evaluationSamples;
  Stopwatch watch;
  auto played = set.play(program, evaluator, samples, options.seed, [&] {
    return isNeeded && samples == 0 ? tell() : stop();
  });
  evaluation.seconds += watch.seconds();
  if (!played)
    return;
  const Game &game = *entry.program;
  evaluation.logs += std::log(played->best / reference);
  evaluation.greedyLogs += std::log(game.greedyLatency() / reference);
  evaluation.slowLogs += std::log(game.slowLatency() / reference);
  ++evaluation.count;
  llvm::json::Object row{{"policy", played->policy},
                         {"best_of_samples", played->best},
                         {"greedy", game.greedyLatency()},
                         {"search", reference},
                         {"slow", game.slowLatency()}};
  if (auto elites = replay.elites(program); !elites.empty())
    row["archive"] = elites.front()->latency;
  evaluation.programs[entry.name] = std::move(row);
}

/// Plays all programs, or those for validation if there are any; the first
/// evaluation, as many of them as there is time for, and every later one the
/// same. True if cancelled.
bool Trainer::Impl::evaluate(double until) {
  status.doing = "evaluating";
  auto evaluator = makeEvaluator(learner.network());
  evaluation = Evaluation();
  bool isFirst = status.numEvaluated == 0;
  bool hasValidation =
      static_cast<int32_t>(set.trainable().size()) < set.size();
  for (int32_t i = 0; i < set.size(); ++i) {
    if (hasValidation && !set.entries()[i].isValidation)
      continue;
    if (tell())
      return true;
    if (isFirst ? evaluation.count > 0 && seconds() >= until
                : evaluation.count >= status.numEvaluated)
      break;
    evaluate(i, *evaluator, until);
  }
  evaluationSeconds = std::max(evaluationSeconds, evaluation.seconds);
  return tell();
}

/// What the evaluation says of the weights.
llvm::Error Trainer::Impl::writeEvaluation() {
  // Fewer programs than before compare with nothing.
  if (evaluation.count < std::max(status.numEvaluated, 1))
    return llvm::Error::success();
  bool isFirst = status.numEvaluated == 0;
  status.numEvaluated = evaluation.count;
  auto mean = [&](double logs) { return std::exp(logs / evaluation.count); };
  status.score = mean(evaluation.logs);
  status.greedyScore = mean(evaluation.greedyLogs);
  status.slowScore = mean(evaluation.slowLogs);
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
  status.seconds = seconds();
  if (llvm::Error error = addMetrics(
          llvm::json::Object{{"evaluation", std::move(evaluation.programs)},
                             {"round", status.round},
                             {"seconds", status.seconds},
                             {"cpu_seconds", cpuSeconds()},
                             {"score", status.score},
                             {"greedy_score", status.greedyScore},
                             {"slow_score", status.slowScore}}))
    return error;
  if (ended)
    ended(status, TrainerEvent::Evaluation);
  return llvm::Error::success();
}

llvm::Error Trainer::Impl::addMetrics(llvm::json::Value line) {
  std::error_code ec;
  llvm::raw_fd_ostream os(path("metrics.jsonl"), ec,
                          llvm::sys::fs::CD_OpenAlways, llvm::sys::fs::FA_Write,
                          llvm::sys::fs::OF_Append);
  if (ec)
    return fileError(path("metrics.jsonl"), 0, ec.message());
  os << line << '\n';
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

llvm::Error Trainer::Impl::save() {
  Stopwatch watch;
  std::vector<std::shared_ptr<const Trajectory>> elites;
  for (int32_t i = 0; i < set.size(); ++i)
    llvm::append_range(elites, replay.elites(i));
  std::string parts[] = {
      learner.network().serialize(), learner.serializeState(),
      serializeGames(elites, keys()), serializeGames(replay.recent(), keys()),
      floatsAsBytes(replay.priorities())};
  llvm::json::Array lengths;
  for (const std::string &part : parts)
    lengths.push_back(static_cast<int64_t>(part.size()));
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::json::Value(llvm::json::Object{
            {"version", kCheckpointVersion},
            {"programs", set.fingerprint()},
            {"seed", std::to_string(options.seed)},
            {"size", options.size.name},
            {"round", status.round},
            {"games", status.games},
            {"moves", status.moves},
            {"simulations", status.simulations},
            {"seconds", seconds()},
            {"cpu_seconds", cpuSeconds()},
            {"since_best", sinceBest},
            {"best_score", status.bestScore},
            {"first_score", status.firstScore},
            {"evaluated", status.numEvaluated},
            {"evaluated_steps", evaluatedSteps},
            {"evaluation_seconds", evaluationSeconds},
            {"references", llvm::json::Array(set.references())},
            {"value_error", valueError},
            {"taught", numTaught},
            {"parts", std::move(lengths)}})
     << '\n';
  for (const std::string &part : parts)
    os << part;
  if (llvm::Error error = writeFile(path("checkpoint"), text))
    return error;
  for (const std::string &file : taken)
    llvm::sys::fs::remove(file);
  taken.clear();
  if (llvm::Error error = writeFile(path("network.mempl"), parts[0]))
    return error;
  saveSeconds = std::max(saveSeconds, watch.seconds());
  return llvm::Error::success();
}

llvm::Error Trainer::Impl::restore() {
  std::string name = path("checkpoint");
  if (!llvm::sys::fs::exists(name))
    return llvm::Error::success();
  auto bytes = readFile(name);
  if (!bytes)
    return bytes.takeError();
  return restoreParts(*bytes, name);
}

llvm::Error Trainer::Impl::restoreParts(llvm::StringRef bytes,
                                        const std::string &name) {
  auto [line, rest] = bytes.split('\n');
  auto damaged = [&] { return fileError(name, 0, "damaged checkpoint"); };
  llvm::Expected<llvm::json::Value> header = llvm::json::parse(line);
  if (!header) {
    llvm::consumeError(header.takeError());
    return damaged();
  }
  const llvm::json::Object *object = header->getAsObject();
  if (!object)
    return damaged();
  auto integer = [&](llvm::StringRef key) {
    return object->getInteger(key).value_or(-1);
  };
  if (integer("version") != kCheckpointVersion)
    return fileError(
        name, 1,
        "a checkpoint of version " + llvm::Twine(integer("version")) +
            "; this mempl reads version " + llvm::Twine(kCheckpointVersion));
  if (object->getString("programs").value_or("") != set.fingerprint())
    return fileError(name, 1,
                     "a checkpoint of a run with other programs; give the same "
                     "ones, or another folder");
  if (object->getString("size").value_or("") != options.size.name)
    return fileError(name, 1,
                     "a checkpoint of a network of size '" +
                         object->getString("size").value_or("") + "'");
  const llvm::json::Array *lengths = object->getArray("parts");
  llvm::StringRef parts[5];
  if (!lengths || lengths->size() != std::size(parts))
    return damaged();
  for (size_t i = 0; i < std::size(parts); ++i) {
    auto length =
        static_cast<size_t>((*lengths)[i].getAsInteger().value_or(-1));
    if (length > rest.size())
      return damaged();
    parts[i] = rest.take_front(length);
    rest = rest.drop_front(length);
  }
  auto network = Network::deserialize(parts[0], name);
  if (!network)
    return network.takeError();
  learner.setWeights(*network);
  if (llvm::Error error = learner.restoreState(parts[1], name))
    return error;
  for (size_t i : {2, 3}) {
    auto games = deserializeGames(
        parts[i], name, [&](llvm::StringRef key) { return set.find(key); });
    if (!games)
      return games.takeError();
    for (Trajectory &t : *games)
      replay.add(std::move(t), /*onlyElite=*/i == 2);
  }
  replay.restorePriorities(floatsFromBytes(parts[4]));
  status.round = integer("round");
  status.games = integer("games");
  status.moves = integer("moves");
  status.simulations = integer("simulations");
  status.steps = learner.numSteps();
  status.bestScore = object->getNumber("best_score").value_or(0);
  sinceBest = static_cast<int32_t>(integer("since_best"));
  valueError = object->getNumber("value_error").value_or(1);
  secondsBefore = object->getNumber("seconds").value_or(0);
  cpuSecondsBefore = object->getNumber("cpu_seconds").value_or(0);
  numTaught = static_cast<int32_t>(object->getInteger("taught").value_or(0));
  // What an evaluation needs to compare with earlier ones.
  status.firstScore = object->getNumber("first_score").value_or(0);
  evaluatedSteps = integer("evaluated_steps");
  evaluationSeconds = object->getNumber("evaluation_seconds").value_or(0);
  const llvm::json::Array *references = object->getArray("references");
  if (references && references->size() == static_cast<size_t>(set.size())) {
    status.numEvaluated =
        static_cast<int32_t>(object->getInteger("evaluated").value_or(0));
    for (int32_t i = 0; i < set.size(); ++i)
      set.restoreReference(i, (*references)[i].getAsNumber().value_or(0));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Trainer
//===----------------------------------------------------------------------===//

/// All of a session.
llvm::Error Trainer::Impl::train() {
  // Whatever happens next, there is something to use.
  if (!llvm::sys::fs::exists(path("best.mempl")))
    if (llvm::Error error = learner.network().save(path("best.mempl")))
      return error;
  if (status.numEvaluated == 0) {
    if (evaluate(shareOfTime(kFirstShare)))
      return llvm::Error::success();
    if (llvm::Error error = writeEvaluation())
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
    if (llvm::Error error = round())
      return error;
    if (cancelled && cancelled())
      return llvm::Error::success();
  }
  if (evaluatedSteps == status.steps)
    return llvm::Error::success();
  // The time for this was set aside; a machine that has slowed down since gets
  // a little more.
  bool isTimed = options.maxSeconds > 0;
  if (evaluate(isTimed ? kLatest * options.maxSeconds
                       : std::numeric_limits<double>::infinity()))
    return llvm::Error::success();
  if (llvm::Error error = writeEvaluation())
    return error;
  return save();
}

Trainer::Trainer() = default;
Trainer::~Trainer() = default;

llvm::Expected<std::unique_ptr<Trainer>>
Trainer::create(std::vector<TrainingProgram> programs,
                const TrainerOptions &options, std::string folder) {
  Stopwatch session, sessionCpu(/*ofCpu=*/true);
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
  trainer->impl = std::make_unique<Impl>(std::move(*set), options,
                                         std::move(folder), std::move(network));
  Impl &impl = *trainer->impl;
  impl.session = session;
  impl.sessionCpu = sessionCpu;
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
  impl->status.seconds = impl->seconds();
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
