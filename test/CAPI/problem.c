/* problem.c - instances, plans and solvers from C. */
/* Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

// RUN: mempl-capi-problem-test %S/../mempl-solve/Inputs/tiny.json \
// RUN:   | FileCheck %s
// RUN: mempl-capi-problem-test \
// RUN:   %data/xla_tpu/alexnet_b64.v5e.instance.json.gz real \
// RUN:   | FileCheck %s --check-prefix=REAL

#include "mempl-c/Solver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program if something failed that must not. */
static void need(bool holds, char *error, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "%s: %s\n", what, error ? error : "failed");
  exit(1);
}

/* Prints an error that was expected, and ends it. */
static void show(const char *what, char *error) {
  printf("%s: %s\n", what, error ? error : "no error");
  memplStringDestroy(error);
}

// CHECK-LABEL: == versions
// CHECK: {{^[0-9]+\.[0-9]+\.[0-9]+}} {{[0-9.]+$}}
static void versions(void) {
  printf("== versions\n");
  printf("%s %s\n", memplGetVersion(), memplGetLLVMVersion());
}

// CHECK-LABEL: == reading
// CHECK: tiny: 1 values, 2 steps, 100 bytes
// CHECK: w 50 0 0
// CHECK: s1 2 0 1 0 1: 0 50 0
// CHECK: same again: 1
// CHECK: missing: nowhere.json: error: {{.*}}No such file or directory
// CHECK: wrong: text:1: error:
static void reading(const char *path) {
  printf("== reading\n");
  char *error = NULL;
  MemplInstance tiny = memplInstanceRead(path, &error);
  need(!memplInstanceIsNull(tiny), error, path);
  printf("%s: %d values, %d steps, %lld bytes\n", memplInstanceGetName(tiny),
         memplInstanceGetNumValues(tiny), memplInstanceGetNumSteps(tiny),
         (long long)memplInstanceGetMachine(tiny).capacity);
  MemplValueInfo value = memplInstanceGetValue(tiny, 0);
  printf("%s %lld %d %d\n", value.name, (long long)value.size, value.kind,
         value.space);
  MemplStepInfo step = memplInstanceGetStep(tiny, 1);
  MemplAccessInfo access = memplInstanceGetAccess(tiny, 1, 0);
  printf("%s %g %lld %lld %d %d: %d %lld %d\n", step.name, step.compute,
         (long long)step.reserved, (long long)step.trips, step.isLoop,
         step.numAccesses, access.value, (long long)access.bytes, access.mode);

  char *json = memplInstanceToJson(tiny);
  MemplInstance again = memplInstanceParse(json, strlen(json), "again", &error);
  need(!memplInstanceIsNull(again), error, "again");
  char *json2 = memplInstanceToJson(again);
  printf("same again: %d\n", strcmp(json, json2) == 0);
  memplStringDestroy(json);
  memplStringDestroy(json2);
  memplInstanceDestroy(again);
  memplInstanceDestroy(tiny);

  if (memplInstanceIsNull(memplInstanceRead("nowhere.json", &error)))
    show("missing", error);
  if (memplInstanceIsNull(memplInstanceParse("{", 1, "text", &error)))
    show("wrong", error);
  /* Nobody has to ask. */
  need(memplInstanceIsNull(memplInstanceParse("{", 1, "text", NULL)), NULL,
       "wrong");
}

static MemplMachine tinyMachine(void) {
  MemplMachine machine = {0};
  machine.capacity = 100;
  machine.alignment = 10;
  machine.fastBandwidth = 100;
  machine.slowBandwidth = 10;
  machine.copyBandwidth = 10;
  machine.copyLatency = 1;
  return machine;
}

