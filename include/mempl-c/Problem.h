//===-- mempl-c/Problem.h - Instances and plans -------------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A placement problem, its answers, what they cost and whether they are valid.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_PROBLEM_H
#define MEMPL_C_PROBLEM_H

#include "mempl-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A machine and a program.
typedef struct MemplInstance {
  void *ptr;
} MemplInstance;

/// Which values are in fast memory when.
typedef struct MemplPlan {
  void *ptr;
} MemplPlan;

static inline bool memplInstanceIsNull(MemplInstance i) { return !i.ptr; }
static inline bool memplPlanIsNull(MemplPlan p) { return !p.ptr; }

//===----------------------------------------------------------------------===//
// Instances: building and reading
//===----------------------------------------------------------------------===//

/// Figures of a machine.
typedef struct MemplMachine {
  int64_t capacity;     ///< Bytes of fast memory; a multiple of `alignment`.
  int64_t alignment;    ///< Of every offset in fast memory; at least 1.
  double fastBandwidth; ///< Bytes per second; at least `slowBandwidth`.
  int64_t maxCarried;   ///< Most values kept from run to run; 0 is none.
  double slowBandwidth; ///< Bytes per second; positive.
  double copyBandwidth; ///< Bytes per second of one copy channel; positive.
  double copyLatency;   ///< Seconds before the first byte of a copy moves.
  int64_t maxCopiesIn;  ///< Most copies in in flight; 0 is no limit.
  int64_t maxCopiesOut; ///< Most copies out in flight; 0 is no limit.
  double stepOverhead;  ///< Seconds added to every step.
} MemplMachine;

/// What the program expects of a value outside of its steps.
typedef enum MemplValueKind {
  MemplValueInput = 0,     ///< Valid in slow memory before the first step.
  MemplValueTemporary = 1, ///< First written by a step.
  MemplValueOutput = 2,    ///< Valid in slow memory after the last step.
  MemplValueInOut = 3      ///< Both.
} MemplValueKind;

/// A constraint on where a value or an access has to be.
typedef enum MemplSpaceConstraint {
  MemplSpaceNone = 0,
  MemplSpaceSlow = 1,
  MemplSpaceFast = 2
} MemplSpaceConstraint;

/// What a step does with a value.
typedef enum MemplAccessMode {
  MemplAccessRead = 0,
  MemplAccessWrite = 1, ///< Makes the whole value new.
  MemplAccessUpdate = 2 ///< Reads and writes it.
} MemplAccessMode;

/// Whether a plan may run the steps of a program in another order.
typedef enum MemplStepOrder {
  MemplStepOrderFixed = 0,
  MemplStepOrderFree = 1 ///< In every one that keeps the dependencies.
} MemplStepOrder;

/// An instance without values and steps, whose order is fixed.
MEMPL_CAPI_EXPORTED MemplInstance memplInstanceCreate(const char *name,
                                                      MemplMachine machine);

/// Parses the JSON form; `file` is the name in messages. Null on failure.
MEMPL_CAPI_EXPORTED MemplInstance memplInstanceParse(const char *json,
                                                     size_t length,
                                                     const char *file,
                                                     char **error);

/// Reads a JSON file, plain or gzip. Null on failure.
MEMPL_CAPI_EXPORTED MemplInstance memplInstanceRead(const char *path,
                                                    char **error);

MEMPL_CAPI_EXPORTED MemplInstance memplInstanceClone(MemplInstance instance);

/// Null is allowed.
MEMPL_CAPI_EXPORTED void memplInstanceDestroy(MemplInstance instance);

/// Adds a value of `size` bytes. Returns its index, from 0 on.
MEMPL_CAPI_EXPORTED int32_t memplInstanceAddValue(MemplInstance instance,
                                                  const char *name,
                                                  int64_t size,
                                                  MemplValueKind kind,
                                                  MemplSpaceConstraint space);

/// Whether every trip of the loop whose body the value is of has other contents
/// in it: for inputs, outputs and inouts only.
MEMPL_CAPI_EXPORTED void memplInstanceSetValueStreamed(MemplInstance instance,
                                                       int32_t value,
                                                       bool isStreamed);

