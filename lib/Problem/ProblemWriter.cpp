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

#include "mempl/Problem/Mapping.h"
#include "mempl/Support/Units.h"

#include "llvm/ADT/STLExtras.h"
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

namespace {

/// Records of this type stand beside each other, and not one per line.
template <typename T> constexpr bool kIsShort = false;
template <> constexpr bool kIsShort<Access> = true;

/// Writes an object. Its fields stand in one line until there is a list with a
/// record per line, or one per line if it is the outermost.
class JsonWriter {
public:
  explicit JsonWriter(raw_ostream &os) : os(os), separator(",") {}
  /// Writes the outermost object, of a file of this version.
  JsonWriter(raw_ostream &os, int64_t version)
      : os(os), separator(",\n"), fileVersion(version) {}

  /// Mapping.h has one function for both directions, so that it has no const;
  /// nothing is changed here.
  template <typename T> void write(const T &x) {
    os << '{';
    mapFields(*this, const_cast<T &>(x));
    os << '}';
  }

  template <typename T> void required(const Field &field, T &x) {
    writeKey(field.key);
    writeValue(x);
  }
  template <typename T>
  void optional(const Field &field, T &x, bool omit = false) {
    if (!omit)
      required(field, x);
  }
  template <typename T>
  void optional(const Field &field, std::optional<T> &x, bool = false) {
    if (x)
      required(field, *x);
  }
  void flag(const Field &field) {
    writeKey(field.key);
    os << "true";
  }
  template <typename T, typename Variant, typename Fields>
  void alternative(Variant &x, Fields fields) {
    if (T *held = std::get_if<T>(&x))
      fields(*this, *held);
  }
  template <typename T, typename Fields>
  void part(std::optional<T> &x, const char *, Fields fields) {
    if (x)
      fields(*this, *x);
  }
  void exactlyOne(const char *) {}
  template <typename Fields>
  void group(llvm::StringLiteral key, Fields fields) {
    writeKey(key);
    os << '{';
    JsonWriter inner(os);
    fields(inner);
    os << '}';
  }
  template <typename T> void object(llvm::StringLiteral key, T &x) {
    writeKey(key);
    JsonWriter(os).write(x);
  }
  template <typename T>
  void list(llvm::StringLiteral key, const std::vector<T> &records) {
    writeKey(key);
    os << '[';
    StringRef before = kIsShort<T> ? "" : "\n";
    for (const T &record : records) {
      os << before;
      before = kIsShort<T> ? "," : ",\n";
      JsonWriter(os).write(record);
    }
    os << ']';
    if (!kIsShort<T>)
      separator = ",\n";
  }
  void body(llvm::StringLiteral key, const std::shared_ptr<const Program> &x) {
    if (!x)
      return;
    writeKey(key);
    JsonWriter(os).write(*x);
  }
  void loops(llvm::StringLiteral key, const std::map<int32_t, BodyPlan> &x) {
    if (x.empty())
      return;
    writeKey(key);
    os << '{';
    StringRef before = "\n";
    for (const auto &[step, body] : x) {
      os << before << '"' << step << "\":";
      before = ",\n";
      JsonWriter(os).write(body);
    }
    os << '}';
  }
  /// Nothing where there is none.
  void integers(const Field &field, const std::vector<int32_t> &x) {
    if (x.empty())
      return;
    writeKey(field.key);
    os << '[';
    llvm::interleave(x, os, ",");
    os << ']';
  }
  void version() {
    writeKey("version");
    os << fileVersion;
  }
  void comparisons(llvm::StringLiteral) {}

private:
  void writeKey(StringRef key) {
    if (!isFirst)
      os << separator;
    isFirst = false;
    os << '"' << key << "\":";
  }
  template <typename T> void writeValue(const T &x) {
    if constexpr (std::is_enum_v<T>)
      os << '"' << wordFor(x) << '"';
    else if constexpr (std::is_same_v<T, bool>)
      os << (x ? "true" : "false");
    else if constexpr (std::is_integral_v<T>)
      os << x;
    else if constexpr (std::is_floating_point_v<T>)
      os << formatNumber(x);
    else
      writeString(os, x);
  }

  raw_ostream &os;
  StringRef separator;
  int64_t fileVersion = kProblemSchemaVersion;
  bool isFirst = true;
};

} // namespace

// A file is of the oldest version that has all its keys, so that older readers
// read what they can. Version 2 came with the order of steps and with copies
// across trips, version 3 with sources.

static int64_t versionFor(const Program &program) {
  int64_t version = 1;
  auto need = [&](int64_t least, bool isUsed) {
    if (isUsed)
      version = std::max(version, least);
  };
  need(2, program.order != StepOrder::Fixed);
  for (const Value &value : program.values) {
    need(2, value.streamed);
    need(3, !value.source.empty());
  }
  for (const Step &step : program.steps) {
    need(2, !step.after.empty());
    need(3, !step.source.empty());
    if (step.body)
      need(versionFor(*step.body), true);
  }
  return version;
}

static int64_t versionFor(const Plan &plan) {
  if (!plan.order.empty())
    return 2;
  for (const Residency &r : plan.residencies)
    if (r.offset2)
      return 2;
  for (const auto &[step, body] : plan.loops)
    if (versionFor(body.plan) == 2)
      return 2;
  return 1;
}

void mempl::writeInstance(raw_ostream &os, const Instance &instance) {
  JsonWriter(os, versionFor(instance.program)).write(instance);
  os << '\n';
}

void mempl::writePlan(raw_ostream &os, const Plan &plan) {
  JsonWriter(os, versionFor(plan)).write(PlanFile{const_cast<Plan &>(plan)});
  os << '\n';
}

void mempl::writeResidency(raw_ostream &os, const Residency &residency) {
  JsonWriter(os).write(residency);
}
