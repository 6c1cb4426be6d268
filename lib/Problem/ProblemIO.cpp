//===- ProblemIO.cpp - reading instances and plans as JSON ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The schema of docs/Problem.md, one function per object.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"

using namespace mempl;
using llvm::StringRef;
using llvm::Twine;

/// Most loops inside each other. Every walk over a program recurses into
/// bodies, so this bounds the stack of all of them.
static constexpr int kMaxLoopDepth = 64;

/// Put before messages about the fields of a residency.
static constexpr llvm::StringLiteral kFieldRule = "V9: ";

static void checkVersion(const JsonCursor &at) {
  JsonCursor version = at.optional("version");
  if (!version)
    return;
  int64_t number = version.integer(1, INT64_MAX);
  if (number > kProblemSchemaVersion)
    version.report("version " + Twine(number) + " is newer than " +
                   Twine(kProblemSchemaVersion) +
                   ", the newest that this program reads");
}

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

static Machine machineFrom(const JsonCursor &at, bool versioned) {
  Machine m;
  if (versioned)
    at.expectKeys({"version", "fast", "slow", "copy", "step"});
  else
    at.expectKeys({"fast", "slow", "copy", "step"});
  JsonCursor fast = at.required("fast"), slow = at.required("slow");
  JsonCursor copy = at.required("copy"), step = at.required("step");
  fast.expectKeys({"capacity", "alignment", "bandwidth", "max_carried"});
  slow.expectKeys({"bandwidth"});
  copy.expectKeys({"bandwidth", "latency", "max_in", "max_out"});
  step.expectKeys({"overhead"});
  m.capacity = fast.required("capacity").integer(0, INT64_MAX);
  m.alignment = fast.required("alignment").integer(1, INT64_MAX);
  m.fastBandwidth = fast.required("bandwidth").number();
  m.maxCarried = fast.optional("max_carried").integer(0, INT64_MAX);
  m.slowBandwidth = slow.required("bandwidth").number();
  m.copyBandwidth = copy.required("bandwidth").number();
  m.copyLatency = copy.required("latency").number();
  m.maxCopiesIn = copy.optional("max_in").integer(0, INT64_MAX);
  m.maxCopiesOut = copy.optional("max_out").integer(0, INT64_MAX);
  m.stepOverhead = step.required("overhead").number();
  return m;
}

Machine mempl::machineFromJson(const JsonCursor &at) {
  return machineFrom(at, false);
}

static SpaceConstraint spaceFrom(const JsonCursor &at) {
  if (!at)
    return SpaceConstraint::None;
  return at.oneOf({"slow", "fast"}) == 0 ? SpaceConstraint::Slow
                                         : SpaceConstraint::Fast;
}

static Value valueFrom(const JsonCursor &at) {
  constexpr ValueKind kinds[] = {ValueKind::Input, ValueKind::Temporary,
                                 ValueKind::Output, ValueKind::InOut};
  Value value;
  at.expectObject();
  at.expectKeys({"name", "size", "kind", "space", "reason"});
  value.name = at.required("name").string();
  value.size = at.required("size").integer(0, INT64_MAX);
  value.kind = kinds[at.required("kind").oneOf(
      {"input", "temporary", "output", "inout"})];
  value.space = spaceFrom(at.optional("space"));
  value.reason = at.optional("reason").string();
  return value;
}

static Access accessFrom(const JsonCursor &at) {
  constexpr AccessMode modes[] = {AccessMode::Read, AccessMode::Write,
                                  AccessMode::Update};
  Access access;
  at.expectKeys({"value", "bytes", "mode", "space"});
  access.value =
      static_cast<int32_t>(at.required("value").integer(0, INT32_MAX));
  access.bytes = at.required("bytes").integer(0, INT64_MAX);
  access.mode = modes[at.required("mode").oneOf({"read", "write", "update"})];
  access.space = spaceFrom(at.optional("space"));
  return access;
}

static Program programFrom(const JsonCursor &at, int depth);

static Step stepFrom(const JsonCursor &at, int depth) {
  Step step;
  at.expectKeys({"name", "compute", "reserved", "accesses", "trips", "body"});
  step.name = at.required("name").string();
  step.compute = at.required("compute").number();
  step.reserved = at.optional("reserved").integer(0, INT64_MAX);
  JsonCursor accesses = at.required("accesses");
  if (accesses.expectArray())
    for (size_t i = 0; i < accesses.size(); ++i)
      step.accesses.push_back(accessFrom(accesses.element(i)));
  if (JsonCursor trips = at.optional("trips"))
    step.trips = trips.integer(1, INT64_MAX);
  JsonCursor body = at.optional("body");
  if (!body)
    return step;
  if (depth == kMaxLoopDepth) {
    body.report("expected at most " + Twine(kMaxLoopDepth) +
                " loops inside each other");
    return step;
  }
  body.expectKeys({"values", "steps"});
  step.body = std::make_shared<Program>(programFrom(body, depth + 1));
  return step;
}

static Program programFrom(const JsonCursor &at, int depth) {
  Program program;
  JsonCursor values = at.required("values"), steps = at.required("steps");
  if (values.expectArray())
    for (size_t i = 0; i < values.size(); ++i)
      program.values.push_back(valueFrom(values.element(i)));
  if (steps.expectArray())
    for (size_t i = 0; i < steps.size(); ++i)
      program.steps.push_back(stepFrom(steps.element(i), depth));
  return program;
}

