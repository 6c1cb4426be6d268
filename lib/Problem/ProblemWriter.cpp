//===- ProblemWriter.cpp - writing instances and plans as JSON ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The schema of docs/Problem.md, one record per line, so that two files can be
// compared line by line. Doubles have the fewest digits that read back as the
// same number (std::to_chars).
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"

#include "mempl/Support/Units.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace mempl;
using llvm::raw_ostream;
using llvm::StringRef;

static void writeString(raw_ostream &os, StringRef text) {
  os << '"';
  for (unsigned char c : llvm::json::fixUTF8(text)) {
    if (c == '"' || c == '\\')
      os << '\\' << c;
    else if (c < 0x20)
      os << "\\u00" << llvm::hexdigit(c >> 4) << llvm::hexdigit(c & 15);
    else
      os << c;
  }
  os << '"';
}

static StringRef kindName(ValueKind kind) {
  switch (kind) {
  case ValueKind::Input:
    return "input";
  case ValueKind::Temporary:
    return "temporary";
  case ValueKind::Output:
    return "output";
  case ValueKind::InOut:
    return "inout";
  }
  llvm_unreachable("covered switch");
}

static StringRef modeName(AccessMode mode) {
  switch (mode) {
  case AccessMode::Read:
    return "read";
  case AccessMode::Write:
    return "write";
  case AccessMode::Update:
    return "update";
  }
  llvm_unreachable("covered switch");
}

static void writeSpace(raw_ostream &os, SpaceConstraint space) {
  if (space != SpaceConstraint::None)
    os << (space == SpaceConstraint::Slow ? ",\"space\":\"slow\""
                                          : ",\"space\":\"fast\"");
}

static void writeMachine(raw_ostream &os, const Machine &m) {
  os << "{\"fast\":{\"capacity\":" << m.capacity
     << ",\"alignment\":" << m.alignment << ",\"bandwidth\":";
  os << formatNumber(m.fastBandwidth);
  os << ",\"max_carried\":" << m.maxCarried << "},\"slow\":{\"bandwidth\":";
  os << formatNumber(m.slowBandwidth);
  os << "},\"copy\":{\"bandwidth\":";
  os << formatNumber(m.copyBandwidth);
  os << ",\"latency\":";
  os << formatNumber(m.copyLatency);
  os << ",\"max_in\":" << m.maxCopiesIn << ",\"max_out\":" << m.maxCopiesOut
     << "},\"step\":{\"overhead\":";
  os << formatNumber(m.stepOverhead);
  os << "}}";
}

/// Writes `records` as an array, one per line.
template <typename Records, typename Writer>
static void writeLines(raw_ostream &os, const Records &records, Writer write) {
  os << '[';
  llvm::StringRef separator = "\n";
  for (const auto &record : records) {
    os << separator;
    separator = ",\n";
    write(record);
  }
  os << ']';
}

static void writeProgram(raw_ostream &os, const Program &program);

static void writeStep(raw_ostream &os, const Step &step) {
  os << "{\"name\":";
  writeString(os, step.name);
  os << ",\"compute\":";
  os << formatNumber(step.compute);
  if (step.reserved != 0)
    os << ",\"reserved\":" << step.reserved;
  os << ",\"accesses\":[";
  StringRef separator = "";
  for (const Access &access : step.accesses) {
    os << separator << "{\"value\":" << access.value
       << ",\"bytes\":" << access.bytes << ",\"mode\":\""
       << modeName(access.mode) << '"';
    writeSpace(os, access.space);
    os << '}';
    separator = ",";
  }
  os << ']';
  if (step.body || step.trips != 1)
    os << ",\"trips\":" << step.trips;
  if (step.body) {
    os << ",\"body\":{";
    writeProgram(os, *step.body);
    os << '}';
  }
  os << '}';
}

static void writeProgram(raw_ostream &os, const Program &program) {
  os << "\"values\":";
  writeLines(os, program.values, [&](const Value &value) {
    os << "{\"name\":";
    writeString(os, value.name);
    os << ",\"size\":" << value.size << ",\"kind\":\"" << kindName(value.kind)
       << '"';
    writeSpace(os, value.space);
    if (!value.reason.empty()) {
      os << ",\"reason\":";
      writeString(os, value.reason);
    }
    os << '}';
  });
  os << ",\n\"steps\":";
  writeLines(os, program.steps, [&](const Step &step) { writeStep(os, step); });
}

void mempl::writeInstance(raw_ostream &os, const Instance &instance) {
  os << "{\"version\":" << kProblemSchemaVersion << ",\n\"name\":";
  writeString(os, instance.name);
  os << ",\n\"machine\":";
  writeMachine(os, instance.machine);
  os << ",\n";
  writeProgram(os, instance.program);
  os << "}\n";
}

static void writeResidency(raw_ostream &os, const Residency &r) {
  os << "{\"value\":" << r.value << ",\"offset\":" << r.offset
     << ",\"last\":" << r.last;
  // A negative position stands for one that is left out.
  auto field = [&](StringRef key, int32_t position) {
    if (position >= 0)
      os << ",\"" << key << "\":" << position;
  };
  field("write", r.write);
  field("issue", r.issue);
  field("ready", r.ready);
  field("done", r.done);
  field("back", r.back);
  if (r.carried)
    os << ",\"carried\":true";
  os << '}';
}

static void writePlanBody(raw_ostream &os, const Plan &plan) {
  os << "\"residencies\":";
  writeLines(os, plan.residencies,
             [&](const Residency &r) { writeResidency(os, r); });
  if (plan.loops.empty())
    return;
  os << ",\n\"loops\":{";
  StringRef separator = "\n";
  for (const auto &[step, loop] : plan.loops) {
    os << separator << '"' << step << "\":{\"capacity\":" << loop.capacity;
    if (!loop.plan.instance.empty()) {
      os << ",\"instance\":";
      writeString(os, loop.plan.instance);
    }
    os << ',';
    writePlanBody(os, loop.plan);
    os << '}';
    separator = ",\n";
  }
  os << '}';
}

void mempl::writePlan(raw_ostream &os, const Plan &plan) {
  os << "{\"version\":" << kProblemSchemaVersion << ",\n\"instance\":";
  writeString(os, plan.instance);
  os << ",\n";
  writePlanBody(os, plan);
  os << "}\n";
}