/// Says why a value can only be in slow memory, for readers: it constrains
/// nothing.
MEMPL_CAPI_EXPORTED void memplInstanceSetValueReason(MemplInstance instance,
                                                     int32_t value,
                                                     const char *reason);

/// Says where the program's author wrote a value, or a step: "file:line", and
/// perhaps a name in parentheses. For readers.
MEMPL_CAPI_EXPORTED void memplInstanceSetValueSource(MemplInstance instance,
                                                     int32_t value,
                                                     const char *source);
MEMPL_CAPI_EXPORTED void memplInstanceSetStepSource(MemplInstance instance,
                                                    int32_t step,
                                                    const char *source);

/// Adds a step of `compute` seconds that needs the first `reserved` bytes of
/// fast memory for itself. Returns its index, from 0 on.
MEMPL_CAPI_EXPORTED int32_t memplInstanceAddStep(MemplInstance instance,
                                                 const char *name,
                                                 double compute,
                                                 int64_t reserved);

/// Adds a loop that runs `body` `trips` times (at least 1). The body is copied
/// and gets the machine of `instance`. Returns the index of the step.
MEMPL_CAPI_EXPORTED int32_t memplInstanceAddLoop(MemplInstance instance,
                                                 const char *name,
                                                 int64_t trips,
                                                 MemplInstance body);

/// Adds to a step an access that moves `bytes` bytes of a value.
MEMPL_CAPI_EXPORTED void memplInstanceAddAccess(MemplInstance instance,
                                                int32_t step, int32_t value,
                                                int64_t bytes,
                                                MemplAccessMode mode,
                                                MemplSpaceConstraint space);

/// Lets `step` run after the step `earlier`, which has a lower index, in every
/// order, besides those that its accesses depend on.
MEMPL_CAPI_EXPORTED void memplInstanceAddAfter(MemplInstance instance,
                                               int32_t step, int32_t earlier);

/// Of the outermost program: a body has what it had when it was added.
MEMPL_CAPI_EXPORTED void memplInstanceSetOrder(MemplInstance instance,
                                               MemplStepOrder order);

/// Replaces the machine, in loops, too.
MEMPL_CAPI_EXPORTED void memplInstanceSetMachine(MemplInstance instance,
                                                 MemplMachine machine);

/// Whether the instance is valid; one that was parsed or read is. False with
/// the first fault as the error.
MEMPL_CAPI_EXPORTED bool memplInstanceCheck(MemplInstance instance,
                                            char **error);

//===----------------------------------------------------------------------===//
// Instances: questions
//===----------------------------------------------------------------------===//

/// The JSON form, to be ended with memplStringDestroy().
MEMPL_CAPI_EXPORTED char *memplInstanceToJson(MemplInstance instance);
MEMPL_CAPI_EXPORTED const char *memplInstanceGetName(MemplInstance instance);
MEMPL_CAPI_EXPORTED MemplMachine
memplInstanceGetMachine(MemplInstance instance);
MEMPL_CAPI_EXPORTED int32_t memplInstanceGetNumValues(MemplInstance instance);
MEMPL_CAPI_EXPORTED int32_t memplInstanceGetNumSteps(MemplInstance instance);

/// A value of an instance.
typedef struct MemplValueInfo {
  const char *name; ///< Belongs to the instance.
  int64_t size;     ///< Bytes.
  MemplValueKind kind;
  MemplSpaceConstraint space;
} MemplValueInfo;

/// A step of an instance.
typedef struct MemplStepInfo {
  const char *name;    ///< Belongs to the instance.
  double compute;      ///< Seconds.
  int64_t reserved;    ///< Bytes.
  int64_t trips;       ///< 1 for a plain step.
  bool isLoop;         ///< Whether it has a body.
  int32_t numAccesses; ///< See memplInstanceGetAccess().
} MemplStepInfo;

/// An access of a step.
typedef struct MemplAccessInfo {
  int32_t value; ///< Index.
  int64_t bytes; ///< Moved by it.
  MemplAccessMode mode;
  MemplSpaceConstraint space;
} MemplAccessInfo;

MEMPL_CAPI_EXPORTED MemplValueInfo memplInstanceGetValue(MemplInstance instance,
                                                         int32_t value);
