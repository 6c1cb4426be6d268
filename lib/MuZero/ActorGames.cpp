//===- ActorGames.cpp - games that other processes left -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ActorGames.h"

#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"

using namespace mempl;

/// The files of a folder with games, by name.
static std::vector<std::string> filesIn(const std::string &folder) {
  std::error_code ec;
  std::vector<std::string> files;
  for (llvm::sys::fs::directory_iterator it(folder, ec), end; it != end && !ec;
       it.increment(ec))
    if (llvm::StringRef(it->path()).ends_with(".games"))
      files.push_back(it->path());
  llvm::sort(files);
  return files;
}

static std::vector<Trajectory> gamesIn(const std::string &file,
                                       const TrainingSet &set) {
  auto bytes = readFile(file);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  auto games = deserializeGames(
      *bytes, file, [&](llvm::StringRef key) { return set.find(key); });
  if (!games) {
    llvm::consumeError(games.takeError());
    return {};
  }
  llvm::erase_if(*games, [&](Trajectory &t) {
    const TrainingSet::Entry &entry = set.entries()[t.program];
    GameState game(entry.program);
    return entry.isValidation || !playAgain(game, t);
  });
  return std::move(*games);
}

std::vector<Trajectory> ActorGames::take(const TrainingSet &set) {
  std::vector<Trajectory> games;
  for (const std::string &file : filesIn(folder))
    if (taken.insert(file).second)
      for (Trajectory &t : gamesIn(file, set))
        games.push_back(std::move(t));
  return games;
}

void ActorGames::removeTaken() {
  for (const std::string &file : taken)
    llvm::sys::fs::remove(file);
  taken.clear();
}
