/* game.c - mallocGame from C. */
/* Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

// RUN: mempl-capi-game-test %S/../mempl-solve/Inputs/tiny.json \
// RUN:   | FileCheck %s

#include "mempl-c/Game.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int countFinite(const float *values, int count) {
  int finite = 0;
  for (int i = 0; i < count; ++i)
    finite += isfinite(values[i]) && fabsf(values[i]) <= 10;
  return finite;
}

// CHECK-LABEL: == observation
// CHECK: shape 12 x 128, 32 x 8, 32
// CHECK: named: 30, 12, 8, 32
// CHECK: program[1] SizeShare, 0 to 1: size / capacity
// CHECK: all finite: 1
// CHECK: asked about row 0: 1
// CHECK: features 1 x 30, all finite: 1, the same in a clone: 1
static void observe(MemplGame game) {
  printf("== observation\n");
  MemplObservationShape s = memplGetObservationShape();
  printf("shape %d x %d, %d x %d, %d\n", s.numChannels, s.numBins, s.numNear,
         s.numNearScalars, s.numScalars);
  printf("named: %d, %d, %d, %d\n", memplGetNumFeatures(MemplFeaturesProgram),
         memplGetNumFeatures(MemplFeaturesProfile),
         memplGetNumFeatures(MemplFeaturesNear),
         memplGetNumFeatures(MemplFeaturesScalars));
  MemplFeature share = memplGetFeature(MemplFeaturesProgram, 1);
  printf("program[1] %s, %g to %g: %s\n", share.name, (double)share.low,
         (double)share.high, share.description);
  int profileSize = s.numChannels * s.numBins;
  int nearSize = s.numNear * s.numNearScalars;
  float *profile = malloc(sizeof(float) * (size_t)profileSize);
  float *near = malloc(sizeof(float) * (size_t)nearSize);
  float *scalars = malloc(sizeof(float) * (size_t)s.numScalars);
  int32_t *nodes = malloc(sizeof(int32_t) * (size_t)s.numNear);
  memplGameObserve(game, profile, nodes, near, scalars);
  printf("all finite: %d\n",
         countFinite(profile, profileSize) == profileSize &&
             countFinite(near, nearSize) == nearSize &&
             countFinite(scalars, s.numScalars) == s.numScalars);
  printf("asked about row 0: %d\n",
         nodes[0] == memplGameGetDecision(game).node);
  int32_t rows = 0, columns = 0;
  const float *features = memplGameGetFeatures(game, &rows, &columns);
  MemplGame clone = memplGameClone(game);
  printf("features %d x %d, all finite: %d, the same in a clone: %d\n", rows,
         columns, countFinite(features, rows * columns) == rows * columns,
         memplGameGetFeatures(clone, &rows, &columns) == features);
  memplGameDestroy(clone);
  free(profile);
  free(near);
  free(scalars);
  free(nodes);
}

int main(int argc, char **argv) {
  char *error = NULL;
  MemplInstance tiny = memplInstanceRead(argv[argc - 1], &error);
  MemplGame game =
      memplGameCreate(tiny, MemplOrderProgram, MemplMovesUse, &error);
  if (memplGameIsNull(game) || error)
    return 1;

  observe(game);
  // CHECK: asks about value 0 at step 1, carry 0, legal 6, of 1
  MemplDecision decision = memplGameGetDecision(game);
  printf("asks about value %d at step %d, carry %d, legal %u, of %d\n",
         decision.value, decision.step, decision.isCarry,
         memplGameGetLegalActions(game), memplGameGetNumDecisions(game));

  // CHECK-LABEL: == play
  // CHECK: illegal: 0, undo: 0
  // CHECK: reward 3, over 1, latency 10, total 3, scale 3, applied 1
  // CHECK: plan: 0 violations, latency 10
  printf("== play\n");
  double reward = 0;
  uint64_t first = memplGameGetHash(game);
  printf("illegal: %d, undo: %d\n",
         memplGameApply(game, MemplActionNoCopy, &reward), memplGameUndo(game));
  if (!memplGameApply(game, MemplActionCopy, &reward))
    return 1;
  printf("reward %g, over %d, latency %g, total %g, scale %g, applied %d\n",
         reward, memplGameIsOver(game), memplGameGetLatency(game),
         memplGameGetTotalReward(game), memplGameGetScale(game),
         memplGameGetNumApplied(game));
  MemplPlan plan = memplGameCreatePlan(game);
  MemplOutcome outcome;
  if (!memplSimulate(tiny, plan, &outcome, NULL, NULL, NULL, &error))
    return 1;
  printf("plan: %d violations, latency %g\n",
         (int)memplVerify(tiny, plan, NULL), outcome.latency);
  memplPlanDestroy(plan);

  // CHECK: undone: 1, same state 1, latency 13
  // CHECK: clone drops: latency 13, this one is not over: 1
  // CHECK: restarted: 0 applied
  bool undone = memplGameUndo(game);
  printf("undone: %d, same state %d, latency %g\n", undone,
         memplGameGetHash(game) == first, memplGameGetLatency(game));
  MemplGame clone = memplGameClone(game);
  memplGameApply(clone, MemplActionDrop, NULL);
  printf("clone drops: latency %g, this one is not over: %d\n",
         memplGameGetLatency(clone), !memplGameIsOver(game));
  memplGameRestart(clone);
  printf("restarted: %d applied\n", memplGameGetNumApplied(clone));
  memplGameDestroy(clone);
  memplGameDestroy(game);

  // CHECK: does not fit: {{.+}}
  MemplMachine machine = memplInstanceGetMachine(tiny);
  machine.capacity = 0;
  MemplInstance constrained = memplInstanceCreate("constrained", machine);
  memplInstanceAddValue(constrained, "w", 50, MemplValueInput, MemplSpaceFast);
  memplInstanceAddStep(constrained, "s", 1, 0);
  memplInstanceAddAccess(constrained, 0, 0, 50, MemplAccessRead, MemplSpaceNone);
  if (memplGameIsNull(
          memplGameCreate(constrained, MemplOrderProgram, MemplMovesUse, &error)))
    printf("does not fit: %s\n", error);
  memplStringDestroy(error);
  memplInstanceDestroy(constrained);
  memplInstanceDestroy(tiny);
  return 0;
}
