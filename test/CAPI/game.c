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
    finite += isfinite(values[i]) && fabsf(values[i]) <= 20;
  return finite;
}

// CHECK-LABEL: == features
// CHECK: segment 24 x 1, all finite: 1
// CHECK: program 8 x 1, all finite: 1
// CHECK: node 10 x 1, all finite: 1
// CHECK: state 9 x 1, all finite: 1
// CHECK: segment[3] Share: Its bytes over the bytes of fast memory, 0.5
static void observe(MemplGame game) {
  printf("== features\n");
  const char *names[] = {"segment", "program", "node", "state"};
  for (int group = 0; group < 4; ++group) {
    int columns = memplGetNumFeatures((MemplFeatureGroup)group);
    int rows = group % 2 == 0 ? memplGameGetNumSegments(game) : 1;
    float *seen = malloc(sizeof(float) * (size_t)(rows * columns));
    memplGameObserve(game, (MemplFeatureGroup)group, seen);
    printf("%s %d x %d, all finite: %d\n", names[group], columns, rows,
           countFinite(seen, rows * columns) == rows * columns);
    free(seen);
  }
  MemplFeature share = memplGetFeature(MemplFeaturesSegment, 3);
  float row[64];
  memplGameObserve(game, MemplFeaturesSegment, row);
  printf("segment[3] %s: %s, %g\n", share.name, share.description,
         (double)row[3]);
}

int main(int argc, char **argv) {
  char *error = NULL;
  MemplInstance tiny = memplInstanceRead(argv[argc - 1], &error);
  MemplGame game = memplGameCreate(tiny, &error);
  if (memplGameIsNull(game) || error)
    return 1;

  observe(game);
  // CHECK-LABEL: == actions
  // CHECK: 5 actions, legal 11000
  // CHECK: action 1: kind 1, segment 0 of value 0, steps 1 to 1
  printf("== actions\n%d actions, legal ", memplGameGetNumActions(game));
  uint8_t legal[5];
  memplGameGetLegalActions(game, legal);
  for (int i = 0; i < 5; ++i)
    printf("%d", legal[i]);
  MemplAction action = memplGameGetAction(game, 1);
  printf("\naction 1: kind %d, segment %d of value %d, steps %d to %d\n",
         (int)action.kind, action.segment, action.value, action.firstStep,
         action.lastStep);

  // CHECK-LABEL: == play
  // CHECK: illegal: 0, none: 0, undo: 0
  // CHECK: reward 3, over 0, latency 10, total 3, scale 3, applied 1
  // CHECK: plan: 0 violations, latency 10
  // CHECK: stopped: reward 0, over 1, legal 0
  printf("== play\n");
  double reward = 0;
  uint64_t first = memplGameGetHash(game);
  printf("illegal: %d, none: %d, undo: %d\n", memplGameApply(game, 3, &reward),
         memplGameApply(game, 5, &reward), memplGameUndo(game));
  if (!memplGameApply(game, 1, &reward))
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
  memplGameApply(game, 0, &reward);
  printf("stopped: reward %g, over %d, legal %d\n", reward,
         memplGameIsOver(game), memplGameIsLegal(game, 0));

  // CHECK: undone: 1, applied 1
  // CHECK: clone takes out: 1, latency 13, same state 1, this one: 10
  // CHECK: restarted: 0 applied, same state 1
  bool undone = memplGameUndo(game);
  printf("undone: %d, applied %d\n", undone, memplGameGetNumApplied(game));
  MemplGame clone = memplGameClone(game);
  bool isOut = memplGameApply(clone, 3, NULL);
  printf("clone takes out: %d, latency %g, same state %d, this one: %g\n",
         isOut, memplGameGetLatency(clone), memplGameGetHash(clone) == first,
         memplGameGetLatency(game));
  memplGameRestart(game);
  printf("restarted: %d applied, same state %d\n",
         memplGameGetNumApplied(game), memplGameGetHash(game) == first);
  memplGameDestroy(clone);
  memplGameDestroy(game);

  // CHECK: does not fit: {{.+}}
  MemplMachine machine = memplInstanceGetMachine(tiny);
  machine.capacity = 0;
  MemplInstance constrained = memplInstanceCreate("constrained", machine);
  memplInstanceAddValue(constrained, "w", 50, MemplValueInput, MemplSpaceFast);
  memplInstanceAddStep(constrained, "s", 1, 0);
  memplInstanceAddAccess(constrained, 0, 0, 50, MemplAccessRead, MemplSpaceNone);
  if (memplGameIsNull(memplGameCreate(constrained, &error)))
    printf("does not fit: %s\n", error);
  memplStringDestroy(error);
  memplInstanceDestroy(constrained);
  memplInstanceDestroy(tiny);
  return 0;
}