/// The error for the first of the faults of an instance.
static llvm::Error faultError(const JsonDocument &document,
                              const std::vector<InstanceFault> &faults,
                              StringRef drop = "") {
  StringRef where = faults.front().where;
  where.consume_front(drop);
  std::string text = (where + ": " + faults.front().text).str();
  if (faults.size() > 1)
    text += " (the first of " + std::to_string(faults.size()) + " faults)";
  return fileError(document.file,
                   document.lineOf(document.nodeAt(where).position), text);
}

Instance mempl::instanceFromJson(const JsonCursor &at) {
  Instance instance;
  at.expectKeys({"version", "name", "machine", "values", "steps"});
  checkVersion(at);
  instance.name = at.required("name").string();
  instance.machine = machineFrom(at.required("machine"), false);
  instance.program = programFrom(at, 0);
  return instance;
}

llvm::Expected<Instance> mempl::parseInstance(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  Instance instance = instanceFromJson(JsonCursor(document->root, errors));
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(instance);
  if (!faults.empty())
    return faultError(*document, faults);
  return instance;
}

llvm::Expected<Machine> mempl::parseMachine(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  checkVersion(at);
  Instance instance;
  instance.machine = machineFrom(at, true);
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(instance);
  if (!faults.empty())
    return faultError(*document, faults, "machine.");
  return instance.machine;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// A step or boundary; -1 if it is left out, which a file cannot say.
static int32_t positionFrom(const JsonCursor &at) {
  if (!at)
    return -1;
  return static_cast<int32_t>(at.integer(0, INT32_MAX, kFieldRule));
}

static Residency residencyFrom(const JsonCursor &at) {
  Residency r;
  at.expectKeys({"value", "offset", "last", "write", "issue", "ready", "done",
                 "back", "carried"});
  // What is out of range for the instance is found by verify().
  r.value = static_cast<int32_t>(
      at.required("value").integer(INT32_MIN, INT32_MAX, kFieldRule));
  r.offset = at.required("offset").integer(INT64_MIN, INT64_MAX, kFieldRule);
  r.last = static_cast<int32_t>(
      at.required("last").integer(INT32_MIN, INT32_MAX, kFieldRule));
  r.write = positionFrom(at.optional("write"));
  r.issue = positionFrom(at.optional("issue"));
  r.ready = positionFrom(at.optional("ready"));
  r.done = positionFrom(at.optional("done"));
  r.back = positionFrom(at.optional("back"));
  if (JsonCursor carried = at.optional("carried")) {
    r.carried = carried.is(JsonNode::Kind::True);
    if (!r.carried)
      carried.expected("true, or no such key");
  }
  return r;
}

static void planFrom(const JsonCursor &at, int depth, Plan &plan);

static void loopsFrom(const JsonCursor &at, int depth, Plan &plan) {
  if (!at || !at.expectObject())
    return;
  for (size_t i = 0; i < at.size(); ++i) {
    JsonCursor loop = at.element(i);
    StringRef key = at.keyOf(i);
    int32_t step = 0;
    // No sign and no leading zero: one step has one spelling.
    if (key.getAsInteger(10, step) || Twine(step).str() != key || step < 0)
      return loop.report(kFieldRule +
                         "expected the number of a step as the key");
    if (depth == kMaxLoopDepth)
      return loop.report("expected at most " + Twine(kMaxLoopDepth) +
                         " loops inside each other");
    loop.expectKeys({"capacity", "instance", "residencies", "loops"});
    BodyPlan &inner = plan.loops[step];
    inner.capacity = loop.required("capacity").integer(0, INT64_MAX);
    inner.plan.instance = loop.optional("instance").string();
    planFrom(loop, depth + 1, inner.plan);
  }
}

static void planFrom(const JsonCursor &at, int depth, Plan &plan) {
  JsonCursor residencies = at.required("residencies");
  if (residencies.expectArray())
    for (size_t i = 0; i < residencies.size(); ++i)
      plan.residencies.push_back(residencyFrom(residencies.element(i)));
  loopsFrom(at.optional("loops"), depth, plan);
}

/// What another compiler kept over from the run before, as indices or names
/// of values: for comparisons only, so that only its form is looked at.
static void checkCrossProgram(const JsonCursor &at) {
  if (!at || !at.expectArray())
    return;
  for (size_t i = 0; i < at.size(); ++i) {
    JsonCursor value = at.element(i);
    if (!value.is(JsonNode::Kind::String))
      value.integer(0, INT32_MAX);
  }
}

llvm::Expected<Plan> mempl::parsePlan(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  Plan plan;
  at.expectKeys(
      {"version", "instance", "residencies", "loops", "cross_program"});
  checkVersion(at);
  plan.instance = at.required("instance").string();
  planFrom(at, 0, plan);
  checkCrossProgram(at.optional("cross_program"));
  if (errors.any())
    return errors.take();
  return plan;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::Expected<Instance> mempl::readInstance(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parseInstance(*text, path);
}

llvm::Expected<Machine> mempl::readMachine(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parseMachine(*text, path);
}

llvm::Expected<Plan> mempl::readPlan(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parsePlan(*text, path);
}