/// Why a value can only be in slow memory; empty where it can be in fast memory
/// or nobody knows. Belongs to the instance.
MEMPL_CAPI_EXPORTED const char *
memplInstanceGetValueReason(MemplInstance instance, int32_t value);
/// Where the program's author wrote it; empty where nobody knows. Belongs to
/// the instance.
MEMPL_CAPI_EXPORTED const char *
memplInstanceGetValueSource(MemplInstance instance, int32_t value);
MEMPL_CAPI_EXPORTED const char *
memplInstanceGetStepSource(MemplInstance instance, int32_t step);
MEMPL_CAPI_EXPORTED bool memplInstanceIsValueStreamed(MemplInstance instance,
                                                      int32_t value);
MEMPL_CAPI_EXPORTED MemplStepInfo memplInstanceGetStep(MemplInstance instance,
                                                       int32_t step);
MEMPL_CAPI_EXPORTED MemplAccessInfo
memplInstanceGetAccess(MemplInstance instance, int32_t step, int32_t access);
/// How many steps run before this one in every order, besides those that its
/// accesses depend on.
MEMPL_CAPI_EXPORTED int32_t memplInstanceGetNumAfter(MemplInstance instance,
                                                     int32_t step);
/// One of them.
MEMPL_CAPI_EXPORTED int32_t memplInstanceGetAfter(MemplInstance instance,
                                                  int32_t step, int32_t index);
/// That of the outermost program.
MEMPL_CAPI_EXPORTED MemplStepOrder
memplInstanceGetOrder(MemplInstance instance);
/// A copy of the body of a loop; null for a plain step.
MEMPL_CAPI_EXPORTED MemplInstance memplInstanceCloneBody(MemplInstance instance,
                                                         int32_t step);

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// A time during which a value is in fast memory. Steps and boundaries count
/// from 0, in the order of the plan; -1 means "not given". It begins by write,
/// by copy in (`issue` and `ready`) or `carried`.
typedef struct MemplResidency {
  int32_t value;   ///< Index.
  int64_t offset;  ///< Bytes; a multiple of the alignment.
  int32_t last;    ///< Last step that it serves.
  int32_t write;   ///< Step whose write begins it.
  int32_t issue;   ///< Boundary at which its copy in is issued.
  int32_t ready;   ///< Boundary at which its copy in is awaited.
  int32_t done;    ///< Boundary at which its copy out is awaited.
  int32_t back;    ///< Step after which that is issued; -1 means `last`.
  bool carried;    ///< The run before left it in fast memory.
  int64_t offset2; ///< In odd trips of a loop, where it is another one.
} MemplResidency;

/// The plan that leaves everything in slow memory, for the instance with this
/// name.
MEMPL_CAPI_EXPORTED MemplPlan memplPlanCreate(const char *instanceName);

/// Parses the JSON form; only the form is checked. Null on failure.
MEMPL_CAPI_EXPORTED MemplPlan memplPlanParse(const char *json, size_t length,
                                             const char *file, char **error);

/// Reads a JSON file, plain or gzip; only the form is checked. Null on failure.
MEMPL_CAPI_EXPORTED MemplPlan memplPlanRead(const char *path, char **error);

MEMPL_CAPI_EXPORTED MemplPlan memplPlanClone(MemplPlan plan);

/// Null is allowed.
MEMPL_CAPI_EXPORTED void memplPlanDestroy(MemplPlan plan);

/// The JSON form, to be ended with memplStringDestroy().
MEMPL_CAPI_EXPORTED char *memplPlanToJson(MemplPlan plan);
MEMPL_CAPI_EXPORTED int32_t memplPlanGetNumResidencies(MemplPlan plan);
MEMPL_CAPI_EXPORTED MemplResidency memplPlanGetResidency(MemplPlan plan,
                                                         int32_t index);
