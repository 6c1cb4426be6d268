//===- Game.cpp - mallocGame for C ----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Game.h"

#include "Wrap.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;
using namespace mempl::capi;

static_assert(MEMPL_NUM_ACTIONS == kNumActions);
static_assert(static_cast<int>(FeatureGroup::Program) == MemplFeaturesProgram &&
              static_cast<int>(FeatureGroup::Profile) == MemplFeaturesProfile &&
              static_cast<int>(FeatureGroup::Near) == MemplFeaturesNear &&
              static_cast<int>(FeatureGroup::Scalars) == MemplFeaturesScalars);

static MemplGame giveGame(std::unique_ptr<GameState> state) {
  Observer observer(state->sharedProgram());
  return {new GameHandle{std::move(state), std::move(observer), {}}};
}

static GameState &stateOf(MemplGame game) { return *unwrap(game)->state; }

MemplGame memplGameCreate(MemplInstance instance, MemplDecisionOrder order,
                          MemplMoveSize moves, char **error) {
  GameOptions options;
  options.order = static_cast<DecisionOrder>(order);
  options.moves = static_cast<MoveSize>(moves);
  auto program = Game::create(*unwrap(instance), options);
  if (!program) {
    fail(error, llvm::toString(program.takeError()));
    return {nullptr};
  }
  succeed(error);
  return giveGame(std::make_unique<GameState>(std::move(*program)));
}

MemplGame memplGameClone(MemplGame game) {
  return giveGame(stateOf(game).clone());
}

void memplGameDestroy(MemplGame game) { delete unwrap(game); }

bool memplGameIsOver(MemplGame game) { return stateOf(game).isOver(); }

uint32_t memplGameGetLegalActions(MemplGame game) {
  return stateOf(game).legalActions();
}

MemplDecision memplGameGetDecision(MemplGame game) {
  const GameState &state = stateOf(game);
  const DecisionNode &node = state.decision();
  return {state.decisionNode(), node.value, node.step, node.use < 0};
}

bool memplGameApply(MemplGame game, MemplAction action, double *reward) {
  GameState &state = stateOf(game);
  auto a = static_cast<Action>(action);
  if (static_cast<unsigned>(action) >= MEMPL_NUM_ACTIONS || !state.isLegal(a))
    return false;
  double saved = state.apply(a);
  if (reward)
    *reward = saved;
  return true;
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

int32_t memplGameGetNumDecisions(MemplGame game) {
  return stateOf(game).numDecisions();
}

double memplGameGetLatency(MemplGame game) { return stateOf(game).latency(); }

double memplGameGetTotalReward(MemplGame game) {
  return stateOf(game).totalReward();
}

double memplGameGetScale(MemplGame game) {
  return stateOf(game).program().scale();
}

uint64_t memplGameGetHash(MemplGame game) { return stateOf(game).hash(); }

MemplPlan memplGameCreatePlan(MemplGame game) {
  Plan plan = stateOf(game).plan();
  plan.instance = stateOf(game).program().instance().name;
  return give(std::move(plan));
}

MemplObservationShape memplGetObservationShape() {
  return {Observation::kNumChannels, Observation::kNumBins,
          Observation::kNumNear, Observation::kNearScalars,
          Observation::kNumScalars};
}

int32_t memplGetNumFeatures(MemplFeatureGroup group) {
  return static_cast<int32_t>(
      featuresOf(static_cast<FeatureGroup>(group)).size());
}

MemplFeature memplGetFeature(MemplFeatureGroup group, int32_t index) {
  const Feature &f = featuresOf(static_cast<FeatureGroup>(group))[index];
  return {f.name.data(), f.description.data(), f.low, f.high};
}

void memplGameObserve(MemplGame game, float *profile, int32_t *nearNodes,
                      float *near, float *scalars) {
  GameHandle &g = *unwrap(game);
  g.observer.observe(*g.state, g.seen);
  llvm::copy(g.seen.profile, profile);
  llvm::copy(g.seen.nearNodes, nearNodes);
  llvm::copy(g.seen.near, near);
  llvm::copy(g.seen.scalars, scalars);
}

const float *memplGameGetFeatures(MemplGame game, int32_t *numRows,
                                  int32_t *numColumns) {
  const ProgramFeatures &features = stateOf(game).program().features();
  *numRows = features.numRows();
  *numColumns = ProgramFeatures::kNumColumns;
  return features.values().data();
}
