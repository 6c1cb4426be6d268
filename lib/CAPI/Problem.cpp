//===- Problem.cpp - instances and plans for C ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RecordCopy.h"
#include "Wrap.h"

#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::capi;
using llvm::StringRef;

// The enums of C have the cases of those of the core in the same order.
#define MEMPL_VALUE_KIND(name, word)                                           \
  static_assert(int(MemplValue##name) == int(ValueKind::name));
#define MEMPL_SPACE_CONSTRAINT(name, word)                                     \
  static_assert(int(MemplSpace##name) == int(SpaceConstraint::name));
#define MEMPL_ACCESS_MODE(name, word)                                          \
  static_assert(int(MemplAccess##name) == int(AccessMode::name));
#define MEMPL_STEP_ORDER(name, word)                                           \
  static_assert(int(MemplStepOrder##name) == int(StepOrder::name));
#include "mempl/Problem/ProblemEnums.def"

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

static Machine machineOf(const MemplMachine &from) {
  Machine machine;
  copyFromC(from, machine);
  return machine;
}

MemplInstance memplInstanceCreate(const char *name, MemplMachine machine) {
  Instance instance;
  instance.name = name;
  instance.machine = machineOf(machine);
  return give(std::move(instance));
}

MemplInstance memplInstanceParse(const char *json, size_t length,
                                 const char *file, char **error) {
  return giveOrFail<MemplInstance>(parseInstance({json, length}, file), error);
}

MemplInstance memplInstanceRead(const char *path, char **error) {
  return giveOrFail<MemplInstance>(readInstance(path), error);
}

MemplInstance memplInstanceClone(MemplInstance instance) {
  return give(Instance(*unwrap(instance)));
}

void memplInstanceDestroy(MemplInstance instance) { delete unwrap(instance); }

int32_t memplInstanceAddValue(MemplInstance instance, const char *name,
                              int64_t size, MemplValueKind kind,
                              MemplSpaceConstraint space) {
  Instance &i = *unwrap(instance);
  i.program.values.push_back({name, size, static_cast<ValueKind>(kind),
                              static_cast<SpaceConstraint>(space)});
  return i.numValues() - 1;
}

void memplInstanceSetValueStreamed(MemplInstance instance, int32_t value,
                                   bool isStreamed) {
  unwrap(instance)->program.values[value].streamed = isStreamed;
}

void memplInstanceSetValueReason(MemplInstance instance, int32_t value,
                                 const char *reason) {
  unwrap(instance)->program.values[value].reason = reason;
}

void memplInstanceSetValueSource(MemplInstance instance, int32_t value,
                                 const char *source) {
  unwrap(instance)->program.values[value].source = source;
}

void memplInstanceSetStepSource(MemplInstance instance, int32_t step,
                                const char *source) {
  unwrap(instance)->program.steps[step].source = source;
}

int32_t memplInstanceAddStep(MemplInstance instance, const char *name,
                             double compute, int64_t reserved) {
  Instance &i = *unwrap(instance);
  Step &step = i.program.steps.emplace_back();
  step.name = name;
  step.compute = compute;
  step.reserved = reserved;
  return i.numSteps() - 1;
}

int32_t memplInstanceAddLoop(MemplInstance instance, const char *name,
                             int64_t trips, MemplInstance body) {
  Instance &i = *unwrap(instance);
  Step &step = i.program.steps.emplace_back();
  step.name = name;
  step.trips = trips;
  step.body = std::make_shared<Program>(unwrap(body)->program);
  return i.numSteps() - 1;
}

void memplInstanceAddAccess(MemplInstance instance, int32_t step, int32_t value,
                            int64_t bytes, MemplAccessMode mode,
                            MemplSpaceConstraint space) {
  unwrap(instance)->program.steps[step].accesses.push_back(
      {value, bytes, static_cast<AccessMode>(mode),
       static_cast<SpaceConstraint>(space)});
}

void memplInstanceAddAfter(MemplInstance instance, int32_t step,
                           int32_t earlier) {
  unwrap(instance)->program.steps[step].after.push_back(earlier);
}

void memplInstanceSetOrder(MemplInstance instance, MemplStepOrder order) {
  unwrap(instance)->program.order = static_cast<StepOrder>(order);
}

void memplInstanceSetMachine(MemplInstance instance, MemplMachine machine) {
  unwrap(instance)->machine = machineOf(machine);
}

bool memplInstanceCheck(MemplInstance instance, char **error) {
  std::vector<InstanceFault> faults = checkInstance(*unwrap(instance));
  if (faults.empty()) {
    succeed(error);
    return true;
  }
  fail(error, faults.front().str());
  return false;
}

char *memplInstanceToJson(MemplInstance instance) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, *unwrap(instance));
  return giveString(text);
}

const char *memplInstanceGetName(MemplInstance instance) {
  return unwrap(instance)->name.c_str();
}

MemplMachine memplInstanceGetMachine(MemplInstance instance) {
  return copyToC<MemplMachine>(unwrap(instance)->machine);
}

int32_t memplInstanceGetNumValues(MemplInstance instance) {
  return unwrap(instance)->numValues();
}

int32_t memplInstanceGetNumSteps(MemplInstance instance) {
  return unwrap(instance)->numSteps();
}

MemplValueInfo memplInstanceGetValue(MemplInstance instance, int32_t value) {
  const Value &v = unwrap(instance)->program.values[value];
  return {v.name.c_str(), v.size, static_cast<MemplValueKind>(v.kind),
          static_cast<MemplSpaceConstraint>(v.space)};
}

bool memplInstanceIsValueStreamed(MemplInstance instance, int32_t value) {
  return unwrap(instance)->program.values[value].streamed;
}

const char *memplInstanceGetValueReason(MemplInstance instance, int32_t value) {
  return unwrap(instance)->program.values[value].reason.c_str();
}

const char *memplInstanceGetValueSource(MemplInstance instance, int32_t value) {
  return unwrap(instance)->program.values[value].source.c_str();
}

const char *memplInstanceGetStepSource(MemplInstance instance, int32_t step) {
  return unwrap(instance)->program.steps[step].source.c_str();
}

MemplStepInfo memplInstanceGetStep(MemplInstance instance, int32_t step) {
  const Step &s = unwrap(instance)->program.steps[step];
  return {s.name.c_str(),    s.compute,
          s.reserved,        s.trips,
          s.body != nullptr, static_cast<int32_t>(s.accesses.size())};
}

MemplAccessInfo memplInstanceGetAccess(MemplInstance instance, int32_t step,
                                       int32_t access) {
  const Access &a = unwrap(instance)->program.steps[step].accesses[access];
  return {a.value, a.bytes, static_cast<MemplAccessMode>(a.mode),
          static_cast<MemplSpaceConstraint>(a.space)};
}

int32_t memplInstanceGetNumAfter(MemplInstance instance, int32_t step) {
  return static_cast<int32_t>(
      unwrap(instance)->program.steps[step].after.size());
}

int32_t memplInstanceGetAfter(MemplInstance instance, int32_t step,
                              int32_t index) {
  return unwrap(instance)->program.steps[step].after[index];
}

MemplStepOrder memplInstanceGetOrder(MemplInstance instance) {
  return static_cast<MemplStepOrder>(unwrap(instance)->program.order);
}

MemplInstance memplInstanceCloneBody(MemplInstance instance, int32_t step) {
  const Instance &i = *unwrap(instance);
  const Step &s = i.program.steps[step];
  return s.body ? give(Instance{s.name, i.machine, *s.body})
                : MemplInstance{nullptr};
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

MemplPlan memplPlanCreate(const char *instanceName) {
  Plan plan;
  plan.instance = instanceName;
  return give(std::move(plan));
}

MemplPlan memplPlanParse(const char *json, size_t length, const char *file,
                         char **error) {
  return giveOrFail<MemplPlan>(parsePlan({json, length}, file), error);
}

MemplPlan memplPlanRead(const char *path, char **error) {
  return giveOrFail<MemplPlan>(readPlan(path), error);
}

MemplPlan memplPlanClone(MemplPlan plan) { return give(Plan(*unwrap(plan))); }

void memplPlanDestroy(MemplPlan plan) { delete unwrap(plan); }

char *memplPlanToJson(MemplPlan plan) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, *unwrap(plan));
  return giveString(text);
}

int32_t memplPlanGetNumResidencies(MemplPlan plan) {
  return static_cast<int32_t>(unwrap(plan)->residencies.size());
}

MemplResidency memplPlanGetResidency(MemplPlan plan, int32_t index) {
  return copyToC<MemplResidency>(unwrap(plan)->residencies[index]);
}

bool memplPlanAddResidency(MemplPlan plan, MemplResidency residency,
                           char **error) {
  Residency r;
  std::string wrong = copyFromC(residency, r);
  if (!wrong.empty()) {
    fail(error, "V9: " + wrong);
    return false;
  }
  unwrap(plan)->residencies.push_back(r);
  succeed(error);
  return true;
}

intptr_t memplPlanGetOrder(MemplPlan plan, int32_t *steps) {
  const std::vector<int32_t> &order = unwrap(plan)->order;
  if (steps)
    llvm::copy(order, steps);
  return static_cast<intptr_t>(order.size());
}

void memplPlanSetOrder(MemplPlan plan, const int32_t *steps,
                       intptr_t numSteps) {
  unwrap(plan)->order.assign(steps, steps + numSteps);
}

MemplPlan memplPlanCloneLoop(MemplPlan plan, int32_t step) {
  const BodyPlan *body = unwrap(plan)->bodyPlan(step);
  return body ? give(Plan(body->plan)) : MemplPlan{nullptr};
}

int64_t memplPlanGetNumCopiesIn(MemplPlan plan) {
  return unwrap(plan)->numCopiesIn();
}

int64_t memplPlanGetNumCopiesOut(MemplPlan plan) {
  return unwrap(plan)->numCopiesOut();
}

//===----------------------------------------------------------------------===//
// Judging plans
//===----------------------------------------------------------------------===//

/// What is wrong with a plan.
static std::vector<std::string> faultsOf(const Instance &instance,
                                         const Plan &plan) {
  std::vector<std::string> faults;
  for (const Violation &violation : verify(instance, plan))
    faults.push_back(violation.str());
  return faults;
}

intptr_t memplVerify(MemplInstance instance, MemplPlan plan,
                     char **violations) {
  std::vector<std::string> faults = faultsOf(*unwrap(instance), *unwrap(plan));
  if (violations)
    *violations = giveString(llvm::join(faults, "\n"));
  return static_cast<intptr_t>(faults.size());
}

intptr_t memplVerifyEach(MemplInstance instance, MemplPlan plan,
                         MemplViolationCallback callback, void *userData) {
  std::vector<Violation> found = verify(*unwrap(instance), *unwrap(plan));
  for (const Violation &v : found)
    callback({static_cast<int32_t>(v.rule), v.path.data(),
              static_cast<intptr_t>(v.path.size()), v.residency, v.value,
              v.step, v.text.c_str()},
             userData);
  return static_cast<intptr_t>(found.size());
}

bool memplSimulate(MemplInstance instance, MemplPlan plan,
                   MemplOutcome *outcome, double *steps, double *waits,
                   int64_t *profile, char **error) {
  std::vector<std::string> faults = faultsOf(*unwrap(instance), *unwrap(plan));
  if (!faults.empty()) {
    fail(error, faults.front());
    return false;
  }
  Outcome result = simulate(*unwrap(instance), *unwrap(plan));
  *outcome = {result.latency, result.stall,   result.slowBytes,
              result.busyIn,  result.busyOut, result.peakBytes};
  if (steps)
    llvm::copy(result.times, steps);
  if (waits)
    llvm::copy(result.waits, waits);
  if (profile)
    llvm::copy(result.profile, profile);
  succeed(error);
  return true;
}

double memplSlowLatency(MemplInstance instance) {
  return slowLatency(*unwrap(instance));
}

double memplIdealLatency(MemplInstance instance) {
  return idealLatency(*unwrap(instance));
}

double memplLowerBound(MemplInstance instance, int64_t iterations) {
  LowerBoundOptions options;
  options.maxIterations = iterations;
  return lowerBound(*unwrap(instance), options).bound;
}
