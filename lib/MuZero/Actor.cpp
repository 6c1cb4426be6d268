//===- Actor.cpp - games for a learner elsewhere --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One thread. What connects actor and learner is not its business, but for the
// simplest way, files in the folder of the run: runActor().
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Actor.h"

#include "TrainingSet.h"

#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <chrono>
#include <thread>

using namespace mempl;

// Spreads the seeds of batches.
static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;

struct Actor::Impl {
  TrainingSet set;
  std::vector<int32_t> trainable;
  SelfPlayOptions selfPlay;
};

Actor::Actor() = default;
Actor::~Actor() = default;

llvm::Expected<std::unique_ptr<Actor>>
Actor::create(std::vector<TrainingProgram> programs,
              const TrainerOptions &options) {
  useOneTorchThread();
  auto set = TrainingSet::create(std::move(programs), options.game);
  if (!set)
    return set.takeError();
  std::vector<int32_t> trainable = set->trainable();
  if (trainable.empty())
    return llvm::createStringError("no program to train on");
  std::unique_ptr<Actor> actor(new Actor());
  actor->impl = std::make_unique<Impl>(
      Impl{std::move(*set), std::move(trainable), options.selfPlay});
  return actor;
}

std::string Actor::play(const Network &network, uint64_t seed, uint64_t batch,
                        int64_t count,
                        const std::function<bool()> &cancelled) const {
  auto evaluator = makeEvaluator(network);
  SelfPlay selfPlay(*evaluator, impl->selfPlay, seed + batch * kGolden);
  std::vector<std::shared_ptr<const Trajectory>> games;
  auto next = [&](uint64_t k, uint64_t &,
                  int32_t &program) -> std::shared_ptr<const Game> {
    program = impl->trainable[(k + batch) % impl->trainable.size()];
    return k < static_cast<uint64_t>(count)
               ? impl->set.entries()[program].program
               : nullptr;
  };
  auto finished = [&](GameState &, uint64_t, Trajectory t) {
    games.push_back(std::make_shared<const Trajectory>(std::move(t)));
  };
  while (selfPlay.step(next, finished))
    if (cancelled && cancelled())
      return std::string();
  return serializeGames(games,
                        [&](int32_t i) { return impl->set.entries()[i].key; });
}

llvm::Expected<int64_t> Actor::check(llvm::StringRef bytes,
                                     llvm::StringRef name) const {
  auto games = deserializeGames(
      bytes, name, [&](llvm::StringRef key) { return impl->set.find(key); });
  if (!games)
    return games.takeError();
  int64_t count = 0;
  for (Trajectory &t : *games) {
    const TrainingSet::Entry &entry = impl->set.entries()[t.program];
    GameState game(entry.program);
    if (entry.isValidation || !playAgain(game, t))
      return fileError(name, 0,
                       "expected games of " + entry.name +
                           " that can be played and trained on");
    ++count;
  }
  return count;
}

llvm::Error mempl::runActor(std::vector<TrainingProgram> programs,
                            const TrainerOptions &options,
                            const std::string &folder, llvm::StringRef name,
                            int64_t maxGames,
                            const std::function<bool()> &cancelled) {
  Stopwatch watch;
  auto isOver = [&] {
    return (cancelled && cancelled()) ||
           (options.maxSeconds > 0 &&
            options.secondsBefore + watch.seconds() >= options.maxSeconds);
  };
  auto actor = Actor::create(std::move(programs), options);
  if (!actor)
    return actor.takeError();
  auto pathIn = [&](const llvm::Twine &file) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, file);
    return path.str().str();
  };
  uint64_t seed = options.seed ^ llvm::xxh3_64bits(name);
  int64_t played = 0;
  for (uint64_t batch = 0; maxGames == 0 || played < maxGames; ++batch) {
    if (isOver())
      break;
    // The learner renames whole files, so there is never half of one.
    std::string weights = pathIn("network.mempl");
    if (!llvm::sys::fs::exists(weights)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    auto network = Network::load(weights);
    if (!network)
      return network.takeError();
    int64_t count = options.selfPlay.slots;
    if (maxGames > 0)
      count = std::min(count, maxGames - played);
    std::string bytes = (*actor)->play(*network, seed, batch, count, isOver);
    if (bytes.empty())
      break;
    played += count;
    if (llvm::Error error = writeFile(
            pathIn("games/" + name + "-" + llvm::Twine(batch) + ".games"),
            bytes))
      return error;
  }
  return llvm::Error::success();
}
