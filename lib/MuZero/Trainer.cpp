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
  double seconds() const { return secondsBefore + sitting.seconds(); }
  double cpuSeconds() const { return cpuSecondsBefore + sittingCpu.seconds(); }
  bool isOver() const;
  bool tell();

  bool teach();
  bool playRound(std::vector<Trajectory> &games);
  bool polish();
  void takeFromActors();
  bool evaluate();
  llvm::Error round();
  llvm::Error save();
  llvm::Error restore();
  llvm::Error restoreParts(llvm::StringRef bytes, const std::string &name);
  llvm::Error addMetrics(llvm::json::Value line);

  TrainingSet set;
  TrainerOptions options;
  std::string folder;
  Replay replay;
  Learner learner;
  TrainerStatus status;
  /// Files of other processes whose games are in the replay but in no
  /// checkpoint yet.
  std::set<std::string> taken;
  bool hasTeachers = false;
  int32_t sinceBest = 0;
  double valueError = 1; ///< Of the network, in the last round.
  double secondsBefore = 0, cpuSecondsBefore = 0; ///< In earlier sittings.
  Stopwatch sitting, sittingCpu{/*ofCpu=*/true};
  std::function<bool()> cancelled;
  std::function<void(const TrainerStatus &)> progress;
};

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

bool Trainer::Impl::isOver() const {
  return (options.maxRounds > 0 && status.round >= options.maxRounds) ||
         (options.maxSeconds > 0 && seconds() >= options.maxSeconds) ||
         (options.patience > 0 && sinceBest >= options.patience);
}

/// Tells how things stand; true if the user wants to stop.
bool Trainer::Impl::tell() {
  status.seconds = seconds();
  if (progress)
    progress(status);
  return cancelled && cancelled();
}

/// Plans of `search` for every program to learn from. True if cancelled.
bool Trainer::Impl::teach() {
  status.doing = "teachers";
  for (int32_t i = 0; i < set.size(); ++i)
    for (int32_t k = 0; k < options.teachers; ++k) {
      if (tell())
        return true;
      if (set.entries()[i].isValidation)
        break;
      SolverOptions search;
      search.budget = options.teacherBudget;
      search.seed = options.seed + static_cast<uint64_t>(k);
      if (std::optional<Trajectory> game = set.imitate(i, search))
        replay.add(std::move(*game), /*onlyElite=*/true);
    }
  hasTeachers = true;
  return false;
}

