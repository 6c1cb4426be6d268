//===-- mempl-c/Game.h - Placement as a game ----------------------*- C -*-===//
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mallocGame: the player takes one segment after the other, neighbouring
// accesses of one value, into fast memory or out of it.
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

/// What an action does with its segment.
typedef enum MemplActionKind {
  MemplActionStop = 0,    ///< Ends the game; it has no segment.
  MemplActionPlace = 1,   ///< Takes it into fast memory, by itself.
  MemplActionExtend = 2,  ///< The same, joined with the accesses just before.
  MemplActionTakeOut = 3, ///< Leaves it in slow memory again.
  MemplActionCarry = 4    ///< Has the run before leave it in fast memory.
} MemplActionKind;

/// What the number of an action stands for.
typedef struct MemplAction {
  MemplActionKind kind;
  int32_t segment;   ///< Row of features; -1 for Stop, as those that follow.
  int32_t value;     ///< Index of the value.
  int32_t firstStep; ///< Of the first access of the segment, in program order.
  int32_t lastStep;  ///< Of the last one.
} MemplAction;

/// The first state of a game about a valid instance, which is copied. Null on
/// failure: what is constrained to be fast cannot be placed.
MEMPL_CAPI_EXPORTED MemplGame memplGameCreate(MemplInstance instance,
                                              char **error);

/// The same state, independent of this one.
MEMPL_CAPI_EXPORTED MemplGame memplGameClone(MemplGame game);

/// Null is allowed.
MEMPL_CAPI_EXPORTED void memplGameDestroy(MemplGame game);

//===----------------------------------------------------------------------===//
// Play
//===----------------------------------------------------------------------===//

/// Whether Stop was played.
MEMPL_CAPI_EXPORTED bool memplGameIsOver(MemplGame game);

/// Actions have numbers from 0, which is Stop, up to this; the same in all
/// states.
MEMPL_CAPI_EXPORTED int32_t memplGameGetNumActions(MemplGame game);

/// `number`: from 0 on, below memplGameGetNumActions().
MEMPL_CAPI_EXPORTED MemplAction memplGameGetAction(MemplGame game,
                                                   int32_t number);

/// Whether an action is legal, and exists.
MEMPL_CAPI_EXPORTED bool memplGameIsLegal(MemplGame game, int32_t number);

/// Sets `mask`, of memplGameGetNumActions() entries, to 1 for legal actions
/// and to 0 for others. It tries each: about a microsecond per segment.
MEMPL_CAPI_EXPORTED void memplGameGetLegalActions(MemplGame game,
                                                  uint8_t *mask);

/// Plays an action. `reward`, which may be null, gets the seconds of latency
/// that this saves. False, and nothing is changed, if the action is not legal.
MEMPL_CAPI_EXPORTED bool memplGameApply(MemplGame game, int32_t number,
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
/// Seconds; what is not placed is in slow memory.
MEMPL_CAPI_EXPORTED double memplGameGetLatency(MemplGame game);
/// Sum of the rewards so far, seconds.
MEMPL_CAPI_EXPORTED double memplGameGetTotalReward(MemplGame game);
/// Seconds to divide rewards by, so that those of all programs are comparable:
/// what the solver `greedy` saves. Positive.
MEMPL_CAPI_EXPORTED double memplGameGetScale(MemplGame game);
/// Equal for equal states; for others different but for chance.
MEMPL_CAPI_EXPORTED uint64_t memplGameGetHash(MemplGame game);
/// The plan of a game that is over; of another one, that which Stop would give
/// now. The caller ends it.
MEMPL_CAPI_EXPORTED MemplPlan memplGameCreatePlan(MemplGame game);

//===----------------------------------------------------------------------===//
// What a network sees; docs/Observation.md has the meaning of the numbers. All
// are finite and of a magnitude of at most 20.
//===----------------------------------------------------------------------===//

/// The arrays whose numbers have names.
typedef enum MemplFeatureGroup {
  MemplFeaturesSegment = 0, ///< Of a segment, whatever the state.
  MemplFeaturesProgram = 1, ///< Of the program.
  MemplFeaturesNode = 2,    ///< Of a segment in a state.
  MemplFeaturesState = 3    ///< Of a state.
} MemplFeatureGroup;

/// What a number is. The strings are valid for ever.
typedef struct MemplFeature {
  const char *name;
  const char *description;
} MemplFeature;

MEMPL_CAPI_EXPORTED int32_t memplGetNumFeatures(MemplFeatureGroup group);
/// `index`: from 0 on, below memplGetNumFeatures().
MEMPL_CAPI_EXPORTED MemplFeature memplGetFeature(MemplFeatureGroup group,
                                                 int32_t index);

MEMPL_CAPI_EXPORTED int32_t memplGameGetNumSegments(MemplGame game);

/// Fills an array with what is seen of all segments, row after row: of the
/// groups Segment (the same in all states) or Node; or with what is seen of the
/// program or of the state, one row.
MEMPL_CAPI_EXPORTED void memplGameObserve(MemplGame game,
                                          MemplFeatureGroup group, float *rows);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_GAME_H
