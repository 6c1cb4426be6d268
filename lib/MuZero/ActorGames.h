//===- ActorGames.h - games that other processes left -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The folder of a run into which actors put their games. Files stay until a
// checkpoint has what was in them, so that nothing is lost when training ends
// before.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_ACTORGAMES_H
#define MEMPL_LIB_MUZERO_ACTORGAMES_H

#include "TrainingSet.h"

#include <set>

namespace mempl {

class ActorGames {
public:
  explicit ActorGames(std::string folder) : folder(std::move(folder)) {}

  /// The games of files that were not there before, played again; what is
  /// damaged or not of these programs is dropped.
  std::vector<Trajectory> take(const TrainingSet &set);
  /// Removes the files that were taken.
  void removeTaken();

private:
  std::string folder;
  std::set<std::string> taken;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_ACTORGAMES_H