// CHECK-LABEL: == building
// CHECK: valid: 1
// CHECK: reason of w: '', then 'is passed on'
// CHECK-NEXT: sources: '', '', then 'net.c:1', 'net.c:2 (s1)'
// CHECK: streamed: 0, then 1: values[0].streamed: I12: {{.+}}
// CHECK: slow 13, ideal 10, bound 10
// CHECK: loop of 3 trips, body of 1 steps, plain step has none: 1
// CHECK: invalid: values[1].size: {{.+}}
static MemplInstance building(void) {
  printf("== building\n");
  char *error = NULL;
  MemplInstance built = memplInstanceCreate("built", tinyMachine());
  int32_t w =
      memplInstanceAddValue(built, "w", 50, MemplValueInput, MemplSpaceNone);
  memplInstanceAddStep(built, "s0", 8, 0);
  int32_t s1 = memplInstanceAddStep(built, "s1", 2, 0);
  memplInstanceAddAccess(built, s1, w, 50, MemplAccessRead, MemplSpaceNone);
  bool valid = memplInstanceCheck(built, &error);
  need(valid, error, "built");
  printf("valid: %d\n", valid && !error);
  MemplInstance told = memplInstanceClone(built);
  memplInstanceSetValueReason(told, w, "is passed on");
  printf("reason of w: '%s', then '%s'\n",
         memplInstanceGetValueReason(built, w),
         memplInstanceGetValueReason(told, w));
  memplInstanceSetValueSource(told, w, "net.c:1");
  memplInstanceSetStepSource(told, s1, "net.c:2 (s1)");
  printf("sources: '%s', '%s', then '%s', '%s'\n",
         memplInstanceGetValueSource(built, w),
         memplInstanceGetStepSource(built, s1),
         memplInstanceGetValueSource(told, w),
         memplInstanceGetStepSource(told, s1));
  memplInstanceSetValueStreamed(told, w, true);
  valid = memplInstanceCheck(told, &error);
  printf("streamed: %d, then %d: %s\n", memplInstanceIsValueStreamed(built, w),
         memplInstanceIsValueStreamed(told, w), valid ? "valid" : error);
  memplStringDestroy(error);
  error = NULL;
  memplInstanceDestroy(told);
  printf("slow %g, ideal %g, bound %g\n", memplSlowLatency(built),
         memplIdealLatency(built), memplLowerBound(built, 1500));

  MemplInstance looped = memplInstanceCreate("looped", tinyMachine());
  memplInstanceAddStep(looped, "before", 1, 0);
  MemplInstance body = memplInstanceCreate("body", tinyMachine());
  memplInstanceAddStep(body, "inside", 1, 0);
  int32_t loop = memplInstanceAddLoop(looped, "loop", 3, body);
  memplInstanceDestroy(body);
  need(memplInstanceCheck(looped, &error), error, "looped");
  body = memplInstanceCloneBody(looped, loop);
  printf("loop of %lld trips, body of %d steps, plain step has none: %d\n",
         (long long)memplInstanceGetStep(looped, loop).trips,
         memplInstanceGetNumSteps(body),
         memplInstanceIsNull(memplInstanceCloneBody(looped, 0)));
  memplInstanceDestroy(body);
  memplInstanceDestroy(looped);

  MemplInstance wrong = memplInstanceClone(built);
  memplInstanceAddValue(wrong, "negative", -1, MemplValueInput, MemplSpaceNone);
  if (!memplInstanceCheck(wrong, &error))
    show("invalid", error);
  memplInstanceDestroy(wrong);
  return built;
}

// CHECK-LABEL: == orders
// CHECK: order 0, then 1; after 0, then 1: 1
// CHECK: latency 14, in order 10
// CHECK: order of 3: 1 0 2
// CHECK: V11: step 2: runs before step 1 (s1), which it depends on
// CHECK: in program order: 0 violations
static void orders(void) {
  printf("== orders\n");
  char *error = NULL, *violations = NULL;
  MemplInstance instance = memplInstanceCreate("orders", tinyMachine());
  int32_t w =
      memplInstanceAddValue(instance, "w", 50, MemplValueInput, MemplSpaceNone);
  int32_t s0 = memplInstanceAddStep(instance, "s0", 1, 0);
  memplInstanceAddAccess(instance, s0, w, 50, MemplAccessRead, MemplSpaceNone);
  int32_t s1 = memplInstanceAddStep(instance, "s1", 8, 0);
  int32_t s2 = memplInstanceAddStep(instance, "s2", 1, 0);
  MemplStepOrder before = memplInstanceGetOrder(instance);
  int32_t numBefore = memplInstanceGetNumAfter(instance, s2);
  memplInstanceSetOrder(instance, MemplStepOrderFree);
  memplInstanceAddAfter(instance, s2, s1);
  printf("order %d, then %d; after %d, then %d: %d\n", (int)before,
         (int)memplInstanceGetOrder(instance), numBefore,
         memplInstanceGetNumAfter(instance, s2),
         memplInstanceGetAfter(instance, s2, 0));
  need(memplInstanceCheck(instance, &error), error, "orders");

  MemplPlan plan = memplPlanCreate("orders");
  MemplOutcome outcome;
  need(memplSimulate(instance, plan, &outcome, NULL, NULL, NULL, &error), error,
       "simulate");
  double latency = outcome.latency;
  int32_t order[] = {s1, s0, s2}, found[3];
  memplPlanSetOrder(plan, order, 3);
  MemplResidency copied = {w, 0, 1, -1, 0, 1, -1, -1, false, -1};
  memplPlanAddResidency(plan, copied, NULL);
  need(memplSimulate(instance, plan, &outcome, NULL, NULL, NULL, &error), error,
       "simulate");
  printf("latency %g, in order %g\n", latency, outcome.latency);
  intptr_t length = memplPlanGetOrder(plan, found);
  printf("order of %d: %d %d %d\n", (int)length, found[0], found[1], found[2]);
  int32_t wrong[] = {s2, s0, s1};
  memplPlanSetOrder(plan, wrong, 3);
  memplVerify(instance, plan, &violations);
  printf("%s\n", violations);
  memplStringDestroy(violations);
  memplPlanSetOrder(plan, NULL, 0);
  printf("in program order: %d violations\n",
         (int)memplVerify(instance, plan, NULL) +
             (int)memplPlanGetOrder(plan, NULL));
  memplPlanDestroy(plan);
  memplInstanceDestroy(instance);
}