/// Adds a residency behind the others. The order is that of copies issued at
/// the same point. False, with an error, for one that does not begin in exactly
/// one way.
MEMPL_CAPI_EXPORTED bool
memplPlanAddResidency(MemplPlan plan, MemplResidency residency, char **error);
/// How many steps the order of the plan has: 0 where they run in program order.
/// `steps`, which may be null, has room for them and gets them as they run.
MEMPL_CAPI_EXPORTED intptr_t memplPlanGetOrder(MemplPlan plan, int32_t *steps);
/// Lets the steps run so; `numSteps` of 0 is program order.
MEMPL_CAPI_EXPORTED void memplPlanSetOrder(MemplPlan plan, const int32_t *steps,
                                           intptr_t numSteps);
/// A copy of the plan for the body of the loop at `step`, whatever the order;
/// null if it has none.
MEMPL_CAPI_EXPORTED MemplPlan memplPlanCloneLoop(MemplPlan plan, int32_t step);
/// Copies in, those of loops counted once each.
MEMPL_CAPI_EXPORTED int64_t memplPlanGetNumCopiesIn(MemplPlan plan);
/// Copies out, those of loops counted once each.
MEMPL_CAPI_EXPORTED int64_t memplPlanGetNumCopiesOut(MemplPlan plan);

//===----------------------------------------------------------------------===//
// Judging plans. Instances must be valid, see memplInstanceCheck().
//===----------------------------------------------------------------------===//

/// The number of rules that the plan breaks, 0 for a valid one. `violations`
/// may be null, else it gets a string with a line for each, as in "V3: value 7
/// (conv1), step 12: ..", empty for a valid plan.
MEMPL_CAPI_EXPORTED intptr_t memplVerify(MemplInstance instance, MemplPlan plan,
                                         char **violations);

/// A rule that a plan breaks. Pointers are valid during the call that it is
/// told by.
typedef struct MemplViolation {
  int32_t rule;        ///< 3 for V3 of docs/Problem.md.
  const int32_t *path; ///< Steps of the loops that lead to the plan.
  intptr_t pathLength; ///< 0: it is in the outermost plan.
  int32_t residency;   ///< Index in that plan; -1: it is about none.
  int32_t value;       ///< -1: it is about none.
  /// Step or boundary, in the order of the plan but for V11 and for loops
  /// without a plan; -1: it is about none.
  int32_t step;
  const char *text; ///< As memplVerify() has it, without the rule.
} MemplViolation;

/// `userData` is what was given to memplVerifyEach().
typedef void (*MemplViolationCallback)(MemplViolation violation,
                                       void *userData);

/// Calls `callback` for each rule that the plan breaks, in the order of
/// memplVerify(), and returns how many there are.
MEMPL_CAPI_EXPORTED intptr_t memplVerifyEach(MemplInstance instance,
                                             MemplPlan plan,
                                             MemplViolationCallback callback,
                                             void *userData);

/// What a plan costs.
typedef struct MemplOutcome {
  double latency;    ///< Seconds.
  double stall;      ///< Seconds of waiting for copies.
  double slowBytes;  ///< Moved to or from slow memory, trips included.
  double busyIn;     ///< Seconds that the channel in is busy.
  double busyOut;    ///< Seconds that the channel out is busy.
  int64_t peakBytes; ///< Most bytes of fast memory in use at once.
} MemplOutcome;

/// Simulates a plan. `steps` and `profile`, for the seconds of each step and
/// the bytes in use during it, have room for a number per step; `waits`, for
/// the seconds of waiting before each step and after the last, for one more.
/// All are in the order of the plan.
/// Each may be null. False, with the first broken rule as the error, if the
/// plan is not valid for the instance.
MEMPL_CAPI_EXPORTED bool memplSimulate(MemplInstance instance, MemplPlan plan,
                                       MemplOutcome *outcome, double *steps,
                                       double *waits, int64_t *profile,
                                       char **error);

/// Seconds with everything in slow memory.
MEMPL_CAPI_EXPORTED double memplSlowLatency(MemplInstance instance);

/// Seconds with everything in fast memory, whatever its capacity.
MEMPL_CAPI_EXPORTED double memplIdealLatency(MemplInstance instance);

/// Seconds that no plan beats. More iterations are never worse; 1500 are what
/// the tools use.
MEMPL_CAPI_EXPORTED double memplLowerBound(MemplInstance instance,
                                           int64_t iterations);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_PROBLEM_H