/// Workers play while the learner learns. True if cancelled; then nothing of
/// the round is kept but the steps of the learner.
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
  auto work = [&] {
    useOneTorchThread();
    for (;;) {
      uint64_t begin = slots * nextGroup++;
      if (stop || begin >= games.size())
        return;
      auto evaluator = makeEvaluator(weights);
      SelfPlay selfPlay(*evaluator, play, options.seed + first);
      selfPlay.setWeightsVersion(version);
      auto next = [&](uint64_t k, uint64_t &number,
                      int32_t &program) -> std::shared_ptr<const GameProgram> {
        number = begin + k;
        if (k >= slots || number >= games.size())
          return nullptr;
        program = trainable[(first + number) % trainable.size()];
        return set.entries()[program].program;
      };
      auto finished = [&](MallocGame &, uint64_t number, Trajectory t) {
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
  for (; steps < options.stepsPerRound && !replay.empty() && !isCancelled;
       ++steps) {
    add(sum, learner.step(replay), 1);
    isCancelled = tell();
  }
  stop = isCancelled;
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
bool Trainer::Impl::polish() {
  std::vector<int32_t> trainable = set.trainable();
  int32_t program =
      trainable[static_cast<size_t>(status.round) % trainable.size()];
  auto elites = replay.elites(program);
  if (options.polishBudget == 0 || elites.empty())
    return false;
  SolverOptions search;
  search.budget = options.polishBudget;
  search.seed = options.seed + static_cast<uint64_t>(status.round);
  search.start =
      std::make_shared<Plan>(set.planOf(program, elites.front()->actions));
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
        MallocGame game(set.entries()[t.program].program);
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
  double sum = 0;
  for (Trajectory &t : games) {
    sum += t.totalReturn;
    ++status.games;
    status.moves += t.length();
    replay.add(std::move(t));
  }
  status.meanReturn =
      games.empty() ? 0 : sum / static_cast<double>(games.size());
  takeFromActors();
  if (polish())
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
  if (status.round % options.evaluateEvery == 0 && evaluate())
    return llvm::Error::success();
  return save();
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Plays all programs, or those for validation if there are any. True if
/// cancelled.
bool Trainer::Impl::evaluate() {
  status.doing = "evaluating";
  auto evaluator = makeEvaluator(learner.network());
  double logs = 0;
  int32_t count = 0;
  llvm::json::Object programs;
  bool hasValidation =
      static_cast<int32_t>(set.trainable().size()) < set.size();
  for (int32_t i = 0; i < set.size(); ++i) {
    const TrainingSet::Entry &entry = set.entries()[i];
    if (hasValidation && !entry.isValidation)
      continue;
    if (tell())
      return true;
    TrainingSet::Played played =
        set.play(i, *evaluator, options.evaluationSamples, options.seed);
    SolverOptions search;
    search.budget = std::max<int64_t>(options.teacherBudget, 1);
    double reference = set.reference(i, search);
    logs += std::log(played.best / reference);
    ++count;
    llvm::json::Object row{{"policy", played.policy},
                           {"best_of_samples", played.best},
                           {"greedy", entry.program->greedyLatency()},
                           {"search", reference},
                           {"slow", entry.program->slowLatency()}};
    if (auto elites = replay.elites(i); !elites.empty())
      row["archive"] = elites.front()->latency;
    programs[entry.name] = std::move(row);
  }
  status.score = count > 0 ? std::exp(logs / count) : 1;
  ++sinceBest;
  if (status.bestScore == 0 || status.score < status.bestScore) {
    status.bestScore = status.score;
    sinceBest = 0;
    llvm::consumeError(learner.network().save(path("best.mempl")));
  }
  llvm::consumeError(
      addMetrics(llvm::json::Object{{"evaluation", std::move(programs)},
                                    {"round", status.round},
                                    {"seconds", seconds()},
                                    {"cpu_seconds", cpuSeconds()},
                                    {"score", status.score}}));
  return false;
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
  os << llvm::json::Value(
            llvm::json::Object{{"version", kCheckpointVersion},
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
                               {"value_error", valueError},
                               {"teachers", hasTeachers},
                               {"parts", std::move(lengths)}})
     << '\n';
  for (const std::string &part : parts)
    os << part;
  if (llvm::Error error = writeFile(path("checkpoint"), text))
    return error;
  for (const std::string &file : taken)
    llvm::sys::fs::remove(file);
  taken.clear();
  return writeFile(path("network.mempl"), parts[0]);
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
  hasTeachers = object->getBoolean("teachers").value_or(false);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Trainer
//===----------------------------------------------------------------------===//

Trainer::Trainer() = default;
Trainer::~Trainer() = default;

llvm::Expected<std::unique_ptr<Trainer>>
Trainer::create(std::vector<TrainingProgram> programs,
                const TrainerOptions &options, std::string folder) {
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
  if (std::error_code ec =
          llvm::sys::fs::create_directories(impl.path("games")))
    return fileError(impl.folder, 0, ec.message());
  if (llvm::Error error = impl.restore())
    return std::move(error);
  return trainer;
}

llvm::Error
Trainer::run(const std::function<bool()> &cancelled,
             const std::function<void(const TrainerStatus &)> &progress) {
  impl->cancelled = cancelled;
  impl->progress = progress;
  impl->sitting = Stopwatch();
  impl->sittingCpu = Stopwatch(/*ofCpu=*/true);
  if (!impl->hasTeachers && impl->options.teacherBudget > 0) {
    if (impl->teach())
      return llvm::Error::success();
    if (llvm::Error error = impl->save())
      return error;
  }
  while (!impl->isOver()) {
    if (llvm::Error error = impl->round())
      return error;
    if (cancelled && cancelled())
      break;
  }
  impl->status.seconds = impl->seconds();
  return llvm::Error::success();
}

const TrainerStatus &Trainer::status() const { return impl->status; }
const Network &Trainer::network() const { return impl->learner.network(); }

std::optional<double> Trainer::bestLatency(int32_t program) const {
  auto elites = impl->replay.elites(program);
  if (elites.empty())
    return std::nullopt;
  return elites.front()->latency;
}
