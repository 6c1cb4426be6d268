//===- Game.cpp - mallocGame for C ----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Game.h"

#include "Wrap.h"

#include "mempl/Game/Features.h"
#include "mempl/Game/GameState.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;
using namespace mempl::capi;

static_assert(static_cast<int>(Action::Stop) == MemplActionStop &&
              static_cast<int>(Action::Place) == MemplActionPlace &&
              static_cast<int>(Action::Extend) == MemplActionExtend &&
              static_cast<int>(Action::TakeOut) == MemplActionTakeOut &&
              static_cast<int>(Action::Carry) == MemplActionCarry);
static_assert(static_cast<int>(FeatureGroup::Segment) == MemplFeaturesSegment &&
              static_cast<int>(FeatureGroup::Program) == MemplFeaturesProgram &&
              static_cast<int>(FeatureGroup::Node) == MemplFeaturesNode &&
              static_cast<int>(FeatureGroup::State) == MemplFeaturesState);

static GameState &stateOf(MemplGame game) {
  return *static_cast<GameState *>(game.ptr);
}

MemplGame memplGameCreate(MemplInstance instance, char **error) {
  auto game = Game::create(*unwrap(instance));
  if (!game) {
    fail(error, llvm::toString(game.takeError()));
    return {nullptr};
  }
  succeed(error);
  return {new GameState(std::move(*game))};
}

MemplGame memplGameClone(MemplGame game) {
  return {stateOf(game).clone().release()};
}

void memplGameDestroy(MemplGame game) {
  delete static_cast<GameState *>(game.ptr);
}

bool memplGameIsOver(MemplGame game) { return stateOf(game).isOver(); }

int32_t memplGameGetNumActions(MemplGame game) {
  return stateOf(game).game().numActions();
}

MemplAction memplGameGetAction(MemplGame game, int32_t number) {
  const Game &shared = stateOf(game).game();
  Action a = shared.action(number);
  if (a.kind == Action::Stop)
    return {MemplActionStop, -1, -1, -1, -1};
  const UseIntervalNode &node = shared.forest().node(a.node);
  return {static_cast<MemplActionKind>(a.kind), a.node, node.value,
          shared.index().use(node.interval.first).step,
          shared.index().use(node.interval.last).step};
}

bool memplGameIsLegal(MemplGame game, int32_t number) {
  GameState &state = stateOf(game);
  return number >= 0 && number < state.game().numActions() &&
         state.isLegal(state.game().action(number));
}

void memplGameGetLegalActions(MemplGame game, uint8_t *mask) {
  GameState &state = stateOf(game);
  std::fill_n(mask, state.game().numActions(), uint8_t(0));
  for (Action a : state.legalActions())
    mask[state.game().numberOf(a)] = 1;
}

bool memplGameApply(MemplGame game, int32_t number, double *reward) {
  GameState &state = stateOf(game);
  if (number < 0 || number >= state.game().numActions())
    return false;
  std::optional<double> saved = state.tryApply(state.game().action(number));
  if (saved && reward)
    *reward = *saved;
  return saved.has_value();
}

bool memplGameUndo(MemplGame game) {
  if (stateOf(game).numApplied() == 0)
    return false;
  stateOf(game).undo();
  return true;
}

void memplGameRestart(MemplGame game) { stateOf(game).restart(); }

int32_t memplGameGetNumApplied(MemplGame game) {
  return stateOf(game).numApplied();
}

double memplGameGetLatency(MemplGame game) { return stateOf(game).latency(); }

double memplGameGetTotalReward(MemplGame game) {
  return stateOf(game).totalReward();
}

double memplGameGetScale(MemplGame game) {
  return stateOf(game).game().scale();
}

uint64_t memplGameGetHash(MemplGame game) { return stateOf(game).hash(); }

MemplPlan memplGameCreatePlan(MemplGame game) {
  return give(stateOf(game).planIfStopped());
}

int32_t memplGetNumFeatures(MemplFeatureGroup group) {
  return static_cast<int32_t>(
      featuresOf(static_cast<FeatureGroup>(group)).size());
}

MemplFeature memplGetFeature(MemplFeatureGroup group, int32_t index) {
  const Feature &f = featuresOf(static_cast<FeatureGroup>(group))[index];
  return {f.name.data(), f.description.data()};
}

int32_t memplGameGetNumSegments(MemplGame game) {
  return stateOf(game).game().numNodes();
}

void memplGameObserve(MemplGame game, MemplFeatureGroup group, float *rows) {
  stateOf(game).observe(
      static_cast<FeatureGroup>(group),
      {rows, stateOf(game).numObserved(static_cast<FeatureGroup>(group))});
}
