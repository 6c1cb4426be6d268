//===-- mempl-c/Game.h - Placement as a game ----------------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mallocGame: the player goes through the accesses of a program and chooses for
// each value whether it stays in fast memory, is copied in, or is dropped.
// include/mempl/Game/GameState.h has the rules.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_GAME_H
#define MEMPL_C_GAME_H

#include "mempl-c/Problem.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A state of the game, with the way that led to it.
typedef struct MemplGame {
  void *ptr;
} MemplGame;

static inline bool memplGameIsNull(MemplGame g) { return !g.ptr; }

/// An answer.
typedef enum MemplAction {
  MemplActionNoCopy = 0, ///< In fast memory, without a copy.
  MemplActionCopy = 1,   ///< In fast memory, by a copy in.
  MemplActionDrop = 2    ///< In slow memory.
} MemplAction;

/// How many actions there are.
#define MEMPL_NUM_ACTIONS 3

/// The order in which accesses come up.
typedef enum MemplDecisionOrder {
  MemplOrderProgram = 0,     ///< Step by step.
  MemplOrderValueDensity = 1 ///< Value by value, the most valuable first.
} MemplDecisionOrder;

/// What one action decides.
typedef enum MemplMoveSize {
  MemplMovesUse = 0,  ///< One access.
  MemplMovesValue = 1 ///< All accesses of a value.
} MemplMoveSize;

/// An open question.
typedef struct MemplDecision {
  int32_t node;  ///< Its number: the row of memplGameGetFeatures().
  int32_t value; ///< Index of the value that it is about.
  int32_t step;  ///< Of the access; 0 if it asks about a carried value.
  bool isCarry;  ///< Whether it asks if a value is kept from run to run.
} MemplDecision;

/// The first state of a game about a valid instance, which is copied. Null on
/// failure: what is constrained to be fast cannot be placed.
MEMPL_CAPI_EXPORTED MemplGame memplGameCreate(MemplInstance instance,
                                              MemplDecisionOrder order,
                                              MemplMoveSize moves,
                                              char **error);

/// The same state, independent of this one.
MEMPL_CAPI_EXPORTED MemplGame memplGameClone(MemplGame game);

/// Null is allowed.
MEMPL_CAPI_EXPORTED void memplGameDestroy(MemplGame game);

//===----------------------------------------------------------------------===//
// Play
//===----------------------------------------------------------------------===//

/// Whether nothing is left to decide.
MEMPL_CAPI_EXPORTED bool memplGameIsOver(MemplGame game);

/// The legal actions: bit `1 << action`. Drop and at least one more, or 0 if
/// the game is over.
MEMPL_CAPI_EXPORTED uint32_t memplGameGetLegalActions(MemplGame game);

/// The open question; the game must not be over.
MEMPL_CAPI_EXPORTED MemplDecision memplGameGetDecision(MemplGame game);

/// Plays an action, and every forced one after it. `reward`, which may be null,
/// gets the seconds of latency that this saves. False, and nothing is changed,
/// if the action is not legal.
MEMPL_CAPI_EXPORTED bool memplGameApply(MemplGame game, MemplAction action,
                                        double *reward);

/// Takes back the last action. False if there is none.
MEMPL_CAPI_EXPORTED bool memplGameUndo(MemplGame game);

/// Takes back all actions.
MEMPL_CAPI_EXPORTED void memplGameRestart(MemplGame game);

//===----------------------------------------------------------------------===//
// Questions about the state
//===----------------------------------------------------------------------===//

/// Actions that lead from the first state here.
MEMPL_CAPI_EXPORTED int32_t memplGameGetNumApplied(MemplGame game);
/// Most questions that a game of this program can ask.
MEMPL_CAPI_EXPORTED int32_t memplGameGetNumDecisions(MemplGame game);
/// Seconds; what is undecided is in slow memory.
MEMPL_CAPI_EXPORTED double memplGameGetLatency(MemplGame game);
/// Sum of the rewards so far, seconds.
MEMPL_CAPI_EXPORTED double memplGameGetTotalReward(MemplGame game);
/// Seconds to divide rewards by, so that those of all programs are comparable:
/// what the solver `greedy` saves. Positive.
MEMPL_CAPI_EXPORTED double memplGameGetScale(MemplGame game);
/// Equal for equal states; for others different but for chance.
MEMPL_CAPI_EXPORTED uint64_t memplGameGetHash(MemplGame game);
/// A valid plan, in which everything undecided is dropped. The caller ends it.
MEMPL_CAPI_EXPORTED MemplPlan memplGameCreatePlan(MemplGame game);

//===----------------------------------------------------------------------===//
// What a network sees; docs/Observation.md has the meaning of the numbers. All
// are finite and of a magnitude of at most 10.
//===----------------------------------------------------------------------===//

/// Sizes of the arrays of an observation, the same for all programs.
typedef struct MemplObservationShape {
  int32_t numChannels;    ///< Rows of `profile`.
  int32_t numBins;        ///< Columns of `profile`.
  int32_t numNear;        ///< Entries of `nearNodes`, rows of `near`.
  int32_t numNearScalars; ///< Columns of `near`.
  int32_t numScalars;     ///< Entries of `scalars`.
} MemplObservationShape;

MEMPL_CAPI_EXPORTED MemplObservationShape memplGetObservationShape(void);

/// The arrays whose numbers have names.
typedef enum MemplFeatureGroup {
  MemplFeaturesProgram = 0, ///< Columns of memplGameGetFeatures().
  MemplFeaturesProfile = 1, ///< Rows of `profile`.
  MemplFeaturesNear = 2,    ///< Columns of `near`.
  MemplFeaturesScalars = 3  ///< Entries of `scalars`.
} MemplFeatureGroup;

/// What a number is. The strings are valid for ever.
typedef struct MemplFeature {
  const char *name;
  const char *description;
  float low, high; ///< The smallest and the largest that it can be.
} MemplFeature;

MEMPL_CAPI_EXPORTED int32_t memplGetNumFeatures(MemplFeatureGroup group);
/// `index`: from 0 on, below memplGetNumFeatures().
MEMPL_CAPI_EXPORTED MemplFeature memplGetFeature(MemplFeatureGroup group,
                                                 int32_t index);

/// Fills arrays with what is seen of the state, row after row: memory and
/// channels over time, the values nearest to now (`nearNodes` are rows of
/// memplGameGetFeatures(), -1 where there is none), and single numbers.
MEMPL_CAPI_EXPORTED void memplGameObserve(MemplGame game, float *profile,
                                          int32_t *nearNodes, float *near,
                                          float *scalars);

/// The features of all questions that may be asked, row after row; the same in
/// all states. They belong to the game and its clones, and are valid until the
/// last of them ends.
MEMPL_CAPI_EXPORTED const float *
memplGameGetFeatures(MemplGame game, int32_t *numRows, int32_t *numColumns);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_GAME_H
