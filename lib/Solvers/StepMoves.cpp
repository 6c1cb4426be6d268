//===- StepMoves.cpp - moves in the order of steps ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepMoves.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace mempl;

/// Steps over which a move goes at most, and how many steps are tried for one.
static constexpr int32_t kLongest = 128;
static constexpr int kTries = 8;

StepMove mempl::moveOfStep(int32_t from, int32_t to) {
  StepMove move;
  move.first = std::min(from, to);
  int32_t count = std::abs(to - from) + 1;
  for (int32_t k = 0; k < count; ++k)
    move.places.push_back(from < to ? k - 1 : k + 1);
  move.places[from - move.first] = to - move.first;
  return move;
}

/// The move that puts the chosen steps of [first, first + isChosen.size())
/// before the others, or behind them.
static StepMove partition(int32_t first, llvm::ArrayRef<bool> isChosen,
                          bool chosenFirst) {
  StepMove move;
  auto numChosen = static_cast<int32_t>(llvm::count(isChosen, true));
  auto count = static_cast<int32_t>(isChosen.size());
  if (numChosen == count)
    return move;
  move.first = first;
  int32_t nextChosen = chosenFirst ? 0 : count - numChosen;
  int32_t nextOther = chosenFirst ? numChosen : 0;
  for (bool chosen : isChosen)
    move.places.push_back(chosen ? nextChosen++ : nextOther++);
  return move;
}

StepMove mempl::moveEarlier(const ReorderableProgram &program, int32_t from,
                            int32_t to) {
  llvm::SmallVector<bool, 64> isNeeded(from - to + 1, false);
  isNeeded.back() = true;
  for (int32_t place = from; place > to; --place) {
    if (!isNeeded[place - to])
      continue;
    for (int32_t step : program.dependencies().before(program.stepAt(place)))
      if (int32_t other = program.placeOf(step); other >= to)
        isNeeded[other - to] = true;
  }
  return partition(to, isNeeded, /*chosenFirst=*/true);
}

StepMove mempl::moveLater(const ReorderableProgram &program, int32_t from,
                          int32_t to) {
  llvm::SmallVector<bool, 64> needsIt(to - from + 1, false);
  needsIt.front() = true;
  for (int32_t place = from; place < to; ++place) {
    if (!needsIt[place - from])
      continue;
    for (int32_t step : program.dependencies().after(program.stepAt(place)))
      if (int32_t other = program.placeOf(step); other <= to)
        needsIt[other - from] = true;
  }
  return partition(from, needsIt, /*chosenFirst=*/false);
}

/// From 1 to `most`, small numbers rather than large ones.
static int32_t randomDistance(int32_t most, Random &random) {
  double x = std::exp(random.uniform() * std::log(most + 1.0));
  return std::clamp(static_cast<int32_t>(x), 1, most);
}

/// A step to another place between those that it depends on and those that
/// depend on it. Most steps have no other.
static StepMove moveOne(const ReorderableProgram &program, Random &random) {
  int32_t n = program.index().numSteps();
  for (int tries = 0; tries < kTries; ++tries) {
    auto from = static_cast<int32_t>(random.below(n));
    bool isLater = random.chance(0.5);
    int32_t room = isLater ? program.lastPlaceFor(from) - from
                           : from - program.firstPlaceFor(from);
    if (room == 0)
      continue;
    int32_t distance = randomDistance(std::min(room, kLongest), random);
    return moveOfStep(from, isLater ? from + distance : from - distance);
  }
  return {};
}

/// A step further than it could alone.
static StepMove moveWithOthers(const ReorderableProgram &program,
                               Random &random) {
  int32_t n = program.index().numSteps();
  auto from = static_cast<int32_t>(random.below(n));
  bool isLater = random.chance(0.5);
  int32_t room = isLater ? n - 1 - from : from;
  if (room == 0)
    return {};
  int32_t distance = randomDistance(std::min(room, kLongest), random);
  return isLater ? moveLater(program, from, from + distance)
                 : moveEarlier(program, from, from - distance);
}

/// Two steps that access one value, one after the other, nearer to each other.
static StepMove moveTogether(const ReorderableProgram &program,
                             Random &random) {
  const AccessIndex &index = program.index();
  auto use = static_cast<int32_t>(random.below(index.numUses()));
  if (use + 1 == index.endUse(index.use(use).value))
    return {};
  int32_t before = index.use(use).step, after = index.use(use + 1).step;
  if (after - before < 2)
    return {};
  int32_t distance =
      randomDistance(std::min(after - before - 1, kLongest), random);
  if (random.chance(0.5))
    distance = std::min(after - before - 1, kLongest);
  return random.chance(0.5) ? moveLater(program, before, before + distance)
                            : moveEarlier(program, after, after - distance);
}

StepMove mempl::randomStepMove(const ReorderableProgram &program,
                               Random &random) {
  if (program.index().numSteps() < 2)
    return {};
  uint64_t kind = random.below(100);
  if (kind < 50)
    return moveOne(program, random);
  if (kind < 75)
    return moveWithOthers(program, random);
  return moveTogether(program, random);
}