static void showViolation(MemplViolation violation, void *userData) {
  (void)userData;
  printf("V%d, %d loops, residency %d, value %d, step %d: %s\n", violation.rule,
         (int)violation.pathLength, violation.residency, violation.value,
         violation.step, violation.text);
}

// CHECK-LABEL: == plans
// CHECK: 0 violations, latency 10, stall 0, peak 50
// CHECK: steps 8 2, waits 0 0 0, profile 50 50
// CHECK: 1 copies in, 0 back, same again: 1
// CHECK: 1 violations: V2: value 0 (w), {{.+}}
// CHECK-NEXT: V2, 0 loops, residency 0, value 0, step 0: value 0 (w), {{.+}}
// CHECK: not simulated: V2: value 0 (w), {{.+}}
// CHECK: not added: V9: a residency begins by `write`, or {{.+}}
// CHECK: 1 residencies
// CHECK: other instance: V9: the plan is for "other", not for "built"
static void plans(MemplInstance built) {
  printf("== plans\n");
  char *error = NULL, *violations = NULL;
  MemplPlan plan = memplPlanCreate("built");
  MemplResidency copied = {0, 0, 1, -1, 0, 1, -1, -1, false, -1};
  memplPlanAddResidency(plan, copied, NULL);
  intptr_t broken = memplVerify(built, plan, &violations);
  memplStringDestroy(violations);
  MemplOutcome outcome;
  double steps[2], waits[3];
  int64_t profile[2];
  need(memplSimulate(built, plan, &outcome, steps, waits, profile, &error),
       error, "simulate");
  printf("%d violations, latency %g, stall %g, peak %lld\n", (int)broken,
         outcome.latency, outcome.stall, (long long)outcome.peakBytes);
  printf("steps %g %g, waits %g %g %g, profile %lld %lld\n", steps[0], steps[1],
         waits[0], waits[1], waits[2], (long long)profile[0],
         (long long)profile[1]);

  char *json = memplPlanToJson(plan);
  MemplPlan again = memplPlanParse(json, strlen(json), "again", &error);
  need(!memplPlanIsNull(again), error, "again");
  MemplResidency r = memplPlanGetResidency(again, 0);
  printf("%d copies in, %d back, same again: %d\n",
         (int)memplPlanGetNumCopiesIn(again),
         (int)memplPlanGetNumCopiesOut(again),
         memplPlanGetNumResidencies(again) == 1 && r.value == copied.value &&
             r.offset == copied.offset && r.last == copied.last &&
             r.write == copied.write && r.issue == copied.issue &&
             r.ready == copied.ready && r.done == copied.done &&
             r.back == copied.back && r.carried == copied.carried);
  memplStringDestroy(json);
  memplPlanDestroy(again);
  memplPlanDestroy(plan);

  plan = memplPlanCreate("built");
  copied.offset = -10;
  memplPlanAddResidency(plan, copied, NULL);
  broken = memplVerify(built, plan, &violations);
  printf("%d violations: %s\n", (int)broken, violations);
  memplStringDestroy(violations);
  need(memplVerifyEach(built, plan, showViolation, NULL) == broken, NULL,
       "as many again");
  if (!memplSimulate(built, plan, &outcome, NULL, NULL, NULL, &error))
    show("not simulated", error);
  copied.write = 0;
  if (!memplPlanAddResidency(plan, copied, &error))
    show("not added", error);
  printf("%d residencies\n", (int)memplPlanGetNumResidencies(plan));
  memplPlanDestroy(plan);

  plan = memplPlanCreate("other");
  if (!memplSimulate(built, plan, &outcome, NULL, NULL, NULL, &error))
    show("other instance", error);
  memplPlanDestroy(plan);
}

static bool cancelled(void *userData) {
  ++*(int *)userData;
  return true;
}

// CHECK-LABEL: == solvers
// CHECK: greedy
// CHECK: portfolio
// CHECK: 10 by {{greedy|search}}
// CHECK: cancelled: asked 1, plan 1
// CHECK: unknown: {{.*}}none{{.*}}
// CHECK: no limit: budget: 0 means no limit; give a time limit with it
// CHECK: option: column 5: msa has no option 'retries', expected {{.*}}; did
// you mean CHECK: described: 1
static void solvers(MemplInstance built) {
  printf("== solvers\n");
  char *error = NULL, *names = memplGetSolvers();
  printf("%s\n", names);
  memplStringDestroy(names);
  MemplSolveResult result;
  MemplPlan plan = memplSolve(built, "portfolio", NULL, &result, &error);
  need(!memplPlanIsNull(plan), error, "portfolio");
  need(memplVerify(built, plan, NULL) == 0, NULL, "portfolio");
  printf("%g by %s\n", result.latency, result.winner);
  memplPlanDestroy(plan);

  int asked = 0;
  MemplSolveOptions options = memplSolveOptionsGetDefault();
  options.isCancelled = cancelled;
  options.userData = &asked;
  plan = memplSolve(built, "search", &options, NULL, &error);
  printf("cancelled: asked %d, plan %d\n", asked > 0, !memplPlanIsNull(plan));
  memplPlanDestroy(plan);

  if (memplPlanIsNull(memplSolve(built, "nobody", NULL, NULL, &error)))
    show("unknown", error);
  options = memplSolveOptionsGetDefault();
  options.budget = 0;
  if (memplPlanIsNull(memplSolve(built, "search", &options, NULL, &error)))
    show("no limit", error);
  if (memplPlanIsNull(memplSolve(built, "msa{retries=3}", NULL, NULL, &error)))
    show("option", error);

  plan = memplSolve(built, "search{start=greedy}", NULL, &result, &error);
  need(!memplPlanIsNull(plan), error, "search{start=greedy}");
  need(strcmp(result.winner, "search{start=greedy}") == 0, result.winner,
       "winner");
  memplPlanDestroy(plan);
  // As before there were specifications.
  options = memplSolveOptionsGetDefault();
  options.msaOptions = "max_retries=7";
  plan = memplSolve(built, "msa:test", &options, &result, &error);
  need(!memplPlanIsNull(plan), error, "msa:test");
  need(strcmp(result.winner, "msa{preset=test,max-retries=7}") == 0,
       result.winner, "winner");
  memplPlanDestroy(plan);
  char *described = memplDescribeSolvers();
  printf("described: %d\n", strstr(described, "\"max-retries\"") != NULL);
  memplStringDestroy(described);
}

// REAL: {{[1-9][0-9]*}} values, faster than slow memory: 1, above the bound: 1
static void realProgram(const char *path) {
  char *error = NULL;
  MemplInstance program = memplInstanceRead(path, &error);
  need(!memplInstanceIsNull(program), error, path);
  MemplSolveResult result;
  MemplPlan plan = memplSolve(program, "greedy", NULL, &result, &error);
  need(!memplPlanIsNull(plan), error, "greedy");
  MemplOutcome outcome;
  need(memplSimulate(program, plan, &outcome, NULL, NULL, NULL, &error), error,
       "simulate");
  need(outcome.latency == result.latency, NULL, "latency");
  printf("%d values, faster than slow memory: %d, above the bound: %d\n",
         memplInstanceGetNumValues(program),
         result.latency < memplSlowLatency(program),
         result.latency >= memplLowerBound(program, 50));
  memplPlanDestroy(plan);
  memplInstanceDestroy(program);
}

int main(int argc, char **argv) {
  if (argc > 2) {
    realProgram(argv[1]);
    return 0;
  }
  versions();
  reading(argv[1]);
  MemplInstance built = building();
  orders();
  plans(built);
  solvers(built);
  memplInstanceDestroy(built);
  return 0;
}
